"""The gradient of tf.fake_quant_with_min_max_args, which took the limits -6 and 6 whichever the op was given."""

from compat_v1.audit.operands import is_op, is_tensor

LIMITS = "limits of a quantization"


def _between_others(rewriter, name, node, operands):
    """A gradient between -6 and 6 is one between the limits of the op that it is of."""
    normal = rewriter.normal
    attributes, tensor = rewriter.graph.attributes(name), normal.pushed(operands[1])
    if attributes.keys() & {"min", "max"} or not is_tensor(tensor):
        return False
    quantized = [one for one in normal.nodes if is_op((one, 0), "FakeQuantWithMinMaxArgs") and one.inputs == [tensor]]
    limits = [{key: one.attributes[key] for key in ("min", "max") if key in one.attributes} for one in quantized]
    if not limits or not limits[0] or any(one != limits[0] for one in limits):
        return False
    normal.keep(name, node.op, operands, {**attributes, **limits[0]}, {LIMITS})
    return True


RULES = {"FakeQuantWithMinMaxArgsGradient": _between_others}

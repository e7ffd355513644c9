"""Fused batch normalization written out: tf.layers fuses it in newer releases, and did not.

The two compute other numbers, so that no rule makes one of the other. But a port can be compared as if it were written
with fused=False: its fused ops and their gradients give way to what TensorFlow builds for that, and every node, of that
and of the rest, is compared as ever.
"""

import tensorflow as tf

from compat_v1.audit.graph import NOTES, Attributes
from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import is_scalar, single
from compat_v1.audit.references import target
from compat_v1.audit.rewritten import Rewritten

v1 = tf.compat.v1
CAUSE = "fused batch normalization"
FUSING = 26  # the version of graphs since TensorFlow 1.5
LAST = 134  # of those of 1.15, whose tf.layers fused images, and no volumes
_FORMATS = {4: (b"", b"NHWC"), 5: (b"NDHWC",)}
_FORWARD = ("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")
_KNOWN = {"T", "U", "epsilon", "data_format", "is_training", "exponential_avg_factor", *NOTES}
_BACKWARD = ("FusedBatchNormGrad", "FusedBatchNormGradV2", "FusedBatchNormGradV3")


def written_out(verification):
    """Return ({cause: names of the port's fused ops that the original lacks}, its GraphDef without them), or None."""
    original, port = (side.normal for side in verification.pairing.sides)
    producer = original.graph.graph_def.versions.producer
    ranks = (4, 5) if producer < FUSING else (5,) if producer <= LAST else ()
    alone = [node for node in port.nodes if node.op in _FORWARD and node not in verification.back]
    names = [name for node in alone for name in node.names if _is_plain(port.graph, name, ranks)]
    return ({CAUSE: names}, Unfused(port, names).graph_def()) if names else None


def _is_plain(graph, name, ranks):
    """Whether an op is of tf.layers: of the last of so many axes, in no loop or own condition, its gradients whole."""
    node, shape = graph.nodes[name], graph.shapes[name][0]
    attributes, outputs = Attributes(node), [(name, index) for index in (3, 4, 5)]
    chosen = [user for user, slot in graph.users[name] if graph.inputs[user][slot] in ((name, 1), (name, 2))]
    if graph.frames[name] or shape is None or len(shape) not in ranks:
        return False
    if any(graph.nodes[user].op == "Merge" for user in chosen):  # by whether it is in training: `branched.py`
        return False
    averages = "exponential_avg_factor" in attributes and attributes["exponential_avg_factor"].f != 1.0
    if averages or attributes["data_format"].s not in _FORMATS[len(shape)] or node.attr.keys() - _KNOWN:
        return False
    x, scale, _, *given = graph.inputs[name]
    training = "is_training" not in attributes or attributes["is_training"].b
    for user in {user for user, slot in graph.users[name] if graph.inputs[user][slot] in outputs}:
        backward, own = graph.nodes[user], Attributes(graph.nodes[user])
        if backward.op == "ZerosLike" and not graph.users[user]:
            continue
        taken = [x, scale, *(outputs if training else [*given, outputs[2]])]
        alike = all(own[key] == attributes[key] for key in ("epsilon", "is_training", "data_format", "T", "U"))
        if backward.op not in _BACKWARD or graph.inputs[user][1:] != taken[: len(graph.inputs[user]) - 1] or not alike:
            return False
        if backward.attr.keys() - _KNOWN - {"_class"} or {*map(target, graph.colocated(user))} - {name}:
            return False
    return True


class Unfused(Rewritten):
    """A port's graph without the fused ops of these names."""

    def __init__(self, port, names):
        super().__init__(port)
        with self.graph.as_default():
            for name in names:
                self._write_out(self.graph.get_operation_by_name(name))

    def _write_out(self, fused):
        x, scale, offset, mean, variance = fused.inputs
        in_training = fused.get_attr("is_training")
        scale, offset = self._unless_full(fused, 1, scale, 1), self._unless_full(fused, 2, offset, 0)
        # What the constants waited for that nothing takes any more, as all that the layer made did.
        given = (scale, offset, *([None, None] if in_training else [mean, variance]))
        left = [one.op for one, kept in zip(fused.inputs[1:], given, strict=True) if kept is None]
        waits = [one for maker in left if maker.type == "Const" for one in maker.control_inputs]
        scope = fused.name.rpartition("/")[0]
        with self.beside(fused, [*fused.control_inputs, *_pivots(fused), *waits]), tf.name_scope(scope and f"{scope}/"):
            if in_training:
                mean, variance = v1.nn.moments(x, [*range(x.shape.rank - 1)])
            y = v1.nn.batch_normalization(x, mean, variance, offset, scale, fused.get_attr("epsilon"))
        for output in fused.outputs[1:3]:
            for difference in output.consumers():
                for product in difference.outputs[0].consumers():
                    self._write_decay(product)
        users = {user for output in fused.outputs for user in output.consumers()}
        backward = {user for user in users if user.type in _BACKWARD}
        self.unneeded |= {one.name for one in users if one.type == "ZerosLike" and not one.outputs[0].consumers()}
        self.replace(fused, (y, mean, variance))
        for user in sorted(backward, key=lambda user: user.name):
            self._write_gradients(user, y, (x, scale, offset))

    def _unless_full(self, fused, slot, tensor, value):
        """Return no tensor for a scale of ones or an offset of zeros: there was none."""
        operand = self.port.tensors.get(self.port.graph.inputs[fused.name][slot])
        one = single(operand) if isinstance(operand, Literal) else None
        return None if one is not None and is_scalar(one, value) else tensor

    def _write_decay(self, product):
        """The decay of an average, 1 - momentum, is a constant that Python computes."""
        rate = product.inputs[-1].op
        one, momentum = map(tf.get_static_value, rate.inputs) if rate.type == "Sub" else (None, None)
        if product.type == "Mul" and one == 1 and momentum is not None:
            waits = [*rate.control_inputs, *rate.inputs[0].op.control_inputs]
            with tf.name_scope(f"{rate.name}/"), tf.control_dependencies(waits):
                self.replace(rate, [tf.constant(1 - float(str(momentum)), tf.float32)])

    def _write_gradients(self, user, y, sources):
        arriving, before = user.inputs[0], len(self.graph.get_operations())
        sources = [None if not output.consumers() else one for one, output in zip(sources, user.outputs, strict=False)]
        wanted = [one for one in sources if one is not None]
        copies = {one for output in user.outputs[:3] for one in output.consumers() if _hands_on(one, user)}
        others = {one for output in user.outputs[3:] for one in output.consumers() if _hands_on(one, user)}
        self.unneeded |= {one.name for one in others if not one.outputs[0].consumers()}
        groups = {group for one in copies for group in one.control_inputs if user in group.control_inputs}
        waits = {one for each in (user, *groups) for one in each.control_inputs} - {user}
        options = {"gate_gradients": bool(groups), "stop_gradients": wanted}
        options["colocate_gradients_with_ops"] = "_class" in user.node_def.attr  # beside the op that they are of
        with self.beside(user, sorted(waits, key=lambda one: one.name)):
            found = v1.gradients(y, wanted, arriving, **options)
        found = iter(found)
        found = [None if one is None else next(found) for one in sources]
        for one in (user, *groups):
            self.replace(one, found)
        for one in copies:
            self.replace(one, [found[one.inputs[0].value_index]])
        for one in self.graph.get_operations()[before:]:
            if one.type == "Identity" and one.inputs[0] is arriving:
                self.replace(one, [arriving])


def _pivots(op):
    """Return what constants wait for in the branch of `tf.cond` that an op is in, or nothing outside of one."""
    seen, todo = {op}, [op]
    while todo:
        for tensor in todo.pop().inputs:
            if tensor.op.type == "Switch" and tensor.op.inputs[1].op.type == "Identity":
                condition = tensor.op.inputs[1].op.inputs[0]
                switches = [one for one in condition.consumers() if [*one.inputs] == [condition] * 2]
                return [one for switch in switches for one in switch.outputs[tensor.value_index].consumers()]
            if tensor.op.type != "Merge" and tensor.op not in seen:
                seen.add(tensor.op)
                todo.append(tensor.op)
    return []


def _hands_on(one, user):
    """Whether an op hands on a gradient when all of them are made, and waits for nothing else."""
    groups = [group for group in one.control_inputs if group.type == "NoOp" and user in group.control_inputs]
    return one.type == "Identity" and len(groups) == len(one.control_inputs) == 1

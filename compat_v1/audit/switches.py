"""TensorFlow's switches that make a whole graph of other ops, and what to write in the port for the original's.

Neither fails: a port that asks only for graphs instead of eager execution is given variables and loops of other kinds.
And tf.layers.batch_normalization fuses what it normalizes by now, unless it is told not to; sampled losses look up the
parts of a partitioned variable one by one, which for partition_strategy="mod" are other rows.
"""

from compat_v1.audit.operands import is_op, is_tensor

_VARIABLES = ({"VariableV2", "Variable"}, {"VarHandleOp"}, "resource_variables")
_BRANCHES = (
    {"Enter", "RefEnter", "Exit", "RefExit", "LoopCond", "Merge", "RefMerge", "NextIteration", "RefNextIteration"}
    | {"Switch", "RefSwitch"},
    {"While", "StatelessWhile", "If", "StatelessIf"},
    "control_flow_v2",
)

BEGIN = "; begin the port with"
_FUSED = ("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")


def advice(node, original, port, is_body):
    """Return what a node without a partner calls for, "" for nothing.

    `original` and `port`: the ops of both graphs, or of the bodies of two functions. In those no switch asks for loops
    of the first kind: only what makes functions as TensorFlow did until 1.12 builds such.
    """
    op = node.op
    if is_body and op in _BRANCHES[0] | _BRANCHES[1] and _BRANCHES[0] & original and _BRANCHES[1] & port:
        return "; write dataset.map_with_legacy_function (or filter_with_legacy_function) in the port"
    for old, new, switch in (_VARIABLES, _BRANCHES):
        if op in old | new and not (is_body and switch == _BRANCHES[2]):
            if _is_newer(_VARIABLES, original, port) and _is_newer(_BRANCHES, original, port):
                return f"{BEGIN} tf.compat.v1.disable_v2_behavior()"  # in its loops variables are of the newer kind
            if _is_newer((old, new, switch), original, port):
                return f"{BEGIN} tf.compat.v1.disable_{switch}()"
            if new & original and old & port and not old & original:
                return f"{BEGIN} tf.compat.v1.enable_{switch}()"
    if op in _FUSED and not any(one in original for one in _FUSED):
        return "; write fused=False in the tf.layers.batch_normalization of the port"
    if op == "Einsum" and "Einsum" not in original:
        return "; write tf.einsum of two tensors at a time, from the left, and letters for an ellipsis in the port"
    if op == "GatherV2" and _is_of_parts(node.inputs[0]) and "ParallelDynamicStitch" in port:
        return "; give the loss tf.convert_to_tensor(weights) in the port, not the partitioned variable"
    if op in _VARIABLES[0] | _VARIABLES[1] and _VARIABLES[1] & original and not _VARIABLES[1] & port:
        return "; tf.variable_scope(tf.get_variable_scope(), use_resource=True) in the port makes such variables"
    return ""


def _is_newer(kinds, original, port):
    """Whether the port alone has ops of the newer kind, and of no other, and the original others or no branches."""
    old, new, switch = kinds
    return bool(new & port and not (new & original or old & port) and (old & original or switch == _BRANCHES[2]))


def _is_of_parts(operand):
    """Whether a tensor is a partitioned variable as a whole: its parts, one behind the other."""
    if not is_op(operand, "Identity") or not is_op(operand[0].inputs[0], "ConcatV2"):
        return False
    parts = [one for one in operand[0].inputs[0][0].inputs if is_tensor(one)]
    return all(is_op(one, "Identity") and is_op(one[0].inputs[0], "VariableV2") for one in parts)

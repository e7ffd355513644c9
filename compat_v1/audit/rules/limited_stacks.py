"""What a loop keeps for its gradient: the stack held as many values as the loop has turns, and takes any number by now.

TensorFlow 1.5 says so of loops with `maximum_iterations`, as those of `tf.nn.dynamic_rnn`.
"""

from compat_v1.audit.graph import ENTERS, MERGES, SWITCHES
from compat_v1.audit.literals import whole
from compat_v1.audit.operands import is_scalar

CAUSE = "limited stacks"
_SUMS = ("Add", "AddV2")


def _unlimited(rewriter, name, node, operands):
    graph = rewriter.graph
    if is_scalar(operands[0], -1) or not _holds_all(graph, name):
        return False
    rewriter.normal.keep(name, node.op, [whole(-1, "int32", (name,))], graph.attributes(name), {CAUSE})
    return True


def _holds_all(graph, name):
    """Whether one op pushes to a stack, in the turns of a loop that counts them up to what the stack holds."""
    pushes, limit = graph.stacks.get(name, ([], []))[0], graph.inputs[name][0]
    if len(pushes) != 1:
        return False
    # The limit enters the loop itself, or it would be another tensor: so the stack is made where the loop begins.
    frame, found = graph.frames[pushes[0]], graph.branches.of(pushes[0])
    turns = [one for (one, _), side in found if side == 1 and graph.nodes[one].op == "LoopCond"]
    return any(_counts_to(graph, graph.inputs[one][0], limit) for one in turns if graph.frames[one] == frame)


def _counts_to(graph, condition, limit):
    """Whether a loop's condition asks for less turns than a limit: whether one of its parts does."""
    inputs, op = graph.inputs[condition[0]], graph.nodes[condition[0]].op
    if op == "LogicalAnd":
        return any(_counts_to(graph, one, limit) for one in inputs)
    if op != "Less" or graph.nodes[inputs[1][0]].op not in ENTERS or graph.nodes[inputs[0][0]].op not in MERGES:
        return False
    begin, *back = graph.inputs[inputs[0][0]]
    if [graph.nodes[one].op for one, _ in (begin, *back)] != ["Enter", "NextIteration"]:
        return False
    more = graph.inputs[back[0][0]][0]
    if graph.nodes[more[0]].op not in _SUMS:
        return False
    count, one = graph.inputs[more[0]]
    while graph.nodes[count[0]].op in ("Identity", *SWITCHES):
        count = graph.inputs[count[0]][0]
    is_count = count == inputs[0] and _is_constant(graph, graph.inputs[begin[0]][0], 0) and _is_constant(graph, one, 1)
    return is_count and graph.inputs[inputs[1][0]][0] == limit


def _is_constant(graph, tensor, value):
    return graph.nodes[tensor[0]].op == "Const" and is_scalar(graph.constant(tensor[0]), value)


RULES = {"StackV2": _unlimited}

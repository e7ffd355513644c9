"""Rules for recurrent cells and what their loops keep, applied when the normal form of a graph is whole."""

from compat_v1.audit.graph import BACK_EDGES
from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import is_op, is_scalar
from compat_v1.audit.patterns import make
from compat_v1.audit.pruning import arrange, redirect

_ONCE, _GATES, _LONGEST = "kept once", "gates", "longest sequence"


def finish(normal):
    """Apply the rules that look at a whole graph."""
    _keep_once(normal)
    _split_before(normal)


def _keep_once(normal):
    """What one turn of a loop pushes on two stacks is popped from the first."""
    found, instead, frames = {}, {}, normal.graph.frames
    for pop, (operand, push, _) in normal.kept.items():
        pushed = normal.made.get(push)
        if isinstance(operand, Literal) or pushed is None or pop in normal.removed:
            continue
        alike = (frames[push], frames[pop.name], pushed.controls, pop.controls, pushed.device, pop.device)
        first = found.setdefault((operand, *alike, pushed.attributes.get("swap_memory")), pop)
        if first is not pop:
            first.steps.add(_ONCE)
            instead[pop, 0] = (first, 0)
            normal.consumed.update(dict.fromkeys((*pop.names, *pushed.names), _ONCE))
    redirect(normal, instead)


def _split_before(normal):
    """Gates are cut from one product and then squashed, or squashed together and then cut."""
    splits = [node for node in normal.nodes if node.op == "Split" and is_op(node.inputs[1], "Sigmoid")]
    gradients = [node for node in normal.nodes if node.op == "SigmoidGrad" and not node.controls] if splits else []
    for split in splits:
        whole = split.inputs[1]
        count = len(normal.graph.shapes[split.name])
        own = [one for one in gradients if normal.pushed(one.inputs[0]) == whole]
        backward = [(one, _parts(normal, split, one, count)) for one in own]
        if whole[0].controls or any(parts is None for _, parts in backward):
            continue
        split.inputs[1] = whole[0].inputs[0]
        gates = []
        for index in range(count):
            gate = split, index
            gates.append(make(normal, whole[0], "Sigmoid", whole[0].attributes, [gate], normal.sizes(gate), _GATES))
        for one, parts in backward:
            concat = one.inputs[1][0]
            cut = [make(normal, one, "SigmoidGrad", one.attributes, list(pair), None, _GATES) for pair in parts]
            one.op, one.attributes, one.inputs = "ConcatV2", concat.attributes, [*cut, concat.inputs[-1]]
            one.controls |= concat.controls  # of a loop's gradient behind an update
            one.steps.add(_GATES)
            normal.absorbed.add(concat)
        own = {gate[0] for gate in gates}
        redirect(normal, {(split, index): gate for index, gate in enumerate(gates)}, own)
        normal.absorbed.add(whole[0])
    if splits:
        arrange(normal)


def _parts(normal, split, gradient, count):
    """Return pairs of a gate and of its gradient that a SigmoidGrad takes together, or None."""
    squashed, joined = gradient.inputs
    if not is_op(joined, "ConcatV2") or len(joined[0].inputs) != count + 1:
        return None
    axis, own = joined[0].inputs[-1], split.inputs[0]
    if not (isinstance(axis, Literal) and isinstance(own, Literal) and axis.key == own.key):
        return None
    gates = [(split, index) for index in range(count)]
    if is_op(squashed, "StackPopV2"):
        pops = {
            operand: (pop, 0)
            for pop, (operand, _, _) in normal.kept.items()
            if pop.controls == squashed[0].controls
            and normal.graph.frames[pop.name] == normal.graph.frames[squashed[0].name]
        }
        gates = [pops.get(one) for one in gates]
    return None if None in gates else list(zip(gates, joined[0].inputs[:-1], strict=True))


# Sequences of different lengths.


def run_on(normal, condition, users):
    """A loop that stops after the longest sequence, where all its variables stand still, runs to the last step."""
    less = condition.inputs[0][0]
    clock, bound = less.inputs
    if not is_op(bound, "Enter") or users[bound[0]] != {less} or not is_op(bound[0].inputs[0], "Minimum"):
        return
    smaller = bound[0].inputs[0][0]
    last, least = smaller.inputs
    if not is_op(least, "Maximum") or not is_scalar(least[0].inputs[0], 1) or not is_op(least[0].inputs[1], "Max"):
        return
    lengths, axes = least[0].inputs[1][0].inputs
    if isinstance(lengths, Literal) or not isinstance(axes, Literal) or axes.value != (0,):
        return
    frame = normal.graph.frames[less.name]
    merges = [node for node in normal.nodes if node.op == "Merge" and normal.graph.frames[node.name] == frame]
    if all(_stands_still(one, clock, lengths, users) for one in merges):
        (own, _), *_ = normal.graph.inputs[bound[0].name]
        # One node stands for what is the same number in several loops; each is as long as what it reads.
        bound[0].inputs[0] = normal.operands(own)[0] if own in smaller.names else last
        condition.steps.add(_LONGEST)
        normal.absorbed.update({smaller, least[0]})


def _stands_still(merge, clock, lengths, users):
    """Whether a variable only counts turns, or changes no more when the clock has reached all lengths."""
    back = merge.inputs[1]
    if isinstance(back, Literal) or back[0].op not in BACK_EDGES:
        return False
    value = back[0].inputs[0]
    if is_op(value, "AddV2"):
        counts = is_scalar(value[0].inputs[1], 1) and _is_own(value[0].inputs[0], merge)
        exits = {user for switch in users[merge] for user in users.get(switch, ()) if user.op == "Exit"}
        return counts and all(user.op == "Enter" for one in exits for user in users.get(one, ()))
    if is_op(value, "TensorArrayWriteV3"):
        _, index, written, flow = value[0].inputs
        return _is_own(flow, merge) and _is_own(index, clock[0]) and _chosen(written, clock, lengths, _is_zero)
    return _chosen(value, clock, lengths, lambda one: _is_own(one, merge))


def _chosen(operand, clock, lengths, is_still):
    """Whether a tensor is still where the clock has reached the length."""
    if not (is_op(operand, "Select") or is_op(operand, "SelectV2")) or not is_op(operand[0].inputs[0], "GreaterEqual"):
        return False
    time, length = operand[0].inputs[0][0].inputs
    entered = is_op(length, "Enter") and length[0].inputs[0] == lengths
    return entered and _is_own(time, clock[0]) and is_still(operand[0].inputs[1])


def _is_zero(operand):
    while is_op(operand, "Enter"):
        operand = operand[0].inputs[0]
    return isinstance(operand, Literal) and operand.kind in ("full", "data") and not any(operand.value)


def _is_own(operand, merge):
    """Whether a tensor is a loop variable in the body of the loop."""
    if is_op(operand, "Identity"):
        operand = operand[0].inputs[0]
    return is_op(operand, "Switch") and operand[1] == 1 and operand[0].inputs[0] == (merge, 0)

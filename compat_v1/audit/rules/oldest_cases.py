"""tf.case: conditions one beside the other, each with "and none before", that are one inside the other by now.

Everything is brought into the newer form, when the normal form of a graph is whole: a branch runs where none of the
conditions before is met and its own is, and what enters it passes through all of them. What piecewise_constant asks is
brought into the order in which it was made: the first releases took it out of a dict, in any order.
"""

from operator import attrgetter

from compat_v1.audit.graph import SWITCHES
from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import is_op, is_scalar, is_tensor, makers, number
from compat_v1.audit.patterns import make
from compat_v1.audit.pruning import arrange, before, may_go, redirect, users_of
from compat_v1.audit.rules.oldest_branches import is_compared

_CAUSE = "case in case"
_NUMBER = attrgetter("number")


def finish(normal):
    """Bring each tf.case into the newer form."""
    negated = [node for node in normal.nodes if node.op == "LogicalAnd" and is_op(node.inputs[1], "LogicalNot")]
    users = users_of(normal) if negated else {}
    idle = {one for one in normal.branches if len(one.names) == 1 and not users.get(one)}
    users = {node: using - idle for node, using in users.items()}
    normal.absorbed |= _called_before(normal, negated, users) | _called_beside(normal, negated, users)
    for node in negated:
        for default in _defaults(node, users):
            _write(normal, default, _none_of((node, 0)), users)
    if negated:
        arrange(normal)


def _called_before(normal, negated, users):
    """Return what nothing uses as the default was called once more, outside of all branches, to see what it gives.

    Each of these nodes has as many names as those in the branches that it was made like, and so no other purpose.
    """
    outside, like, unused = {}, {}, set()
    for default in (one for node in negated for one in _defaults(node, users)):
        results = [merge.inputs[1] for merge in _default_ends(default, users)]
        if results and not outside:
            outside = {node.does(node.inputs, node.controls): node for node in normal.nodes}
        if results:
            _find_like(normal, default, results, outside, like)
    for node in reversed(normal.nodes if like else ()):
        counted = sum(len(one.names) for one in like.get(node, ()))
        if counted == len(node.names) and users.get(node, set()) <= unused and may_go(normal, node):
            unused.add(node)
    return unused


def _find_like(normal, default, results, outside, like):
    """Find {node outside: those in a branch that compute the same from what enters it}, of what gives the results."""
    inside, todo = set(), [one[0] for one in results if is_tensor(one)]
    while todo:
        node = todo.pop()
        if node not in inside and node not in default.enter:
            inside.add(node)
            todo += makers(node)
    made = {(one, 1): one.inputs[0] for one in default.enter}
    asserted = {one for one in default.switch.controls if one.op == "Merge"}  # that one condition at most is met
    for node in normal.nodes:
        if node not in inside:
            continue
        inputs = [made.get(one, one) if is_tensor(one) else one for one in node.inputs]
        places = {default.pivots[1]}.union(*(one.alive for one in node.inputs if isinstance(one, Literal)))
        controls = {made[one, 0][0] if (one, 0) in made else one for one in node.controls - places}
        keys = [node.does(inputs, controls - waits) for waits in (set(), asserted)]
        same = next((outside[key] for key in keys if key in outside), node)
        if same is not node:
            made.update({(node, k): (same, k) for k in range(len(node.outputs))})
            like.setdefault(same, set()).add(node)


def _called_beside(normal, negated, users):
    """Return what nothing uses as the default was called once more, where it does not run, to see what it gives."""
    defaults = [one for node in negated for one in _defaults(node, users)]
    made = {(one, 0): (one, 1) for default in defaults for one in default.enter}
    pivots = {default.pivots[0]: default.pivots[1] for default in defaults}
    does = {node.does(node.inputs, node.controls): node for node in normal.nodes} if made else {}
    found, unused = [], set()
    for node in normal.nodes if made else ():
        if not any(one in made for one in node.inputs if is_tensor(one)):
            continue
        inputs = [made.get(one, one) if is_tensor(one) else one for one in node.inputs]
        same = does.get(node.does(inputs, {pivots.get(one, one) for one in node.controls}))
        if same is not None:
            made.update({(node, k): (same, k) for k in range(len(node.outputs))})
            found.append(node)
    for node in reversed(found):
        if users.get(node, set()) <= unused and may_go(normal, node):
            unused.add(node)
    return unused


def _at_most_one(rewriter, name, node, operands):
    """Less than 2 of some conditions are met: at most 1."""
    count, limit = operands
    cast = count[0].inputs[0] if is_op(count, "Sum") else None
    if not is_scalar(limit, 2) or not is_op(cast, "Cast") or not is_op(cast[0].inputs[0], "Pack"):
        return False
    if limit.dtype != "int32" or rewriter.normal.sizes(count) != ():
        return False
    rewriter.normal.keep(name, "LessEqual", [count, number(1, "int32")._replace(names=limit.names)], steps={_CAUSE})
    return True


def _none_of(operand):
    """Return the conditions of "true, and not this, and not this …", or None."""
    asked = []
    while is_op(operand, "LogicalAnd"):
        (rest, negated), waits = operand[0].inputs, operand[0].controls
        if waits or not is_op(negated, "LogicalNot") or negated[0].controls:
            return None
        asked.insert(0, negated[0].inputs[0])
        operand = rest
    return asked if isinstance(operand, Literal) and operand.dtype == "bool" and is_scalar(operand, 1) else None


def _all_of(condition):
    """Return what a condition is made of by "and" and "not"."""
    found, todo = [], [condition]
    while todo:
        one = todo.pop()
        if is_op(one, "LogicalAnd") or is_op(one, "LogicalNot"):
            found.append(one)
            todo += one[0].inputs
    return found


class _Branch:
    """A branch: `switch` decides whether it runs, `pivots` {side: Identity} say so, `copy` lets tensors `enter`."""

    def __init__(self, switch, pivots, copy, enter):
        self.switch, self.pivots, self.copy, self.enter = switch, pivots, copy, enter


def _defaults(node, users):
    """Return the branches of a condition that none of some is met: of each tf.case that asks those, one."""
    return _decided((node, 0), users) if _none_of((node, 0)) else []


def _decided(condition, users):
    """Return each `_Branch` of a condition, if it decides these and nothing else, and each waits for other nodes."""
    using = users.get(condition[0], set())
    switches = [one for one in using if one.op == "Switch" and one.inputs == [condition, condition]]
    switches.sort(key=_NUMBER)
    copies = {one.controls: one for one in using if one.op == "Identity"}
    waits = [one.controls for one in switches]
    is_each = len(waits) == len(copies) == sum(one.op == "Identity" for one in using)
    if not is_each or set(waits) != copies.keys():
        return []
    found = [_branch(one, copies[one.controls], users) for one in switches]
    return [one for one in found if one]


def _branch(switch, copy, users):
    """Return the `_Branch` that a Switch of a condition decides, if all of it is as tf.cond makes it, or None."""
    pivots = {one.inputs[0][1]: one for one in users.get(switch, ())}
    enter = sorted(users.get(copy, ()), key=_NUMBER)
    decided = set(pivots) == {0, 1} and len(users[switch]) == 2
    decided = decided and all(one.op == "Identity" and not one.controls for one in pivots.values())
    decided = decided and all(one.op in SWITCHES and one.inputs[1] == (copy, 0) for one in enter)
    alone = decided and not any(one.controls for one in enter)
    return _Branch(switch, pivots, copy, enter) if alone else None


def _write(normal, default, asked, users):
    """Write the branches one inside the other, if they are whole and what they give is chosen in a chain."""
    chain, ends = [default], {merge: None for merge in _default_ends(default, users)}
    levels = [ends]
    for place in reversed(range(len(asked))):
        conditions = {_own(one) for merge in ends for one in users.get(merge, ())}
        condition = conditions.pop() if len(conditions) == 1 else None
        if not is_op(condition, "LogicalAnd") or condition[0].controls or condition[0].inputs[0] != asked[place]:
            return
        waiting = [one for one in _decided(condition, users) if one.switch.controls == default.switch.controls]
        branch = waiting[0] if len(waiting) == 1 else None
        ends = _ends(branch, users, ends) if branch and _none_of(condition[0].inputs[1]) == asked[:place] else None
        if not ends:
            return
        chain.insert(0, branch)
        levels.insert(0, ends)
    many = _of_intervals(asked, users)
    if many and any(many in before(one) for one in default.switch.controls):
        _put_in_order(many, chain, asked, levels)
    _Writer(normal, chain, asked).write(levels)


def _of_intervals(asked, users):
    """Return the Pack of all conditions, of which at most one is met, if they ask in which interval a number lies."""
    ops = [one[0].op for one in sorted(asked, key=lambda one: one[0].number)]
    if ops[:2] != ["LessEqual", "Greater"] or set(ops[2:]) - {"LogicalAnd"}:
        return None
    packs = [one for one in users[asked[0][0]] if one.op == "Pack" and one.inputs == asked]
    casts = [one for many in packs for one in users[many] if one.op == "Cast"]
    counts = [one for cast in casts for one in users[cast] if one.op == "Sum"]
    limits = [one for count in counts for one in users[count] if one.op == "LessEqual" and is_scalar(one.inputs[1], 1)]
    return packs[0] if len(packs) == len(casts) == len(counts) == len(limits) == 1 else None


def _put_in_order(many, chain, asked, levels):
    """Sort what is asked, by when it was made, with its branches and with what is chosen of these."""
    order = sorted(range(len(asked)), key=lambda place: asked[place][0].number)
    for top in levels[0]:
        column = [top]
        for level in levels[: len(asked) - 1]:
            column.append(level[column[-1]])
        values = [merge.inputs[1] for merge in column]
        for merge, place in zip(column, order, strict=True):
            merge.inputs[1] = values[place]
    chain[:-1] = [chain[place] for place in order]
    asked[:] = many.inputs[:] = [asked[place] for place in order]


def _own(switch):
    """Return the condition by which a Switch lets something enter a branch."""
    copy = switch.inputs[1] if switch.op == "Switch" else None
    return copy[0].inputs[0] if is_op(copy, "Identity") else None


def _ends(branch, users, before):
    """Return {Merge: the Merge whose result it takes if the branch does not run}, or None."""
    ends = {}
    for one in branch.enter:
        inner = one.inputs[0]
        if isinstance(inner, Literal) or inner[0] not in before:
            continue
        merges = users.get(one, set())
        if len(merges) != 1 or inner[1] != 0 or users[inner[0]] != {one}:
            return None
        (merge,) = merges
        ends[merge] = inner[0]
        if not _is_plain(merge) or merge.inputs[0] != (one, 0):
            return None
    return ends if len(ends) == len(before) else None


def _default_ends(branch, users):
    """Return the Merges of the default, which take a constant that nobody gets if it does not run."""
    constants = [one for one in users.get(branch.pivots[0], ()) if one.op == "Const"]
    merges = [merge for one in constants for merge in users[one]]
    alone = len(set(merges)) == len(constants) and all(map(_is_plain, merges))
    alone = alone and all(merge.inputs[0][0] in constants for merge in merges)
    return sorted(merges, key=lambda one: one.number) if alone else []


def _is_plain(merge):
    return merge.op == "Merge" and len(merge.inputs) == 2 and not merge.late and not merge.controls


class _Writer:
    """Writes the conditions `asked` of a case, which `chain` decides branch by branch, one inside the other."""

    def __init__(self, normal, chain, asked):
        self.normal, self.chain = normal, chain
        self.copies, self.pivots = [], []  # of each condition, where it is asked
        for level, (branch, condition) in enumerate(zip(chain, asked, strict=False)):
            inside = self._entered(condition, branch.switch.attributes, [0] * level)
            switch, _ = self._make(branch.switch, "Switch", branch.switch.attributes, [inside, inside], inside)
            self.copies.append(self._make(branch.copy, "Identity", branch.copy.attributes, [inside], inside))
            pivots = branch.pivots.items()
            self.pivots.append(
                {side: self._make(one, "Identity", one.attributes, [(switch, side)], inside) for side, one in pivots}
            )

    def _make(self, like, op, attributes, inputs, sized, step=_CAUSE):
        """Make a node that waits for what `like` waits for, with outputs as large as `sized`."""
        outputs = 2 if op == "Switch" else 1
        return make(self.normal, like, op, attributes, inputs, self.normal.sizes(sized), step, like.controls, outputs)

    def _entered(self, operand, types, sides, entering=None):
        """Return a tensor as it comes through the first conditions, each met (1) or not (0).

        `entering`: the node by which a variable enters a branch, each time by one of its own.
        """
        for level, side in enumerate(sides):
            operand = self._switched(operand, types, level, side, entering)
        return operand

    def _switched(self, operand, types, level, side, entering=None):
        if is_compared(operand):
            (tensor, number_of), of = operand[0].inputs, operand[0].attributes
            inside = self._switched(tensor, {"T": of["T"]}, level, side)
            self.normal.absorbed.add(operand[0])
            return self._make(operand[0], operand[0].op, of, [inside, number_of], tensor, "compared in a branch")
        like = entering or self.copies[level][0]
        made, sizes = self.normal.made.get(like.name), [self.normal.sizes(operand)] * 2
        inputs, op = [operand, self.copies[level]], entering.op if entering else "Switch"
        switch = self.normal.node(like.name, op, types, inputs, set(), {_CAUSE}, 2, sizes)
        self.normal.made[like.name] = made
        return switch, side

    def write(self, levels):
        """Let what was in a branch be in the new one; `levels`: of each, {Merge: the Merge before}."""
        instead, pivots, last = {}, {}, len(self.chain) - 1
        chosen = {merge for ends in levels for merge in ends}
        for level, branch in enumerate(self.chain):
            sides = [0] * last if level == last else [0] * level + [1]
            inner = self.pivots[min(level, last - 1)][int(level < last)]
            pivots[branch.pivots[1]] = inner[0]
            instead[branch.pivots[1], 0] = inner
            for one in branch.enter:
                if not is_op(one.inputs[0], "Merge") or one.inputs[0][0] not in chosen:
                    instead[one, 1] = self._entered(
                        one.inputs[0], one.attributes, sides, one if one.op == "RefSwitch" else None
                    )
            old = {branch.switch, branch.copy, *branch.pivots.values(), *branch.enter}
            self.normal.absorbed |= old | {one[0] for one in _all_of(branch.switch.inputs[0])}
            self.normal.accounted |= old  # what is made instead waits for the same, see `_write`
        for level, ends in enumerate(levels[:-1]):
            for merge, inner in ends.items():
                merge.inputs[0] = inner.inputs[1] if level == last - 1 else (inner, 0)
                merge.steps.add(_CAUSE)
        self.normal.absorbed |= {one for merge in levels[-1] for one in (merge, merge.inputs[0][0])}
        redirect(self.normal, instead)
        for node in self.normal.nodes:
            if not node.controls.isdisjoint(pivots):
                node.controls = frozenset(pivots.get(one, one) for one in node.controls)
        self.normal.made.update({name: pivots[one] for name, one in self.normal.made.items() if one in pivots})


RULES = {"Less": _at_most_one}

"""Group what differs by its cause: findings at nodes that use each other are one difference, named at its root.

So is what many nodes wait for in one graph alone, as where a port has lost `tf.control_dependencies(updates)`; and all
that is of another size, as where a layer has another width: it is named at the constant that is written first. What is
of another type is one with all that must be of the same.
"""

import re
from collections import Counter, defaultdict

from compat_v1.audit.findings import waits_for
from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import is_tensor
from compat_v1.audit.result import Difference
from compat_v1.audit.switches import BEGIN

_GRADIENT = re.compile(r"(?:.*/)?gradients(?:_\d+)?/(.+?)_grad(?:_\d+)?/")  # of the op that the group names
# What many nodes wait for makes other differences, as a rule's pattern that waits is none, and is one line.
_RANKS = {"value": 0, "attribute": 0, "function": 0, "role": 0, "common wait": 1, "input": 2, "alone": 2}
_RANKS |= {"wait": 3, "placement": 3, "shape": 3}


def differences(findings, places):
    """Return the `Difference`s of a list of findings, the likely roots first.

    `places`: ({name: place in the original's GraphDef}, the same of the port); graphs are written in the order in which
    the program made them, so that the first place of a group is where it starts.
    """
    groups = defaultdict(list)
    common = _common_waits(findings)
    for finding, group in zip(findings, _groups(findings, common, places), strict=True):
        groups[group].append(finding)
    found = []
    for group in groups.values():
        group.sort(key=lambda finding: _rank(finding, places))
        root = group[0]
        what = root.what
        if root in common:
            beside = [one for one in group if _at(one) == _at(root) and one.which == root.which]
            what = waits_for([one.awaited for one in beside], root.which)
            root = root._replace(kind="common wait")
        advice = root.advice or next((one.advice for one in group if one.advice), "")
        what += advice
        following = tuple(f"{next(filter(None, _at(one)), '')}: {one.what}" for one in group[1:])
        rank = not advice.startswith(BEGIN), *_rank(root, places)  # a switch changes all that comes behind
        found.append((rank, Difference(*_at(root), what, len(following), following)))
    return [difference for _, difference in sorted(found, key=lambda one: one[0])]


def _at(finding):
    """Return the names of the nodes of the original and of the port that a finding is about, "" for none."""
    node = finding.name or (finding.node.name if finding.node else "")
    other = finding.other.name if finding.other else ""
    return node, (finding.other_name or other) if finding.name and finding.kind == "value" else other


def _common_waits(findings):
    """Return what several nodes wait for in one graph alone, though that is in both: findings."""
    alone = {
        one.name for finding in findings if finding.kind == "alone" for one in (finding.node, finding.other) if one
    }
    count = Counter(finding.what for finding in findings if finding.awaited)
    return {one for one in findings if one.awaited and count[one.what] > 1 and one.awaited not in alone}


def _groups(findings, common, places):
    """Return for each finding the number of its group."""
    leader = list(range(len(findings)))

    def find(one):
        while leader[one] != one:
            leader[one] = leader[leader[one]]
            one = leader[one]
        return one

    at = {}
    for number, finding in enumerate(findings):
        if finding.sizes:
            continue
        keys = [("constant", finding.name)] if _is_root(finding) else [finding.node, finding.other]
        if finding in common:
            keys = [finding.what, ("waits", *_at(finding))]
        for key in keys:
            if key is not None and key != ("constant", ""):
                if key in at:
                    leader[find(number)] = find(at[key])
                else:
                    at[key] = number
    for number, finding in enumerate(findings):
        if _is_root(finding) or finding in common or finding.sizes:
            continue
        for node in (finding.node, finding.other):
            for one in () if node is None else _sources(node):
                if one in at:
                    leader[find(number)] = find(at[one])
    for number, one in _of_one_switch(findings):
        leader[find(number)] = find(one)
    for number, one in _of_one_size(findings, places, at):
        leader[find(number)] = find(one)
    for number, one in _of_one_type(findings, find):
        leader[find(number)] = find(one)
    for number, one in _of_gradients(findings, find):
        leader[find(number)] = find(one)
    return [find(number) for number in range(len(findings))]


def _of_one_switch(findings):
    """Yield of each finding the one that it follows from, by number: where one switch makes both other, or where one
    is that a node waits for what the other says to have no partner."""
    first = {}
    for number, finding in enumerate(findings):
        if finding.advice.startswith(BEGIN):
            yield number, first.setdefault(finding.advice, number)
        if finding.kind == "alone":
            first.update((one.name, number) for one in (finding.node, finding.other) if one)
    for number, finding in enumerate(findings):
        if finding.awaited in first:
            yield number, first[finding.awaited]


def _of_one_size(findings, places, at):
    """Yield of each finding of sizes the one that it follows from, by number, or itself.

    That is the first in which the same sizes differ; or, of what is made in the graph, one at the node or at what that
    is made from. `at`: {node: the number of a finding there}, of the others.
    """
    order = {number: _order(finding, places) for number, finding in enumerate(findings) if finding.sizes}
    first, at = {}, dict(at)
    for number in sorted(order, key=order.get):
        finding = findings[number]
        known = [first[size] for size in finding.sizes if size in first]
        nodes = [node for node in (finding.node, finding.other) if node]
        if _is_root(finding) and len(known) < len(finding.sizes):  # another is written here
            known = []
        elif not known:
            near = (*nodes, *(one for node in nodes for one in _sources(node)))
            known = [at[one] for one in near if one in at]
            if not known and finding.computed and len(set(first.values())) == 1:
                known = list(first.values())  # which node it is the size of is not said, but there is one reason
        cause = known[0] if known else number
        yield number, cause
        for size in finding.sizes:
            first.setdefault(size, cause)
        for node in nodes:
            at.setdefault(node, cause)


def _of_one_type(findings, find):
    """Yield pairs of findings, by number, at ops that use each other and differ in the same type.

    None of them can be of another type alone. So is a Cast that one graph does without; and a constant that nothing
    uses, if there is one reason.
    """
    at, unused = {}, []
    for number, finding in enumerate(findings):
        if finding.types and finding.node:
            yield number, at.setdefault((finding.node, finding.types), number)
        elif finding.types:
            unused.append(number)
        elif finding.kind == "alone" and (finding.node or finding.other).op == "Cast":
            at[finding.node or finding.other] = number
    for number, finding in enumerate(findings):
        for node in (finding.node, finding.other) if finding.types and finding.node else ():
            for one, _ in (one for one in node.inputs if is_tensor(one)):
                yield from ((number, at[key]) for key in ((one, finding.types), one) if key in at)
    for number in unused:
        reasons = {find(one) for key, one in at.items() if isinstance(key, tuple) and key[1] == findings[number].types}
        if len(reasons) == 1:
            yield number, *reasons


def _of_gradients(findings, find):
    """Yield of each finding of gradients, if all of its group are, one at the op whose gradient it is, by number.

    By the name that tf.gradients gives it: only how the report is put together depends on it.
    """
    named = {name: number for number, finding in enumerate(findings) for name in _names(finding)}
    forward = {find(number) for name, number in named.items() if not _is_of_gradients(name)}
    for number, finding in enumerate(findings):
        for one in filter(None, map(_GRADIENT.match, _names(finding))):
            if one[1] in named and find(number) not in forward:
                yield number, named[one[1]]


def _names(finding):
    """Return the names of the nodes that a finding is about, or is at, always in this order."""
    return [name for name in (finding.name, *(node.name for node in (finding.node, finding.other) if node)) if name]


def _is_root(finding):
    """Whether a finding is a cause by itself: a constant, an attribute or a function that was written otherwise."""
    return _RANKS[finding.kind] == 0 and not finding.computed


def _sources(node):
    for operand in node.inputs:
        if operand is not None and not isinstance(operand, Literal):
            yield operand[0]
    yield from node.controls


def _rank(finding, places):
    node = finding.node or finding.other
    name = finding.name if node is None or finding.name in places[0] else node.name
    place = places[0 if finding.node or node is None else 1].get(name, 0)
    return _is_of_gradients(name), _RANKS[finding.kind] + 2 * finding.computed, place, name


def _order(finding, places):
    of_gradients, rank, place, name = _rank(finding, places)
    return of_gradients, place, rank, name


def _is_of_gradients(name):
    """Whether a name looks like one of tf.gradients: only the order of the report depends on it."""
    return any(re.fullmatch(r"gradients(_\d+)?|.*_grad(_\d+)?", part) for part in name.split("/"))

"""What a loop waits for: TensorFlow lets what enters it wait, or its condition, as sizes are known or computed.

Nothing of a loop's body runs, and nothing leaves it, before its condition was asked.
"""

from compat_v1.audit.graph import ENTERS
from compat_v1.audit.literals import Literal
from compat_v1.audit.pruning import behind, surely_before

RULE = "waits of a loop"


def finish(normal):
    """Let the condition of each loop wait for what something before it waits for, where it comes behind that anyhow.

    What enters waits no more for what the condition comes behind, nor does what comes behind the condition.
    """
    frames = normal.graph.frames
    waiting = [node for node in normal.nodes if frames.get(node.name) and _awaited_outside(node, frames)]
    users = _users(normal) if waiting else {}
    for condition in [node for node in normal.nodes if node.op == "LoopCond"] if waiting else ():
        frame = frames.get(condition.name)
        inside = [node for node in waiting if frames.get(node.name) == frame]
        asking = {node for node in _before(condition, set()) if frames.get(node.name) == frame} if inside else set()
        if not inside or any(_may_matter(normal, node) for node in _inside(condition, frames)):
            continue
        known = asking | behind({condition}, users)
        moving = {one for one in inside if one is not condition and not _may_matter(normal, one)}
        moving = {one for one in moving if condition in surely_before(one) or _serves(one, known, users)}
        anyhow = _before(condition, moving)
        awaited = set().union(*(_awaited_outside(one, frames) for one in moving & asking))
        for one in moving:
            one.controls -= _awaited_outside(one, frames) & (awaited | anyhow)
        if awaited - anyhow:
            condition.controls |= awaited - anyhow
            condition.steps.add(RULE)
            normal.carried |= awaited


def _awaited_outside(node, frames):
    """Return what a node of a loop waits for from outside of it, which for what enters is all but its place."""
    outside = [one for one in node.controls if one.op not in ("the loop", "a constant")]
    return {one for one in outside if node.op in ENTERS or not frames.get(one.name)}


def _inside(condition, frames):
    """Return what is asked before a condition holds, from what enters the loop on, with the loops in between."""
    frame = frames.get(condition.name)
    found = _reached(condition, lambda one: () if _enters(one, frame, frames) else (*_makers(one), *one.controls))
    around = {frames.get(one.name) for node in found if _enters(node, frame, frames) for one in _makers(node)}
    return {node for node in found if frames.get(node.name) not in (None, "", *around)}


def _enters(node, frame, frames):
    return node.op in ENTERS and frames.get(node.name) == frame


def _may_matter(normal, node):
    """Whether it may matter when a node of a loop runs: before what is awaited, or behind it."""
    if node.name not in normal.graph.nodes:
        return False
    is_stateful = node.op not in ENTERS and normal.graph.is_stateful(node.name)
    return is_stateful or normal.reads_a_ref(node.name)


def _serves(node, known, users):
    """Whether what enters, or is asked, goes into the condition, or to what comes behind it, alone."""
    taking = users.get(node, set())
    first = {one for one in taking if one.late}
    return all(one in known for one in (taking - first).union(*(users.get(one, set()) for one in first)))


def _users(normal):
    """Return {node: those that take it or wait for it in the same turn}."""
    users: dict = {}
    for node in normal.nodes:
        for one in (*_makers(node), *node.controls):
            users.setdefault(one, set()).add(node)
    return users


def _makers(node):
    return [one[0] for place, one in enumerate(node.inputs) if place not in node.late and not isinstance(one, Literal)]


def _before(node, but):
    """Return a node with all that comes before it in the same turn, other than by what some nodes wait for."""
    return _reached(node, lambda one: [*_makers(one), *(one.controls if one not in but else ())])


def _reached(node, following):
    found, todo = {node}, [node]
    while todo:
        new = set(following(todo.pop())) - found
        found |= new
        todo += new
    return found

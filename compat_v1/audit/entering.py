"""What a loop waits for: TensorFlow lets what enters it wait, or its condition, as sizes are known or computed.

Nothing of a loop's body runs, and nothing leaves it, before its condition was asked.
"""

from compat_v1.audit.graph import ENTERS
from compat_v1.audit.literals import Literal

RULE = "waits of a loop"


def finish(normal):
    """Let the condition of each loop wait for what something that enters waits for, where it comes behind that anyhow.

    What enters waits no more for what the condition comes behind.
    """
    frames = normal.graph.frames
    waiting = [node for node in normal.nodes if node.op in ENTERS and any(map(_is_outside, node.controls))]
    users = _users(normal) if waiting else {}
    for condition in [node for node in normal.nodes if node.op == "LoopCond"] if waiting else ():
        frame = frames.get(condition.name)
        entering = [node for node in waiting if frames.get(node.name) == frame]
        asking = {node for node in _before(condition, set()) if frames.get(node.name) == frame} if entering else set()
        if not entering or any(_may_matter(normal, node) for node in _inside(condition, frames)):
            continue
        known = asking | _behind(condition, users)
        moving = {one for one in entering if not normal.reads_a_ref(one.name) and _serves(one, known, users)}
        anyhow = _before(condition, moving)
        awaited = {one for enter in moving & asking for one in enter.controls if _is_outside(one)}
        for enter in moving:
            enter.controls = frozenset(one for one in enter.controls if one not in awaited | anyhow)
        if awaited - anyhow:
            condition.controls |= awaited - anyhow
            condition.steps.add(RULE)
            normal.carried |= awaited


def _is_outside(one):
    return one.op not in ("the loop", "a constant")


def _inside(condition, frames):
    """Return what is asked before a condition holds, from what enters the loop on, with the loops in between."""
    frame = frames.get(condition.name)
    found = _reached(condition, lambda one: () if _enters(one, frame, frames) else (*_makers(one), *one.controls))
    around = {frames.get(one.name) for node in found if _enters(node, frame, frames) for one in _makers(node)}
    return {node for node in found if frames.get(node.name) not in (None, "", *around)}


def _enters(node, frame, frames):
    return node.op in ENTERS and frames.get(node.name) == frame


def _may_matter(normal, node):
    """Whether it may matter when a node of a condition runs: before what is awaited, or behind it."""
    if node.name not in normal.graph.nodes:
        return False
    is_stateful = node.op not in ENTERS and normal.graph.is_stateful(node.name)
    return is_stateful or normal.reads_a_ref(node.name)


def _serves(enter, known, users):
    """Whether what enters goes into the condition, or to what comes behind it, alone."""
    taking = users.get(enter, set())
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


def _behind(node, users):
    return _reached(node, lambda one: users.get(one, ()))


def _reached(node, following):
    found, todo = {node}, [node]
    while todo:
        new = set(following(todo.pop())) - found
        found |= new
        todo += new
    return found

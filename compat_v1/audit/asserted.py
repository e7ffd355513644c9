"""Assertions that TensorFlow came to make, or stopped making: both graphs are compared as if they made none of them.

They compute nothing, but stop a program that went on. Those of metrics are new, those of feature columns by identity
are made no more. Where the other graph makes one of the same text, all are compared. Those of images were made and
awaited elsewhere.
"""

import re
from collections import Counter

import tensorflow as tf

from compat_v1.audit.definitions import gives_reference
from compat_v1.audit.graph import MERGES, Attributes, Graph
from compat_v1.audit.operands import is_scalar
from compat_v1.audit.references import source, target

v1 = tf.compat.v1
CAUSE, NO_MORE, IMAGES = "asserted of metrics", "asserted of buckets", "asserted of images"
# What they say first, by which op they compare what they are about, and with which number if that is known.
_ASSERTED = {
    "`labels` contains negative values": {"LessEqual": 0},
    "`predictions` contains negative values": {"LessEqual": 0},
    "`labels` out of bound": {"Less": None},
    "`predictions` out of bound": {"Less": None},
    "predictions must be in [0, 1]": {"GreaterEqual": 0, "LessEqual": 1},
}
# The same of those that are made no more.
_NO_MORE = {
    r'Bucket index for categorical column ".*" exceeds number of buckets': {"Less": None},
    r'Negative bucket index for categorical column ".*"': {"GreaterEqual": 0},
}
# And of those which nothing waited for, or which an image of known sizes alone was spared.
# It is their shape, or its end, that is asked, or their rank.
_OF_IMAGES = {
    "all dims of 'image.shape' must be > 0": {"Less": 0},
    "inner 3 dims of 'image.shape' must be > 0": {"Less": 0},
    "'image' must be at least three-dimensional": {"GreaterEqual": 3},
}


def written_out(verification):
    """Return ({cause: names of the port's new assertions}, its GraphDef without them), or None."""
    original, port = (side.normal for side in verification.pairing.sides)
    return _without_those(port, original, CAUSE, _ASSERTED.get)


def no_more(verification):
    """Return the same of assertions that the port makes no more, and (the original's GraphDef without them, None)."""
    original, port = (side.normal for side in verification.pairing.sides)
    causes, without = _without_those(original, port, NO_MORE, _of_buckets) or ({}, None)
    return causes, (without, None)


def of_images(verification):
    """Return ({cause: names of the port's assertions of images}, both GraphDefs without any), or None if they agree."""
    normals = [side.normal for side in verification.pairing.sides]
    found = [_of_images(normal) for normal in normals] if verification.findings else [{}, {}]
    if Counter(found[0].values()) == Counter(found[1].values()):
        return None
    without = [_without(normal.graph, set(names)) for normal, names in zip(normals, found, strict=True)]
    for normal, names, left in zip(normals, found, without, strict=True):
        if not _runs_as_much(left, normal.graph, names.keys()):
            return None
    return {IMAGES: list(found[1] or found[0])}, without


def _of_images(normal):
    """Return {name of an assertion of an image's sizes or rank: (what is asked, whether anything waits for it)}."""
    found = {}
    for name in _asserting(normal.graph):
        asked = _OF_IMAGES.get(_text(normal.graph, name), {})
        if asked and _compares(normal, name, asked, ("All",)) and _is_measured(normal.graph, name):
            found[name] = (*asked, bool(normal.graph.followers[name]))
    return found


def _is_measured(graph, name):
    """Whether an assertion compares a number with a shape, the end of one, or a rank."""
    condition = graph.inputs[name][0][0]
    compared = graph.inputs[condition][0][0]
    makers = [maker for maker, _ in graph.inputs[compared]]
    ops = [graph.nodes[graph.inputs[one][0][0] if graph.nodes[one].op == "StridedSlice" else one].op for one in makers]
    return ops in ([["Const", "Shape"]] if graph.nodes[compared].op == "Less" else [["Rank", "Const"], ["Const"] * 2])


def _of_buckets(said):
    return next((compared for text, compared in _NO_MORE.items() if re.fullmatch(text, said, re.DOTALL)), None)


def _without_those(normal, other, cause, compared):
    """Return ({cause: names of assertions}, the GraphDef without them), or None; the other graph has none of the texts.

    `compared` returns for a text by which op it has compared what it is about, and with which number; None for others.
    """
    known = {_text(other.graph, name) for name in _asserting(other.graph)}
    said = {name: _text(normal.graph, name) for name in _asserting(normal.graph)}
    guards = {
        name: _guard(normal, name, compared(text))
        for name, text in said.items()
        if text not in known and compared(text)
    }
    guards = {name: merge for name, merge in guards.items() if merge}
    without = _without(normal.graph, set(guards.values())) if guards else None
    return ({cause: list(guards)}, without) if guards and _runs_as_much(without, normal.graph) else None


def _runs_as_much(without, graph, but=frozenset()):
    """Whether all that is left runs what it ran, but for some: an assertion may have waited for more than its own."""
    left, none = Graph(without), frozenset()
    return all(left.effects.get(name, none) == graph.effects.get(name, none) - but for name in left.nodes)


def _asserting(graph):
    return [name for name, node in graph.nodes.items() if node.op == "Assert"]


def _text(graph, name):
    """Return what an assertion says first, without what ends it."""
    texts = [graph.constant(maker) for maker, _ in graph.inputs[name][1:2] if graph.nodes[maker].op == "Const"]
    is_text = bool(texts) and texts[0].kind == "text" and len(texts[0].value) > 0
    return texts[0].value[0].decode("utf-8", "replace").rstrip(" .") if is_text else ""


def _guard(normal, name, asserted):
    """Return the Merge that says that an assertion holds, if it compares what it is about and nobody takes that."""
    graph = normal.graph
    if not _compares(normal, name, asserted, ("Switch", "All")):
        return None
    for op in ("Identity", "Merge"):
        followers = graph.followers[name]
        if len(followers) != 1 or graph.nodes[followers[0]].op != op:
            return None
        name = followers[0]
    return None if graph.users[name] else name


def _compares(normal, name, asserted, through):
    """Whether an assertion asks, through some ops, a comparison of those `asserted`, {op: the number or None}."""
    graph = normal.graph
    condition = graph.inputs[name][0][0]
    for op in through:
        if graph.nodes[condition].op != op or Attributes(graph.nodes[condition])["keep_dims"].b:
            return False
        condition = graph.inputs[condition][0][0]
    op, compared = graph.nodes[condition].op, [normal.tensors.get(one) for one in graph.inputs[condition]]
    limit = asserted.get(op)
    place = 0 if limit == 0 and op != "GreaterEqual" else 1  # 0 <= x is asked, and x <= 1
    return op in asserted and (limit is None or is_scalar(compared[place], limit))


def _without(graph, guards):
    """Return the GraphDef without assertions, the Merges that stand for them, and what is made for these alone."""
    gone, todo = set(guards), [maker for one in guards for maker in graph.needs(one)]
    while todo:
        name = todo.pop()
        if name not in gone and all(one in gone for one in graph.followers[name]) and _may_go(graph, name):
            gone.add(name)
            todo += graph.needs(name)
    # What only was to wait for an assertion is what it copies.
    copied = {}
    for name, node in graph.nodes.items():
        if node.op != "Identity" or not graph.controls[name] or not gone.issuperset(graph.controls[name]):
            continue
        maker, index = graph.inputs[name][0]
        if gives_reference(graph.nodes[maker].op, index) is False:  # else it reads a variable before others change it
            copied[name] = node.input[0]
    graph_def = v1.GraphDef.FromString(graph.graph_def.SerializeToString())
    nodes = [node for node in graph_def.node if node.name not in gone and node.name not in copied]
    for node in nodes:
        inputs = [_copied(one, copied) for one in node.input if source(one) not in gone]
        node.input[:] = list(dict.fromkeys(inputs)) if node.op == "NoOp" else inputs
        if node.attr["_class"].list.s:
            beside = [target(one.decode()) for one in node.attr["_class"].list.s]
            beside = [source(_copied(one, copied)) for one in beside if one not in gone]
            node.attr["_class"].list.s[:] = [f"loc:@{one}".encode() for one in beside]
    kept = [v1.NodeDef.FromString(node.SerializeToString()) for node in nodes]
    del graph_def.node[:]
    graph_def.node.extend(kept)
    return graph_def


def _copied(name, copied):
    """Return the tensor or wait that there is in place of another."""
    while source(name) in copied:
        name = f"^{source(copied[source(name)])}" if name.startswith("^") else copied[source(name)]
    return name


def _may_go(graph, name):
    op = graph.nodes[name].op
    return op in (*MERGES, "Assert") or not (op.startswith("Placeholder") or graph.is_stateful(name))

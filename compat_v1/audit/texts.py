"""Texts that TensorFlow makes from names: what an assertion says when it fails, and the tags of summaries."""

import re
from itertools import combinations, product, takewhile

from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import VARIABLES, is_tensor
from compat_v1.audit.references import unnumbered

_TENSOR = re.compile(r"([A-Za-z0-9.][A-Za-z0-9_./\\-]*):(\d+)")
_REWORDED = {
    b"all dims of 'image.shape' must": b"inner 3 dims of 'image.shape' must",
    rb"More than one condition evaluated as True but exclusive=True.  Conditions: (\(.*\)), Values:": (
        rb"Input error: exclusive=True: more than 1 conditions \1 evaluated as True:"
    ),
}
_OF_A_CASE = "exclusive=True: more than 1"  # which lists its conditions by name, by now, and once in any order
_LAST_NUMBER = re.compile(r"_\d+$")


def rule(verification, node, other, text, other_text):
    """Say which rule lets a text differ that two partners are given, or None."""
    if not all(isinstance(one, Literal) and one.kind == "text" and one.shape == () for one in (text, other_text)):
        return None
    if node.op == "Assert":
        return same_message(verification, text, other_text)
    if node.op.endswith("Summary") and text is node.inputs[0]:
        return "tags of summaries" if _is_named_after(verification, node, other, text, other_text) else None
    return None


def rule_of_unused(verification, text, other_text):
    """Say which rule lets two constants that nothing uses differ: what assertions print is compared there."""
    normals = [side.normal for side in verification.pairing.sides]
    if all(_is_printed(*pair) for pair in zip(normals, (text, other_text), strict=True)):
        return "names in assertions"
    return same_message(verification, text, other_text)


def _is_printed(normal, text):
    """Whether an assertion prints the same text as a constant, of which TensorFlow made it."""
    graph = normal.graph
    asserting = (name for name, node in graph.nodes.items() if node.op == "Assert")
    printed = (normal.tensors.get(one) for name in asserting for one in graph.inputs[name][1:])
    return text.kind == "text" and any(isinstance(one, Literal) and one.key == text.key for one in printed)


def same_message(verification, text, other_text):
    """Say which rule lets what an assertion prints differ, or None."""
    if text.kind == other_text.kind == "text" and len(text.value) == len(other_text.value):
        ends = [[_reworded(one).rstrip(b" .") for one in some.value] for some in (text, other_text)]
        if ends[0] == ends[1] != [b""] * len(ends[0]):
            return "messages"
    return "names in assertions" if says_the_same(verification, text, other_text) else None


def _reworded(message):
    """Return a message in today's words."""
    for old, new in _REWORDED.items():
        message = re.sub(old, new, message, flags=re.DOTALL)
    return message


def says_the_same(verification, text, other_text):
    """Whether two texts are the same but for the names of tensors, each that of the other's partner."""
    if text.kind != "text" or other_text.kind != "text" or len(text.value) != 1 or len(other_text.value) != 1:
        return False
    words, others = (_reworded(one.value[0]).decode("utf-8", "replace") for one in (text, other_text))
    named, other_named = _TENSOR.findall(words), _TENSOR.findall(others)
    if not named or len(named) != len(other_named) or _TENSOR.split(words)[::3] != _TENSOR.split(others)[::3]:
        return False
    normals = [side.normal for side in verification.pairing.sides]
    tensors = [
        [normal.tensors.get((name, int(index))) for name, index in some]
        for normal, some in zip(normals, (named, other_named), strict=True)
    ]
    if _OF_A_CASE in words:
        return all(any(verification.is_same(one, two) for two in tensors[1]) for one in tensors[0])
    return all(None not in pair and verification.is_same(*pair) for pair in zip(*tensors, strict=True))


def _is_named_after(verification, node, other, text, other_text):
    """Whether both tags are the names of their summaries, which differ in the numbers that make names unique alone.

    Or they have the name of a variable in them, each graph's own.
    """
    if len(text.value) != 1 or len(other_text.value) != 1:
        return False
    tags = [one.value[0].decode("utf-8", "replace") for one in (text, other_text)]
    if tags[0] not in node.names or tags[1] not in other.names:
        return False
    if re.fullmatch(r"/fraction_(of|over)_\d+(_of_\d+)?_full", tags[1].removeprefix(tags[0])):
        return True  # of a queue, which had its name alone
    own = unnumbered(tags[0]) == unnumbered(tags[1])
    graphs = [side.normal.graph for side in verification.pairing.sides]
    own = own and all(map(_is_numbered, graphs, tags, tags[::-1]))
    return own or _names_variables(verification, *tags) or _name_a_tensor(verification, node, other, *tags)


def _is_numbered(graph, tag, other_tag):
    """Whether each number in a tag that the other has not is one that made it unique: another name is the rest of it.

    Whether its letters are small or not makes no name unique.
    """
    parts = tag.split("/")
    for place, (part, other) in enumerate(zip(parts, other_tag.split("/"), strict=True)):
        name = "/".join([*parts[:place], unnumbered(part)]).lower()
        is_other = part not in (other, unnumbered(part))
        if is_other and name not in graph.names_in_use:
            return False
    return True


def _name_a_tensor(verification, node, other, tag, other_tag):
    """Whether both summaries' tags have the name of one tensor in them, each graph's own, between what is the same.

    The names differ in numbers alone, or are those of the ops that make the tensor: TensorFlow gives it by another now.
    """
    normals = [side.normal for side in verification.pairing.sides]
    begins, ends = _alike(tag, other_tag), _alike(tag[::-1], other_tag[::-1])
    for begin, end in product(range(begins + 1), range(ends + 1)):
        names = [one[begin : max(begin, len(one) - end)] for one in (tag, other_tag)]
        tensors = [one.tensors.get((name, 0)) for one, name in zip(normals, names, strict=True)]
        if not all(map(is_tensor, tensors)) or not verification.is_same(*tensors):
            continue
        if tensors[0][0] is node or tensors[1][0] is other:
            continue
        own = [_without_op(one.graph, name) for one, name in zip(normals, names, strict=True)]
        if unnumbered(names[0]) == unnumbered(names[1]) or (None not in own and own[0] == own[1]):
            return True
    return False


def _alike(text, other):
    """Return with how many letters that are the same two texts begin."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(text, other, strict=False)))


def _without_op(graph, name):
    """Return the scope of a node that is named after its op, without numbers, or None."""
    scope, _, last = unnumbered(name).rpartition("/")
    return scope if last.lower() == graph.nodes[name].op.lower() else None


def _names_variables(verification, tag, other_tag):
    """Whether one tag has the name of a variable in it, and the other that of its partner in the same place."""
    made, parts, asked = verification.pairing.sides[0].normal.made, tag.split("/"), unnumbered(other_tag)
    for begin, end in combinations(range(len(parts) + 1), 2):
        name = "/".join(parts[begin:end])
        variables = {made.get(name), made.get(_LAST_NUMBER.sub("", name))} & verification.partner.keys()
        names = [own for one in variables if one.op in VARIABLES for own in verification.partner[one].names]
        named = [own for own in names if f"/{own}" in f"/{other_tag}"]
        if asked in (unnumbered("/".join([*parts[:begin], own, *parts[end:]])) for own in named):
            return True
    return False

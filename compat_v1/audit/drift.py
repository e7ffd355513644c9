"""What TensorFlow itself changed in the graphs that it builds from the same program: the only excuses of the audit.

Each rule says what changed, since which version, and why the result stays the same to the last bit. The versions were
found by building `original/graph.py` (from 2.0 on, `compat_v1/graph.py`) under each minor release from 1.0.1 to 2.21,
auditing it against 1.0.1's, and taking the first release that needs the rule.
"""

import re
from typing import NamedTuple


class Rule(NamedTuple):
    changed: str
    since: str
    harmless: str
    until: str | None = None


FORWARD = {
    "AddV2": Rule(
        "addition is the op AddV2, was Add (that of tf.add and of the random ops since 2.6)",
        "1.15",
        "the same kernel; AddV2 only leaves out the addition of strings",
    ),
    "constant perm": Rule(
        "a transpose's permutation is a constant, was computed from the rank by Rank, Range and Sub",
        "1.13",
        "both are evaluated here and must be equal",
    ),
    "packed shape": Rule(
        "the shape that tf.zeros packs is named packed, was named shape",
        "1.6",
        "a name; the node and its inputs are compared as any other",
    ),
    "names without case": Rule(
        "a name that differs from an older one in case alone gets a number",
        "1.9",
        "a name; the node and its inputs are compared as any other",
    ),
    "slot zeros": Rule(
        "the zeros of an optimizer's slot are named after it and kept with the variable, were named zeros_N",
        "1.2",
        "a name and a place; the node and its value are compared as any other",
    ),
    "frame name": Rule(
        "the frame of a while_loop is named while_context, was named while/",
        "1.4",
        "a frame's name only has to differ from other frames' names",
    ),
    "placeholder shape": Rule(
        "a placeholder's shape is written down, was not",
        "1.2",
        "it restricts what may be fed, and computes nothing",
    ),
    "size check": Rule(
        "tf.zeros also computes whether its size is below 1000, and nobody asks",
        "1.8",
        "the result is used by no node",
        until="2.7",
    ),
    "private attributes": Rule(
        "the builder leaves notes for itself, in attributes that begin with an underscore",
        "2.11",
        "these two, _has_manual_control_dependencies and _output_shapes, are read by no kernel",
    ),
}

GRADIENTS = {
    "stacks": Rule(
        "a value that the backward loop needs is kept by StackPushV2 and StackPopV2, was by StackPush and StackPop",
        "1.4",
        "what is popped is what was pushed; the audit follows the value through either",
    ),
    "static broadcast": Rule(
        "where static shapes tell over which axes a gradient is summed, the axes are a constant or there is no sum; "
        "BroadcastGradientArgs computed them at each step",
        "2.15",
        "the audit computes the axes from the static shapes and compares them; a sum over no axis copies",
    ),
    "kept dimensions": Rule(
        "the sum that undoes a broadcast keeps its dimensions",
        "2.15",
        "it is reshaped to the operand's shape right after",
    ),
    "negated first": Rule(
        "the gradient of a subtraction is negated before it is summed, was after",
        "1.15",
        "negation is exact, and rounding treats both signs alike",
    ),
    "commuted product": Rule(
        "the constant factor of a product is its second, was its first",
        "1.6",
        "floating-point multiplication commutes",
    ),
    "notes on products": Rule(
        "a MatMul of a gradient says so in grad_a and grad_b",
        "2.16",
        "read by compilers for accelerators; the CPU kernel does not",
    ),
}

RULES = {**FORWARD, **GRADIENTS}


def explains_name(name, other, names):
    """Return the rule that turns the name `name` of the older graph, whose names are `names`, into `other`, or None."""
    parent, _, child = other.rpartition("/packed")
    if parent and name == f"{parent}/shape{child}":
        return "packed shape"
    if re.fullmatch(r"zeros_\d+", name) and re.fullmatch(r".+/Initializer/zeros", other):
        return "slot zeros"
    # A child of a renamed node, while/Add/y, is renamed with it.
    for end in [match.start() for match in re.finditer("/", name)] + [len(name)]:
        numbered = re.fullmatch(re.escape(name[:end]) + r"_\d+" + re.escape(name[end:]), other)
        if numbered and any(one != name[:end] and one.lower() == name[:end].lower() for one in names):
            return "names without case"
    return None


def is_size_check(name, graph):
    """Return whether a node belongs to the rule `size check`: beside a Fill, and used by nothing but its like."""
    check = re.fullmatch(r"(.+)/(mul|Less)(/[xy])?", name)
    parent = check and check[1]
    if not parent or parent not in graph.nodes or graph.nodes[parent].op != "Fill":
        return False
    users = [user for user in graph.nodes if name in {source for source, _ in graph.inputs(user)}]
    return all(user.startswith((f"{parent}/mul", f"{parent}/Less")) for user in users)

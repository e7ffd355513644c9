"""What may differ between two partners, by a rule of `drift.py`; each function returns the rule's name, or None."""

import operator
import re

import numpy as np
from tensorflow.core.framework import attr_value_pb2

from compat_v1.audit import called, epsilons, patterns, pruning, waits
from compat_v1.audit.definitions import gives_reference
from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import is_of_whole_numbers, is_op, is_scalar, makers
from compat_v1.audit.references import unnumbered
from compat_v1.audit.renumbered import GIVEN, SAVED
from compat_v1.audit.rules.datasets import DATASET
from compat_v1.audit.rules.oldest_clipping import CHECKED, STOPPED
from compat_v1.audit.seeds import SALTING
from compat_v1.audit.sizes import subtract

_OF_DATASETS = re.compile(f"{DATASET}|IteratorToStringHandle")
_OF_PORT = {"clipped rows", "rows of a sum", "rows below 0", "mean of classes", "limit below 0", "least drawn"}
_OF_PORT |= {"window without sum", "first cycle", "labels and logits", "mask of no length", "largest exponent"}
_OF_PORT |= {"weights without sum: DivNoNan", "gradient of Cumprod: DivNoNan", "cast in Sequential"}
_OF_PORT |= {"margins of an image", "part of an image"}
_OF_ORIGINAL = {"initialized again", "weights of classes", "filled rows", "limits of a quantization", "select"}
_OF_ORIGINAL |= {"norm that was not asked", "natural decay", "order of a sum: as they came"}
_OF_ORIGINAL |= {"regularizer of squares: a sum"}
_GATHERS = ("Gather", "GatherV2", "ResourceGather")
_MOST_OPS = 8  # that a regularizer is made of, one behind the other


def applies(rule, node, other):
    """Whether a rule may apply to one of two partners alone.

    No batch is broadcast in the ops of the first releases, or in an einsum. And what is clipped is made dense by no
    newer release, nor does one stop at a row below 0, count classes that there were not, divide by a sum that is 0,
    clip by a limit below 0, draw less than a normal number, count a first cycle of no steps, ask no more how large
    labels are, make a mask of a length below 0, take an infinite largest exponent, give 0 for what is divided by 0, cut
    what a model is given to floating point, say which part of an image is left, cut weights to whole numbers, sort the
    rows that it fills, initialize a variable again, take other limits for a gradient than for what it is of, choose
    between tensors of one shape alone, add terms as they come, sum the squares of a regularizer one by one, take the
    exponential of each step's natural decay, or clip by a norm that it has not asked.
    """
    if rule in _OF_ORIGINAL:
        return rule in node.steps
    if not _OF_PORT.isdisjoint({rule, rule.partition(":")[0]}):
        return rule in other.steps
    return rule != "one batch" or not {"batches of products", "einsum: an op"}.isdisjoint(node.steps | other.steps)


def unused(node, side, in_port):
    """Say which rule lets a node of one graph alone be: nothing uses it but what asks how large a tensor of zeros is.

    Or another node does the same elsewhere, as where a variable's regularizer is asked once more, for nothing.
    """
    users = side.users
    if in_port and _is_asked_for_nothing(node, side):
        return "one of each"
    if in_port and node.op == "NoOp" and users.get(node):
        return "waits in groups"  # of what waits for it the members are compared
    if in_port and node.op == "NoOp" and not node.controls:
        return "colocation"  # it waits for nothing, and nothing for it: others are placed beside it
    if not in_port and waits.is_read_back(node, side):
        return "read no more"
    if in_port and (_is_handed_on(node, side) or _is_checked_image(node, side)):
        return "copies"
    if in_port and node.op == "initial value" and not users.get(node):
        return "step that is read"
    if node.op == "Exit" and not users.get(node):
        return "unused results" if in_port else None
    if node.op == "ZerosLike" and not users.get(node) and in_port:
        return "unused gradients"
    if not in_port and _is_of_statistics(node) and not users.get(node):
        return "unused gradients"
    if not in_port and not users.get(node) and _is_of_whole_numbers(node, side.normal.graph):
        return "unused gradients"
    if not in_port and not users.get(node) and _is_of_rows(node.name, side.normal.graph):
        return "unused gradients"
    if not in_port and not users.get(node) and _is_of_triangle(node):
        return "diagonal of a triangle"
    if node.op == "ShapeN" and not users.get(node) and in_port:
        return "computed shapes"
    if in_port and _writes_sparse_shape(node, users):
        return "computed shapes"
    if in_port and _is_read_by_nobody(node, side):
        return "unused datasets"
    if in_port and node.op == "PlaceholderWithDefault" and not users.get(node) and isinstance(node.inputs[0], Literal):
        return "unused constants"  # whether what is fed is for training, which no layer asks
    if node.op == "Enter" and not users.get(node) and not node.controls:
        return "unused constants" if isinstance(node.inputs[0], Literal) else "computed shapes"
    return "unused constants" if _measures_zeros(node, side) else None


def _is_read_by_nobody(node, side):
    """Whether a node is a dataset, or the handle of an iterator as text, of which nothing but such is made."""
    found, todo = {node}, [node]
    while todo:
        one = todo.pop()
        if not _OF_DATASETS.fullmatch(one.op):
            return False
        new = {user for user, _ in side.users.get(one, ())} - found
        found |= new
        todo += new
    return True


def _is_of_statistics(node):
    """Whether a node hands on the gradients for the mean and variance that fused batch normalization is given: none."""
    if node.op != "Identity" or isinstance(node.inputs[0], Literal):
        return False
    maker, index = node.inputs[0]
    waits_for_it = all(one.op == "NoOp" and one.controls == {maker} for one in node.controls)
    return maker.op.startswith("FusedBatchNormGrad") and index > 2 and waits_for_it


def _is_of_whole_numbers(node, graph):
    """Whether a node adds up the gradients for what whole numbers were cast to, which go on to nothing."""
    terms = makers(node) if node.op == "AddN" else []
    return bool(terms) and all(_is_for_whole_numbers(one.name, graph) for one in terms)


def _is_for_whole_numbers(name, graph):
    """Whether a gradient, handed on with others, has the shape of whole numbers as a type with fractions."""
    if not any(graph.nodes[one].op == "NoOp" for one in graph.controls.get(name, ())):
        return False
    for op, slot in (("Identity", 0), ("Reshape", 1), ("Shape", 0)):
        if name not in graph.nodes or graph.nodes[name].op != op:
            return False
        name = graph.inputs[name][slot][0]
    return is_of_whole_numbers(graph, name)


def _is_of_rows(name, graph):
    """Whether a node reshapes the numbers of rows that are taken, beside the gradient for these, which nothing uses."""
    if name not in graph.nodes or graph.nodes[name].op != "Reshape":
        return False
    numbers, (count, _) = graph.inputs[name]
    taking = [one for one, slot in graph.users[numbers[0]] if slot == 1 and graph.nodes[one].op in _GATHERS]
    if graph.nodes[count].op != "ExpandDims" or not any(graph.inputs[one][1] == numbers for one in taking):
        return False
    shapes = [one for one, slot in graph.users[count] if slot == 0 and graph.nodes[one].op == "ConcatV2"]
    rows = [one for shape in shapes for one, slot in graph.users[shape] if slot == 1]
    return any(graph.nodes[one].op == "Reshape" and not graph.followers[one] for one in rows)


def _is_of_triangle(node):
    """Whether a node takes the diagonal of a matrix of which the lower triangle is left."""
    if node.op != "MatrixDiagPartV3" or not is_op(node.inputs[0], "MatrixBandPart"):
        return False
    _, below, above = node.inputs[0][0].inputs
    return is_scalar(below, -1) and is_scalar(above, 0)


def _is_checked_image(node, side):
    """Whether a node copies an image that a part is cut out of, for nothing: were its size asked, that would wait."""
    if node.op != "Identity" or node.controls or side.users.get(node) or isinstance(node.inputs[0], Literal):
        return False
    cut = any(user.op == "Slice" and slot == 0 for user, (slot, *_) in side.users[node.inputs[0][0]])
    return cut and len(side.normal.sizes(node.inputs[0]) or ()) in (3, 4)


def _is_asked_for_nothing(node, side):
    """Whether nothing uses a node but what nothing uses either, and each of these does what another node does."""
    known: dict = {}  # what was asked before: each node once, however many ways lead there
    todo, seen = [(node, _MOST_OPS)], {node}
    while todo:
        one, deep = todo.pop()
        if not deep or not pruning.may_go(side.normal, one) or not _others_like(one, side.users, deep, known):
            return False
        new = {user for user, _ in side.users.get(one, ())} - seen
        seen |= new
        todo += [(user, deep - 1) for user in new]
    return True


def _others_like(node, users, deep, known):
    """Return the nodes that do what a node does, though on another device or beside others."""
    taken, found = makers(node), set()
    if deep and taken and not node.controls and not node.functions:
        for maker in (taken[0], *_others_like(taken[0], users, deep - 1, known)):
            others = {user for user, _ in users.get(maker, ()) if user is not node} - found
            found |= {user for user in others if _are_alike(user, node, deep, known)}
    return found


def _are_alike(one, other, deep, known):
    """Whether two nodes do the same and wait for nothing, or are one."""
    if one is other or not deep:
        return one is other
    if (one.op, one.attributes, one.controls) != (other.op, other.attributes, frozenset()):
        return False
    if (one, other, deep) not in known:
        pairs = list(zip(one.inputs, other.inputs, strict=False))
        alike = len(one.inputs) == len(other.inputs) and all(_is_alike(*pair, deep - 1, known) for pair in pairs)
        known[one, other, deep] = alike
    return known[one, other, deep]


def _is_handed_on(node, side):
    """Whether a node is a copy, for nobody, of what a function of a gradient of its own takes or gives."""
    if node.op != "Identity" or node.controls or side.users.get(node):
        return False
    graph = side.normal.graph
    if node.name not in graph.nodes or graph.nodes[node.name].op != "Identity":
        return False  # one that a rule made
    (copied,) = graph.inputs[node.name]
    users = [user for user, _ in graph.users[copied[0]]]
    return any(graph.nodes[user].op == "IdentityN" and copied in graph.inputs[user] for user in users)


def _is_alike(operand, other, deep, known):
    if isinstance(operand, Literal) or isinstance(other, Literal):
        return patterns.is_same(operand, other)
    return operand[1] == other[1] and _are_alike(operand[0], other[0], deep, known)


def _writes_sparse_shape(node, users):
    """Whether a node only serves to write down the known sizes of a sparse tensor of a dataset, which nobody asks."""
    if node.op == "Unpack":
        using = {user for user, _ in users.get(node, ())}
        return _is_sparse_shape(node) and all(one.op == "Pack" and _writes_sparse_shape(one, users) for one in using)
    if node.op != "Pack" or node.controls or users.get(node):
        return False
    taken = makers(node)
    return bool(taken) and all(map(_is_sparse_shape, taken))


def _is_sparse_shape(node):
    """Whether a node takes the shape of a sparse tensor apart that a dataset gives."""
    if node.op != "Unpack" or node.controls or isinstance(node.inputs[0], Literal):
        return False
    source, index = node.inputs[0]
    return source.op == "DeserializeSparse" and index == 2


def _measures_zeros(node, side):
    """Whether a node tells, or helps to tell, if as many zeros as that are a constant; nobody asks for the answer."""
    todo, seen = [node], {node}
    while todo:
        one = todo.pop()
        using = side.users.get(one, ())
        measured = side.normal.measured_for(one.name) if one.name in side.normal.graph.nodes else set()
        places = {place for operand in one.inputs if isinstance(operand, Literal) for place in operand.alive}
        others = {awaited for awaited in one.controls - measured - places if awaited.op != "the loop"}
        if others and not others <= _awaited_by_sizes(one, side.normal):  # where a constant is made
            return False
        if one.op == "Mul":
            if not using or any(slot == "^" for _, slot in using):
                return False
            new = {user for user, _ in using} - seen
            seen |= new
            todo += new
        elif using or not _asks_if_few(one):
            return False
    return True


def _awaited_by_sizes(node, normal):
    """Return what a node waits for that the vector of the same sizes waits for as well, of which zeros are made."""
    graph = normal.graph
    names = _made_of_sizes(graph, node.name) if node.name in graph.nodes else set()
    users = {user for name in names for maker, _ in graph.inputs[name] for user, _ in graph.users[maker]}
    vectors = [_made_of_sizes(graph, user) for user in users if graph.nodes[user].op == "Pack"]
    behind, *others = [{one for name in some for one in graph.controls[name]} for some in (names, *vectors)]
    waits = behind & set().union(*others)
    return {awaited for one in waits for awaited in normal.awaited(one)}


def _made_of_sizes(graph, name):
    """Return a node and what it is made from, back to what is no size, as far as sizes of zeros may go."""
    found, todo = {name}, [name]
    while todo and len(found) < _MOST_SIZES:
        makers = {maker for maker, _ in graph.inputs[todo.pop()] if graph.nodes[maker].op in _SIZES} - found
        found |= makers
        todo += makers
    return found


_SIZES, _MOST_SIZES = {"Const", "Mul", "Pack", "Shape", "StridedSlice"}, 64


def _asks_if_few(node):
    """Whether a node tells if a number of zeros is below what is worth computing."""
    if node.op != "Less" or not node.inputs:
        return False
    return isinstance(node.inputs[1], Literal) and (
        node.inputs[1].value == (1000,) or all(isinstance(one, Literal) for one in node.inputs)
    )


# The version of graphs of the first release whose arrays surely say if all elements are to be of one shape, since 1.5.
_SAYS_IF_ALIKE = 26
# Attributes of the port alone.
_NEW = {
    ("debug_name", "VarHandleOp"): "names in messages",
    ("validate_shape", "AssignVariableOp"): "validated shapes",
}


def attribute(node, other, key, value, other_value, graph):
    """Say which rule lets an attribute differ; `graph`: that of `node`."""
    if key == "shape" and node.op == "Placeholder":
        tells_none = graph.is_body or graph.whole.graph_def.versions.producer < SALTING
        return "placeholder shape" if value is None and tells_none else None
    if key == "element_shape" and node.op.startswith("TensorArray"):
        return "shapes in arrays" if _tells_less(value, other_value, node.op) else None
    if key == "identical_element_shapes":
        is_older = value is None and graph.whole.graph_def.versions.producer < _SAYS_IF_ALIKE
        return "shapes in arrays" if is_older else None
    if key == "tensor_array_name" and value and other_value and _named_by(value) == _named_by(other_value):
        return "names"
    if key == SAVED and value and other_value and not any(GIVEN in one.attributes for one in (node, other)):
        return "names in checkpoints"
    if key == GIVEN:  # by a dictionary, so that a variable of another name has the same name there
        return "names"
    if key == "epsilon" and node.op.startswith("FusedBatchNorm") and value and other_value:
        return epsilons.attribute(value, other_value)
    if (key, node.op) in (("message", "PreventGradient"), ("summarize", "Assert")):
        return "messages"
    if (key, node.op) == ("message", "CheckNumerics") and all(one and _STOPPED in one for one in (value, other_value)):
        return "messages"  # a gradient's, which says the forward op's as well by now
    if node.op in called.CALLS:
        return called.attribute(key, value, other_value)
    if key == "_gradient_op_type" and called.are_drawn(value, other_value):
        return "names"  # the gradient itself is in the graph, and compared
    if (key, node.op) in _NEW and value is None:
        return _NEW[key, node.op]
    if key in ("legacy_autotune", "is_files") and value is None and "Dataset" in node.op:
        return "dataset tuning"
    return None


def _named_by(value):
    """Return the scopes that an array is named by, without numbers: a message alone says them."""
    return unnumbered(attr_value_pb2.AttrValue.FromString(value).s.decode("utf-8", "replace"))


_STOPPED = b"Not a number (NaN) or infinity (Inf) values detected in gradient."


def _tells_less(value, other_value, op):
    """Whether the shape that elements of an array are said to have may be that which the other graph says."""
    if value is None or other_value is None:
        return value is None and op == "TensorArrayV3"
    shapes = [attr_value_pb2.AttrValue.FromString(one).shape for one in (value, other_value)]
    sizes = [None if shape.unknown_rank else [one.size for one in shape.dim] for shape in shapes]
    if None in sizes:
        return sizes[0] is None
    return len(sizes[0]) == len(sizes[1]) and all(one in (-1, two) for one, two in zip(*sizes, strict=True))


def scale(node, position, value, other_value):
    """Say which rule lets what normal numbers within two deviations are multiplied by differ."""
    both = (value, other_value)
    if node.op != "Mul" or position != 1 or not is_op(node.inputs[0], "TruncatedNormal"):
        return None
    if any(not isinstance(one, Literal) or (one.kind, one.dtype, one.shape) != ("data", "float32", ()) for one in both):
        return None
    old, new = (np.frombuffer(one.value, np.float32)[0] for one in both)
    return "scale of initial weights" if np.isclose(old / _WITHIN_TWO, new, rtol=2e-7, atol=0) else None


_WITHIN_TWO = 0.87962566103423978  # the deviation of normal numbers of which those beyond 2 are drawn again


def names_of_variables(node, other, key, *values):
    """Whether an attribute is the name of a variable's handle, under which it is shared or which messages call it."""
    if key not in ("shared_name", "debug_name") or node.op != "VarHandleOp" or None in values:
        return False
    named = [attr_value_pb2.AttrValue.FromString(one).s.decode("utf-8", "replace") for one in values]
    return [one.removesuffix("/") for one in named] == [node.name, other.name]


def passes_on(node):
    """Say which rule lets a node of the original alone be passed over to its first input."""
    if node.op == "Identity" and not node.controls and node.inputs[0] is not None:
        return None if _is_reference(node.inputs[0]) else "copies"
    if node.op == CHECKED and not node.controls:
        return STOPPED
    return {"ModelDataset": "dataset tuning", "OptimizeDataset": "dataset tuning"}.get(node.op)


def _is_reference(operand):
    """Whether an operand is a variable as such, so that a copy of it keeps what another assignment replaces."""
    return not isinstance(operand, Literal) and gives_reference(operand[0].op, operand[1])


def is_given_gradient(node):
    """Whether a node of the port alone is the copy that tf.gradients makes of grad_ys: elsewhere a copy is a change."""
    return node.op == "Identity" and not node.controls and re.search(r"(^|/)grad_ys_\d+$", node.name) is not None


def same_rest(sizes, shape, other):
    """Whether two shapes to reshape to differ only in that one says -1 for the size that the elements leave.

    `sizes`: those of the tensors that are reshaped. A number stands for it where the graph knows how many there are.
    """
    if not (isinstance(shape, Literal) and isinstance(other, Literal)) or shape.shape != other.shape:
        return False
    different = [pair for pair in zip(shape.value, other.value, strict=True) if pair[0] != pair[1]]
    if len(different) != 1 or -1 not in different[0] or not all(isinstance(one, int) for one in different[0]):
        return False
    known = sizes[different[0].index(-1) == 0]
    return known is not None and all(isinstance(size, int) for size in known)


def all_left(sizes, operands, others, translated):
    """Whether two slices differ only in how long they are along axes of which both take all that is left.

    `sizes`: those of the tensors that are sliced, known to each graph in its own way; `translated(numbers)`: those of
    the original as the port has them.
    """
    (_, begin, length), (_, other_begin, other_length) = operands, others
    told = (begin, length, other_begin, other_length)
    if not all(isinstance(one, Literal) and one.kind == "whole" for one in told) or None in sizes:
        return False
    if len({len(numbers) for numbers in (*sizes, *(one.value for one in told))}) > 1:
        return False
    begins_alike = translated(begin.value) == other_begin.value
    is_same = map(operator.eq, translated(length.value), other_length.value)
    left = [map(subtract, shape, one.value) for shape, one in zip(sizes, (begin, other_begin), strict=True)]
    are_left = zip(map(operator.eq, length.value, left[0]), map(operator.eq, other_length.value, left[1]), strict=True)
    return begins_alike and all(same or all(both) for same, both in zip(is_same, are_left, strict=True))

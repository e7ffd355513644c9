"""What the rules of the normal form share: questions about operands, and literals made from others."""

import math

import numpy as np
import tensorflow as tf

from compat_v1.audit import sizes
from compat_v1.audit.literals import Literal, whole

VARIABLES = ("Variable", "VariableV2", "VarHandleOp")
WHOLE = ("int32", "int64", "bool", "int8", "uint8", "int16")
# Attributes that say in which type of whole numbers an operand is written, for operands that are literals.
INDEX_TYPES = {
    "Tidx",
    "Tshape",
    "Tmultiples",
    "Tperm",
    "Tdim",
    "Tpaddings",
    "Taxis",
    "index_type",
    "Index",
    "Tlen",
    "Tindex",
    "Tblock_shape",
    "Tcrops",
    "TI",
}


RESOURCE, INT32, INT64 = (
    tf.compat.v1.AttrValue(type=one.as_datatype_enum).SerializeToString(deterministic=True)
    for one in (tf.resource, tf.int32, tf.int64)
)
EMPTY_LIST = tf.compat.v1.AttrValue(list={}).SerializeToString(deterministic=True)
MOST_LEAVES = 64
NOTES_ON_PRODUCTS = ("grad_a", "grad_b", "grad_x", "grad_y")


def is_tensor(operand):
    """Whether an operand is what a node gives, no constant."""
    return type(operand) is tuple


def makers(node):
    """Return the nodes that make what a node takes, in order."""
    return [operand[0] for operand in node.inputs if is_tensor(operand)]


def is_scalar(operand, value):
    """Whether an operand is the number `value`, as a scalar of any type."""
    if not isinstance(operand, Literal) or operand.shape != ():
        return False
    if operand.kind == "whole":
        return operand.value == (value,)
    return operand.kind == "data" and operand.key == number(value, operand.dtype).key


def number(value, dtype):
    """Return a scalar literal."""
    if dtype in WHOLE:
        return whole(value, dtype)
    return Literal("data", dtype, (), np.array(value, tf.dtypes.as_dtype(dtype).as_numpy_dtype).tobytes())


def is_of_numbers(operand):
    """Whether an operand is a literal of whole numbers, none of which depends on an unknown size."""
    is_whole = isinstance(operand, Literal) and operand.kind == "whole"
    return is_whole and all(isinstance(value, int) for value in operand.value)


def is_of_whole_numbers(graph, name):
    """Whether a node of a graph makes numbers of another type of whole numbers."""
    node = graph.nodes.get(name)
    return node is not None and node.op == "Cast" and tf.as_dtype(node.attr["SrcT"].type).is_integer


def axes_of(operand, shape):
    """Return the axes that a literal says, counted from 0, in order; None if a tensor of that shape has not all.

    What the other graph tells of a tensor's sizes may be of another tensor, and of another rank.
    """
    if shape is None or not is_of_numbers(operand):
        return None
    rank = len(shape)
    if not all(-rank <= axis < rank for axis in operand.value):
        return None
    axes = {axis % rank for axis in operand.value}
    return sorted(axes) if len(axes) == len(operand.value) else None  # no kernel takes one twice


def entered(operand):
    """Return what a loop is entered with where an operand is that in every turn, and any other operand as it is."""
    is_constant = is_op(operand, "Enter") and "is_constant" in operand[0].attributes
    return operand[0].inputs[0] if is_constant else operand


def sends(node):
    """Whether a node is a Switch that sends a tensor into a branch, and does nothing else."""
    return node.op == "Switch" and not is_op(node.inputs[1], "LoopCond") and not node.controls


def before_branch(operand):
    """Return what is sent into a branch, as for a gradient that is made there, and any other operand as it is."""
    while is_tensor(operand) and sends(operand[0]):
        operand = operand[0].inputs[0]
    return operand


def counts_turns(node):
    """Whether a node takes a loop's variable in the turns whose condition holds, and in these alone."""
    return any(is_op(one, "Switch") and one[1] == 1 and is_op(one[0].inputs[1], "LoopCond") for one in node.inputs)


def leaves_of(operand):
    """Return from what a whole number is computed: constants' keys and tensors."""
    if not isinstance(operand, Literal):
        return (operand,)
    return operand.leaves if operand.form else (operand.key,)


def is_op(operand, *ops):
    """Whether an operand is made by a node of one of these ops."""
    return type(operand) is tuple and operand[0].op in ops


def times(a, b):
    return sizes.multiply(a, b)


def objects(values):
    array = np.empty(np.shape(values), object)
    array[...] = values
    return array


def column(shape):
    array = np.empty(len(shape), object)
    array[:] = shape
    return array


def single(literal):
    """Return the one element that a literal holds, however often, as a scalar; None if it holds different ones."""
    if literal.kind == "whole":
        return literal._replace(shape=(), value=literal.value[:1]) if len(set(literal.value)) == 1 else None
    if literal.kind == "full" and literal.dtype in WHOLE:
        one = np.frombuffer(literal.value, literal.dtype)[0]  # type: ignore[call-overload]
        return literal._replace(kind="whole", shape=(), value=(int(one),))
    if literal.kind == "full":
        return literal._replace(kind="data", shape=())
    return literal._replace(shape=()) if math.prod(literal.shape) == 1 else None


def with_rest(shape):
    """Return sizes as every Reshape of the normal form is given them: the only one that is unknown is the rest, -1."""
    unknown = [axis for axis, size in enumerate(shape) if not isinstance(size, int)]
    return [-1 if unknown == [axis] else size for axis, size in enumerate(shape)]


def without_ones(sizes):
    """Return the sizes of the axes of more than one element: one that is unknown is what a Reshape leaves to it."""
    return [size for size in with_rest(sizes) if size != 1]


def is_followed(literal):
    """Whether a literal is the same wherever it comes: sizes in a loop belong to the turn in which they are taken."""
    return literal.kind != "full" or all(isinstance(size, int) for size in literal.shape)


def in_range(output, dtype):
    bits = {"int32": 31, "int64": 63}.get(dtype)
    if bits is None:
        return dtype == "bool"
    return all(not isinstance(value, int) or -(2**bits) <= value < 2**bits for value in output.reshape(-1).tolist())


def is_over_all(operands):
    """Whether a reduction is over range(rank), of a tensor of unknown rank."""
    tensor, axes = operands
    if not isinstance(axes, tuple) or isinstance(axes, Literal) or axes[0].op != "Range":
        return False
    start, limit, delta = axes[0].inputs
    if isinstance(limit, Literal) or limit[0].op != "Rank" or limit[0].inputs[0] != tensor:
        return False
    return [one.value if isinstance(one, Literal) else None for one in (start, delta)] == [(0,), (1,)]


def refined(static, derived):
    """Return what is known of sizes: TensorFlow's where it knows them, else those derived (None: nothing)."""
    if static is None:
        return derived
    if derived is None or len(derived) != len(static):
        return static
    return tuple((other if size is None else size) for size, other in zip(static, derived, strict=True))


def with_numbers(shape, other):
    """Return sizes, with the numbers that another shape of the same rank has in their place."""
    return tuple(two if isinstance(two, int) else one for one, two in zip(shape, other, strict=True))


def stays(normal, operand, other):
    """Whether a tensor keeps its shape where it meets another, as that is a scalar, or no larger along any axis."""
    shape, met = normal.sizes(operand), normal.sizes(other)
    if met == () or (is_op(other, "ZerosLike", "OnesLike") and other[0].inputs[0] == operand):
        return True
    return shape is not None and met is not None and sizes.covers(shape, met)


def is_zeros(operand):
    """Whether a tensor is a constant full of zeros."""
    if not isinstance(operand, Literal) or operand.kind == "text":
        return False
    return not any(operand.value)

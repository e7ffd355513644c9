"""Rules for sparse tensors."""

import tensorflow as tf

from compat_v1.audit.graph import Attributes
from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import is_op

v1 = tf.compat.v1
# What an op calls the shape of a sparse tensor.
_SHAPES = ("a_shape", "b_shape", "sp_shape", "input_shape", "dense_shape", "shape", "output_shape", "truth_shape")
_SHAPES += ("hypothesis_shape", "set_shape", "set1_shape", "set2_shape", "shapes", "sparse_shape")
_TAKING_SPARSE = ("EditDistance", "SetSize")  # and what has "Sparse" in its name
_PASSING = ("Identity", "Switch", "Cast", "StridedSlice", "Shape", "Slice", "GatherV2", "FloorDiv")


def _sparse_shape(rewriter, name, node, operands):
    """The shape of a sparse placeholder, where it is known: a constant, or a placeholder with that as its default.

    Where a part of it is unknown: a placeholder, with a default of -1 for that part or without.
    """
    (shape,) = operands
    if not isinstance(shape, Literal) or shape.kind != "whole" or len(shape.shape) != 1:
        return False
    if rewriter.dtype(name) != "int64" or rewriter.graph.controls[name]:
        return False
    normal, is_of_sparse = rewriter.normal, _is_of_sparse(rewriter.graph, name)
    if -1 in shape.value and (is_of_sparse or not rewriter.graph.users[name]):
        attributes = {"dtype": Attributes(node)["dtype"], "shape": tf.TensorShape(shape.shape).as_proto()}
        attributes["shape"] = v1.AttrValue(shape=attributes["shape"])
        written = {key: one.SerializeToString(deterministic=True) for key, one in attributes.items()}
        normal.keep(name, "Placeholder", [], written, {"shape of a sparse placeholder"}, [shape.shape])
        return True
    if not is_of_sparse:
        return False
    normal.alias(name, shape._replace(names=(name, *shape.names)), "shape of a sparse placeholder")
    return True


def _is_of_sparse(graph, name):
    """Whether a tensor is used, once at least and but for what measures it, as the shape of a sparse tensor."""
    of_sparse, others = [], []
    for user, slot in graph.users[name]:
        op, is_shape = graph.nodes[user].op, _operand_name(graph, user, slot) in _SHAPES
        takes_sparse = "Sparse" in op or op in _TAKING_SPARSE
        of_sparse.append((is_shape and takes_sparse) or (op == "Identity" and _is_of_sparse(graph, user)))
        others.append(is_shape or op in _PASSING)
    return any(of_sparse) and all(one or other for one, other in zip(of_sparse, others, strict=True))


def _operand_name(graph, user, slot):
    """Return what an op calls its input, or "" behind a list of inputs of several types."""
    definition = graph.op_def(user)
    for argument in definition.input_arg if definition is not None else ():
        if argument.type_list_attr:
            return ""
        count = Attributes(graph.nodes[user])[argument.number_attr].i if argument.number_attr else 1
        if slot < count:
            return argument.name
        slot -= count
    return ""


def _summed_products(rewriter, name, _node, operands):
    """The gradient for the values of a sparse factor: a sum of products, or a product of matrices."""
    products, axes = operands
    if not is_op(products, "Mul") or not isinstance(axes, Literal) or axes.value not in ((1,), (-1,)):
        return False
    if len(rewriter.normal.sizes(products) or ()) != 2 or "keep_dims" in rewriter.graph.attributes(name):
        return False
    return _values_gradient(rewriter, name, products, products[0].inputs, "sum of products")


def _squeezed_products(rewriter, name, node, operands):
    (products,) = operands
    axes = [axis % 3 for axis in Attributes(node)["squeeze_dims"].list.i]
    if not is_op(products, "BatchMatMulV2") or sorted(axes) not in ([], [1, 2]):
        return False
    if products[0].attributes.keys() - {"T", "adj_x", "adj_y"} or rewriter.dtype(name).startswith("complex"):
        return False
    rows = products[0].inputs
    lying = ("adj_x" not in products[0].attributes, "adj_y" in products[0].attributes)  # a row, or a column
    if not all(
        is_op(one, "ExpandDims") and _is_one_of(one[0].inputs[1], (-2, 1) if is_row else (-1, 2))
        for one, is_row in zip(rows, lying, strict=True)
    ):
        return False
    rewriter.normal.absorbed.update(one[0] for one in rows)
    return _values_gradient(rewriter, name, products, [one[0].inputs[0] for one in rows], "product of matrices")


def _values_gradient(rewriter, name, products, rows, formula):
    """Take a node over as the products of rows, if they are taken by the two columns of one list of indices."""
    if products[0].controls or not all(is_op(one, "GatherV2") for one in rows):
        return False
    if not _are_columns([one[0].inputs[1] for one in rows]):
        return False
    if any(len(one) != 2 for one in map(rewriter.normal.sizes, rows) if one is not None):
        return False
    rewriter.normal.absorbed.add(products[0])
    cause = "unused gradients" if _is_idle(rewriter.graph, name) else "gradient of a sparse product"
    sizes = [rewriter.normal.sizes(rows[0])]
    sizes = [None if sizes[0] is None else sizes[0][:1]]
    types = rewriter.graph.own_type(name)
    rewriter.normal.keep(name, "products of rows", rows, types, {f"{cause}: {formula}"}, sizes)
    return True


def _are_columns(indices):
    """Whether some indices are the two columns of one list, which may be constants."""
    if all(isinstance(one, Literal) for one in indices):
        one, other = indices
        return one.kind == other.kind == "whole" and len(one.shape) == 1 and one.shape == other.shape
    if not all(is_op(one, "StridedSlice") for one in indices):
        return False
    columns = [one[0] for one in indices]
    begins = [one.inputs[1].value if isinstance(one.inputs[1], Literal) else None for one in columns]
    return columns[0].inputs[0] == columns[1].inputs[0] and sorted(begins, key=str) == [(0, 0), (0, 1)]


def _is_idle(graph, name):
    """Whether a gradient is only handed on, when all of an op's gradients are made, to nobody."""
    users = [user for user, _ in graph.users[name]]
    handing = [user for user in users if graph.nodes[user].op == "Identity" and not graph.users[user]]
    grouped = [user for user in handing if [graph.nodes[one].op for one in graph.controls[user]] == ["NoOp"]]
    return bool(users) and users == grouped


def _is_one_of(operand, values):
    return (
        isinstance(operand, Literal) and operand.kind == "whole" and operand.shape == () and operand.value[0] in values
    )


RULES = {"PlaceholderWithDefault": _sparse_shape, "Sum": _summed_products, "Squeeze": _squeezed_products}

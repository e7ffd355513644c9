"""Rules for sparse tensors."""

import tensorflow as tf

from compat_v1.audit.graph import Attributes
from compat_v1.audit.literals import Literal, whole
from compat_v1.audit.operands import INT64, is_op, is_scalar
from compat_v1.audit.pruning import before

v1 = tf.compat.v1
# What an op calls the shape of a sparse tensor.
_SHAPES = ("a_shape", "b_shape", "sp_shape", "input_shape", "dense_shape", "shape", "output_shape", "truth_shape")
_SHAPES += ("hypothesis_shape", "set_shape", "set1_shape", "set2_shape", "shapes", "sparse_shape")
_TAKING_SPARSE = ("EditDistance", "SetSize")  # and what has "Sparse" in its name
_PASSING = ("Identity", "Switch", "Cast", "StridedSlice", "Shape", "Slice", "GatherV2", "FloorDiv")

_LAST, _FIRST = {"begin_mask": 1, "end_mask": 1, "shrink_axis_mask": 2}, {"begin_mask": 3, "end_mask": 1}


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


def _of_a_matrix(rewriter, name, _node, operands):
    """Elements of a matrix are taken by rows and columns, were by their places in the matrix laid out as a vector.

    By the places of those that differ from a number or text, so that no place is outside of the matrix.
    """
    flat, places, *axis = operands
    if not is_op(flat, "Reshape") or not is_op(places, "AddV2") or (axis and not is_scalar(axis[0], 0)):
        return False
    matrix, shape = flat[0].inputs
    sizes = rewriter.normal.sizes(matrix)
    columns, offsets = places[0].inputs
    if sizes is None or len(sizes) != 2 or not _holds(shape, [-1]) or not is_op(offsets, "Sum"):
        return False
    product, axes = offsets[0].inputs
    if not _holds(axes, [1]) or "keep_dims" in offsets[0].attributes or not is_op(product, "Mul"):
        return False
    rows, widths = product[0].inputs
    if not _holds(widths, [sizes[1]]) or not all(is_op(one, "StridedSlice") for one in (columns, rows)):
        return False
    found, differs = columns[0].inputs[0], None
    if is_op(found, "Where") and found == rows[0].inputs[0]:
        (differs,) = found[0].inputs
    if not is_op(differs, "NotEqual") or differs[0].inputs[0] != matrix or rewriter.normal.sizes(differs) != sizes:
        return False
    steps = [flat[0], places[0], offsets[0], product[0], columns[0], rows[0]]
    if not (_is_part(columns, 1, 2, _LAST) and _is_part(rows, 0, 1, _FIRST)):
        return False
    if not set().union(*(one.controls for one in steps)) <= before(found[0]):  # behind which the rows are taken
        return False
    rewriter.normal.absorbed.update(steps)
    attributes = {"Tparams": rewriter.graph.attributes(name)["Tparams"], "Tindices": INT64}
    rewriter.normal.keep(name, "GatherNd", [matrix, found], attributes, {"places in a matrix"})
    return True


def _holds(operand, values):
    return isinstance(operand, Literal) and operand.key == whole(values, "int32").key


def _is_part(operand, begin, end, masks):
    """Whether a slice of two columns takes all rows, and of these the columns from `begin` to `end`."""
    node = operand[0]
    said = {key: v1.AttrValue.FromString(one).i for key, one in node.attributes.items() if key.endswith("_mask")}
    return said == masks and all(map(_holds, node.inputs[1:], ([0, begin], [0, end], [1, 1])))


def _is_one_of(operand, values):
    return (
        isinstance(operand, Literal) and operand.kind == "whole" and operand.shape == () and operand.value[0] in values
    )


RULES = {
    "PlaceholderWithDefault": _sparse_shape,
    "Sum": _summed_products,
    "Squeeze": _squeezed_products,
    **dict.fromkeys(("Gather", "GatherV2"), _of_a_matrix),
}

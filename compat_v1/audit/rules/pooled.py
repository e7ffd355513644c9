"""Rules for layers that pool in one dimension: they made an image of one row of that until 1.14, now one of one column.

An image of one row, its pool and the gradient of that are taken for those of one column, all together or none.
"""

from typing import NamedTuple

import tensorflow as tf

from compat_v1.audit.dimensions import dimensions, reshaped
from compat_v1.audit.graph import Attributes
from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import refined, with_rest

v1 = tf.compat.v1
_RULE = "pooled in one dimension"
_POOLS, _LISTS = ("MaxPool", "AvgPool"), ("ksize", "strides")
_GRADIENTS = {"MaxPoolGrad": 2, "AvgPoolGrad": 1}  # in which slot the gradient arrives


def _expanded(rewriter, name, _node, operands):
    """A tensor of three axes becomes an image of one column, if it is only pooled as one of one row."""
    tensor, axis = operands
    shape = None if isinstance(tensor, Literal) else rewriter.normal.sizes(tensor)
    if shape is None or len(shape) != 3 or not isinstance(axis, Literal) or axis.value != (1,):
        return False
    row = _row(rewriter.graph, name)
    if row is None:
        return False
    rewriter.pools |= row.pools
    rewriter.turned |= row.gradients
    attributes = rewriter._without_index_types(name, operands)
    _keep(rewriter, name, attributes, [tensor, axis._replace(value=(2,))], (*shape[:2], 1, shape[2]))
    return True


class _Row(NamedTuple):
    """An image of one row, its pools and their gradients, by their names."""

    name: str
    pools: set[str]
    gradients: set[str]


_NONE = _Row("", set(), set())


def _row(graph, name):
    """Return a `_Row` if all that takes the image, or a pool of it, belongs to that or ends it; else None."""
    takes = [(user, slot, graph.nodes[user].op) for user, slot in graph.users[name]]
    row = _Row(name, {user for user, _, op in takes if op in _POOLS}, set())
    if not row.pools or not all(_goes_along_a_row(graph.nodes[pool]) for pool in row.pools):
        return None
    takes = [one for one in takes if one[0] not in row.pools]
    takes += [(user, slot, graph.nodes[user].op) for pool in row.pools for user, slot in graph.users[pool]]
    shapes = {user for user, _, op in takes if op == "Shape"}
    takes = [one for one in takes if one[0] not in shapes]
    takes += [(user, slot, graph.nodes[user].op) for shape in shapes for user, slot in graph.users[shape]]
    for user, slot, op in takes:
        gradients = {user} if op in _GRADIENTS else set()
        if (op, slot) == ("Reshape", 1):
            gradients = {one for one, _ in graph.users[user]}
        elif op == "Squeeze" and list(Attributes(graph.nodes[user])["squeeze_dims"].list.i) == [1]:
            continue
        if not gradients or not all(_is_gradient(graph, one, row) for one in gradients):
            return None
        row.gradients.update(gradients)
    return row


def _goes_along_a_row(node):
    """Whether a pool, or its gradient, is of windows of one row, with each row by itself."""
    attributes = Attributes(node)
    known = attributes["data_format"].s == b"NHWC" and attributes["padding"].s in (b"SAME", b"VALID")
    lists = [list(attributes[key].list.i) for key in ("ksize", "strides")]
    return known and all(len(one) == 4 and (one[0], one[1], one[3]) == (1, 1, 1) for one in lists)


def _is_gradient(graph, name, row):
    """Whether an op is the gradient of a pool of an image of one row, made of three axes and made to be three axes.

    Its shapes are those of the `row`, or constants.
    """
    op, makers = graph.nodes[name].op, graph.inputs[name]
    if op not in _GRADIENTS or not _goes_along_a_row(graph.nodes[name]):
        return False
    (reshape, _), users = makers[_GRADIENTS[op]], graph.users[name]
    if graph.nodes[reshape].op != "Reshape" or list(graph.users[reshape]) != [(name, _GRADIENTS[op])]:
        return False
    arriving, index = graph.inputs[reshape][0]
    if len(graph.shapes[arriving][index] or ()) != 3:
        return False
    if not users or any((graph.nodes[user].op, slot) != ("Reshape", 0) for user, slot in users):
        return False
    if op == "MaxPoolGrad":
        known = makers[0] == (row.name, 0) and makers[1][0] in row.pools and makers[1][1] == 0
    else:
        known = _is_shape(graph, makers[0][0], {row.name})
    return known and _is_shape(graph, graph.inputs[reshape][1][0], row.pools)


def _is_shape(graph, name, images):
    """Whether a tensor is the shape of one of some images, or a constant that is the shape of an image of one row."""
    if graph.nodes[name].op == "Shape":
        return graph.inputs[name][0][0] in images
    constant = graph.constant(name) if graph.nodes[name].op == "Const" else None
    return constant is not None and constant.kind == "whole" and constant.shape == (4,) and constant.value[1] == 1


def _pooled(rewriter, name, node, operands):
    """A pool of such an image goes along its column."""
    if name not in rewriter.pools:
        return False
    attributes = _along_the_column(rewriter.graph, name)
    turned = v1.NodeDef.FromString(node.SerializeToString())
    for key in _LISTS:
        turned.attr[key].CopyFrom(v1.AttrValue.FromString(attributes[key]))
    static = rewriter.graph.shapes[name][0]
    derived = dimensions(node.op, [rewriter.normal.sizes(operands[0])], [None], Attributes(turned))
    _keep(rewriter, name, attributes, operands, refined(static and _of_column(static), derived[0]))
    return True


def _squeezed(rewriter, name, _node, operands):
    """What was pooled is no image any more."""
    if rewriter.graph.inputs[name][0][0] not in rewriter.pools:
        return False
    attributes, sizes = rewriter.graph.attributes(name), rewriter.normal.sizes(operands[0])
    attributes["squeeze_dims"] = _serialized([2])
    _keep(rewriter, name, attributes, operands, (*sizes[:2], sizes[3]))
    return True


def _reshaped(rewriter, name, node, operands):
    """The gradient for what was pooled becomes an image of one column."""
    (tensor, shape), normal = operands, rewriter.normal
    own = normal.sizes(tensor)
    if not any(_is_turned(rewriter, user) for user, _ in rewriter.graph.users[name]):
        return False
    if own is None or len(own) != 3 or not isinstance(shape, Literal):
        return False
    target = (*own[:2], 1, own[2])
    if reshaped(own, list(shape.value)) not in (target, (own[0], 1, *own[1:])):
        return False
    rewriter._Reshape(name, node, [tensor, shape._replace(value=tuple(with_rest(target)))])
    made = normal.made[name]
    made.steps.add(_RULE)
    normal.set_sizes(made, target)
    return True


def _is_turned(rewriter, name):
    """Whether an op is the gradient of a pool that goes along a column by now, or of one that is not known."""
    return name in rewriter.turned or (
        rewriter.graph.nodes[name].op == "AvgPoolGrad" and _is_gradient(rewriter.graph, name, _NONE)
    )


def _gradient(rewriter, name, _node, operands):
    """So is the gradient of a pool."""
    if not _is_turned(rewriter, name):
        return False
    first, *others = operands
    graph, sizes = rewriter.graph, rewriter.normal.sizes(first)
    if isinstance(first, Literal):
        if graph.nodes[graph.inputs[name][0][0]].op == "Const":
            first = first._replace(value=_of_column(first.value))
        sizes = first.value
    _keep(rewriter, name, _along_the_column(graph, name), [first, *others], sizes)
    return True


def _along_the_column(graph, name):
    """Return the attributes of a pool, or of its gradient, with the windows of a column."""
    attributes, node = graph.attributes(name), Attributes(graph.nodes[name])
    return {**attributes, **{key: _serialized(_of_column(list(node[key].list.i))) for key in _LISTS}}


def _of_column(sizes):
    return sizes[0], sizes[2], sizes[1], sizes[3]


def _serialized(numbers):
    return v1.AttrValue(list=v1.AttrValue.ListValue(i=numbers)).SerializeToString(deterministic=True)


def _keep(rewriter, name, attributes, operands, sizes):
    made = rewriter.normal.node(name, rewriter.graph.nodes[name].op, attributes, operands, None, {_RULE}, 1, [sizes])
    rewriter.normal.tensors[name, 0] = made, 0


RULES = {
    "ExpandDims": _expanded,
    **dict.fromkeys(_POOLS, _pooled),
    "Squeeze": _squeezed,
    "Reshape": _reshaped,
    **dict.fromkeys(_GRADIENTS, _gradient),
}

"""Rules for the gradients of sums over axes that are known when the program runs, as second derivatives have them.

The sum that undoes a broadcast is reshaped to the shape that was broadcast. Its gradient is reshaped to the sizes of
the sum with its dimensions kept, and spread. Those are the sizes of such a sum by now; they were made from the axes.
"""

from compat_v1.audit.graph import Attributes
from compat_v1.audit.literals import Literal, whole
from compat_v1.audit.operands import column, is_op, is_scalar, single
from compat_v1.audit.sizes import broadcast

KEPT = "kept sizes"  # an op of the normal form: the sizes of its first operand, 1 along the axes that are its second


def _of_kept_sum(rewriter, name, node, operands):
    """The sizes of a sum that keeps its dimensions."""
    (total,) = operands
    if not is_op(total, "Sum") or not keeps(rewriter.graph, rewriter.graph.inputs[name][0][0]):
        return False
    tensor, axes = total[0].inputs
    sizes = rewriter.normal.sizes(tensor)
    if sizes is None or isinstance(axes, Literal):
        return False
    sizes = whole(column(sizes), rewriter.dtype(name), (name,))
    rewriter.normal.keep(name, KEPT, [sizes, axes], {}, {"kept dimensions"}, [sizes.shape])
    return True


def _put_together(rewriter, name, node, operands):
    """The sizes of a tensor, of which some are replaced by 1."""
    if len(operands) != 4:
        return False
    places, axes, sizes, ones = operands
    one = ones[0].inputs[1] if is_op(ones, "Fill") else isinstance(ones, Literal) and single(ones)
    if not one or not is_scalar(one, 1) or not isinstance(sizes, Literal) or sizes.kind != "whole":
        return False
    rank = len(sizes.value)
    if not isinstance(places, Literal) or places.kind != "whole" or places.value != tuple(range(rank)):
        return False
    if not is_op(axes, "FloorMod") or not is_scalar(axes[0].inputs[1], rank) or not is_op(axes[0].inputs[0], "AddV2"):
        return False
    added, number = axes[0].inputs[0][0].inputs
    if isinstance(added, Literal) or not is_scalar(number, rank) or axes[0].inputs[0][0].controls or axes[0].controls:
        return False
    rewriter.normal.absorbed.update({axes[0], axes[0].inputs[0][0]})
    rewriter.normal.keep(name, KEPT, [sizes, added], {}, {"kept dimensions"}, [sizes.shape])
    return True


def _reshaped_twice(rewriter, name, node, operands):
    """The gradient of a sum is reshaped to the sizes of the sum before it is to those with its dimensions kept.

    These are written down if the sum is over what was broadcast: it has the shape of the operand that was.
    """
    tensor, kept = operands
    if not is_op(kept, KEPT):
        return False
    source = tensor
    if is_op(tensor, "Reshape") and not tensor[0].controls:
        before, sizes = tensor[0].inputs
        total = sizes[0].inputs[0] if is_op(sizes, "Shape") else None
        if is_op(total, "Sum") and total[0].inputs[1] == kept[0].inputs[1]:
            rewriter.normal.absorbed.update({tensor[0], sizes[0]})
            source = before
    written = before_broadcast(kept)
    if written and rewriter._Reshape(name, node, [source, written]):
        rewriter.normal.absorbed.add(kept[0])
        return True
    if source is tensor:
        return False
    rewriter.normal.keep(name, "Reshape", [source, kept], steps={"kept dimensions"})
    return True


def before_broadcast(kept):
    """Return the sizes that are kept as a literal, of a sum over the axes along which one of two shapes is spread."""
    sizes, axes = kept[0].inputs
    if not is_op(axes, "BroadcastGradientArgs"):
        return None
    if not all(isinstance(one, Literal) and one.kind == "whole" for one in (sizes, *axes[0].inputs)):
        return None
    rank = len(sizes.value)
    shapes = [(1,) * (rank - len(one.value)) + tuple(one.value) for one in axes[0].inputs]
    if any(len(one) != rank for one in shapes) or tuple(map(broadcast, *shapes)) != tuple(sizes.value):
        return None
    return sizes._replace(value=shapes[axes[1]])


def keeps(graph, name):
    """Whether a node is a sum that keeps its dimensions."""
    return graph.nodes[name].op == "Sum" and Attributes(graph.nodes[name])["keep_dims"].b


RULES = {"Shape": _of_kept_sum, "DynamicStitch": _put_together, "Reshape": _reshaped_twice}

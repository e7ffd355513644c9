"""Rules for the gradients of sums over axes that are known when the program runs, as second derivatives have them.

The sum that undoes a broadcast is reshaped to the shape that was broadcast. Its gradient is reshaped to the sizes of
the sum with its dimensions kept, and spread. Those are the sizes of such a sum by now; they were made from the axes.
"""

from compat_v1.audit.graph import Attributes
from compat_v1.audit.literals import Literal, whole
from compat_v1.audit.operands import column, is_op, is_scalar, single

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
    """The gradient of a sum is reshaped to the sizes of the sum before it is to those with its dimensions kept."""
    tensor, kept = operands
    if not is_op(kept, KEPT) or not is_op(tensor, "Reshape") or tensor[0].controls:
        return False
    source, sizes = tensor[0].inputs
    total = sizes[0].inputs[0] if is_op(sizes, "Shape") else None
    if not is_op(total, "Sum") or total[0].inputs[1] != kept[0].inputs[1]:
        return False
    rewriter.normal.absorbed.update({tensor[0], sizes[0]})
    rewriter.normal.keep(name, "Reshape", [source, kept], steps={"kept dimensions"})
    return True


def keeps(graph, name):
    """Whether a node is a sum that keeps its dimensions."""
    return graph.nodes[name].op == "Sum" and Attributes(graph.nodes[name])["keep_dims"].b


RULES = {"Shape": _of_kept_sum, "DynamicStitch": _put_together, "Reshape": _reshaped_twice}

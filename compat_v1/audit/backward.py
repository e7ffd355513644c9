"""Which nodes are computed from a gradient: as ops tell, how it is handed on, and the loops of a backward pass."""

import re

from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import entered, is_op, is_tensor, makers
from compat_v1.audit.rules.activations import SOFTPLUS

# Ops that only the gradients of others are made of.
_GRADIENT = re.compile(r"Grad(V\d)?$|BackpropFilter(V\d)?$|^TensorArrayGrad")
# And these, unless a program transposes a convolution by them.
_FOR_INPUT = {
    "Conv2DBackpropInput": "Conv2D",
    "Conv3DBackpropInputV2": "Conv3D",
    "DepthwiseConv2dNativeBackpropInput": "DepthwiseConv2dNative",
}
LOSSES = ("SoftmaxCrossEntropyWithLogits", "SparseSoftmaxCrossEntropyWithLogits")


def after_gradients(normal, members):
    """Return the nodes that are computed from a gradient, as ops tell or what a backward pass hands on in its loop.

    Such a loop pops what the loop before it kept, and no program writes into it; or it hands on gradients in groups.
    """
    pops = (node for node in normal.nodes if node.op == "StackPopV2")
    frames = {normal.graph.frames[node.name] for node in (*members.values(), *pops)} - {""}
    after, convolved, of_losses = set(), set(), logits(normal)
    for node in normal.nodes:
        if node.op in _FOR_INPUT.values():
            convolved.add((node.op, _filter(node)))
        left = node.op == "Exit" and any(normal.graph.frames.get(one.name) in frames for one in makers(node))
        own = left or node in members or _GRADIENT.search(node.op) or takes_loss_gradient(node, of_losses)
        own = own or is_of_one_number(normal, node) or node.op == "StackPopV2"
        own = own or (node.op == "Mul" and SOFTPLUS in node.steps)
        own = own or (node.op in _FOR_INPUT and (_FOR_INPUT[node.op], _filter(node)) in convolved)
        if own or any(one in after for one in makers(node)):
            after.add(node)
    return after


def _filter(node):
    """Return what a convolution, or its gradient for what is convolved, takes for its filter."""
    operand = entered(node.inputs[1])
    return operand.key if isinstance(operand, Literal) else operand


def takes_loss_gradient(node, logits):
    """Whether a node multiplies by a cross entropy's gradient, for the logits or, -log(softmax), for the labels."""
    if node.op != "Mul":
        return False
    for operand in node.inputs:
        if is_op(operand, *LOSSES) and operand[1] == 1:
            return True
        soft = of_rows(operand[0].inputs[0]) if is_op(operand, "Neg") else None
        if is_op(soft, "LogSoftmax") and of_rows(soft[0].inputs[0]) in logits:
            return True
    return False


def logits(normal):
    """Return the tensors that cross entropies are of."""
    return {of_rows(node.inputs[0]) for node in normal.nodes if node.op in LOSSES and is_tensor(node.inputs[0])}


def of_rows(operand):
    """Return what is reshaped, to rows or from them: see `rules/oldest_products.py`."""
    return operand[0].inputs[0] if is_op(operand, "Reshape") else operand


def leaves(node, logits):
    """Whether a node is the first of those that a gradient is computed by: behind a loss, or behind a loop."""
    return node.op == "Exit" or takes_loss_gradient(node, logits)


def is_of_one_number(normal, node):
    """Whether a node sums the gradient for one number that the gradient of a sum has spread over all elements."""
    return "spread: summed" in node.steps and gives_one(normal, node)


def gives_one(normal, node):
    sizes = normal.sizes((node, 0))
    return sizes is not None and set(sizes) <= {1}

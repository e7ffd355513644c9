"""Rules for what compiled models of `tf.keras` are made of: their losses, metrics and inputs."""

from compat_v1.audit.dimensions import reshaped
from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import is_op, is_scalar, single
from compat_v1.audit.pruning import redirect, users_of
from compat_v1.audit.sizes import covers

ONES = "weights of one: a tensor"
_WEIGHTS, _COUNTED, _CAST = "weights of one", "counted as a whole", "cast in Sequential"
_PENALIZED = "loss and penalties"


def _weighted(rewriter, name, node, operands):
    """What is multiplied by a tensor full of ones is multiplied by the number 1."""
    for place, tensor in enumerate(reversed(operands)):
        weights, sizes = operands[place], rewriter.normal.sizes(tensor)
        if isinstance(tensor, Literal) or not isinstance(weights, Literal) or weights.kind != "full":
            continue
        if not are_ones(weights) or sizes is None or not covers(sizes, weights.shape):
            continue
        inputs = list(operands)
        inputs[place] = single(weights)
        rewriter.normal.keep(name, node.op, inputs, steps={ONES}, sizes=[sizes])
        return True
    return False


def are_ones(literal):
    """Whether a literal is a tensor full of ones."""
    return literal.kind == "full" and literal.shape != () and is_scalar(single(literal), 1)


def _counted(rewriter, name, node, operands):
    """What is true is counted in one shape or another."""
    tensor, axes = operands
    if not is_op(tensor, "Reshape") or tensor[0].controls or "keep_dims" in rewriter.graph.attributes(name):
        return False
    source, sizes = tensor[0].inputs[0], rewriter.normal.sizes(tensor)
    known = None if isinstance(source, Literal) else rewriter.normal.sizes(source)
    if not known or sizes is None or not isinstance(axes, Literal) or axes.value != tuple(range(len(sizes))):
        return False
    if not is_op(source, "Cast") or _type_of_cast(rewriter, source[0]) != "bool" or not _may_be_as_many(known, sizes):
        return False
    rewriter.normal.absorbed.add(tensor[0])
    axes = axes._replace(shape=(len(known),), value=tuple(range(len(known))), form=0, leaves=())
    attributes = rewriter._without_index_types(name, [source, axes])
    rewriter.normal.keep(name, node.op, [source, axes], attributes, {_COUNTED}, [()])
    return True


def _may_be_as_many(sizes, others):
    """Whether there may be as many elements in both shapes, whatever else is fed: both know of the same numbers."""
    numbers = [sorted(size for size in some if isinstance(size, int) and size != 1) for some in (sizes, others)]
    return numbers[0] == numbers[1] or reshaped(sizes, [-1]) == reshaped(others, [-1])


def _cast(rewriter, name, _node, operands):
    """Whole numbers that a Sequential is given become floating-point numbers, and whole numbers again."""
    (tensor,) = operands
    if not is_op(tensor, "Cast") or tensor[0].controls or rewriter.graph.controls[name]:
        return False
    kinds = [_type_of_cast(rewriter, tensor[0]), rewriter.dtype(tensor[0].name), rewriter.dtype(name)]
    if kinds != ["int32", "float32", "int32"] or isinstance(tensor[0].inputs[0], Literal):
        return False
    source = tensor[0].inputs[0]
    source[0].steps.add(_CAST)
    rewriter.normal.absorbed.add(tensor[0])
    rewriter.normal.alias(name, source, _CAST)
    return True


def _type_of_cast(rewriter, node):
    """Return the type that a Cast takes, "" for one that a rule made."""
    definition = rewriter.graph.nodes.get(node.name)
    if definition is None or definition.op != "Cast":
        return ""
    return rewriter.dtype(*rewriter.graph.inputs[node.name][0])


def _penalized(rewriter, name, node, operands):
    """A loss and its penalties, two numbers, are summed as two or as many."""
    if len(operands) != 2 or any(isinstance(one, Literal) or rewriter.normal.sizes(one) != () for one in operands):
        return False
    factor, loss = operands[0][0].inputs if is_op(operands[0], "Mul") else (None, None)
    if not isinstance(factor, Literal) or not is_op(loss, "DivNoNan") or rewriter.dtype(name) != "float32":
        return False
    rewriter.normal.keep(name, "AddV2", operands, rewriter.graph.own_type(name), {_PENALIZED}, [()])
    return True


def _checked(rewriter, name, _node, _operands):
    """That weights fit was checked when the graph was built, and what waited for it waited for nothing."""
    if rewriter.graph.controls[name] or name not in rewriter.graph.awaited:
        return False
    rewriter.normal.hand_on(name, "nothing to wait for")
    return True


def finish(rewriter):
    """Let the gradient for weights of one, which nobody uses, be what it is for a tensor of them: not summed."""
    normal = rewriter.normal
    users: dict = {}
    has_ones = any(node.op == "Mul" and any(is_scalar(one, 1) for one in node.inputs) for node in normal.nodes)
    for node in normal.nodes if has_ones else ():
        if node.op != "Sum" or not is_op(node.inputs[0], "Mul"):
            continue
        users = users or users_of(normal)
        if not _is_of_one(node, users):
            continue
        product, using = node.inputs[0], users.get(node, ())
        if any(one.op != "NoOp" and (one.op != "Identity" or users.get(one)) for one in using):
            continue
        redirect(normal, {(node, 0): product})
        for one in using:
            one.controls = frozenset(product[0] if other is node else other for other in one.controls)
            if one.op == "Identity":
                normal.set_sizes(one, normal.sizes(product))
        product[0].steps.add(f"{_WEIGHTS}: summed")
        normal.absorbed.add(node)


def _is_of_one(total, users):
    """Whether a sum is over a loss times its gradient, both of which are multiplied by 1, and the loss then summed."""
    tensors = total.inputs[0][0].inputs
    if any(isinstance(one, Literal) for one in tensors):
        return False
    weighted = [[user for user in users[one[0]] if _is_times_one(user, one)] for one in tensors]
    return all(weighted) and any(taker.op == "Sum" for some in weighted for one in some for taker in users.get(one, ()))


def _is_times_one(node, operand):
    return node.op == "Mul" and operand in node.inputs and any(is_scalar(one, 1) for one in node.inputs)


RULES = {"AddN": _penalized, "Mul": _weighted, "Sum": _counted, "Cast": _cast, "NoOp": _checked}

"""tf.reduce_logsumexp, which kept the axes that it sums over until it had its result, and squeezes them first by now.

Everything is brought into the newer form, when the normal form of a graph is whole.
"""

from compat_v1.audit.graph import Attributes
from compat_v1.audit.literals import Literal, whole
from compat_v1.audit.operands import is_op, single, with_rest
from compat_v1.audit.patterns import make, match
from compat_v1.audit.pruning import arrange, surely_before, users_of
from compat_v1.audit.rules.models import ONES, are_ones

_RULE = "squeezed first"


def finish(normal):
    """Bring each sum of exponentials, and its gradient, into the newer form."""
    squeezed = [node for node in normal.nodes if node.op == "Squeeze" and is_op(node.inputs[0], "AddV2")]
    users = users_of(normal) if squeezed else {}
    for node in squeezed:
        found = {}
        pattern = ("AddV2", ("Log", ("Reshape", "total", "kept")), "largest")
        if match(node.inputs[0], pattern, found) and not any(one.controls for one in (node, *found["nodes"])):
            _squeeze(normal, node, found, users)
    if squeezed:
        arrange(normal)


def _squeeze(normal, node, found, users):
    total, largest, (added, logarithm, kept) = found["total"], found["largest"], found["nodes"]
    sizes, shape = normal.sizes(total), normal.sizes((kept, 0))
    if not is_op(total, "Sum") or not shape or normal.sizes(largest) != shape:
        return
    axes = {axis % len(shape) for axis in Attributes(normal.graph.nodes[node.name])["squeeze_dims"].list.i}
    if not axes and set(shape) == {1}:
        axes = set(range(len(shape)))  # what has one element is squeezed along each axis, if none is named
    if tuple(size for axis, size in enumerate(shape) if axis not in axes) != sizes:
        return
    is_shared = users[added] != {node} or users[logarithm] != {added}  # with one of which the axes are kept
    backward = [one for one in users[kept] if one is not logarithm]
    gradients = [_Gradient(normal, one, (kept, 0), users) for one in backward]
    fitting = [one for one in gradients if one.is_whole and normal.sizes(one.gradient) == sizes]
    if fitting != gradients and not is_shared:
        return
    target = whole(with_rest(sizes), "int32")
    flat = make(normal, kept, "Reshape", kept.attributes, [largest, target], sizes, _RULE)
    if is_shared:
        logarithm, _ = make(normal, logarithm, "Log", logarithm.attributes, [total], sizes, _RULE)
    else:
        logarithm.inputs = [total]
        normal.set_sizes(logarithm, sizes)
    node.op, node.attributes, node.inputs = "AddV2", added.attributes, [(logarithm, 0), flat]
    node.steps.add(_RULE)
    normal.set_sizes(node, sizes)
    for one in fitting:
        one.write(normal, total, found["kept"], shape, users)
    normal.absorbed |= {added, kept}


def _comes_behind(gradient, awaited):
    """Whether what a gradient is reshaped behind has run when it is made; for a constant one nothing may have to."""
    return awaited <= (frozenset() if isinstance(gradient, Literal) else surely_before(gradient[0]))


def _awaited(normal, gradient):
    """Return what waits for a gradient as such wait for."""
    if not isinstance(gradient, Literal):
        return {gradient[0]}
    return {normal.any_constant()} | {one for one in gradient.alive if one.op != "the loop"}


class _Gradient:
    """The gradient of the logarithm: a product by the reciprocal, of what was reshaped, and handed on if that is so.

    `user`: what takes what is `kept`; in a loop it pushes it, for the reciprocal.
    """

    def __init__(self, normal, user, kept, users):
        self.pops = [
            pop for pop, (one, push, _) in normal.kept.items() if one == kept and normal.made.get(push) is user
        ]
        inverse = user
        for pop in self.pops:
            kept = (pop, 0)
            taking = [one for one in users.get(pop, ()) if kept in one.inputs]
            inverse = taking[0] if len(taking) == 1 else user
        products = [one for one in users.get(inverse, ()) if one.op == "Mul" and one.inputs[1] == (inverse, 0)]
        self.inverse, self.product = inverse, products[0] if len(products) == 1 else None
        self.is_whole, self.handed = False, None
        if inverse.op != "Reciprocal" or users.get(inverse) != {self.product} or inverse.inputs != [kept]:
            return
        handed = self.product.inputs[0]
        if self.product.controls or not is_op(handed, "Identity", "Reshape") or handed[0] not in inverse.controls:
            return
        if handed[0].op == "Reshape":  # no group of gradients waits for each other
            self.reshaped, self.gradient = handed, handed[0].inputs[0]
            self.is_whole = _comes_behind(self.gradient, handed[0].controls)
            return
        self.handed, self.reshaped = handed[0], handed[0].inputs[0]
        if not is_op(self.reshaped, "Reshape"):
            return
        groups = [one for one in self.handed.controls if one.op == "NoOp" and self.reshaped[0] in one.controls]
        if len(groups) != 1 or not self.handed.controls <= groups[0].controls | {*groups}:
            return
        reshaped = self.reshaped[0]
        self.gradient, (self.group,) = reshaped.inputs[0], groups
        self.is_whole = _comes_behind(self.gradient, reshaped.controls) and users[self.group] == {self.handed}

    def write(self, normal, total, shape, kept, users):
        """Reshape the product, to a shape whose sizes are `kept`, instead of what it is of."""
        sizes = normal.sizes(total)
        reshape, own = self.reshaped[0], {self.inverse, self.product}
        if self.handed is None:
            self.inverse.controls = self.inverse.controls - {reshape} | _awaited(normal, self.gradient)
            self.product.inputs = [self.gradient, self.product.inputs[1]]
            if isinstance(self.gradient, Literal) and are_ones(self.gradient):
                self.product.inputs[0] = single(self.gradient)
                self.product.steps.add(ONES)
        else:
            own = {self.group, self.handed}
            self.group.controls = self.group.controls - {reshape} | _awaited(normal, self.gradient)
            self.handed.inputs = [self.gradient]
        for pop in self.pops:
            _, push, handles = normal.kept[pop]
            normal.kept[pop] = total, push, handles
            normal.made[push].inputs[1] = total
            for node in (normal.made[push], pop):
                normal.set_sizes(node, sizes)
        if not self.pops:
            self.inverse.inputs = [total]
        if users[reshape] == own:
            normal.absorbed.add(reshape)  # else something besides takes the same gradient in the same shape
        behind = make(normal, reshape, "Reshape", reshape.attributes, [(self.product, 0), shape], kept, _RULE)
        for user in users[self.product] - {behind[0]}:  # which a sum may have had for its own
            user.inputs = [behind if one == (self.product, 0) else one for one in user.inputs]
        others = [one for one in users.get(self.handed, ()) if one not in (self.inverse, self.product)]
        if others:  # the gradient of the largest exponent, which is stopped
            own = make(normal, reshape, "Reshape", reshape.attributes, [(self.handed, 0), shape], kept, _RULE)
            for user in others:
                user.inputs = [own if one == (self.handed, 0) else one for one in user.inputs]
        for node in (self.inverse, self.product, *([self.handed] if self.handed else ())):
            normal.set_sizes(node, sizes)

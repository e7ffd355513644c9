"""Rules for what the gradients of sums, broadcasts and losses are written with."""

from compat_v1.audit import rest
from compat_v1.audit.demands import Demand
from compat_v1.audit.dimensions import reshaped
from compat_v1.audit.graph import Attributes
from compat_v1.audit.literals import Literal, full, whole
from compat_v1.audit.operands import (
    axes_of,
    is_op,
    is_scalar,
    is_tensor,
    sends,
    single,
    times,
    with_rest,
    without_ones,
)
from compat_v1.audit.patterns import is_same
from compat_v1.audit.rules.kept import KEPT, before_broadcast, keeps
from compat_v1.audit.sizes import is_as_large

_LOSS = "SoftmaxCrossEntropyWithLogits"
_RESHAPING, _MEASURING = ("Reshape", 0), ("Shape", 0)
_FIRST = "negated first"
_HANDING_ON = ("Reshape", "StopGradient", "Cast")  # what labels pass through on the way to a cross entropy


class GradientRules:
    """Rules by op, for a `Rewriter`: each takes a node over in its one form, and says whether it did."""

    def _Sum(self, name, node, operands):
        """The sum that undoes a broadcast is reshaped right after: dimensions kept or not make no difference."""
        tensor, axes = operands
        if isinstance(axes, Literal) and axes.kind == "whole" and not axes.value:
            self.normal.alias(name, tensor, "static broadcast")
            return True
        if self._untiled(name, node, operands):
            return True
        negation = self._negated_after(name)
        if negation and not self._only_reshaped(negation) and not self._is_reshaped_first(name):
            negated = self._negated(negation, tensor, self.normal.sizes(tensor))  # its sizes count, as they are
            return self._plain_sum(name, node, [negated, axes]) or self._plain(name, node, [negated, axes])
        is_reshaped = negation or self._only_reshaped(name)
        spread = None  # what is negated first is negated behind the axes that a Reshape put in
        if not negation and (is_reshaped or not Attributes(node)["keep_dims"].b):
            spread = self._between_axes(operands)
        if not is_reshaped:
            return self._sum_between(name, operands, *spread) if spread else self._plain_sum(name, node, operands)
        tensor, axes = spread or operands
        shape = self.normal.sizes(tensor)
        summed = axes_of(axes, shape)
        if summed is None:
            attributes = self.graph.attributes(name)
            steps = {"kept dimensions"} if attributes.pop("keep_dims", None) else set()
            tensor = self._negated(negation, tensor, shape) if negation else tensor
            self.normal.keep(name, "Sum", [tensor, axes], attributes, steps, [None])
            return True
        left = [axis for axis in summed if shape[axis] != 1]
        steps = {"static broadcast"} if "BroadcastGradientArgs" in axes.ops else set()
        steps |= {"kept dimensions"} if Attributes(node)["keep_dims"].b else set()
        steps |= {"spread: summed"} if spread else set()
        if negation:
            tensor = self._negated(negation, tensor, shape)
        if not left:
            self.normal.alias(name, tensor, "static broadcast")
            return True
        attributes = self._without_index_types(name, [axes])
        attributes.pop("keep_dims", None)
        axes = axes._replace(shape=(len(left),), value=tuple(left))
        sizes_left = tuple(size for axis, size in enumerate(shape) if axis not in left)
        self.normal.keep(name, "Sum", [tensor, axes], attributes, steps, [sizes_left])
        return True

    def _plain_sum(self, name, node, operands):
        """A sum that keeps its dimensions is a sum, reshaped; and so is one over axes of one element, copied."""
        tensor, axes = operands
        shape = None if tensor is None else self.normal.sizes(tensor)
        summed = axes_of(axes, shape)
        if summed is None:
            return False
        left = [axis for axis in summed if shape[axis] != 1] or summed
        attributes = self._without_index_types(name, [axes])
        keeps = attributes.pop("keep_dims", None)
        if keeps and all(shape[axis] == 1 for axis in summed) and self._is_of_softmax(name, tensor):
            self.normal.alias(name, tensor, "kept dimensions")
            return True
        axes = axes._replace(shape=(len(left),), value=tuple(left))
        total = tuple(size for axis, size in enumerate(shape) if axis not in left)
        made = self.normal.keep(name, "Sum", [tensor, axes], attributes, sizes=[total])
        if keeps or left != summed:
            kept = tuple(
                1 if axis in summed else size for axis, size in enumerate(shape) if keeps or axis not in summed
            )
            types = {"T": attributes["T"]} if "T" in attributes else {}
            target = whole(with_rest(kept), "int32")
            node = self.normal.node(name, "Reshape", types, [(made, 0), target], set(), sizes=[kept])
            node.steps.add("kept dimensions")
            self.normal.tensors[name, 0] = (node, 0)
            self.normal.made[name] = made  # which what waits for the sum waits for
        return True

    def _is_of_softmax(self, name, tensor):
        """Whether a sum is that of the gradient of a softmax: of one column, it was left out where it was reshaped."""
        of_softmax = is_op(tensor, "Mul") and any(is_op(self.normal.pushed(one), "Softmax") for one in tensor[0].inputs)
        return of_softmax and self._uses(name) == {("Sub", 1)}

    def _untiled(self, name, node, operands):
        """A sum over axes of one element that a reshape put in: the gradient of a tile by ones.

        What the reshape waits for, as a gradient of a gradient does for that, its users wait for instead.
        """
        tensor, axes = operands
        if not is_op(tensor, "Reshape") or Attributes(node)["keep_dims"].b:
            return False
        source, shape = tensor[0].inputs[0], self.normal.sizes(tensor)
        summed = axes_of(axes, shape)
        if isinstance(source, Literal) or summed is None:
            return False
        left = tuple(size for axis, size in enumerate(shape) if axis not in summed)
        if not is_as_large(self.normal.sizes(source), left) or any(shape[axis] != 1 for axis in summed):
            return False
        self.normal.absorbed.add(tensor[0])
        self.normal.alias(name, source, "own shape")
        return True

    def _between_axes(self, operands):
        """Return what a Reshape puts axes of one element into, and which of its own axes a Sum is over, or None.

        The gradient of a tile, by as much as some axes have, puts an axis beside each; that of a broadcast does not.
        """
        tensor, axes = operands
        if not is_op(tensor, "Reshape"):
            return None
        source = tensor[0].inputs[0]
        own, shape = self.normal.sizes(source), self.normal.sizes(tensor)
        summed = axes_of(axes, shape)
        if isinstance(source, Literal) or own is None or summed is None or without_ones(own) != without_ones(shape):
            return None
        places, others = ([axis for axis, size in enumerate(sizes) if size != 1] for sizes in (own, shape))
        left = tuple(place for place, axis in zip(places, others, strict=True) if axis in summed)
        if not left:
            return None
        self.normal.absorbed.add(tensor[0])
        return source, axes._replace(shape=(len(left),), value=left)

    def _sum_between(self, name, operands, source, axes):
        """Such a sum of the tensor itself, with the axes of one element that are left of those put in."""
        shape = self.normal.sizes(operands[0])
        summed = axes_of(operands[1], shape)
        total = tuple(size for axis, size in enumerate(self.normal.sizes(source)) if axis not in axes.value)
        left = tuple(size for axis, size in enumerate(shape) if axis not in summed)
        attributes = self._without_index_types(name, [axes])
        made = self.normal.keep(name, "Sum", [source, axes], attributes, {"spread: summed"}, [total])
        if left != total:
            target = whole(with_rest(left), "int32")
            types = self.graph.own_type(name)
            node = self.normal.node(name, "Reshape", types, [(made, 0), target], set(), sizes=[left])
            node.steps.add("kept dimensions")
            self.normal.tensors[name, 0] = (node, 0)
        return True

    def _StopGradient(self, name, node, operands):
        """The labels of a cross entropy are guarded from gradients, for which the rest of the graph has none anyway."""
        if operands[0] is None or not self._are_labels(name):
            return False
        self.normal.alias(name, operands[0], "labels without gradient")
        return True

    def _are_labels(self, name):
        """Whether only a cross entropy takes a tensor, handed on or not, and whoever asks for its sizes."""
        todo = [name]
        while todo:
            users = [(self.graph.nodes[user].op, slot, user) for user, slot in self.graph.users[todo.pop()]]
            taking = [one for one in users if one[0] not in ("Shape", "Rank")]
            if not taking or any(op not in _HANDING_ON and (op, slot) != (_LOSS, 1) for op, slot, _ in taking):
                return False
            todo += [user for op, _, user in taking if op != _LOSS]
        return True

    def _negated(self, negation, tensor, shape):
        sizes_of_it = None if shape is None else [shape]
        attributes = self.graph.attributes(negation)
        return self.normal.node(negation, "Neg", attributes, [tensor], set(), {_FIRST}, sizes=sizes_of_it), 0

    def _only_reshaped(self, name):
        users = self._uses(name)
        if _RESHAPING in users and self._is_over_tensor(name):  # the sizes of a sum over such axes are known otherwise
            users = users - {_MEASURING}
        return users == {_RESHAPING}

    def _uses(self, name):
        return {(self.graph.nodes[user].op, slot) for user, slot in self.graph.users[name]}

    def _is_over_tensor(self, name):
        """Whether a sum that keeps its dimensions, of a tensor of known rank, is over axes that are a tensor."""
        if not keeps(self.graph, name):
            return False
        tensor, axes = self.normal.operands(name)
        known = tensor is not None and self.normal.sizes(tensor) is not None
        return known and axes is not None and not isinstance(axes, Literal)

    def _negated_after(self, name):
        """Return the Neg that alone uses a Sum and is only reshaped, or alone uses the Reshape that does, or None.

        A second gradient asks for the sizes of what is reshaped.
        """
        negation = self._alone(self._alone(name) if self._is_reshaped_first(name) else name)
        while negation is not None and self.graph.nodes[negation].op == "Sum":
            negation = self._alone(negation)
        if negation is None or self.graph.nodes[negation].op != "Neg" or negation in self.normal.made:
            return None
        uses = self._uses(negation)
        is_handed_on = self._is_reshaped_first(name) or _RESHAPING in uses <= {_RESHAPING, _MEASURING}
        return negation if is_handed_on else None

    def _is_reshaped_first(self, name):
        user = self._alone(name)
        return user is not None and self.graph.nodes[user].op == "Reshape"

    def _alone(self, name):
        """Return what alone uses a node, as its first input, but for a gradient that is made for nobody, or None."""
        users = self.graph.users[name]
        if len(users) > 1:
            users = [one for one in users if not self._is_for_nobody(*one)]
        (user, slot), *others = users or [(None, 0)]
        return None if others or slot else user

    def _is_for_nobody(self, name, slot):
        """Whether a node is the sum of a gradient for an operand as large that has none asked for."""
        if self.graph.nodes[name].op != "Sum" or slot or len(self.graph.users[name]) != 1:
            return False
        maker, index = self.graph.inputs[name][0]
        (total,), shape = self.graph.shapes[name], self.graph.shapes[maker][index]
        if total is None or total != shape or None in shape:
            return False
        ((reshape, place),) = self.graph.users[name]
        return (self.graph.nodes[reshape].op, place) == _RESHAPING and not self.graph.followers[reshape]

    def _Neg(self, name, node, operands):
        if name not in self.normal.made and not self._is_spread(name, operands[0]):
            return False
        self.normal.alias(name, operands[0], _FIRST)
        return True

    def _is_spread(self, negation, tensor):
        """Whether a Neg, of what got the sizes of a Neg that comes first by now, is all that is spread: it is last."""
        reshape, user = self.graph.inputs[negation][0][0], self._alone(negation)
        while user is not None and self.graph.nodes[user].op == "Reshape":
            user = self._alone(user)
        if user is None or self.graph.nodes[user].op != "Tile":
            return False
        if isinstance(tensor, Literal) or self.normal.controls(negation) or self.graph.nodes[reshape].op != "Reshape":
            return False
        measure = self.graph.inputs[reshape][1][0]
        measured = self.graph.inputs[measure][0][0] if self.graph.nodes[measure].op == "Shape" else None
        if self.normal.consumed.get(measured) != _FIRST:
            return False
        self.negated[user] = negation
        return True

    def negate(self, name):
        """Negate what a Tile gives, and not what it is given."""
        spread = self.normal.tensors[name, 0]
        self.normal.tensors[name, 0] = self._negated(self.negated[name], spread, self.normal.sizes(spread))

    def _PreventGradient(self, name, node, operands):
        """The second output of a cross entropy, also one of a loop, is its gradient, which has none of its own.

        So it is where it is sent into a branch, in which the gradient is made.
        """
        (tensor,) = operands
        losses = ("SparseSoftmaxCrossEntropyWithLogits", "SoftmaxCrossEntropyWithLogits")
        made = self.normal.pushed(tensor)
        made = made[0].inputs[0] if is_tensor(made) and sends(made[0]) else made
        if not is_op(made, *losses) or made[1] != 1:
            return False
        self.normal.alias(name, tensor, "second derivative")
        return True

    def _Tile(self, name, node, operands):
        """A gradient is spread over what was summed: by Tile, or by BroadcastTo."""
        tensor, multiples = operands
        shape = self.normal.sizes(tensor)
        if shape is None or not isinstance(multiples, Literal) or multiples.array() is None:
            target = self._kept_from(tensor, multiples)
            if isinstance(target, Literal) and target.array() is not None:
                return self.spread(name, tensor, target.array().tolist(), target)
            if target is not None:
                self.normal.keep(name, "BroadcastTo", [tensor, target], self._as_broadcast(name), {"spread: tiled"})
            return target is not None
        factors = multiples.array().tolist()
        if len(shape) != len(factors):
            return False
        if any(size != 1 and factor != 1 for size, factor in zip(shape, factors, strict=True)):
            return False
        return self.spread(name, tensor, [times(*pair) for pair in zip(shape, factors, strict=True)], multiples)

    def _kept_from(self, tensor, multiples):
        """Return the shape S, if what has the shape K is tiled by S // max(K, 1) and K is S with 1 along some axes."""
        if not is_op(multiples, "FloorDiv"):
            return None
        shape, divisor = multiples[0].inputs
        if not is_op(divisor, "Maximum") or not is_scalar(divisor[0].inputs[1], 1):
            return None
        kept = divisor[0].inputs[0]
        written = before_broadcast(kept) if is_op(kept, KEPT) else None
        is_kept = is_op(tensor, "Reshape") and tensor[0].inputs[1] == kept
        if not is_kept and (not written or self.normal.sizes(tensor) != tuple(written.value)):
            return None
        if is_op(kept, KEPT) and is_same(kept[0].inputs[0], shape):
            self.normal.absorbed.update({multiples[0], divisor[0]})
            return shape
        if not is_op(kept, "DynamicStitch") or len(kept[0].inputs) != 4 or kept[0].inputs[2] != shape:
            return None
        ones = kept[0].inputs[3]
        of_one = ones[0].inputs[1] if is_op(ones, "Fill") else isinstance(ones, Literal) and single(ones)
        if not of_one or not is_scalar(of_one, 1):
            return None
        self.normal.absorbed.update({multiples[0], divisor[0]})
        return shape

    def _as_broadcast(self, name):
        attributes = self.graph.attributes(name)
        index_type = attributes.pop("Tmultiples", None)
        return {**attributes, **({"Tidx": index_type} if index_type else {})}

    def _BroadcastTo(self, name, node, operands):
        tensor, shape = operands
        if not isinstance(shape, Literal) or shape.array() is None:
            return False
        return self.spread(name, tensor, shape.array().tolist(), shape)

    def spread(self, name, tensor, target, written):
        """Spread a tensor over a shape, of which the literal is `written`."""
        if tuple(target) == self.normal.sizes(tensor) and not isinstance(tensor, Literal):
            self.normal.alias(name, tensor, "own shape")
            return True
        shape = written._replace(shape=(len(target),), value=tuple(target))
        if isinstance(tensor, Literal) and tensor.kind in ("data", "full", "whole"):
            scalar = single(tensor)
            spread = scalar and full(target, scalar, tensor.names, tensor.ops, tensor.alive | written.alive)
            if spread:
                self.normal.alias(name, spread, "spread")
                return True
        attributes = self._without_index_types(name, [shape])
        steps = {"spread: tiled"} if self.graph.nodes[name].op == "Tile" else set()
        self.normal.keep(name, "BroadcastTo", [tensor, shape], attributes, steps)
        return True

    def _Reshape(self, name, node, operands):
        tensor, shape = operands
        if not isinstance(shape, Literal) or shape.array() is None or tensor is None:
            return False
        own = self.normal.sizes(tensor)
        target = reshaped(own, shape.array().reshape(-1).tolist())
        if target is None:
            return False
        # One unknown size is what the others leave of the elements, -1: any other could not be reshaped to.
        written = with_rest(target)
        if -1 in written and -1 not in shape.value:
            self.normal.rests[name] = target[written.index(-1)]
        is_own = own is not None and (own == target or own == reshaped(own, written))
        if is_own and not isinstance(tensor, Literal):
            self._demand(name, own, target, shape)
            self.normal.alias(name, tensor, "own shape")
            return True
        if self._is_beside_scalar(name, own, target):
            self.normal.alias(name, tensor, "static broadcast")
            return True
        is_told = rest.is_of_summed_rows(own, target)
        if is_told:
            self.normal.rests[name] = target[0]
        if is_told or rest.is_for_factor(self.normal, tensor, target):
            self.normal.alias(name, tensor, "own shape")
            return True
        if self._is_reshaped_back(name, tensor, target):
            self.normal.absorbed.add(tensor[0])
            self.normal.alias(name, tensor[0].inputs[0], "own shape")
            return True
        steps = set()
        if self._differs_in_ones(tensor, target):
            self.normal.absorbed.add(tensor[0])
            if self.normal.rests.get(name) in own:  # a size of what is left out
                del self.normal.rests[name]
            tensor, steps = tensor[0].inputs[0], {"kept dimensions"}
            if self.normal.sizes(tensor) == target:
                self.normal.alias(name, tensor, "own shape")
                return True
        self._demand(name, own, target, shape)
        shape = shape._replace(shape=(len(written),), value=tuple(written))
        attributes = self._without_index_types(name, [shape])
        self.normal.keep(name, "Reshape", [tensor, shape], attributes, steps, [target])
        return True

    def _demand(self, name, own, target, shape):
        """Note the size that a Reshape asks for, where no -1 leaves it open, and that which is there."""
        if own == target or -1 in shape.value:
            return
        written = with_rest(target)
        found = reshaped(own, written) if -1 in written else own
        if found is None or len(found) != len(target):
            return
        different = [pair for pair in zip(target, found, strict=True) if pair[0] != pair[1]]
        if len(different) == 1:
            self.normal.demands.append(Demand(name, different[0], -1 in written, "Pack" in shape.ops))

    def _is_beside_scalar(self, name, own, target):
        """Whether a gradient gets the sizes of what was computed beside a scalar: its own, as nothing else is spread.

        They are not known to be its own behind a loop, as of what a `map_fn` takes, where more than one is unknown.
        """
        if own is not None and (len(own) != len(target) or any(map(_are_other_numbers, own, target))):
            return False
        (total, _), shape = self.graph.inputs[name][:2]
        if self.graph.nodes[total].op != "Sum" or self.normal.controls(name) or self.normal.controls(total):
            return False
        broadcast, index = self.graph.inputs[total][1]
        if self.graph.nodes[broadcast].op != "BroadcastGradientArgs":
            return False
        other = self.normal.operands(broadcast)[1 - index]
        return self.graph.inputs[broadcast][index] == shape and isinstance(other, Literal) and other.shape == (0,)

    def _differs_in_ones(self, tensor, target):
        """Whether what a Reshape gives is reshaped once more, and all that comes and goes are axes of one element.

        The gradient of a gradient puts them back that a sum has left out, where it has not kept them.
        """
        if not is_op(tensor, "Reshape") or tensor[0].controls:
            return False
        shapes = [self.normal.sizes(one) for one in (tensor[0].inputs[0], tensor)]
        return None not in shapes and all(without_ones(one) == without_ones(target) for one in shapes)

    def _is_reshaped_back(self, name, tensor, target):
        """Whether a Reshape gives what was reshaped before its shape back: one of numbers, which both graphs know."""
        if not is_op(tensor, "Reshape") or not all(isinstance(size, int) for size in target):
            return False
        source = tensor[0].inputs[0]
        if isinstance(source, Literal) or self.normal.sizes(source) != target:
            return False
        users = [self.graph.nodes[user].op for user, _ in self.graph.users[name]]
        if len(target) == 2 and ("Softmax" in users or "LogSoftmax" in users):
            return False  # TensorFlow 1.0 made rows for it, see `oldest_products.py`
        return tensor[0].controls <= self.normal.controls(name)


def _are_other_numbers(size, other):
    return isinstance(size, int) and size != other

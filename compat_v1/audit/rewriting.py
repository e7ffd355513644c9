"""The rules that bring a graph into its normal form: each recognizes one way of writing something, checked in full.

A rule looks at ops, attributes, inputs and constants, never at names. Where anything of its pattern is otherwise, it
does not apply and the nodes stay as they are. `drift.py` says of each what changed, since when, and why it is harmless.
"""

import numpy as np
import tensorflow as tf

from compat_v1.audit import dropout, sizes
from compat_v1.audit.dimensions import reshaped
from compat_v1.audit.literals import Literal, full, whole

_WHOLE = ("int32", "int64", "bool", "int8", "uint8", "int16")
# Attributes that say in which type of whole numbers an operand is written, for operands that are literals.
_INDEX_TYPES = ("Tidx", "Tshape", "Tmultiples", "Tperm", "Tdim", "Tpaddings", "Taxis", "index_type", "Index", "Tlen")


_RESOURCE = tf.compat.v1.AttrValue(type=tf.resource.as_datatype_enum).SerializeToString(deterministic=True)
_MOST_LEAVES = 64
_NOTES_ON_PRODUCTS = ("grad_a", "grad_b", "grad_x", "grad_y")


def _is_scalar(operand, value):
    """Whether an operand is the number `value`, as a scalar of any type."""
    if not isinstance(operand, Literal) or operand.shape != ():
        return False
    if operand.kind == "whole":
        return operand.value == (value,)
    return operand.kind == "data" and operand.key == number(value, operand.dtype).key


def number(value, dtype):
    """Return a scalar literal."""
    if dtype in _WHOLE:
        return whole(value, dtype)
    return Literal("data", dtype, (), np.array(value, tf.dtypes.as_dtype(dtype).as_numpy_dtype).tobytes())


class Rewriter:
    """The rules, applied to the nodes of one graph as its normal form grows."""

    def __init__(self, normal):
        self.normal = normal
        self.graph = normal.graph
        self._empty = []  # stacks that nothing is kept on any more

    def finish(self):
        """Let go of what only served what the rules replaced."""
        for stack in self._empty:
            self.normal.absorbed.update(self._handles(stack))

    def dtype(self, name, index=0):
        """Return the type of a node's output by its name, as "float32", or "" if the op does not tell."""
        node, definition = self.graph.nodes[name], self.graph.op_def(name)
        if definition is None or not definition.output_arg:
            return ""
        argument = definition.output_arg[min(index, len(definition.output_arg) - 1)]
        number_of = argument.type
        if argument.type_attr:
            default = next(one.default_value.type for one in definition.attr if one.name == argument.type_attr)
            number_of = node.attr[argument.type_attr].type if argument.type_attr in node.attr else default
        return tf.dtypes.as_dtype(number_of).base_dtype.name if number_of else ""

    # Literals.

    def computed(self, name, node, operands):
        """Return a node's outputs as literals where they depend on sizes alone, a list (None: does not), or None."""
        if any(one is None for one in operands):
            return None
        names = (name, *(one for operand in operands if isinstance(operand, Literal) for one in operand.names[:1]))
        ops = frozenset([node.op]).union(*(one.ops for one in operands if isinstance(one, Literal)))
        alive = frozenset().union(*(self._alive(one) for one in operands)) if operands else frozenset()
        if node.op in ("Shape", "ShapeN", "Size", "Rank"):
            outputs = self._of_shape(node.op, operands)
        elif node.op == "Fill":
            return [self._filled(operands, names, ops, alive)]
        elif node.op in ("ZerosLike", "OnesLike") and self._is_number(self.dtype(name)):
            shape = self.normal.sizes(operands[0])
            value = number(0 if node.op == "ZerosLike" else 1, self.dtype(name))
            return None if shape is None else [full(shape, value, names, ops, alive)]
        elif node.op == "Cast" and self.dtype(name) in ("int32", "int64"):
            operand = operands[0]
            fits = isinstance(operand, Literal) and operand.kind == "whole" and operand.dtype in ("int32", "int64")
            outputs = [operand.array()] if fits else None
        elif node.op == "TensorArraySizeV3":
            return self._size_of_array(operands, names, alive)
        elif node.op == "StackPop" or node.op == "StackPopV2":
            return self._popped(name)
        elif self.dtype(name) in _WHOLE:
            outputs = self.normal.fold(node, operands)
        else:
            return None
        if outputs is None:
            return None
        found = []
        leaves = tuple(leaf for one in operands for leaf in _leaves(one))[:_MOST_LEAVES]
        for index, output in enumerate(outputs):
            usable = output is not None and _in_range(output, self.dtype(name, index))
            literal = whole(output, self.dtype(name, index), names, ops, alive) if usable else None
            form = hash((node.op, index, *(one.form if isinstance(one, Literal) else 1 for one in operands)))
            found.append(literal and literal._replace(form=form, leaves=leaves))
        return found

    def _of_shape(self, op, operands):
        outputs = []
        for operand in operands:
            shape = self.normal.sizes(operand)
            if shape is None:
                outputs.append(None)
            elif op == "Rank":
                outputs.append(len(shape))
            elif op == "Size":
                total = 1
                for size in shape:
                    total = _times(total, size)
                outputs.append(total)
            else:
                outputs.append(_column(shape))
        return [None if output is None else _objects(output) for output in outputs]

    def _filled(self, operands, names, ops, alive):
        shape, value = operands
        if not isinstance(shape, Literal) or not isinstance(value, Literal) or value.shape != ():
            return None
        sizes = shape.array()
        return None if sizes is None else full(sizes.tolist(), value, names, ops, alive)

    def _size_of_array(self, operands, names, alive):
        """A TensorArray that does not grow has the size that it was made with."""
        array = operands[0]
        while _is_op(array, "Enter") or _is_op(array, "Identity"):
            array = array[0].inputs[0]
        if not _is_op(array, "TensorArrayV3") or "dynamic_size" in array[0].attributes:
            return None
        size = array[0].inputs[0]
        if not isinstance(size, Literal):
            return None
        return [size._replace(names=names, ops=size.ops | {"TensorArraySizeV3"}, alive=alive)]

    def _popped(self, name):
        """What is popped is what was pushed: a literal, if one push gives the stack its only value."""
        pushes = next((pushes for pushes, pops in self.stacks().values() if name in pops), [])
        if len(pushes) != 1 or len(self.graph.inputs[pushes[0]]) < 2:
            return None
        value = self.normal.tensors.get(self.graph.inputs[pushes[0]][1])
        if not isinstance(value, Literal) or not _is_followed(value):
            return None
        return [value._replace(alive=self.normal.alive(name), ops=value.ops | {"StackPop"})]

    def stacks(self):
        if not hasattr(self, "_stacks"):
            self._stacks = self.graph.stacks()
        return self._stacks

    def _is_number(self, dtype):
        return dtype.startswith(("float", "int", "uint", "bfloat"))

    def _alive(self, operand):
        if isinstance(operand, Literal):
            return operand.alive
        return self.normal.alive(operand[0].name)

    # Nodes.

    def rewrite(self, name, node, operands):
        """Take a node into the normal form by the rule for its op; say whether one applied."""
        rule = getattr(self, f"_{node.op}", None)
        return bool(rule and rule(name, node, operands)) or self._plain(name, node, operands)

    def _without_index_types(self, name, operands):
        """Return a node's attributes without those that only say how its literal operands are written."""
        attributes = self.normal.attributes(name)
        if any(isinstance(one, Literal) and one.kind == "whole" for one in operands):
            for key in _INDEX_TYPES:
                attributes.pop(key, None)
        return attributes

    def _Add(self, name, node, operands):
        if self.dtype(name) == "string":
            return False
        if self._AddV2(name, node, operands):
            return True
        self.normal.keep(name, "AddV2", operands, steps={"AddV2"})
        return True

    def _Div(self, name, node, operands):
        if not self.dtype(name).startswith(("float", "bfloat")):
            return False
        self.normal.keep(name, "RealDiv", operands, steps={"division"})
        return True

    def _unit_interval(self, name, operands):
        """u * w + 0 is u * w, for u from RandomUniform."""
        product, low = operands
        if _is_scalar(low, 0) and self._is_drawn(product):
            self.normal.alias(name, product, "unit interval")
            return True
        return False

    def _is_drawn(self, operand):
        """Whether a tensor is drawn by RandomUniform, or is a multiple of that: it is never -0."""
        if _is_op(operand, "Mul"):
            return any(_is_op(one, "RandomUniform") for one in operand[0].inputs)
        return _is_op(operand, "RandomUniform")

    def _Sub(self, name, node, operands):
        """w - 0 is w, for constants."""
        high, low = operands
        if not (isinstance(high, Literal) and _is_scalar(low, 0) and high.kind == "data" and high.shape == ()):
            return False
        self.normal.alias(name, high._replace(alive=high.alive | low.alive, names=(name, *high.names)), "unit interval")
        return True

    def _Mul(self, name, node, operands):
        """u * 1 is u, for u from RandomUniform."""
        for drawn, one in (operands, operands[::-1]):
            if _is_op(drawn, "RandomUniform") and _is_scalar(one, 1):
                self.normal.alias(name, drawn, "unit interval")
                return True
        return dropout.masked(self.normal, name, operands) or self._RealDiv(name, node, operands)

    def _RealDiv(self, name, node, operands):
        return dropout.scaled(self.normal, name, operands)

    def _Sum(self, name, node, operands):
        """The sum that undoes a broadcast is reshaped right after: dimensions kept or not make no difference."""
        tensor, axes = operands
        negation = self._negated_after(name)
        if not (negation or self._only_reshaped(name)):
            return self._plain_sum(name, node, operands)
        shape = self.normal.sizes(tensor)
        if shape is None or not isinstance(axes, Literal) or axes.array() is None:
            attributes = self.normal.attributes(name)
            steps = {"kept dimensions"} if attributes.pop("keep_dims", None) else set()
            tensor = self._negated(negation, tensor, shape) if negation else tensor
            self.normal.keep(name, "Sum", [tensor, axes], attributes, steps, [None])
            return True
        left = sorted({axis % max(len(shape), 1) for axis in axes.array().reshape(-1).tolist()})
        left = [axis for axis in left if shape[axis] != 1]
        steps = {"kept dimensions"} if node.attr["keep_dims"].b else set()
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
        """A sum that keeps its dimensions is a sum, reshaped."""
        tensor, axes = operands
        shape = None if tensor is None else self.normal.sizes(tensor)
        if shape is None or not isinstance(axes, Literal) or axes.array() is None:
            return False
        left = sorted({axis % max(len(shape), 1) for axis in axes.array().reshape(-1).tolist()})
        axes = axes._replace(shape=(len(left),), value=tuple(left))
        attributes = self._without_index_types(name, [axes])
        keeps = attributes.pop("keep_dims", None)
        summed = tuple(size for axis, size in enumerate(shape) if axis not in left)
        total = self.normal.keep(name, "Sum", [tensor, axes], attributes, sizes=[summed])
        if keeps:
            kept = tuple(1 if axis in left else size for axis, size in enumerate(shape))
            unknown = [axis for axis, size in enumerate(kept) if not isinstance(size, int)]
            written = [-1 if unknown == [axis] else size for axis, size in enumerate(kept)]
            types = {"T": attributes["T"]} if "T" in attributes else {}
            target = whole(written, "int32")
            node = self.normal.node(name, "Reshape", types, [(total, 0), target], set(), sizes=[kept])
            node.steps.add("kept dimensions")
            self.normal.tensors[name, 0] = (node, 0)
        return True

    def _StopGradient(self, name, node, operands):
        """The labels of a cross entropy are guarded from gradients, for which the rest of the graph has none anyway."""
        guarded = ("SoftmaxCrossEntropyWithLogits", "Reshape", "Shape", "Rank")
        users = self.graph.users[name]
        if not users or operands[0] is None or any(self.graph.nodes[user].op not in guarded for user, _ in users):
            return False
        self.normal.alias(name, operands[0], "labels without gradient")
        return True

    def _negated(self, negation, tensor, shape):
        sizes_of_it = None if shape is None else [shape]
        attributes = self.normal.attributes(negation)
        return self.normal.node(negation, "Neg", attributes, [tensor], set(), {"negated first"}, sizes=sizes_of_it), 0

    def _only_reshaped(self, name):
        users = self.graph.users[name]
        return bool(users) and all(self.graph.nodes[user].op == "Reshape" and slot == 0 for user, slot in users)

    def _negated_after(self, name):
        """Return the Neg that alone uses a Sum and is only reshaped, or alone uses the Reshape that does, or None."""
        (user, slot), *others = self.graph.users[name] or [(None, 0)]
        if others or user is None or slot:
            return None
        reshaped_first = self.graph.nodes[user].op == "Reshape"
        if reshaped_first:
            (user, slot), *others = self.graph.users[user] or [(None, 0)]
        if others or user is None or self.graph.nodes[user].op != "Neg":
            return None
        return user if reshaped_first or self._only_reshaped(user) else None

    # Stacks of the backward loop.

    def _Stack(self, name, node, operands):
        limit = whole(-1, "int32", (name,))
        self.normal.keep(name, "StackV2", [limit], self.normal.attributes(name), {"stacks"})
        return True

    def _RefEnter(self, name, node, operands):
        """A stack was a reference, and is a resource."""
        if not _is_op(operands[0], "StackV2"):
            return False
        attributes = self.normal.attributes(name)
        attributes["T"] = _RESOURCE
        self.normal.keep(name, "Enter", operands, attributes, {"stacks"})
        return True

    def _StackPush(self, name, node, operands):
        """What is known before it is pushed needs no stack."""
        value = operands[1] if len(operands) > 1 else None
        stack = next(stack for stack in self.stacks().values() if name in stack[0])
        if isinstance(value, Literal) and _is_followed(value) and len(stack[0]) == 1:
            self.normal.alias(name, value, "stacks")
            self._empty.append(stack)
            return True
        self.normal.keep(name, "StackPushV2", operands, steps={"stacks"} if node.op == "StackPush" else set())
        return True

    _StackPushV2 = _StackPush

    def _StackPop(self, name, node, operands):
        """What is popped has the sizes of what was pushed in the same turn of the loop."""
        pushes = next(pushes for pushes, pops in self.stacks().values() if name in pops)
        sources = [self.graph.inputs[push][1] for push in pushes if len(self.graph.inputs[push]) > 1]
        known = [self.normal.sizes(self.normal.tensors[one]) for one in sources if one in self.normal.tensors]
        shape = known[0] if len(pushes) == len(known) == 1 else None
        steps = {"stacks"} if node.op == "StackPop" else set()
        self.normal.keep(name, "StackPopV2", operands, steps=steps, sizes=[shape])
        return True

    _StackPopV2 = _StackPop

    def _handles(self, stack):
        """Return the normal nodes by which pushes and pops get their stack."""
        handles = set()
        for name in (*stack[0], *stack[1]):
            while self.graph.nodes[name].op not in ("Stack", "StackV2") and self.graph.inputs[name]:
                name = self.graph.inputs[name][0][0]
                if name in self.normal.made:
                    handles.add(self.normal.made[name])
        return handles

    def _ControlTrigger(self, name, node, operands):
        """Waiting for a trigger is waiting for what it waits for."""
        self.normal.hand_on(name, "stacks")
        return True

    def _Identity(self, name, node, operands):
        """The gradient of a write into a TensorArray waits for the write: it comes after it in any case."""
        waits = self.graph.controls[name]
        before_gradient = any(
            self.graph.nodes[user].op.startswith("TensorArrayGrad") for user, _ in self.graph.users[name]
        ) or any(self.graph.nodes[user].op == "Identity" for user, _ in self.graph.users[name])
        if len(waits) != 1 or not before_gradient or self.graph.nodes[waits[0]].op != "Identity":
            return False
        written = self.normal.made.get(waits[0])
        source = written.inputs[0] if written else None
        if _is_op(source, "StackPopV2"):
            stack = next(stack for stack in self.stacks().values() if source[0].name in stack[0] + stack[1])
            pushed = [self.normal.tensors.get(self.graph.inputs[push][1]) for push in stack[0]]
            if len(pushed) != 1 or len(stack[1]) != 1 or not self._is_flow(pushed[0]):
                return False
            self.normal.removed.update({source[0], *(self.normal.made[push] for push in stack[0])})
            self._empty.append(stack)
        elif not self._is_flow(source):
            return False
        self.normal.absorbed.add(written)
        self.normal.tensors[name, 0] = operands[0]
        self.normal.consumed[name] = "write barrier"
        return True

    def _is_flow(self, operand):
        return any(_is_op(operand, op) for op in ("TensorArrayWriteV3", "TensorArrayScatterV3", "TensorArraySplitV3"))

    def _Neg(self, name, node, operands):
        if name not in self.normal.made:
            return False
        self.normal.alias(name, operands[0], "negated first")
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
        unknown = [axis for axis, size in enumerate(target) if not isinstance(size, int)]
        written = [-1 if unknown == [axis] else size for axis, size in enumerate(target)]
        if own is not None and own in (target, reshaped(own, written)) and not isinstance(tensor, Literal):
            self.normal.alias(name, tensor, "own shape")
            return True
        shape = shape._replace(shape=(len(written),), value=tuple(written))
        attributes = self._without_index_types(name, [shape])
        self.normal.keep(name, "Reshape", [tensor, shape], attributes, sizes=[target])
        return True

    def _Select(self, name, node, operands):
        """With a condition for each element, Select is SelectV2."""
        if self._finite(name, operands):
            return True
        shapes = [None if one is None else self.normal.sizes(one) for one in operands]
        if None in shapes or len({*map(len, shapes)}) != 1:
            return False
        # The two tensors have one shape, and so has a condition of the same rank: the best known of the three.
        known = [shape for shape, one in zip(shapes, operands, strict=True) if not isinstance(one, Literal)]
        self.normal.keep(name, "SelectV2", self._scalars(operands, True), steps={"select"}, sizes=[known[-1]])
        return True

    def _SelectV2(self, name, node, operands):
        if dropout.masked(self.normal, name, operands):
            return True
        self.normal.keep(name, "SelectV2", self._scalars(operands))
        return True

    def _scalars(self, operands, alike=False):
        """Write a literal full of one value as a scalar, if another operand has its shape (or all are alike)."""
        shapes = [None if one is None else self.normal.sizes(one) for one in operands]
        found = list(operands)
        for place in (1, 2):
            one = operands[place]
            others = [shape for k, shape in enumerate(shapes) if k != place and not isinstance(operands[k], Literal)]
            if isinstance(one, Literal) and (alike or one.shape in others):
                found[place] = _single(one) or one
        return found

    def _AddV2(self, name, node, operands):
        """scale + (norm - norm) is the scale if the norm is finite, else no number."""
        if self._unit_interval(name, operands):
            return True
        scale, none = operands
        if not (_is_op(none, "Sub") and none[0].inputs[0] == none[0].inputs[1] and not none[0].controls):
            return False
        if isinstance(none[0].inputs[0], Literal) or not self.dtype(name).startswith("float"):
            return False
        self.normal.absorbed.add(none[0])
        norm = none[0].inputs[0]
        self.normal.keep(name, "scale of a finite norm", [scale, norm], steps={"norm that is no number"})
        return True

    def _finite(self, name, operands):
        condition, scale, other = operands
        if not (_is_op(condition, "IsFinite") and isinstance(other, Literal) and other.kind == "data"):
            return False
        if other.shape != () or not np.isnan(dropout.value(other)) or isinstance(scale, Literal):
            return False
        self.normal.absorbed.add(condition[0])
        attributes = self.normal.attributes(name)
        inputs = [scale, condition[0].inputs[0]]
        self.normal.keep(name, "scale of a finite norm", inputs, attributes, {"norm that is no number"})
        return True

    def _Gather(self, name, node, operands):
        attributes = self._without_index_types(name, operands)
        attributes.pop("validate_indices", None)
        attributes.pop("Taxis", None)
        self.normal.keep(name, "GatherV2", [*operands, number(0, "int32")], attributes, {"gather"})
        return True

    def _FloorDiv(self, name, node, operands):
        """Whole numbers by 1 are what they are."""
        if not _is_scalar(operands[1], 1) or self.dtype(name) not in _WHOLE or isinstance(operands[0], Literal):
            return False
        self.normal.alias(name, operands[0], "computed shapes")
        return True

    def _GatherV2(self, name, node, operands):
        """All sizes of a shape, one after the other, are that shape."""
        shape, axes, axis = operands
        if not (_is_op(shape, "Shape") and _is_op(axes, "FloorMod") and _is_scalar(axis, 0)):
            return False
        (total, size), every = axes[0].inputs, None
        if _is_op(total, "AddV2") and _is_op(size, "Size") and total[0].inputs[1] == size:
            every = total[0].inputs[0]
        if not (_is_op(every, "Range") and size[0].inputs[0] == shape):
            return False
        start, limit, delta = every[0].inputs
        if not (_is_scalar(start, 0) and _is_scalar(delta, 1) and _is_op(limit, "Rank")):
            return False
        if limit[0].inputs[0] != shape[0].inputs[0]:
            return False
        self.normal.absorbed.update({axes[0], total[0], size[0], every[0]})
        self.normal.alias(name, shape, "computed shapes")
        return True

    def _newer(self, name, node, operands, op, more):
        """An op whose newer form takes more operands, here with the values that the old one means."""
        dtype = self.dtype(name)
        extra = [number(value, "int32") if kind == "int32" else number(value, dtype) for value, kind in more]
        self.normal.keep(name, op, [*operands, *extra], steps={"matrix diagonals"})
        return True

    def _MatrixDiag(self, name, node, operands):
        more = [(0, "int32"), (-1, "int32"), (-1, "int32"), (0, "")]
        return self._newer(name, node, operands, "MatrixDiagV3", more)

    def _MatrixDiagPart(self, name, node, operands):
        return self._newer(name, node, operands, "MatrixDiagPartV3", [(0, "int32"), (0, "")])

    def _MatrixSetDiag(self, name, node, operands):
        return self._newer(name, node, operands, "MatrixSetDiagV3", [(0, "int32")])

    def _Slice(self, name, node, operands):
        """A size of -1 is what is left."""
        tensor, begin, size = operands
        shape = None if tensor is None else self.normal.sizes(tensor)
        if shape is None or not all(isinstance(one, Literal) and one.array() is not None for one in (begin, size)):
            return False
        left = [sizes.subtract(*pair) for pair in zip(shape, begin.array().tolist(), strict=True)]
        written = [rest if one == -1 else one for one, rest in zip(size.array().tolist(), left, strict=True)]
        operands = [tensor, begin, size._replace(value=tuple(written))]
        self.normal.keep(name, "Slice", operands, self._without_index_types(name, operands))
        return True

    def _Tile(self, name, node, operands):
        """A gradient is spread over what was summed: by Tile, or by BroadcastTo."""
        tensor, multiples = operands
        shape = self.normal.sizes(tensor)
        if shape is None or not isinstance(multiples, Literal) or multiples.array() is None:
            target = self._kept_from(tensor, multiples)
            if target is not None:
                self.normal.keep(name, "BroadcastTo", [tensor, target], self._as_broadcast(name), {"spread"})
            return target is not None
        factors = multiples.array().tolist()
        if any(size != 1 and factor != 1 for size, factor in zip(shape, factors, strict=True)):
            return False
        return self._spread(name, tensor, [_times(*pair) for pair in zip(shape, factors, strict=True)], multiples)

    def _kept_from(self, tensor, multiples):
        """Return the shape S, if a Reshape to K is tiled by S // max(K, 1) and K is S with 1 along some axes."""
        if not (_is_op(tensor, "Reshape") and _is_op(multiples, "FloorDiv")):
            return None
        shape, divisor = multiples[0].inputs
        kept = tensor[0].inputs[1]
        if not (_is_op(divisor, "Maximum") and divisor[0].inputs[0] == kept and _is_scalar(divisor[0].inputs[1], 1)):
            return None
        if not _is_op(kept, "DynamicStitch") or len(kept[0].inputs) != 4 or kept[0].inputs[2] != shape:
            return None
        ones = kept[0].inputs[3]
        is_ones = _is_op(ones, "Fill") and _is_scalar(ones[0].inputs[1], 1)
        is_ones = is_ones or (isinstance(ones, Literal) and ones.kind == "whole" and set(ones.value) == {1})
        return shape if is_ones else None

    def _as_broadcast(self, name):
        attributes = self.normal.attributes(name)
        index_type = attributes.pop("Tmultiples", None)
        return {**attributes, **({"Tidx": index_type} if index_type else {})}

    def _BroadcastTo(self, name, node, operands):
        tensor, shape = operands
        if not isinstance(shape, Literal) or shape.array() is None:
            return False
        return self._spread(name, tensor, shape.array().tolist(), shape)

    def _spread(self, name, tensor, target, written):
        if tuple(target) == self.normal.sizes(tensor) and not isinstance(tensor, Literal):
            self.normal.alias(name, tensor, "own shape")
            return True
        shape = written._replace(shape=(len(target),), value=tuple(target))
        if isinstance(tensor, Literal) and tensor.kind in ("data", "full", "whole"):
            scalar = _single(tensor)
            spread = scalar and full(target, scalar, tensor.names, tensor.ops, tensor.alive | written.alive)
            if spread:
                self.normal.alias(name, spread, "spread")
                return True
        attributes = self._without_index_types(name, [shape])
        self.normal.keep(name, "BroadcastTo", [tensor, shape], attributes, {"spread"})
        return True

    def _PreventGradient(self, name, node, operands):
        """The second output of a cross entropy is its gradient, which has none of its own."""
        (tensor,) = operands
        losses = ("SparseSoftmaxCrossEntropyWithLogits", "SoftmaxCrossEntropyWithLogits")
        if not any(_is_op(tensor, op) for op in losses) or tensor[1] != 1:
            return False
        self.normal.alias(name, tensor, "second derivative")
        return True

    def _plain(self, name, node, operands):
        """An op whose whole numbers are literals."""
        if any(one is None for one in operands):
            return False
        attributes = self._without_index_types(name, operands)
        for key in _NOTES_ON_PRODUCTS:
            attributes.pop(key, None)
        self.normal.keep(name, node.op, operands, attributes)
        return True


def _leaves(operand):
    """Return from what a whole number is computed: constants' keys and tensors."""
    if not isinstance(operand, Literal):
        return (operand,)
    return operand.leaves if operand.form else (operand.key,)


def _is_op(operand, op):
    return isinstance(operand, tuple) and not isinstance(operand, Literal) and operand[0].op == op


def _times(a, b):
    return sizes.multiply(a, b)


def _objects(values):
    array = np.empty(np.shape(values), object)
    array[...] = values
    return array


def _column(shape):
    array = np.empty(len(shape), object)
    array[:] = shape
    return array


def _single(literal):
    """Return the one element that a literal holds, however often, as a scalar; None if it holds different ones."""
    if literal.kind == "whole":
        return literal._replace(shape=(), value=literal.value[:1]) if len(set(literal.value)) == 1 else None
    if literal.kind == "full":
        return literal._replace(kind="data", shape=())
    count = int(np.prod(literal.shape, dtype=object))
    return literal._replace(shape=()) if count == 1 else None


def _is_followed(literal):
    """Whether a literal is the same wherever it comes: sizes in a loop belong to the turn in which they are taken."""
    return literal.kind != "full" or all(isinstance(size, int) for size in literal.shape)


def _in_range(output, dtype):
    bits = {"int32": 31, "int64": 63}.get(dtype)
    if bits is None:
        return dtype == "bool"
    return all(not isinstance(value, int) or -(2**bits) <= value < 2**bits for value in output.reshape(-1).tolist())

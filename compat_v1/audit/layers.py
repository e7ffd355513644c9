"""Layers of batch normalization whose `training` is a tensor, as they seem in a port's graph, for `branched.py`."""

from functools import partial
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from compat_v1.audit import fused

v1 = tf.compat.v1
CAUSE, SELECTED = "normalized in branches", "selected averages"
_FUSED = "FusedBatchNormV3"


class Update(NamedTuple):
    """How a newer layer moves an average, as it seems."""

    result: tf.Tensor
    variable: tf.Tensor
    average: tf.Tensor
    statistic: tf.Tensor
    decay: float
    momentum: float | None = None  # of the newer layer, if that chooses it by a condition

    def moved(self, value):
        with self.variable.graph.colocate_with(self.variable.op):
            return v1.assign_sub(self.variable, (self.average - value) * tf.constant(self.decay, self.average.dtype))


class Newer:
    """What a port may have of a newer form."""

    gamma = beta = copied = None
    chosen: tuple = ()
    branches = True  # whether the older form has those that this has

    def updates(self):
        """Return nothing: no averages are kept."""
        return ()

    def moved(self, _number, update):
        """Build how the older layer moved an average."""
        return update.moved(update.statistic)

    def gates(self, _arriving):
        """Return whether gradients may be handed on when all of an op's are made, which is tried first, or may not."""
        return True, False


class Layer(Newer):
    """A newer layer, as it seems: nothing is taken for granted until it has been built once more."""

    causes = (CAUSE,)

    def __init__(self, mean, variance, scale, y):
        """`mean`, `variance`: the chosen ones; `scale`: what x is multiplied by; `y`: the result."""
        self.chosen, self.scale, self.y = (mean, variance), scale, y
        self.averages, self.statistics = ([one.op.inputs[k].op.inputs[0] for one in self.chosen] for k in (0, 1))
        self.training = mean.op.inputs[0].op.inputs[1].op.inputs[0]
        product, offset = y.op.inputs
        self.x = product.op.inputs[0]
        self.taken = [self.x, *self.statistics]  # by the newer layer, besides its own variables
        self.beta = offset.op.inputs[0] if offset.op.type == "Sub" else None
        self.gamma, root = (scale.op.inputs[1], scale.op.inputs[0]) if scale.op.type == "Mul" else (None, scale)
        self.epsilon = tf.get_static_value(root.op.inputs[0].op.inputs[1])

    def newer(self):
        """Build result, mean and variance as TensorFlow does by now."""
        pairs = zip(self.statistics, self.averages, strict=True)
        chosen = [choose(self.training, *pair) for pair in pairs]
        return self._normalized(*chosen), *chosen

    def first(self):
        """Build the result as TensorFlow 1.0 did."""
        branches = (partial(self._normalized, *of) for of in (self.statistics, self.averages))
        return v1.cond(self.training, *branches)

    def moments(self):
        """Return mean and variance of the batch."""
        return self.statistics

    def _normalized(self, mean, variance):
        return v1.nn.batch_normalization(self.x, mean, variance, self.beta, self.gamma, self.epsilon)

    def newer_update(self, update, chosen):
        """Build how an average is moved by now: in training."""
        return v1.cond(self.training, lambda: update.moved(chosen), lambda: update.average)

    def gradients(self):
        """Return the gradients that arrive, as they seem: what the scale is multiplied by besides."""
        for user in _users(self.scale, "Mul"):
            one = user.inputs[0]
            if user is not self.y.op.inputs[0].op and one.shape.rank == self.y.shape.rank:
                yield one.op.inputs[0] if one.op.type == "Identity" and one.op.control_inputs else one

    def updates(self):
        """Yield (0 for the mean or 1 for the variance, an `Update` of its average)."""
        for number, chosen in enumerate(self.chosen):
            for *_, scaled, assign, merge in chains(chosen, ("Switch", "Sub", "Mul", "AssignSub", "Merge")):
                decay = tf.get_static_value(scaled.inputs[1])
                if assign.inputs[0].op.type == "RefSwitch" and decay is not None:
                    variable, average = assign.inputs[0].op.inputs[0], self.averages[number]
                    yield number, Update(merge.outputs[0], variable, average, self.statistics[number], decay)


def layers_of(variance, layer=Layer):
    """Yield the layers whose chosen variance this Merge may be."""
    if not _chooses(variance):
        return
    for added, root in chains(variance.outputs[0], ("AddV2", "Rsqrt")):
        if tf.get_static_value(added.inputs[1]) is None:
            continue  # epsilon is a number, and comes second
        for scale in (root, *(one for one in _users(root.outputs[0], "Mul") if one.inputs[0].op is root)):
            for shift in _users(scale.outputs[0], "Mul"):
                if _chooses(shift.inputs[0].op):
                    for offset in (one for op in ("Sub", "Neg") for one in _users(shift.outputs[0], op)):
                        for y in _users(offset.outputs[0], "AddV2"):
                            if y.inputs[0].op.type == "Mul" and y.inputs[0].op in _users(scale.outputs[0], "Mul"):
                                yield layer(shift.inputs[0], variance.outputs[0], scale.outputs[0], y.outputs[0])


def _chooses(merge):
    """Whether an op gives one of two tensors, as a condition says."""
    if merge.type != "Merge" or len(merge.inputs) != 2:
        return False
    return all(one.op.type == "Switch" and one.op.inputs[1].op.type == "Identity" for one in merge.inputs)


def _users(tensor, op):
    return [one for one in tensor.consumers() if one.type == op]


def chains(tensor, ops):
    """Yield the ops, of these types, of which the first takes a tensor, and each an output of the one before."""
    for user in _users(tensor, ops[0]):
        if not ops[1:]:
            yield (user,)
        for output in user.outputs if ops[1:] else ():
            for rest in chains(output, ops[1:]):
                yield user, *rest


class FusedLayer(Newer):
    """A newer layer of images, which one op normalizes in each branch, as it seems."""

    causes = (fused.CAUSE, CAUSE)

    def __init__(self, merge):
        averages, batch = (one.op for one in merge.inputs)
        self.y, self.in_training = merge.outputs[0], batch
        found = [_sent(one) for one in batch.inputs]
        self.x, self.scale, self.offset, *self.averages = (one.op.inputs[0] for one in found)
        self.gamma, self.beta = _unless_full(self.scale, 1), _unless_full(self.offset, 0)
        self.training = found[0].op.inputs[1].op.inputs[0]
        self.taken, self.chosen = [self.x], [_merged(averages.outputs[k], batch.outputs[k]) for k in (1, 2)]
        self.statistics = [None, None]

    def newer(self):
        """Build result, mean and variance as TensorFlow does by now."""
        x, scale, offset, (mean, variance) = self.x, self.scale, self.offset, self.averages
        told = {name: self.in_training.get_attr(name) for name in ("epsilon", "data_format")}

        def normalized(training):
            given = {"x": x, "scale": scale, "offset": offset, "mean": mean, "variance": variance}
            return list(tf.raw_ops.FusedBatchNormV3(**given, **told, is_training=training)[:3])

        return v1.cond(self.training, partial(normalized, True), partial(normalized, False))

    def first(self):
        """Build the result as TensorFlow 1.0 did: of the moments of the batch, or the averages."""
        self.statistics = self.moments()
        branches = (partial(self._normalized, *of) for of in (self.statistics, self.averages))
        return v1.cond(self.training, *branches)

    def moments(self):
        """Build mean and variance of the batch."""
        return v1.nn.moments(self.x, [*range(self.x.shape.rank - 1)])

    def _normalized(self, mean, variance):
        epsilon = self.in_training.get_attr("epsilon")
        return v1.nn.batch_normalization(self.x, mean, variance, self.beta, self.gamma, epsilon)

    def newer_update(self, update, chosen):
        """Build how an average is moved by now: by a momentum that is 1 out of training."""
        kind = update.average.dtype
        one = tf.constant(1.0, kind)  # before that of the branch, which waits for the branch
        momentum = v1.cond(self.training, *(partial(tf.constant, each, kind) for each in (update.momentum, 1.0)))
        return v1.assign_sub(update.variable, (update.average - chosen) * (one - momentum))

    def gradients(self):
        """Return the gradients that arrive, as they seem: what is sent to the gradient of the op."""
        for user in _users(self.in_training.outputs[3], "FusedBatchNormGradV3"):
            one = user.inputs[0]
            one = one.op.inputs[0] if one.op.type == "Identity" else one
            if one.op.type == "Switch":
                yield one.op.inputs[0]

    def updates(self):
        """Yield (0 for the mean or 1 for the variance, an `Update` of its average)."""
        for number, chosen in enumerate(self.chosen):
            for _, scaled, assign in chains(chosen, ("Sub", "Mul", "AssignSub")):
                rate = scaled.inputs[1].op
                inputs = rate.inputs[1].op.inputs if rate.type == "Sub" and _is_merge(rate.inputs[1].op) else [None]
                momentum = None if inputs[0] is None else tf.get_static_value(inputs[1])
                if momentum is not None and momentum.shape == () and momentum.dtype == np.float32:
                    # Python computed the first layer's decay from the number that the program says.
                    decay, average = 1 - float(str(momentum)), self.averages[number]
                    moved = assign.outputs[0], assign.inputs[0], average, self.statistics[number], decay
                    yield number, Update(*moved, momentum)


def fused_layers(merge, layer=FusedLayer):
    """Yield the layer whose result this Merge may be."""
    if not _is_merge(merge) or any(one.op.type != _FUSED or one.value_index != 0 for one in merge.inputs):
        return
    if any(_sent(one) is None for each in merge.inputs for one in each.op.inputs) or not _is_in_one_place(merge):
        return
    if all(_merged(*(one.op.outputs[k] for one in merge.inputs)) is not None for k in (1, 2)):
        yield layer(merge)


def _is_in_one_place(merge):
    """Whether what normalizes in branches is placed where their results meet, and its gradients there or nowhere."""
    ops = [one.op for one in merge.inputs]
    gradients = [user for op in ops for one in op.outputs for user in _users(one, "FusedBatchNormGradV3")]
    return {op.device for op in ops} == {merge.device} and {op.device for op in gradients} <= {"", merge.device}


def _unless_full(tensor, number):
    """Return no tensor for a scale of ones or an offset of zeros: there was none."""
    value = tf.get_static_value(tensor)
    return tensor if value is None or not np.all(value == number) else None


def _is_merge(op):
    return op.type == "Merge" and len(op.inputs) == 2


def _sent(tensor):
    """Return a tensor that comes by a Switch whose condition is a copy, or None."""
    op = tensor.op
    return tensor if op.type == "Switch" and op.inputs[1].op.type == "Identity" else None


def _merged(one, other):
    """Return the Merge of two tensors, or None."""
    merges = [user for user in _users(one, "Merge") if _is_merge(user) and user.inputs[1] is other]
    return merges[0].outputs[0] if len(merges) == 1 else None


class _Selecting(Newer):
    """How releases from 1.1 to 1.4 wrote a layer: they selected mean, variance and momentum, in no branch."""

    branches = False

    def first(self):
        """Build the result, of the mean and variance that are selected."""
        pairs = zip(self.moments(), self.averages, strict=True)
        self.selected = [select(self.training, *pair) for pair in pairs]
        return self._normalized(*self.selected)

    def moved(self, number, update):
        """Build how an average was moved: always, out of training by nothing."""
        kind = update.average.dtype
        # Python computed the newer layer's decay from the number that the program says.
        momentum = 1 - float(str(update.decay)) if update.momentum is None else update.momentum
        selected = select(self.training, tf.constant(momentum, kind), tf.constant(1.0, kind))
        with update.variable.graph.colocate_with(update.variable.op):
            return v1.assign_sub(update.variable, (update.average - self.selected[number]) * (1.0 - selected))


class SelectingLayer(_Selecting, Layer):
    causes = (SELECTED,)


class SelectingImages(_Selecting, FusedLayer):
    causes = (fused.CAUSE, SELECTED)


def selecting_layers(merge):
    """Yield the layers that one of 1.1 to 1.4 would come for."""
    return (*layers_of(merge, SelectingLayer), *fused_layers(merge, SelectingImages))


class Volumes(FusedLayer):
    """How 1.15 wrote a layer of volumes, which it did not fuse: as it did with all other tensors."""

    causes = (fused.CAUSE,)

    def first(self):
        """Build the result, of the mean and variance that a condition chooses."""
        self.statistics = self.moments()
        pairs = zip(self.statistics, self.averages, strict=True)
        self.selected = [choose(self.training, *pair) for pair in pairs]
        return self._normalized(*self.selected)

    def moved(self, number, update):
        """Build how an average was moved: in training."""
        return v1.cond(self.training, lambda: update.moved(self.selected[number]), lambda: update.average)


def volumes(merge):
    """Yield the layers that 1.15 would come for."""
    return (layer for layer in fused_layers(merge, Volumes) if layer.x.shape.rank == 5)


def choose(condition, one, other):
    """Build the choice of a tensor by a condition, in two branches."""
    return v1.cond(condition, partial(tf.convert_to_tensor, one), partial(tf.convert_to_tensor, other))


def select(condition, one, other):
    """Build the choice of a number, or of a row, by a condition in no branch, as TensorFlow did until 1.4."""
    one, other = (tf.expand_dims(each, 0) for each in (one, other))
    return tf.squeeze(tf.raw_ops.Select(condition=tf.reshape(condition, [1]), x=one, y=other), [0])

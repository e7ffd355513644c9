"""Batch normalization whose `training` is a tensor, written as TensorFlow 1.0 wrote it: normalized in both branches.

A newer layer chooses between the statistics of the batch and the averages, normalizes by them, and moves the averages
in training alone. No rule makes one of the other. But a port can be compared as if it had the first layer: what the
newer one is, with its gradients, is built here once more; where the port has it op by op, it gives way to the first.
"""

from contextlib import contextmanager
from functools import partial
from itertools import product
from typing import NamedTuple

import tensorflow as tf

from compat_v1.audit.findings import target
from compat_v1.audit.rewritten import Rewritten
from compat_v1.audit.twins import Twins

v1 = tf.compat.v1
CAUSE = "normalized in branches"


def written_out(verification):
    """Return (names of what normalizes in the port, the port's GraphDef with the first layers), or None."""
    original, port = (side.normal for side in verification.pairing.sides)
    if not any(node.op == "Merge" and _ends_in_sums(node) for node in original.nodes):
        return None
    alone = [node.name for node in port.nodes if node.op == "Merge" and node not in verification.back]
    if not alone:
        return None
    with build_switches():
        branched = Branched(port, alone)
    return (branched.names, branched.graph_def()) if branched.names else None


def _ends_in_sums(merge):
    """Whether both branches end in a sum, as those do that normalize."""
    return len(merge.inputs) == 2 and all(one[0].op == "AddV2" for one in merge.inputs)


@contextmanager
def build_switches():
    """Build conditions of the ops that they were; the setting is the process's."""
    was_v2 = v1.control_flow_v2_enabled()
    v1.disable_control_flow_v2()
    try:
        yield
    finally:
        if was_v2:
            v1.enable_control_flow_v2()


class Branched(Rewritten):
    """A port's graph with the first layers; `names` of what normalized in it."""

    def __init__(self, port, alone):
        super().__init__(port)
        self.twins, self.names = Twins(self.graph), []
        with self.graph.as_default():
            for name in alone:
                layers = _layers(self.graph.get_operation_by_name(name))
                done = next((layer for layer in layers if self._write_out(layer)), None)
                self.names += [done.y.op.name] if done else []
        self.unneeded |= self.twins.names()

    def _once_more(self, build, copied=None):
        """Return what `build` returns; nothing that it builds is to stay."""
        before = len(self.graph.get_operations())
        built = build()
        ops = self.graph.get_operations()[before:]
        self.twins.learn(ops, copied)
        self.unneeded.update(op.name for op in ops)
        return built

    def _is(self, tensors, built):
        """Whether tensors of the port are those that were built, and wait for nothing else."""
        return self.twins.are(tensors, built) and self.twins.awaited([one.op for one in tensors]) == set()

    def _write_out(self, layer):
        """Let the first layer come for a newer one, if it is one; say whether."""
        y, *chosen = self._once_more(layer.newer)
        if not self._is([layer.y, *layer.chosen], [y, *chosen]):
            return False
        with self.beside(layer.y.op, ()), tf.name_scope(f"{layer.y.op.name}/"):
            first = layer.first()
        for arriving in layer.gradients():
            self._write_gradient(layer, y, first, arriving)
        self.replace(layer.y.op, [first])
        for new, update in ((chosen[number], update) for number, update in layer.updates()):
            self._write_update(layer, new, update)
        return True

    def _write_gradient(self, layer, y, first, arriving):
        """Let the first layer's gradient come for a newer one's: for all that it takes, or its variables alone."""
        own = [one for one in (layer.gamma, layer.beta) if one is not None]
        for sources, gated in product(([layer.x, *layer.statistics, *own], own), (True, False)):
            built = self._once_more(partial(_gradients, y, sources, arriving, gated), arriving)
            twins = [self.twins.of(one) for one in built]
            waits = self.twins.awaited(set().union(*twins)) if all(twins) else None
            if waits is None:
                continue
            taken = [(one, ops) for one, ops in zip(sources, twins, strict=True) if any(map(_is_taken, ops))]
            sources, twins = zip(*taken, strict=True)
            before = len(self.graph.get_operations())
            with self.beside(layer.y.op, waits):
                new = _gradients(first, sources, arriving, gated)
            for op in self.graph.get_operations()[before:]:
                if op.type == "Identity" and op.inputs[0] is arriving:
                    self.replace(op, [arriving])
            for op, gradient in ((op, one) for ops, one in zip(twins, new, strict=True) for op in ops):
                self.replace(op, [gradient])
                place = gradient.op.inputs[0].op if gradient.op.type == "AddN" else gradient.op
                beside = [target(one.decode()) for one in op.colocation_groups()]
                self.places.update(dict.fromkeys(beside, place.name))
            return

    def _write_update(self, layer, chosen, update):
        """Let an average be moved always, and not in training alone."""
        built = self._once_more(lambda: v1.cond(layer.training, lambda: update.moved(chosen), lambda: update.average))
        if self._is([update.result], [built]):
            with tf.name_scope(f"{update.result.op.name}/"):
                self.replace(update.result.op, [update.moved(update.statistic)])


def _is_taken(op):
    return any(output.consumers() for output in op.outputs)


def _gradients(y, sources, arriving, gated):
    return v1.gradients(y, sources, arriving, gate_gradients=gated, stop_gradients=sources)


class _Update(NamedTuple):
    """How a newer layer moves an average, as it seems."""

    result: tf.Tensor
    variable: tf.Tensor
    average: tf.Tensor
    statistic: tf.Tensor
    decay: float

    def moved(self, value):
        with self.variable.graph.colocate_with(self.variable.op):
            return v1.assign_sub(self.variable, (self.average - value) * tf.constant(self.decay, self.average.dtype))


class _Layer:
    """A newer layer, as it seems: nothing is taken for granted until it has been built once more."""

    def __init__(self, mean, variance, scale, y):
        """`mean`, `variance`: the chosen ones; `scale`: what x is multiplied by; `y`: the result."""
        self.chosen, self.scale, self.y = (mean, variance), scale, y
        self.averages, self.statistics = ([one.op.inputs[k].op.inputs[0] for one in self.chosen] for k in (0, 1))
        self.training = mean.op.inputs[0].op.inputs[1].op.inputs[0]
        product, offset = y.op.inputs
        self.x = product.op.inputs[0]
        self.beta = offset.op.inputs[0] if offset.op.type == "Sub" else None
        self.gamma, root = (scale.op.inputs[1], scale.op.inputs[0]) if scale.op.type == "Mul" else (None, scale)
        self.epsilon = tf.get_static_value(root.op.inputs[0].op.inputs[1])

    def newer(self):
        """Build result, mean and variance as TensorFlow does by now."""
        choices = zip(self.statistics, self.averages, strict=True)
        chosen = [
            v1.cond(self.training, partial(tf.convert_to_tensor, a), partial(tf.convert_to_tensor, b))
            for a, b in choices
        ]
        return self._normalized(*chosen), *chosen

    def first(self):
        """Build the result as TensorFlow 1.0 did."""
        branches = (partial(self._normalized, *of) for of in (self.statistics, self.averages))
        return v1.cond(self.training, *branches)

    def _normalized(self, mean, variance):
        return v1.nn.batch_normalization(self.x, mean, variance, self.beta, self.gamma, self.epsilon)

    def gradients(self):
        """Return the gradients that arrive, as they seem: what the scale is multiplied by besides."""
        for user in _users(self.scale, "Mul"):
            one = user.inputs[0]
            if user is not self.y.op.inputs[0].op and one.shape.rank == self.y.shape.rank:
                yield one.op.inputs[0] if one.op.type == "Identity" and one.op.control_inputs else one

    def updates(self):
        """Yield (0 for the mean or 1 for the variance, an `_Update` of its average)."""
        for number, chosen in enumerate(self.chosen):
            for *_, scaled, assign, merge in _chains(chosen, ("Switch", "Sub", "Mul", "AssignSub", "Merge")):
                decay = tf.get_static_value(scaled.inputs[1])
                if assign.inputs[0].op.type == "RefSwitch" and decay is not None:
                    variable, average = assign.inputs[0].op.inputs[0], self.averages[number]
                    yield number, _Update(merge.outputs[0], variable, average, self.statistics[number], decay)


def _layers(variance):
    """Yield the layers whose chosen variance this Merge may be."""
    if not _chooses(variance):
        return
    for added, root in _chains(variance.outputs[0], ("AddV2", "Rsqrt")):
        if tf.get_static_value(added.inputs[1]) is None:
            continue  # epsilon is a number, and comes second
        for scale in (root, *(one for one in _users(root.outputs[0], "Mul") if one.inputs[0].op is root)):
            for shift in _users(scale.outputs[0], "Mul"):
                if _chooses(shift.inputs[0].op):
                    for offset in (one for op in ("Sub", "Neg") for one in _users(shift.outputs[0], op)):
                        for y in _users(offset.outputs[0], "AddV2"):
                            if y.inputs[0].op.type == "Mul" and y.inputs[0].op in _users(scale.outputs[0], "Mul"):
                                yield _Layer(shift.inputs[0], variance.outputs[0], scale.outputs[0], y.outputs[0])


def _chooses(merge):
    """Whether an op gives one of two tensors, as a condition says."""
    if merge.type != "Merge" or len(merge.inputs) != 2:
        return False
    return all(one.op.type == "Switch" and one.op.inputs[1].op.type == "Identity" for one in merge.inputs)


def _users(tensor, op):
    return [one for one in tensor.consumers() if one.type == op]


def _chains(tensor, ops):
    """Yield the ops, of these types, of which the first takes a tensor, and each an output of the one before."""
    for user in _users(tensor, ops[0]):
        if not ops[1:]:
            yield (user,)
        for output in user.outputs if ops[1:] else ():
            for rest in _chains(output, ops[1:]):
                yield user, *rest

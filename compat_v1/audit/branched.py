"""Batch normalization whose `training` is a tensor, written as TensorFlow 1.0 wrote it, or as from 1.1 to 1.4.

A newer layer chooses between the statistics of the batch and the averages, normalizes by them, and moves the averages
in training alone. TensorFlow 1.0 normalized in both branches, the next releases by what they selected without any. No
rule makes one of the other. But a port can be compared as if it had the older layer: what the newer one is, with its
gradients, is built here once more; where the port has it op by op, it gives way to the older.
So does one of images or volumes, which is a fused op in each branch; 1.15 wrote one of volumes as any other layer.
"""

from contextlib import contextmanager
from functools import partial
from itertools import product

import numpy as np
import tensorflow as tf

from compat_v1.audit import fused
from compat_v1.audit.graph import SWITCHES
from compat_v1.audit.layers import fused_layers, layers_of, selecting_layers, volumes
from compat_v1.audit.literals import Literal
from compat_v1.audit.references import target
from compat_v1.audit.rewritten import Rewritten
from compat_v1.audit.twins import Twins

v1 = tf.compat.v1
# Which inputs of an op may be gradients: where one is zero, so is what the op gives.
_GRADIENT_IN = {"MatMul": (0, 1), "Mul": (0, 1), "AvgPoolGrad": (1,), "SigmoidGrad": (1,), "TanhGrad": (1,)}
_GRADIENT_IN["StridedSliceGrad"] = (4,)
_GRADIENT_IN |= dict.fromkeys(["Conv2DBackpropFilter", "Conv2DBackpropInput", "MaxPoolGrad"], (2,))
_GRADIENT_IN |= dict.fromkeys(["BiasAddGrad", "EluGrad", "LeakyReluGrad", "Relu6Grad", "ReluGrad"], (0,))
_GRADIENT_IN |= dict.fromkeys(["Identity", "Neg", "Pad", "RealDiv", "Reshape", "Slice", "Sum", "Transpose"], (0,))
_CHOICES = {"Select", "SelectV2"}


def written_out(verification):
    """Return ({cause: names of what normalizes in the port}, the port's GraphDef with the first layers), or None."""
    original, port = (side.normal for side in verification.pairing.sides)
    if any(node.op == "Merge" and _ends_in_sums(node) for node in original.nodes):
        layers_at = _first_layers
    elif any(_is_selected(original.graph, name) for name in original.graph.nodes):
        layers_at = selecting_layers
    elif fused.FUSING <= original.graph.graph_def.versions.producer <= fused.LAST:
        layers_at = volumes
    else:
        return None
    paired = verification.back
    alone = [node.name for node in port.nodes if node.op == "Merge" and not (node in paired and _all_in(node, paired))]
    if not alone:
        return None
    with build_switches():
        branched = Branched(port, alone, layers_at)
    return (branched.causes, branched.graph_def()) if branched.causes else None


def _all_in(merge, nodes):
    """Whether all that may come out is among some nodes: a layer's result may have a partner that is made otherwise."""
    return all(isinstance(one, Literal) or one[0] in nodes for one in merge.inputs)


def _ends_in_sums(merge):
    """Whether both branches end in a sum, as those do that normalize."""
    return len(merge.inputs) == 2 and all(one[0].op == "AddV2" for one in merge.inputs)


def _is_selected(graph, name):
    """Whether a node gives one of two averages that were selected by a condition, each with an axis more for that."""
    if graph.nodes[name].op != "Squeeze" or graph.nodes[maker := graph.inputs[name][0][0]].op != "Select":
        return False
    return [graph.nodes[one].op for one, _ in graph.inputs[maker]] == ["Reshape", "ExpandDims", "ExpandDims"]


def _first_layers(merge):
    return (*layers_of(merge), *fused_layers(merge))


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
    """A port's graph with the first layers; `causes`, {why they differ: names of what normalized in it}."""

    def __init__(self, port, alone, layers_at=_first_layers):
        """`alone`: names of ops of the port; `layers_at(op)`: the layers that one of them may be of, as they seem."""
        super().__init__(port)
        self.twins, self.causes, self.zeros = Twins(self.graph), {}, set()
        with self.graph.as_default():
            for name in alone:
                layers = layers_at(self.graph.get_operation_by_name(name))
                done = next((layer for layer in layers if self._write_out(layer)), None)
                for cause in done.causes if done else ():
                    self.causes.setdefault(cause, []).append(done.y.op.name)
        self._take_terms_left()
        self.unneeded |= self.twins.names()

    def _once_more(self, build, copied=None):
        """Return what `build` returns; nothing that it builds is to stay."""
        before = len(self.graph.get_operations())
        built = build()
        ops = self.graph.get_operations()[before:]
        self.twins.learn(ops, copied)
        self.unneeded.update(op.name for op in ops)
        return built

    def _awaited(self, tensors, built):
        """Return what tensors of the port wait for that are those which were built, or None if they are others."""
        return self.twins.awaited([one.op for one in tensors]) if self.twins.are(tensors, built) else None

    def _write_out(self, layer):
        """Let the first layer come for a newer one, if it is one; say whether."""
        y, *chosen = self._once_more(layer.newer)
        waits = self._awaited([layer.y, *layer.chosen], [y, *chosen])
        if waits is None or (waits and layer.chosen):
            return False
        before = len(self.graph.get_operations())
        with self.beside(layer.y.op, waits), tf.name_scope(f"{layer.y.op.name}/"):
            first = layer.first()
        self._take_copied(layer.copied, before)
        for arriving in layer.gradients():
            if arriving.op not in self.zeros:
                self._write_gradient(layer, y, first, arriving)
        self.replace(layer.y.op, [first])
        for number, new, update in ((number, chosen[number], update) for number, update in layer.updates()):
            self._write_update(layer, number, new, update)
        if not layer.branches:
            self.unneeded |= self._conditions()
        return True

    def _conditions(self):
        """Return the names of what says in which branch the ops run of which twins were found: tf.cond makes them."""
        ops = [self.graph.get_operation_by_name(node.name) for node in self.port.graph.graph_def.node]
        told = [self.graph.get_operation_by_name(name) for name in self.twins.names()]
        asked = {op.inputs[1].op for op in told if op.type in SWITCHES}
        asked |= {maker for op in told for maker in op.control_inputs if maker.type == "Identity"}
        found = set()
        for four in zip(ops, ops[1:], ops[2:], ops[3:], strict=False):
            switch, *copies = four
            if [op.type for op in four] != ["Switch", *["Identity"] * 3] or switch.inputs[0] is not switch.inputs[1]:
                continue
            expected = [switch.outputs[1], switch.outputs[0], switch.inputs[0]]
            if all(op.inputs[0] is one for op, one in zip(copies, expected, strict=True)) and asked & {*copies}:
                found |= {op.name for op in four}
        return found

    def _write_gradient(self, layer, y, first, arriving):
        """Let the first layer's gradient come for a newer one's: for all that it takes, its variables or one alone."""
        own = [one for one in (layer.gamma, layer.beta) if one is not None]
        alone = [[one] for one in layer.taken] if len(layer.taken) > 1 and not own else []
        for sources, gated in product(([*layer.taken, *own], own, layer.taken, *alone), layer.gates(arriving)):
            built = self._once_more(partial(_gradients, y, sources, arriving, gated), arriving)
            terms = [self._terms(one) for one in built]
            twins = [{op for ops, _ in found for op in ops[:1]} for found in terms]
            waits = self.twins.awaited({op for found in terms for ops, _ in found for op in ops})
            taken = [part for part in zip(sources, twins, terms, strict=True) if any(map(_is_taken, part[1]))]
            if waits is None or not all(twins) or not taken:
                continue
            sources, twins, terms = zip(*taken, strict=True)
            before = len(self.graph.get_operations())
            with self.beside(min(set().union(*twins), key=lambda op: op.name), waits):
                new = _gradients(first, sources, arriving, gated)
            for ops, total in (one for found in terms for one in found if one[1]):
                self.dropped.setdefault(total.name, set()).update(op.name for op in ops[1:])
                self.places[ops[0].name] = ""
            self._leave_out(op for ops, one in zip(twins, new, strict=True) if one is None for op in ops)
            self._take_copied(arriving, before)
            for op, gradient in (
                (op, one) for ops, one in zip(twins, new, strict=True) if one is not None for op in ops
            ):
                self.replace(op, [gradient])
                place = gradient.op.inputs[0].op if gradient.op.type == "AddN" else gradient.op
                beside = [target(one.decode()) for one in op.colocation_groups()]
                beside += [op.name] if op.name in self.places else []
                root = target(place.colocation_groups()[0].decode())  # what is beside another is where that is
                self.places.update(dict.fromkeys(beside, root))
            return

    def _take_terms_left(self):
        """Let what is left of a sum be taken for it where all other terms were zeros."""
        for name, dropped in self.dropped.items():
            total = self.graph.get_operation_by_name(name)
            left = [one for one in total.inputs if one.op.name not in dropped]
            is_of_zeros = any(one.op in self.zeros for one in total.inputs)
            if is_of_zeros and len(left) == 1 and left[0].op.name not in self.instead:
                self.replace(total, left)

    def _take_copied(self, arriving, before):
        """Let the gradient that arrives be taken where, in ops built since, a copy is, which tf.gradients makes."""
        for op in self.graph.get_operations()[before:]:
            if op.type == "Identity" and op.inputs[0] is arriving:
                self.replace(op, [arriving])

    def _leave_out(self, zeros):
        """Leave out of sums the zeros of which the first layer has none, and what is made of these alone."""
        todo = list(zeros)
        while todo:
            op = todo.pop()
            if op in self.zeros:
                continue
            self.zeros.add(op)
            for user in {user for output in op.outputs for user in output.consumers()}:
                if _is_zero(user, self.zeros):
                    self.dropped.pop(user.name, None)
                    todo.append(user)
                elif user.type == "AddN":
                    self.dropped.setdefault(user.name, set()).add(op.name)
        groups = {
            group for op in self.zeros for group in op.control_inputs if self.zeros.issuperset(group.control_inputs)
        }
        self.unneeded.update(op.name for op in self._with_what_serves(self.zeros | groups))

    def _with_what_serves(self, ops):
        """Return some ops, and all that only they use, or what is among these; but what has a state or is fed."""
        kept = {one for op in self.graph.get_operations() for one in op.control_inputs}
        served, todo = set(ops), list(ops)
        while todo:
            for one in {tensor.op for tensor in todo.pop().inputs} - served - kept:
                users = {user for output in one.outputs for user in output.consumers()}
                computes = one.type != "Placeholder" and not one.op_def.is_stateful
                if computes and served.issuperset(users):
                    served.add(one)
                    todo.append(one)
        return served

    def _terms(self, built):
        """Return [(ops, the sum that they are terms of, or None)] for the twins of a tensor.

        What a tensor is used for besides has gradients of its own, which are terms of the same sum.
        """
        twins = self.twins.of(built)
        if twins or built.op.type != "AddN" or any(one.value_index for one in built.op.inputs):
            return [([op], None) for op in twins]
        parts = [self.twins.of(one) for one in built.op.inputs]
        users = [{user for op in part for user in op.outputs[0].consumers() if user.type == "AddN"} for part in parts]
        found = []
        for total in sorted(set.intersection(*users), key=lambda op: op.name):
            ops, terms = [], [one.op for one in total.inputs if not one.value_index]
            for part in parts:  # of which two may be alike
                ops += [op for op in terms if op in part and op not in ops][:1]
            found += [(ops, total)] if len(ops) == len(parts) else []
        return found

    def _write_update(self, layer, number, chosen, update):
        """Let an average be moved always, and not in training alone."""
        built = self._once_more(lambda: layer.newer_update(update, chosen))
        if self._awaited([update.result], [built]) == set():
            with self.beside(layer.y.op, []), tf.name_scope(f"{update.result.op.name}/"):
                self.replace(update.result.op, [layer.moved(number, update)])


def _is_zero(op, zeros):
    """Whether an op gives zeros because some give zeros that it takes."""
    if op.type == "AddN":
        return all(one.op in zeros for one in op.inputs)
    if op.type in _CHOICES:
        return all(one.op in zeros or one.op.type == "ZerosLike" or _is_of_zeros(one) for one in op.inputs[1:])
    return any(op.inputs[slot].op in zeros for slot in _GRADIENT_IN.get(op.type, ()))


def _is_of_zeros(tensor):
    """Whether a tensor is a constant, or filled with one, that is 0."""
    value = tf.get_static_value(tensor.op.inputs[1] if tensor.op.type == "Fill" else tensor)
    return value is not None and not np.any(value)


def _is_taken(op):
    return any(output.consumers() for output in op.outputs)


def _gradients(y, sources, arriving, gated):
    return v1.gradients(y, sources, arriving, "once_more", gate_gradients=gated, stop_gradients=sources)

"""How TensorFlow 1.4 and 1.5 moved the averages of fused batch normalization: by a rate that Python computed.

That is 1 - momentum, which 1.4 selected, or 0, where a tensor says whether it trains; 1.5 chose it in two branches.
Today's graph computes it from the momentum, in floats: the two are other numbers. But a port can be compared as if it
had the older rate, and read the average where it is moved, as 1.4 did.
"""

from functools import partial

import numpy as np
import tensorflow as tf

from compat_v1.audit.branched import build_switches
from compat_v1.audit.layers import select
from compat_v1.audit.rewritten import Rewritten

v1 = tf.compat.v1
CAUSE = "rate of fused averages"
_FUSING = 26  # the version of graphs since TensorFlow 1.5
_FUSED = "FusedBatchNormV3"


def written_out(verification):
    """Return ({cause: names of what moves such an average in the port}, its GraphDef with the older rates), or None."""
    original, port = (side.normal for side in verification.pairing.sides)
    is_fused = any(node.op == "FusedBatchNorm" for node in original.graph.nodes.values())
    if original.graph.graph_def.versions.producer >= _FUSING or not is_fused:
        return None
    alone = [node.name for node in port.nodes if node.op == "Sub" and node not in verification.back]
    names = [name for node in port.nodes if node.name in alone for name in node.names if name in port.graph.nodes]
    chosen = _in_branches if any(_is_chosen(original.graph, name) for name in original.graph.nodes) else select
    with build_switches():
        rated = Rated(port, names, chosen)
    return ({CAUSE: rated.moved}, rated.graph_def()) if rated.moved else None


class Rated(Rewritten):
    """A port's graph with the older rates for those of these names; `moved`: names of the updates."""

    def __init__(self, port, names, chosen):
        """`chosen`: what builds the choice of a rate by a condition."""
        super().__init__(port)
        self.moved, self.chosen, self.rates = [], chosen, {}
        with self.graph.as_default():
            self.nothing = tf.constant(np.zeros(0, np.float32), name="averages/nothing").op.name
            for rate in map(self.graph.get_operation_by_name, names):
                with tf.name_scope(f"{rate.name}/"):
                    self._write_out(rate)

    def _write_out(self, rate):
        """Let the older rate come for one, if it is that of such an average alone."""
        one, momentum = rate.inputs
        condition, momentum = _chosen(momentum)
        users = rate.outputs[0].consumers()
        if tf.get_static_value(one) != 1 or momentum is None or not all(_is_moving(user, rate) for user in users):
            return
        # Python computed it from the number that the program says.
        awaited = {awaited for op in (rate, one.op, rate.inputs[1].op) for awaited in op.control_inputs}
        with tf.control_dependencies(sorted(awaited, key=lambda op: op.name)):  # as for the layer's branch
            made = tf.constant(1 - float(str(momentum)), rate.outputs[0].dtype)
            if condition is not None:
                made = self._choose(rate, condition, made)
        for product in users:
            difference, (update,) = product.inputs[0].op, product.outputs[0].consumers()
            variable = update.inputs[0]
            with self.graph.colocate_with(variable.op):
                average = tf.raw_ops.Identity(input=variable)
                with tf.control_dependencies(difference.control_inputs):
                    change = average - difference.inputs[1]
                with tf.control_dependencies(product.control_inputs):
                    scaled = change * made
            self.replace(product, [scaled])
            self.unneeded |= {difference.name, rate.name}
            self.moved.append(update.name)
            self._give_nothing(difference.inputs[1].op)
        if condition is not None:
            merge = rate.inputs[1].op
            self.unneeded |= {merge.name, *(each.op.name for each in merge.inputs)}

    def _choose(self, rate, condition, made):
        """Return the choice of a rate by a condition, one for both averages, in the place of their layer."""
        merge = rate.inputs[1].op
        if merge not in self.rates:
            statistic = rate.outputs[0].consumers()[0].inputs[0].op.inputs[1]
            with tf.device(statistic.op.device or None):
                self.rates[merge] = self.chosen(condition, made, tf.constant(0.0, made.dtype))
        return self.rates[merge]

    def _give_nothing(self, fused):
        """Let what is fused in training be given no averages, as 1.4 gave it none."""
        in_training = fused.type == _FUSED and fused.get_attr("is_training")
        if in_training and fused.get_attr("exponential_avg_factor") in (0, 1):  # 0: not said
            self.given[fused.name] = dict.fromkeys((3, 4), self.nothing)
            self.unneeded |= {one.op.name for one in fused.inputs[3:] if one.op.type == "Switch"}


def _in_branches(condition, rate, nothing):
    """Build the choice of one of two constants by a condition, which 1.5 made in the branches."""
    made = (partial(tf.constant, tf.get_static_value(one), one.dtype) for one in (rate, nothing))
    return v1.cond(condition, *made)


def _is_chosen(graph, name):
    """Whether what is subtracted from a variable is a product with one of two constants, as a condition says."""
    for op in ("AssignSub", "Mul", "Merge"):
        if graph.nodes[name].op != op:
            return False
        if op != "Merge":
            name = graph.inputs[name][1][0]
    return all(graph.nodes[maker].op == "Const" for maker, _ in graph.inputs[name])


def _chosen(momentum):
    """Return (the condition that a momentum is chosen by, or None, the momentum in training; None for any other)."""
    op = momentum.op
    if op.type != "Merge":
        return None, _number(momentum)
    waits = [one.op.control_inputs for one in op.inputs]
    if len(waits) != 2 or [len(one) for one in waits] != [1, 1] or _number(op.inputs[0]) != 1:
        return None, None
    branches = [one[0].inputs[0] if one[0].type == "Identity" else None for one in waits]
    if any(one is None or one.op.type != "Switch" for one in branches) or branches[0].op is not branches[1].op:
        return None, None
    asked = [one.value_index for one in branches] == [0, 1] and branches[0].op.inputs[1]
    return (asked, _number(op.inputs[1])) if asked is not False else (None, None)


def _number(tensor):
    value = tf.get_static_value(tensor)
    return value if value is not None and value.shape == () and value.dtype == np.float32 else None


def _is_moving(product, rate):
    """Whether a product is what an average of fused batch normalization is moved by."""
    updates = product.outputs[0].consumers() if product.type == "Mul" and product.inputs[1].op is rate else []
    if [op.type for op in updates] != ["AssignSub"] or product.inputs[0].op.type != "Sub":
        return False
    average, statistic = product.inputs[0].op.inputs
    given = [statistic] if statistic.op.type != "Merge" else list(statistic.op.inputs)
    variable = updates[0].inputs[0]
    if average.op.type == "Switch" and variable.op.type == "RefSwitch":  # a branch in which the layer is
        is_one = average.op.inputs[1] is variable.op.inputs[1] and average.value_index == variable.value_index
        average, variable = (one.op.inputs[0] if is_one else one for one in (average, variable))
    is_read = average.op.type == "Identity" and average.op.inputs[0] is variable
    return is_read and all(one.op.type == _FUSED and one.value_index in (1, 2) for one in given)

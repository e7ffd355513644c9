"""What trains the network of `network.py`: stretches of endless sequences, a loss on every step, SOAP.

Only the graph. A sequence goes on from one update to the next: the variables `Carried` hold where each ended. It ends,
and another begins in its place, where it is told to or where the network has lost count. So a network that knows little
trains on short sequences, and a better one on longer ones with larger sums.
"""

from collections import namedtuple
from collections.abc import Callable, Iterable
from typing import Any

import tensorflow.compat.v1 as tf

from compat_v1.any_length import soap
from compat_v1.any_length.network import Network, build_graph
from compat_v1.control_flow import control_flow_v1, require_v1_ops
from compat_v1.graph import LSTM_SIZE

LOST = 0.6  # the error at a stretch's end from which on a sequence does not go on: it rounds to another sum
STEP_WEIGHT, STEP_BEND = 30.0, 0.5  # of the loss on single steps: its weight, and where its square turns into a line
SUM_WEIGHT, SUM_BEND = 0.1, 1.0  # likewise of the loss on sums
MEMORY = 0.99  # see soap.change

Learning = namedtuple("Learning", "ends loss minimize step initializer")
Carried = namedtuple("Carried", "output conveyor sum worth error")


def build_learning(
    op_seeds: Iterable[int | None], learning_rate: Callable[[Any], Any], batch_size: int
) -> tuple[Network, Learning]:
    """Build the graph that learns into the default graph and return its `Network` and its `Learning`.

    `learning_rate` makes a float32 scalar of `step`, the number of updates done, an int64 scalar. The other arguments
    are those of `build_graph`.
    To feed, beside the network's `data`: `target`, float32 (batch, steps), the sums as if the sequences began here;
    `ends`, bool (batch,), whether a sequence ends after these signs. `loss` is a float32 scalar.
    To run: `minimize` and, once and first, `initializer`.
    """
    tf.get_variable_scope().set_use_resource(False)
    carried = Carried(
        *(
            tf.Variable(start, trainable=False, name=f"carried_{name}")
            for name, start in (
                ("output", tf.zeros([batch_size, LSTM_SIZE])),
                ("conveyor", tf.zeros([LSTM_SIZE, batch_size])),
                ("sum", tf.zeros([batch_size])),
                ("worth", tf.ones([batch_size])),  # of a plus: -1 while signs are inverted
                ("error", tf.zeros([batch_size])),
            )
        )
    )
    network = build_graph(op_seeds, batch_size, (tf.identity(carried.output), tf.identity(carried.conveyor)))
    ends = tf.placeholder(tf.bool, [batch_size], name="ends")

    sums = carried.sum[:, tf.newaxis] + carried.worth[:, tf.newaxis] * network.target
    error = network.prediction - sums  # (batch, steps)
    # What a single step adds to the error. It tells of that step alone, however wrong the count had been before.
    of_step = error - tf.concat([carried.error[:, tf.newaxis], error[:, :-1]], 1)
    loss = STEP_WEIGHT * _huber(of_step, STEP_BEND) + SUM_WEIGHT * _huber(error, SUM_BEND)

    step = tf.Variable(tf.constant(0, tf.int64), trainable=False, name="step")
    kept = _update(loss, learning_rate(step), step)
    kept += _carry(carried, network, sums, error, ends)
    with tf.control_dependencies([loss, *(value for _, value in kept)]):  # nothing changes before all was read
        minimize = tf.group(*(tf.assign(variable, value) for variable, value in kept), tf.assign_add(step, 1))

    initializer = tf.global_variables_initializer()
    require_v1_ops(tf.get_default_graph())
    return network, Learning(ends, loss, minimize, step, initializer)


def _huber(error: Any, bend: float) -> Any:
    return tf.losses.huber_loss(tf.zeros_like(error), error, delta=bend)


def _update(loss: Any, rate: Any, step: Any) -> list[tuple[Any, Any]]:
    """Return [(variable, its next value)] of an update of the weights, SOAP's own variables included.

    The four layers are one matrix, each unit's bias its last column: the same signs tell all of them what to change.
    """
    W_f, _, b_f, W_i, b_i, W_C, b_c, W_o, b_o, weight, bias = tf.trainable_variables()
    weights = W_f, b_f, W_i, b_i, W_C, b_c, W_o, b_o, weight, bias
    with control_flow_v1():  # the gradient of a TensorArray is one too, and must be of the same kind
        *of_layers, of_weight, of_bias = tf.gradients(loss, weights)
    layers = tf.concat([tf.concat(of_layers[::2], 0), tf.concat(of_layers[1::2], 0)], 1)  # (96, 28)
    read_out = tf.concat([of_weight, of_bias[:, tf.newaxis]], 0)  # (25, 1)
    change_of_layers, kept_for_layers = soap.change(layers, rate, step, MEMORY)
    change_of_read_out, kept_for_read_out = soap.change(read_out, rate, step, MEMORY)
    changes = [
        part
        for change in tf.split(change_of_layers, len(of_layers) // 2)
        for part in (change[:, :-1], change[:, -1:])  # a layer's weights, its biases
    ]
    changes += [change_of_read_out[:-1], change_of_read_out[-1]]
    next_weights = [variable + change for variable, change in zip(weights, changes, strict=True)]
    return [*zip(weights, next_weights, strict=True), *kept_for_layers, *kept_for_read_out]


def _carry(carried: Carried, network: Network, sums: Any, error: Any, ends: Any) -> list[tuple[Any, Any]]:
    """Return [(variable, its next value)] of where the sequences ended: at a beginning where one does not go on."""
    goes_on = tf.logical_and(tf.logical_not(ends), tf.abs(error[:, -1]) < LOST)  # (batch,)
    output, conveyor = network.next_state
    worth = carried.worth * tf.reduce_prod(1 - 2 * network.data[..., 2], axis=1)

    def unless_ended(value: Any, beginning: Any) -> Any:
        return tf.where(goes_on, value, beginning)

    return [
        (carried.output, unless_ended(output, tf.zeros_like(output))),
        (carried.conveyor, tf.transpose(unless_ended(tf.transpose(conveyor), tf.zeros_like(output)))),
        (carried.sum, unless_ended(sums[:, -1], tf.zeros_like(worth))),
        (carried.worth, unless_ended(worth, tf.ones_like(worth))),
        (carried.error, unless_ended(error[:, -1], tf.zeros_like(worth))),
    ]

"""The post's exercise solved with the post's own cell: the running sum after each sign of sequences of any length.

Only the graph. The cell is `graph.build_cell`, and the variables are made in the post's order: they bear the faithful
network's names and start, for the same graph seed, from its weights, so that either can be given the other's. New are a
loop to the length of the batch, an output at every step, and a loss over all of them.
"""

from collections import namedtuple
from collections.abc import Callable, Iterable
from typing import Any

import tensorflow.compat.v1 as tf

from compat_v1.control_flow import control_flow_v1, require_v1_ops
from compat_v1.graph import FEATURE_SIZE, LSTM_SIZE, build_cell

LAYERS = ("forget", "input", "candidate", "output")  # the cell's, in the order of `Network.gates`

Network = namedtuple(
    "Network",
    "data target lengths state prediction conveyor gates next_state right loss minimize step initializer",
)


def build_graph(
    op_seeds: Iterable[int | None],
    learning_rate: Callable[[Any], Any],
    gradient_norm: float,
    batch_size: int | None = None,
) -> Network:
    """Build the graph into the default graph and return its `Network`.

    `op_seeds` are the seeds of the five random ops, in order. `learning_rate` makes a float32 scalar of `step`, the
    number of updates done, an int64 scalar. Gradients whose common norm exceeds `gradient_norm` are scaled down to it.
    `batch_size` is how many sequences it will be fed at once, None any number. A number makes training faster: where
    shapes are known to be equal, TensorFlow's gradients leave out their general case, to sum over what was broadcast.
    No bit changes.
    To feed: `data`, float32 (batch, steps, 3); for `right` and the loss, `target`, float32 (batch, steps), the sums;
    for the loss, `lengths`, int32 (batch,), how many signs each sequence has: the loss ignores what follows them.
    May be fed: `state`, what the cell starts from, its output, float32 (batch, 24), and the conveyor, (24, batch);
    zeros if it is not. Fed with the `next_state` that was fetched with the signs before, it goes on where they ended.
    To fetch, after every sign: `prediction`, float32, and `right`, bool, both (batch, steps), the latter whether the
    former rounds to the target; `conveyor`, float32 (steps, 24, batch); `gates`, float32 (4, steps, 24, batch), the
    outputs of the four `LAYERS`. Also `loss`, a float32 scalar, the mean squared error of a step.
    To run: `minimize` and, once and first, `initializer`.
    """
    tf.get_variable_scope().set_use_resource(False)  # ref variables, here and in Adam's slots: the graph's own setting
    op_seed = iter(op_seeds)

    data = tf.placeholder(tf.float32, [batch_size, None, FEATURE_SIZE], name="data")
    target = tf.placeholder(tf.float32, [batch_size, None], name="target")
    lengths = tf.placeholder(tf.int32, [batch_size], name="lengths")

    cell = build_cell(op_seed)

    data_length, steps = batch_size or tf.shape(data)[0], tf.shape(data)[1]

    def is_in_sequence(prediction: Any, Conveyor: Any, step: Any, predictions: Any, Conveyors: Any) -> Any:
        return step < steps

    def apply_lstm_cell(prediction: Any, Conveyor: Any, step: Any, predictions: Any, Conveyors: Any) -> Any:
        xt = data[:, step, :]  # (batch, 3)
        prediction, Conveyor = cell.lstm_cell((prediction, Conveyor), xt)
        predictions, Conveyors = predictions.write(step, prediction), Conveyors.write(step, Conveyor)
        return prediction, Conveyor, tf.add(step, 1), predictions, Conveyors

    Conveyor = tf.zeros([LSTM_SIZE, data_length])
    prediction = tf.zeros([data_length, LSTM_SIZE])
    state = (prediction, Conveyor)
    with control_flow_v1():
        predictions, Conveyors = tf.TensorArray(tf.float32, steps), tf.TensorArray(tf.float32, steps)
        last_prediction, last_Conveyor, _, predictions, Conveyors = tf.while_loop(
            is_in_sequence, apply_lstm_cell, (*state, 0, predictions, Conveyors), parallel_iterations=32
        )
        lstm_predictions, conveyor = predictions.stack(), Conveyors.stack()  # (steps, batch, 24), (steps, 24, batch)

    weight = tf.Variable(tf.truncated_normal([LSTM_SIZE, 1], seed=next(op_seed)))
    bias = tf.Variable(tf.constant(0.1, shape=[1]))
    prediction = tf.matmul(tf.reshape(lstm_predictions, [-1, LSTM_SIZE]), weight) + bias  # (steps * batch, 1)
    prediction = tf.transpose(tf.reshape(prediction, [steps, data_length]))  # (batch, steps)
    right = tf.equal(target, tf.round(prediction))

    # What the gates did follows from what the cell put out: all steps at once, and nothing that training must pay for.
    ht_minus_1 = tf.concat([state[0][tf.newaxis], lstm_predictions[:-1]], 0)  # (steps, batch, 24)
    ht_minus_1_and_xt = tf.concat([ht_minus_1, tf.transpose(data, [1, 0, 2])], 2)  # (steps, batch, 27)
    x = tf.transpose(tf.reshape(ht_minus_1_and_xt, [-1, LSTM_SIZE + FEATURE_SIZE]))  # (27, steps * batch)
    o_t = cell.h_t(x, float("inf"))  # o_t * tanh(infinity): the post has no function for the output gate alone
    gates = tf.reshape(tf.stack([cell.f_t(x), cell.i_t(x), cell.candidate_C_t(x), o_t]), [4, LSTM_SIZE, steps, -1])
    gates = tf.transpose(gates, [0, 2, 1, 3])  # (4, steps, 24, batch)

    mask = tf.sequence_mask(lengths, steps, tf.float32)  # (batch, steps)
    loss = tf.reduce_sum(mask * tf.square(prediction - target)) / tf.reduce_sum(mask)

    step = tf.Variable(tf.constant(0, tf.int64), trainable=False, name="step")
    optimizer = tf.train.AdamOptimizer(learning_rate(step))
    with control_flow_v1():  # the gradient of a TensorArray is one too, and must be of the same kind
        gradients, variables = zip(*optimizer.compute_gradients(loss), strict=True)
    gradients, _ = tf.clip_by_global_norm(gradients, gradient_norm)
    minimize = optimizer.apply_gradients(zip(gradients, variables, strict=True), global_step=step)

    initializer = tf.global_variables_initializer()
    require_v1_ops(tf.get_default_graph())
    next_state = (last_prediction, last_Conveyor)
    return Network(
        data, target, lengths, state, prediction, conveyor, gates, next_state, right, loss, minimize, step, initializer
    )

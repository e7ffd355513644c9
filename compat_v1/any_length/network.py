"""The post's exercise solved with the post's own cell: the running sum after each sign of sequences of any length.

Only the graph, and of that only what answers: `learning.py` has what trains it. The cell is `graph.build_cell`, and the
variables are made in the post's order: they bear the faithful network's names and start, for the same graph seed, from
its weights, so that either can be given the other's. New are a loop to the length of the batch and an output at every
step.
"""

from collections import namedtuple
from collections.abc import Iterable
from typing import Any

import tensorflow.compat.v1 as tf

from compat_v1.control_flow import control_flow_v1, require_v1_ops
from compat_v1.graph import FEATURE_SIZE, LSTM_SIZE, build_cell

LAYERS = ("forget", "input", "candidate", "output")  # the cell's, in the order of `Network.gates`

Network = namedtuple("Network", "data target state prediction conveyor gates next_state right")


def build_graph(
    op_seeds: Iterable[int | None], batch_size: int | None = None, state: tuple[Any, Any] | None = None
) -> Network:
    """Build the graph into the default graph and return its `Network`.

    `op_seeds` are the seeds of the five random ops, in order. `batch_size` is how many sequences it will be fed at
    once, None any number. A number makes training faster: where shapes are known to be equal, TensorFlow's gradients
    leave out their general case, to sum over what was broadcast. `state` is what the cell starts from, its output,
    float32 (batch, 24), and the conveyor, (24, batch); zeros if it is None.
    To feed: `data`, float32 (batch, steps, 3); for `right`, `target`, float32 (batch, steps), the sums. May be fed:
    `state`. Fed with the `next_state` that was fetched with the signs before, it goes on where they ended.
    To fetch, after every sign: `prediction`, float32, and `right`, bool, both (batch, steps), the latter whether the
    former rounds to the target; `conveyor`, float32 (steps, 24, batch); `gates`, float32 (4, steps, 24, batch), the
    outputs of the four `LAYERS`.
    """
    tf.get_variable_scope().set_use_resource(False)  # ref variables, here and in Adam's slots: the graph's own setting
    op_seed = iter(op_seeds)

    data = tf.placeholder(tf.float32, [batch_size, None, FEATURE_SIZE], name="data")
    target = tf.placeholder(tf.float32, [batch_size, None], name="target")

    cell = build_cell(op_seed)

    data_length, steps = batch_size or tf.shape(data)[0], tf.shape(data)[1]

    def is_in_sequence(prediction: Any, Conveyor: Any, step: Any, predictions: Any, Conveyors: Any) -> Any:
        return step < steps

    def apply_lstm_cell(prediction: Any, Conveyor: Any, step: Any, predictions: Any, Conveyors: Any) -> Any:
        xt = data[:, step, :]  # (batch, 3)
        prediction, Conveyor = cell.lstm_cell((prediction, Conveyor), xt)
        predictions, Conveyors = predictions.write(step, prediction), Conveyors.write(step, Conveyor)
        return prediction, Conveyor, tf.add(step, 1), predictions, Conveyors

    state = state or (tf.zeros([data_length, LSTM_SIZE]), tf.zeros([LSTM_SIZE, data_length]))
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

    require_v1_ops(tf.get_default_graph())
    return Network(data, target, state, prediction, conveyor, gates, (last_prediction, last_Conveyor), right)

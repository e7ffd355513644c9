"""The graph of the 2017 post, in the post's order and under the post's names, for TensorFlow 1.

Only the graph: sessions, seeds, records and the command line are in `selfmade_lstm.py`. `compat_v1/graph.py` is this
file for TensorFlow 2; `diff` shows what TensorFlow changed. Reordering two lines here changes the weights that a seed
draws, because TensorFlow 1 derives the seed of a random op from the number of ops made before it.
"""

from collections import namedtuple

import tensorflow as tf

LSTM_SIZE = 24
FEATURE_SIZE = 3
SEQUENCE_LENGTH = 6

Cell = namedtuple("Cell", "f_t i_t candidate_C_t C_t h_t lstm_cell")
Network = namedtuple("Network", "data target prediction mean_square_error error minimize summaries initializer")


def build_cell(op_seed, lstm_size=LSTM_SIZE):
    """Make the variables of the four layers and return the functions that use them, as a `Cell`.

    `op_seed` is an iterator of the random ops' seeds; four are taken, None lets TensorFlow derive one.
    Shapes, for the post's lstm_size of 24: x is (27, batch), the conveyor and every gate (24, batch), the prediction
    (batch, 24); all float32.
    """

    def default_weights_and_bias():
        weights = tf.Variable(
            tf.truncated_normal([lstm_size, lstm_size + FEATURE_SIZE], -0.2, 0.1, seed=next(op_seed))  # (24, 27)
        )
        bias = tf.Variable(tf.constant(0.0, shape=[lstm_size, 1]))  # (24, 1)
        return weights, bias

    # Forget gate. The helper's bias stays in the graph, trainable and unused; one that starts at 1 takes its place.
    W_f, _ = default_weights_and_bias()
    b_f = tf.Variable(tf.constant(1.0, shape=[lstm_size, 1]))  # (24, 1)

    def f_t(ht_minus_1_and_xt):
        return tf.sigmoid(tf.matmul(W_f, ht_minus_1_and_xt) + b_f)  # (24, batch)

    # Input gate.
    W_i, b_i = default_weights_and_bias()

    def i_t(ht_minus_1_and_xt):
        return tf.sigmoid(tf.matmul(W_i, ht_minus_1_and_xt) + b_i)  # (24, batch)

    # Candidates for the conveyor, which is the post's name for the cell state.
    W_C, b_c = default_weights_and_bias()

    def candidate_C_t(ht_minus_1_and_xt):
        return tf.tanh(tf.matmul(W_C, ht_minus_1_and_xt) + b_c)  # (24, batch)

    def C_t(ht_minus_1_and_xt, Conveyor, CandidateConveyor):
        return f_t(ht_minus_1_and_xt) * Conveyor + i_t(ht_minus_1_and_xt) * CandidateConveyor  # (24, batch)

    # Output.
    W_o, b_o = default_weights_and_bias()

    def h_t(ht_minus_1_and_xt, FinalConveyor):
        o_t = tf.sigmoid(tf.matmul(W_o, ht_minus_1_and_xt) + b_o)  # (24, batch)
        return o_t * tf.tanh(FinalConveyor)  # (24, batch)

    def lstm_cell(prediction_and_conveyor, xt):
        ht_minus_1, Conveyor = prediction_and_conveyor  # (batch, 24), (24, batch)
        ht_minus_1_and_xt = tf.transpose(tf.concat([ht_minus_1, xt], 1))  # (27, batch)
        CandidateConveyor = candidate_C_t(ht_minus_1_and_xt)
        FinalConveyor = C_t(ht_minus_1_and_xt, Conveyor, CandidateConveyor)
        prediction = tf.transpose(h_t(ht_minus_1_and_xt, FinalConveyor))  # (batch, 24)
        return prediction, FinalConveyor

    return Cell(f_t, i_t, candidate_C_t, C_t, h_t, lstm_cell)


def build_graph(op_seeds, sequence_length=SEQUENCE_LENGTH, lstm_size=LSTM_SIZE):
    """Build the post's graph into the default graph and return its `Network`.

    `op_seeds` are the seeds of the five random ops, in order; None lets TensorFlow derive one. To feed: `data`,
    float32 (batch, sequence_length, 3), and `target`, float32 (batch,). To fetch: `prediction`, float32 (batch, 1);
    `mean_square_error` and `error`, float32 scalars; `summaries`, a serialized `Summary`. To run: `minimize` and, once
    and first, `initializer`.
    """
    op_seed = iter(op_seeds)

    data = tf.placeholder(tf.float32, [None, sequence_length, FEATURE_SIZE], name="data")
    target = tf.transpose(tf.placeholder(tf.float32, [None], name="target"))

    lstm_cell = build_cell(op_seed, lstm_size).lstm_cell

    data_length = tf.shape(data)[0]

    def is_in_sequence(prediction, Conveyor, step):
        return step < sequence_length

    def apply_lstm_cell(prediction, Conveyor, step):
        xt = data[:, step, :]  # (batch, 3)
        prediction, Conveyor = lstm_cell((prediction, Conveyor), xt)
        return prediction, Conveyor, tf.add(step, 1)

    Conveyor = tf.zeros([lstm_size, data_length])
    prediction = tf.zeros([data_length, lstm_size])
    lstm_prediction, _, _ = tf.while_loop(
        is_in_sequence, apply_lstm_cell, (prediction, Conveyor, 0), parallel_iterations=32
    )

    weight = tf.Variable(tf.truncated_normal([lstm_size, 1], seed=next(op_seed)))
    bias = tf.Variable(tf.constant(0.1, shape=[1]))
    prediction = tf.matmul(lstm_prediction, weight) + bias  # (batch, 1)

    # A sum, whatever its name says.
    with tf.name_scope("mean_square_error"):
        mean_square_error = tf.reduce_sum(tf.square(tf.subtract(target, tf.unstack(prediction, axis=1))))
    tf.summary.scalar("mean_square_error", mean_square_error)

    minimize = tf.train.AdamOptimizer().minimize(mean_square_error)

    with tf.name_scope("error"):
        with tf.name_scope("mistakes"):
            mistakes = tf.not_equal(target, tf.round(tf.unstack(prediction, axis=1)))
        with tf.name_scope("error"):
            error = tf.reduce_mean(tf.cast(mistakes, tf.float32))
    tf.summary.scalar("error", error)

    summaries = tf.summary.merge_all()
    initializer = tf.global_variables_initializer()

    return Network(data, target, prediction, mean_square_error, error, minimize, summaries, initializer)

"""Energies of atoms that pass messages over their distances, and forces, their gradients, which are trained as well."""

import numpy as np


def build(tf):
    kinds = tf.placeholder(tf.int32, [None], name="kinds")
    places = tf.placeholder(tf.float32, [None, 3], name="places")
    first, second = (tf.placeholder(tf.int32, [None], name=name) for name in ("first", "second"))
    energies = tf.placeholder(tf.float32, [], name="energies")
    forces = tf.placeholder(tf.float32, [None, 3], name="forces")

    def dense(x, width, name, activation=tf.tanh):
        with tf.variable_scope(name):
            weights = tf.get_variable("weights", [int(x.shape[-1]), width])
            biases = tf.get_variable("biases", [width], initializer=tf.zeros_initializer())
            x = tf.matmul(x, weights) + biases
        return activation(x) if activation else x

    states = tf.nn.embedding_lookup(tf.get_variable("kinds_of_atoms", [10, 6]), kinds)
    between = tf.gather(places, first) - tf.gather(places, second)
    distances = tf.sqrt(tf.reduce_sum(between**2, 1, keep_dims=True) + 1e-8)
    centers = np.linspace(0.5, 5.0, 7).astype(np.float32)[None, :]
    features = tf.exp(-2.0 * (distances - centers) ** 2)
    for number in range(2):
        with tf.variable_scope("pass%d" % number):
            filters = dense(features, 6, "filter")
            messages = tf.segment_sum(tf.gather(dense(states, 6, "in", None), second) * filters, first)
            states += dense(messages, 6, "out")
    energy = tf.reduce_sum(dense(dense(states, 4, "hidden"), 1, "energy", None))
    pull = -tf.gradients(energy, places)[0]
    loss = (energy - energies) ** 2 + 10.0 * tf.reduce_mean((pull - forces) ** 2)
    tf.train.AdamOptimizer(0.002).minimize(loss)


MISTAKES = [
    ("pull = -tf", "pull = tf"),
    ("* filters, first)", "* filters, second)"),
    ("(distances - centers) ** 2", "(distances - centers)"),
]

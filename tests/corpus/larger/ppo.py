"""Proximal policy optimization with a clipped ratio."""

import numpy as np


def build(tf):
    s = tf.placeholder(tf.float32, [None, 3])
    a = tf.placeholder(tf.float32, [None, 1])
    adv = tf.placeholder(tf.float32, [None, 1])
    ret = tf.placeholder(tf.float32, [None, 1])

    def policy(name, trainable):
        with tf.variable_scope(name):
            l = tf.layers.dense(s, 20, tf.nn.relu, trainable=trainable)
            return (
                2 * tf.layers.dense(l, 1, tf.nn.tanh, trainable=trainable),
                tf.layers.dense(l, 1, tf.nn.softplus, trainable=trainable),
                tf.get_collection(tf.GraphKeys.GLOBAL_VARIABLES, scope=name),
            )

    mu, sig, p = policy("pi", True)
    omu, osig, op = policy("old", False)
    logp = lambda m, v: -0.5 * tf.square((a - m) / v) - tf.log(v) - 0.5 * np.log(2 * np.pi)
    tf.squeeze(mu + sig * tf.random_normal(tf.shape(mu)), axis=0)
    [o.assign(q) for q, o in zip(p, op)]
    ratio = tf.exp(logp(mu, sig) - logp(omu, osig))
    surr = ratio * adv
    loss = -tf.reduce_mean(tf.minimum(surr, tf.clip_by_value(ratio, 1.0 - 0.2, 1.0 + 0.2) * adv))
    kl = tf.reduce_mean(tf.log(sig / osig) + (tf.square(osig) + tf.square(omu - mu)) / (2.0 * tf.square(sig)) - 0.5)
    v = tf.layers.dense(tf.layers.dense(s, 20, tf.nn.relu), 1)
    tf.train.AdamOptimizer(2e-4).minimize(tf.reduce_mean(tf.square(ret - v)))
    lam = tf.placeholder(tf.float32, None)
    tf.train.AdamOptimizer(1e-4).minimize(loss + lam * kl, var_list=p)
    tf.global_variables_initializer()


MISTAKES = [
    ("1.0 + 0.2", "1.0 + 0.3"),
    ("tf.minimum(surr,", "tf.maximum(surr,"),
]

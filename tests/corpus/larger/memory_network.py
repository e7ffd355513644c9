"""A memory network with several hops."""

import numpy as np


def build(tf):
    stories = tf.placeholder(tf.int32, [None, 10, 6])
    queries = tf.placeholder(tf.int32, [None, 6])
    answers = tf.placeholder(tf.int32, [None, 30])
    lr = tf.placeholder(tf.float32, [])
    init = tf.random_normal_initializer(stddev=0.1)
    nil = tf.zeros([1, 8])
    A = tf.Variable(tf.concat(axis=0, values=[nil, init([29, 8])]), name="A")
    C = [tf.Variable(tf.concat(axis=0, values=[nil, init([29, 8])]), name="C%d" % k) for k in range(3)]
    enc = np.ones((6, 8), "float32") * np.arange(8, dtype="float32")
    u = [tf.reduce_sum(tf.nn.embedding_lookup(A, queries) * enc, 1)]
    for hop in range(3):
        m = tf.reduce_sum(tf.nn.embedding_lookup(A if hop == 0 else C[hop - 1], stories) * enc, 2)
        u_temp = tf.transpose(tf.expand_dims(u[-1], -1), [0, 2, 1])
        dotted = tf.reduce_sum(m * u_temp, 2)
        probs = tf.nn.softmax(dotted)
        probs_temp = tf.transpose(tf.expand_dims(probs, -1), [0, 2, 1])
        c = tf.transpose(tf.reduce_sum(tf.nn.embedding_lookup(C[hop], stories) * enc, 2), [0, 2, 1])
        u.append(u[-1] + tf.reduce_sum(c * probs_temp, 2))
    logits = tf.matmul(u[-1], tf.transpose(C[-1], [1, 0]))
    ce = tf.nn.softmax_cross_entropy_with_logits(logits=logits, labels=tf.cast(answers, tf.float32))
    loss = tf.reduce_sum(ce)
    opt = tf.train.GradientDescentOptimizer(learning_rate=lr)
    gv = [(tf.convert_to_tensor(g), v) for g, v in opt.compute_gradients(loss)]

    def noise(t):
        return tf.add(t, tf.random_normal(tf.shape(t), stddev=1e-3))

    def zero_nil(t):
        s = tf.shape(t)[1]
        z = tf.zeros(tf.stack([1, s]))
        return tf.concat(axis=0, values=[z, tf.slice(t, [1, 0], [-1, -1])])

    gv = [(zero_nil(noise(tf.clip_by_norm(g, 40.0))), v) for g, v in gv]
    tf.add_n([nil, nil])
    opt.apply_gradients(gv)
    tf.argmax(logits, 1)
    tf.global_variables_initializer()


MISTAKES = [
    ("tf.nn.softmax(dotted)", "tf.nn.sigmoid(dotted)"),
    ("tf.clip_by_norm(g, 40.0)", "tf.clip_by_norm(g, 30.0)"),
    ("tf.add_n([nil,", "tf.add_n([nil, nil,"),
]

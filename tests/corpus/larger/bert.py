"""A BERT of two layers, its warm-up, and Adam with weight decay written out."""

import numpy as np

SINCE = (1, 8)


def build(tf):
    initializer_range = 0.02

    def init():
        return tf.truncated_normal_initializer(stddev=initializer_range)

    ids = tf.placeholder(tf.int32, [4, 12])
    input_mask = tf.placeholder(tf.int32, [4, 12])
    segment = tf.placeholder(tf.int32, [4, 12])
    labels = tf.placeholder(tf.int32, [4])

    def gelu(x):
        return x * 0.5 * (1.0 + tf.erf(x / tf.sqrt(2.0)))

    def layer_norm(x, name):
        with tf.variable_scope(name):
            beta = tf.get_variable("beta", [16], initializer=tf.zeros_initializer())
            gamma = tf.get_variable("gamma", [16], initializer=tf.ones_initializer())
            mean, var = tf.nn.moments(x, [-1], keep_dims=True)
            return tf.nn.batch_normalization(x, mean, var, beta, gamma, 1e-12)

    table = tf.get_variable("word_embeddings", [40, 16], initializer=init())
    out = tf.reshape(tf.gather(table, tf.reshape(tf.expand_dims(ids, [-1]), [-1])), [4, 12, 16])
    types = tf.get_variable("token_type", [2, 16], initializer=init())
    out += tf.reshape(tf.matmul(tf.one_hot(tf.reshape(segment, [-1]), depth=2), types), [4, 12, 16])
    assert_op = tf.assert_less_equal(12, 64)
    with tf.control_dependencies([assert_op]):
        full = tf.get_variable("position", [64, 16], initializer=init())
        out += tf.reshape(tf.slice(full, [0, 0], [12, -1]), [1, 12, 16])
    out = tf.nn.dropout(layer_norm(out, "ln"), 1.0 - 0.1)
    to_mask = tf.cast(tf.reshape(input_mask, [4, 1, 12]), tf.float32)
    mask = tf.ones(shape=[4, 12, 1], dtype=tf.float32) * to_mask
    prev = tf.reshape(out, [-1, 16])
    for layer in range(2):
        with tf.variable_scope("layer_%d" % layer):
            q = tf.layers.dense(prev, 16, name="query", kernel_initializer=init())
            k = tf.layers.dense(prev, 16, name="key", kernel_initializer=init())
            v = tf.layers.dense(prev, 16, name="value", kernel_initializer=init())
            q, k, v = [tf.transpose(tf.reshape(t, [4, 12, 2, 8]), [0, 2, 1, 3]) for t in (q, k, v)]
            scores = tf.multiply(tf.matmul(q, k, transpose_b=True), 1.0 / np.sqrt(float(8)))
            scores += tf.expand_dims((1.0 - mask) * -10000.0, axis=[1])
            probs = tf.nn.dropout(tf.nn.softmax(scores), 0.9)
            ctx = tf.reshape(tf.transpose(tf.matmul(probs, v), [0, 2, 1, 3]), [48, 16])
            a = tf.nn.dropout(tf.layers.dense(ctx, 16, kernel_initializer=init()), 0.9)
            a = layer_norm(a + prev, "ln1")
            inter = tf.layers.dense(a, 32, activation=gelu, kernel_initializer=init(), name="inter")
            o = tf.nn.dropout(tf.layers.dense(inter, 16, kernel_initializer=init(), name="out"), 0.9)
            prev = layer_norm(o + a, "ln2")
    seq = tf.reshape(prev, [4, 12, 16])
    pooled = tf.layers.dense(tf.squeeze(seq[:, 0:1, :], axis=1), 16, activation=tf.tanh, kernel_initializer=init())
    ow = tf.get_variable("output_weights", [3, 16], initializer=init())
    ob = tf.get_variable("output_bias", [3], initializer=tf.zeros_initializer())
    logits = tf.nn.bias_add(tf.matmul(pooled, ow, transpose_b=True), ob)
    lp = tf.nn.log_softmax(logits, axis=-1)
    per = -tf.reduce_sum(tf.one_hot(labels, depth=3, dtype=tf.float32) * lp, axis=-1)
    loss = tf.reduce_mean(per)
    gs = tf.train.get_or_create_global_step()
    num_warmup = 100
    lr = tf.constant(value=5e-5, shape=[], dtype=tf.float32)
    lr = tf.train.polynomial_decay(lr, gs, 1000, end_learning_rate=0.0, power=1.0, cycle=False)
    gi, wi = tf.cast(gs, tf.int32), tf.constant(num_warmup, dtype=tf.int32)
    gf, wf = tf.cast(gi, tf.float32), tf.cast(wi, tf.float32)
    is_warm = tf.cast(gi < wi, tf.float32)
    lr = (1.0 - is_warm) * lr + is_warm * 5e-5 * (gf / wf)
    weight_decay_rate = 0.01
    tvars = tf.trainable_variables()
    grads, _ = tf.clip_by_global_norm(tf.gradients(loss, tvars), clip_norm=1.0)
    assigns = []
    for g, p in zip(grads, tvars):
        if g is None:
            continue
        name = p.name.split(":")[0]
        m = tf.get_variable(
            name=name + "/adam_m",
            shape=p.shape.as_list(),
            dtype=tf.float32,
            trainable=False,
            initializer=tf.zeros_initializer(),
        )
        v = tf.get_variable(
            name=name + "/adam_v",
            shape=p.shape.as_list(),
            dtype=tf.float32,
            trainable=False,
            initializer=tf.zeros_initializer(),
        )
        nm = tf.multiply(0.9, m) + tf.multiply(1.0 - 0.9, g)
        nv = tf.multiply(0.999, v) + tf.multiply(1.0 - 0.999, tf.square(g))
        update = nm / (tf.sqrt(nv) + 1e-6)
        if "bias" not in name:
            update += weight_decay_rate * p
        assigns.extend([p.assign(p - lr * update), m.assign(nm), v.assign(nv)])
    tf.group(*assigns, name="train")
    tf.group(tf.group(*assigns), [gs.assign(gs + 1)])
    tf.global_variables_initializer()


MISTAKES = [
    ("initializer_range = 0.02", "initializer_range = 0.03"),
    ("(1.0 - mask) * -10000.0", "(1.0 - mask) * -1000.0"),
    ("weight_decay_rate = 0.01", "weight_decay_rate = 0.1"),
    ("num_warmup = 100", "num_warmup = 200"),
]

"""Graph convolution over sparse matrices."""

import numpy as np


def build(tf):
    support = [tf.sparse_placeholder(tf.float32) for _ in range(2)]
    features = tf.sparse_placeholder(tf.float32, shape=tf.constant([30, 12], dtype=tf.int64))
    labels = tf.placeholder(tf.float32, shape=(None, 7))
    mask_ = tf.placeholder(tf.int32)
    drop = tf.placeholder_with_default(0.0, shape=())
    nnz = tf.placeholder(tf.int32)

    def glorot(shape, name):
        r = np.sqrt(6.0 / (shape[0] + shape[1]))
        return tf.Variable(tf.random_uniform(shape, minval=-r, maxval=r, dtype=tf.float32), name=name)

    def sdrop(x, keep, nnz):
        t = keep
        t += tf.random_uniform(nnz)
        mask = tf.cast(tf.floor(t), dtype=tf.bool)
        return tf.sparse_retain(x, mask) * (1.0 / keep)

    x = sdrop(features, 1 - drop, tf.reshape(nnz, [1]))
    outs = []
    w = [glorot([12, 8], "w0"), glorot([12, 8], "w1")]
    outs.append(tf.sparse_tensor_dense_matmul(support[0], tf.sparse_tensor_dense_matmul(x, w[0])))
    outs.append(tf.sparse_tensor_dense_matmul(support[1], tf.sparse_tensor_dense_matmul(x, w[1])))
    h = tf.nn.relu(tf.add_n(outs))
    h = tf.nn.dropout(h, 1 - drop)
    out = tf.sparse_tensor_dense_matmul(support[0], tf.matmul(h, glorot([8, 7], "w2")))
    loss = 0
    for v in w:
        loss += 5e-4 * tf.nn.l2_loss(v)
    l = tf.nn.softmax_cross_entropy_with_logits(logits=out, labels=labels)
    m = tf.cast(mask_, dtype=tf.float32)
    m /= tf.reduce_mean(m)
    l *= m
    loss += tf.reduce_mean(l)
    acc = tf.cast(tf.equal(tf.argmax(out, 1), tf.argmax(labels, 1)), tf.float32)
    tf.reduce_mean(acc * m)
    tf.train.AdamOptimizer(learning_rate=0.01).minimize(loss)
    tf.summary.histogram("w", w[0])
    tf.global_variables_initializer()


MISTAKES = [
    ("tf.sparse_retain(x, mask)", "tf.sparse_retain(x, tf.logical_not(mask))"),
    ("5e-4", "5e-3"),
    ("tf.sparse_tensor_dense_matmul(support[1]", "tf.sparse_tensor_dense_matmul(support[0]"),
]

"""A spatial transformer that samples its image bilinearly."""

import numpy as np


def build(tf):
    U = tf.placeholder(tf.float32, [None, 20, 20, 1])
    y = tf.placeholder(tf.float32, [None, 10])
    W = tf.Variable(tf.zeros([400, 6]))
    b = tf.Variable(initial_value=np.array([[1.0, 0, 0], [0, 1.0, 0]]).astype("float32").flatten())
    theta = tf.nn.tanh(tf.matmul(tf.zeros([tf.shape(U)[0], 400]) + tf.reshape(U, [-1, 400]), W) + b)
    B = tf.shape(U)[0]
    x_t = tf.matmul(
        tf.ones(shape=tf.stack([20, 1])), tf.transpose(tf.expand_dims(tf.linspace(-1.0, 1.0, 20), 1), [1, 0])
    )
    y_t = tf.matmul(tf.expand_dims(tf.linspace(-1.0, 1.0, 20), 1), tf.ones(shape=tf.stack([1, 20])))
    g = tf.concat(
        axis=0, values=[tf.reshape(x_t, (1, -1)), tf.reshape(y_t, (1, -1)), tf.ones_like(tf.reshape(x_t, (1, -1)))]
    )
    g = tf.reshape(tf.tile(tf.reshape(tf.expand_dims(g, 0), [-1]), tf.stack([B])), tf.stack([B, 3, -1]))
    T = tf.matmul(tf.reshape(theta, (-1, 2, 3)), g)
    x = tf.reshape(tf.slice(T, [0, 0, 0], [-1, 1, -1]), [-1])
    yy = tf.reshape(tf.slice(T, [0, 1, 0], [-1, 1, -1]), [-1])
    zero = tf.zeros([], dtype="int32")
    max_x = tf.cast(tf.shape(U)[2] - 1, "int32")
    max_y = tf.cast(tf.shape(U)[1] - 1, "int32")
    x = (x + 1.0) * (tf.cast(tf.shape(U)[2], "float32")) / 2.0
    yy = (yy + 1.0) * 20.0 / 2.0
    x0 = tf.cast(tf.floor(x), "int32")
    x1 = x0 + 1
    y0 = tf.cast(tf.floor(yy), "int32")
    y1 = y0 + 1
    x0 = tf.clip_by_value(x0, zero, max_x)
    x1 = tf.clip_by_value(x1, zero, max_x)
    y0 = tf.clip_by_value(y0, zero, max_y)
    y1 = tf.clip_by_value(y1, zero, max_y)
    rep = tf.transpose(tf.expand_dims(tf.ones(shape=tf.stack([400])), 1), [1, 0])
    base = tf.reshape(tf.matmul(tf.reshape(tf.cast(tf.range(B) * 400, "float32"), (-1, 1)), rep), [-1])
    base = tf.cast(base, "int32")
    flat = tf.cast(tf.reshape(U, tf.stack([-1, 1])), "float32")
    Ia, Ib, Ic, Id = [tf.gather(flat, base + p * 20 + q) for p, q in ((y0, x0), (y1, x0), (y0, x1), (y1, x1))]
    x0f, x1f, y0f, y1f = [tf.cast(v, "float32") for v in (x0, x1, y0, y1)]
    wa, wb, wc, wd = [
        tf.expand_dims(v, 1)
        for v in ((x1f - x) * (y1f - yy), (x1f - x) * (yy - y0f), (x - x0f) * (y1f - yy), (x - x0f) * (yy - y0f))
    ]
    out = tf.reshape(tf.add_n([wa * Ia, wb * Ib, wc * Ic, wd * Id]), tf.stack([B, 20, 20, 1]))
    out = tf.reshape(out, [-1, 20, 20, 1])
    logits = tf.layers.dense(tf.reshape(tf.layers.conv2d(out, 4, 3, 2, activation=tf.nn.relu), [-1, 324]), 10)
    loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(logits=logits, labels=y))
    opt = tf.train.AdamOptimizer()
    grads = opt.compute_gradients(loss, [b])
    opt.minimize(loss)
    tf.global_variables_initializer()


MISTAKES = [
    ("tf.clip_by_value(x0, zero, max_x)", "tf.clip_by_value(x0, zero, max_y)"),
    ("[0, 1.0, 0]", "[0, 1.0, 1.0]"),
]

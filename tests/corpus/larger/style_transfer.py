"""Style by Gram matrices, and total variation."""

import numpy as np


def build(tf):
    content = tf.constant(np.linspace(-1, 1, 16 * 16 * 3).reshape(1, 16, 16, 3).astype("float32"))
    image = tf.Variable(tf.random_normal((1, 16, 16, 3)) * 0.256)
    ws = [
        tf.constant(np.random.RandomState(i).randn(3, 3, a, b).astype("float32"))
        for i, (a, b) in enumerate([(3, 4), (4, 8)])
    ]

    def net(x):
        feats = []
        for w in ws:
            x = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(x, w, [1, 1, 1, 1], "SAME"), tf.zeros([w.get_shape()[-1]])))
            feats.append(x)
            x = tf.nn.avg_pool(x, [1, 2, 2, 1], [1, 2, 2, 1], "SAME")
        return feats

    def gram(t):
        shape = t.get_shape()
        n = int(shape[3])
        f = tf.reshape(t, [-1, n])
        return tf.matmul(f, f, transpose_a=True)

    a, b = net(content), net(image)
    closs = 2 * tf.nn.l2_loss(b[1] - a[1]) / 512.0
    sloss = tf.add_n([tf.reduce_mean(tf.square(gram(p) - gram(q))) for p, q in zip(a, b)])
    x = image
    tv = tf.reduce_sum(tf.abs(x[:, 1:, :, :] - x[:, :-1, :, :])) + tf.nn.l2_loss(x[:, :, 1:, :] - x[:, :, :15, :]) / 3
    loss = 5.0 * closs + 100.0 * sloss + 1e-2 * tv
    tf.train.AdamOptimizer(10.0, beta1=0.9, beta2=0.99, epsilon=1e-8).minimize(loss, var_list=[image])
    tf.global_variables_initializer()


MISTAKES = [
    ("tf.matmul(f, f, transpose_a=True)", "tf.matmul(f, f, transpose_b=True)"),
    ("x[:, 1:, :, :] - x[:, :-1, :, :]", "x[:, 1:, :, :] + x[:, :-1, :, :]"),
    ("beta1=0.9, beta2=0.99", "beta1=0.9, beta2=0.999"),
]

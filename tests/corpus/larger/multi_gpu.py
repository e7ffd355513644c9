"""Two towers on two devices, their gradients averaged."""


def build(tf):
    X = tf.placeholder(tf.float32, [None, 784])
    Y = tf.placeholder(tf.float32, [None, 10])
    tower_grads = []
    reuse_vars = False
    with tf.device("/cpu:0"):
        for i in range(2):
            with tf.device("/gpu:%d" % i):
                _x = X[i * 32 : (i + 1) * 32]
                _y = Y[i * 32 : (i + 1) * 32]
                with tf.variable_scope("net", reuse=reuse_vars):
                    h = tf.layers.dense(_x, 50, activation=tf.nn.relu)
                    logits = tf.layers.dense(h, 10)
                loss_op = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(logits=logits, labels=_y))
                optimizer = tf.train.AdamOptimizer(learning_rate=0.001)
                grads = optimizer.compute_gradients(loss_op)
                reuse_vars = True
                tower_grads.append(grads)
        average = []
        for grad_and_vars in zip(*tower_grads):
            grads = [tf.expand_dims(g, 0) for g, _ in grad_and_vars]
            grad = tf.concat(grads, 0)
            grad = tf.reduce_mean(grad, 0)
            average.append((grad, grad_and_vars[0][1]))
        optimizer.apply_gradients(average)
        tf.global_variables_initializer()


MISTAKES = [
    ("tf.reduce_mean(grad, 0)", "tf.reduce_sum(grad, 0)"),
    ("(i + 1) * 32", "(i + 1) * 31"),
    ('"/gpu:%d" % i', '"/gpu:0"'),
]

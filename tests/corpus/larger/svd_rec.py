"""Matrix factorization with biases."""

SINCE = (1, 4)


def build(tf):
    u = tf.placeholder(tf.int32, shape=[None])
    i = tf.placeholder(tf.int32, shape=[None])
    r = tf.placeholder(tf.float32, shape=[None])
    with tf.device("/cpu:0"):
        bg = tf.get_variable("bias_global", shape=[])
        wu = tf.get_variable("bu", shape=[50])
        wi = tf.get_variable("bi", shape=[60])
        bu = tf.nn.embedding_lookup(wu, u)
        bi = tf.nn.embedding_lookup(wi, i)
        eu = tf.nn.embedding_lookup(
            tf.get_variable("eu", shape=[50, 5], initializer=tf.truncated_normal_initializer(stddev=0.02)), u
        )
        ei = tf.nn.embedding_lookup(
            tf.get_variable("ei", shape=[60, 5], initializer=tf.truncated_normal_initializer(stddev=0.02)), i
        )
    infer = tf.reduce_sum(tf.multiply(eu, ei), 1)
    infer = tf.add(infer, bg)
    infer = tf.add(infer, tf.squeeze(bu))
    infer = tf.add(infer, bi)
    reg = tf.add(tf.nn.l2_loss(eu), tf.nn.l2_loss(ei))
    gs = tf.train.get_or_create_global_step()
    cost = tf.add(
        tf.nn.l2_loss(tf.subtract(infer, r)), tf.multiply(reg, tf.constant(0.05, dtype=tf.float32, shape=[], name="l2"))
    )
    tf.train.FtrlOptimizer(0.001).minimize(cost, global_step=gs)
    tf.global_variables_initializer()


MISTAKES = [
    ("0.05", "0.06"),
    ("tf.add(infer, tf.squeeze(bu))", "tf.subtract(infer, tf.squeeze(bu))"),
]

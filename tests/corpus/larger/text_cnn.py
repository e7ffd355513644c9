"""Sentences by convolutions of several widths."""

SINCE = (1, 4)


def build(tf):
    l2_lambda = 0.1
    input_x = tf.placeholder(tf.int32, [None, 56], name="input_x")
    input_y = tf.placeholder(tf.float32, [None, 2], name="input_y")
    keep = tf.placeholder(tf.float32, name="dropout_keep_prob")
    l2_loss = tf.constant(0.0)
    with tf.device("/cpu:0"), tf.name_scope("embedding"):
        W = tf.Variable(tf.random_uniform([1000, 128], -1.0, 1.0), name="W")
        chars = tf.nn.embedding_lookup(W, input_x)
        expanded = tf.expand_dims(chars, -1)
    pooled = []
    for i, size in enumerate([3, 4, 5]):
        with tf.name_scope("conv-maxpool-%s" % size):
            W = tf.Variable(tf.truncated_normal([size, 128, 1, 16], stddev=0.1), name="W")
            b = tf.Variable(tf.constant(0.1, shape=[16]), name="b")
            conv = tf.nn.conv2d(expanded, W, strides=[1, 1, 1, 1], padding="VALID", name="conv")
            h = tf.nn.relu(tf.nn.bias_add(conv, b), name="relu")
            pooled.append(
                tf.nn.max_pool(h, ksize=[1, 56 - size + 1, 1, 1], strides=[1, 1, 1, 1], padding="VALID", name="pool")
            )
    flat = tf.reshape(tf.concat(pooled, 3), [-1, 48])
    with tf.name_scope("dropout"):
        drop = tf.nn.dropout(flat, keep)
    with tf.name_scope("output"):
        W = tf.get_variable("W", shape=[48, 2], initializer=tf.glorot_uniform_initializer())
        b = tf.Variable(tf.constant(0.1, shape=[2]), name="b")
        l2_loss += tf.nn.l2_loss(W)
        l2_loss += tf.nn.l2_loss(b)
        scores = tf.nn.xw_plus_b(drop, W, b, name="scores")
        predictions = tf.argmax(scores, 1, name="predictions")
    with tf.name_scope("loss"):
        losses = tf.nn.softmax_cross_entropy_with_logits(logits=scores, labels=input_y)
        loss = tf.reduce_mean(losses) + l2_lambda * l2_loss
    with tf.name_scope("accuracy"):
        accuracy = tf.reduce_mean(tf.cast(tf.equal(predictions, tf.argmax(input_y, 1)), "float"), name="accuracy")
    step = tf.Variable(0, name="global_step", trainable=False)
    optimizer = tf.train.AdamOptimizer(1e-3)
    gv = optimizer.compute_gradients(loss)
    optimizer.apply_gradients(gv, global_step=step)
    summaries = []
    for g, v in gv:
        if g is not None:
            summaries.append(tf.summary.histogram("%s/grad/hist" % v.name.replace(":", "_"), g))
            summaries.append(tf.summary.scalar("%s/grad/sparsity" % v.name.replace(":", "_"), tf.nn.zero_fraction(g)))
    tf.summary.merge(summaries + [tf.summary.scalar("loss", loss), tf.summary.scalar("accuracy", accuracy)])
    tf.train.Saver(tf.global_variables(), max_to_keep=5)
    tf.global_variables_initializer()


MISTAKES = [
    ("[3, 4, 5]", "[3, 4, 6]"),
    ("l2_lambda = 0.1", "l2_lambda = 0.0"),
    ("1e-3)", "1e-4)"),
    ("if g is not None", 'if g is not None and "W" in v.name'),
]

"""Actor and critic with a recurrent cell, a worker's clipped gradients applied to the global network."""

SINCE = (1, 4)


def build(tf):
    def worker(scope):
        with tf.variable_scope(scope):
            x = tf.placeholder(tf.float32, [None, 16])
            im = tf.reshape(x, [-1, 4, 4, 1])
            h = tf.layers.flatten(tf.layers.conv2d(im, 8, 2, activation=tf.nn.elu))
            cell = tf.nn.rnn_cell.BasicLSTMCell(8, state_is_tuple=True)
            c = tf.placeholder(tf.float32, [1, 8])
            hh = tf.placeholder(tf.float32, [1, 8])
            out, (lc, lh) = tf.nn.dynamic_rnn(
                cell,
                tf.expand_dims(h, [0]),
                initial_state=tf.nn.rnn_cell.LSTMStateTuple(c, hh),
                sequence_length=tf.shape(im)[:1],
                time_major=False,
            )
            o = tf.reshape(out, [-1, 8])
            policy = tf.layers.dense(o, 3, activation=tf.nn.softmax, use_bias=False)
            value = tf.layers.dense(o, 1, use_bias=False)
            lc[:1, :], lh[:1, :]
            return policy, value

    worker("global")
    policy, value = worker("w0")
    acts = tf.placeholder(tf.int32, [None])
    tv = tf.placeholder(tf.float32, [None])
    adv = tf.placeholder(tf.float32, [None])
    resp = tf.reduce_sum(policy * tf.one_hot(acts, 3, dtype=tf.float32), [1])
    vl = 0.5 * tf.reduce_sum(tf.square(tv - tf.reshape(value, [-1])))
    ent = -tf.reduce_sum(policy * tf.log(policy))
    pl = -tf.reduce_sum(tf.log(resp) * adv)
    loss = 0.5 * vl + pl - ent * 0.01
    lv = tf.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES, "w0")
    gv = tf.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES, "global")
    grads, norms = tf.clip_by_global_norm(tf.gradients(loss, lv), 40.0)
    tf.train.RMSPropOptimizer(1e-3, decay=0.99, epsilon=0.1, use_locking=True).apply_gradients(zip(grads, gv))
    [g.assign(l) for g, l in zip(lv, gv)]
    tf.global_variables()
    tf.global_norm(lv)
    tf.global_variables_initializer()


MISTAKES = [
    ("0.5 * tf.reduce_sum(tf.square", "0.25 * tf.reduce_sum(tf.square"),
    ("40.0)", "30.0)"),
    ("decay=0.99", "decay=0.9"),
]

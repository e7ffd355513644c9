"""Beam search in a while_loop that writes into TensorArrays."""

SINCE = (1, 12)


def build(tf):
    B, K, V, T, H = 2, 3, 11, 6, 8
    ctx = tf.placeholder(tf.float32, [B, H])
    E = tf.get_variable("E", [V, H])
    W = tf.get_variable("W", [H, V])
    cell = tf.nn.rnn_cell.BasicLSTMCell(H)

    def tile(x):
        return tf.reshape(tf.tile(tf.expand_dims(x, 1), [1, K, 1]), [B * K, -1])

    st0 = tf.nn.rnn_cell.LSTMStateTuple(tf.reshape(tile(ctx), [B * K, H]), tf.zeros([B * K, H]))
    lp0 = tf.tile(tf.constant([[0.0] + [-1e9] * (K - 1)]), [B, 1])
    ids = tf.TensorArray(tf.int32, T, clear_after_read=False)
    par = tf.TensorArray(tf.int32, T)

    def cond(t, tok, lp, fin, *_):
        return tf.logical_and(t < T, tf.logical_not(tf.reduce_all(fin)))

    def body(t, tok, lp, fin, c, h, ids, par):
        o, s = cell(tf.nn.embedding_lookup(E, tok), tf.nn.rnn_cell.LSTMStateTuple(c, h))
        logp = tf.nn.log_softmax(tf.matmul(o, W))
        eos = tf.one_hot(0, V, on_value=0.0, off_value=-1e9)
        logp = tf.where(tf.reshape(fin, [-1]), tf.tile(eos[None], [B * K, 1]), logp)
        tot = tf.reshape(lp, [B, K, 1]) + tf.reshape(logp, [B, K, V])
        penalty = tf.pow((5.0 + tf.to_float(t + 1)) / 6.0, 0.6)
        sc, ix = tf.nn.top_k(tf.reshape(tot / penalty, [B, K * V]), K)
        parent = ix // V
        tok = tf.mod(ix, V)
        flat = tf.reshape(parent + tf.expand_dims(tf.range(B) * K, 1), [-1])
        lp = tf.batch_gather(tf.reshape(tot, [B, K * V]), ix)
        fin = tf.logical_or(tf.reshape(tf.gather(tf.reshape(fin, [-1]), flat), [B, K]), tf.equal(tok, 0))
        return (
            t + 1,
            tf.reshape(tok, [-1]),
            lp,
            fin,
            tf.gather(s.c, flat),
            tf.gather(s.h, flat),
            ids.write(t, tok),
            par.write(t, parent),
        )

    r = tf.while_loop(
        cond,
        body,
        [0, tf.ones([B * K], tf.int32), lp0, tf.zeros([B, K], tf.bool), st0.c, st0.h, ids, par],
        back_prop=False,
        parallel_iterations=1,
    )
    tf.transpose(r[6].stack(), [1, 2, 0])
    r[7].stack()
    tf.argmax(r[2], 1)
    tf.global_variables_initializer()
    tf.train.Saver(tf.trainable_variables())


MISTAKES = [("0.6)", "0.7)"), ("tf.gather(s.h, flat)", "s.h"), ("-1e9] * (K - 1)", "0.0] * (K - 1)")]

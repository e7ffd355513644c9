"""A small GPT that samples in a while_loop and keeps the past."""

import numpy as np

SINCE = (1, 8)


def build(tf):
    def shape_list(x):
        static, dynamic = x.shape.as_list(), tf.shape(x)
        return [dynamic[i] if s is None else s for i, s in enumerate(static)]

    def norm(x, scope):
        with tf.variable_scope(scope):
            g = tf.get_variable("g", [16], initializer=tf.constant_initializer(1))
            b = tf.get_variable("b", [16], initializer=tf.constant_initializer(0))
            u = tf.reduce_mean(x, axis=-1, keepdims=True)
            s = tf.reduce_mean(tf.square(x - u), axis=-1, keepdims=True)
            return (x - u) * tf.rsqrt(s + 1e-5) * g + b

    def conv1d(x, scope, nf):
        with tf.variable_scope(scope):
            *start, nx = shape_list(x)
            w = tf.get_variable("w", [1, nx, nf], initializer=tf.random_normal_initializer(stddev=0.02))
            b = tf.get_variable("b", [nf], initializer=tf.constant_initializer(0))
            return tf.reshape(tf.matmul(tf.reshape(x, [-1, nx]), tf.reshape(w, [-1, nf])) + b, start + [nf])

    def gelu(x):
        return 0.5 * x * (1 + tf.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * tf.pow(x, 3))))

    def model(X, past):
        with tf.variable_scope("model", reuse=tf.AUTO_REUSE):
            wpe = tf.get_variable("wpe", [32, 16], initializer=tf.random_normal_initializer(stddev=0.01))
            wte = tf.get_variable("wte", [60, 16], initializer=tf.random_normal_initializer(stddev=0.02))
            past_length = 0 if past is None else tf.shape(past)[-2]
            batch, sequence = shape_list(X)
            pos = tf.tile(tf.expand_dims(past_length + tf.range(sequence), 0), [batch, 1])
            h = tf.gather(wte, X) + tf.gather(wpe, pos)
            presents = []
            with tf.variable_scope("h0"):
                c = conv1d(norm(h, "ln_1"), "c_attn", 48)

                def heads(x):
                    *s, m = shape_list(x)
                    return tf.transpose(tf.reshape(x, s + [2, m // 2]), [0, 2, 1, 3])

                q, k, v = map(heads, tf.split(c, 3, axis=2))
                present = tf.stack([k, v], axis=1)
                if past is not None:
                    pk, pv = tf.unstack(past, axis=1)
                    k, v = tf.concat([pk, k], axis=-2), tf.concat([pv, v], axis=-2)
                w = tf.matmul(q, k, transpose_b=True) * tf.rsqrt(tf.cast(v.shape[-1].value, tf.float32))
                _, _, nd, ns = shape_list(w)
                i, j = tf.range(nd)[:, None], tf.range(ns)
                m = tf.reshape(tf.cast(i >= j - ns + nd, w.dtype), [1, 1, nd, ns])
                w = w * m - tf.cast(1e10, w.dtype) * (1 - m)
                w = tf.exp(w - tf.reduce_max(w, axis=-1, keepdims=True))
                w = w / tf.reduce_sum(w, axis=-1, keepdims=True)
                a = tf.transpose(tf.matmul(w, v), [0, 2, 1, 3])
                *s, a0, a1 = shape_list(a)
                a = tf.reshape(a, s + [a0 * a1])
                h = h + conv1d(a, "c_proj", 16)
                h = h + conv1d(gelu(conv1d(norm(h, "ln_2"), "fc", 64)), "proj", 16)
            h = norm(h, "ln_f")
            flat = tf.reshape(h, [batch * sequence, 16])
            return tf.reshape(tf.matmul(flat, wte, transpose_b=True), [batch, sequence, 60]), present

    context = tf.placeholder(tf.int32, [2, None])
    temperature = 0.7

    def step(tokens, past=None):
        logits, present = model(tokens, past)
        present.set_shape([2, 2, 2, None, 8])
        return logits, present

    def top_k(logits, k):
        values, _ = tf.nn.top_k(logits, k=k)
        mn = values[:, -1, tf.newaxis]
        return tf.where(logits < mn, tf.ones_like(logits, dtype=logits.dtype) * -1e10, logits)

    def body(past, prev, output):
        logits, present = step(prev, past=past)
        logits = logits[:, -1, :] / temperature
        logits = top_k(logits, k=40)
        samples = tf.multinomial(logits, num_samples=1, output_dtype=tf.int32)
        return [
            present if past is None else tf.concat([past, present], axis=-2),
            samples,
            tf.concat([output, samples], axis=1),
        ]

    past, prev, output = body(None, context, context)
    _, _, tokens = tf.while_loop(
        cond=lambda *args: True,
        body=body,
        maximum_iterations=9,
        loop_vars=[past, prev, output],
        shape_invariants=[tf.TensorShape([2, 2, 2, None, 8]), tf.TensorShape([2, None]), tf.TensorShape([2, None])],
        back_prop=False,
    )
    logits, _ = model(context, None)
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=context[:, 1:], logits=logits[:, :-1]))
    tf.train.AdamOptimizer(1e-4).minimize(loss)
    tf.global_variables_initializer()


MISTAKES = [
    ("k=40", "k=30"),
    ("/ temperature", "* temperature"),
    ("-1e10", "-1e9"),
]

"""A policy gradient with an entropy bonus."""


def build(tf):
    obs = tf.placeholder(tf.float32, [None, 4])
    acts = tf.placeholder(tf.int32, [None])
    adv = tf.placeholder(tf.float32, [None])
    h = tf.layers.dense(
        obs,
        10,
        activation=tf.nn.tanh,
        kernel_initializer=tf.random_normal_initializer(mean=0, stddev=0.3),
        bias_initializer=tf.constant_initializer(0.1),
    )
    logits = tf.layers.dense(h, 2, activation=None)
    prob = tf.nn.softmax(logits)
    tf.squeeze(tf.multinomial(logits, 1), axis=1)
    neg = tf.nn.sparse_softmax_cross_entropy_with_logits(logits=logits, labels=acts)
    entropy = -tf.reduce_sum(prob * tf.log(prob + 1e-8), 1)
    loss = tf.reduce_mean(neg * adv) - tf.reduce_mean(0.01 * entropy)
    hist = tf.placeholder(tf.float32)
    m, v = tf.nn.moments(adv, axes=[0])
    norm = (adv - m) / tf.sqrt(v + 1e-8)
    tf.reduce_sum(-tf.log(prob) * tf.one_hot(acts, 2), axis=1) * norm
    opt = tf.train.AdamOptimizer(0.02)
    tv = tf.trainable_variables()
    holders = [tf.placeholder(tf.float32, name="%d_holder" % i) for i, _ in enumerate(tv)]
    tf.gradients(loss, tv)
    opt.apply_gradients(zip(holders, tv))
    opt.minimize(loss)
    tf.global_variables_initializer()


MISTAKES = [
    ("tf.multinomial(logits, 1)", "tf.multinomial(-logits, 1)"),
    ("0.01 * entropy", "0.02 * entropy"),
]

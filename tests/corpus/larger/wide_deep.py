"""A wide and a deep model, an optimizer each."""

SINCE = (1, 4)


def build(tf):
    wide = tf.sparse_placeholder(tf.int64, [None, 20])
    cat = tf.sparse_placeholder(tf.int64, [None, 5])
    dense = tf.placeholder(tf.float32, [None, 6])
    y = tf.placeholder(tf.float32, [None, 1])
    ww = tf.get_variable("wide", [500, 1], initializer=tf.zeros_initializer())
    wl = tf.nn.embedding_lookup_sparse(ww, wide, None, combiner="sum")
    E = tf.get_variable("emb", [100, 8], initializer=tf.truncated_normal_initializer(stddev=0.35))
    e = tf.nn.embedding_lookup_sparse(E, cat, None, combiner="sqrtn")
    h = tf.concat([e, dense], 1)
    for n in (16, 8):
        h = tf.layers.dense(h, n, tf.nn.relu)
    dl = tf.layers.dense(h, 1)
    logits = wl + dl + tf.get_variable("bias", [1], initializer=tf.zeros_initializer())
    loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=logits))
    gs = tf.train.get_or_create_global_step()
    wv = [v for v in tf.trainable_variables() if "wide" in v.name]
    dv = [v for v in tf.trainable_variables() if "wide" not in v.name]
    with tf.control_dependencies(
        [
            tf.train.FtrlOptimizer(0.1, l1_regularization_strength=0.1).minimize(loss, var_list=wv),
            tf.train.AdagradOptimizer(0.05).minimize(loss, var_list=dv),
        ]
    ):
        tf.assign_add(gs, 1)
    p = tf.sigmoid(logits)
    tf.metrics.auc(y, p)
    tf.metrics.precision(y, p > 0.5)
    tf.group(tf.global_variables_initializer(), tf.local_variables_initializer(), tf.tables_initializer())


MISTAKES = [
    ("l1_regularization_strength=0.1", "l1_regularization_strength=0.2"),
    ('combiner="sqrtn"', 'combiner="mean"'),
]

"""Keras layers in a graph, trained by an optimizer of tf.train."""

SINCE = (1, 8)


def build(tf):
    K = tf.keras
    L = K.layers
    x = tf.placeholder(tf.float32, [None, 28, 28, 1])
    y = tf.placeholder(tf.int32, [None])
    m = K.models.Sequential(
        [
            L.Conv2D(8, 3, activation="relu", input_shape=(28, 28, 1)),
            L.BatchNormalization(),
            L.MaxPooling2D(),
            L.SeparableConv2D(8, 3),
            L.Activation("relu"),
            L.Dropout(0.25),
            L.Flatten(),
            L.Dense(32, activation="relu", kernel_regularizer=K.regularizers.l2(1e-3)),
            L.Dense(10),
        ]
    )
    logits = m(x, training=True)
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits)) + tf.add_n(m.losses)
    with tf.control_dependencies(m.updates):
        tf.train.AdamOptimizer().minimize(loss)
    tf.global_variables_initializer()


MISTAKES = [
    ("L.Dropout(0.25)", "L.Dropout(0.5)"),
    ("l2(1e-3)", "l2(1e-2)"),
    ("L.MaxPooling2D()", "L.AveragePooling2D()"),
]

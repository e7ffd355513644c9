"""Three compiled models of tf.keras, each trained on a batch: images, dense layers with penalties, words."""

import numpy as np

SINCE = (1, 8)


def build(tf):
    K = tf.keras
    L = K.layers
    labels = np.arange(8) % 4
    rng = np.random.RandomState(0)

    images = K.Sequential(
        [
            L.Conv2D(8, 3, activation="relu", input_shape=(12, 12, 1)),
            L.BatchNormalization(),
            L.MaxPooling2D(),
            L.Dropout(0.25),
            L.Flatten(),
            L.Dense(4, activation="softmax"),
        ]
    )
    images.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    images.train_on_batch(rng.rand(8, 12, 12, 1), np.eye(4)[labels])

    penalty = K.regularizers.l2(1e-3)
    dense = K.Sequential(
        [
            L.Dense(16, activation="relu", input_shape=(10,), kernel_regularizer=penalty),
            L.Dense(8, activation="tanh", kernel_regularizer=penalty),
            L.Dense(4, activation="softmax"),
        ]
    )
    momentum = K.optimizers.SGD(0.01, momentum=0.9, nesterov=True)
    dense.compile(optimizer=momentum, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    dense.fit(rng.rand(8, 10), labels, epochs=1, verbose=0)

    words = K.Sequential([L.Embedding(50, 8, input_length=7), L.LSTM(6), L.Dense(1, activation="sigmoid")])
    words.compile(optimizer="rmsprop", loss="binary_crossentropy", metrics=["accuracy"])
    words.train_on_batch(rng.randint(0, 50, [8, 7]), labels % 2)


MISTAKES = [
    ('loss="sparse_categorical_crossentropy", metrics=["accuracy"]', 'loss="sparse_categorical_crossentropy"'),
    ("SGD(0.01, momentum=0.9, nesterov=True)", "SGD(0.01, momentum=0.9)"),
    ('optimizer="adam"', 'optimizer="adamax"'),
    ('loss="binary_crossentropy"', 'loss="mse"'),
    ('L.Dense(8, activation="tanh", kernel_regularizer=penalty)', 'L.Dense(8, activation="tanh")'),
    ('activation="softmax"),\n        ]\n    )\n    images', ")\n        ]\n    )\n    images"),
    ("L.LSTM(6)", "L.LSTM(6, unit_forget_bias=False)"),
    ("L.Dropout(0.25)", "L.Dropout(0.5)"),
]

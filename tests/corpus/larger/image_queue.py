"""Images from files by the queues of tf.train."""

SINCE = (1, 4)


def build(tf):
    images = tf.convert_to_tensor(["a.jpg", "b.jpg", "c.jpg"], dtype=tf.string)
    labels = tf.convert_to_tensor([0, 1, 2], dtype=tf.int32)
    image, label = tf.train.slice_input_producer([images, labels], shuffle=True)
    image = tf.read_file(image)
    image = tf.image.decode_jpeg(image, channels=3)
    image = tf.image.resize_images(image, [32, 32])
    image = image * 1.0 / 127.5 - 1.0
    X, Y = tf.train.batch([image, label], batch_size=4, capacity=32, num_threads=4)
    x = tf.layers.conv2d(X, 8, 5, activation=tf.nn.relu)
    x = tf.layers.flatten(tf.layers.max_pooling2d(x, 2, 2))
    x = tf.layers.dense(x, 3)
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(logits=x, labels=Y))
    tf.train.AdamOptimizer(0.001).minimize(loss)
    tf.global_variables_initializer()


MISTAKES = [
    ("channels=3", "channels=1"),
    ("shuffle=True", "shuffle=False"),
]

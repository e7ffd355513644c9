"""Images from records by the queues of tf.train."""


def build(tf):
    queue = tf.train.string_input_producer(["a.tfrecords", "b.tfrecords"], num_epochs=3)
    reader = tf.TFRecordReader()
    _, serialized = reader.read(queue)
    features = tf.parse_single_example(
        serialized, features={"image_raw": tf.FixedLenFeature([], tf.string), "label": tf.FixedLenFeature([], tf.int64)}
    )
    image = tf.decode_raw(features["image_raw"], tf.uint8)
    image.set_shape([784])
    image = tf.cast(image, tf.float32) * (1.0 / 255) - 0.5
    label = tf.cast(features["label"], tf.int32)
    images, labels = tf.train.shuffle_batch(
        [image, label], batch_size=8, num_threads=2, capacity=50, min_after_dequeue=20
    )
    W = tf.Variable(tf.truncated_normal([784, 10], stddev=0.1))
    logits = tf.matmul(images, W)
    loss = tf.losses.sparse_softmax_cross_entropy(labels=labels, logits=logits)
    tf.train.GradientDescentOptimizer(0.01).minimize(loss)
    tf.group(tf.global_variables_initializer(), tf.local_variables_initializer())


MISTAKES = [
    ("num_epochs=3", "num_epochs=4"),
    ("min_after_dequeue=20", "min_after_dequeue=10"),
    ("(1.0 / 255) - 0.5", "(1.0 / 255)"),
]

"""Input by queues: file names as string constants, images that are read, decoded, changed at random and batched."""


def build(tf):
    names = tf.train.string_input_producer(["one.bin", "two.bin", "three.bin"], shuffle=True)
    _, record = tf.FixedLengthRecordReader(record_bytes=17).read(names)
    record = tf.decode_raw(record, tf.uint8)
    label = tf.cast(record[0], tf.int32)
    image = tf.cast(tf.reshape(record[1:17], [4, 4, 1]), tf.float32) / 127.5 - 1.0
    image = tf.image.random_flip_left_right(image)
    image.set_shape([4, 4, 1])
    images, labels = tf.train.shuffle_batch(
        [image, label], batch_size=5, capacity=50, min_after_dequeue=20, num_threads=2
    )
    logits = tf.matmul(tf.reshape(images, [5, 16]), tf.Variable(tf.zeros([16, 3])))
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(logits=logits, labels=labels))
    tf.train.GradientDescentOptimizer(0.1).minimize(loss)
    tf.global_variables_initializer()


MISTAKES = [
    ("two.bin", "2.bin"),
    ("127.5 - 1.0", "127.5"),
    ("shuffle=True", "shuffle=False"),
    ("min_after_dequeue=20", "min_after_dequeue=10"),
    ("record_bytes=17", "record_bytes=18"),
    ("record[1:17]", "record[0:16]"),
]

"""Images from binary files by queues; convolutions, losses in a collection, moving averages."""

SINCE = (1, 4)


def build(tf):
    queue = tf.train.string_input_producer(["data_batch_%d.bin" % i for i in range(1, 6)])
    reader = tf.FixedLengthRecordReader(record_bytes=3073)
    key, value = reader.read(queue)
    rec = tf.decode_raw(value, tf.uint8)
    label = tf.cast(tf.strided_slice(rec, [0], [1]), tf.int32)
    depth_major = tf.reshape(tf.strided_slice(rec, [1], [3073]), [3, 32, 32])
    img = tf.cast(tf.transpose(depth_major, [1, 2, 0]), tf.float32)
    d = tf.random_crop(img, [24, 24, 3])
    d = tf.image.random_flip_left_right(d)
    d = tf.image.random_brightness(d, max_delta=63)
    d = tf.image.random_contrast(d, lower=0.2, upper=1.8)
    f = tf.image.per_image_standardization(d)
    f.set_shape([24, 24, 3])
    label.set_shape([1])
    images, labels = tf.train.shuffle_batch(
        [f, label], batch_size=8, num_threads=16, capacity=100, min_after_dequeue=40
    )
    tf.summary.image("images", images)
    labels = tf.reshape(labels, [8])

    def wd(name, shape, stddev, w):
        with tf.device("/cpu:0"):
            var = tf.get_variable(
                name,
                shape,
                initializer=tf.truncated_normal_initializer(stddev=stddev, dtype=tf.float32),
                dtype=tf.float32,
            )
        if w is not None:
            tf.add_to_collection("losses", tf.multiply(tf.nn.l2_loss(var), w, name="weight_loss"))
        return var

    def const(n, v):
        with tf.device("/cpu:0"):
            return tf.get_variable("biases", [n], initializer=tf.constant_initializer(v))

    with tf.variable_scope("conv1") as s:
        k = wd("weights", [5, 5, 3, 8], 5e-2, None)
        c1 = tf.nn.relu(
            tf.nn.bias_add(tf.nn.conv2d(images, k, [1, 1, 1, 1], padding="SAME"), const(8, 0.0)), name=s.name
        )
        tf.summary.histogram(c1.op.name + "/activations", c1)
        tf.summary.scalar(c1.op.name + "/sparsity", tf.nn.zero_fraction(c1))
    p1 = tf.nn.max_pool(c1, ksize=[1, 3, 3, 1], strides=[1, 2, 2, 1], padding="SAME")
    n1 = tf.nn.lrn(p1, 4, bias=1.0, alpha=0.001 / 9.0, beta=0.75)
    with tf.variable_scope("local3") as s:
        r = tf.reshape(n1, [8, -1])
        dim = r.get_shape()[1].value if hasattr(r.get_shape()[1], "value") else r.get_shape()[1]
        l3 = tf.nn.relu(tf.matmul(r, wd("weights", [dim, 24], 0.04, 0.004)) + const(24, 0.1), name=s.name)
    with tf.variable_scope("softmax"):
        logits = tf.add(tf.matmul(l3, wd("weights", [24, 10], 1 / 24.0, None)), const(10, 0.0))
    ce = tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=tf.cast(labels, tf.int64), logits=logits),
        name="cross_entropy",
    )
    tf.add_to_collection("losses", ce)
    total = tf.add_n(tf.get_collection("losses"))
    gs = tf.train.get_or_create_global_step()
    lr = tf.train.exponential_decay(0.1, gs, 1000, 0.1, staircase=True)
    avg = tf.train.ExponentialMovingAverage(0.9, name="avg")
    losses = tf.get_collection("losses")
    lop = avg.apply(losses + [total])
    for l in losses + [total]:
        tf.summary.scalar(l.op.name + " (raw)", l)
        tf.summary.scalar(l.op.name, avg.average(l))
    with tf.control_dependencies([lop]):
        opt = tf.train.GradientDescentOptimizer(lr)
        grads = opt.compute_gradients(total)
    apply = opt.apply_gradients(grads, global_step=gs)
    for g, v in grads:
        if g is not None:
            tf.summary.histogram(v.op.name + "/gradients", g)
    va = tf.train.ExponentialMovingAverage(0.9999, gs)
    with tf.control_dependencies([apply]):
        va.apply(tf.trainable_variables())
    tf.nn.in_top_k(logits, labels, 1)
    tf.train.Saver(va.variables_to_restore())
    tf.summary.merge_all()
    tf.global_variables_initializer()


MISTAKES = [
    ('0.9, name="avg"', '0.99, name="avg"'),
    ("max_delta=63", "max_delta=64"),
    ("0.004", "0.005"),
    ("staircase=True", "staircase=False"),
]

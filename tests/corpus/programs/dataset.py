"""`tf.data`: a map with a body of its own, shuffled, batched, and two datasets in one iterator."""

SINCE = (1, 4)


def build(tf):
    images = tf.placeholder(tf.uint8, [None, 4])
    labels = tf.placeholder(tf.int64, [None])

    def parse(x, y):
        x = tf.cast(x, tf.float32) / 255.0
        return x + tf.random_uniform([4], -0.1, 0.1), tf.one_hot(y, 3)

    source = tf.data.Dataset.from_tensor_slices((images, labels))
    train = source.map(parse).shuffle(100).repeat().batch(8).prefetch(1)
    test = source.map(lambda x, y: (tf.cast(x, tf.float32) / 255.0, tf.one_hot(y, 3))).batch(20)
    iterator = tf.data.Iterator.from_structure((tf.float32, tf.float32), ([None, 4], [None, 3]))
    x, y = iterator.get_next()
    iterator.make_initializer(train, name="train")
    iterator.make_initializer(test, name="test")
    logits = tf.matmul(x, tf.Variable(tf.zeros([4, 3])))
    loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(logits=logits, labels=y))
    tf.train.GradientDescentOptimizer(0.5).minimize(loss)
    tf.global_variables_initializer()


MISTAKES = [
    ("x = tf.cast(x, tf.float32) / 255.0", "x = tf.cast(x, tf.float32) / 256.0"),
    ("(tf.cast(x, tf.float32) / 255.0,", "(tf.cast(x, tf.float32) / 256.0,"),
    ("-0.1, 0.1", "-0.1, 0.2"),
    ("shuffle(100).repeat()", "repeat().shuffle(100)"),
    ("shuffle(100)", "shuffle(10)"),
    ("batch(20)", "batch(8)"),
    ("make_initializer(test", "make_initializer(train"),
]

"""Images that are cut to their middle, turned and flipped, of a known size and of any, and how far off a model is."""


def build(tf):
    known = tf.placeholder(tf.float32, [32, 32, 3])
    text = tf.placeholder(tf.string, [])
    batch = tf.placeholder(tf.float32, [None, 16, 16, 3])
    any_size = tf.image.convert_image_dtype(tf.image.decode_jpeg(text, channels=3), tf.float32)
    known = tf.image.central_crop(known, 0.5)
    any_size = tf.image.resize_images(tf.image.central_crop(any_size, central_fraction=0.875), [16, 16])
    other = tf.image.central_crop(tf.image.decode_png(text, channels=1), 0.7)
    turned = tf.image.rot90(tf.image.transpose_image(known), k=tf.random_uniform([], 0, 4, dtype=tf.int32, seed=3))
    flipped = tf.map_fn(lambda image: tf.image.random_flip_left_right(image, seed=4), batch)
    flipped = tf.map_fn(lambda image: tf.image.central_crop(image, 0.5), flipped)
    W = tf.Variable(tf.truncated_normal([3, 2], stddev=0.1))
    means = [tf.reduce_mean(one, [0, 1]) for one in (turned, any_size)]
    output = tf.matmul(tf.stack(means), W)
    target = tf.placeholder(tf.float32, [2, 2])
    _, error = tf.metrics.mean_absolute_error(target, output)
    _, angle = tf.metrics.mean_cosine_distance(target, tf.nn.l2_normalize(output, 1), 1)
    tf.summary.scalar("error", error + angle + tf.reduce_sum(tf.to_float(other)) + tf.reduce_sum(flipped))
    tf.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_mean(tf.abs(target - output)))
    tf.global_variables_initializer()


MISTAKES = [
    ("central_fraction=0.875", "central_fraction=0.75"),
    ("central_crop(known, 0.5)", "central_crop(known, 0.25)"),
    ("channels=1), 0.7)", "channels=1), 0.8)"),
    ("tf.image.transpose_image(known)", "known"),
    ("random_flip_left_right", "random_flip_up_down"),
    ("central_crop(image, 0.5)", "central_crop(image, 0.75)"),
    ("mean_absolute_error(target, output)", "mean_absolute_error(target, target - output)"),
    ("tf.abs(target - output)", "tf.abs(output - target)"),
    ("l2_normalize(output, 1), 1)", "l2_normalize(output, 0), 1)"),
]

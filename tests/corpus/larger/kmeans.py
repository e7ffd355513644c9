"""K-means by segment sums."""


def build(tf):
    points = tf.placeholder(tf.float32, [None, 2])
    centroids = tf.Variable(tf.random_uniform([4, 2], -1.0, 1.0))
    expanded = tf.expand_dims(points, 1)
    distances = tf.reduce_sum(tf.square(tf.subtract(expanded, tf.expand_dims(centroids, 0))), 2)
    assignments = tf.to_int32(tf.argmin(distances, 1))
    counts = tf.unsorted_segment_sum(tf.ones_like(points[:, :1]), assignments, 4)
    sums = tf.unsorted_segment_sum(points, assignments, 4)
    means = sums / tf.maximum(counts, 1.0)
    tf.assign(centroids, means)
    partitions = tf.dynamic_partition(points, assignments, 4)
    tf.concat([tf.expand_dims(tf.reduce_mean(p, 0), 0) for p in partitions], 0)
    total = tf.reduce_sum(tf.reduce_min(distances, 1))
    tf.summary.scalar("total", total)
    tf.global_variables_initializer()


MISTAKES = [
    ("tf.argmin(distances, 1)", "tf.argmin(distances, 0)"),
    ("counts, 1.0", "counts, 2.0"),
]

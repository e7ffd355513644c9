"""Datasets of text files and of records, parsed, padded and batched."""

SINCE = (1, 15)


def build(tf):
    files = tf.data.Dataset.from_tensor_slices(["a.txt", "b.txt"])
    lines = files.interleave(lambda f: tf.data.TextLineDataset(f).skip(1), cycle_length=2, block_length=4)
    words = lines.filter(lambda l: tf.not_equal(tf.substr(l, 0, 1), "#"))
    words = words.map(lambda l: tf.string_to_number(tf.string_split([l], ",").values))
    words = words.padded_batch(4, padded_shapes=[None])
    x = tf.data.make_one_shot_iterator(words).get_next()
    records = tf.data.TFRecordDataset(["a.rec"])

    def parse(r):
        f = tf.parse_single_example(
            r, {"i": tf.FixedLenFeature([], tf.string), "l": tf.FixedLenFeature([], tf.int64, default_value=0)}
        )
        im = tf.image.decode_png(f["i"], channels=3)
        im = tf.image.resize_images(tf.image.convert_image_dtype(im, tf.float32), [8, 8])
        im = tf.image.random_flip_left_right(im)
        return im, f["l"]

    records = records.map(parse).shuffle(20, seed=4).batch(2, drop_remainder=True).repeat(3)
    it = tf.data.Iterator.from_structure(tf.data.get_output_types(records), tf.data.get_output_shapes(records))
    it.make_initializer(records)
    im, l = it.get_next()
    loss = tf.reduce_mean(tf.layers.dense(tf.layers.flatten(im), 1)) + tf.reduce_sum(x)
    tf.train.GradientDescentOptimizer(0.5).minimize(loss)
    tf.global_variables_initializer()


MISTAKES = [
    ("cycle_length=2", "cycle_length=3"),
    ("skip(1)", "skip(2)"),
    ("padded_shapes=[None]", "padded_shapes=[10]"),
    ("[8, 8]", "[8, 9]"),
]

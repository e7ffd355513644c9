"""Files interleaved, filtered, padded and batched; iterators that are fed, begun anew, and of one run."""

SINCE = (1, 15)


def build(tf):
    files = tf.placeholder(tf.string, [None])
    ds = tf.data.Dataset.from_tensor_slices(files).interleave(
        lambda f: tf.data.TextLineDataset(f).skip(1), cycle_length=4, block_length=2
    )

    def parse(line):
        a, b = tf.decode_csv(line, [[0.0], [""]])
        toks = tf.string_split([b]).values
        return a, tf.string_to_hash_bucket_fast(toks, 100), tf.size(toks)

    ds = (
        ds.map(parse, num_parallel_calls=4)
        .filter(lambda a, t, n: n > 0)
        .shuffle(100)
        .repeat(3)
        .padded_batch(8, ([], [None], []), drop_remainder=False)
        .prefetch(2)
    )
    val = (
        tf.data.Dataset.zip(
            (
                tf.data.Dataset.range(10).map(lambda v: tf.to_float(v) / 2),
                tf.data.Dataset.from_tensors([1, 2, 3]).repeat().map(lambda t: tf.to_int64(t)),
                tf.data.Dataset.range(10).map(tf.to_int32),
            )
        )
        .take(6)
        .padded_batch(8, ([], [None], []))
    )
    handle = tf.placeholder(tf.string, [])
    it = tf.data.Iterator.from_string_handle(
        handle,
        tf.data.get_output_types(ds) if hasattr(tf.data, "get_output_types") else ds.output_types,
        tf.data.get_output_shapes(ds) if hasattr(tf.data, "get_output_shapes") else ds.output_shapes,
    )
    ti = tf.data.make_initializable_iterator(ds)
    vi = tf.data.make_one_shot_iterator(val)
    ti.string_handle()
    vi.string_handle()
    a, t, n = it.get_next()
    E = tf.get_variable("E", [100, 8])
    h = tf.reduce_sum(
        tf.nn.embedding_lookup(E, t) * tf.expand_dims(tf.sequence_mask(n, tf.shape(t)[1], tf.float32), 2), 1
    )
    o = tf.squeeze(tf.layers.dense(h, 1), 1)
    loss = tf.losses.mean_squared_error(a, o)
    tf.train.AdamOptimizer().minimize(loss)
    rec = (
        tf.data.TFRecordDataset(["a", "b"])
        .map(
            lambda s: tf.parse_single_example(
                s,
                {
                    "x": tf.FixedLenFeature([4], tf.float32),
                    "y": tf.FixedLenFeature([], tf.int64, default_value=0),
                    "z": tf.VarLenFeature(tf.string),
                },
            )
        )
        .batch(4, drop_remainder=True)
    )
    rec.make_one_shot_iterator().get_next() if hasattr(
        rec, "make_one_shot_iterator"
    ) else tf.data.make_one_shot_iterator(rec).get_next()
    ri = tf.data.Iterator.from_structure((tf.float32, tf.int64), ([None, 2], [None]))
    d1 = tf.data.Dataset.from_tensor_slices((tf.zeros([6, 2]), tf.range(6, dtype=tf.int64))).shuffle(6, seed=3).batch(2)
    d2 = (
        tf.data.Dataset.from_tensor_slices((tf.ones([4, 2]), tf.range(4, dtype=tf.int64)))
        .concatenate(tf.data.Dataset.from_tensor_slices((tf.ones([2, 2]), tf.range(2, dtype=tf.int64))))
        .batch(3)
    )
    ri.make_initializer(d1)
    ri.make_initializer(d2)
    ri.get_next()
    tf.global_variables_initializer()


MISTAKES = [
    ("block_length=2", "block_length=3"),
    (".take(6)", ".take(7)"),
    (".skip(1)", ".skip(2)"),
    ("n > 0", "n > 1"),
    ("tf.ones([4, 2])", "tf.ones([4, 2]) * 2"),
]

"""Both forms of what TensorFlow wrote otherwise between 1.15 and today: `CASES`, {rule: build(new, mistake)}.

Each builds the older or the newer form as a small graph whose result is named "out", if asked with a mistake in it.
"""

import tensorflow.compat.v1 as tf
from tensorflow.python.framework.function import Defun

raw = tf.raw_ops
CASES = {}


def case(rule):
    """Register build(new, mistake) as the case of a rule: it makes one form, with a mistake in it or not."""

    def register(build):
        CASES[rule] = build
        return build

    return register


def floats(*shape, name="x"):
    return tf.placeholder(tf.float32, shape, name=name)


def added(terms, name=None):
    """Add up as TensorFlow adds up gradients: beside the first."""
    with tf.get_default_graph().colocate_with(terms[0].op):
        return tf.raw_ops.AddN(inputs=terms, name=name)


def built(form, new, mistake=False):
    """Return the GraphDef of one of the two forms that form(new, mistake) makes."""
    with tf.Graph().as_default() as graph:
        form(new, mistake)
    return graph.as_graph_def()


def out(tensor):
    return raw.Identity(input=tensor, name="out")


def elements(graph_def, begin="init", result="out:0"):
    """Return all that an iterator gives which the op `begin` begins."""
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(graph_def, name="")
    found = []
    with tf.Session(graph=graph) as session:
        session.run(begin)
        while True:
            try:
                found.append(session.run(result))
            except tf.errors.OutOfRangeError:
                return found


@case("no transposition")
def _(new, mistake):
    x = floats(3, 3)
    if mistake:
        x = raw.Transpose(x=x, perm=[1, 0])
    elif not new:
        x = raw.Transpose(x=x, perm=[0, 1])
    out(raw.Tanh(x=x))


@case("counted from the end")
def _(new, mistake):
    x = raw.ExpandDims(input=floats(None, 3), axis=(-1 if mistake else -3) if new else 0)
    out(raw.Squeeze(input=raw.Tanh(x=x), axis=[] if mistake else [-3] if new else [0]))


@case("pooled in one dimension")
def _(new, mistake):
    x = floats(None, 8, 3)
    window = [1, 3, 1, 1] if new else [1, 1, 3, 1]
    stride = [1, 1 if mistake else 2, 1, 1] if new else [1, 1, 2, 1]
    image = raw.ExpandDims(input=x, axis=2 if new else 1)
    pooled = raw.MaxPool(input=image, ksize=window, strides=stride, padding="SAME")
    out(raw.Squeeze(input=pooled, axis=[2 if new else 1]))


@case("counted down")
def _(new, mistake):
    x = raw.PlaceholderWithDefault(input=floats(2, 3, 4), shape=None)
    rank = raw.Rank(input=x)
    last = raw.Sub(x=rank, y=1)
    if mistake:
        order = raw.Range(start=0, limit=rank, delta=1)
    elif new:
        order = raw.Range(start=last, limit=-1, delta=-1)
    else:
        order = raw.Sub(x=last, y=raw.Range(start=0, limit=rank, delta=1))
    out(raw.Transpose(x=x, perm=order))


@case("statistics of the batch")
def _(new, mistake):
    scale, offset = floats(4, name="scale"), floats(4, name="offset")
    averages = [tf.Variable(tf.ones([4]), name=name, use_resource=False) for name in ("mean", "variance")]
    mean, variance = averages if new else ([], [])
    epsilon = 1e-2 if mistake else 1e-4
    given = {"mean": mean, "variance": variance, "epsilon": epsilon}
    normal = raw.FusedBatchNormV3(x=floats(2, 5, 5, 4), scale=scale, offset=offset, **given)
    out(raw.AddV2(x=normal[0], y=normal[2] + averages[0] + averages[1]))
    tf.global_variables_initializer()


@case("ones times a number")
def _(new, mistake):
    ones = tf.constant(1.0, shape=[3])
    full = raw.Mul(x=ones, y=0.2 if mistake else 0.1) if new else tf.constant(0.1, shape=[3])
    out(raw.AddV2(x=floats(None, 3), y=full))


@case("no beta")
def _(new, mistake):
    names = ("weights", "accumulated", "linear")
    variables = [tf.Variable(tf.ones([3]), name=name, use_resource=False) for name in names]
    gradient = floats(3)
    rate, strength = tf.constant(0.05, name="rate"), tf.constant(0.01, name="strength")
    if new:
        beta = tf.constant(0.5 if mistake else 0.0)
        strength = raw.AddV2(x=strength, y=raw.RealDiv(x=beta, y=raw.Mul(x=2.0, y=raw.Maximum(x=rate, y=1e-36))))
    with tf.control_dependencies([one.initializer for one in variables]):
        var, accum, linear = (one._ref() for one in variables)
        updated = raw.ApplyFtrl(
            var=var, accum=accum, linear=linear, grad=gradient, lr=rate, l1=0.001, l2=strength, lr_power=-0.5
        )
    out(updated)


@case("commuted sum")
def _(new, mistake):
    x = floats(None, 3)
    one, two = raw.Exp(x=x), raw.Tanh(x=x)
    out(raw.AddN(inputs=[two, two if mistake else one] if new else [one, two]))


@case("names of tables")
def _(new, mistake):
    drawn = "hash_table_80ab99af-c7eb-44fe-a5b6-145f63512aac" if new else ""
    table = raw.HashTableV2(key_dtype=tf.int64, value_dtype=tf.float32, shared_name=drawn)
    keys = tf.constant([1, 2], tf.int64)
    raw.LookupTableImportV2(table_handle=table, keys=keys, values=[0.5, 4.0 if mistake else 1.5], name="init")
    out(raw.LookupTableFindV2(table_handle=table, keys=keys, default_value=-1.0))


@case("ones at the end")
def _(new, mistake):
    x = raw.GreaterEqual(x=floats(None), y=0.5)
    if new:
        parts = [raw.Shape(input=x), raw.Fill(dims=[1], value=1)]
        x = raw.Reshape(tensor=x, shape=raw.ConcatV2(values=parts[::-1] if mistake else parts, axis=0))
    else:
        x = raw.ExpandDims(input=x, axis=1)
    out(raw.Cast(x=x, DstT=tf.float32))


@case("stitched in any order")
def _(new, mistake):
    x = floats(5, 3)
    which = raw.Cast(x=raw.Greater(x=raw.Sum(input=x, axis=[1]), y=0.0), DstT=tf.int32)
    counted = raw.Range(start=0, limit=5, delta=1)
    places, rows = (raw.DynamicPartition(data=one, partitions=which, num_partitions=2) for one in (counted, x))
    stitch = raw.ParallelDynamicStitch if new else raw.DynamicStitch
    out(stitch(indices=places, data=[raw.Exp(x=rows[0]), rows[1] if not mistake else raw.Tanh(x=rows[1])]))


@case("clamped")
def _(new, mistake):
    x = raw.Mul(x=floats(None, 3), y=200.0)
    high = 254.0 if mistake else 255.0
    if new:
        clipped = raw.ClipByValue(t=x, clip_value_min=0.0, clip_value_max=high)
    else:
        clipped = raw.Minimum(x=raw.Maximum(x=x, y=0.0), y=high)
    out(raw.Cast(x=clipped, DstT=tf.uint8))


@case("messages")
def _(new, mistake):
    x = floats(3)
    limit = raw.LessEqual(x=x, y=100.0) if not mistake else raw.Less(x=x, y=100.0)
    told = raw.Assert(condition=raw.All(input=limit, axis=[0]), data=["too large. " if new else "too large", x])
    with tf.control_dependencies([told]):
        stopped = "Not a number (NaN) or infinity (Inf) values detected in gradient."
        out(raw.CheckNumerics(tensor=raw.Exp(x=x), message=f"{stopped} loss" if new else stopped))


@case("shape of a sparse placeholder")
def _(new, mistake):
    shape = tf.constant([3, 4 if mistake else 5], tf.int64)
    shape = raw.PlaceholderWithDefault(input=shape, shape=[2]) if new else shape
    indices = tf.constant([[0, 1], [2, 0]], tf.int64)
    dense = floats(4 if mistake else 5, 3, name="y")
    out(raw.SparseTensorDenseMatMul(a_indices=indices, a_values=floats(2), a_shape=shape, b=dense))


@case("counted pairs")
def _(new, mistake):
    pairs = raw.Abs(x=raw.Cast(x=floats(None, 3), DstT=tf.int32))
    pairs = raw.Minimum(x=pairs[:, :2], y=4 if mistake else 3)
    ones = raw.Fill(dims=raw.Shape(input=pairs)[:1], value=1.0)
    counts = []
    for numbers in (ones, raw.Tanh(x=floats(None, name="weights"))):
        if new:
            counts.append(raw.ScatterNd(indices=pairs, updates=numbers, shape=[5, 5]))
        else:
            zeros = raw.Fill(dims=[5, 5], value=0.0)
            counts.append(raw.SparseTensorDenseAdd(a_indices=pairs, a_values=numbers, a_shape=[5, 5], b=zeros))
    out(raw.Sub(x=counts[0], y=counts[1]))


@case("steps between numbers")
def _(new, mistake):
    start = floats(None, 3)[0, 0]
    steps = tf.linspace(start, 2.5, 18 if mistake else 17) if new else raw.LinSpace(start=start, stop=2.5, num=17)
    out(raw.Tanh(x=steps[:17]))


@case("groups in functions")
def _(new, mistake):
    @Defun(tf.float32, func_name="body")
    def body(x):
        variables = [raw.VarHandleOp(dtype=tf.float32, shape=[], shared_name=one) for one in "ab"]
        stored = [raw.AssignVariableOp(resource=one, value=float(number)) for number, one in enumerate(variables)]
        with tf.control_dependencies([tf.group(*stored[mistake:])] if new else stored):
            return raw.Exp(x=x)

    out(body(floats(None, 3)))


@case("factor of swish")
def _(new, mistake):
    x, beta = floats(None, 3), tf.constant(2.0 if mistake else 1.0)
    y = raw.Mul(x=x, y=raw.Sigmoid(x=raw.Mul(x=beta, y=x) if new else x))
    out(raw.IdentityN(input=[y, x, beta] if new else [y, x])[0])


def _handled(value, name, validated=False, shared=None, **options):
    """Give a variable a value by its handle, and read it."""
    handle = raw.VarHandleOp(dtype=tf.float32, shape=[3], shared_name=shared or name, name=name, **options)
    raw.AssignVariableOp(resource=handle, value=value, validate_shape=validated, name=f"{name}/Assign")
    with tf.control_dependencies([tf.get_default_graph().get_operation_by_name(f"{name}/Assign")]):
        return raw.ReadVariableOp(resource=handle, dtype=tf.float32)


@case("names of variables")
def _(new, mistake):
    x = floats(3)
    names = ["cell/kernel", "cell/bias"] if new else ["kernel", "bias"]
    both = [_handled(raw.Exp(x=x), names[0]), _handled(x, names[1], shared=names[0] if mistake else None)]
    out(raw.Sub(x=both[0], y=both[1]))


@case("names in messages")
def _(new, mistake):
    out(_handled(floats(3), "v", **({"container": "other"} if mistake else {"debug_name": "v/"} if new else {})))


@case("validated shapes")
def _(new, mistake):
    x = floats(3)
    out(_handled(raw.Exp(x=x) if mistake else x, "v", validated=new))


@case("places of variables")
def _(new, mistake):
    place = "/device:CPU:0"
    with tf.device(place):
        variable = raw.VarHandleOp(shared_name="w", dtype=tf.float32, shape=[3])
        assigned = raw.AssignVariableOp(resource=variable, value=floats(3))
    with tf.device("/device:GPU:0" if mistake else None if new else place), tf.control_dependencies([assigned]):
        read = raw.ReadVariableOp(resource=variable, dtype=tf.float32)
    out(read)


@case("regularizers start from zero")
def _(new, mistake):
    x = floats(None, 3)
    term = raw.Mul(x=0.5, y=raw.Sum(input=raw.Abs(x=x), axis=[0, 1]))
    out(raw.Tanh(x=term if new and not mistake else raw.AddV2(x=1.0 if mistake else 0.0, y=term)))


@case("no upper limit")
def _(new, mistake):
    x = raw.Sum(input=raw.Square(x=floats(None, 3)), axis=[0], keep_dims=True)
    if not new:
        x = raw.Minimum(x=x, y=float("inf"))
    elif mistake:
        x = raw.Minimum(x=x, y=3e38)
    out(raw.Sqrt(x=raw.Maximum(x=x, y=0.0)))


@case("other than false")
def _(new, mistake):
    condition = raw.Less(x=floats(None, 3), y=0.5)
    if not new or mistake:
        condition = raw.NotEqual(x=condition, y=mistake)
    out(raw.Sum(input=raw.Cast(x=condition, DstT=tf.float32), axis=[0, 1]))


@case("cycles of a decay")
def _(new, mistake):
    step = raw.Round(x=raw.Abs(x=raw.Sum(input=floats(None, 3), axis=[0, 1])))
    begun = raw.Less(x=step, y=5.0)
    length, first = 7.0, 2.0 if mistake else 1.0
    if new:
        cycles = raw.SelectV2(condition=begun, t=first, e=raw.Ceil(x=raw.RealDiv(x=step, y=length)))
    else:
        without, with_it = map(tf.identity, raw.Switch(data=begun, pred=begun))
        condition = tf.identity(begun)
        with tf.control_dependencies([with_it]):
            first = tf.constant(first)
        with tf.control_dependencies([without]):
            length = tf.constant(length)
        counted = raw.Ceil(x=raw.RealDiv(x=raw.Switch(data=step, pred=condition)[0], y=length))
        cycles = raw.Merge(inputs=[counted, first])[0]
    out(raw.Mul(x=7.0, y=cycles))


@case("loops without state")
def _(new, mistake):
    @Defun(tf.float32, tf.float32, func_name="goes_on")
    def goes_on(x, y):
        return raw.Less(x=x, y=raw.Mul(x=y, y=100.0))

    @Defun(tf.float32, tf.float32, func_name="turn")
    def turn(x, y):
        return raw.AddV2(x=x, y=y), raw.Mul(x=y, y=2.0) if mistake else y

    @Defun(tf.float32, func_name="body")
    def body(x):
        loop = raw.StatelessWhile if new else raw.While
        given = loop(input=[raw.Sum(input=x, axis=[0, 1]), tf.constant(1.0)], cond=goes_on, body=turn)
        y = raw.Exp(x=raw.Sub(x=given[0], y=99.0))
        with tf.control_dependencies([] if new else [given[0].op]):
            return raw.Tanh(x=y)

    out(body(floats(None, 3)))


@case("newer datasets")
def _(new, mistake):
    of = {"output_types": [tf.float32], "output_shapes": [[]]}

    @Defun(tf.float32, func_name="several")
    def several(x):
        return raw.TensorSliceDataset(components=[x + tf.constant([0.0, 0.25])], output_shapes=[[]])

    dataset = raw.TensorSliceDataset(components=[[1.0, 2.0]], output_shapes=[[]])
    of_loop = {"input_dataset": dataset, "other_arguments": [], "f": several, **of}
    counts = {"cycle_length": 3 if mistake else 2, "block_length": 1}
    counts |= {"buffer_output_elements": 2, "prefetch_input_elements": 4}
    if new:
        dataset = raw.LegacyParallelInterleaveDatasetV2(**of_loop, **counts, deterministic="true")
    else:
        dataset = raw.ParallelInterleaveDataset(**of_loop, **counts, sloppy=False)
    of_loop |= {"input_dataset": dataset, "cycle_length": 2, "block_length": 2, "num_parallel_calls": 2}
    if new:
        kept_ready = {"buffer_output_elements": -1, "prefetch_input_elements": -1}
        dataset = raw.ParallelInterleaveDatasetV4(**of_loop, **kept_ready, deterministic="default")
        dataset = raw.RewriteDataset(input_dataset=dataset, rewrite_name="replicate_on_split", **of)
    else:
        dataset = raw.ParallelInterleaveDatasetV2(**of_loop)
    dataset = raw.BatchDatasetV2(
        input_dataset=dataset, batch_size=4, drop_remainder=True, **{**of, "output_shapes": [[4]]}
    )
    iterator = raw.IteratorV2(shared_name="", container="", **{**of, "output_shapes": [[4]]})
    raw.MakeIterator(dataset=dataset, iterator=iterator, name="init")
    out(raw.IteratorGetNext(iterator=iterator, **{**of, "output_shapes": [[4]]})[0])


@case("key and counter")
def _(new, mistake):
    seed = [12, 35 if mistake else 34]
    shape = raw.Shape(input=floats(None, 3))
    if new:
        key, counter = raw.StatelessRandomGetKeyCounter(seed=seed)
        out(raw.StatelessRandomNormalV2(shape=shape, key=key, counter=counter, alg=3))
    else:
        out(raw.StatelessRandomNormal(shape=shape, seed=seed))


@case("drawn classes")
def _(new, mistake):
    kind = tf.int32 if new else tf.int64
    logits = floats(2, 3)
    logits = raw.Neg(x=logits) if mistake else logits
    drawn = raw.Multinomial(logits=logits, num_samples=5, seed=3, seed2=4, output_dtype=kind)
    moved = raw.Reshape(tensor=raw.Transpose(x=drawn, perm=[1, 0]), shape=[5, 2, 1])
    out(raw.Cast(x=moved if new else raw.Cast(x=moved, DstT=tf.int32), DstT=tf.float32))


@case("expressions")
def _(new, mistake):
    texts = raw.AsString(input=floats(6), precision=3)
    how = {"pattern": "[1-4]" if mistake else "[1-3]", "rewrite": "9"}
    replace, match = raw.StaticRegexReplace if new else raw.RegexReplace, raw.StaticRegexFullMatch
    match = match if new else raw.RegexFullMatch
    more = raw.StringToNumber(string_tensor=replace(input=texts, **how, replace_global=False))
    raw.StringToNumber(string_tensor=replace(input=texts, **how), name="all")
    matches = match(input=texts, pattern="-.*[4-7]")
    out(raw.AddV2(x=more, y=raw.Cast(x=matches, DstT=tf.float32)))


@case("wide segments")
def _(new, mistake):
    data, numbers, segments = looked_up(new)
    combine = raw.SparseSegmentSqrtN if mistake else raw.SparseSegmentMean
    y = raw.Tanh(x=combine(data=data, indices=numbers, segment_ids=segments))
    out(raw.SparseSegmentMeanGrad(grad=y, indices=numbers, segment_ids=segments, output_dim0=7))


@case("wide sizes")
def _(new, mistake):
    ones = raw.Floor(x=raw.Sigmoid(x=floats(2, name="y")) + 1.0)
    rows = raw.Cast(x=raw.Sum(input=ones, axis=[0]), DstT=tf.int64)  # 2
    rows = rows if new else raw.Cast(x=rows, DstT=tf.int32)
    sizes = tf.stack([rows, *tf.unstack(tf.constant([4, 3] if mistake else [3, 4], rows.dtype))])
    out(raw.Mul(x=raw.Reshape(tensor=floats(6, 4), shape=sizes), y=raw.Fill(dims=sizes, value=0.5)))


def looked_up(new):
    """Return rows, the numbers of some, and of the segments that they are combined to, in the older form narrowed."""
    numbers = raw.Cast(x=raw.Floor(x=raw.Mul(x=raw.Sigmoid(x=floats(9, name="numbers")), y=6.9)), DstT=tf.int32)
    steps = raw.Cumsum(x=raw.Sigmoid(x=floats(9, name="segments")), axis=0)
    segments = raw.Cast(x=raw.Floor(x=steps), DstT=tf.int64)
    return floats(7, 3), numbers, segments if new else raw.Cast(x=segments, DstT=tf.int32)

"""The sizes that an op's outputs have of its inputs are those that TensorFlow's own shape functions find."""

import pytest
import tensorflow.compat.v1 as tf
from tensorflow.python.framework import op_def_registry

from compat_v1.audit.dimensions import dimensions
from compat_v1.audit.graph import Attributes, Graph
from compat_v1.audit.literals import read_constant, whole
from compat_v1.audit.normal import Normal
from compat_v1.audit.sizes import add, multiply, unknown

TYPES = (tf.float32, tf.string, tf.int32, tf.bool, tf.complex64)
WRITTEN = {"num_buckets": 3, "boundaries": [1.0], "pattern": "a", "rewrite": "b", "key": [1, 2], "errors": "strict"}
WRITTEN |= {"input_encoding": "UTF-8", "output_encoding": "UTF-8", "DstT": tf.float32}
# For debugging or devices; what gives the shape that it takes by chance; functions that no TensorFlow 1 had.
APART = {"CheckPinned", "Copy", "CopyHost", "DebugGradientIdentity", "DebugIdentity", "Snapshot", "NextIteration"}
APART |= {"Bitcast", "Squeeze", "DataFormatVecPermute", "DataFormatDimMap", "DecodeJSONExample"}
APART |= {"Dawsn", "Expint", "FresnelCos", "FresnelSin", "Spence", "BesselI0", "BesselI1"}
APART |= {f"Bessel{kind}{order}{scaled}" for kind in "JKY" for order in "01" for scaled in ("", "e")}


def found(op, *shapes):
    """Return the shape that TensorFlow finds for the output of an op, and its attributes, or (None, None)."""
    definition = op_def_registry.get(op)
    attributes = {one.name: WRITTEN[one.name] for one in definition.attr if one.name in WRITTEN}
    for dtype in TYPES:
        with tf.Graph().as_default():
            inputs = [tf.placeholder(dtype, shape) for shape in shapes]
            names = [one.name for one in definition.input_arg]
            try:
                result = getattr(tf.raw_ops, op)(**dict(zip(names, inputs, strict=True)), **attributes)
            except (TypeError, ValueError, NotImplementedError):
                continue
            if isinstance(result, tf.Tensor) and result.shape.rank is not None:
                return result.shape.as_list(), Attributes(result.op.node_def)
    return None, None


def ops(many):
    """Return the ops without state that take so many tensors and give one."""
    definitions = filter(None, map(op_def_registry.get, dir(tf.raw_ops)))
    given = [one for one in definitions if not one.is_stateful and len(one.output_arg) == 1]
    return [one.name for one in given if len(one.input_arg) == many and one.name not in APART]


def test_what_an_op_makes_of_one_tensor_in_its_shape_has_its_sizes():
    sizes = [tuple(unknown(f"size {axis} of {rank}") for axis in range(rank)) for rank in (2, 4)]
    same = [op for op in ops(1) if all(found(op, shape)[0] == shape for shape in ([2, 3], [2, 3, 5, 7]))]
    assert len(same) > 60
    for op in same:
        attributes = found(op, [2, 3])[1]
        assert [dimensions(op, [one], [None], attributes) for one in sizes] == [[one] for one in sizes], op


def test_what_an_op_makes_of_two_tensors_that_are_broadcast_has_their_sizes():
    few, many = unknown("few"), unknown("many")
    both = [op for op in ops(2) if found(op, [2, 1, 4], [1, 3, 4])[0] == [2, 3, 4]]
    assert len(both) > 30
    for op in both:
        attributes = found(op, [2, 3], [2, 3])[1]
        assert dimensions(op, [(few, 1, 4), (1, many, 4)], [None, None], attributes) == [(few, many, 4)], op


@pytest.mark.parametrize(("op", "inputs"), [("Substr", 3), ("SelectV2", 3), ("Roll", 3), ("RegexReplace", 3)])
def test_what_an_op_makes_of_one_tensor_and_of_scalars_has_its_sizes(op, inputs):
    rows = unknown("rows")
    shapes = [(), (rows, 2), (rows, 2)] if op == "SelectV2" else [(rows, 2), *[()] * (inputs - 1)]
    assert dimensions(op, shapes, [None] * inputs, {}) == [(rows, 2)]


IMAGES = {"strides": [1, 2, 2, 1], "padding": "SAME"}


@pytest.mark.parametrize(
    ("op", "other", "attributes", "result"),
    [
        ("DepthwiseConv2dNative", [3, 3, 5, 2], {**IMAGES, "strides": [1, 1, 1, 1]}, (None, 8, 6, 10)),
        ("DepthwiseConv2dNative", [3, 3, 5, 2], IMAGES, (None, 4, 3, 10)),
        ("DepthwiseConv2dNative", [3, 3, 5, 2], {**IMAGES, "padding": "VALID"}, (None, 3, 2, 10)),
        ("ResizeBilinear", (4, 7), {}, (None, 4, 7, 5)),
        ("ResizeNearestNeighbor", (9, 3), {}, (None, 9, 3, 5)),
    ],
)
def test_what_is_made_of_images_of_a_batch_of_unknown_size_has_their_number(op, other, attributes, result):
    with tf.Graph().as_default() as graph:
        images = tf.placeholder(tf.float32, [None, 8, 6, 5])
        other = tf.constant(other) if isinstance(other, tuple) else tf.placeholder(tf.float32, other)
        names = [one.name for one in op_def_registry.get(op).input_arg]
        made = getattr(tf.raw_ops, op)(**dict(zip(names, (images, other), strict=True)), **attributes)
    assert tuple(made.shape) == result
    batch, literal = unknown("batch"), read_constant(other.op.node_def) if other.op.type == "Const" else None
    shapes = [(batch, 8, 6, 5), tuple(other.shape)]
    node = next(node for node in graph.as_graph_def().node if node.op == op)
    assert dimensions(op, shapes, [None, literal], Attributes(node)) == [(batch, *result[1:])]


POOLED = {"ksize": [1, 2, 2, 1], "strides": [1, 2, 2, 1], "padding": "SAME"}
IMAGE, HALF, DOUBLE = [2, 8, 6, 4], [2, 4, 3, 4], [2, 16, 12, 4]


@pytest.mark.parametrize(
    ("op", "place", "operands", "attributes"),
    [
        ("ResizeBilinearGrad", 1, [DOUBLE, IMAGE], {}),
        ("ResizeBicubicGrad", 1, [DOUBLE, IMAGE], {}),
        ("LRNGrad", 1, [IMAGE, IMAGE, IMAGE], {}),
        ("MaxPoolGrad", 0, [IMAGE, HALF, HALF], POOLED),
        ("CropAndResizeGradBoxes", 2, [[5, 3, 3, 4], IMAGE, [5, 4], [5]], {}),
    ],
)
def test_a_gradient_for_an_operand_has_its_sizes(op, place, operands, attributes):
    names = [one.name for one in op_def_registry.get(op).input_arg]
    with tf.Graph().as_default() as graph:
        dtypes = [tf.int32 if name == "box_ind" else tf.float32 for name in names]
        given = map(tf.placeholder, dtypes, operands)
        made = getattr(tf.raw_ops, op)(**dict(zip(names, given, strict=True)), **attributes)
    assert made.shape.as_list() == operands[place]
    sizes = [tuple(unknown(f"size {axis} of {k}") for axis in range(len(one))) for k, one in enumerate(operands)]
    node = next(node for node in graph.as_graph_def().node if node.op == op)
    assert dimensions(op, sizes, [None] * len(sizes), Attributes(node)) == [sizes[place]]


BLOCKS = {"block_shape": [2, 3], "paddings": [[1, 1], [0, 3]]}


@pytest.mark.parametrize(
    ("op", "undone", "given"),
    [
        ("SpaceToDepth", "DepthToSpace", {"block_size": 2}),
        ("SpaceToBatchND", "BatchToSpaceND", BLOCKS),
    ],
)
def test_blocks_that_are_put_aside_and_back_leave_the_sizes(op, undone, given):
    others = {"crops" if name == "paddings" else name: value for name, value in given.items()}
    with tf.Graph().as_default() as graph:
        apart = getattr(tf.raw_ops, op)(input=tf.placeholder(tf.float32, IMAGE), **given)
        getattr(tf.raw_ops, undone)(input=apart, **others)
    nodes = {node.op: node for node in graph.as_graph_def().node}
    literals = [None, *(whole(one, "int32") for one in given.values())] if op == "SpaceToBatchND" else [None]

    def both(image):
        (first,) = dimensions(op, [image], literals, Attributes(nodes[op]))
        return first, *dimensions(undone, [first], literals, Attributes(nodes[undone]))

    image = tuple(unknown(f"size {axis}") for axis in range(4))
    assert both(tuple(IMAGE)) == (tuple(apart.shape), tuple(IMAGE))
    assert both(image)[1] == image and both(image)[0] != image


@pytest.mark.parametrize("padding", ["VALID", "SAME"])
@pytest.mark.parametrize(("window", "stride"), [(2, 2), (3, 2), (1, 3), (4, 3)])
@pytest.mark.parametrize("more", [-3, 0, 1, 5])
def test_how_often_a_window_stands_on_a_multiple_of_its_stride_is_known(window, stride, more, padding):
    few, given = unknown("few"), {"ksize": [1, window, 1, 1], "strides": [1, stride, 1, 1], "padding": padding}
    found = []
    for size in (4, 7):
        with tf.Graph().as_default():
            pooled = tf.raw_ops.MaxPool(input=tf.placeholder(tf.float32, [1, size * stride + more, 5, 3]), **given)
            found.append(add(few, pooled.shape[1] - size))
            attributes = Attributes(pooled.op.node_def)
    several = add(multiply(stride, few), more)
    assert [dimensions("MaxPool", [(1, several, 5, 3)], [None], attributes)[0][1]] * 2 == found
    assert dimensions("MaxPool", [(1, add(few, more), 5, 3)], [None], attributes)[0][1] is None
    assert dimensions("MaxPool", [(1, None, 5, 3)], [None], attributes) in (None, [(1, None, 5, 3)])


def test_the_batch_that_blocks_make_is_known_whatever_is_padded():
    image, block = tuple(unknown(f"size {axis}") for axis in range(4)), whole(BLOCKS["block_shape"], "int32")
    (apart,) = dimensions("SpaceToBatchND", [image], [None, block, None], {})
    assert apart == (multiply(6, image[0]), None, None, image[3])
    assert dimensions("BatchToSpaceND", [apart], [None, block, None], {}) == [(image[0], None, None, image[3])]


def test_what_is_padded_by_a_tensor_along_one_axis_keeps_the_others():
    """Python's tf.pad knows them, an imported graph does not; and the gradient has the sizes of what was padded."""
    with tf.Graph().as_default() as graph:
        x, by = tf.placeholder(tf.float32, [4, 8, 3]), tf.placeholder(tf.int32, [])
        padded = tf.pad(x, [[0, 0], [by, by], [1, 1]], mode="REFLECT", name="padded")
        taken = tf.identity(padded[:, by : by + 2, 1:], name="taken")
        gradient = tf.identity(tf.gradients(taken, x)[0], name="gradient")
    normal = Normal(Graph(graph.as_graph_def()))
    found = {one: normal.known_sizes(normal.made[one])[0] for one in ("padded", "taken", "gradient")}
    assert found["padded"] == tuple(padded.shape) == (4, None, 5)
    assert found["taken"] == (4, None, 4) and found["gradient"] == tuple(gradient.shape) == (4, 8, 3)


def test_rows_that_are_parted_and_put_together_keep_the_sizes_of_one():
    rows = unknown("rows")
    parts = dimensions("DynamicPartition", [(rows, 2, 3), (rows,)], [None] * 2, {"num_partitions": tf.AttrValue(i=2)})
    assert parts == [(None, 2, 3)] * 2
    for op in ("DynamicStitch", "ParallelDynamicStitch"):
        assert dimensions(op, [(rows,), (4,), (rows, 2, 3), None], [None] * 4, {"N": tf.AttrValue(i=2)}) == [
            (None, 2, 3)
        ]


def test_what_a_wrong_pair_told_of_another_rank_counts_for_nothing():
    with tf.Graph().as_default() as graph:
        rows = tf.placeholder_with_default(tf.ones([4, 3]), [None, 3])
        tf.tanh(rows, name="y")
    for told, known in (((5, None), (5, 3)), ((), (None, 3)), (None, (None, 3))):
        normal = Normal(Graph(graph.as_graph_def()), {"y": [told]})
        assert normal.known_sizes(normal.made["y"]) == [known]


def test_a_part_in_steps_of_an_unknown_size_has_no_known_size():
    with tf.Graph().as_default() as graph:
        step = tf.shape(tf.placeholder(tf.float32, [None], name="x"))
        table = tf.placeholder(tf.float32, [6, 4], name="table")
        tf.raw_ops.StridedSlice(input=table, begin=[0], end=[4], strides=step, name="part")
    normal = Normal(Graph(graph.as_graph_def()))
    assert normal.known_sizes(normal.made["part"])[0] in (None, (None, 4))

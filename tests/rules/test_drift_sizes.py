"""What the audit derives of sizes where TensorFlow knows none: a tensor that is reshaped to them is as it was."""

import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit.comparison import audit
from drift_cases import built, floats, out
from test_drift import proved

raw = tf.raw_ops


def last_ones(x):
    return x[..., 1:3], [2]


def axis_behind_all(x):
    return x[..., tf.newaxis, 3], [1]


def all_behind_an_axis(x):
    return x[tf.newaxis, ..., 2][0], []


def spectrum(x):
    return raw.ComplexAbs(x=raw.RFFT(input=x, fft_length=[8])), [5]


def from_spectrum(x):
    half = raw.RFFT(input=x, fft_length=[8])
    return raw.IRFFT(input=raw.Conj(input=half), fft_length=[6]), [6]


def there_and_back(x):
    whole = raw.FFT(input=raw.Complex(real=x, imag=raw.Exp(x=x)))
    return raw.Imag(input=raw.IFFT(input=whole)) * raw.Angle(input=whole), [8]


def looked_up(x):
    table = raw.HashTableV2(key_dtype=tf.int64, value_dtype=tf.float32)
    keys = tf.range(9, dtype=tf.int64)
    filled = raw.LookupTableImportV2(table_handle=table, keys=keys, values=x[0, 0, 0] * tf.range(9.0))
    with tf.control_dependencies([filled]):
        asked = raw.Cast(x=x, DstT=tf.int64)
    return raw.LookupTableFindV2(table_handle=table, keys=asked, default_value=-1.0), [8]


def mirrored(x):
    around = {"paddings": [[0, 0], [0, 0], [1, 2]], "mode": "REFLECT"}
    return raw.MirrorPadGrad(input=raw.Exp(x=raw.MirrorPad(input=x, **around)), **around), [8]


def surrounded(x):
    return raw.PadV2(input=x, paddings=[[0, 0], [0, 0], [1, 2]], constant_values=1.0), [11]


def every_other(x):
    return x[..., 1::2], [4]


def backwards(x):
    return x[::-1, ::-1], [8]


FORMS = (last_ones, axis_behind_all, all_behind_an_axis, spectrum, from_spectrum, there_and_back, looked_up)
FORMS += (mirrored, surrounded, every_other, backwards)


def _reshaped(form):
    def build(new, mistake):
        x = floats(None, None, 8)
        result, last = form(x)
        sizes = [raw.Shape(input=x)[axis] for axis in (0, 1)]
        target = raw.Pack(values=[*(reversed(sizes) if mistake else sizes), *last])
        out(raw.Tanh(x=result if new and not mistake else raw.Reshape(tensor=result, shape=target)))

    return build


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_what_is_reshaped_to_the_sizes_that_it_has_is_as_it_was(form):
    build = _reshaped(form)
    old, new = built(build, False), built(build, True)
    proved(old, new)
    assert audit(old, built(build, True, True)).verdict == "not faithful"


@pytest.mark.parametrize("taken", [slice(None, None, 2), slice(None, None, -2), slice(2, None, -1), slice(None, 0, -1)])
def test_an_axis_of_which_steps_take_a_part_has_another_size(taken):
    build = _reshaped(lambda x: (x[:, taken], [8]))
    assert audit(built(build, False), built(build, True)).verdict == "not faithful"


def test_a_table_of_vectors_gives_more_than_it_is_asked_for():
    def form(new, mistake):
        x = floats(None, None)
        kinds = {"key_dtype": tf.int64, "value_dtype": tf.float32}
        table = raw.MutableHashTableOfTensorsV2(**kinds, value_shape=[1])
        found = raw.LookupTableFindV2(table_handle=table, keys=raw.Cast(x=x, DstT=tf.int64), default_value=[0.0])
        sizes = [raw.Shape(input=x)[axis] for axis in (0, 1)]
        out(raw.Tanh(x=found if new else raw.Reshape(tensor=found, shape=raw.Pack(values=sizes))))

    assert audit(built(form, False), built(form, True)).verdict == "not faithful"


def test_crops_are_as_many_as_boxes_and_as_deep_as_images():
    def form(new, mistake):
        x, boxes = floats(2, 6, 6, None), floats(None, 4, name="boxes")
        which = raw.ZerosLike(x=raw.Cast(x=boxes[:, 0], DstT=tf.int32))
        crops = raw.CropAndResize(image=x, boxes=boxes, box_ind=which, crop_size=[2, 3])
        sizes = [raw.Shape(input=boxes)[0], *([3, 2] if mistake else [2, 3]), raw.Shape(input=x)[3]]
        out(raw.Tanh(x=crops if new and not mistake else raw.Reshape(tensor=crops, shape=raw.Pack(values=sizes))))

    old, new = built(form, False), built(form, True)
    proved(old, new)
    assert audit(old, built(form, True, True)).verdict == "not faithful"


def left(said=None, begin=(0, 0), size=(-1, 2), of=None):
    """Take what is left of rows that are reshaped back, to their own sizes or (`said`) to those that are written."""
    with tf.Graph().as_default() as graph:
        more, n, rows = floats(None, 3, name="more"), tf.placeholder(tf.int32, [], name="n"), floats(None, 3)
        y = raw.Exp(x=raw.Reshape(tensor=more, shape=raw.Pack(values=[n, 2, 3])))
        back = raw.Reshape(tensor=y, shape=said or raw.Shape(input=more))
        joined = raw.ConcatV2(values=[rows, back], axis=0)
        size = raw.Pack(values=[tf.shape(rows if of == "rows" else joined)[0], 2]) if of else size
        out(raw.Slice(input=joined, begin=begin, size=size))
    return graph.as_graph_def()


@pytest.mark.parametrize("begin", [(0, 0), (1, 1)])
def test_all_that_is_left_of_a_tensor_is_that_however_its_size_is_known(begin):
    old = left(begin=begin)
    assert audit(old, left([-1, 3], begin)).verdict == "faithful"
    for mistake in ({"begin": (1, 0)}, {"size": (-1, 1)}, {"size": (2, 2)}, {"of": "rows"}):
        assert audit(old, left([-1, 3], **{"begin": begin, **mistake})).verdict == "not faithful"


def test_so_it_is_where_that_size_is_taken():
    assert audit(left(), left([-1, 3], of="joined")).verdict == "faithful"
    assert audit(left(begin=(1, 0)), left([-1, 3], begin=(1, 0), of="joined")).verdict == "not faithful"

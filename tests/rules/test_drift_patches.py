"""The gradient of extract_image_patches as it was, by a sparse matrix, and as it is, by segments; mistakes beside."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from compat_v1.audit import audit
from drift_cases import floats, out
from test_drift import proved

raw = tf.raw_ops
# Sizes of the image, then along both axes the length of a patch, how far it is to the next and to its next element.
GEOMETRIES = [
    ((4, 4), (2, 2), (2, 2), (1, 1), "VALID"),
    ((7, 9), (3, 3), (1, 1), (1, 1), "SAME"),
    ((7, 9), (3, 2), (2, 1), (2, 1), "SAME"),
    ((8, 6), (3, 1), (2, 3), (1, 1), "VALID"),
    ((45, 31), (3, 3), (2, 2), (1, 2), "SAME"),
    ((5, 3), (2, 2), (4, 4), (1, 1), "SAME"),
]


def spread(length, stride, rate, padding):
    one = {"ksizes": length, "strides": stride, "rates": rate}
    return {key: [1, *value, 1] for key, value in one.items()} | {"padding": padding}


def counted(image, settings, moved=False):
    """Return which pixel each patch has in which place, as TensorFlow 1.0 counted it out."""
    pixels = np.arange(1, np.prod(image) + 1, dtype=np.int32).reshape(1, *image, 1)
    with tf.Graph().as_default(), tf.Session() as session:
        taken = session.run(raw.ExtractImagePatches(images=pixels, **settings)).ravel()
    if moved:
        taken[-1] -= 1
    return [[pixel - 1, place] for place, pixel in enumerate(taken) if pixel]


def by_segments(rows, image, settings, begin=1.0):
    count = np.prod(image)
    numbers = tf.range(begin, count + begin)
    numbers = raw.ExtractImagePatches(images=tf.reshape(numbers, [1, *image, 1]), **settings)
    segments = tf.reshape(tf.cast(numbers, tf.int64), [-1]) - 1
    return tf.math.unsorted_segment_sum(rows, segments, tf.constant(count, tf.int64))


def by_constants(rows, image, settings, mistake="", places=None):
    indices = places or counted(image, settings, mistake == "another pixel")
    if mistake == "exchanged":
        indices = indices[::-1]
    if mistake == "twice":
        indices = [*indices[:-1], indices[-2]]
    ones = np.full(len(indices), 1.0, np.float32)
    if mistake == "another factor":
        ones[-1] = 2
    pixels, columns = np.prod(image), rows.shape[0]
    matrix = tf.SparseTensor(indices, ones, [pixels, columns])
    return tf.sparse.sparse_dense_matmul(matrix, rows, adjoint_a=mistake == "adjoint")


def by_slice(rows, image, settings, mistake=""):
    pixels, columns = int(np.prod(image)), int(rows.shape[0])
    taken = tf.reshape(tf.range(1, pixels + 1, dtype=tf.int64), [1, *image, 1])
    taken = raw.ExtractImagePatches(images=taken, **settings)
    places = tf.reshape(tf.range(columns, dtype=tf.int64), [1, *taken.shape[1:3], -1])
    pairs = [tf.expand_dims(one, axis=-1) for one in (taken, places)]
    pairs = tf.reshape(tf.concat(pairs, -1), [-1, 2])
    ones = tf.ones([columns]) * 2 if mistake == "another factor" else tf.ones([columns])
    full = tf.SparseTensor(pairs, ones, (pixels + 1, columns))
    matrix = tf.sparse.slice(full, [0, 0] if mistake == "not left out" else [1, 0], [pixels, columns])
    return tf.sparse.sparse_dense_matmul(matrix, rows)


def patches(form, geometry, batch=None, settings=(), of=None):
    """Return the graph of patches and their gradient as today, or in a form, of an image of two channels."""
    image, *rest = geometry
    with tf.Graph().as_default() as graph:
        x = floats(batch, *image, 2)
        y = raw.ExtractImagePatches(images=x, **spread(*rest))
        gradient = tf.exp(y)
        if form is None:
            (made,) = tf.gradients(y, x, gradient)
        else:
            count, (rows, columns) = -1 if batch is None else batch, y.shape[1:3]
            gradient = tf.reshape(gradient, [count, rows, columns, *rest[0], 2])
            gradient = tf.transpose(gradient, [1, 2, 3, 4, 0, 5])
            gradient = tf.reshape(gradient, [rows * columns * np.prod(rest[0]), -1 if batch is None else batch * 2])
            made = form(gradient, of or image, spread(*rest) | dict(settings))
            made = tf.transpose(tf.reshape(made, [*image, count, 2]), [2, 0, 1, 3])
        out(made)
    return graph.as_graph_def()


@pytest.mark.parametrize("geometry", GEOMETRIES)
@pytest.mark.parametrize("batch", [None, 3])
@pytest.mark.parametrize("form", [by_constants, by_slice])
def test_what_patches_took_is_added_up_in_the_same_order(form, batch, geometry):
    result = proved(patches(form, geometry, batch), patches(None, geometry, batch))
    assert "gradient of patches" in result.rules


@pytest.mark.parametrize("form", [by_constants, by_slice])
def test_what_is_added_up_elsewhere_is_reported(form):
    geometry = GEOMETRIES[1]
    new = patches(None, geometry)
    mistakes = {
        by_constants: ["exchanged", "twice", "another factor", "another pixel"],
        by_slice: ["another factor", "not left out"],
    }
    turned = patches(lambda *given: by_constants(*given, "adjoint"), GEOMETRIES[0])
    assert audit(turned, patches(None, GEOMETRIES[0])).verdict == "not faithful"
    for mistake in mistakes[form]:
        old = patches(lambda *given, mistake=mistake: form(*given, mistake), geometry)
        assert audit(old, new).verdict == "not faithful", mistake
    for one in ({"ksizes": [1, 1, 9, 1]}, {"rates": [1, 2, 1, 1]}, {"rates": [1, 1, 2, 1]}):
        assert audit(patches(form, geometry, settings=one), new).verdict == "not faithful", one
    assert audit(patches(form, geometry, of=(9, 7)), new).verdict == "not faithful", "columns for rows"
    for begin in (0.0, 2.0):
        shifted = patches(lambda *given, begin=begin: by_segments(*given, begin), geometry)
        assert audit(patches(form, geometry), shifted).verdict == "not faithful", begin
    assert audit(patches(form, geometry), patches(by_segments, geometry)).verdict == "faithful"


def test_patches_larger_than_the_image_take_nothing_and_too_many_elements_are_not_laid_out(monkeypatch):
    def arange(*given, whole=np.arange):
        assert max(given) <= 1 << 24
        return whole(*given)

    monkeypatch.setattr(np, "arange", arange)
    for length, padding in (((8, 1), "VALID"), ((3, 10), "VALID"), ((1 << 28, 1), "SAME")):
        new = patches(None, ((7, 9), length, (1, 1), (1, 1), padding))
        assert audit(new, new).verdict == "faithful", length


def test_pixels_that_floats_cannot_count_are_not_excused():
    for rows, verdict in ((1023, "faithful"), (1025, "not faithful")):
        geometry = ((rows, 1 << 14), (1, 1), (1000, 1 << 13), (1, 1), "VALID")
        places = [(row * 1000 + column / 2) * (1 << 14) for row in (0, 1) for column in (0, 1)]
        places = [[int(pixel), place] for place, pixel in enumerate(places)]
        old = patches(lambda *given, places=places: by_constants(*given, places=places), geometry)
        assert audit(old, patches(None, geometry)).verdict == verdict, rows


@pytest.mark.parametrize("setting", ["ksizes", "strides", "rates"])
def test_patches_of_pixels_are_across_an_image_alone(setting):
    """The op refuses others when it runs."""
    old, new = patches(by_slice, GEOMETRIES[1]), patches(None, GEOMETRIES[1])
    (taken,) = (node for node in old.node if node.op == "ExtractImagePatches" and node.name.endswith("_1"))
    taken.attr[setting].list.i[0] = 2
    assert audit(old, new).verdict == "not faithful"

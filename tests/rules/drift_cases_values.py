"""Both forms of what computes, counts or asserts single values, for `CASES`."""

import tensorflow.compat.v1 as tf

from drift_cases import case, floats, out

raw = tf.raw_ops


@case("batches of images")
def _(new, mistake):
    asserted_images(new, "one channel" if mistake else "")


def asserted_images(new, mistake="", sizes=(None, 8, 8, 3), said="all dims of 'image.shape' must be > 0."):
    """A batch of images that are asserted to have something in them: in the older form the batch as well."""
    x = floats(*sizes)
    shape = raw.Shape(input=x[..., :1] if mistake == "one channel" else x)
    waited = []
    if not new or None in sizes[-3:]:
        less = raw.Less(x=1 if mistake == "one" else 0, y=shape[-3:] if new else shape)
        said = said.replace("all", "inner 3") if new else said
        waited = [raw.Assert(condition=raw.All(input=less, axis=[0]), data=[said])]
        if mistake == "used":
            out(raw.Cast(x=less, DstT=tf.float32))
            return
    with tf.control_dependencies(waited):
        y = raw.Identity(input=x)
    out(raw.ReverseV2(tensor=y, axis=[1 if mistake == "one channel" else 2]))


@case("root of a constant")
def _(new, mistake):
    value = tf.constant(1.4142135 if not mistake else 1.4142137) if new else raw.Sqrt(x=2.0)
    out(raw.Mul(x=floats(None, 3), y=value))


@case("counted as they lie")
def _(new, mistake):
    counted(new, 1 if mistake else 0)


def counted(new, more=0, weighted=False, flat=True):
    """Whole numbers below 9, counted."""
    x = floats(None, 3)
    numbers = raw.Cast(x=raw.Abs(x=x[:, 0] if flat else x), DstT=tf.int32)
    weights = raw.Abs(x=x[:, 1] if flat else x) if weighted else tf.zeros([0], tf.int32)
    if new:
        numbers = raw.Reshape(tensor=numbers, shape=[-1])
        weights = raw.Reshape(tensor=weights, shape=[-1]) if weighted else weights
        total = raw.DenseBincount(input=numbers, size=9 + more, weights=weights)
    else:
        total = raw.Bincount(arr=numbers, size=9, weights=weights)
    out(raw.Cast(x=total, DstT=tf.float32))


@case("shape of what is drawn by")
def _(new, mistake):
    drawn(new, mistake)


def drawn(new, mistake=False, rows=()):
    """Numbers that are drawn by an alpha, which zeros of its shape were added to, or of more rows."""
    x = floats(None, 3)
    alpha = raw.AddV2(x=raw.Abs(x=x), y=0.5)
    if not new:
        shape = raw.ConcatV2(values=[tf.constant(rows, tf.int32), raw.Shape(input=x)], axis=0)
        alpha = raw.AddV2(x=alpha, y=raw.Fill(dims=shape, value=0.0))
    elif mistake:
        alpha = raw.AddV2(x=alpha, y=1.0)
    out(raw.RandomGamma(shape=[2], alpha=alpha, seed=3, seed2=4))


@case("triangles of a batch")
def _(new, mistake):
    a, b = (raw.PlaceholderWithDefault(input=floats(2, 3, 3, name=name), shape=None) for name in "ab")
    solved = raw.MatrixTriangularSolve(matrix=a, rhs=b)
    second = raw.MatrixTriangularSolve(matrix=a, rhs=raw.Cos(x=solved), adjoint=True)
    first = raw.MatrixBandPart(input=raw.Neg(x=raw.BatchMatMulV2(x=second, y=solved)), num_lower=-1, num_upper=0)
    if new:
        shapes = [raw.Shape(input=one) for one in (a, raw.Tile(input=b, multiples=[2, 1, 1]) if mistake else b)]
        batches = [shape[:-2] for shape in shapes]
        axes = raw.BroadcastGradientArgs(s0=batches[0], s1=batches[1])
        first = raw.Reshape(tensor=raw.Sum(input=first, axis=axes.r0), shape=shapes[0])
        second = raw.Reshape(tensor=raw.Sum(input=second, axis=axes.r1), shape=shapes[1])
    out(raw.Sub(x=first, y=second))


@case("compared with a number")
def _(new, mistake):
    x = raw.Relu(features=floats(None, 3))
    other = (raw.OnesLike if mistake else raw.ZerosLike)(x=x) if new else tf.constant(0.0)
    out(raw.Cast(x=raw.NotEqual(x=x, y=other), DstT=tf.float32))

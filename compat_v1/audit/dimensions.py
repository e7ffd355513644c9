"""The sizes of an op's outputs where TensorFlow's static shapes leave them unknown: which unknown sizes are the same.

Each function takes the sizes of the op's inputs (None for an unknown rank), the inputs' literals (None for tensors) and
the op's attributes, and returns the sizes of the outputs, None for an output of which nothing is known.
"""

from compat_v1.audit import dimensions_of_matrices, dimensions_taken, sizes
from compat_v1.audit.folding import fixed


def dimensions(op, shapes, literals, attributes):
    """Return the sizes of an op's outputs, a list of tuples (None where unknown), or None."""
    if op not in _RULES:
        return None
    try:
        return _RULES[op](shapes, literals, attributes)
    except (ArithmeticError, IndexError, TypeError, ValueError, AttributeError, StopIteration):
        return None


def reshaped(shape, target):
    """Return the sizes of a tensor of sizes `shape` (None: unknown) after a Reshape to `target`, or None.

    The one -1 is the rest of the elements.
    """
    if -1 not in target:
        return tuple(target)
    if shape is None:
        return None
    total, rest = 1, 1
    for size in shape:
        total = sizes.multiply(total, size)
    for size in target:
        if size != -1:
            rest = sizes.multiply(rest, size)
    if rest == 0:
        return None
    return tuple(sizes.divide(total, rest) if size == -1 else size for size in target)


def _same(shapes, _literals, _attributes):
    return [shapes[0]]


def _activated(shapes, _literals, _attributes):
    """The gradient of an activation has one shape with what was activated, as the op demands."""
    gradients, activated = shapes
    if gradients is None or activated is None:
        return [gradients if activated is None else activated]
    return [tuple(one if one is not None else other for one, other in zip(activated, gradients, strict=True))]


def _alike(shapes, _literals, _attributes):
    """All operands have one shape."""
    return [next(shape for shape in shapes if shape is not None)]


def _broadcast(shapes, _literals, _attributes):
    rank = max(len(shape) for shape in shapes)
    result = (1,) * rank
    for shape in shapes:
        padded = (1,) * (rank - len(shape)) + tuple(shape)
        result = tuple(sizes.broadcast(a, b) for a, b in zip(result, padded, strict=True))
    return [result]


def _select(shapes, _literals, _attributes):
    return [shapes[1]]


def _product(shapes, _literals, attributes):
    (left, right) = shapes
    rows = left[1] if attributes["transpose_a"].b else left[0]
    columns = right[0] if attributes["transpose_b"].b else right[1]
    return [(rows, columns)]


def _products(shapes, literals, attributes):
    left, right = shapes
    (batch,) = _broadcast([left[:-2], right[:-2]], literals, attributes)
    rows = left[-1] if attributes["adj_x"].b else left[-2]
    columns = right[-2] if attributes["adj_y"].b else right[-1]
    return [(*batch, rows, columns)]


def _reduced(shapes, literals, attributes):
    axes = {axis % max(len(shapes[0]), 1) for axis in fixed(literals[1].array())}
    keep = attributes["keep_dims"].b
    kept = [1 if axis in axes else size for axis, size in enumerate(shapes[0]) if keep or axis not in axes]
    return [tuple(kept)]


def _reshape(shapes, literals, _attributes):
    return [reshaped(shapes[0], literals[1].array().tolist())]


def _transpose(shapes, literals, _attributes):
    return [tuple(shapes[0][axis] for axis in fixed(literals[1].array()))]


def _concat(shapes, literals, _attributes):
    return [_joined(shapes[:-1], fixed(literals[-1].array())[0])]


def _joined(shapes, axis):
    axis %= len(shapes[0])
    total = 0
    for shape in shapes:
        total = sizes.add(total, shape[axis])
    return (*shapes[0][:axis], total, *shapes[0][axis + 1 :])


def _pack(shapes, _literals, attributes):
    axis = attributes["axis"].i % (len(shapes[0]) + 1)
    return [(*shapes[0][:axis], len(shapes), *shapes[0][axis:])]


def _unpack(shapes, _literals, attributes):
    axis = attributes["axis"].i % len(shapes[0])
    return [(*shapes[0][:axis], *shapes[0][axis + 1 :])] * attributes["num"].i


def _expanded(shapes, literals, _attributes):
    axis = fixed(literals[1].array())[0] % (len(shapes[0]) + 1)
    return [(*shapes[0][:axis], 1, *shapes[0][axis:])]


def _squeezed(shapes, _literals, attributes):
    axes = [axis % len(shapes[0]) for axis in attributes["squeeze_dims"].list.i]
    if not axes:
        return None
    return [tuple(size for axis, size in enumerate(shapes[0]) if axis not in axes)]


def _tiled(shapes, literals, _attributes):
    return [tuple(map(sizes.multiply, shapes[0], literals[1].array().tolist()))]


def _to(position):
    return lambda _shapes, literals, _attributes: [tuple(literals[position].array().tolist())]


def _gathered(shapes, literals, attributes):
    axis = fixed(literals[2].array())[0] if len(shapes) > 2 else 0
    if "batch_dims" in attributes and attributes["batch_dims"].i:  # asking for what is not there would add it
        return None
    axis %= len(shapes[0])
    return [(*shapes[0][:axis], *shapes[1], *shapes[0][axis + 1 :])]


def _split(shapes, literals, attributes):
    axis = fixed(literals[0].array())[0] % len(shapes[1])
    count = attributes["num_split"].i
    size = sizes.part(shapes[1][axis], count)
    return [(*shapes[1][:axis], size, *shapes[1][axis + 1 :])] * count


def _cut(shapes, literals, _attributes):
    begin, count = literals[1].array().tolist(), literals[2].array().tolist()
    rest = map(sizes.subtract, shapes[0], begin)
    return [tuple(left if size == -1 else size for size, left in zip(count, rest, strict=True))]


def _padded(shapes, literals, _attributes):
    around = literals[1].array()
    return [tuple(sizes.add(size, sizes.add(*pair)) for size, pair in zip(shapes[0], around.tolist(), strict=True))]


def _without_padding(shapes, literals, _attributes):
    around = literals[1].array()
    sizes_of_padding = [sizes.add(*pair) for pair in around.tolist()]
    return [tuple(sizes.subtract(*pair) for pair in zip(shapes[0], sizes_of_padding, strict=True))]


def _losses(shapes, _literals, _attributes):
    return [shapes[0][:1], shapes[0]]


def _soft_losses(shapes, literals, attributes):
    (shape,) = _broadcast(shapes, literals, attributes)
    return [shape[:1], shape]


def _assigned(shapes, _literals, attributes):
    """A variable may be said to take the shape of what is assigned."""
    validated = "validate_shape" not in attributes or attributes["validate_shape"].b
    return [shapes[0 if validated else 1]]


def _hot(shapes, literals, attributes):
    axis = attributes["axis"].i if "axis" in attributes else -1
    depth = literals[1].array().reshape(-1).tolist()[0]
    place = len(shapes[0]) if axis == -1 else axis
    return [(*shapes[0][:place], depth, *shapes[0][place:])]


def _best(shapes, literals, _attributes):
    axis = fixed(literals[1].array())[0] % len(shapes[0])
    return [(*shapes[0][:axis], *shapes[0][axis + 1 :])]


def _switch(shapes, _literals, _attributes):
    return [shapes[0], shapes[0]]


def _merged(shapes, _literals, _attributes):
    """One of the operands comes out: what is the same in all of them is so there."""
    if len({len(shape) for shape in shapes}) > 1:
        return None
    return [tuple(same[0] if len(set(same)) == 1 else None for same in zip(*shapes, strict=True))]


def _gathered_array(shapes, _literals, attributes):
    said = attributes["element_shape"]
    if not said.HasField("shape") or said.shape.unknown_rank:
        return None
    return [(shapes[1][0], *(None if one.size < 0 else one.size for one in said.shape.dim))]


def _segments(shapes, literals, _attributes):
    return [(literals[2].array().reshape(-1).tolist()[0], *shapes[0][len(shapes[1]) :])]


def _half_spectrum(shapes, literals, _attributes):
    return [(*shapes[0][:-1], fixed(literals[1].array())[0] // 2 + 1)]


def _from_half_spectrum(shapes, literals, _attributes):
    return [(*shapes[0][:-1], fixed(literals[1].array())[0])]


def _sparse_product(shapes, literals, attributes):
    rows = literals[2].array().tolist()[1 if attributes["adjoint_a"].b else 0]
    return [(rows, shapes[3][0 if attributes["adjoint_b"].b else 1])]


def _range(_shapes, literals, _attributes):
    start, limit, delta = (literals[k].array().reshape(-1).tolist()[0] for k in range(3))
    return [(sizes.subtract(limit, start),)] if delta == 1 else None


def _parted(shapes, _literals, attributes):
    """Rows of a tensor as a table of the same rows tells: how many of them come to each part, nobody knows."""
    data, table = shapes
    return [(None, *data[len(table) :])] * attributes["num_partitions"].i


def _stitched(shapes, _literals, attributes):
    """Rows of several tensors at their places, which may be more than there are rows."""
    places, data = shapes[0], shapes[attributes["N"].i]
    return [(None, *data[len(places) :])]


_UNARY = (
    *("Identity", "StopGradient", "PreventGradient", "CheckNumerics", "Cast", "Neg", "Abs", "Sign", "Square", "Sqrt"),
    *("Rsqrt", "Exp", "Expm1", "Log", "Log1p", "Tanh", "Sigmoid", "Relu", "Relu6", "Elu", "Selu", "Softplus", "Floor"),
    *("Softsign", "LeakyRelu", "Softmax", "LogSoftmax", "ZerosLike", "OnesLike", "Round", "Rint", "Ceil", "Sin", "Cos"),
    *("Reciprocal", "Inv", "Erf", "IsNan", "IsInf", "IsFinite", "LogicalNot", "BiasAdd"),
    *("TanhGrad", "SigmoidGrad", "SqrtGrad", "RsqrtGrad"),
    *("ReciprocalGrad", "InvGrad", "Cumsum", "RandomShuffle", "Reverse", "ReverseV2", "Enter", "Exit"),
    *("RefEnter", "RefIdentity", "RefExit", "ReverseSequence", "LRN", "AssignAdd", "AssignSub"),
    *("ClipByValue", "Real", "Imag", "Angle", "ComplexAbs", "Conj", "FFT", "IFFT", "FFT2D", "IFFT2D"),
    *("FFT3D", "IFFT3D"),
    *("Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "Cosh", "Sinh", "Tan", "Erfc", "Erfinv", "Ndtri", "Lgamma"),
    *("Digamma", "BesselI0e", "BesselI1e", "Invert", "PopulationCount", "Bucketize", "Cumprod", "Roll"),
    *("CumulativeLogsumexp", "FakeQuantWithMinMaxArgs", "FakeQuantWithMinMaxVars", "RGBToHSV", "HSVToRGB", "AsString"),
    *("StringToHashBucket", "StringToHashBucketFast", "StringToHashBucketStrong", "StringToNumber", "StringLength"),
    *("StringLower", "StringUpper", "StringStrip", "RegexFullMatch", "RegexReplace", "StaticRegexFullMatch"),
    *("StaticRegexReplace", "DecodeBase64", "EncodeBase64", "UnicodeScript", "UnicodeTranscode", "DecodeCompressed"),
)
_BINARY = (
    *("Add", "AddV2", "Sub", "Mul", "RealDiv", "Div", "DivNoNan", "FloorDiv", "FloorMod", "Maximum", "Minimum", "Pow"),
    *("SquaredDifference", "Less", "LessEqual", "Greater", "GreaterEqual", "Equal", "NotEqual", "LogicalAnd"),
    *("LogicalOr", "Xdivy", "Xlogy", "TruncateDiv", "Mod", "SelectV2", "Complex", "Atan2", "BitwiseAnd", "BitwiseOr"),
    *("BitwiseXor", "LeftShift", "RightShift", "Igamma", "Igammac", "Polygamma", "Zeta", "MulNoNan", "NextAfter"),
    *("TruncateMod", "Xlog1py", "Substr", "IgammaGradA", "RandomGammaGrad"),
)
_ACTIVATED = ("ReluGrad", "Relu6Grad", "LeakyReluGrad", "EluGrad", "SeluGrad", "SoftplusGrad", "SoftsignGrad")
ELEMENTWISE = {*_UNARY, *_BINARY, *_ACTIVATED}
_RULES = {
    **dict.fromkeys(_UNARY, _same),
    **dict.fromkeys(_BINARY, _broadcast),
    **dict.fromkeys(_ACTIVATED, _activated),
    **dict.fromkeys(("Sum", "Mean", "Prod", "Max", "Min", "Any", "All"), _reduced),
    **dict.fromkeys(("ArgMax", "ArgMin"), _best),
    **dict.fromkeys(("Gather", "GatherV2"), _gathered),
    **dict.fromkeys(("RandomUniform", "RandomStandardNormal", "TruncatedNormal", "Fill", "RandomUniformInt"), _to(0)),
    **dimensions_taken.RULES,
    **dimensions_of_matrices.RULES,
    "SoftmaxCrossEntropyWithLogits": _soft_losses,
    "SparseSoftmaxCrossEntropyWithLogits": _losses,
    "Assign": _assigned,
    **dict.fromkeys(("BatchMatMul", "BatchMatMulV2", "BatchMatMulV3"), _products),
    **dict.fromkeys(("Switch", "RefSwitch"), _switch),
    **dict.fromkeys(("Merge", "RefMerge"), _merged),
    "AddN": _alike,
    "BroadcastTo": _to(1),
    "TensorArrayGatherV3": _gathered_array,
    "masked": lambda shapes, literals, attributes: _broadcast(shapes[:2], literals, attributes),
    "scaled": _same,
    "UnsortedSegmentSum": _segments,
    "SparseTensorDenseMatMul": _sparse_product,
    "RFFT": _half_spectrum,
    "IRFFT": _from_half_spectrum,
    **dict.fromkeys(("Conv2DBackpropInput", "AvgPoolGrad", "StridedSliceGrad"), _to(0)),
    **dict.fromkeys(("DepthwiseConv2dNativeBackpropInput", "Conv3DBackpropInputV2", "AvgPool3DGrad"), _to(0)),
    "CropAndResizeGradImage": _to(3),
    **dict.fromkeys(("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"), _same),
    **dict.fromkeys(("FusedBatchNormGrad", "FusedBatchNormGradV2", "FusedBatchNormGradV3"), _same),
    **dict.fromkeys(("Cholesky", "CholeskyGrad", "MatrixBandPart", "MatrixInverse"), _same),
    **dict.fromkeys(("MatrixSetDiag", "MatrixSetDiagV2", "MatrixSetDiagV3"), _same),
    "ScatterNd": _to(2),
    "Select": _select,
    "MatMul": _product,
    "Reshape": _reshape,
    "Transpose": _transpose,
    "ConcatV2": _concat,
    "Pack": _pack,
    "Unpack": _unpack,
    "ExpandDims": _expanded,
    "Squeeze": _squeezed,
    "Tile": _tiled,
    "Split": _split,
    "Slice": _cut,
    **dict.fromkeys(("Pad", "PadV2", "MirrorPad"), _padded),
    "MirrorPadGrad": _without_padding,
    "OneHot": _hot,
    "Range": _range,
    "Unique": lambda shapes, *_: [None, shapes[0]],
    "DynamicPartition": _parted,
    **dict.fromkeys(("DynamicStitch", "ParallelDynamicStitch"), _stitched),
}

"""The sizes of what takes parts: slices, and the windows of convolutions and pools. For `dimensions.py`."""

from compat_v1.audit import sizes
from compat_v1.audit.folding import fixed


def _strided(shapes, literals, attributes):
    return [strided(shapes[0], *(literals[k].array() for k in (1, 2, 3)), attributes)]


def strided(shape, begin, end, strides, attributes):
    """Return the sizes of a StridedSlice, None along an axis of which only a run can tell.

    Known is what takes whole axes, also backwards, single elements or parts between numbers that are known, no None.
    """

    def mask(name, position):
        return attributes[name].i >> position & 1

    positions = range(len(fixed(strides)))
    taken = [one for one in positions if not mask("ellipsis_mask", one) and not mask("new_axis_mask", one)]
    result, axis = [], 0
    for position in positions:
        if mask("ellipsis_mask", position):
            result += shape[axis : axis + len(shape) - len(taken)]
            axis += len(shape) - len(taken)
            continue
        if mask("new_axis_mask", position):
            result.append(1)
            continue
        size = shape[axis]
        axis += 1
        if mask("shrink_axis_mask", position):
            continue
        is_whole = [mask(f"{bound}_mask", position) for bound in ("begin", "end")]
        start = 0 if is_whole[0] else begin[position]
        stop = None if is_whole[1] else end[position]
        if strides[position] != 1:
            result.append(size if strides[position] == -1 and all(is_whole) else None)
            continue
        is_known = start is not None and (stop is not None or is_whole[1])
        result.append(_between(size, start, stop) if is_known else None)
    return (*result, *shape[axis:])


def _between(size, start, stop):
    """Return how many elements [start:stop] takes of so many, which may be fewer than it says."""
    if isinstance(size, int) and isinstance(start, int) and (stop is None or isinstance(stop, int)):
        return len(range(*slice(start, stop).indices(size)))
    if not isinstance(start, int):  # which counts from the end where it is negative
        is_known = (stop is None or stop == size) and sizes.is_never_negative(start)
        return _not_below(sizes.subtract(size, start)) if is_known else None
    if stop is None or stop == size:
        last = size
    elif isinstance(stop, int):
        last = sizes.minimum(size, stop) if stop >= 0 else _not_below(sizes.add(size, stop))
    else:
        return None  # only a run can tell
    if start < 0:
        if last == size:
            return sizes.minimum(size, -start)
        return _not_below(sizes.subtract(last, _not_below(sizes.add(size, start))))
    if isinstance(stop, int) and stop < 0:
        return _not_below(sizes.add(size, stop - start))
    return _not_below(sizes.subtract(last, start)) if start else last


def _not_below(size):
    return size if sizes.is_never_negative(size) else sizes.maximum(size, 0)


def _convolved(shapes, _literals, attributes):
    windows = shapes[1][:2]
    channels = shapes[1][3]
    return [_slid_over(shapes[0], windows, channels, attributes)]


def _convolved_apart(shapes, _literals, attributes):
    """Each channel by filters of its own."""
    channels = sizes.multiply(shapes[1][2], shapes[1][3])
    return [_slid_over(shapes[0], shapes[1][:2], channels, attributes)]


def _pooled(shapes, _literals, attributes):
    windows = list(attributes["ksize"].list.i)
    channels, height = _axes(attributes)
    if len(windows) != 4 or windows[0] != 1 or windows[channels] != 1:
        return [(shapes[0][0], None, None, None)]
    return [_slid_over(shapes[0], windows[height : height + 2], shapes[0][channels], attributes)]


def _slid_over(shape, windows, channels, attributes):
    """Return the sizes of what windows give that slide over height and width; None where TensorFlow may know more."""
    strides, dilations = (list(attributes[key].list.i) for key in ("strides", "dilations"))
    if attributes["data_format"].s not in (b"", b"NHWC", b"NCHW"):
        return None
    padding, (last, height), found = attributes["padding"].s, _axes(attributes), []
    for axis, window in enumerate(windows, height):
        dilation = dilations[axis] if dilations else 1
        found.append(_places(shape[axis], window, strides[axis], dilation, padding))
    return (shape[0], *found, channels) if last == 3 else (shape[0], channels, *found)


def _axes(attributes):
    """Return which axis of images the channels are, and which the height."""
    return (1, 2) if attributes["data_format"].s == b"NCHW" else (3, 1)


def _places(size, window, stride, dilation, padding):
    """Return at how many places a window stands along an axis, or None."""
    if padding == b"VALID" and isinstance(window, int):
        size = sizes.subtract(size, (window - 1) * dilation)
    elif padding != b"SAME":
        return None
    if stride == 1:
        return size
    return None if size is None else _rounded_up(size, stride)


def _rounded_up(size, stride):
    """Return size / stride, rounded up, if all of it that is unknown is a multiple of stride, or None."""
    if isinstance(size, int):
        return -(-size // stride)
    known = size.terms.get((), 0)
    rest = sizes.subtract(size, known)
    quotient = sizes.divide(rest, stride)
    return sizes.add(quotient, -(-known // stride)) if sizes.multiply(quotient, stride) == rest else None


def _resized(shapes, literals, _attributes):
    height, width = literals[1].array().tolist()
    return [(shapes[0][0], height, width, shapes[0][3])]


def _cropped(shapes, literals, _attributes):
    height, width = literals[3].array().tolist()
    return [(shapes[1][0], height, width, shapes[0][3])]


def _blocks_to_depth(shapes, _literals, attributes):
    """The op stops unless whole blocks cover the image."""
    return [_by_blocks(shapes[0], attributes, sizes.part, sizes.multiply)]


def _depth_to_blocks(shapes, _literals, attributes):
    return [_by_blocks(shapes[0], attributes, sizes.multiply, sizes.part)]


def _by_blocks(shape, attributes, outside, of_channels):
    block = attributes["block_size"].i
    if attributes["data_format"].s not in (b"", b"NHWC"):
        return None
    return (shape[0], *(outside(size, block) for size in shape[1:3]), of_channels(shape[3], block * block))


def _blocks_to_batch(shapes, literals, _attributes):
    """The op stops unless whole blocks cover the padded image. The batch is known whatever is padded."""
    return _of_batches(
        shapes, literals, sizes.multiply, lambda size, block, more: sizes.part(sizes.add(size, more), block)
    )


def _batch_to_blocks(shapes, literals, _attributes):
    return _of_batches(
        shapes, literals, sizes.part, lambda size, block, less: sizes.subtract(sizes.multiply(size, block), less)
    )


def _of_batches(shapes, literals, of_batch, inside):
    blocks, batch = literals[1].array().tolist(), shapes[0][0]
    for block in blocks:
        batch = of_batch(batch, block)
    between = shapes[0][1 : 1 + len(blocks)]
    if literals[2] is None:
        return [(batch, *(None for _ in between), *shapes[0][1 + len(blocks) :])]
    ends = [sizes.add(*around) for around in literals[2].array().tolist()]
    return [(batch, *map(inside, between, blocks, ends), *shapes[0][1 + len(blocks) :])]


def _of_operand(place):
    """The gradient for an operand has its sizes."""
    return lambda shapes, _literals, _attributes: [shapes[place]]


RULES = {
    "StridedSlice": _strided,
    "Conv2D": _convolved,
    "DepthwiseConv2dNative": _convolved_apart,
    **dict.fromkeys(("MaxPool", "AvgPool"), _pooled),
    "MaxPoolV2": lambda shapes, _literals, _attributes: [(shapes[0][0], None, None, None)],
    "CropAndResize": _cropped,
    **dict.fromkeys(("ResizeArea", "ResizeBicubic", "ResizeBilinear", "ResizeNearestNeighbor"), _resized),
    "ResizeNearestNeighborGrad": _resized,
    **dict.fromkeys(("ResizeBicubicGrad", "ResizeBilinearGrad", "LRNGrad"), _of_operand(1)),
    **dict.fromkeys(("MaxPoolGrad", "MaxPoolGradV2", "MaxPoolGradWithArgmax", "MaxPool3DGrad"), _of_operand(0)),
    **dict.fromkeys(("Conv3DBackpropInput", "Dilation2DBackpropInput", "FractionalMaxPoolGrad"), _of_operand(0)),
    "CropAndResizeGradBoxes": _of_operand(2),
    "SpaceToDepth": _blocks_to_depth,
    "DepthToSpace": _depth_to_blocks,
    "SpaceToBatchND": _blocks_to_batch,
    "BatchToSpaceND": _batch_to_blocks,
}

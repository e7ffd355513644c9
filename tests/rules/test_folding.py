"""What the audit computes from whole numbers is what TensorFlow computes, and where that stops, nothing is known."""

import random

import numpy as np
import pytest
import tensorflow as tf

from compat_v1.audit.folding import FOLDED, fold
from compat_v1.audit.graph import Attributes

v1, raw = tf.compat.v1, tf.raw_ops
_TRIALS = 40
_TWO = {"Add", "AddV2", "Sub", "Mul", "FloorDiv", "FloorMod", "Maximum", "Minimum"}
_TWO |= {"Less", "LessEqual", "Greater", "GreaterEqual", "Equal", "NotEqual"}
_BOOL = {"LogicalAnd", "LogicalNot", "All"}


class Drawn:
    """Small operands, of which some fit and some do not."""

    def __init__(self, seed):
        self.rng = random.Random(seed)

    def number(self, low=-3, high=4):
        return np.array(self.rng.randint(low, high), np.int32)

    def vector(self, size=None, low=-3, high=4):
        size = self.rng.randint(0, 3) if size is None else size
        return np.array([self.rng.randint(low, high) for _ in range(size)], np.int32)

    def array(self, low=-3, high=5, rank=2):
        shape = [self.rng.choice((0, 1, 2, 3)) for _ in range(self.rng.randint(0, rank))]
        return self.vector(int(np.prod(shape)), low, high).reshape(shape)

    def like(self, array):
        return self.array() if self.rng.random() < 0.3 else self.vector(array.size).reshape(array.shape)

    def some(self, array):
        return [self.like(array) for _ in range(self.rng.randint(2, 3))]

    def masks(self):
        return {
            f"{name}_mask": sum((self.rng.random() < 0.25) << place for place in range(3))
            for name in ("begin", "end", "shrink_axis")
        }


def call(op, one):
    """Return (the operands of an op, by name, its attributes) drawn at random."""
    array, flag = one.array(), one.rng.random() < 0.5
    axis = one.number(-2, 2) if flag else one.vector(None, -2, 2)
    if op in _TWO or op == "LogicalAnd":
        return {"x": array, "y": one.like(array)}, {}
    if op in ("Prod", "Sum", "Min", "All"):
        return {"input": array, "axis": axis}, {"keep_dims": one.rng.random() < 0.5}
    if op in ("Select", "SelectV2"):
        keys = ("condition", "x", "y") if op == "Select" else ("condition", "t", "e")
        operands = dict(zip(keys, (one.like(array), one.like(array), one.like(array)), strict=True))
        return {**operands, "condition": operands["condition"] > 0}, {}
    rank = array.ndim
    return {
        "Neg": lambda: ({"x": array}, {}),
        "LogicalNot": lambda: ({"x": array}, {}),
        "Pack": lambda: ({"values": one.some(array)}, {"axis": one.rng.randint(-3, 3)}),
        "Unpack": lambda: ({"value": array}, {"axis": one.rng.randint(-2, 2), "num": one.rng.randint(0, 3)}),
        "Split": lambda: ({"axis": one.number(-2, 2), "value": array}, {"num_split": one.rng.randint(1, 3)}),
        "SplitV": lambda: (
            {"value": array, "size_splits": one.vector(2, -1, 3), "axis": one.number(-2, 2)},
            {"num_split": 2},
        ),
        "ConcatV2": lambda: ({"values": one.some(array), "axis": one.number(-2, 2)}, {}),
        "Concat": lambda: ({"concat_dim": one.number(-1, 2), "values": one.some(array)}, {}),
        "ConcatOffset": lambda: (
            {"concat_dim": one.number(-1, 3), "shape": [one.vector(rank, 0, 1 + flag) for _ in range(2)]},
            {},
        ),
        "Slice": lambda: ({"input": array, "begin": one.vector(rank, -1, 3), "size": one.vector(rank, -1, 3)}, {}),
        "StridedSlice": lambda: (
            {"input": array, "begin": one.vector(2), "end": one.vector(2), "strides": one.vector(2, -2, 2)},
            {**one.masks(), "new_axis_mask": one.rng.randint(0, 3) * flag, "ellipsis_mask": one.rng.choice((0, 0, 1))},
        ),
        "Gather": lambda: ({"params": array, "indices": one.array(-1, 3)}, {}),
        "GatherV2": lambda: ({"params": array, "indices": one.array(-1, 3), "axis": one.number(-2, 2)}, {}),
        "Range": lambda: ({"start": one.number(), "limit": one.number(), "delta": one.number()}, {}),
        "Reshape": lambda: ({"tensor": array, "shape": one.vector(None, -1, 4)}, {}),
        "ExpandDims": lambda: ({"input": array, "axis": axis}, {}),
        "Squeeze": lambda: ({"input": array}, {"axis": [one.rng.randint(-3, 2) for _ in range(2 * flag)]}),
        "DynamicStitch": lambda: (
            {"indices": (places := [np.int32([0, 2]), one.vector(1, 0, 1)]), "data": list(map(one.like, places))},
            {},
        ),
        "Transpose": lambda: (
            {"x": array, "perm": np.int32(one.rng.sample(range(rank), rank)) if flag else one.vector(rank, -2, 2)},
            {},
        ),
        "InvertPermutation": lambda: ({"x": np.int32([2, 0, 1, 3]) if flag else one.vector()}, {}),
        "ListDiff": lambda: (
            dict(zip("xy", (one.vector(), one.vector()) if flag else (array, one.like(array)), strict=True)),
            {},
        ),
        # An axis of one element in both is left out, as to sum over it changes nothing.
        "BroadcastGradientArgs": lambda: ({"s0": one.vector(2, 0, 2), "s1": one.vector(2, 2, 3)}, {}),
        "BroadcastArgs": lambda: ({"s0": one.vector(None, 0, 2), "s1": one.vector(None, 0, 2)}, {}),
    }[op]()


def run(op, operands, attributes):
    """Return (the node, what the kernel gives, None where it stops); None if there is no such node."""
    with tf.Graph().as_default() as graph, v1.Session() as session:
        fed = {}

        def placed(value):
            if isinstance(value, list):
                return [placed(one) for one in value]
            placeholder = v1.placeholder(value.dtype)  # of unknown shape: the kernel finds what does not fit
            fed[placeholder] = value
            return placeholder

        try:
            getattr(raw, op)(**{key: placed(value) for key, value in operands.items()}, **attributes)
        except ValueError:
            return None
        node = graph.as_graph_def().node[-1]
        try:
            return node, list(fed.values()), session.run(list(graph.get_operations()[-1].outputs), fed)
        except tf.errors.OpError:
            return node, list(fed.values()), None


@pytest.mark.parametrize("op", sorted(FOLDED))
def test_what_is_computed_is_what_tensorflow_computes(op):
    known = 0
    for trial in range(_TRIALS):
        operands, attributes = call(op, Drawn(f"{op} {trial}"))
        if op in _BOOL:
            operands = {key: value if key == "axis" else value > 0 for key, value in operands.items()}
        ran = run(op, operands, attributes)
        if ran is None:
            continue
        node, fed, wanted = ran
        found = fold(op, [np.array(one.astype(int), object) for one in fed], Attributes(node))
        if found is None or all(one is None for one in found):
            continue
        what = f"{operands} {attributes}: {found}"
        assert wanted is not None and len(found) == len(wanted), what
        for one, value in zip(found, wanted, strict=True):
            assert one.shape == value.shape and one.tolist() == value.astype(int).tolist(), f"{what}, not {value}"
        known += 1
    assert known

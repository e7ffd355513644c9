"""What the ops that take a tensor can take: which integers, a learning rate, the share of each class."""

from collections.abc import Iterator

from compat_v1.beside import ops
from compat_v1.beside.program import Program

# Hand integers on as they are, so that what takes them further on limits them here.
_PASS = ops.CARRIERS | {
    *("Reshape", "ExpandDims", "Squeeze", "Cast", "Transpose", "StridedSlice", "Slice", "Pack", "Unpack", "Split"),
    *("ConcatV2", "Concat", "Tile", "ReverseV2", "ReverseSequence", "TensorArrayScatterV3", "TensorArrayReadV3"),
}
_RATE = {  # where an optimizer takes its learning rate
    **{"ApplyGradientDescent": 1, "ResourceApplyGradientDescent": 1, "ApplyAdam": 5, "ResourceApplyAdam": 5},
    **{"ApplyMomentum": 2, "ResourceApplyMomentum": 2, "ApplyAdagrad": 2, "ResourceApplyAdagrad": 2},
    **{"ApplyRMSProp": 3, "ResourceApplyRMSProp": 3, "SparseApplyAdagrad": 2, "SparseApplyRMSProp": 3},
}


def uses(program: Program, name: str, index: int) -> Iterator[tuple[str, int, str]]:
    """Yield (op, input's position, node) of what takes a tensor, through ops that hand it on."""
    todo, seen = [(name, index)], set[tuple[str, int]]()
    while todo:
        source, at = todo.pop()
        for consumer in program.wiring.consumers[source]:
            for position, (other, output) in enumerate(program.wiring.inputs[consumer]):
                if other != source or output != at or (consumer, position) in seen:
                    continue
                seen.add((consumer, position))
                op = program.wiring.op(consumer)
                yield op, position, consumer
                if op in _PASS:
                    todo += [(consumer, output) for output in range(len(program.outputs(consumer)))]


def is_rate(program: Program, name: str, index: int) -> bool:
    """Whether an optimizer takes a tensor as its learning rate."""
    return any(_RATE.get(op) == position for op, position, _ in uses(program, name, index))


def is_distribution(program: Program, name: str, index: int) -> bool:
    """Whether a tensor's rows are the labels of a softmax's cross entropy."""
    return any(
        op == "SoftmaxCrossEntropyWithLogits" and position == 1 for op, position, _ in uses(program, name, index)
    )


def bound(program: Program, name: str, index: int) -> int | None:
    """Return above which integers nothing can be taken, or None: what a tensor indexes has so many parts."""
    found = [_bound(program, *use) for use in uses(program, name, index)]
    return min((one for one in found if one), default=None)


def _bound(program: Program, op: str, position: int, node: str) -> int | None:
    inputs = program.wiring.inputs[node]

    def size(which: int, axis: int) -> int | None:
        source, index = inputs[which]
        shape = program.outputs(source)[index].shape
        return shape[axis] if shape.rank else None

    def constant(which: int) -> int | None:
        value = program.constant(inputs[which])
        return None if value is None else int(value)

    if op in ("GatherV2", "Gather", "ResourceGather") and position == 1:
        if op == "ResourceGather":
            shape = program.wiring.nodes[inputs[0][0]].attr["shape"].shape
            return shape.dim[0].size if shape.dim else None
        return size(0, (constant(2) if op == "GatherV2" else 0) or 0)
    if op in ("SparseSoftmaxCrossEntropyWithLogits", "InTopK", "InTopKV2") and position == 1:
        return size(0, -1)
    if op == "OneHot" and position == 0:
        return constant(1)
    if op in ("UnsortedSegmentSum", "UnsortedSegmentMean", "UnsortedSegmentMax") and position == 1:
        return constant(2)
    if op.endswith("CandidateSampler") and position == 0:
        return int(program.wiring.nodes[node].attr["range_max"].i) or None
    return None

"""Which ops of TensorFlow do what, as far as running two graphs beside each other has to know. Tables, and no logic."""

import re
from typing import Any

VARIABLES = {"Variable", "VariableV2", "VarHandleOp"}

# Ops that change a variable.
_WRITE = re.compile(
    r"(Resource)?(Sparse)?Apply[A-Z]\w*"
    r"|Assign(Add|Sub)?(VariableOp)?"
    r"|(Resource)?Scatter(Nd)?(Add|Sub|Update|Mul|Div|Min|Max)"
    r"|(Resource)?StridedSliceAssign|CountUpTo|ResourceCountUpTo"
)
_APPLY = re.compile(r"(Resource)?(Sparse)?Apply[A-Z]\w*")

INITIAL = {"Assign", "AssignVariableOp"}
RESTORES = {"Restore", "RestoreSlice", "RestoreV2"}
SAVES = {"Save", "SaveSlices", "SaveV2", "MergeV2Checkpoints"}
TABLE_INITIALIZERS = re.compile(r"InitializeTable\w*|LookupTableImport\w*")


def is_write(op: str) -> bool:
    """Whether an op of this name changes a variable."""
    return bool(_WRITE.fullmatch(op))


def is_apply(op: str) -> bool:
    """Whether an op of this name is an optimizer's update of one variable."""
    return bool(_APPLY.fullmatch(op))


# Ops whose further outputs nobody writes unless this attribute asks for them: they give a number of chance.
_ASKED_FOR = {"Svd": "compute_uv", "SelfAdjointEigV2": "compute_v", "Eig": "compute_v"}


def is_scratch(node: Any, index: int) -> bool:
    """Whether an output of a NodeDef is no result.

    It only keeps something for the gradient's kernel, or was not asked for, and may be memory that nobody has written;
    or it says which of a Merge's inputs came, which tells nothing of branches that are merged in another order.
    """
    op = node.op
    if op in _ASKED_FOR:
        return index > 0 and not node.attr[_ASKED_FOR[op]].b
    return (op.startswith("FusedBatchNorm") and "Grad" not in op and index >= 3) or (op in MERGES and index == 1)


# Where a program gets its data from: the outputs are fed in its place, and what lies behind is not run.
INPUTS = {
    *("Placeholder", "PlaceholderV2"),
    *("QueueDequeue", "QueueDequeueV2", "QueueDequeueMany", "QueueDequeueManyV2"),
    *("QueueDequeueUpTo", "QueueDequeueUpToV2", "Unstage"),
    *("IteratorGetNext", "IteratorGetNextSync", "ReaderRead", "ReaderReadV2", "ReaderReadUpTo", "ReaderReadUpToV2"),
    *("ReadFile", "DecodeJpeg", "DecodePng", "DecodeBmp", "DecodeGif", "DecodeImage", "DecodeRaw", "DecodeCSV"),
    *("ParseExample", "ParseExampleV2", "ParseSingleExample", "ParseSingleSequenceExample"),
    *("ParseSequenceExample", "ParseSequenceExampleV2"),
}
# Ops of `tf.data` that call a function with each element, and what it is called.
_DATASET_FUNCTIONS = {
    **dict.fromkeys(("MapDataset", "ParallelMapDataset", "MapAndBatchDataset", "FlatMapDataset"), "f"),
    **{"FilterDataset": "predicate", "ExperimentalMapAndBatchDataset": "f"},
}


def dataset_function(op: str) -> str | None:
    """Return the attribute that names the function which an op of `tf.data` calls with each element, or None."""
    return _DATASET_FUNCTIONS.get(re.sub(r"V\d$", "", op))


ENQUEUES = {"QueueEnqueue", "QueueEnqueueV2", "QueueEnqueueMany", "QueueEnqueueManyV2", "Stage"}
PYTHON = {"PyFunc", "PyFuncStateless", "EagerPyFunc"}

# Whose attributes `seed` and `seed2` decide which numbers are drawn.
RANDOM = re.compile(
    r"Random(Uniform(Int)?|StandardNormal|Normal|Shuffle|Crop|Gamma|Poisson(V2)?|ShuffleQueue(V2)?)"
    r"|TruncatedNormal|ParameterizedTruncatedNormal|Multinomial|SampleDistortedBoundingBox(V2)?"
    r"|(Uniform|LogUniform|FixedUnigram|LearnedUnigram|ThreadUnsafeUnigram|All)CandidateSampler"
)

# Carry a value on and compute nothing: no difference begins at one.
CARRIERS = {
    *("Identity", "StopGradient", "PreventGradient", "CheckNumerics", "Snapshot", "IdentityN", "ReadVariableOp"),
    *("Enter", "Exit", "Merge", "Switch", "NextIteration", "LoopCond"),
    *("StackPop", "StackPopV2", "StackPush", "StackPushV2"),
    *("TensorArrayReadV3", "TensorArrayGatherV3", "TensorArrayConcatV3"),
    *("RefEnter", "RefExit", "RefMerge", "RefSwitch", "RefNextIteration", "RefIdentity"),
}
ENTERS, EXITS = {"Enter", "RefEnter"}, {"Exit", "RefExit"}
MERGES, SWITCHES = {"Merge", "RefMerge"}, {"Switch", "RefSwitch"}
NEXTS = {"NextIteration", "RefNextIteration"}

PUSHES, POPS = {"StackPush", "StackPushV2"}, {"StackPop", "StackPopV2"}

# What an op gives may be the memory of what it got, so that it shows a change of the variable that it was read from.
ALIASES = CARRIERS - {"LoopCond", "ReadVariableOp", "Snapshot", "RefEnter", "RefIdentity"} | {
    *("Reshape", "ExpandDims", "Squeeze", "Bitcast"),
}
TAKES = {"TensorArrayReadV3", "TensorArrayGatherV3", "TensorArrayConcatV3"}  # from a TensorArray
# Give a number, the flow, that only says when a TensorArray was written; what was written is not in it.
FLOWS = re.compile(r"TensorArray(Write|Scatter|Split|Grad|GradWithShape)?V3")
FLOW_CARRIERS = CARRIERS - TAKES - {"LoopCond", "ReadVariableOp"} | {"Add", "AddV2", "AddN"}
REF_CARRIERS = {"RefEnter", "RefExit", "RefMerge", "RefSwitch", "RefNextIteration", "RefIdentity"}
# Ask a tensor for its shape or type alone, never for its values.
ASK_NO_VALUE = {
    *("Shape", "ShapeN", "Size", "Rank", "ZerosLike", "OnesLike", "VariableShape", "IsVariableInitialized"),
    *("VarIsInitializedOp", "NoOp", "BroadcastGradientArgs"),
}

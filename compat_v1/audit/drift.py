"""What TensorFlow itself changed in the graphs that it builds from the same program: the only excuses of the audit.

`RULES`: the result stays the same to the last bit: `tests/rules/test_drift.py` runs both forms. `NUMBERS`: it does not.
`since` is a release, or a bracket (not yet in the first, already in the second) as far as it was measured.
"""

from compat_v1.audit import drift_oldest
from compat_v1.audit.drift_entries import Rule, period
from compat_v1.audit.drift_numbers import NUMBERS

__all__ = ["NUMBERS", "RULES", "period"]

RULES = {
    # Names, notes and places.
    "names": Rule(
        "TensorFlow names or numbers a node otherwise",
        "1.1, and nearly every release",
        "a name computes nothing; the node is compared as any other",
    ),
    "frame name": Rule(
        "the frame of a while_loop is named while_context, was named while/",
        "1.4",
        "a frame's name only has to differ from other frames' names",
    ),
    "private attributes": Rule(
        "the builder leaves notes for itself, in attributes that begin with an underscore",
        "1.13 to 1.15, 2.11",
        "no kernel reads _disable_call_shape_inference, _has_manual_control_dependencies, _output_shapes, "
        "_read_only_resource_inputs and _user_specified_name, and the call of a function neither its _gradient_op_type "
        "nor an empty list of _collective_manager_ids",
    ),
    "count of functions": Rule(
        "a function in Python has another number, as the process had made others before, or had not",
        "1.0",
        "the functions of a graph are in the same order, and what they do is no part of it",
    ),
    "settings of calls": Rule(
        "the call of a function lists how many devices there are in another order, and has empty settings besides",
        "1.15 to 2.21",
        "devices are counted by name, and what is empty says nothing",
    ),
    "notes on products": Rule(
        "a product of matrices says in grad_a, grad_b, grad_x and grad_y that it is one of a gradient",
        "2.16",
        "read by compilers for accelerators; the CPU kernel does not",
    ),
    "colocation": Rule(
        "a node is placed beside others than before, such as the helpers of a gradient beside what they measure",
        "1.1",
        "no node of the two is placed on a device by its name, and what has no device gets one that can run it; or all "
        "are placed on the same one by name; or it is beside one node alone, and a group, which does nothing, or a "
        "known number, which is the same anywhere; or it is a copy, such as one of the gradients of an op, which were "
        "placed beside that as a group until 1.0",
    ),
    "beside the average": Rule(
        "what moves an average is computed beside it, or where the program says, as for layers of 1.8, others by 1.15",
        "1.8 to 1.12, 1.12 to 1.15",
        "a difference and a product of each element, which are rounded alike on any device",
    ),
    "places in functions": Rule(
        "the nodes in the function of a dataset say where that is to be, or do not",
        "1.8 to 1.12, 1.12 to 1.15",
        "a dataset calls its functions on the CPU of the machine that it is on",
    ),
    "placeholder shape": Rule(
        "a placeholder's shape is written down, was not",
        "1.2",
        "it restricts what may be fed, and computes nothing",
    ),
    # What is computed from shapes.
    "constants": Rule(
        "a constant is written down once or often, in one op or as a Fill", "1.5", "the values are compared"
    ),
    "computed shapes": Rule(
        "what depends on shapes alone is a constant where it is known, or is computed by other ops",
        "1.0 to 1.2, 1.13, 2.2, 2.12, 2.15, 2.16",
        "the audit computes it from the static shapes, the unknown sizes as unknowns, and compares the results",
    ),
    "unused constants": Rule(
        "a constant that nothing uses is made no more, or is made", "1.0 to 1.2, 1.8, 2.5", "nothing uses it"
    ),
    "write barrier": Rule(
        "the gradient of a write into a TensorArray waits for the write",
        "2.2 to 2.4",
        "it needs the value that was written or the loop that wrote it, and comes after it in any case",
    ),
    "unused results": Rule(
        "the gradient for the value that a loop variable enters with leaves the backward loop",
        "1.0 to 1.2",
        "nothing uses it",
    ),
    "one of each": Rule(
        "what computes the same from the same is made once or several times",
        "1.1",
        "it has no state, and the inputs are the same",
    ),
    # Ops.
    "AddV2": Rule(
        "addition is the op AddV2, was Add (that of tf.add and of the random ops since 2.6)",
        "1.15",
        "the same kernel; AddV2 only leaves out the addition of strings",
    ),
    "gather": Rule("rows are taken by GatherV2 along an axis, by Gather before", "1.8", "along axis 0 it is the same"),
    "shapes in arrays": Rule(
        "a TensorArray says the shape of its elements, or more of it",
        "1.5, 1.15 to 2.21",
        "it is only checked, and so are they by what uses them",
    ),
    "division": Rule("a quotient of floats is RealDiv, was Div", "1.1", "the same kernel for floats"),
    "select": Rule(
        "Select is SelectV2, and a tensor of zeros in it a scalar",
        "1.15 to 2.2, 2.2 to 2.4",
        "with a condition for every element both copy the same one",
    ),
    "unit interval": Rule(
        "a uniform number is stretched from 0 to 1 no more",
        "1.0 to 1.2, 1.15 to 2.2",
        "u * (1 - 0) + 0 is u, and u is never -0",
    ),
    "copies": Rule(
        "an Identity or IdentityN is made no more, or takes more", "1.0 to 1.2, 1.12 to 1.13, 2.4", "it copies"
    ),
    "factor of swish": Rule("swish multiplies by beta, which is 1", "1.15 to 2.21", "x * 1 is x"),
    "dataset tuning": Rule(
        "a dataset is not wrapped into OptimizeDataset and ModelDataset but has options, is tuned otherwise, reads "
        "other buffers",
        "1.15 to 2.2, 2.17",
        "they choose how elements are made and how many at once, and change no element and no order",
    ),
    "elements in any order": Rule(
        "that a dataset may give its elements in any order is said by an OptionsDataset where the program says it, was "
        "by an OptimizeDataset at the end",
        "1.15 to 2.2",
        "it holds for all the datasets that an iterator asks",
    ),
    "closed queue": Rule(
        "the runner of SyncReplicasOptimizer's queue closes the queue of tokens, closed one that nobody uses",
        "1.15 to 2.21",
        "that is done when the training has ended",
    ),
    "queues on the CPU": Rule(
        "a queue or a dataset is placed on the CPU by its name",
        "1.8 to 1.12, 1.15 to 2.2",
        "it has no kernel elsewhere",
    ),
    "norm that is no number": Rule(
        "the scale of clip_by_global_norm is added to norm - norm, was selected if the norm is finite, or that checked",
        "1.8 to 1.12, 2.2 to 2.4",
        "a finite norm less itself is 0 and the scale is positive; else both give no number",
    ),
    "triangles of a batch": Rule(
        "the gradient of matrix_triangular_solve is summed over the batches that were broadcast, and reshaped",
        "1.15 to 2.21",
        "until 1.15 nothing was broadcast: it sums over no axis, and reshapes to the same shape",
    ),
    "matrix diagonals": Rule(
        "MatrixDiag, MatrixDiagPart and MatrixSetDiag have a third form, with more operands",
        "1.15 to 2.2",
        "with the operands that mean the main diagonal it is the same",
    ),
    "handed on as rows": Rule(
        "the gradient of a sum of which rows are taken is handed on as rows and made dense where it is taken, was made "
        "dense before",
        "1.15 to 2.21",
        "the same rows are added up in the same order",
    ),
    "no transposition": Rule(
        "a tensor is not transposed into the order that its axes have, as tensordot did with matrices",
        "1.0 to 1.2, 1.15 to 2.21",
        "that only copies",
    ),
    "counted from the end": Rule(
        "an axis to add or to squeeze is counted from the end, was from the start",
        "1.15 to 2.21",
        "it is the same axis",
    ),
    "pooled in one dimension": Rule(
        "layers that pool in one dimension make an image of one column of it, made one of one row",
        "1.12 to 1.15",
        "the same elements are compared or added in the same order",
    ),
    "counted down": Rule(
        "the axes of a tensor of unknown rank in reverse are a range that counts down, were the last less a range",
        "1.15 to 2.21",
        "they are the same whole numbers",
    ),
    "statistics of the batch": Rule(
        "fused batch normalization is given the moving mean and variance also in training",
        "1.15 to 2.21",
        "in training it computes them from the batch, and with a factor of 1 reads no others",
    ),
    "third batch normalization": Rule(
        "fused batch normalization is FusedBatchNormV3, was FusedBatchNorm",
        "1.0 to 1.15",
        "the same kernel for floats; what it hands to its gradient besides is not read on a CPU",
    ),
    "ones times a number": Rule(
        "a tensor full of a number is computed as ones times that number", "1.15 to 2.21", "1 * x is x"
    ),
    "compared with a number": Rule(
        "tf.sparse.from_dense compares with a tensor of zeros, did with one zero",
        "1.15 to 2.21",
        "each element is compared with the same number",
    ),
    "no beta": Rule(
        "FTRL's l2 regularization is made stronger by beta / (2 * rate), for a beta of 0",
        "1.15 to 2.21",
        "x + 0 / y is x for the y > 0 that it is",
    ),
    "groups in functions": Rule(
        "the result of a function waits for a group of ops, waited for each of them",
        "1.15 to 2.21",
        "all of them run before it in both",
    ),
    "counted pairs": Rule(
        "pairs are counted by ScatterNd, were by SparseTensorDenseAdd to zeros",
        "1.15 to 2.21",
        "every one of them adds its weight, or 1, to 0, in the same order",
    ),
    "steps between numbers": Rule(
        "linspace is made of sums and products, was the op LinSpace",
        "1.15 to 2.2",
        "the op computes start + step * k as well, and gives the last number as it is",
    ),
    "clamped": Rule(
        "what is cast to whole numbers is clipped by ClipByValue, was by Maximum and Minimum",
        "1.15 to 2.21",
        "both choose the same number; only for no number there is none to choose",
    ),
    "wide segments": Rule(
        "the numbers of segments whose rows are combined are not made 32 bits wide",
        "1.15 to 2.21",
        "they are the same numbers: no tensor has more rows than 32 bits count",
    ),
    "wide sizes": Rule(
        "numbers of 64 bits that a program writes into a shape beside others are not made 32 bits wide",
        "1.15 to 2.21",
        "they are the same numbers: no tensor has more rows than 32 bits count",
    ),
    "expressions": Rule(
        "a regular expression that is known is an attribute of an op of its own, was an operand",
        "1.12 to 1.15",
        "it is read once and not in each run, and is the same expression",
    ),
    "loops without state": Rule(
        "a loop or a branch whose functions keep and draw nothing is an op of its own, for which nothing waits, and "
        "how many elements a list in it has is said once more where they are stacked",
        "1.15 to 2.21",
        "it does the same, and waiting for what has no effect has none; as many elements were reserved for that list",
    ),
    "newer datasets": Rule(
        "the datasets of CSV files and of files read beside each other are newer ops, and so is what asks a generator "
        "for the next element; a map says otherwise whether its length is known; each of several files has a reader of "
        "its own, one had them all; shard is an op, was three; functions alike have a name each, had one",
        "1.4 to 1.8, 1.12 to 1.15, 1.15 to 2.21",
        "with the operands that mean the same they give the same elements, and nobody asks for that length, before "
        "which no function ends",
    ),
    "unused datasets": Rule(
        "a dataset is made where it is described, also that of a one-shot iterator, whose function makes it once more; "
        "and the handle of each iterator is made as text",
        "1.4 to 1.8, 1.12 to 1.15",
        "nothing uses them, and a dataset that no iterator reads does nothing",
    ),
    "key and counter": Rule(
        "stateless random ops take a key and a counter that are made from the seed, took the seed",
        "1.15 to 2.21",
        "the same generator is begun with the same numbers",
    ),
    "drawn classes": Rule(
        "tf.distributions.Categorical draws classes in 32 bits, drew them in 64 and cast them",
        "1.6 to 1.8",
        "the same classes are drawn",
    ),
    "added by a slice": Rule(
        "an axis is added by ExpandDims, was by a slice of all that there is, as in the second derivative of a cross "
        "entropy, or the other way round, as by tf.distributions.Categorical",
        "1.8 to 1.15",
        "both copy the same elements into the same shape",
    ),
    "smaller of one": Rule(
        "tf.eye asks for the smaller of the numbers of rows and columns, which is one number, asked not",
        "1.0 to 1.15",
        "the smaller of a whole number and itself is that number",
    ),
    "no upper limit": Rule(
        "the norms of tf.keras.constraints are clipped at 0 alone, were at infinity as well",
        "1.15 to 2.21",
        "no number is larger than infinity",
    ),
    "other than false": Rule(
        "count_nonzero counts what is true as it is, asked whether it is other than false",
        "1.15 to 2.21",
        "what is true is other than false, and nothing else",
    ),
    "cycles of a decay": Rule(
        "polynomial_decay selects the number of its cycles, computed it in a branch",
        "1.15 to 2.21",
        "the same number is chosen; computing the other one has no effect",
    ),
    "wide conditions": Rule(
        "the mask of a recurrent layer of tf.keras is broadcast, was tiled over all that it chooses",
        "1.15 to 2.21",
        "each element is chosen by the same",
    ),
    # Compiled models of tf.keras.
    "weights of one": Rule(
        "the losses of a compiled model are multiplied by the number 1, were by a tensor full of it",
        "1.15 to 2.21",
        "each element is multiplied by the same number",
    ),
    "counted as a whole": Rule(
        "what is true in a metric is put into the shape of the labels before it is counted",
        "1.15 to 2.21",
        "every element is summed, and they lie in the same order",
    ),
    "nothing to wait for": Rule(
        "that weights fit is checked when the graph is built; an op that does nothing stood for that",
        "1.15 to 2.21",
        "it waits for nothing, and computes nothing",
    ),
    "waits in groups": Rule(
        "what waited for updates waits for a group of them, or for a variable that is read after its update",
        "1.15 to 2.21",
        "a group does nothing, and reading what nobody takes has no effect",
    ),
    "waits from outside a loop": Rule(
        "a node outside of a loop enters it, and is copied there for other ops that wait for it",
        "1.15 to 2.21",
        "waiting for the copy, which nobody takes, is waiting for that node",
    ),
    "read no more": Rule(
        "a variable that was added to is not read after it, nor one that is summed or averaged whole to know its rank",
        "1.15 to 2.21",
        "nothing uses what was read",
    ),
    "loss and penalties": Rule(
        "the loss of a compiled model and its penalties are summed by AddN, were by AddV2",
        "1.15 to 2.21",
        "it is the same sum of two numbers",
    ),
    "asserted to be one": Rule(
        "an example of unknown shape that is parsed alone is asserted to be a scalar",
        "1.0 to 1.15, 1.15 to 2.21",
        "the op that parsed one refused anything else, and the program stopped as well",
    ),
    "batches of images": Rule(
        "that a batch of images is not empty is asserted no more",
        "1.15 to 2.21",
        "the sizes of the images are asserted as before; of no images none are computed, and the old program stopped",
    ),
    "root of a constant": Rule(
        "the square root of a number is a constant, was computed in each run",
        "1.15 to 2.21",
        "the root of one number is rounded right in both",
    ),
    "shape of what is drawn by": Rule(
        "the alpha of random_gamma is broadcast, was added to zeros",
        "1.15 to 2.21",
        "x + 0 is x for the x > 0 that it is",
    ),
    "counted as they lie": Rule(
        "whole numbers are counted by DenseBincount, were by Bincount",
        "1.15 to 2.21",
        "the same kernel counts them, one after the other",
    ),
    "messages": Rule(
        "an assertion, or what stops a gradient, has another message, such as one that ends in a period",
        "1.0 to 1.15, 1.15 to 2.21",
        "it is printed when a program stops, and not used",
    ),
    "shape of a sparse placeholder": Rule(
        "the shape of a sparse placeholder is a placeholder with a default, was a constant",
        "1.15 to 2.21",
        "it can be fed either way, and is the same if it is not",
    ),
    "commuted sum": Rule(
        "the gradient of what is used twice is the sum of the two in the other order, as before a tensordot; so is the "
        "sum of squares in that of an angle",
        "1.8 to 1.12, 1.15 to 2.21",
        "floating-point addition of two numbers commutes",
    ),
    "names of tables": Rule(
        "a table that was given no name has one drawn at random, or made of the file that it is filled from",
        "1.12 to 1.15, 1.15 to 2.21",
        "it only has to differ from other tables' names, and does",
    ),
    "regularizers start from zero": Rule(
        "a regularizer of tf.keras.regularizers adds what it gives to 0",
        "1.15 to 2.21",
        "0 + x is x, and x, a positive rate times a sum of squares or absolute values, is never -0",
    ),
    "names of variables": Rule(
        "the handle of a variable, which is named otherwise, is shared under that name",
        "1.15 to 2.21",
        "it only has to differ from other variables' names, and does; names in checkpoints are compared",
    ),
    "places of variables": Rule(
        "what takes a variable by its handle, as the layers of tf.keras do, does not say on which device it is",
        "1.15 to 2.21",
        "whatever takes a variable's handle, which is a resource, is placed where that is",
    ),
    "names in messages": Rule(
        "the handle of a variable says in debug_name what messages call it",
        "1.15 to 2.21",
        "nothing is computed from it",
    ),
    "validated shapes": Rule(
        "the assignment to a variable by its handle checks the shape of the value",
        "1.15 to 2.21",
        "that only stops a program: what does not fit could not be used as the variable",
    ),
    "ones at the end": Rule(
        "the gradients of segment sums put axes of one element at the end by reshaping, did by ExpandDims",
        "1.15 to 2.21",
        "both copy the same elements into the same shape",
    ),
    "stitched in any order": Rule(
        "a look-up in parts or a partition's gradient is put together by ParallelDynamicStitch, was by DynamicStitch",
        "1.2 to 1.8, 1.15 to 2.21",
        "they differ where two parts have an element in common; the parts of a range have none",
    ),
    **drift_oldest.RULES,
    # Gradients.
    "chosen the other way": Rule(
        "the gradient of a maximum chooses 0 or the gradient, and chose the other way round by the negated condition",
        "1.0 to 1.15",
        "it is the same element",
    ),
    "safe logarithm": Rule(
        "where a power's gradient takes no logarithm, it takes one of 1 before it chooses",
        "1.0 to 1.15",
        "the element that differs is not chosen",
    ),
    "clipped or not": Rule(
        "the gradient of Relu6 is given its result, was given its operand",
        "1.0 to 1.15",
        "it only asks whether that lies between 0 and 6, excluding both; clipping changes no answer",
    ),
    "stacks": Rule(
        "a value that the backward loop needs is kept by StackPushV2 and StackPopV2, was by StackPush and StackPop",
        "1.0 to 1.2",
        "what is popped is what was pushed",
    ),
    "limited stacks": Rule(
        "what the backward loop needs is kept on a stack of any size, was on one for as many values as turns",
        "1.5, 1.6",
        "each turn pushes one value at most, and the loop counts its turns up to that limit",
    ),
    "entered again": Rule(
        "what enters a loop as a constant enters that of the gradient as well, or is kept in every turn",
        "1.0 to 1.15, 1.15 to 2.21",
        "it is the same in every turn",
    ),
    "static broadcast": Rule(
        "where static shapes tell over which axes a gradient is summed, the axes are a constant or there is no sum; "
        "BroadcastGradientArgs computed them at each step",
        "1.0 to 1.2, 2.15",
        "the audit computes the axes from the static shapes and compares them; a sum over no axis copies",
    ),
    "own shape": Rule(
        "a tensor is not reshaped or broadcast to the shape that it has", "1.0 to 1.2, 2.12 to 2.16", "that only copies"
    ),
    "kept dimensions": Rule(
        "the sum that undoes a broadcast keeps its dimensions",
        "1.8 to 1.12, 2.15",
        "it is reshaped to the operand's shape right after",
    ),
    "negated first": Rule(
        "the gradient of a subtraction is negated before it is summed, was after",
        "1.0 to 1.2, 1.15",
        "negation is exact, and rounding treats both signs alike; only a sum that is 0 may get the other sign",
    ),
    "commuted product": Rule(
        "the factors of a product are exchanged: its constant, or those of a gradient",
        "1.0 to 1.15, 1.6",
        "floating-point multiplication commutes",
    ),
    "labels without gradient": Rule(
        "the labels of a cross entropy are guarded by StopGradient",
        "1.5, 1.9",
        "StopGradient copies; what the variables are updated by is compared with or without it",
    ),
    "unused gradients": Rule(
        "gradients that nothing uses, such as those for labels or for a constant 1, are made, or are made no more",
        "1.0 to 1.15",
        "nothing in the graph uses them, and they have no state; what both graphs make is compared",
    ),
    "spread": Rule(
        "the gradient of a sum is spread by BroadcastTo, was by Tile, whose own gradient put axes between those that "
        "it sums over",
        "1.15 to 2.2",
        "both copy the same elements, and axes of one element change no sum",
    ),
    "second derivative": Rule(
        "the gradient inside the sparse cross entropy is not guarded by PreventGradient",
        "1.0 to 1.2, 1.15 to 2.2",
        "PreventGradient copies; it only stops a second gradient",
    ),
}

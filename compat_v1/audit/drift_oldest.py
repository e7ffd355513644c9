"""The rules of `drift.py` for what only the first releases of TensorFlow wrote otherwise."""

from compat_v1.audit.drift_entries import Rule

RULES = {
    "copied rows": Rule("a look-up of rows ends in an Identity, did not", "1.1 to 1.15", "it copies"),
    "next step": Rule(
        "AdagradDA counts the next step once and copies it for each variable, counted it for each",
        "1.0 to 1.15",
        "it copies",
    ),
    "drawn without gradient": Rule(
        "what a candidate sampler draws is guarded by StopGradient",
        "1.0 to 1.15",
        "it copies; a sampler has no gradient",
    ),
    "row in a part": Rule(
        "where a row lies in a variable of parts is selected, was a sum of products with 0 and 1",
        "1.0 to 1.15",
        "these are whole numbers: one product is 0, the other what is selected",
    ),
    "scattered behind": Rule(
        "an update by scattering takes the variable and waits for its Assign, took the output of Assign",
        "1.0 to 1.15",
        "the output of Assign is a reference to the same variable",
    ),
    "checkpoints": Rule(
        "tensors are restored by one op, was one for each; slices are saved in another order; the file's name is a "
        "placeholder with a default, was a constant",
        "1.0 to 1.15",
        "a checkpoint is read by names and slices, which are compared with the variables; both names can be fed",
    ),
    "whole weights": Rule(
        "mean_iou counts weights that are whole numbers in float64, did in int64",
        "1.0 to 1.15",
        "both count exactly, up to 2 ** 53, and what is read is cast to float32 from either",
    ),
    "checkpoints on the CPU": Rule(
        "checkpoints are read and written on the CPU by name", "1.0 to 1.15", "there is no kernel elsewhere"
    ),
    "measured mean": Rule(
        "a normal distribution draws as many numbers as its mean and sigma have, had its mean computed for that",
        "1.0 to 1.4",
        "only the shape was taken of it, which is that of the mean where sigma is not larger",
    ),
    "nothing joined": Rule(
        "the names of variables that have no value yet are joined with those of tables, of which there are none",
        "1.0 to 1.15",
        "an empty list adds nothing",
    ),
    "step that is read": Rule(
        "a session's hooks read the global step, or what it begins with if it has no value yet",
        "1.0 to 1.15",
        "it is only read",
    ),
    "asked on the CPU": Rule(
        "which variables have no value yet is asked on the CPU by name",
        "1.2 to 1.4",
        "truth values, texts and whole numbers are the same wherever they are made",
    ),
    "parts of a checkpoint": Rule(
        "the parts of a checkpoint are written under the same name in each run, were under one drawn at random",
        "1.15 to 2.21",
        "they are merged into the checkpoint and gone then",
    ),
    "counted behind": Rule(
        "a metric's count waits for the values that it counts, did not",
        "1.0 to 1.15",
        "what takes the count takes their total as well, and so runs them in any case",
    ),
    "diagonal of a triangle": Rule(
        "LinearOperatorLowerTriangular takes the diagonal of its triangle only when it is asked for it",
        "1.12 to 1.15",
        "nothing uses it",
    ),
    "handles of tables": Rule(
        "the handle of a table is a resource, was a reference to a text", "1.0 to 1.4", "the table is the same"
    ),
    "handles of accumulators": Rule(
        "the handle of a ConditionalAccumulator is a resource, was a reference to a text",
        "1.0 to 1.15",
        "the accumulator is the same",
    ),
    "filled tables": Rule(
        "a table is filled by LookupTableImportV2, was by InitializeTableV2",
        "1.8 to 1.12",
        "a table that is filled once fills itself by either in the same way",
    ),
    "in top k": Rule(
        "InTopK is InTopKV2, which takes the number of candidates as an operand", "1.0 to 1.15", "it is the same number"
    ),
    "names in assertions": Rule(
        "an assertion names the tensors that it is about otherwise",
        "1.0 to 1.15",
        "they are the same tensors; the rest of the text is compared",
    ),
    "counted turns": Rule(
        "a loop that counts to a limit has a second count of its turns to the same limit",
        "1.0 to 1.15",
        "both counts begin with 0 and grow by 1, and the limit of the first is as low",
    ),
    "condition that always holds": Rule(
        "a batch is enqueued, was in a branch under the condition True; or what a branch gives was merged with zeros "
        "from the other branch of the same condition; or an image is turned a known number of times, which was asked "
        "otherwise; or the gradient of a diagonal that is set asks which one that is, and was of the main one",
        "1.0 to 1.15",
        "the other branch never runs",
    ),
    "initial value": Rule(
        "what begins with another variable's initial value takes that, or the variable if it is initialized, was made "
        "to wait for the variable's initializer and read it",
        "1.0 to 1.15",
        "when the variables are initialized, once, both are what the initializer assigns",
    ),
    "merged the other way": Rule(
        "a Merge takes the two branches of a condition in the other order",
        "1.0 to 1.15",
        "only one of them runs, and nothing asks which",
    ),
    "waits for operands": Rule(
        "a node is said to wait for what it takes, or for the branch that what it takes or waits for runs in",
        "1.0 to 1.15",
        "it does in any case",
    ),
    "parsed": Rule(
        "ParseExample is ParseExampleV2, which takes the names of features as vectors, and one example without a batch",
        "1.0 to 1.15",
        "the same parser; the batch of one was squeezed right after",
    ),
    "groups by device": Rule(
        "a group of ops is made of one group for each device, and the devices of some ops are others",
        "1.0 to 1.15",
        "all wait for the same ops",
    ),
    "case in case": Rule(
        "the conditions of tf.case are asked one inside the other, were asked each with all before it negated; of "
        "conditions that exclude each other at most 1 is met, was less than 2; those of piecewise_constant are asked "
        "as they were made, and came in any order; the default was called once more, outside of all branches",
        "1.0 to 1.15",
        "the same branch runs; what the first releases computed besides is taken by nobody",
    ),
    "compared in a branch": Rule(
        "a tensor is compared with a number before it is sent into a branch, was in the branch",
        "1.0 to 1.15",
        "the comparison of each element is the same there",
    ),
    "limit of a loop": Rule(
        "the constant that a loop counts to, or that bounds a part of a gradient, is made in the loop, or enters it",
        "1.0 to 1.15",
        "the constants are compared",
    ),
    "pairs in rows": Rule(
        "the labels and predictions of a confusion matrix are put beside each other, were transposed for that",
        "1.0 to 1.15",
        "both copy the same numbers into the same places",
    ),
    "waits of a loop": Rule(
        "the condition of a loop waits for what is outside, or what enters the loop does, as does a constant made of "
        "the sizes of what is dequeued",
        "1.0 to 1.15",
        "nothing in the loop runs, and nothing leaves it, before the condition was asked",
    ),
    "kept once": Rule(
        "a value that the backward loop needs twice is pushed on one stack, was on two",
        "1.0 to 1.15",
        "both pop what was pushed in the same turn",
    ),
    "sent into a branch": Rule(
        "a constant that a gradient in a branch takes from outside is made there",
        "1.15 to 2.21",
        "a Switch copies",
    ),
    "switched twice": Rule(
        "what comes out of a branch is sent into the same branch once more", "1.0 to 1.15", "it is there already"
    ),
    "mask of no length": Rule(
        "the longest of the sequences that a mask is for is at least 0",
        "1.0 to 1.15",
        "lengths are not below 0: the range up to one that is cannot be made",
    ),
    "labels and logits": Rule(
        "a cross entropy asserts that labels and logits have the same sizes, where the static shapes do not tell",
        "1.0 to 1.15",
        "where it does not hold the program stops; else nothing is asked",
    ),
    "lengths of sequences": Rule(
        "sequences are reversed by lengths of 32 bits as they are, which were made 64 bits wide",
        "1.0 to 1.15",
        "they are the same whole numbers",
    ),
    "read backwards": Rule(
        "an image is reversed along an axis, was read with a stride of -1",
        "1.0 to 1.15",
        "both copy the same elements in the same order",
    ),
    "one image": Rule(
        "an image is cut or padded as a batch of one, and squeezed then",
        "1.0 to 1.15",
        "that copies the same elements, and pads as many zeros",
    ),
    "part of an object": Rule(
        "SampleDistortedBoundingBox is SampleDistortedBoundingBoxV2, which takes min_object_covered as an operand",
        "1.0 to 1.15",
        "it is the same number",
    ),
    "numbers in a vector": Rule(
        "whole numbers, such as the shape of a cell's state, are joined after each got an axis, were put in one vector",
        "1.0 to 1.15",
        "it is the same vector",
    ),
    "flipped or not": Rule(
        "an image is reversed along an axis in a branch, was read with a stride of -1 or 1",
        "1.0 to 1.15",
        "both copy the same elements in the same order",
    ),
    "batches of products": Rule(
        "a product of batches of matrices is BatchMatMulV2, was BatchMatMul",
        "1.13 to 1.15",
        "the same kernel for batches of one shape; the newer one broadcasts others",
    ),
    "one batch": Rule(
        "the gradient of a product of batches is summed over what was broadcast",
        "1.0 to 1.15",
        "nothing was: the product of the first releases takes batches of one shape, else it stops",
    ),
    "rows of a softmax": Rule(
        "a softmax over the last of more than two axes is taken of the tensor, was taken of a matrix of all its rows",
        "1.0 to 1.15",
        "each row is computed from itself alone, in the same order",
    ),
    "bias of rows": Rule(
        "a dense layer of more than two axes adds its bias to the tensor, did to the matrix of its rows",
        "1.0 to 1.15",
        "the same number is added to each element, and its gradient is summed over all rows in either shape",
    ),
    "reshaped rows": Rule(
        "a batch normalization takes rows as they are, took them reshaped to as many axes as the tensor under Python 3",
        "1.0 to 1.15",
        "each row is broadcast over the tensor in either shape",
    ),
    "squeezed first": Rule(
        "reduce_logsumexp squeezes the axes that it sums over before the logarithm, did behind",
        "1.0 to 1.15",
        "reshaping copies, and each element is computed alone",
    ),
    "quotient or 0": Rule(
        "a quotient by a count is DivNoNan, was selected by whether the count is above 0",
        "1.0 to 1.15",
        "both are 0 for a count of 0, and no count is below 0 or no number",
    ),
    "squared difference": Rule(
        "a loss squares a difference in one op, did in two",
        "1.0 to 1.15",
        "the same difference, multiplied by itself; in its gradient the 2 comes first, and doubling is exact unless it "
        "overflows",
    ),
    "places of arrays": Rule(
        "a TensorArray does not say on which device it is, nor does what reads it; it named that of what is written",
        "1.0 to 1.15",
        "whatever takes an array, which is a resource, is placed on its device, and so is the array with what writes "
        "into it",
    ),
    "gradient of patches": Rule(
        "the gradient of extract_image_patches sums segments, was the product with a sparse matrix of ones, which the "
        "first releases counted out",
        "1.0 to 1.15, 1.15 to 2.21",
        "both add up the same elements in the same order, from 0 on; the audit counts which, and only up to where "
        "floats can",
    ),
    "rows once": Rule(
        "embedding_lookup_sparse with weights looks rows up once each and takes them of those, looked up all; so their "
        "gradient is added up before it is given on, was by what takes it",
        "1.0 to 1.15",
        "it copies; the same numbers are added up in the same order, from 0 on, and once more each alone",
    ),
    "rows below 0": Rule(
        "the gradient of unsorted_segment_sum is 0 for a row whose number is below 0, and stopped",
        "1.0 to 1.15",
        "all other rows are copied; with such a number the old program stopped",
    ),
    "first datasets": Rule(
        "a dataset of batches or of records of so many bytes, and an iterator, is a newer op; what several iterators "
        "read is made once, was once for each of them",
        "1.8 to 1.15",
        "with the operands that leave no batch out, and unpack nothing, it is the same, and each iterator has a place "
        "of its own in what it reads",
    ),
    "branches in functions": Rule(
        "a branch in a function is a function that an op calls",
        "1.13 to 1.15",
        "TensorFlow makes the same branches of that op at last",
    ),
    "results of functions": Rule("what a function gives is copied first", "1.13 to 1.15", "it copies"),
    "margins of an image": Rule(
        "where central_crop begins is computed from the part that is left, was from how many margins make an image",
        "1.0 to 1.15",
        "for 2, 4, 8 … margins both are exact, and the same whole number",
    ),
    "distance either way": Rule(
        "mean_absolute_error subtracts predictions from labels, did labels from predictions",
        "1.0 to 1.15",
        "subtracting the other way changes the sign alone, which is left out then",
    ),
    "squared norm": Rule(
        "tf.norm multiplies a tensor by itself, squared it",
        "1.0 to 1.15",
        "the square of a number is its product by itself",
    ),
    "places in a matrix": Rule(
        "elements of a matrix that differ from a text or number are taken by rows and columns, were by their places in "
        "the matrix laid out as a vector, as for feature columns",
        "1.4 to 1.8",
        "a row times the number of columns, and a column, is the place of the same element",
    ),
}

"""The data of the game: every sequence of the four signs, in the order in which the 2017 program drew them.

The game: read the signs one by one and say the running sum, where `I` inverts every sign after it.

The post neither prints its shuffle seed nor its generator. Both were recovered from the examples that it shows: the
generator took `itertools.product` over the keys of a Python 2 dict and shuffled with `random.shuffle` after one
`random.seed(7)` a process, so that every further call of `getSequences` is another draw of the same stream. The dict's
order and the shuffle are written out here and hold under every Python, 2.7 included.
"""

from __future__ import division

import hashlib
import operator
import os

import numpy as np

SHUFFLE_SEED = 7
SHOWN_DRAW = 5  # the draw whose first example, 0+I000, the post shows: its cell had been run five times in one kernel
TRAINED_DRAW = 1  # the draw that the post's printed losses were measured on: a fresh kernel; see docs/data.md
LONGEST = 15  # signs: all 4**15 sequences would take 600 GiB; less memory allows less
LONGEST_STREAM = 2**30  # random numbers up to the end of a draw: some ten seconds

SIGNS = "I0+-"  # the order in which 64-bit Python 2.7 iterates over a dict with these four keys
_ENCODING = np.array([[0, 0, 1], [0, 0, 0], [1, 0, 0], [0, 1, 0]])  # by the position in SIGNS
_STRINGS = (str, type(b"".decode("ascii")))  # under Python 2.7, text is a type of its own
_SIGN_OF_VECTOR = {tuple(vector): sign for sign, vector in zip(SIGNS, _ENCODING.tolist())}


def getSequences(sequence_length, draw=SHOWN_DRAW):
    """Return all `4**sequence_length` sequences and their answers, in the order of the `draw`-th call in one process.

    Returns (inputs, outputs): integers of shape (4**n, n, 3), one vector a sign, and integers of shape (4**n,), the
    sums. Raises `ValueError` for a length or a draw that is no positive integer, for data larger than the memory, and
    for a draw so late that finding it would take minutes.
    """
    sequence_length = _positive("sequence_length", sequence_length)
    draw = _positive("draw", draw)
    count = 4 ** min(sequence_length, LONGEST + 1)
    bytes_needed = count * (sequence_length * (3 + 3) + 9) * 8  # inputs, the steps of the sums, the order and its ints
    available = memory()
    if sequence_length > LONGEST or bytes_needed > available:
        raise ValueError(
            "sequence_length {0} makes 4**{0} sequences, which do not fit into the {1} GiB of this machine: "
            "choose a smaller length".format(_shown(sequence_length), available >> 30)
        )
    if draw * count > LONGEST_STREAM:
        raise ValueError(
            "draw is {}: allowed are, for sequences of {} signs, integers from 1 to {}".format(
                _shown(draw), sequence_length, max(1, LONGEST_STREAM // count)
            )
        )
    order = np.array(_order(count, draw))
    inputs = np.empty((count, sequence_length, 3), dtype=_ENCODING.dtype)
    for step in range(sequence_length):
        digit = (order >> 2 * (sequence_length - 1 - step)) & 3  # itertools.product: the last sign changes fastest
        inputs[:, step] = _ENCODING[digit]
    return inputs, _sums(inputs)[:, -1].copy()


def encodeSequence(sequence):
    """Return the integers of shape (len(sequence), 3) for a string of signs; `ValueError` if it is none."""
    if not isinstance(sequence, _STRINGS):
        raise ValueError("{}: a string of the signs + - 0 I is needed".format(_shown(sequence)))
    if not sequence:
        raise ValueError("an empty sequence: give one or more of the signs + - 0 I")
    for position, sign in enumerate(sequence, 1):
        if sign not in SIGNS:
            raise ValueError("sign {} of the sequence is {!r}: allowed are + - 0 I".format(position, sign))
    return _ENCODING[[SIGNS.index(sign) for sign in sequence]]


def decodeSequence(encoded):
    """Return the string of signs for integers of shape (n, 3); `ValueError` if a vector is no sign."""
    vectors = _array(encoded)
    if vectors.ndim != 2 or vectors.shape[1] != 3 or not len(vectors):
        raise ValueError("shape {}: an encoded sequence has the shape (n, 3), n at least 1".format(vectors.shape))
    signs = []
    for step, vector in enumerate(vectors.tolist(), 1):
        if tuple(vector) not in _SIGN_OF_VECTOR:
            raise ValueError(
                "vector {} of the sequence is {}: allowed are [1, 0, 0] for +, [0, 1, 0] for -, [0, 0, 0] for 0 "
                "and [0, 0, 1] for I".format(step, vector)
            )
        signs.append(_SIGN_OF_VECTOR[tuple(vector)])
    return "".join(signs)


def running_sums(sequence):
    """Return the right answer after each sign of a string, as a list of ints; errors as `encodeSequence`."""
    return sums(encodeSequence(sequence)).tolist()


def answer(sequence):
    """Return the right answer for a string of signs, an int; errors as `encodeSequence`."""
    return running_sums(sequence)[-1]


def sums(inputs):
    """Return the right answers after each sign of encoded sequences; integers, (..., n, 3) to (..., n).

    Raises `ValueError` if they are none.
    """
    return _sums(_encoded(inputs))


def _sums(inputs):
    value = inputs[..., 0] - inputs[..., 1]
    inverted = np.cumsum(inputs[..., 2], axis=-1) & 1
    value[inverted == 1] *= -1
    return np.cumsum(value, axis=-1)


def sequences_sha256(inputs):
    """Return the identity of a data set's order: SHA-256 of its sequences as ASCII, joined by newlines, in hex.

    `inputs` are integers of shape (count, n, 3), as `getSequences` returns them; `ValueError` if they are not.
    """
    inputs = _encoded(inputs)
    if inputs.ndim != 3:
        raise ValueError("shape {}: a data set has the shape (count, n, 3)".format(inputs.shape))
    ascii_of_code = np.zeros(5, dtype=np.uint8)
    weights = np.array([1, 2, 4])
    ascii_of_code[_ENCODING.dot(weights)] = [ord(sign) for sign in SIGNS]
    lines = np.full((inputs.shape[0], inputs.shape[1] + 1), ord("\n"), dtype=np.uint8)
    for step in range(inputs.shape[1]):
        lines[:, step] = ascii_of_code[inputs[:, step].dot(weights)]
    return hashlib.sha256(lines.tobytes()[:-1]).hexdigest()


def provenance(inputs, draw):
    """Return what a record says of the data set `inputs`, integers (4**n, n, 3), that `getSequences` made as `draw`."""
    return {
        "sequence_length": int(inputs.shape[1]),
        "shuffle_seed": SHUFFLE_SEED,
        "draw": draw,
        "sha256": sequences_sha256(inputs),
    }


def _positive(name, value):
    try:
        number = operator.index(value)
    except TypeError:
        number = 0
    if number < 1:
        raise ValueError("{} is {}: allowed are integers from 1 up".format(name, _shown(value)))
    return number


def _shown(value):
    """Return a value as an error message shows it: in one short line, whatever it is."""
    if isinstance(value, int) and abs(value) >= 10**30:  # Python does not print those of 4300 digits at all
        return "a number of more than 30 digits"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _array(values):
    try:
        array = np.asarray(values)
    except ValueError:  # lists of different lengths
        array = np.empty(0, dtype=object)
    if array.dtype.kind not in "iuf":
        raise ValueError("{}: numbers are needed, one vector of three for each sign".format(_shown(values)))
    return array


def _encoded(inputs):
    """Return encoded sequences as an array of int64, (..., n, 3); `ValueError` if a vector is no sign."""
    inputs = _array(inputs)
    if inputs.ndim < 2 or inputs.shape[-1] != 3 or not inputs.size:
        raise ValueError("shape {}: encoded sequences have the shape (..., n, 3)".format(inputs.shape))
    if inputs.dtype.kind == "f" or inputs.min() < 0 or inputs.max() > 1 or inputs.sum(axis=-1).max() > 1:
        raise ValueError("a vector is no sign: allowed are integers, [1, 0, 0], [0, 1, 0], [0, 0, 0] and [0, 0, 1]")
    return inputs.astype(np.int64, copy=False)


def memory():
    """Return the bytes of this machine's memory; where there is no telling, 8 GiB."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 8 << 30


def _order(count, draw):
    """Return `range(count)` as the draw-th Python 2 `random.shuffle` after `random.seed(7)` leaves it, as a list."""
    # Seeded with a list, NumPy's generator is the stream of Python's random.random(), in every version of both.
    stream = np.random.RandomState([SHUFFLE_SEED])
    for _ in range(draw):  # a shuffle draws count - 1 numbers
        random_numbers = stream.random_sample(count - 1)
    last_positions = np.arange(count - 1, 0, -1)
    partners = (random_numbers * (last_positions + 1)).astype(np.int64).tolist()
    order = list(range(count))
    for i, j in zip(range(count - 1, 0, -1), partners):
        order[i], order[j] = order[j], order[i]
    return order

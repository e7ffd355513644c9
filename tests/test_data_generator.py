"""The data: the game's rules by hand-worked examples, the published order by its identity."""

import itertools
import pprint
import random
import subprocess
import sys

import numpy as np
import pytest

import data_generator
from compat_v1.proof.golden import published
from data_generator import (
    SHOWN_DRAW,
    TRAINED_DRAW,
    answer,
    decodeSequence,
    encodeSequence,
    getSequences,
    running_sums,
    sequences_sha256,
    sums,
)


def test_first_published_example_is_the_fifth_draw_of_seed_7():
    example = published()["first_example"]
    inputs, outputs = getSequences(6)
    assert inputs[0].tolist() == example["array"]
    assert decodeSequence(inputs[0]) == example["sequence"]
    assert outputs[0] == example["answer"]
    assert example["draw"] == SHOWN_DRAW


def test_first_example_of_the_sibling_notebook_is_the_first_draw():
    example = published()["first_example_of_the_sibling_notebook"]
    inputs, outputs = getSequences(6, draw=TRAINED_DRAW)
    assert (decodeSequence(inputs[0]), outputs[0]) == (example["sequence"], example["answer"])


@pytest.mark.parametrize(
    ("draw", "sha256"),
    [
        (1, "0527d869f2060edd4bea42a0252022bfd1309dd92cda396b40c07e0d4129194b"),
        (5, "2aca4f07ba54bd824842db08cc369f693cbf68aa582eaeb898203f25d4b83419"),
    ],
)
def test_whole_order_has_the_recovered_identity(draw, sha256):
    assert sequences_sha256(getSequences(6, draw=draw)[0]) == sha256


@pytest.mark.parametrize("draw", [1, 2, 3])
def test_order_is_python_2s_shuffle_by_the_standard_library(draw):
    """An oracle without NumPy: Python's own generator and the loop of Python 2's `random.shuffle`."""
    stream = random.Random(7)
    for _ in range(draw):
        expected = ["".join(signs) for signs in itertools.product("I0+-", repeat=4)]
        for i in reversed(range(1, len(expected))):
            j = int(stream.random() * (i + 1))
            expected[i], expected[j] = expected[j], expected[i]
    inputs, _ = getSequences(4, draw=draw)
    assert [decodeSequence(encoded) for encoded in inputs] == expected


def test_answers_of_the_post_but_for_its_slip():
    post = published()
    wrong = {sequence for sequence, value in post["answers"].items() if answer(sequence) != value}
    assert wrong == set(post["slips"]) == {"-I--"}
    assert answer("-I--") == 1


def test_running_sums_of_a_sequence_worked_by_hand():
    assert running_sums("+I+-I0-I-") == [1, 1, 0, 1, 1, 1, 0, 0, 1]


def test_outputs_are_the_answers_of_the_inputs():
    inputs, outputs = getSequences(5, draw=2)
    for encoded, output in zip(inputs, outputs, strict=True):
        total, sign = 0, 1
        for plus, minus, invert in encoded:
            total += sign * (plus - minus)
            sign = -sign if invert else sign
        assert output == total


def test_data_has_the_shape_the_types_and_the_look_of_the_post():
    inputs, outputs = getSequences(6)
    assert len(inputs) == len(outputs) == 4096
    assert np.array(inputs[:1024]).shape[2] == 3
    assert np.issubdtype(inputs.dtype, np.integer) and np.issubdtype(outputs.dtype, np.integer)
    assert pprint.pformat(inputs[0]).splitlines()[:2] == ["array([[0, 0, 0],", "       [1, 0, 0],"]
    assert len({sequence.tobytes() for sequence in inputs}) == 4096
    assert (outputs**2).sum() == 12288


def test_encoding_and_decoding_are_inverse():
    encoded = encodeSequence("00-+++I")
    assert encoded.tolist() == [[0, 0, 0]] * 2 + [[0, 1, 0]] + [[1, 0, 0]] * 3 + [[0, 0, 1]]
    assert decodeSequence(encoded) == "00-+++I"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: encodeSequence("+x"), "sign 2 of the sequence is 'x': allowed are"),
        (lambda: encodeSequence(""), "an empty sequence"),
        (lambda: getSequences(0), "sequence_length is 0: allowed are"),
        (lambda: getSequences(2.5), "sequence_length is 2.5: allowed are"),
        (lambda: getSequences(3, draw=0), "draw is 0: allowed are"),
        (lambda: getSequences(20), "sequence_length 20 makes .* choose a smaller length"),
        (lambda: getSequences(10**9), "sequence_length 1000000000 makes .* choose a smaller length"),
        (lambda: getSequences(10**5000), "a number of more than 30 digits"),
        (lambda: getSequences(-(10**5000)), "a number of more than 30 digits: allowed are integers from 1 up"),
        (
            lambda: getSequences(6, draw=10**18),
            "draw is 10{18}: allowed are, .* from 1 to 262144",
        ),
        (lambda: getSequences("6"), "sequence_length is '6': allowed are integers from 1 up"),
        (lambda: encodeSequence(None), "None: a string of the signs"),
        (lambda: encodeSequence(["+", "-"]), r"\['\+', '-'\]: a string of the signs"),
        (lambda: encodeSequence(["+"] * 100000), r"\.\.\.: a string of the signs"),
        (lambda: encodeSequence(b"+-"), "a string of the signs"),
        (lambda: encodeSequence("+" * 9 + "\x1b"), r"sign 10 of the sequence is '\\x1b'"),
        (lambda: running_sums(5), "5: a string of the signs"),
        (lambda: answer([]), r"\[\]: a string of the signs"),
        (lambda: sums("+-"), "numbers are needed, one vector of three for each sign"),
        (lambda: sums([[0, 0], [1]]), "numbers are needed"),
        (lambda: sums([0, 0, 1]), r"shape \(3,\): encoded sequences have the shape"),
        (lambda: sums([[0, 0, 0, 1]]), r"shape \(1, 4\)"),
        (lambda: sums([[2, 0, 0]]), "a vector is no sign"),
        (lambda: sums([[1, 1, 0]]), "a vector is no sign"),
        (lambda: sums([[-1, 0, 0]]), "a vector is no sign"),
        (lambda: sums([[0.5, 0, 0]]), "a vector is no sign"),
        (lambda: sums(np.zeros((0, 6, 3), int)), r"shape \(0, 6, 3\)"),
        (lambda: sequences_sha256([[1, 0, 0]]), r"shape \(1, 3\): a data set has the shape"),
        (lambda: sequences_sha256([[[1, 0, 7]]]), "a vector is no sign"),
        (lambda: sequences_sha256(None), "None: numbers are needed"),
        (lambda: decodeSequence("+-"), "numbers are needed"),
        (lambda: decodeSequence([[0, 0, 0], [1, 1, 0]]), r"vector 2 of the sequence is \[1, 1, 0\]: allowed are"),
        (lambda: decodeSequence([0, 0, 1]), r"shape \(3,\)"),
        (lambda: decodeSequence(np.zeros((0, 3))), r"shape \(0, 3\)"),
    ],
)
def test_bad_input_is_named_with_what_is_allowed(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int64])
def test_integers_of_every_width_have_the_same_sums_and_identity(dtype):
    inputs, outputs = getSequences(4)
    assert sums(inputs.astype(dtype))[:, -1].tolist() == outputs.tolist()
    assert sequences_sha256(inputs.astype(dtype)) == sequences_sha256(inputs)


@pytest.mark.long
def test_a_million_sequences_take_well_under_1_gib():
    program = (
        "import resource; from data_generator import getSequences; inputs, outputs = getSequences(10);"
        "assert inputs.shape == (4**10, 10, 3); print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    # Linux lets a process begin with the peak of the one that starts it: that must not be this one, with TensorFlow.
    start = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]], check=True)"
    folder = data_generator.__file__.rsplit("/", 1)[0]
    command = [sys.executable, "-c", start, program]
    peak = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    kib = int(peak.stdout) / (1024 if sys.platform == "darwin" else 1)
    assert kib < 800 * 1024, f"{kib / 1024:.0f} MiB"

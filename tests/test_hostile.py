"""Some hundred of the attacks of `make hostile`, the same ones each time."""

import math
from collections import Counter

import pytest

from hostile import row
from hostile_attempt import OUTCOMES, Outcome, judged
from hostile_examples import KINDS, survey

EXAMPLES = {"command lines": 100, "graphs": 40, "event files": 50, "records": 30, "recordings": 20, "checkpoints": 12}


@pytest.mark.parametrize("share", [0.5, pytest.param(1, marks=pytest.mark.long)])
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_of_a_kind_hangs_is_wrong_or_ends_in_a_traceback(inputs, kind, share):
    counts = Counter()
    survey(kind, inputs, math.ceil(share * EXAMPLES.get(kind, 5)), counts, derandomize=True)
    assert counts["clean"] >= 1, counts


LINE = "error: no\n"


@pytest.mark.parametrize(
    ("status", "out", "err", "kind"),
    [
        (2, "", LINE, "clean"),
        (74, "", LINE, "clean"),
        (0, "FAITHFUL\n", "", "accepted"),
        (130, "", "stopped\n", "clean"),
        (2, "", "", "wrong"),
        (2, "", LINE * 3, "wrong"),
        (2, "", "error: \x1b[2J\n", "wrong"),
        (0, "\u202e", "", "wrong"),
        (2, "", "x" * 5000, "wrong"),
        (120, "", LINE, "wrong"),
        (1, "", "Traceback (most recent call last):\n", "traceback"),
        (0, "", "Exception ignored in: x\n", "traceback"),
        (-11, "", "", "hang or crash"),
        (134, "", "", "hang or crash"),
        (None, "", "", "hang or crash"),
    ],
)
def test_outcome_is_judged_by_status_and_what_was_said(status, out, err, kind):
    assert judged(status, out, err).kind == kind


def test_table_has_a_column_for_every_outcome():
    assert row("all", Counter(clean=2, wrong=1)) == "| all | 3 | 2 | 0 | 0 | 0 | 1 |"
    assert [Outcome(kind, 0, "").is_good for kind in OUTCOMES] == [True, True, False, False, False]

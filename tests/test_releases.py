"""The table of TensorFlow's releases holds for the graphs that they built, which are stored."""

import re

import pytest

import releases
from compat_v1.audit import drift

# The steps that the audit does not explain yet; one that it does explain must leave the list.
NO_RULE_YET: set = set()
# Of the stored graphs, by the oldest release that built them, those that today's port does not pass against.
NO_RULE_FOR_TODAY = {("layers_in_a_loop", "1.1.0"), ("partitioned", "1.0.1"), ("stacked_lstm", "1.13.2")}
SAMPLE = ("softmax_regression", "transposed_convolution", "conditional")


@pytest.fixture(scope="module")
def found():
    return {step: releases.changes(step) for step in releases.steps(SAMPLE)}


def test_graphs_of_old_and_new_releases_are_stored_and_small():
    index, graphs = releases.stored()
    assert {release.rpartition(".")[0] for release in index} >= {"1.8", "1.13", "2.2", "2.4"}
    assert releases.ARCHIVE.stat().st_size < 2_000_000
    assert {member for programs in index.values() for member in programs.values()} == graphs.keys()


def test_the_stored_graphs_are_of_the_corpus_as_it_stands_and_all_that_a_release_can_build():
    assert releases.packed_digests() == releases.digests(), "make releases builds them anew"
    index, _ = releases.stored()
    assert {release: releases.buildable(release) - programs.keys() for release, programs in index.items()} == {
        release: set() for release in index
    }


def test_releases_are_built_that_lack_a_program_or_have_another_text_of_it(tmp_path, monkeypatch):
    releases.unpack(tmp_path)
    assert releases.is_complete(tmp_path / "1.8.0") and releases.is_complete(tmp_path / "1.0.1")
    (tmp_path / "1.8.0" / "conditional.pb.gz").unlink()
    assert not releases.is_complete(tmp_path / "1.8.0")
    monkeypatch.setattr(releases, "digests", lambda: releases.packed_digests() | {"dataset": "another"})
    releases.unpack(tmp_path / "again")
    assert not releases.is_complete(tmp_path / "again" / "1.8.0")
    assert releases.is_complete(tmp_path / "again" / "1.0.1"), "it has no tf.data"


def test_every_rule_that_a_step_needs_stands_at_that_release_in_the_table(found):
    table = releases.rows()
    missing = [
        (rule, step) for step, (rules, _) in found.items() for rule in rules if step[2] not in table.get(rule, ())
    ]
    assert missing == []


def test_no_step_from_a_release_to_the_next_leaves_a_difference_unexplained_but_those_without_a_rule(found):
    assert {step for step, (_, differences) in found.items() if differences} == NO_RULE_YET


@pytest.mark.parametrize("programs", [SAMPLE, pytest.param(None, marks=pytest.mark.long)])
def test_graphs_of_each_release_pass_against_those_that_today_builds(programs, today):
    left = {port for port in releases.ports(programs) if releases.of_port(today, port)}
    assert left == {port for port in NO_RULE_FOR_TODAY if programs is None or port[0] in programs}


def _minor(text):
    return tuple(map(int, text.split(".")[:2]))


def test_since_when_a_rule_is_needed_agrees_with_the_table():
    """A change that an entry of `drift.py` names lies between the releases where the rule is first needed."""
    entries = drift.RULES | {f"{cause} (changes numbers)": change for cause, change in drift.NUMBERS.items()}
    built = sorted(map(_minor, releases.stored()[0]))
    wrong = []
    for rule, needed in releases.rows().items():
        if rule not in entries:
            continue
        newer = min(map(_minor, needed))
        older = built[built.index(newer) - 1]
        claims = re.findall(r"(\d+\.\d+)(?: to (\d+\.\d+))?", entries[rule].since)
        spans = [(_minor(one), _minor(other) if other else None) for one, other in claims]
        if not any(older < one <= newer if end is None else one < newer and older < end for one, end in spans):
            wrong.append((rule, entries[rule].since, older, newer))
    assert wrong == []

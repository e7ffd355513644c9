"""The audit passes each program of the corpus, ported as it stands, and reports each mistake planted into the port."""

import ast
import functools
import hashlib
import json

import pytest

from compat_v1.audit import audit, idle_alone, read_graph_def
from corpus import sources
from corpus_graphs import FIRST_MISTAKES, NO_RULE_YET, PAIRS, RECORDED, RELEASES, audited, recorded, report

MISTAKES = [
    pytest.param(name, number, marks=[pytest.mark.long] if number >= FIRST_MISTAKES else [])
    for name in sources.names()
    for number in range(len(sources.load(name)["MISTAKES"]))
]


@functools.cache
def faithful_port(today, release, name):
    return audited(recorded(release, name), read_graph_def(today / f"{name}.pb.gz"))


@pytest.mark.parametrize("release", RELEASES)
def test_recorded_graphs_are_those_that_the_manifest_names(release):
    manifest = json.loads((RECORDED / release / "manifest.json").read_text())
    files = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (RECORDED / release).glob("*.gz")}
    assert files == manifest["sha256"]
    assert f"tf{manifest['stack']['tensorflow']}" == release


def test_every_program_is_recorded_by_every_release_that_has_its_idiom():
    names = set(sources.names())
    assert len(names) >= 20
    assert {name for release, name in PAIRS if release == "tf1.15.5"} == names
    assert names - {name for release, name in PAIRS if release == "tf1.0.1"} == {"dataset", "soft_labels"}


def test_what_the_mistakes_of_the_larger_programs_replace_stands_in_them():
    for name in sources.names("larger"):
        for number, (right, wrong) in enumerate(sources.load(name, folder="larger")["MISTAKES"]):
            assert right != wrong and callable(sources.load(name, number, "larger")["build"]), (name, number)


def test_calls_are_expressions_each_once_and_in_order_and_their_page_counts_them():
    calls = sources.calls()
    assert calls == sorted(set(calls), key=lambda call: (not call.startswith("tf."), call))
    for call in calls:
        assert isinstance(ast.parse(call, mode="eval").body, ast.Call | ast.Subscript | ast.BinOp), call
    page = (RECORDED.parents[2] / "docs" / "audit_calls.md").read_text(encoding="utf-8")
    assert f"{len(calls)} calls of TensorFlow 1's functions" in page


def test_building_leaves_this_process_as_it_was(today):
    import tensorflow as tf

    assert tf.compat.v1.resource_variables_enabled() and tf.compat.v1.control_flow_v2_enabled()


def judged(release, name):
    """Return the parameters of a pair; one without a rule must fail, so that it leaves the list when it has one."""
    marks = [pytest.mark.xfail(strict=True, reason="no rule yet")] if name in NO_RULE_YET[release] else []
    return pytest.param(release, name, marks=marks)


@pytest.mark.parametrize(("release", "name"), [judged(*pair) for pair in PAIRS])
def test_the_program_ported_as_it_stands_has_no_differences(release, name, today):
    result = faithful_port(today, release, name)
    assert list(result.differences) == []
    assert list(result.not_compared) == []
    assert result.verdict in ("faithful", "numbers changed")


@pytest.mark.parametrize(("name", "number"), MISTAKES)
def test_every_mistake_in_a_port_is_reported(name, number, today, request):
    folder = today if number < FIRST_MISTAKES else request.getfixturevalue("today_with_other_mistakes")
    result = audited(recorded("tf1.15.5", name), read_graph_def(folder / f"{name}.mistake{number}.pb.gz"))
    right, wrong = sources.load(name)["MISTAKES"][number]
    assert result.verdict == "not faithful", f"nobody says that {right!r} became {wrong!r}"
    assert report(result) != report(faithful_port(today, "tf1.15.5", name))


@pytest.mark.parametrize(
    ("release", "name", "is_short"),
    [
        ("tf1.15.5", "attention", True),
        ("tf1.15.5", "partitioned", True),
        ("tf1.15.5", "nested_loops", True),
        ("tf1.15.5", "variational_autoencoder", False),
        ("tf1.0.1", "autoencoder", False),
    ],
)
def test_gradients_that_both_graphs_make_need_no_comparison_without_them(release, name, is_short, today, monkeypatch):
    """Where each that nothing uses has its partner, the audit is spared one; with it, the answer is the same."""
    port, said, ask = read_graph_def(today / f"{name}.mistake0.pb.gz"), [], idle_alone.are_in_both
    monkeypatch.setattr(idle_alone, "are_in_both", lambda *some: said.append(ask(*some)))
    result = audited(recorded(release, name), port)
    assert said == [is_short]
    monkeypatch.undo()
    assert audited(recorded(release, name), port) == result


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("static_rnn", 0),
        *(pytest.param(*one, marks=pytest.mark.long) for one in (("static_rnn", 1), ("dynamic_rnn", 0))),
    ],
)
def test_the_report_is_the_same_every_time(name, number, today, request):
    """Wherever the nodes are in memory: sets of them were once gone through in the order of their addresses."""
    folder = today if number < FIRST_MISTAKES else request.getfixturevalue("today_with_other_mistakes")
    original, port = recorded("tf1.15.5", name), read_graph_def(folder / f"{name}.mistake{number}.pb.gz")
    others, reports = [], set()
    for size in (0, 10**5, 10**4, 10**3):
        others.append([object() for _ in range(size)])
        reports.add(report(audit(original, port)))
    assert len(reports) == 1

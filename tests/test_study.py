"""Studies: a run is `train`'s to the bit, whoever does it; what is done is kept; the search finds the seed again."""

import gzip
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import chi2

import forked
from compat_v1.proof.golden import golden
from compat_v1.records import Stack
from compat_v1.study import claims, published, runs, statistics, studies, table, verdicts
from compat_v1.study.claims_of_data import six_numbers
from compat_v1.study.engine import Engine, about, execute, variables_sha256
from compat_v1.study.runs import Lines, LinesResult, Run
from compat_v1.study.spread import on_cluster, on_this_machine
from compat_v1.study.weights import initial_weights, op_name
from compat_v1.training import new_network, new_session, variables
from original.record_format import DEFAULT_SEED
from trained_runs import run, trained_port

ROOT = Path(__file__).parents[1]
SHORT = [Run(seed=seed, epochs=40, weights=weights) for weights in ("post", "uniform") for seed in (5, 1)]


@pytest.fixture(scope="module")
def results():
    """The results of `SHORT`, {run: result}, done in this process one after the other."""
    return {task: execute(task) for task in SHORT}


def without_seconds(result):
    return result.model_dump(exclude={"seconds"})


@pytest.mark.parametrize("seed", [5, pytest.param(1, marks=pytest.mark.long)])
def test_run_is_that_of_train_to_the_bit(data, results, seed):
    here, there = results[Run(seed=seed, epochs=40)], trained_port(data, epochs=40, graph_seed=seed)
    assert here.final_sha256 == variables_sha256(there.variables)
    assert here.squared_error == there.record.test.squared_error
    assert [np.float32(wrong / 3072) for wrong in here.test_wrong] == list(map(np.float32, there.record.test.error))
    train = dict(zip(there.record.train.epoch, there.record.train.error, strict=True))
    assert [wrong / 1024 for wrong in here.train_wrong] == [train[19], train[39]]
    assert here.prediction == there.record.prediction["00-+++"]


@pytest.mark.long
def test_weights_are_those_of_the_graphs_initializer_however_often_they_are_drawn():
    for seed in (5, 1, 5):
        graph, network = new_network(seed)
        with new_session(graph) as session:
            session.run(network.initializer)
            values = variables(session)
        for name, value in initial_weights(Run(seed=seed)).items():
            assert value.tobytes() == values[name].tobytes(), name


@pytest.mark.parametrize(
    ("weights", "low", "high", "mean", "deviation"),
    [
        ("post", -0.4, 0, -0.2, 0.088),
        ("mirrored", 0, 0.4, 0.2, 0.088),
        ("around-0", -0.2, 0.2, 0, 0.088),
        ("wide", -1, 1, 0, 0.44),
        ("uniform", -1, 1, 0, 0.577),
    ],
)
def test_weights_have_the_distribution_of_their_name(weights, low, high, mean, deviation):
    drawn = initial_weights(Run(seed=3, weights=weights, forget_bias=2.0))
    gates = np.stack([drawn[op_name(name)] for name in ("W_f", "W_i", "W_C", "W_o")])
    assert low <= gates.min() < gates.max() <= high
    assert gates.mean() == pytest.approx(mean, abs=0.04)
    assert gates.std() == pytest.approx(deviation, rel=0.05)  # a normal cut off at two deviations has 0.88 of them
    assert (drawn[op_name("b_f")] == 2).all()


@pytest.mark.long  # in `make test`, test_oracles.py: the same predictions
def test_keras_and_the_handmade_network_agree_from_the_same_weights():
    """So neither's weights are put in the wrong place: past rounding they are the same run."""
    for weights in ("keras", "post"):
        one, other = (execute(Run(seed=2, epochs=40, program=p, weights=weights)) for p in ("handmade", "keras"))
        assert one.squared_error == pytest.approx(other.squared_error, rel=1e-4)
        assert one.test_wrong == pytest.approx(other.test_wrong, abs=2)


@pytest.mark.parametrize(("examples", "tests"), [(64, 3072), (2048, 2048)])
def test_nothing_that_is_trained_on_is_tested_on(examples, tests):
    part = Engine(examples, 1).data
    sequences = [{tuple(sequence.ravel()) for sequence in inputs} for inputs, _ in (part.train, part.test)]
    assert [len(some) for some in sequences] == [examples, tests]
    assert not sequences[0] & sequences[1]
    assert Run(seed=1, examples=examples).tests == tests


@pytest.mark.long
def test_joblibs_processes_give_every_bit_of_one(results):
    done = {result.run: result for result in on_this_machine(SHORT, workers=2)}
    assert {task: without_seconds(done[task]) for task in SHORT} == {t: without_seconds(results[t]) for t in SHORT}


@pytest.mark.long
def test_cluster_that_loses_a_worker_gives_every_bit_of_one(results):
    from distributed import LocalCluster  # here: no other test of `make test` needs to import it

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        spread = on_cluster(SHORT, cluster.scheduler_address)
        done = [next(spread)]
        os.kill(next(iter(cluster.workers.values())).pid, signal.SIGKILL)
        done += spread
    assert sorted(map(without_seconds, done), key=str) == sorted(map(without_seconds, results.values()), key=str)


def test_study_that_is_stopped_goes_on_and_a_larger_one_reuses_a_smaller(tmp_path, monkeypatch, capsys):
    def short(seeds):
        return [Run(seed=seed, epochs=20) for seed in range(1, seeds + 1)]

    monkeypatch.setitem(studies.STUDIES, "whole", short)
    assert run("study", "whole", "--seeds", 1, "--workers", 1, "--out", tmp_path) == 0
    (file,) = tmp_path.iterdir()
    before = file.stat().st_mtime_ns
    assert run("study", "whole", "--seeds", 2, "--workers", 1, "--out", tmp_path) == 0
    assert file.stat().st_mtime_ns == before and len(list(tmp_path.iterdir())) == 2
    file.write_text(file.read_text().replace('"format": 1', '"format": 0'))
    assert run("study", "whole", "--seeds", 2, "--workers", 1, "--out", tmp_path) == 2
    assert f"{file} is not a result of format 1: format: Input should be 1; it is 0" in capsys.readouterr().err


def test_ctrl_c_keeps_what_is_done(tmp_path):
    command = [sys.executable, "-m", "compat_v1", "study", "draws", "--workers", "2", "--out", str(tmp_path / "out")]
    process = forked.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    time.sleep(3)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130 and "Traceback" not in said
    assert "stopped after 0 of 12 results; the same command goes on" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing"], "'nothing' is no study: there are weights, "),
        (["--seeds", "0"], "integers from 1 to"),
        (["--scheduler", "tcp://nowhere"], "no Dask scheduler answers there (missing port number"),
        (["--scheduler", "a:1", "--workers", "1"], "not allowed with"),
        (["--out", "/dev/null"], "results cannot be kept there"),
    ],
)
def test_study_says_what_is_wrong_with_what_it_was_given(tmp_path, arguments, said, capsys):
    out = [] if "--out" in arguments else ["--out", tmp_path]
    assert run("study", *arguments, *out) == 2
    assert said in capsys.readouterr().err


def test_search_stops_a_seed_at_its_first_line_that_does_not_fit_and_finds_103747():
    result = execute(Lines(first=DEFAULT_SEED - 2, count=4, search=True))
    seed, off, lines = published.nearest([result])
    assert seed == DEFAULT_SEED and off == pytest.approx(0.0022, abs=1e-4)
    record = golden("1.0.1", DEFAULT_SEED, 1).test
    assert [squared for _, squared in lines] == pytest.approx(record.squared_error[:3], rel=1e-6)
    assert [len(measured) for measured in result.lines] == [1, 1, 3, 1]
    assert sum(task.count for task in studies.tasks_of(["published-lines"])) == 28537


def test_runs_of_a_study_have_names_of_their_own():
    tasks = studies.tasks_of(studies.STUDIES)
    assert len({task.name for task in tasks}) == len(tasks) > 900
    assert runs.lines(4400) == [*range(20, 4001, 20), 4200, 4400]


def made(weights="post", seed=1, errors=(0.9, 0.4, 0.05), **changes):
    """A row with a test error a line, for a run of as many lines as there are errors."""
    task = Run(seed=seed, weights=weights, epochs=20 * len(errors), **changes)
    wrong = [round(error * task.tests) for error in errors]
    return table.Row(
        format=1,
        package="1.0.0",
        stack=Stack(python="3", tensorflow="2", numpy="2", cpu="none", onednn="off"),
        run=task,
        epochs=task.epochs,
        test_wrong=wrong,
        squared_error=[10.0 * count for count in wrong],
        train_wrong=[0 for _ in wrong],
        prediction=2.0,
        initial_sha256="0" * 64,
        final_sha256="0" * 64,
        seconds=1.0,
        command="none",
    )


@pytest.mark.parametrize(
    ("errors", "epochs"),
    [((0.9, 0.4, 0.05), 40), ((0.4, 0.6, 0.3), 60), ((0.9, 0.4, 0.6), np.inf), ((0.1, 0.1, 0.1), 20)],
)
def test_epochs_until_are_those_from_which_on_the_error_stays_below(errors, epochs):
    assert table.until(made(errors=errors), 0.5, 60) == epochs
    assert table.until(made(errors=errors), 0.5, 40) == (np.inf if errors[1] >= 0.5 else min(epochs, 40))


def test_intervals_and_tests_agree_with_what_is_known():
    """Against the normal's own interval, and against the log-rank test by hand of a textbook's kind of example."""
    values = np.random.default_rng(1).normal(5, 2, 400)
    effect = statistics.mean(values)
    half = 1.96 * values.std(ddof=1) / 20
    assert [effect.low, effect.high] == pytest.approx([effect.value - half, effect.value + half], abs=0.03)
    assert statistics.ratio_of_means([2, 4, 6], [1, 2, 3]).value == 2
    assert statistics.share(8, 10).low == pytest.approx(0.4902, abs=1e-4)  # Wilson's
    # One at a time: 1 of (2, 2) at 10, 1 of (1, 2) at 20; then one group is alone. Observed 2, expected 1/2 + 1/3.
    expected, variance = 1 / 2 + 1 / 3, 1 / 4 + 2 / 9
    chi = (2 - expected) ** 2 / variance
    assert statistics.log_rank([10, 20], [30, np.inf], 40) == pytest.approx(chi2.sf(chi, 1))


@pytest.mark.parametrize(
    ("low", "high", "n", "verdict"),
    [
        (0.5, 0.9, 30, "confirmed"),
        (1.1, 1.5, 30, "refuted"),
        (0.95, 1.05, 30, "not confirmed"),
        (0.8, 1.05, 30, "cannot be said"),
        (0.5, 0.9, 29, "cannot be said"),
    ],
)
def test_verdict_follows_its_rule(low, high, n, verdict):
    assert verdicts.of_ratio(statistics.Effect((low + high) / 2, low, high, n)) == verdict


def test_stored_results_come_back_and_of_another_version_are_refused(tmp_path):
    rows = [made(seed=seed) for seed in (2, 1)]
    table.store(tmp_path / "runs.gz", rows)
    assert sorted(table.load(tmp_path / "runs.gz"), key=lambda row: -row.run.seed) == rows
    content = (tmp_path / "runs.gz").read_bytes()
    table.store(tmp_path / "runs.gz", rows[::-1])
    assert (tmp_path / "runs.gz").read_bytes() == content
    (tmp_path / "runs.gz").write_bytes(gzip.compress(gzip.decompress(content).replace(b'"format":1', b'"format":2')))
    with pytest.raises(ValueError, match="holds no results of format 1"):
        table.load(tmp_path / "runs.gz")


def test_new_results_take_the_place_of_the_same_runs_and_others_stay(tmp_path):
    table.store(tmp_path / "runs.gz", [made(seed=seed) for seed in (1, 2)])
    new = made(seed=2).model_copy(update={"seconds": 1234.5})
    found = table.renewed(tmp_path / "runs.gz", [new, made(seed=3)])
    assert sorted(found, key=lambda row: row.run.seed) == [made(seed=1), new, made(seed=3)]
    assert table.renewed(tmp_path / "none.gz", [new]) == [new]


def test_make_study_does_every_run_that_the_claims_rest_on():
    stored = {row.run for row in table.load(ROOT / "docs/claims/runs.jsonl.gz")}
    assert stored == {*studies.tasks_of(studies.STUDIES), *studies.original(studies.SEEDS)}


@pytest.fixture(scope="module")
def stored():
    """The stored results."""
    return table.Runs(table.load(ROOT / "docs/claims/runs.jsonl.gz"))


@pytest.mark.parametrize(
    ("low", "high", "verdict"), [(0.1, 0.3, "confirmed"), (-0.3, -0.1, "refuted"), (-0.1, 0.1, "cannot be said")]
)
def test_one_reversed_part_refutes_the_second_claim(low, high, verdict, stored, monkeypatch):
    correlation = statistics.Effect((low + high) / 2, low, high, 500)
    monkeypatch.setattr(statistics, "rank_correlation", lambda *_: correlation)
    assert claims.claim_2(stored).verdict == verdict


def test_page_says_what_the_stored_results_say(stored):
    page, readme = ((ROOT / name).read_text() for name in ("docs/claims.md", "README.md"))
    assert "none gets there" in page and "nan" not in page
    for answer in claims.answers(stored):
        assert f"**{answer.verdict}**: {answer.effect}." in page
        assert f"- {answer.claim}: **{answer.verdict}**" in readme


def test_a_seed_that_two_studies_have_counts_once():
    def of(first, count):
        lines = [[(seed, 10.0 * seed)] * 3 for seed in range(first, first + count)]
        return LinesResult(**about(Lines(first=first, count=count, search=False)), lines=lines, seconds=0.0)

    numbers = six_numbers([of(0, 4), of(2, 4)])
    assert numbers[:, 3].tolist() == [0, 10, 20, 30, 40, 50]

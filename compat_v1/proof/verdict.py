"""Hold the record of a run to the original: what, the original, here, verdict."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from compat_v1.audit.validation import validate
from compat_v1.graph_file import read_graph
from compat_v1.proof.measured import (
    judge_against_tensorflow_1,
    judge_against_the_post,
    judge_every_bit,
    judge_finite,
    require_same_run,
)
from compat_v1.proof.rows import Judgement, Row, verdict
from compat_v1.proof.what_ran import judge_graph, judge_start
from compat_v1.records import Record, read_record
from compat_v1.training import load_data


def verify(
    record_file: str | Path,
    original_file: str | Path | None = None,
    progress: Callable[[int], None] = lambda epoch: None,
) -> Judgement:
    """Judge the run whose record is that file, with the graph that lies beside it; see `judge`.

    `original_file` is the record of the same run on the original's graph. Raises `OSError` if a file cannot be read,
    and `ValueError` if it is no record, or not one to be judged.
    """
    record = read_record(record_file)
    beside = read_record(original_file) if original_file else None
    rows = list(judge(record, beside, progress, graph_beside(record_file, record)))
    return Judgement(verdict(rows), rows)


def graph_beside(record_file: str | Path, record: Record) -> Any:
    """Return the `GraphDef` that ran, from the file beside the record; None if it is not there or another.

    `ValueError` if it is one that no program could have been.
    """
    graph_def = read_graph(record_file, record.graph_sha256) if record.graph_sha256 else None
    if graph_def:
        validate(graph_def)
    return graph_def


def judge(
    record: Record,
    beside: Record | None = None,
    progress: Callable[[int], None] = lambda epoch: None,
    graph_def: Any = None,
) -> Iterator[Row]:
    """Yield the verdict on a run of the port, `Row` after `Row`; `ValueError` if its data cannot be made.

    `beside` is the record of the same run on the original's graph. Without it, that graph is trained on the way, and
    `progress` called with each epoch that is done. `graph_def` is the graph that ran, for which a record has only its
    SHA-256. `ValueError` if the record is not of the port, or `beside` is not of the same run on the original's graph.
    """
    if record.graph == "original":
        raise ValueError("this is a run of the original's graph, not of the port: it stands beside one, as --original")
    if beside:
        require_same_run(record, beside)
    data = load_data(record.data.sequence_length, record.data.draw)
    yield from judge_start(record, data)
    yield judge_graph(record, graph_def)
    yield judge_finite(record)
    yield judge_every_bit(record, data, beside, progress)
    yield from judge_against_tensorflow_1(record)
    yield from judge_against_the_post(record)

"""Change a record in one place, everywhere and in many ways: does the verdict notice? `make record-mutations` tells.

A change counts that changes what was measured, or from what. Fields that only say where and how a run was made
(`WHERE_AND_HOW`) are changed too, and counted apart; of those, what the last digits depend on (`LAST_DIGITS`) must at
least end the proof bit by bit.
"""

import functools
import itertools
import json
import math
import sys
from collections import Counter
from contextlib import contextmanager

import numpy as np
import pytest

from compat_v1.environment import import_tensorflow

import_tensorflow()

from compat_v1.proof import verdict as verdict_module  # noqa: E402
from compat_v1.proof.rows import FAITHFUL, NOT_FAITHFUL, NOT_JUDGED, verdict  # noqa: E402
from compat_v1.proof.verdict import judge  # noqa: E402
from compat_v1.records import Record, series_names  # noqa: E402
from compat_v1.training import load_data  # noqa: E402
from original.record_format import DEFAULT_SEED, exactly  # noqa: E402
from trained_runs import judge_the_same_once, trained_port  # noqa: E402

WHERE_AND_HOW = {"stack.python", "stack.numpy", "package", "execution", "partial"}
LAST_DIGITS = {"stack.tensorflow", "stack.cpu", "stack.onednn"}
EXECUTIONS = {"fast": "post"}


def other_values(value):
    """Yield what stands in the place of a leaf, whatever it means."""
    yield from (None, [], {}, [value], "", "x", "\x1b[2J", 10**18, 10**400, math.nan, math.inf, -math.inf, 1e308)
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (value + 1, value - 1, -value, value * 10, value + 0.5, str(value))
    elif isinstance(value, float):
        up, down = (exactly(np.nextafter(np.float32(value), np.float32(end))) for end in (np.inf, -np.inf))
        yield from (up, down, -value, value + 1, value / 2, str(value))
    elif value in EXECUTIONS:
        yield from (EXECUTIONS[value], value.upper())
    else:
        other = "0" if value[0] != "0" else "1"
        yield from (other + value[1:], value[:-1], value + value[-1], value.upper(), value[::-1], value + "\n")


def changes(value, path=()):
    """Yield (path, changed value) for every change in one place of a JSON value."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield (*path, key), {name: other for name, other in value.items() if name != key}
            yield (*path, key), {(f"{name}_" if name == key else name): other for name, other in value.items()}
            yield from ((where, value | {key: changed}) for where, changed in changes(part, (*path, key)))
        for one, other in zip(value, list(value)[1:], strict=False):
            yield (*path, one), value | {one: value[other], other: value[one]}
        yield path, value | {"extra": 0}
    elif isinstance(value, list):
        for i, part in enumerate(value):
            yield (*path, i), value[:i] + value[i + 1 :]
            yield (*path, i), value[: i + 1] + value[i:]
            if i:
                yield (*path, i), [*value[: i - 1], part, value[i - 1], *value[i + 1 :]]
            yield from ((where, [*value[:i], changed, *value[i + 1 :]]) for where, changed in changes(part, (*path, i)))
        yield path, []
        yield path, value[::-1]
    else:
        yield from ((path, changed) for changed in other_values(value))


def field(path):
    """Return the field that a path leads to, without the place in a list."""
    return ".".join(str(part) for part in path if isinstance(part, str))


def notice(text):
    """Return how a record, as JSON, is taken: "refused", or the verdict with the rows, to the first that decides it."""
    rows = []
    try:
        for row in judge(Record.model_validate_json(text)):
            rows.append(row)
            if row.verdict == NOT_FAITHFUL:
                break
    except ValueError:
        return "refused", {}
    return verdict(rows), {row.key: row.verdict for row in rows}


def survey(record, every=1):
    """Return ({"noticed" or else: count of changes}, [what was not noticed]) for every change of a record, or each so
    many-th.
    """
    content = record.model_dump(exclude_none=True)
    assert notice(json.dumps(content))[0] == FAITHFUL
    counts, unnoticed = Counter(), []
    for path, changed in itertools.islice(changes(content), 0, None, every):
        if changed == content:
            continue
        where = field(path)
        result, rows = notice(json.dumps(changed))
        if result != FAITHFUL:
            counts["refused" if result == "refused" else "verdict turned"] += 1
        elif where in WHERE_AND_HOW:
            counts["where and how, and no more"] += 1
        elif where in LAST_DIGITS and rows["every-bit"] == NOT_JUDGED:
            counts["every bit not judged any more"] += 1
        else:
            counts["NOT NOTICED"] += 1
            unnoticed.append(path)
    return counts, unnoticed


@contextmanager
def remembering():
    """Compute what follows from seeds, data and epochs once for all changes: the data, an audit, the original's run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(verdict_module, "load_data", functools.cache(load_data))
        judge_the_same_once(patch)
        yield


def survey_of_a_run(epochs, every=1):
    """Train the port and return `survey` of its record, and the number of its values."""
    record = trained_port(load_data(6, 1), epochs=epochs, graph_seed=DEFAULT_SEED).record
    with remembering():
        return *survey(record, every), sum(len(record.series(*names)) for names in series_names())


def main(epochs):
    counts, unnoticed, values = survey_of_a_run(epochs)
    for what, count in counts.most_common():
        print(f"{count:6} {what}")
    noticed = counts["refused"] + counts["verdict turned"]
    share = noticed / (noticed + counts["NOT NOTICED"])
    print(f"{share:.2%} of the changes of what was measured are noticed, of a record of {values} values")
    print(*unnoticed, sep="\n", end="\n" if unnoticed else "")
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main(epochs=int(sys.argv[1]) if sys.argv[1:] else 160))

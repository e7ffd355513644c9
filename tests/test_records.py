"""The record: its schema, its documentation, what is refused, and that every change of it is noticed."""

import json
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compat_v1 import records
from compat_v1.proof.golden import OLD_STACKS, RECORDED, golden_runs
from compat_v1.records import LARGEST_FILE, Record, read_record, write_model
from original.record_format import write_json
from record_mutations import changes, survey_of_a_run
from trained_runs import run, trained_port

ROOT = Path(__file__).parent.parent
SCHEMA = json.loads((ROOT / "compat_v1" / "record.schema.json").read_text())


@pytest.fixture(scope="module")
def content(data):
    """A record of 20 epochs, as JSON has it."""
    return trained_port(data, epochs=20).record.model_dump(exclude_none=True)


def refuses(content):
    try:
        Record.model_validate_json(json.dumps(content))
    except ValueError:
        return True
    return False


def test_schema_that_is_shipped_is_that_of_the_type_and_each_field_is_documented():
    assert records.schema() == (ROOT / "compat_v1" / "record.schema.json").read_text(), (
        "python -m compat_v1.records > compat_v1/record.schema.json"
    )
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    documented = set(re.findall(r"^\| `([\w.]+)`", (ROOT / "docs" / "record.md").read_text(), re.M))
    parts = {"stack": "Stack", "data": "DataSet", "test": "TestSeries", "train": "TrainSeries"}
    fields = set(SCHEMA["properties"]) - set(parts)
    fields |= {f"{part}.{name}" for part, kind in parts.items() for name in SCHEMA["$defs"][kind]["properties"]}
    assert documented == fields


def test_what_the_schema_refuses_is_refused(content):
    """Another program's judgement, jsonschema's: it knows all rules but those across fields."""
    validator = jsonschema.Draft202012Validator(SCHEMA)
    assert validator.is_valid(content) and not refuses(content)
    changed = [new for _, new in changes(content) if not validator.is_valid(new)]
    assert len(changed) > 1000
    assert [new for new in changed if not refuses(new)] == []


@pytest.mark.parametrize("version", OLD_STACKS)
def test_golden_records_are_read_and_written_again_byte_for_byte(version, tmp_path):
    for seed, draw in golden_runs():
        path = RECORDED / f"tf{version}" / f"seed{seed}_draw{draw}.json"
        write_model(tmp_path / "again.json", read_record(path))
        assert (tmp_path / "again.json").read_bytes() == path.read_bytes()
        jsonschema.validate(json.loads(path.read_text()), SCHEMA)


def test_record_is_read_as_it_was_written_also_where_the_run_diverged(data, tmp_path):
    record = trained_port(data, epochs=40).record
    record.test.squared_error = [float("inf"), float("nan")]
    write_model(tmp_path / "record.json", record)
    again = read_record(tmp_path / "record.json")
    dumped = [json.dumps(one.model_dump(), sort_keys=True) for one in (record, again)]
    assert dumped[0] == dumped[1] and "NaN" in dumped[0] and "Infinity" in dumped[0]
    assert run("verify", tmp_path / "record.json") == 1, "what is not finite is no measurement"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        '"record"',
        "[" * 100_000,
        '{"format": ' + "[" * 100_000 + "]" * 100_000 + "}",
        '{"format": ' + "9" * 400 + "}",
        '{"format": ' + "9" * 5000 + "}",
        '{"format": 1e400}',
        '{"graph": "\\ud800"}',
        '{"\\u001b[2J": 1}',
        b"\xff\xfe\x00",
        b'{"format": 2' + b" " * LARGEST_FILE + b"}",
    ],
    ids=[f"text{number}" for number in range(13)],
)
@pytest.mark.parametrize("command", ["verify", "explain"])
def test_what_is_no_record_is_refused_in_one_printable_line(text, command, tmp_path, capsys):
    (tmp_path / "record.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    assert run(command, tmp_path / "record.json") == 2
    error = capsys.readouterr().err
    assert len(error.splitlines()) == 1 and error.strip().isprintable() and len(error) < 500 + len(str(tmp_path))


LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
JSON = st.recursive(LEAVES, lambda part: st.lists(part) | st.dictionaries(st.text(), part))


@pytest.fixture(scope="module")
def file(content, tmp_path_factory):
    """The file of that record, in a folder of its own."""
    path = tmp_path_factory.mktemp("records") / "record.json"
    path.write_text(json.dumps(content))
    return path


@settings(max_examples=200, deadline=None)
@given(drawn=st.data())
def test_any_value_in_any_field_is_taken_or_refused_in_one_line(file, drawn):
    """What is taken is another writing of the same, or says where and how the run was made."""
    content = json.loads(file.read_text())
    paths = [(name,) for name in content] + [("stack", "cpu"), ("data", "draw"), ("test", "error"), ("train", "epoch")]
    *parents, name = drawn.draw(st.sampled_from(paths))
    place = content
    for parent in parents:
        place = place[parent]
    place[name] = drawn.draw(JSON)
    changed = file.with_name("changed.json")
    changed.write_text(json.dumps(content))
    try:
        record = read_record(changed)
    except ValueError as error:
        assert str(error).isprintable() and len(str(error)) < 500
    else:
        assert record.model_dump(exclude_none=True) == content


@pytest.mark.parametrize("path", ["/dev/null", ".", "no-such", "x" * 300])
def test_path_of_no_record_is_refused(path, capsys):
    assert run("verify", path) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize("every", [30, *(pytest.param(one, marks=pytest.mark.long) for one in (10, 1))])
def test_change_in_one_place_of_what_was_measured_is_noticed(every):
    """Of a short record; `make record-mutations` does it to a longer one and prints the shares."""
    counts, unnoticed, _ = survey_of_a_run(epochs=20, every=every)
    assert unnoticed == []
    assert every * counts["verdict turned"] > 300 and every * counts["refused"] > 2000


def test_reading_imports_no_tensorflow():
    program = "import sys; from compat_v1 import records; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT).returncode == 0


def test_both_formats_share_what_is_written(tmp_path, content):
    record = Record.model_validate(content)
    write_model(tmp_path / "one.json", record)
    write_json(str(tmp_path / "other.json"), content)
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "other.json").read_bytes()

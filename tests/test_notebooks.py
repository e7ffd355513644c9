"""The stored notebooks are whole, show what their code gives, and whatever is changed about them makes a check fail."""

import re
import runpy
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbval.plugin import find_comment_markers, get_sanitize_patterns

from compat_v1.proof.golden import golden
from original.record_format import DEFAULT_SEED, HORIZON

FOLDER = Path(__file__).parent.parent / "notebooks"
SANITIZERS = FOLDER / "nbval_sanitize.cfg"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
executed_sha256 = runpy.run_path(str(FOLDER / "execute.py"))["executed_sha256"]


def read(path):
    return nbformat.read(path, as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def sanitized(text):
    for regex, replacement in get_sanitize_patterns(SANITIZERS.read_text()):
        text = re.sub(regex, replacement, text)
    return text


def test_there_are_six_notebooks():
    expected = ["any_length", "case_drawn_in_training", "claims", "out_of_the_box_lstm", "porting_tf1", "selfmade_lstm"]
    assert [path.stem for path in NOTEBOOKS] == expected


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_stored_as_it_was_executed(path):
    notebook = read(path)
    assert notebook.metadata.executed_sha256 == executed_sha256(notebook), "edited since: make execute-notebooks"
    assert notebook.metadata.kernelspec.name == "python3"
    cells = code_cells(notebook)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1)), "not run once, from the top"
    for cell in cells:
        assert not cell.metadata.get("tags") and not list(find_comment_markers(cell.source)), "a cell escapes nbval"
        for output in cell.outputs:
            assert output.output_type != "error" and output.get("name") != "stderr", "noise is stored"
            assert set(output.get("data", {})) <= {"text/plain", "image/png"}, "not every page can show this"
    assert path.stat().st_size < 500_000


def test_edit_is_noticed_even_where_nbval_does_not_look():
    stored = read(FOLDER / "selfmade_lstm.ipynb").metadata.executed_sha256
    changes = set()
    for what in ("a remark", "a picture", "a loss past the horizon"):
        notebook = read(FOLDER / "selfmade_lstm.ipynb")
        outputs = [output for cell in code_cells(notebook) for output in cell.outputs]
        if what == "a remark":
            code_cells(notebook)[0].source += "\n# a remark"
        elif what == "a picture":
            picture = next(output.data for output in outputs if "image/png" in output.get("data", {}))
            picture["image/png"] = picture["image/png"].replace("A", "B", 1)
        else:
            losses = next(output for output in outputs if "Epoch 4000" in output.get("text", ""))
            losses.text = losses.text[:-3] + str(9 - int(losses.text[-2])) + "\n"
        changes.add(executed_sha256(notebook))
    assert len(changes - {stored}) == 3


@pytest.mark.long
def test_nbval_finds_the_edit_the_tampered_output_and_the_changed_graph_and_nothing_else(tmp_path):
    """On a copy of the notebook up to the audit, which trains nothing."""
    notebook = read(FOLDER / "selfmade_lstm.ipynb")
    (audited,) = (number for number, cell in enumerate(notebook.cells) if "assert result.is_faithful" in cell.source)
    del notebook.cells[audited + 1 :]
    cells = code_cells(notebook)

    def change(what, new, number, where):
        assert where.count(what) == 1, f"{what!r} must stand once in cell {number}"
        return where.replace(what, new)

    def number_of(text):
        (number,) = (number for number, cell in enumerate(cells) if text in cell.source)
        return number

    edited = number_of("reference_input_data, reference_output_data = getSequences(6)")
    cells[edited].source = change("getSequences(6)", "getSequences(6, draw=1)", edited, cells[edited].source)
    tampered = number_of("for draw in range(1, 7):")
    (output,) = cells[tampered].outputs
    output.text = change("77.41%", "77.42%", tampered, output.text)
    forget_gate = number_of("W_f, _ = default_weights_and_bias()")
    cells[forget_gate].source = change("constant(1.0,", "constant(0.0,", forget_gate, cells[forget_gate].source)

    nbformat.write(notebook, tmp_path / "copy.ipynb")
    (tmp_path / "drawings.py").write_text((FOLDER / "drawings.py").read_text())
    command = [sys.executable, "-m", "pytest", "-q", "-rf", "-p", "no:cacheprovider", "--nbval", "--nbval-current-env"]
    run = subprocess.run(
        [*command, "--nbval-sanitize-with", str(SANITIZERS), "copy.ipynb"], cwd=tmp_path, capture_output=True, text=True
    )
    failed = {int(number) for number in re.findall(r"^FAILED .*::Cell (\d+)", run.stdout, re.M)}
    assert failed == {edited, tampered, number_of("assert result.is_faithful")}, run.stdout


def test_losses_are_compared_as_text_through_the_horizon_and_never_after():
    for epoch, line in golden("1.0.1", DEFAULT_SEED, 1).printed_lines().items():
        if epoch <= HORIZON:
            assert sanitized(line) == line
        else:
            assert not re.search(r"\d", sanitized(line).partition("|")[2]), f"digits past the horizon: {line}"


def test_only_numbers_after_the_sign_for_about_are_left_out():
    assert sanitized("0.5 ≈ 3.2e-07, right is 2") == "0.5 (about), right is 2"
    assert sanitized("wrong on ≈ 1.24% of 3072") == "wrong on (about)% of 3072"
    assert sanitized("wrong on ≈ nan% of 3072") == "wrong on ≈ nan% of 3072"

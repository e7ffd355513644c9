"""The public names: docs/api.md does what it says, and importing the package imports no TensorFlow."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import tensorflow.compat.v1 as tf
from compat_v1.original.record_format import DEFAULT_SEED

import compat_v1
from compat_v1.proof.golden import golden

PAGE = Path(__file__).parent.parent / "docs" / "api.md"


def test_page_does_what_it_says_in_four_lines_each(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    programs = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.S)
    names: dict = {}
    for program in programs:
        assert len(program.replace("\n\n", "\n").splitlines()) <= 4
        exec(program, names)
        if "graph" in names and not (tmp_path / "old.pb").exists():  # what the page takes for granted
            for name in ("old.pb", "new.pb"):
                (tmp_path / name).write_bytes(names["graph"].as_graph_def().SerializeToString())
    assert isinstance(names["network"].data, tf.Tensor)
    printed = capsys.readouterr().out.splitlines()
    assert printed[:3] == [golden("1.0.1", DEFAULT_SEED, 1).printed_lines()[20], "faithful", "faithful"]
    assert printed[-1] == "True" and len(programs) == 4


def test_every_public_name_is_there_and_no_other():
    assert set(dir(compat_v1)) == {*compat_v1.__all__, "__version__"}
    for name in compat_v1.__all__:
        assert getattr(compat_v1, name).__doc__
    with pytest.raises(AttributeError, match="has no attribute 'no_such_name'"):
        _ = compat_v1.no_such_name


def run_in_a_fresh_process(code):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)


def test_tensorflow_is_imported_with_the_first_name_and_not_before():
    code = """
import os, sys
import compat_v1
assert "tensorflow" not in sys.modules and "numpy" not in sys.modules
dir(compat_v1), compat_v1.__version__
assert "tensorflow" not in sys.modules and "TF_ENABLE_ONEDNN_OPTS" not in os.environ
from compat_v1 import train
assert "tensorflow" in sys.modules and os.environ["TF_ENABLE_ONEDNN_OPTS"] == "0"
assert "keras" not in sys.modules and "matplotlib" not in sys.modules  # a third of the time that the import takes
import gc, tensorflow
assert gc.isenabled() and tensorflow.keras.optimizers.Adam
"""
    run_in_a_fresh_process(code)


@pytest.mark.long
def test_tensorflow_that_was_imported_before_keeps_its_settings():
    code = """
import os, tensorflow, compat_v1
compat_v1.build_graph
assert "TF_ENABLE_ONEDNN_OPTS" not in os.environ and tensorflow.executing_eagerly()
"""
    run_in_a_fresh_process(code)

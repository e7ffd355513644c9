"""`make`, in a folder of its own: what it prints and makes, and that nothing which it is given reaches a shell."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from compat_v1.records import read_record

ROOT = Path(__file__).parent.parent
needs_environment = pytest.mark.skipif(
    not (ROOT / ".venv/ready").exists(), reason="make would set up its environment first"
)


def linked(folder):
    """Give a folder everything of the project by links, its environment too, but for what it runs, and return it."""
    for path in ROOT.iterdir():
        if path.name != "runs":
            (folder / path.name).symlink_to(path)
    return folder


@pytest.fixture
def folder(tmp_path):
    return linked(tmp_path)


def make(folder, *arguments, **environment):
    """Run make as a user does: nothing that a `make test` around it exports."""
    inherited = {n: value for n, value in os.environ.items() if not n.startswith(("MAKE", "MFLAGS", "PYTHON27"))}
    return subprocess.run(
        ["make", "-s", *arguments],
        cwd=folder,
        env={**inherited, **environment},
        capture_output=True,
        text=True,
        timeout=400,
    )


@pytest.fixture(scope="module")
def reproduced(tmp_path_factory):
    """(a folder in which `make reproduce` was run, what that printed)"""
    folder = linked(tmp_path_factory.mktemp("reproduced"))
    done = make(folder, "reproduce", "EPOCHS=40", "SEED=5", DRAW="not to be asked")
    assert done.returncode == 0, done.stderr
    return folder, done


@needs_environment
def test_reproduce_trains_both_graphs_and_ends_with_the_verdict(reproduced):
    folder, done = reproduced
    (judged,) = (line for line in done.stdout.splitlines() if line.startswith("every bit of the run"))
    assert "equal: 42 values, 33 variables" in judged
    assert "time, beside it: " in done.stderr
    (run,) = (path for path in (folder / "runs").iterdir() if path.name != "latest")
    assert done.stdout.splitlines()[-2:] == ["FAITHFUL", f"report: runs/{run.name}/record.html"]
    assert (folder / "runs" / "latest").resolve() == run.resolve()
    for name, graph in (("record", "port"), ("original_graph", "original")):
        record = read_record(run / f"{name}.json")
        assert (record.graph, record.graph_seed, record.epochs) == (graph, 5, 40)
        assert record.data.draw == 1
    assert (run / "record.html").is_file()


@pytest.mark.long
@needs_environment
def test_compare_writes_the_page_beside_the_record_of_the_newest_run(reproduced):
    folder, _ = reproduced
    page = (folder / "runs" / "latest").resolve() / "record.html"
    page.unlink()
    done = make(folder, "compare")
    assert done.returncode == 0, done.stderr
    assert page.is_file() and done.stdout.endswith("FAITHFUL\nreport: runs/latest/record.html\n")


@needs_environment
def test_reproduce_says_what_is_wrong_with_what_it_was_given(folder):
    done = make(folder, "reproduce", "SEED=-1")
    assert done.returncode == 2
    assert "'-1': integers from 0 to" in done.stderr and "Traceback" not in done.stderr


@needs_environment
@pytest.mark.parametrize(
    "value",
    [
        "$(shell touch made)",
        *(
            pytest.param(value, marks=pytest.mark.long)
            for value in ("'; touch made; '", "`touch made`", "$(touch made)", '"; touch made', "1\ntouch made")
        ),
    ],
)
def test_nothing_that_make_is_given_reaches_a_shell(folder, value):
    given = [f"{name}={value}" for name in ("SEED", "LOGDIR", "RUN")]
    done = make(folder, "-k", "reproduce", "tensorboard", "compare", *given)
    assert done.returncode == 2 and not (folder / "made").exists()
    assert all(found in done.stderr for found in ("are allowed", "holds no run", "No such file")), done.stderr
    assert done.stderr.count(value.split()[0].strip("'\"")) >= len(given)


def test_help_fits_a_screen_and_names_every_target(folder):
    lines = make(folder, "help").stdout.splitlines()
    assert len(lines) <= 24 and max(map(len, lines)) <= 80
    text = (ROOT / "Makefile").read_text()
    phony = text.split(".PHONY:")[1].split("\n\n")[0].replace("\\\n", " ").split()
    assert set(phony) - {"help"} <= set(re.findall(r"[\w-]+", " ".join(lines)))


@pytest.mark.parametrize(
    ("target", "variable", "message"),
    [
        (".venv/ready", "PYTHON", "Python 3.10 to 3.13 is missing: install one, or name it with PYTHON=."),
        ("original", "PYTHON27", "Python 2.7 is missing: install it"),
        ("record", "PYTHON27", "Python 2.7 is missing: install it"),
    ],
)
def test_what_is_missing_is_named(tmp_path, target, variable, message):
    for name in ("Makefile", "requirements.lock", "original"):
        (tmp_path / name).symlink_to(ROOT / name)
    nothing = tmp_path / "bin"
    nothing.mkdir()
    for program in ("make", "sh", "mkdir", "touch", "rm", "uname", "date"):
        (nothing / program).symlink_to(
            next(p for p in (Path("/bin"), Path("/usr/bin")) if (p / program).exists()) / program
        )
    done = make(tmp_path, target, PATH=str(nothing), HOME=str(tmp_path), PYENV_ROOT=str(tmp_path))
    assert done.returncode == 2 and message in done.stderr, done

"""The wheel and the sdist, built and installed for real: what is in them, and that they work wherever a user stands."""

import email
import os
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

from compat_v1 import __version__

ROOT = Path(__file__).parent.parent
# Names of modules that this project, its dependencies or Python itself have, and that a user's folder may have as well.
COMMON = (
    "data_generator",
    "graph",
    "logs",
    "records",
    "training",
    "original",
    "tests",
    "compat_v2",
    "numpy",
    "tensorflow",
)
COMMON += (
    "pydantic",
    "tqdm",
    "random",
    "re",
    "typing",
    "pathlib",
    "json",
    "signal",
    "tempfile",
    "argparse",
    "copy",
    "queue",
)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """(wheel, sdist)"""
    folder = tmp_path_factory.mktemp("built")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", folder], cwd=ROOT, check=True, capture_output=True
    )
    return next(folder.glob("*.whl")), next(folder.glob("*.tar.gz"))


@pytest.fixture(scope="module")
def installed(built, tmp_path_factory):
    """The programs of an environment into which pip installed the wheel, beside the dependencies of this one."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    bin_folder = folder / ("Scripts" if os.name == "nt" else "bin")
    python = bin_folder / "python"
    site = subprocess.run(
        [python, "-c", "import site; print(site.getsitepackages()[0])"], capture_output=True, text=True
    )
    # A .pth file's lines are folders; the .pth files in those are not read: so this checkout itself is not installed.
    (Path(site.stdout.strip()) / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index", built[0]]
    subprocess.run(pip, check=True, cwd=folder)
    return bin_folder


def ran(command, folder, **environment):
    """Run a command in a folder, with nothing of this checkout in its environment."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environment = {**inherited, **environment}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=400)


@pytest.fixture(params=["as the program", pytest.param("as the module", marks=pytest.mark.long)])
def command(request, installed):
    return (
        [installed / "selfmade-lstm"]
        if request.param == "as the program"
        else [installed / "python", "-m", "compat_v1"]
    )


@pytest.fixture
def crowded(tmp_path):
    """A working folder with modules that go by every common name, and tell when they are imported."""
    for name in COMMON:
        code = f"import sys; sys.stderr.write('HIDDEN BY {name}\\n')\nthis_is_not_{name} = 1\n"
        if name in ("original", "tests"):
            (tmp_path / name).mkdir()
            (tmp_path / name / "__init__.py").write_text(code)
        else:
            (tmp_path / f"{name}.py").write_text(code)
    return tmp_path


def test_wheel_claims_one_name_and_holds_what_is_needed_and_nothing_else(built):
    with zipfile.ZipFile(built[0]) as wheel:
        names = wheel.namelist()
        metadata = email.message_from_bytes(wheel.read(f"selfmade_lstm-{__version__}.dist-info/METADATA"))
    assert {name.partition("/")[0] for name in names} == {"compat_v1", f"selfmade_lstm-{__version__}.dist-info"}
    assert metadata["Version"] == __version__
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True).stdout.split("\n")
    packaged = {name for name in names if name.startswith("compat_v1/")}
    ours = {name for name in tracked if name.startswith("compat_v1/")}
    if ours:  # in a checkout, not in an unpacked sdist
        assert {name for name in packaged if not name.startswith(("compat_v1/original/", "compat_v1/data_gen"))} == ours
    top = {f"compat_v1/original/{name}" for name in ("__init__.py", "probes.py", "published.json", "record_format.py")}
    originals = {name for name in packaged if name.startswith("compat_v1/original/")}
    recorded = {name for name in originals if name.startswith("compat_v1/original/recorded/")}
    assert originals - recorded == top
    records = (path.relative_to(ROOT).as_posix() for path in (ROOT / "original/recorded").rglob("*") if path.is_file())
    assert recorded == {f"compat_v1/{name}" for name in records}


def test_sdist_holds_tests_and_docs_and_builds_the_same_wheel(built, tmp_path):
    wheel, sdist = built
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (folder,) = tmp_path.iterdir()
    for name in ("tests/test_package.py", "docs/api.md", "README.md", "LICENSE", "CITATION.cff", "Makefile"):
        assert (folder / name).is_file(), name
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path / "again"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    assert (tmp_path / "again" / wheel.name).read_bytes() == wheel.read_bytes()


COMMANDS = [
    (["reproduce", "--epochs", "20"], "\nFAITHFUL\n"),
    (["explain", "runs/latest/record.json"], "op seeds: the same"),
    (["audit"], "\nFAITHFUL\n"),
    (["predict", "--checkpoint", "runs/latest/checkpoint", "00-+++"], "(right: "),
    (["play", "--", "-I+"], "network"),
]


def assert_work(command, commands, folder):
    for arguments, found in commands:
        done = ran([*command, *arguments], folder)
        assert done.returncode == 0 and found in done.stdout, (arguments, done)
        assert "HIDDEN" not in done.stderr
    for log in folder.glob("runs/*/original_graph.log"):
        assert "HIDDEN" not in log.read_text()


def test_command_works_in_a_folder_of_other_modules(command, crowded):
    assert_work(command, COMMANDS[-1:], crowded)


@pytest.mark.long
def test_every_command_works_in_a_folder_of_other_modules(installed, crowded):
    assert_work([installed / "python", "-m", "compat_v1"], COMMANDS, crowded)


@pytest.mark.parametrize("name", ["numpy", "random", "tensorflow", "json", "pydantic"])
def test_module_in_pythonpath_that_hides_another_is_named(command, crowded, name):
    hiding = crowded / "hiding"
    hiding.mkdir()
    (hiding / f"{name}.py").write_text("x = 1\n")
    done = ran([*command, "train", "--epochs", "1"], crowded, PYTHONPATH=str(hiding))
    assert done.returncode == 2 and "Traceback" not in done.stderr
    *_, error, hint = done.stderr.splitlines()
    assert error.startswith("error: ")
    assert (
        hint
        == f"{hiding}/{name}.py hides {name}, which this program needs: rename it, or take its folder out of PYTHONPATH"
    )


def test_dependency_that_is_not_installed_is_named(tmp_path):
    command = [sys.executable, "-S", "-c", "import sys; from compat_v1.__main__ import main; sys.exit(main())"]
    done = ran(command, tmp_path, PYTHONPATH=str(ROOT))
    assert done.returncode == 2
    assert done.stderr == (
        "error: ModuleNotFoundError: No module named 'numpy'\n"
        "what the package needs is not installed here: `pip install selfmade-lstm` installs it\n"
    )


def test_error_that_no_hidden_module_explains_stays_a_traceback(tmp_path):
    code = "import compat_v1.cli as c; c.main = lambda: 1 / 0; from compat_v1.__main__ import main; main()"
    done = ran([sys.executable, "-c", code], tmp_path, PYTHONPATH=str(ROOT))
    assert done.returncode == 1 and done.stderr.endswith("ZeroDivisionError: division by zero\n")

"""Try the wheel beside each TensorFlow of the range, and write docs/matrix.md: `make matrix`, hours on two cores.

Each cell of the matrix is an environment of its own, which is removed again: TensorFlow is installed first, then the
wheel, which must leave everything that is there as it is. `TF=2.16` tries that TensorFlow alone. Needs the Pythons,
found in the PATH or in pyenv's folder, and 3 GB of disk; uses uv where it is there, else the newest pip.
"""

import contextlib
import datetime
import importlib.metadata
import io
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "matrix.md"
# The oldest and the newest Python that TensorFlow's wheels and this package have in common.
CELLS = {
    "2.15": ("3.10", "3.11"),
    "2.16": ("3.10", "3.12"),
    "2.17": ("3.10", "3.12"),
    "2.18": ("3.10", "3.12"),
    "2.19": ("3.10", "3.12"),
    "2.20": ("3.10", "3.13"),
    "2.21": ("3.10", "3.13"),
}
EPOCHS, UPDATES = 200, 20
SIGNS = "+I+-0I--+I" * 20
HEAD = "TensorFlow | Python | NumPy | every bit of 200 epochs | audit | printed lines | any length | verdict | date"


def find_python(version):
    """Return the path of a Python of that version; `SystemExit` with a sentence if there is none."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for python in (shutil.which(f"python{version}"), *pyenv.glob(f"{version}.*/bin/python")):  # the first may be a shim
        if python and not subprocess.run([python, "-c", "import venv, ensurepip"], capture_output=True).returncode:
            return str(python)
    sys.exit(f"Python {version} is missing: pyenv install {version} installs it.")


def installed(python):
    """Return {package: version} of an environment."""
    code = "import importlib.metadata as m, json; print(json.dumps({d.name: d.version for d in m.distributions()}))"
    return json.loads(subprocess.run([python, "-c", code], check=True, capture_output=True, text=True).stdout)


def try_cell(tensorflow, version, wheel):
    """Return the row of the table, a list of texts, of one TensorFlow and one Python."""
    with tempfile.TemporaryDirectory() as folder:
        base, python = find_python(version), str(Path(folder) / "environment/bin/python")
        subprocess.run([base, "-m", "venv", "--upgrade-deps", Path(folder) / "environment"], check=True)
        uv = shutil.which("uv")
        install = [uv, "pip", "install", "--python", python] if uv else [python, "-m", "pip", "install"]
        subprocess.run([*install, "--quiet", f"tensorflow=={tensorflow}.*"], check=True, cwd=folder)
        before = installed(python)
        done = subprocess.run([*install, "--quiet", wheel], cwd=folder)
        if done.returncode or before.items() - installed(python).items():
            what = "the wheel's installation changes what is there" if not done.returncode else "cannot be installed"
            return [before["tensorflow"], version, before["numpy"], *[""] * 4, what, f"{datetime.date.today()}"]
        # Isolated: nothing of this checkout, neither by the working folder nor by PYTHONPATH.
        done = subprocess.run([python, "-I", __file__, "--inside"], cwd=folder, stdout=subprocess.PIPE, text=True)
        return json.loads(done.stdout.splitlines()[-1])


def command(*arguments):
    """Run a command of the package in this process and return (exit status, what it printed)."""
    from compat_v1.cli import main

    with contextlib.redirect_stdout(io.StringIO()) as output:
        status = main(arguments)
    return status, output.getvalue()


def row_of_this_environment():
    """Return the row of the table for the environment that runs this."""
    trained, _ = command("train", f"--epochs={EPOCHS}", "--record=run.json")
    status, text = command("verify", "--json", "run.json")
    here = {row["key"]: row["here"] for row in json.loads(text)["rows"]}
    audited, differences = command("audit")
    statuses = [trained, status, audited, command("train-any-length", f"--updates={UPDATES}", "--checkpoint=any")[0]]
    right = []
    for weights in ("hand", "trained"):
        played, text = command("play", "--json", f"--weights={weights}", SIGNS)
        statuses.append(played)
        right += [round(step["network"]) == step["sum"] for step in json.loads(text)["steps"]]
    versions = [
        importlib.metadata.version("tensorflow"),
        platform.python_version(),
        importlib.metadata.version("numpy"),
    ]
    lengths = f"{sum(right)} of {len(right)} answers right"
    good = not any(statuses) and all(right)
    measured = [here["every-bit"], differences.splitlines()[-1].lower(), here["printed-lines"], lengths]
    return [*versions, *measured, "FAITHFUL" if good else f"fails: {statuses}", f"{datetime.date.today()}"]


def publish(rows):
    """Put the rows into the page; those of TensorFlows that were not tried now stay."""
    before, table = PAGE.read_text().split("<!-- matrix -->\n")
    table, after = table.split("<!-- end matrix -->")
    kept = [line.strip("| \n").split(" | ") for line in table.splitlines()[2:]]
    tried = {row[0].rpartition(".")[0] for row in rows}
    rows = sorted([*rows, *(row for row in kept if row[0].rpartition(".")[0] not in tried)])
    lines = [HEAD.split(" | "), ["---"] * len(HEAD.split(" | ")), *rows]
    text = "".join("| " + " | ".join(line) + " |\n" for line in lines)
    PAGE.write_text(f"{before}<!-- matrix -->\n{text}<!-- end matrix -->{after}")


def main():
    only = os.environ.get("TF") or None
    if only and only not in CELLS:
        sys.exit(f"TF={only}: {', '.join(CELLS)} are tried")
    with tempfile.TemporaryDirectory() as folder:
        build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder]
        subprocess.run(build, check=True, cwd=ROOT, capture_output=True)
        (wheel,) = Path(folder).glob("*.whl")
        is_good = True
        for tensorflow in [only] if only else CELLS:
            rows = []
            for python in CELLS[tensorflow]:
                rows.append(try_cell(tensorflow, python, wheel))
                print(" | ".join(rows[-1]), flush=True)
                is_good &= rows[-1][-2] == "FAITHFUL"
            publish(rows)
    return not is_good


if __name__ == "__main__":
    if sys.argv[1:] == ["--inside"]:
        print(json.dumps(row_of_this_environment()))
    else:
        sys.exit(main())

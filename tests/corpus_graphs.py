"""The corpus's graphs: those that old releases recorded, and today's, which are built here and now."""

import functools
import os
import subprocess
import sys
from pathlib import Path

import tensorflow.compat.v1 as tf

from compat_v1.audit import read_graph_def
from compat_v1.audit.comparison import audit_graphs, readable, shapes_of_placeholders

CORPUS = Path(__file__).parent / "corpus"
RECORDED = CORPUS / "recorded"
RELEASES = ("tf1.0.1", "tf1.15.5")
# Each program with each old release that could build it.
PAIRS = [(path.parent.name, path.name.partition(".")[0]) for path in sorted(RECORDED.glob("tf*/*.pb.gz"))]

# Faithful ports that the audit still calls not faithful: what TensorFlow changed there has no rule yet.
NO_RULE_YET = {
    "tf1.0.1": ("partitioned",),
    "tf1.15.5": (),
}


# Of each program's mistakes `make test` has the first, and `make test-long` the others.
FIRST_MISTAKES = 1


def build_today(folder, mistakes=0, begin=0, together=False):
    """Build the corpus by today's TensorFlow into `folder`, in other processes, and return the folder.

    `mistakes`: how many of each program's planted mistakes to build too, None for all; `begin`: with which, and then
    without the programs themselves; `together`: many graphs a process, which takes half the time and gives functions
    other names.

    The programs need legacy Keras and TensorFlow 1's behaviour, switches of a whole process: this one stays as it was.
    """
    command = [sys.executable, "-W", "ignore", str(CORPUS / "build.py"), str(folder)]
    command += ["--mistakes"] if mistakes is None else [f"--mistakes={mistakes}"]
    done = subprocess.run(
        [*command, f"--begin={begin}"] + ["--together"] * together,
        env={**os.environ, "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"today's TensorFlow does not build the corpus:\n{done.stderr}")
    return Path(folder)


@functools.cache
def _content(release, name):
    return read_graph_def(RECORDED / release / f"{name}.pb.gz").SerializeToString()


def recorded(release, name):
    """Return the GraphDef of a program as an old release built it: one to edit, read and validated once."""
    return tf.GraphDef.FromString(_content(release, name))


_read = {}  # {(a GraphDef's bytes, the shapes it was read with): its Graph}


def audited(original, port, roles=None):
    """Audit as `audit` does; an original is read once for all its ports."""
    shapes = shapes_of_placeholders(original, port)
    key = original.SerializeToString(deterministic=True), repr(shapes)
    if key not in _read:
        _read[key] = readable(original, shapes)
    return audit_graphs(_read[key], readable(port), roles)


def report(result):
    """Return what an audit says to a user: a mutant is noticed if this changes."""
    return repr((result.verdict, result.differences, result.numbers, sorted(map(str, result.not_compared))))

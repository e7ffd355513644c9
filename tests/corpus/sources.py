"""The corpus's programs as text, with or without a mistake planted. Runs under Python 2.7 and 3; imports no TensorFlow.

A program has `build(tf)`, which builds its whole graph; `MISTAKES`, pairs of what stands in it once or first and what
would be wrong there; and `SINCE`, the first TensorFlow that has its idiom, if that is not 1.0: of the larger programs
the first of those releases under which `make audit-larger` builds them.
"""

import glob
import os

# Of each call: see calls.py.
KINDS = ("forward", "plain", "gated", "updated", "looped", "branched", "colocated", "placed")

_HERE = os.path.dirname(os.path.abspath(__file__))


def names(folder="programs"):
    """Return the names of all programs: the tests' in "programs", those of `make audit-larger` in "larger"."""
    paths = glob.glob(os.path.join(_HERE, folder, "*.py"))
    return sorted(os.path.splitext(os.path.basename(path))[0] for path in paths)


def calls():
    """Return the lines of calls.txt: expressions of the names that calls.py gives them."""
    with open(os.path.join(_HERE, "calls.txt")) as f:
        return f.read().splitlines()


def text(name, folder="programs"):
    with open(os.path.join(_HERE, folder, name + ".py")) as f:
        return f.read()


def without_mistakes(source):
    """Return what a program's graph depends on: its text but for the planted mistakes."""
    return source.partition("\nMISTAKES = ")[0]


def load(name, mistake=None, folder="programs"):
    """Return the namespace of a program, with the mistake of that number if one is given.

    Raises `ValueError` if what the mistake replaces does not stand in the program.
    """
    source = text(name, folder)
    space = {}
    exec(compile(source, name, "exec"), space)
    if mistake is None:
        return space
    right, wrong = space["MISTAKES"][mistake]
    body = without_mistakes(source)
    if right not in body:
        raise ValueError("{}: there is no {!r} to get wrong".format(name, right))
    space = {}
    exec(compile(body.replace(right, wrong, 1), name, "exec"), space)
    return space

"""Build the corpus's graphs under whatever TensorFlow runs this: python tests/corpus/build.py FOLDER [OPTION ...].

FOLDER is replaced as a whole, when every program has been built, and gets a manifest: which stack made it, and the
SHA-256 of each file. Runs under Python 2.7 and 3, and under TensorFlow 1.0 to 2.
"""

from __future__ import print_function

import argparse
import contextlib
import gzip
import hashlib
import multiprocessing
import os
import platform
import shutil
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["TF_USE_LEGACY_KERAS"] = "1"  # tf.layers and the recurrent cells, since 2.16

import tensorflow

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [TESTS, os.path.dirname(TESTS)]

from corpus import sources
from original.record_format import write_json

VERSION = tuple(int(part) for part in tensorflow.__version__.split(".")[:2])
SEED = 1234


def tensorflow_1():
    """Return the module that the programs call `tf`; under TensorFlow 2 that is what a port would import."""
    if VERSION < (2,):
        tensorflow.logging.set_verbosity(tensorflow.logging.ERROR)
        if VERSION < (1, 2):
            rnn = tensorflow.nn.rnn_cell = tensorflow.contrib.rnn  # where all of them were then
            tensorflow.nn.static_rnn = rnn.static_rnn
            tensorflow.nn.static_bidirectional_rnn = rnn.static_bidirectional_rnn
        return tensorflow
    tf = tensorflow.compat.v1
    tf.logging.set_verbosity(tf.logging.ERROR)
    tf.disable_v2_behavior()
    return tf


def write_graph(task):
    """Build the graph of (programs, name, mistake, path) and write it, gzipped; the same bytes in every run."""
    programs, name, mistake, path = task
    tf = tensorflow_1()
    if tf.get_default_graph().version:  # this process has built one before
        tf.reset_default_graph()
    tf.set_random_seed(SEED)
    try:
        sources.load(name, mistake, programs)["build"](tf)
    except Exception as error:
        which = "" if mistake is None else ", mistake {}".format(mistake)
        raise RuntimeError("{}{}: {}".format(name, which, error))
    graph_def = tf.get_default_graph().as_graph_def()
    with open(path, "wb") as f, gzip.GzipFile("", "wb", fileobj=f, mtime=0) as zipped:
        zipped.write(graph_def.SerializeToString(deterministic=True))


def tasks(folder, programs, mistakes, begin=0):
    """Yield (programs, name, mistake, path) for every program that this TensorFlow can run, and its first mistakes.

    `begin`: with this mistake, if it is not the first: without the programs themselves.
    """
    for name in sources.names(programs):
        space = sources.load(name, folder=programs)
        if space.get("SINCE", (1, 0)) > VERSION:
            continue
        if not begin:
            yield programs, name, None, os.path.join(folder, name + ".pb.gz")
        for number in range(begin, min(mistakes, len(space["MISTAKES"]))):
            yield programs, name, number, os.path.join(folder, "{}.mistake{}.pb.gz".format(name, number))


def build_all(folder, programs, mistakes=0, begin=0, together=False):
    """Build into `folder`, each graph in a process of its own, unless `together`: some counters are the process's."""
    pool = multiprocessing.Pool(maxtasksperchild=None if together else 1)
    try:
        pool.map(write_graph, list(tasks(folder, programs, mistakes, begin)), chunksize=1)
    finally:
        pool.terminate()


def write_manifest(folder, command):
    digests = {}
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), "rb") as f:
            digests[name] = hashlib.sha256(f.read()).hexdigest()
    stack = {"python": platform.python_version(), "tensorflow": tensorflow.__version__}
    write_json(os.path.join(folder, "manifest.json"), {"stack": stack, "command": command, "sha256": digests})


@contextlib.contextmanager
def replaced(folder):
    """Yield a new folder that takes the place of `folder` when all has been written into it."""
    new, old = [folder.rstrip("/") + end for end in (".new", ".old")]
    shutil.rmtree(new, ignore_errors=True)
    os.makedirs(new)
    yield new
    if os.path.exists(folder):
        os.rename(folder, old)
    os.rename(new, folder)
    shutil.rmtree(old, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", help="is replaced when all is done")
    parser.add_argument(
        "--mistakes",
        type=int,
        nargs="?",
        const=1000,
        default=0,
        help="also each program's planted mistakes, or N",
    )
    parser.add_argument("--begin", type=int, default=0, help="with the mistake of this number, and no program without")
    parser.add_argument("--together", action="store_true", help="build many graphs in a process, in half the time")
    parser.add_argument("--larger", action="store_true", help="the programs of `make audit-larger` instead")
    args = parser.parse_args()

    with replaced(args.folder) as new:
        build_all(new, "larger" if args.larger else "programs", args.mistakes, args.begin, args.together)
        write_manifest(new, "make audit-larger" if args.larger else "make corpus")


if __name__ == "__main__":
    main()

"""Run one of the cases in whichever TensorFlow this is and record it: `run.py CASE RECORDING [--write WHAT,WHAT]`.

Without `--write` in TensorFlow 1 it is the old program; in TensorFlow 2 it is the port, which differs from the old
program by what its `program` says, and by TensorFlow. Runs under Python 2.7 and 3.
"""

from __future__ import print_function

import argparse
import importlib
import os
import sys

FOLDER = os.path.dirname(os.path.abspath(__file__))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("case")
    parser.add_argument("recording")
    parser.add_argument("--write", default="", help="what the port writes out, by commas")
    parser.add_argument("--feeds", help="the old recording, whose feeds the port shall take")
    args = parser.parse_args()
    sys.path[:0] = [FOLDER, os.path.join(FOLDER, "..", "..", "compat_v1", "recorder")]

    import tensorflow
    import tf1_recorder

    is_port = int(tensorflow.__version__.split(".")[0]) > 1
    tf = tensorflow
    if is_port:
        tf = tensorflow.compat.v1
        tf.disable_v2_behavior()
    tf1_recorder.record(args.recording, runs=1000)
    more = {}
    if args.feeds and "batches" in args.write:
        from compat_v1.recorder.recording import read_recording

        old = read_recording(args.feeds)
        fed = [run.feeds for run in old.content.runs if run.feeds]
        more["recorded_feeds"] = [{name: old.value(array) for name, array in feeds.items()} for feeds in fed]
    port = tuple(filter(None, args.write.split(","))) if is_port else None
    importlib.import_module(args.case).program(tf, port=port, **more)


if __name__ == "__main__":
    main()

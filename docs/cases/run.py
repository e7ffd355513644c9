"""Run one of the cases in whichever TensorFlow this is and record it: `run.py CASE RECORDING [--write WHAT,WHAT]`.

Without `--write` in TensorFlow 1 it is the old program; in TensorFlow 2 it is the port, which differs from the old
program by what its `program` says, and by TensorFlow. Runs under Python 2.7 and 3.
"""

from __future__ import print_function

import argparse
import importlib
import os
import runpy
import sys

FOLDER = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(FOLDER))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("case")
    parser.add_argument("recording")
    parser.add_argument("--write", default="", help="what the port writes out, by commas")
    parser.add_argument("--feeds", metavar="RECORDING", help="the old one, whose feeds a port takes that asks for them")
    args = parser.parse_args()
    sys.path[:0] = [FOLDER, ROOT, os.path.join(ROOT, "compat_v1", "recorder")]

    if sys.version_info >= (3, 10):
        from compat_v1.environment import import_tensorflow

        tensorflow = import_tensorflow()  # in a third of the time
    else:
        import tensorflow
    import tf1_recorder

    tf1_recorder.record(args.recording, runs=1000)
    if args.case == "selfmade_lstm":  # this project's own original, as it is
        seeds = [] if tensorflow.__version__.startswith("1.0.") else ["--op-seeds", "13,30,43,56,160"]
        sys.argv = ["selfmade_lstm.py", "--epochs", "200"] + seeds
        runpy.run_path(os.path.join(ROOT, "original", "selfmade_lstm.py"), run_name="__main__")
        return
    case = importlib.import_module(args.case)
    if tensorflow.__version__.startswith("1."):
        case.program(tensorflow)
        return
    tf = tensorflow.compat.v1
    tf.disable_v2_behavior()
    written = tuple(filter(None, args.write.split(",")))
    case.program(tf, written, **({"recorded_feeds": feeds(args.feeds)} if "batches" in written else {}))


def feeds(path):
    """Return what each run of a recording was fed with that was fed at all, [{tensor name: array}, ...]."""
    from compat_v1.recorder.recording import read_recording

    recording = read_recording(path)
    fed = [run.feeds for run in recording.content.runs if run.feeds]
    return [{name: recording.value(array) for name, array in one.items()} for one in fed]


if __name__ == "__main__":
    main()

"""Make the golden records of one old stack: every run, and what is inside the default one. `make record` calls this.

Nothing else does: a record is made on purpose, whole, in a folder of its own that takes the old one's place at the end.
"""

from __future__ import print_function

import argparse
import gzip
import hashlib
import os
import shutil
import sys

import numpy as np
import tensorflow as tf

if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from data_generator import SHOWN_DRAW, TRAINED_DRAW, encodeSequence
from original.graph import build_cell
from original.probes import probe, trainable_weights
from original.record_format import DEFAULT_SEED, write_json
from original.selfmade_lstm import DERIVED, finish, save_checkpoint, seeds, start, train

RUNS = [(seed, TRAINED_DRAW) for seed in (DEFAULT_SEED, 1, 2, 3, 4)] + [(DEFAULT_SEED, SHOWN_DRAW)]
EPOCHS = 4000
PROBED_UPDATES = 300


def record_run(folder, seed, draw, op_seeds):
    """Train once and write the record; with the default seed and draw also the graph and a checkpoint.

    The event logs are kept of the original's own TensorFlow alone, the one that derives the op seeds by itself.
    """
    run = start(seed, draw, op_seeds)
    name = "seed{}_draw{}".format(seed, draw)
    np.savez_compressed(os.path.join(folder, name + "_initial_weights.npz"), **trainable_weights(tf, run.session))
    is_default = (seed, draw) == RUNS[0]
    writers = []
    if is_default:
        with gzip.GzipFile(os.path.join(folder, "graph.pb.gz"), "wb", mtime=0) as f:
            f.write(run.graph.as_graph_def().SerializeToString())
    if is_default and op_seeds == DERIVED:
        logs = os.path.join(folder, "logs")
        writers = [tf.summary.FileWriter(os.path.join(logs, part), run.graph) for part in ("train", "test")]
    train(run, EPOCHS, *writers)
    for writer in writers:
        writer.close()
    write_json(os.path.join(folder, name + ".json"), finish(run))
    if is_default:
        save_checkpoint(run, os.path.join(os.path.abspath(folder), "model.ckpt-{}".format(EPOCHS)))
    return run.record["stack"]


def record_probes(folder, op_seeds):
    """Probe the default run before the first update and after 300, measure its test set there, save a checkpoint."""
    run = start(*RUNS[0], op_seeds=op_seeds)
    for updates in (0, PROBED_UPDATES):
        train(run, updates)
        probes = probe(tf, build_cell, encodeSequence, run.session, run.train_set)
        measured = [run.network.error, run.network.mean_square_error]
        probes["test/error"], probes["test/squared_error"] = run.session.run(measured, run.test_set)
        np.savez_compressed(os.path.join(folder, "probes_after_{}_updates.npz".format(updates)), **probes)
    save_checkpoint(run, os.path.join(os.path.abspath(folder), "model.ckpt-{}".format(PROBED_UPDATES)))


def write_manifest(folder, stack):
    """Write down which stack made the folder's files, and their SHA-256, so that an edit by hand shows."""
    digests = {}
    for parent, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(parent, name)
            with open(path, "rb") as f:
                digests[os.path.relpath(path, folder).replace(os.sep, "/")] = hashlib.sha256(f.read()).hexdigest()
    content = {"stack": stack, "command": "make record", "sha256": digests}
    write_json(os.path.join(folder, "manifest.json"), content)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", help="is replaced when all is done")
    parser.add_argument("--op-seeds", type=seeds, default=DERIVED, help="as for selfmade_lstm.py")
    args = parser.parse_args()

    new = args.folder.rstrip("/") + ".new"
    shutil.rmtree(new, ignore_errors=True)
    os.makedirs(new)
    for seed, draw in RUNS:
        print("{}: seed {}, draw {}".format(args.folder, seed, draw))
        stack = record_run(new, seed, draw, args.op_seeds)
    record_probes(new, args.op_seeds)
    os.remove(os.path.join(new, "checkpoint"))  # the state file names this machine's folder; the prefixes are enough
    write_manifest(new, stack)
    old = args.folder.rstrip("/") + ".old"
    if os.path.exists(args.folder):
        os.rename(args.folder, old)
    os.rename(new, args.folder)
    shutil.rmtree(old, ignore_errors=True)


if __name__ == "__main__":
    main()

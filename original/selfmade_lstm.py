"""The 2017 program: train the handmade LSTM on the game, print the post's lines, write its logs.

For Python 2.7 and TensorFlow 1.0.1; also runs under Python 3.7 and TensorFlow 1.15.5. What the post does not have (a
fixed graph seed, the record, the checkpoint) is optional and changes no number of the run.
"""

from __future__ import print_function

import argparse
import os
import sys
from collections import namedtuple
from datetime import datetime

import tensorflow as tf

if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from data_generator import TRAINED_DRAW, encodeSequence, getSequences, provenance
from original.graph import build_graph
from original.record_format import DEFAULT_SEED, MEASURED_SEQUENCE, epoch_line, exactly, new_record, stack, write_json

DERIVED = (None,) * 5  # op seeds: TensorFlow derives them

Run = namedtuple("Run", "graph network session record train_set test_set")


def start(graph_seed, draw, op_seeds=DERIVED, sequence_length=6):
    """Build the graph, initialize it in a new session and return a `Run` with an empty record.

    `train_set` and `test_set` are feeds: the first quarter of the data and the rest. The session uses TensorFlow's
    default settings, as the post's does.
    """
    inputs, outputs = getSequences(sequence_length, draw=draw)
    quarter = len(inputs) // 4
    with tf.Graph().as_default() as graph:
        if graph_seed is not None:
            tf.set_random_seed(graph_seed)
        network = build_graph(op_seeds, sequence_length)
        random_ops = [op for op in graph.get_operations() if op.type == "TruncatedNormal"]
        session = tf.Session(graph=graph)
    record = new_record(
        stack(tf.__version__, "not in this build"),
        provenance(inputs, draw),
        graph_seed,
        [op.get_attr("seed2") for op in random_ops],
    )
    train_set = {network.data: inputs[:quarter], network.target: outputs[:quarter]}
    test_set = {network.data: inputs[quarter:], network.target: outputs[quarter:]}
    session.run(network.initializer)
    return Run(graph, network, session, record, train_set, test_set)


def train(run, epochs, train_writer=None, test_writer=None):
    """Train for `epochs` epochs as the post does, print its lines and fill the run's record."""
    network, session, record = run.network, run.session, run.record
    for i in range(epochs):
        if (i + 1) % 20 == 0:
            summary, error, squared_error = session.run(
                [network.summaries, network.error, network.mean_square_error], run.test_set
            )
            if test_writer:
                test_writer.add_summary(summary, i)
            print(epoch_line(i + 1, error, squared_error))
            sys.stdout.flush()
            record["test"]["epoch"].append(i + 1)
            record["test"]["error"].append(exactly(error))
            record["test"]["squared_error"].append(exactly(squared_error))
        else:
            summary, error = session.run([network.summaries, network.error], run.train_set)
            if train_writer:
                train_writer.add_summary(summary, i)
            record["train"]["epoch"].append(i + 1)
            record["train"]["error"].append(exactly(error))
        session.run(network.minimize, run.train_set)
        record["epochs"] = i + 1


def predict(run, sequence):
    """Return the network's answer for a string of signs, a float32."""
    return run.session.run(run.network.prediction, {run.network.data: [encodeSequence(sequence)]})[0, 0]


def finish(run):
    """Complete the record after the training."""
    if run.record["data"]["sequence_length"] == len(MEASURED_SEQUENCE):
        run.record["prediction"][MEASURED_SEQUENCE] = exactly(predict(run, MEASURED_SEQUENCE))
    return run.record


def save_checkpoint(run, prefix):
    """Write a TensorFlow checkpoint of all variables, Adam's included, under the path prefix `prefix`."""
    with run.graph.as_default():
        tf.train.Saver().save(run.session, prefix, write_meta_graph=False)


def seeds(text):
    try:
        numbers = tuple(int(part) for part in text.split(","))
    except ValueError:
        numbers = ()
    if len(numbers) != 5:
        raise argparse.ArgumentTypeError("{!r}: five integers are needed, such as 13,30,43,56,160".format(text))
    return numbers


def from_1_up(text):
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError("{!r}: integers from 1 up are allowed".format(text))
    return number


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED, help="the graph-level seed (default: %(default)s)")
    parser.add_argument(
        "--op-seeds", type=seeds, default=DERIVED, help="five, for a TensorFlow that would derive others than 1.0.1"
    )
    parser.add_argument("--draw", type=from_1_up, default=TRAINED_DRAW, help="of the data (default: %(default)s)")
    parser.add_argument("--epochs", type=from_1_up, default=4000, help="default: %(default)s")
    parser.add_argument("--logdir", help="write the post's event logs below this folder")
    parser.add_argument("--record", help="write the measurements to this JSON file")
    parser.add_argument("--checkpoint", help="save the variables at the end under this path prefix")
    args = parser.parse_args()
    if [] in vars(args).values():  # what argparse makes of --option=--
        parser.error("-- is no value; write ./-- for a file of that name")
    for path in (args.record, args.checkpoint):  # minutes of training are not to be lost to a misspelt folder
        if path and (os.path.isdir(path) or not os.path.isdir(os.path.dirname(os.path.abspath(path)))):
            parser.error("{}: give a file in a folder that exists".format(path))

    run = start(args.seed, args.draw, args.op_seeds)
    writers = []
    if args.logdir:
        folder = os.path.join(args.logdir, "selfmade_lstm", str(datetime.now()))
        writers = [tf.summary.FileWriter(os.path.join(folder, part), run.graph) for part in ("train", "test")]
    train(run, args.epochs, *writers)
    for writer in writers:
        writer.close()
    print("{} {}".format(MEASURED_SEQUENCE, predict(run, MEASURED_SEQUENCE)))
    if args.record:
        write_json(args.record, finish(run))
    if args.checkpoint:
        save_checkpoint(run, os.path.abspath(args.checkpoint))


if __name__ == "__main__":
    main()

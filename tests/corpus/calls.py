"""Build graphs of each call of calls.txt under whatever TensorFlow runs this: python tests/corpus/calls.py FOLDER.

FOLDER, which is replaced as a whole, has for the call of line NNN, counted from 0, NNN.forward.pb.gz, the call alone;
where it is differentiable NNN.plain.pb.gz, with its gradients by `tf.gradients`, and NNN.gated.pb.gz, with them gated,
as optimizers make them; the same behind an update (updated), of the call in the turns of a loop (looped) and in a
branch (branched), each gradient beside what it is of (colocated), and all of it on a device by name (placed). A call
that this TensorFlow cannot make has no file. Runs under Python 2.7 and 3, and under TensorFlow 1.0 to 2.
"""

from __future__ import print_function

import argparse
import gzip
import multiprocessing
import os
import warnings

import numpy as np

from build import SEED, replaced, tensorflow_1, write_manifest
from corpus import sources


def names(tf):
    """Return what the calls are made of, by name: placeholders and variables in the graph, optimizers, cells.

    `x` and `y` are batches of rows, `s` and `t` the same of a known size, `v` a row, `m` a square matrix and `b` two,
    `seq` is a batch of sequences, `img` of images, `vol` of volumes; with a `u` their sizes are unknown.
    """

    def fed(name, shape, dtype=tf.float32):
        return tf.placeholder(dtype, shape, name)

    x, seq = fed("x", [None, 4]), fed("seq", [2, 5, 4])
    indices, shape = fed("indices", [None, 2], tf.int64), fed("shape", [2], tf.int64)
    w, bw, i = tf.get_variable("w", [10, 4]), tf.get_variable("bw", [10]), fed("i", [None], tf.int32)
    rnn = tf.nn.rnn_cell

    def sparse(name, dtype):
        return tf.SparseTensor(indices, fed(name, [None], dtype), shape)

    def read_on(time, output, state, loop_state):
        if output is None:
            return time >= 5, seq[:, 0], rnn.BasicLSTMCell(4).zero_state(2, tf.float32), None, None
        return time >= 4, seq[:, 0], state, output, None

    def of_rows():
        return tf.reduce_sum(tf.square(tf.nn.embedding_lookup(w, i)))

    def minimized(optimizer):
        loss = tf.reduce_sum(tf.square(tf.matmul(x, w, transpose_b=True) + bw))
        return optimizer.minimize(loss, tf.Variable(0, trainable=False, name="steps"))

    def minimized_clipped(optimizer):
        gradients, variables = zip(*optimizer.compute_gradients(of_rows() + tf.reduce_sum(bw**2)))
        return optimizer.apply_gradients(zip(tf.clip_by_global_norm(gradients, 5.0)[0], variables))

    return {
        "tf": tf,
        "np": np,
        "x": x,
        "y": fed("y", [None, 4]),
        "s": fed("s", [3, 4]),
        "t": fed("t", [3, 4]),
        "v": fed("v", [4]),
        "m": fed("m", [4, 4]),
        "b": fed("b", [2, 4, 4]),
        "seq": seq,
        "sequ": fed("sequ", [None, None, 4]),
        "seqT": fed("seqT", [5, 2, 4]),
        "img": fed("img", [2, 8, 8, 3]),
        "imgu": fed("imgu", [None, 8, 8, 3]),
        "imgd": fed("imgd", [None, None, None, 3]),
        "img4": fed("img4", [2, 8, 8, 4]),
        "img16": fed("img16", [2, 16, 16, 3]),
        "bimg": fed("bimg", [4, 4, 4, 3]),
        "vol": fed("vol", [2, 4, 4, 4, 3]),
        "kern": fed("kern", [3, 3, 3, 5]),
        "kernT": fed("kernT", [3, 3, 5, 3]),
        "kd": fed("kd", [3, 3, 3, 2]),
        "kp": fed("kp", [1, 1, 6, 7]),
        "k1": fed("k1", [3, 4, 5]),
        "k3": fed("k3", [3, 3, 3, 3, 5]),
        "k3t": fed("k3t", [3, 3, 3, 5, 3]),
        "kb": fed("kb", [3]),
        "keep": fed("keep", []),
        "i": i,
        "i2": fed("i2", [None, None], tf.int32),
        "lens": fed("lens", [None], tf.int32),
        "lab": fed("lab", [None, 1], tf.int64),
        "k": fed("k", [None], tf.bool),
        "p": fed("p", [], tf.bool),
        "q": fed("q", [], tf.bool),
        "c": fed("c", [None, 4], tf.complex64),
        "u8": fed("u8", [2, 8, 8, 3], tf.uint8),
        "st": fed("st", [], tf.string),
        "sp": sparse("sp", tf.float32),
        "spw": sparse("spw", tf.float32),
        "sp32": sparse("sp32", tf.int32),
        "sp64": sparse("sp64", tf.int64),
        "w": w,
        "bw": bw,
        "abs1": lambda a: tf.abs(a) + 1.0,
        "sig": tf.sigmoid,
        "spd": lambda a: tf.matmul(a, a, transpose_b=True) + tf.constant(np.eye(4, dtype=np.float32)),
        "cell": rnn.BasicLSTMCell,
        "gru": rnn.GRUCell,
        "lstm": lambda n: rnn.LSTMCell(n, use_peepholes=True),
        "lstmp": lambda n: rnn.LSTMCell(n, num_proj=3, cell_clip=1.0),
        "multi": lambda n: rnn.MultiRNNCell([rnn.BasicLSTMCell(n) for _ in range(2)]),
        "dropped": lambda n: rnn.DropoutWrapper(rnn.GRUCell(n), 0.5, 0.5),
        "dropped_seed": lambda n: rnn.DropoutWrapper(rnn.GRUCell(n), 0.5, 0.5, seed=3),
        "rawfn": read_on,
        "step": lambda: tf.Variable(0, trainable=False, name="step", dtype=tf.int64),
        "minimized": minimized,
        "minimized_rows": lambda optimizer: optimizer.minimize(of_rows()),
        "minimized_clipped": minimized_clipped,
    }


def tensors(result):
    """Return the tensors in what a call returned, which may be nested, sparse, ragged or none."""
    if isinstance(result, dict):
        result = list(result.values())
    if isinstance(result, (list, tuple)):
        return [tensor for part in result for tensor in tensors(part)]
    if hasattr(result, "values"):
        return tensors(result.values)
    return [result] if hasattr(result, "dtype") and hasattr(result, "op") else []


def loss_of(tf, results):
    """Return the sum of what a call returned, squared, or None for a call that returned no floats."""
    floats = [tensor for tensor in results if tensor.dtype.base_dtype == tf.float32]
    if not floats:
        return None
    return tf.add_n([one if one.shape.ndims == 0 else tf.reduce_sum(tf.square(one)) for one in floats])


def graph_of(call, kind):
    """Return the GraphDef of a call in a graph of one of `sources.KINDS`, or None where there is no gradient."""
    tf = tensorflow_1()
    tf.reset_default_graph()
    with tf.device("/cpu:0" if kind == "placed" else None):
        return _built(tf, call, kind)


def _built(tf, call, kind):
    tf.set_random_seed(SEED)
    space = names(tf)
    inputs = [one for one in space.values() if isinstance(one, tf.Tensor) and one.dtype == tf.float32]
    results, waits = [], []

    def inside():
        return loss_of(tf, tensors(eval(call, space)))

    if kind == "looped":
        start = [tf.constant(0), tf.constant(0.0)]
        _, loss = tf.while_loop(lambda turn, _: turn < 3, lambda turn, total: [turn + 1, total + inside()], start)
    elif kind == "branched":
        loss = tf.cond(space["p"], inside, lambda: tf.constant(0.0))
    else:
        results = tensors(eval(call, space))
        loss = loss_of(tf, results) if kind != "forward" else None
        waits = [tf.assign_add(tf.Variable(0.0, trainable=False, name="updates"), 1.0).op] if kind == "updated" else []
    if kind != "forward":
        if loss is None:
            return None
        try:
            with tf.control_dependencies(waits):
                gradients = tf.gradients(
                    loss,
                    inputs + tf.trainable_variables(),
                    gate_gradients=kind != "plain",
                    colocate_gradients_with_ops=kind == "colocated",
                )
        except LookupError:  # an op that has none
            return None
        if all(gradient is None for gradient in gradients):
            return None
        for number, gradient in enumerate(gradients):
            if gradient is not None:
                tf.identity(tf.convert_to_tensor(gradient), "gradient_{}".format(number))
    for number, tensor in enumerate(results):
        tf.identity(tensor, "result_{}".format(number))
    return tf.get_default_graph().as_graph_def()


def write_graphs(task):
    """Write the graphs of (folder, number, call); return why there is none, or None."""
    folder, number, call = task
    why = None
    for kind in sources.KINDS:
        try:
            graph_def = graph_of(call, kind)
        except Exception as error:  # a variable, which no loop may make, or a call that there is not
            why = "{}: {}".format(call, error) if kind == "forward" else why
            continue
        if graph_def is not None:
            with gzip.open(os.path.join(folder, "{:03d}.{}.pb.gz".format(number, kind)), "wb") as f:
                f.write(graph_def.SerializeToString())
    return why


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", help="is replaced when all is done")
    folder = parser.parse_args().folder
    warnings.simplefilter("ignore")
    tensorflow_1()  # once, for all processes that are forked
    with replaced(folder) as new:
        # A process for each call: TensorFlow numbers the functions of Python through all graphs of one.
        pool = multiprocessing.Pool(maxtasksperchild=1)
        tasks = [(new, number, call) for number, call in enumerate(sources.calls())]
        try:
            refused = pool.map(write_graphs, tasks, chunksize=1)
        finally:
            pool.terminate()
        write_manifest(new, "make audit-calls")
    print("not in this TensorFlow:", *[why for why in refused if why], sep="\n  ")


if __name__ == "__main__":
    main()

"""Look inside the network: every gate at every step, and the gradients.

A tensor inside a `while_loop` cannot be fetched. So the cell's own functions are called step by step in a graph of
their own, with the weights of the network put in. The original and the port are probed with this same code: `tf` is
TensorFlow's version 1 API, whichever TensorFlow it comes from, `build_cell` is from the graph file that goes with it,
and `encodeSequence` from the data generator. Runs under Python 2.7 and 3.
"""

import numpy as np

SEQUENCES = ("00-+++", "0+I000", "I++000", "-+I-+0", "I+I-I+", "++++++", "------", "IIIIII")


def trainable_weights(tf, session):
    """Return the trainable variables of the session's graph, {op name: float32 array}."""
    with session.graph.as_default():
        variables = tf.trainable_variables()
    return dict(zip([v.op.name for v in variables], session.run(variables)))


def activations(tf, build_cell, encodeSequence, weights):
    """Return the layers at each step for `SEQUENCES`, a list of (name, float32 array) in the order of computation.

    A name is `step1/f_t` and so on, from step 1; the layers are `candidate_C_t`, `f_t`, `i_t`, `Conveyor`, `o_t`, all
    (24, 8), and `prediction`, (8, 24). `weights` maps the cell's variables to their values.
    """
    with tf.Graph().as_default() as graph:
        cell = build_cell(iter([None] * 4))
        inputs = tf.constant(np.array([encodeSequence(sequence) for sequence in SEQUENCES], np.float32))  # (8, 6, 3)
        prediction = tf.zeros([len(SEQUENCES), 24])
        Conveyor = tf.zeros([24, len(SEQUENCES)])
        names, tensors = [], []
        for step in range(inputs.get_shape()[1]):
            xt = inputs[:, step, :]
            x = tf.transpose(tf.concat([prediction, xt], 1))
            layers = [("candidate_C_t", cell.candidate_C_t(x)), ("f_t", cell.f_t(x)), ("i_t", cell.i_t(x))]
            prediction, Conveyor = cell.lstm_cell((prediction, Conveyor), xt)
            o_t = cell.h_t(x, Conveyor).op.inputs[0]  # local to h_t, as in the post: the first factor of its product
            layers += [("Conveyor", Conveyor), ("o_t", o_t), ("prediction", prediction)]
            names += ["step{}/{}".format(step + 1, name) for name, _ in layers]
            tensors += [tensor for _, tensor in layers]
        with tf.Session(graph=graph, config=tf.ConfigProto(device_count={"GPU": 0})) as session:
            for variable in tf.global_variables():
                initial_value = variable.initializer.inputs[1]
                session.run(variable.initializer, {initial_value: weights[variable.op.name]})
            return list(zip(names, session.run(tensors)))


def gradients(session, feed):
    """Return what the optimizer would be given for `feed`, {variable's op name: float32 array}; updates nothing."""
    updates = [op for op in session.graph.get_operations() if op.type == "ApplyAdam"]
    names = [op.inputs[0].op.name for op in updates]
    return dict(zip(names, session.run([op.inputs[9] for op in updates], feed)))


def probe(tf, build_cell, encodeSequence, session, feed):
    """Return all probes in one dict: `step1/f_t` and so on as `activations` has them, and `gradient/<variable>`."""
    arrays = dict(activations(tf, build_cell, encodeSequence, trainable_weights(tf, session)))
    arrays.update(("gradient/" + name, array) for name, array in gradients(session, feed).items())
    return {name: np.asarray(array, np.float32) for name, array in arrays.items()}

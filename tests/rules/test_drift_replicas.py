"""SyncReplicasOptimizer's queues and step: both forms train the same; mistakes beside them are found."""

from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from tensorflow.python.training import sync_replicas_optimizer

from compat_v1.audit import audit

X = np.random.default_rng(3).normal(size=(4, 3)).astype(np.float32)


def _replicated(old, servers=0, *, kept=False, counted=2, used=False):
    """The graph of a regression that two gradients make a step of, and what runs it.

    `old`: the runner has a queue of its own to close, as up to 1.15; `kept`: the step is with the variables, as in 1.0;
    mistakes: `counted` other gradients make a step, or the runner's queue is `used` besides.
    """
    with tf.Graph().as_default() as graph, pytest.MonkeyPatch.context() as patch:

        def runner(queue, ops):
            if old:
                queue = tf.FIFOQueue(1, tf.int32, [[]], name="dummy_queue", shared_name="dummy_queue")
            if used:
                queue.enqueue(1)
            return tf.train.QueueRunner(queue, ops)

        patch.setattr(sync_replicas_optimizer.queue_runner, "QueueRunner", runner)
        if kept:
            anywhere = SimpleNamespace(colocate_vars_with=lambda _: nullcontext())
            strategy = SimpleNamespace(get_strategy=lambda: SimpleNamespace(extended=anywhere))
            patch.setattr(sync_replicas_optimizer, "distribute_lib", strategy)
        setter = tf.train.replica_device_setter(ps_tasks=servers, worker_device="/job:worker/task:0")
        with tf.variable_scope("", use_resource=False), tf.device(setter if servers else None):
            x = tf.placeholder(tf.float32, X.shape, name="x")
            w = tf.get_variable("w", X.shape[1:], initializer=tf.ones_initializer())
            steps = tf.Variable(0, name="steps", trainable=False)
            optimizer = tf.train.SyncReplicasOptimizer(tf.train.AdamOptimizer(0.5), counted)
            train = optimizer.minimize(tf.reduce_sum(tf.square(x * w - 1.0)), steps)
            optimizer.ready_for_local_init_op.mark_used()
            begin = [tf.global_variables_initializer(), optimizer.chief_init_op, optimizer.get_init_tokens_op()]
    graph_def = graph.as_graph_def()
    if kept:
        graph_def.node.remove(next(node for node in graph_def.node if node.name == "NoOp"))
    return graph_def, [one.name for one in begin], [train.op.name, optimizer._chief_queue_runner.enqueue_ops[0].name]


def _trained(graph_def, begin, train):
    """Return the bytes of the weights after a step of two gradients."""
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(graph_def, name="")
        with tf.Session(graph=graph) as session:
            for one in begin:
                session.run(one)
            session.run(train[0], {"x:0": X})
            session.run(train[0], {"x:0": -2 * X})
            session.run(train[1])
            return session.run("w:0").tobytes()


def _audit(*graphs):
    return audit(*(graph_def for graph_def, *_ in graphs))


def test_a_queue_that_is_only_closed_stands_for_that_of_the_tokens():
    old, new = _replicated(True), _replicated(False)
    assert _trained(*old) == _trained(*new)
    result = _audit(old, new)
    assert result.verdict == "faithful" and "closed queue" in result.rules, result.differences


@pytest.mark.parametrize("mistake", [{"counted": 3}, {"used": True}])
def test_another_queue_or_number_of_gradients_is_told(mistake):
    assert _audit(_replicated(True), _replicated(False, **mistake)).verdict == "not faithful"
    assert _audit(_replicated(True, **mistake), _replicated(False)).verdict == "not faithful"


def test_a_queue_that_is_used_is_one_by_itself():
    assert _audit(_replicated(True, used=True), _replicated(False, used=True)).verdict == "not faithful"


def test_the_step_is_kept_on_the_worker_by_now():
    old, new = _replicated(True, kept=True), _replicated(False)
    assert _trained(*old) == _trained(*new)
    result = _audit(old, new)
    assert result.verdict == "faithful" and "colocation" in result.rules, result.differences
    result = _audit(_replicated(True, 1, kept=True), _replicated(False, 1))
    assert (result.verdict, [one.cause for one in result.numbers]) == ("numbers changed", ["step of a replica"])


def test_another_number_on_the_worker_is_told():
    def placed(beside):
        with tf.Graph().as_default() as graph:
            idle = tf.no_op()
            with tf.device("/job:ps/task:0"), tf.colocate_with(idle if beside else None, ignore_existing=not beside):
                number = tf.Variable(0, name="number", use_resource=False)
                number.assign_add(1)
        return graph.as_graph_def(), ()

    assert _audit(placed(False), placed(True)).verdict == "not faithful"

"""What TensorFlow 2 must be told so that it builds TensorFlow 1's graph, and nothing that outlives the building."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import tensorflow.compat.v1 as tf

_V1_LOOP = {"Enter", "Merge", "LoopCond", "Switch", "NextIteration", "Exit"}


@contextmanager
def control_flow_v1() -> Iterator[None]:
    """Make `tf.while_loop` build `Enter`, `Switch`, `Merge`, … within the block, instead of one functional `While`.

    The switch belongs to the whole process (`tf.disable_control_flow_v2`), so it is put back whatever happens.
    """
    was_v2 = tf.control_flow_v2_enabled()
    tf.disable_control_flow_v2()
    try:
        yield
    finally:
        if was_v2:
            tf.enable_control_flow_v2()


def require_v1_ops(graph: Any) -> None:
    """Raise `RuntimeError` unless the `tf.Graph` holds ref variables and a loop of control flow v1.

    A port that got resource variables or a functional `While` trains to the same loss: nothing else would tell.
    """
    ops = {op.type for op in graph.get_operations()}
    missing = (_V1_LOOP | {"VariableV2"}) - ops
    unwanted = ops & {"VarHandleOp", "While", "StatelessWhile"}
    if missing or unwanted:
        raise RuntimeError(
            "not a graph of TensorFlow 1: it lacks the ops {} and has the ops {}".format(
                sorted(missing) or "(none)", sorted(unwanted) or "(none)"
            )
        )

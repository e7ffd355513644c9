"""Rules for datasets: how they are tuned, and what their functions wait for."""

from compat_v1.audit.literals import Literal

# How many bytes are read at once, of a file, if nobody says: in 1.15, and by now, where the reader decides.
_AT_ONCE = (262144, -1)


def _tuned(rewriter, name, _node, operands):
    """A dataset is the same however its elements are made, and how many at once."""
    rewriter.normal.alias(name, operands[0], "dataset tuning")
    return True


def _read(rewriter, name, node, operands):
    """Records are the same however many bytes of them are read at once."""
    buffer = operands[-1]
    is_default = isinstance(buffer, Literal) and buffer.shape == () and buffer.value in [(size,) for size in _AT_ONCE]
    if node.op == "TFRecordDataset" and is_default:
        operands = [*operands[:-1], buffer._replace(value=(-1,))]
        steps = {"dataset tuning"} if buffer.value != (-1,) else set()
        rewriter.normal.keep(name, node.op, operands, steps=steps)
        return True
    return False


def _grouped(rewriter, name, _node, _operands):
    """In a function, waiting for a group is waiting for what the group waits for."""
    if not rewriter.graph.is_body or name not in rewriter.graph.awaited:
        return False
    rewriter.normal.hand_on(name, "groups in functions")
    return True


RULES = {"OptimizeDataset": _tuned, "ModelDataset": _tuned, "TFRecordDataset": _read, "NoOp": _grouped}

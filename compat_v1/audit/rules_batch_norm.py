"""Rules for fused batch normalization."""

from compat_v1.audit.graph import Attributes
from compat_v1.audit.literals import Literal

_OPS = ("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")


def _in_training(rewriter, name, node, operands):
    """In training, mean and variance are those of the batch: what is given for them is not read."""
    attributes = Attributes(node)
    factor = attributes["exponential_avg_factor"].f if "exponential_avg_factor" in attributes else 1.0
    is_training = attributes["is_training"].b if "is_training" in attributes else True
    if not is_training or factor != 1.0:
        return False
    nothing = Literal("data", "float32", (0,), b"")
    for one in operands[3:5]:
        if not isinstance(one, Literal) and one[0].op in ("Switch", "Identity"):
            rewriter.normal.absorbed.add(one[0])
    given = {"statistics of the batch"} if operands[3] is not None and not isinstance(operands[3], Literal) else set()
    rewriter.normal.keep(name, node.op, [*operands[:3], nothing, nothing], steps=given)
    return True


RULES = dict.fromkeys(_OPS, _in_training)

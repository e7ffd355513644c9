"""Rules for the seeds of datasets, which are operands: a number that is written down, or that TensorFlow derives."""

import tensorflow as tf

from compat_v1.audit.literals import Literal

v1 = tf.compat.v1


def _seeded(rewriter, name, node, operands):
    """Write the two seeds of a dataset as attributes, as random ops have them."""
    definition = rewriter.graph.op_def(name)
    places = {argument.name: place for place, argument in enumerate(definition.input_arg)}
    seeds = [operands[places[key]] for key in ("seed", "seed2")]
    if not all(isinstance(one, Literal) and one.kind == "whole" and one.shape == () for one in seeds):
        return False
    if not all(isinstance(one.value[0], int) for one in seeds):
        return False
    attributes = rewriter._without_index_types(name, operands)
    for key, one in zip(("seed", "seed2"), seeds, strict=True):
        attributes[key] = v1.AttrValue(i=one.value[0]).SerializeToString(deterministic=True)
    left = [one for place, one in enumerate(operands) if place not in (places["seed"], places["seed2"])]
    made = rewriter.normal.keep(name, node.op, left, attributes)
    rewriter.normal.seeded_at[made] = seeds[1].names[-1]
    return True


RULES = dict.fromkeys(
    ("ShuffleDataset", "ShuffleDatasetV3", "ShuffleAndRepeatDataset", "ShuffleAndRepeatDatasetV2"), _seeded
)

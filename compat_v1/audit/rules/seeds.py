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
    rewriter.normal.seeded_at[made] = _first_constant(rewriter, name, places["seed2"], seeds[1])
    return True


def _first_constant(rewriter, name, slot, seed):
    """Return the constant that was made first of those that a seed was computed from and that hold it."""
    graph, todo, seen = rewriter.graph, [rewriter.graph.inputs[name][slot][0]], []
    while todo:
        one = todo.pop()
        if one not in seen:
            seen.append(one)
            todo += [maker for maker, _ in graph.inputs[one]]
    literals = {one: rewriter.normal.tensors.get((one, 0)) for one in seen if graph.nodes[one].op == "Const"}
    holding = {one for one, literal in literals.items() if isinstance(literal, Literal) and literal.key == seed.key}
    return next((one for one in graph.nodes if one in holding), seed.names[-1])


RULES = dict.fromkeys(
    ("ShuffleDataset", "ShuffleDatasetV3", "ShuffleAndRepeatDataset", "ShuffleAndRepeatDatasetV2"), _seeded
)

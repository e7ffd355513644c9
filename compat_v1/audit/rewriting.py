"""The rules that bring a graph into its normal form: each recognizes one way of writing something, checked in full.

A rule looks at ops, attributes, inputs and constants, never at names. Where anything of its pattern is otherwise, it
does not apply and the nodes stay as they are. `drift.py` says of each what changed, since when, and why it is harmless.
"""

from compat_v1.audit.computing import Computing
from compat_v1.audit.definitions import output_types
from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import INDEX_TYPES, NOTES_ON_PRODUCTS, is_op
from compat_v1.audit.rules import (
    activations,
    assertions,
    axes,
    batch_norm,
    conditions,
    cross_entropies,
    custom,
    datasets,
    decays,
    decompositions,
    drawn,
    einsum,
    embeddings,
    entered,
    expressions,
    functional,
    kept,
    limited_stacks,
    models,
    oldest,
    oldest_branches,
    oldest_images,
    patches,
    pooled,
    regularizers,
    replaced,
    replicas,
    rows_once,
    seeds,
    sequences,
    sessions,
    sparse,
    tables,
    unranked,
    values,
    wide,
    windows,
)
from compat_v1.audit.rules.gradients import GradientRules
from compat_v1.audit.rules.loops import LoopRules
from compat_v1.audit.rules.ops import OpRules

# Rules by op, those for the oldest releases first; they come before the rules of a `Rewriter` itself.
_BY_OP: dict = {op: list(rules) for op, rules in oldest.RULES.items()}
for _rules in (
    activations.RULES,
    sparse.RULES,
    axes.RULES,
    batch_norm.RULES,
    values.RULES,
    replaced.RULES,
    replicas.RULES,
    seeds.RULES,
    einsum.RULES,
    datasets.RULES,
    assertions.RULES,
    embeddings.RULES,
    rows_once.RULES,
    entered.RULES,
    expressions.RULES,
    custom.RULES,
    sequences.RULES,
    kept.RULES,
    limited_stacks.RULES,
    cross_entropies.RULES,
    decays.RULES,
    decompositions.RULES,
    drawn.RULES,
    functional.RULES,
    unranked.RULES,
    models.RULES,
    patches.RULES,
    pooled.RULES,
    sessions.RULES,
    conditions.RULES,
    tables.RULES,
    wide.RULES,
    windows.RULES,
):
    for _op, _rule in _rules.items():
        _BY_OP.setdefault(_op, []).append(_rule)


class Rewriter(Computing, GradientRules, LoopRules, OpRules):
    """The rules, applied to the nodes of one graph as its normal form grows."""

    def __init__(self, normal):
        self.normal = normal
        self.graph = normal.graph
        self.never, self.followed = set(), 0  # nodes of a branch that never runs, among the first so many
        self.running = set()  # of these, the Switches that lead there: they run
        self.asked = set()  # the names of losses that come behind an assertion of the sizes of what they take
        self.negated = {}  # {what spreads a gradient: the Neg before it}
        self.flattened = set()  # tensors that are reshaped into matrices for a softmax only
        self.of_one_batch = set()  # the names of what only reshapes the gradient of a product of batches
        self.squared = set()  # the differences of which a square was taken at once
        self.pools, self.turned = set(), set()  # of images of one row, and their gradients
        self.parsed_alone = set()  # nodes that parse one example
        self.combined = []  # [embeddings, numbers, segments] of the rows that are looked up and combined
        self.once = {}  # {what makes unique the numbers of rows: the names of what makes these unique again}
        self.weights = set()  # the sums of weights that rows which are looked up are divided by
        self.cropped = {}  # {what is cut out of an image: which part it says that this is}
        self.products = []  # what einsum was written as
        self.summed = []  # [product, what it is reshaped to] for the gradients of einsum
        self._empty = []  # stacks that nothing is kept on any more

    def finish(self):
        """Let go of what only served what the rules replaced."""
        for stack in self._empty:
            self.normal.absorbed.update(self._handles(stack))
        oldest_branches.finish(self)
        oldest_images.finish(self)
        einsum.finish(self)
        custom.finish(self)
        functional.finish(self)
        regularizers.finish(self)
        models.finish(self)
        sessions.finish(self)
        conditions.finish(self)
        unranked.finish(self)
        datasets.finish(self)

    def rewrite(self, name, node, operands):
        """Take a node into the normal form by the rule for its op; say whether one applied."""
        is_taken = self._take(name, node, operands)
        if is_taken and name in self.negated:
            self.negate(name)
        return is_taken

    def _take(self, name, node, operands):
        for rule in _BY_OP.get(node.op, ()) if None not in operands else ():
            if rule(self, name, node, operands):
                return True
        rule = getattr(self, f"_{node.op}", None)
        return bool(rule and rule(name, node, operands)) or self._plain(name, node, operands)

    def _without_index_types(self, name, operands):
        """Return a node's attributes without those that only say how its literal operands, no outputs, are written.

        A vector that is put together says itself how wide its numbers are.
        """
        attributes = self.graph.attributes(name)
        if any(one.kind == "whole" if isinstance(one, Literal) else is_op(one, "Pack") for one in operands):
            own = {attribute for _, attribute in output_types(self.graph.nodes[name].op)}
            for key in INDEX_TYPES & attributes.keys() - own:
                del attributes[key]
        if self.graph.nodes[name].op in ("Gather", "GatherV2") and isinstance(operands[1], Literal):
            attributes.pop("Tindices", None)
        return attributes

    def _plain(self, name, node, operands):
        """An op whose whole numbers are literals."""
        if None in operands:
            return False
        attributes = self._without_index_types(name, operands)
        noted = [attributes.pop(key) for key in NOTES_ON_PRODUCTS if key in attributes]
        self.normal.keep(name, node.op, operands, attributes, {"notes on products"} if noted else ())
        return True

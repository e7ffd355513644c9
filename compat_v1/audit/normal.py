"""The normal form of a graph: what stays when each change of `drift.py` is written in one way, whoever wrote the graph.

A normal `Node` stands for one or more nodes of the GraphDef. Constants, and whole numbers computed from shapes, are no
nodes but `Literal`s inside the nodes that use them. Stateless nodes that compute the same from the same are one node.
Everything else is kept: op, attributes that differ from the op's defaults, inputs, control inputs, device, colocation.
"""

from __future__ import annotations

from itertools import count

from compat_v1.audit import demands, entering, idle, pruning, rest, rewriting, spare
from compat_v1.audit.definitions import gives_reference
from compat_v1.audit.demands import Demand
from compat_v1.audit.dimensions import dimensions
from compat_v1.audit.folding import fold
from compat_v1.audit.graph import BACK_EDGES, ENTERS, MERGES, Attributes, Graph
from compat_v1.audit.literals import Literal
from compat_v1.audit.nodes import Node, what_is_done
from compat_v1.audit.operands import is_op, is_over_all, is_tensor, refined, with_numbers
from compat_v1.audit.places import Places
from compat_v1.audit.references import target
from compat_v1.audit.rules import (
    activations,
    convolved,
    functional,
    inside,
    oldest_averages,
    oldest_cases,
    oldest_cells,
    oldest_counts,
    oldest_dense,
    oldest_empty_rows,
    oldest_exponents,
    oldest_loops,
    oldest_losses,
    oldest_moments,
    oldest_norms,
    oldest_rows_of_ones,
    oldest_shifts,
    oldest_updates,
    quotients_in_loops,
    running_sums,
)
from compat_v1.audit.sizes import may_be_one, unknown

# What is told of a variable of a loop: it has the sizes with which it enters.
ENTERING = ("as it enters",)
# What these make of numbers that are written down is the same on any device: they copy, or round one result each.
_ANYWHERE = {"Add", "AddV2", "Cast", "ExpandDims", "Fill", "Mul", "Neg", "Pack", "Reshape", "Sub"}
_OF_PARTS = {"Reshape", "Slice", "StridedSlice", "Pad", "PadV2", "MirrorPad", "MirrorPadGrad"}
_REDUCTIONS = ("Sum", "Mean", "Prod", "Max", "Min")
# Two of these are two things, whatever they say of themselves.
_SINGLE = {"Placeholder", "PlaceholderWithDefault", "PlaceholderV2", *MERGES, *BACK_EDGES, *ENTERS, "NoOp"}


class Normal(Places):
    """The normal form of a `Graph`: `nodes` in order; `tensors`, {(name, output index): literal or (node, index)}.

    `consumed`: {name of a node that has no normal node: the rule that took it}.
    """

    def __init__(self, graph: Graph, hints=None, without=frozenset()):
        """`hints`, {name: sizes of each output, or ENTERING}: what else is known, as by the other graph.

        `without`: names of nodes to leave out, as `idle.py` found them.
        """
        self.graph = graph
        self._hints = hints or {}
        self.nodes: list[Node] = []
        self.tensors: dict = {}
        self.made: dict[str, Node] = {}
        self.consumed: dict[str, str] = {}
        self.waits: dict[str, frozenset[Node]] = {}  # of a consumed node: what its users wait for instead
        self.measured: dict[str, set[str]] = {}  # {literal: what has an effect and runs for what the literal measures}
        self.carried: set[Node] = set()
        self.handed_on: dict[Node, set[Node]] = {}  # {node: effects that it waits for as rules left out what it took}
        self.removed: set[Node] = set()  # nodes of a pattern that go although others wait for them
        self.kept: dict = {}  # {what is popped: (the operand that was pushed, by which node, the handles of the stack)}
        self.absorbed: set[Node] = set()  # nodes of a pattern, left out if nothing else uses them
        self.written_out: set[str] = set()  # functions whose bodies a rule has written instead of their calls
        self.accounted: set[Node] = set()  # of these, those of whose waits the rule has taken account
        self.seeded_at: dict[Node, str] = {}  # {dataset: the constant that was made for its seed}
        # {tensor whose gradient, if nothing uses it, differs with the way of writing: {(which, the node of that)}}
        self.inner: dict = {}
        self.branches: set[Node] = set()  # nodes that stand for a branch
        self.pivots: dict = {}  # {a condition: the name of the Switch of itself, which tells its branches}
        self.initial: set[str] = set()  # what reads a variable behind its initializer, for others to begin with
        self.rests: dict = {}  # {Reshape: the size, written down, that the others leave of the elements}
        self.demands: list[Demand] = []
        self._shared: dict = {}
        self._frames: dict[str, Node] = {}
        self._constant: Node | None = None
        self._numbers = count()
        self._rewriter = rewriting.Rewriter(self)
        for name in graph.order:
            self._add(name)
        self._close_loops()
        self._rewriter.finish()
        del self._rewriter  # which has this normal form: without the cycle, one that is done with is gone at once
        oldest_loops.finish(self)
        oldest_cells.finish(self)
        oldest_cases.finish(self)
        oldest_counts.finish(self)
        oldest_empty_rows.finish(self)
        oldest_dense.finish(self)
        oldest_rows_of_ones.finish(self)
        oldest_exponents.finish(self)
        activations.finish(self)
        oldest_averages.finish(self)
        moments, shifted = oldest_moments.begin(self), oldest_shifts.begin(self)
        waited = {node: node.controls for node in self.nodes} if moments else {}
        if without or moments or shifted:  # what hands on a gradient waits for its group alone
            pruning.leave_out_implied_waits(self)
        self.removed |= idle.leave_out(self, without)
        pruning.leave_out(self, spare.unused_gradients(self), self.removed)
        oldest_losses.finish(self)
        quotients_in_loops.finish(self)
        oldest_moments.finish(self, moments, waited)
        oldest_shifts.finish(self, shifted)
        oldest_updates.finish(self)
        oldest_norms.finish(self)
        inside.finish(self)
        pruning.leave_out(self, set(), set())
        running_sums.finish(self)
        pruning.leave_out_stacks(self)
        pruning.hand_on_effects(self)
        convolved.finish(self)
        entering.finish(self)
        demands.finish(self, without)

    # What the rules ask.

    def operands(self, name):
        """Return the normal forms of a node's inputs; None for a loop's back edge, which comes later."""
        return [self.tensors.get(one) for one in self.graph.inputs[name]]

    def pushed(self, operand):
        """Return what was pushed for an operand that a loop's gradient pops, and any other operand as it is."""
        popped = is_op(operand, "StackPopV2") and operand[0] in self.kept
        return self.kept[operand[0]][0] if popped else operand

    def sizes(self, operand):
        """Return the sizes of a normal tensor, a tuple of ints and `Size`s, or None for an unknown rank."""
        if isinstance(operand, Literal):
            return operand.shape
        return operand[0].sizes.get(operand[1]) if is_tensor(operand) else None

    def assume(self, operand, sizes):
        """Say what sizes a tensor has that an op demands: what is kept by dropout must be a scalar."""
        if isinstance(operand, Literal) or sizes is None:
            return
        node, index = operand
        known = node.sizes.get(index)
        if known is None:
            node.sizes[index] = sizes
        elif len(known) == len(sizes):
            node.sizes[index] = with_numbers(known, sizes)

    def set_sizes(self, node, sizes, index=0):
        """Say what sizes a node's output has instead of those that it had."""
        node.sizes[index] = sizes

    def node(self, name, op, attributes, inputs, controls=None, steps=(), outputs=1, sizes=None, shared=None):
        """Make a node that stands for `name`, or find the one that computes the same, and return it."""
        controls = self.controls(name) if controls is None else controls
        alive = frozenset().union(*[one.alive for one in inputs if type(one) is Literal and one.alive])
        if alive:
            makers = [one[0] for one in inputs if type(one) is tuple]
            if not makers:
                controls = controls | alive
            elif not any(one.name in self.graph.conditional for one in makers):
                # The branch is that of the literal.
                controls = controls | {one for one in alive if one.op != "the loop"}
        definition = self.graph.nodes[name]
        if shared is None:
            shared = self.may_share(name, op) or (op == "Enter" and self._is_constant(name, attributes, inputs))
        if op in self.graph.functions:
            op = "a function"
        said, placed = self.graph.said(name), self.graph.devices[name]
        functions, beside = said.called, said.beside
        if op in _ANYWHERE and inputs and all(map(_is_known, inputs)):
            beside, placed = [], ""
        device = placed if not self._is_repeated(name, placed, beside) else ""
        key = what_is_done(op, functions, attributes, inputs, controls, device)
        found = self._shared.get(key) if shared else None
        if found is None:
            found = Node(next(self._numbers), op, attributes, list(inputs), frozenset(controls), device, [])
            found.colocated, found.written = beside, placed
            self.nodes.append(found)
            if shared:
                self._shared[key] = found
        found.names.append(name)
        found.steps.update(steps)
        found.functions = functions
        if len(found.names) > 1:
            found.steps.add("one of each")
        if said.has_notes:
            found.steps.add("private attributes")
        if said.python:
            found.steps.add(f"count of functions: {said.python}")
        if self.graph.devices[name] != definition.device:
            of_variable = bool(inputs) and is_op(inputs[0], "VarHandleOp")
            found.steps.add("places of variables" if of_variable else "places of arrays")
        self.made[name] = found
        for index in range(outputs):
            self._know_sizes(found, index, None if sizes is None else sizes[index])
        return found

    def may_share(self, name, op):
        """Whether what computes the same as a node is the same node."""
        is_alone = self.graph.is_stateful(name) and op not in functional.SOURCES
        return op not in _SINGLE and not is_alone and not self.reads_a_ref(name)

    def _is_constant(self, name, attributes, inputs):
        """Whether what enters a loop, other than a number to count to, is the same in every turn and at any time."""
        return "is_constant" in attributes and not isinstance(inputs[0], Literal) and not self.reads_a_ref(name)

    def _is_repeated(self, name, device, beside):
        """Whether a node's device is that of all others that it is to be placed beside, which say it already."""
        others = [one for one in map(target, beside) if one != name]  # a variable is said to be beside itself
        return bool(others) and all(self.graph.devices.get(one) == device for one in others)

    # How it is built.

    def _add(self, name):
        node, operands = self.graph.nodes[name], self.operands(name)
        if self._literal(name, node, operands):
            return
        if self._rewriter.rewrite(name, node, operands):
            return
        self.keep(name, node.op, operands)

    def keep(self, name, op, operands, attributes=None, steps=(), sizes=None):
        """Take a node over as it is, but for what `rewriting` has said of its op, attributes and sizes."""
        attributes = self.graph.attributes(name) if attributes is None else attributes
        # A merge tells which of its inputs is alive: a constant there is a node of its own.
        if op in MERGES:
            makers = [maker for maker, _ in self.graph.inputs[name]]
            operands = [
                self._stand_in(name, one, maker) if isinstance(one, Literal) else one
                for one, maker in zip(operands, makers, strict=True)
            ]
        sizes = self.derived(name, op, operands) if sizes is None else self._unless_refuted(name, op, sizes)
        made = self.node(name, op, attributes, operands, None, steps, len(sizes), sizes)
        for index in range(max(len(sizes), 1)):
            self.tensors[name, index] = (made, index)
        return made

    def derived(self, name, op, operands):
        """Return what is known of the sizes of a node's outputs."""
        static = self.graph.shapes[name]
        shapes = [None if one is None else self.sizes(one) for one in operands]
        literals = [one if type(one) is Literal else rest.literal(self, self.pushed(one)) for one in operands]
        derived = dimensions(op, shapes, literals, Attributes(self.graph.nodes[name])) or []
        derived = [*derived, *[None] * (len(static) - len(derived))]
        if op in _OF_PARTS and derived[0] is None:
            derived[0] = self._derived_from_parts(name, op, operands, shapes[0])
        if op in ("BatchMatMulV2", "MatMul"):
            derived[0] = rest.of_factor(self, name, op, operands, derived[0])
        elif op == "ResourceGather" and None not in (static[0], shapes[1]):
            derived[0] = rest.of_rows(len(static[0]), shapes[1], Attributes(self.graph.nodes[name]))
        elif op in _REDUCTIONS and is_over_all(operands) and "keep_dims" not in self.graph.attributes(name):
            derived[0] = ()
        # Of another rank is what comes from operands that rules have left in another shape.
        found = [
            other if shape is not None and other is not None and len(shape) != len(other) else refined(shape, other)
            for shape, other in zip(static, derived, strict=False)
        ]
        for index, hint in enumerate(self._hints.get(name, ())[: len(found)]):
            if hint is ENTERING[0]:
                found[index] = refined(found[index], shapes[0])
            elif None in (hint, found[index]) or len(hint) == len(found[index]):  # or the pair that told it was wrong
                found[index] = refined(hint, found[index])
        return found

    def _derived_from_parts(self, name, op, operands, shape):
        """Return the sizes that the parts of a shape, a slice or a padding say, or None."""
        if op == "Reshape":
            return self._joined_sizes(operands[1])
        if shape is None:
            return None
        if op == "Slice":
            return rest.of_slice(shape, *operands[1:])
        if op == "StridedSlice":
            return rest.of_strided(shape, operands[1:], Attributes(self.graph.nodes[name]))
        if op == "MirrorPadGrad":
            return rest.without_padding(self, shape, operands[1])
        return rest.of_padded(shape, operands[1])

    def _unless_refuted(self, name, op, sizes):
        """Return what a rule says of a node's sizes, and where TensorFlow knows of others, these."""
        # Whose dimensions are kept by what is made of it; what asks of fewer sizes; a handle, which was a text of two.
        if op in ("Sum", "Less") or "HashTable" in op:
            return sizes
        pairs = zip(sizes, self.graph.shapes[name], strict=False)
        known = [one if None in (one, static) or may_be_one(one, static) else static for one, static in pairs]
        return [*known, *sizes[len(known) :]]

    def _joined_sizes(self, target):
        """Return the sizes that a shape which is joined of parts says, None for those that are not written down."""
        if not is_op(target, "ConcatV2") or target[0].controls:
            return None
        found = []
        for part in target[0].inputs[:-1]:
            known = self.sizes(part)
            if known is None or len(known) != 1 or not isinstance(known[0], int):
                return None
            written = isinstance(part, Literal) and part.kind == "whole"
            found += (
                [one if isinstance(one, int) and one >= 0 else None for one in part.value]
                if written
                else [None] * known[0]
            )
        return tuple(found)

    def known_sizes(self, node):
        """Return the sizes of a node's outputs as far as they are numbers, None where they are not."""
        found = []
        for index in range(len(node.outputs)):
            shape = node.sizes.get(index)
            found.append(None if shape is None else tuple(one if isinstance(one, int) else None for one in shape))
        return found

    def alias(self, name, operand, rule, index=0):
        """Say that an output of a node is another tensor."""
        self.tensors[name, index] = operand
        self.made.pop(name, None)
        self._consume(name, rule, self.controls(name))

    def hand_on(self, name, rule, others=frozenset(), but=frozenset()):
        """Say that waiting for a node is waiting for what it waits for, but for some, and for some others."""
        self._consume(name, rule, self.controls(name) - but | others)

    def _consume(self, name, rule, waits):
        self.consumed[name] = rule
        if waits:
            self.waits[name] = frozenset(waits)

    def _literal(self, name, node, operands):
        """Turn a constant, or what is computed from constants and sizes, into literals; say whether that was done."""
        outputs = [self.graph.constant(name)] if node.op == "Const" else self._rewriter.computed(name, node, operands)
        if outputs is None or (node.op != "ShapeN" and all(output is None for output in outputs)):
            return False
        alive, waits = self._place_and_waits(name)
        made = None
        for index, output in enumerate(outputs):
            if output is None and node.op == "ShapeN":  # of each by itself
                attributes = {key: one for key, one in self.graph.attributes(name).items() if key != "N"}
                made = self.node(name, "Shape", attributes, [operands[index]], None, {"computed shapes"}, 1, [(None,)])
                self.tensors[name, index] = (made, 0)
                continue
            if output is None:
                made = made or self.keep(name, node.op, operands)
                self.tensors[name, index] = (made, index)
                continue
            places = self._without_implied(alive | output.alive)
            self.tensors[name, index] = output if places == output.alive else output._replace(alive=places)
        if made is None:
            begins = any(one in self.initial for one, _ in self.graph.inputs[name])
            rule = "constants" if node.op == "Const" else "initial value" if begins else "computed shapes"
            self._consume(name, rule, waits)
        return True

    def fold(self, node, operands):
        """Return what an op computes from whole numbers, a list of arrays (None: unknown), or None."""
        arrays = [one.array() if isinstance(one, Literal) else None for one in operands]
        if not operands or any(array is None for array in arrays):
            return None
        return fold(node.op, arrays, Attributes(node))

    def reads_a_ref(self, name):
        """Whether an input is a variable's reference, so that when it is read may matter."""
        nodes, makers = self.graph.nodes, self.graph.inputs[name]
        return any([gives_reference(nodes[maker].op, index) is not False for maker, index in makers])

    def _know_sizes(self, node, index, sizes):
        if index not in node.sizes and sizes is not None:
            node.sizes[index] = tuple(
                unknown(("size", node, index, axis)) if size is None else size for axis, size in enumerate(sizes)
            )
        while len(node.outputs) <= index:
            node.outputs.append(None)

    def _close_loops(self):
        """Give the merges of loops the inputs that come back."""
        for node in self.nodes:
            for position, operand in enumerate(node.inputs):
                if operand is None:
                    if node.op not in MERGES:
                        raise ValueError(f"the loop of {node.name} is not one of tf.while_loop")
                    node.inputs[position] = self.tensors[self.graph.inputs[node.name][position]]
                    node.late.append(position)


def _is_known(operand):
    """Whether an operand is a number that is written down, or a copy of one."""
    while is_op(operand, "Identity"):
        operand = operand[0].inputs[0]
    return isinstance(operand, Literal)

"""Compare two GraphDefs of one program, node by node: do they compute the same?

The forward graph, the initializers and the optimizer are paired by their names, and where TensorFlow renamed by
following the inputs; every pair must have the same op, attributes and inputs, control inputs included. The gradients
are built by TensorFlow, differently in every version: there, what each variable's update is computed from is compared
as an expression, whatever its nodes are called. A difference is explained by a rule of `drift.py` or it is reported.
"""

from collections import Counter
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from compat_v1.audit import drift
from compat_v1.audit.graph_index import Graph

v1 = tf.compat.v1

# What a gradient computes with, as opposed to how it keeps, routes and reshapes values.
ARITHMETIC = (
    *("MatMul", "Sigmoid", "SigmoidGrad", "Tanh", "TanhGrad", "Square", "Round", "NotEqual", "Transpose", "AddN"),
    *("ConcatV2", "Slice", "ApplyAdam", "ApplyGradientDescent", "ApplyMomentum", "ApplyAdagrad", "ApplyRMSProp"),
)
# What graph builders write down for themselves; other attributes with an underscore may choose a kernel or a device.
_NOTES = {"_has_manual_control_dependencies", "_output_shapes"}
_RENAMED_OPS = {"Add": "AddV2"}


class Difference(NamedTuple):
    """What no rule explains: at which node of the original (of the port, if the original lacks it), and what."""

    node: str
    what: str


class Audit(NamedTuple):
    """The result of comparing two graphs."""

    pairs: dict[str, str]  # the nodes of the forward graph, the original's name to the port's
    rules: dict[str, list[str]]  # each rule of drift.py, to what it explained
    replaced: tuple[set[str], set[str]]  # nodes of the original and of the port that a rule replaces by each other
    differences: list[Difference]
    expressions: int  # pairs of tensors that the comparison of the gradients went through
    arithmetic: dict[str, tuple[int, int]]  # ops that compute: how many in the original and in the port
    unpaired: tuple[list[str], list[str]]  # forward nodes of the original and of the port without a partner

    @property
    def is_faithful(self):
        """Whether everything is paired, and every difference explained."""
        return not self.differences

    @property
    def unused_rules(self):
        """The rules that explained nothing, but for those of changes that TensorFlow took back."""
        return [rule for rule, explained in self.rules.items() if not explained and not drift.RULES[rule].until]

    @property
    def paired_by_rule(self):
        """The pairs that some rule had to explain, as a set of the original's names."""
        return {name for explained in self.rules.values() for name in explained} & self.pairs.keys()

    @property
    def totals(self):
        """How many nodes and tensors were compared, and how, {what: count}."""
        return {
            "paired identical": len(self.pairs) - len(self.paired_by_rule),
            "paired by rule": len(self.paired_by_rule),
            "replaced by a constant": len(self.replaced[0]),
            "without a partner": len(self.unpaired[0]) + len(self.unpaired[1]),
            "tensors of the gradients": self.expressions,
            "unexplained": len(self.differences),
        }


def report(audit, verbose=False):
    """Yield an audit's lines for a person to read: each rule, each difference, the totals; if verbose, each pair."""
    for name, explained in audit.rules.items():
        rule = drift.RULES[name]
        since = f"since {rule.since}" + (f", until {rule.until}" if rule.until else "")
        example = f"; as at {explained[0]}" if explained else ""
        yield f"{len(explained):4d} x {name} ({since}): {rule.changed}{example}"
        if verbose:
            yield f"       harmless: {rule.harmless}"
    if verbose:
        for name, other in audit.pairs.items():
            yield f"{'by rule' if name in audit.paired_by_rule else 'identical'}: {name} = {other}"
    counts = (
        f"{op} {here}" + ("" if here == there else f" ({there} in the port)")
        for op, (here, there) in audit.arithmetic.items()
    )
    yield "ops that compute: " + ", ".join(counts)
    for difference in audit.differences:
        yield f"DIFFERENCE at {difference.node}: {difference.what}"
    yield ", ".join(f"{what}: {count}" for what, count in audit.totals.items())


def audit(original, port, roles=None):
    """Compare two GraphDefs and return an `Audit`.

    `roles`, {what: (tensor name in the original, in the port)}, are the tensors that the program feeds and fetches;
    the two of a role must be partners. Raises `ValueError` for a graph that today's TensorFlow cannot import.
    """
    return _Comparison(original, port).run(roles or {})


def same_roles(names, others):
    """Return the roles for two `Network`s, of tensors and ops or of their names."""
    return {field: (_name(getattr(names, field)), _name(getattr(others, field))) for field in names._fields}


def _name(tensor_or_op):
    return getattr(tensor_or_op, "name", tensor_or_op)


def _is_gradient(name):
    return name.split("/")[0].rstrip("_0123456789") == "gradients"


class Negated(NamedTuple):
    """Minus a tensor of a graph."""

    of: tuple[str, int]


class Expression(NamedTuple):
    """What makes a tensor: an op with its attributes, a constant, or a tensor of the forward graph."""

    what: tuple
    parts: list
    steps: set[tuple[str, str]]  # the rules that led here, each with the version's way
    text: str
    frame: bytes | None = None  # the loop that it enters


class _Comparison:
    def __init__(self, original, port):
        shapes = {node.name: node.attr["shape"].shape for node in port.node if node.op == "Placeholder"}
        without = {node.name for node in original.node if node.op == "Placeholder" and not node.attr["shape"].shape.dim}
        self.a = Graph(original, {name: shape for name, shape in shapes.items() if name in without})
        self.b = Graph(port)
        self.pairs, self.back = {}, {}
        self.replaced = (set(), set())
        self.rules = {name: [] for name in drift.RULES}
        self.frames, self.frames_back = {}, {}
        self.differences = []

    def run(self, roles):
        forward = [[name for name in graph.nodes if not _is_gradient(name)] for graph in (self.a, self.b)]
        for name in forward[0]:
            if name in self.b.nodes and self._same_op(name, name):
                self._pair(name, name)
        self._follow(self.pairs)
        for name in list(self.pairs):
            self._compare(name, self.pairs[name])
        unpaired = tuple(
            [name for name in names if name not in paired and name not in replaced]
            for names, paired, replaced in zip(forward, (self.pairs, self.back), self.replaced, strict=True)
        )
        for name in unpaired[0]:
            self._report(name, f"{self.a.nodes[name].op} has no partner in the port")
        for name in unpaired[1]:
            rule = "size check" if drift.is_size_check(name, self.b) else None
            self._explain(rule, name, f"{self.b.nodes[name].op} has no partner in the original")
        for role, (tensor, other) in roles.items():
            if (self.pairs.get(tensor.partition(":")[0]), tensor.partition(":")[2]) != other.partition(":")[::2]:
                self._report(tensor, f"the program's {role} is this tensor in the original, {other} in the port")
        for name in sorted(self.a.functions.keys() | self.b.functions.keys()):
            if self.a.functions.get(name) != self.b.functions.get(name):
                self._report(name, "the function of this name is another one in the port, or only in one graph")
        self._compare_side_effects()
        expressions = self._compare_gradients()
        return Audit(
            self.pairs, self.rules, self.replaced, self.differences, expressions, self._compare_arithmetic(), unpaired
        )

    # The forward graph, the initializers and the optimizer.

    def _pair(self, name, other):
        self.pairs[name], self.back[other] = other, name

    def _same_op(self, name, other):
        op, other_op = self.a.nodes[name].op, self.b.nodes[other].op
        return op == other_op or _RENAMED_OPS.get(op) == other_op

    def _follow(self, names):
        """Pair what the inputs of the pairs come from, and so on, as far as it has no partner yet."""
        todo = list(names)
        while todo:
            name = todo.pop()
            for source, other in zip(self.a.inputs(name), self.b.inputs(self.pairs[name]), strict=False):
                if (
                    source[0] in self.pairs
                    or other[0] in self.back
                    or _is_gradient(source[0])
                    or _is_gradient(other[0])
                ):
                    continue
                if self._same_op(source[0], other[0]):
                    self._pair(source[0], other[0])
                    todo.append(source[0])
                elif self._same_constant(source, other):
                    self.rules["constant perm"].append(name)
                    self._replace(source[0], other[0])

    def _same_constant(self, reference, other):
        value, other_value = self.a.constant(reference), self.b.constant(other)
        return value is not None and other_value is not None and np.array_equal(value, other_value)

    def _replace(self, source, other):
        """Set aside the nodes that compute two constants which were found equal."""
        for graph, paired, replaced, top in (
            (self.a, self.pairs, self.replaced[0], source),
            (self.b, self.back, self.replaced[1], other),
        ):
            todo = [top]
            while todo:
                name = todo.pop()
                replaced.add(name)
                todo += [part for part, _ in graph.inputs(name) if part not in paired]

    def _compare(self, name, other):
        """Report how a pair differs beyond what the rules explain."""
        node, other_node = self.a.nodes[name], self.b.nodes[other]
        if name != other:
            rule = drift.explains_name(name, other, self.a.nodes)
            self._explain(rule, name, f"is named {other} in the port")
        if node.op != other_node.op:
            self.rules["AddV2"].append(name)
        if node.device != other_node.device:
            self._report(name, f"is placed on {node.device!r}, on {other_node.device!r} in the port")
        self._compare_attributes(name, other)
        sources, others = self.a.inputs(name), self.b.inputs(other)
        if len(sources) != len(others):
            self._report(name, f"has {len(sources)} inputs, {len(others)} in the port")
        for position, (source, other_source) in enumerate(zip(sources, others, strict=False)):
            if not self._same_source(source, other_source):
                here, there = ("{}:{}".format(*reference) for reference in (source, other_source))
                self._report(name, f"input {position} is {here}, {there} in the port")
        controls = {self.pairs.get(source, source) for source in self.a.control_inputs(name)}
        for source in sorted(controls ^ self.b.control_inputs(other)):
            which = "the original" if source in controls else "the port"
            self._report(name, f"has the control input {source} only in {which}")

    def _same_source(self, source, other):
        if source[0] in self.replaced[0] and other[0] in self.replaced[1]:
            return True
        if _is_gradient(source[0]) and _is_gradient(other[0]):
            return True  # compared as expressions
        return (self.pairs.get(source[0]), source[1]) == other

    def _compare_attributes(self, name, other):
        attributes, others = self.a.attributes(name), self.b.attributes(other)
        for key in sorted(attributes.keys() | others.keys()):
            value, other_value = attributes.get(key), others.get(key)
            if value == other_value or (value and other_value and _equal_tensors(value, other_value)):
                continue
            rule = None
            if key == "frame_name" and self._is_same_frame(value.s, other_value.s):
                rule = "frame name"
            elif key == "shape" and self.a.nodes[name].op == "Placeholder" and not (value and value.shape.dim):
                rule = "placeholder shape"
            elif key == "_class" and drift.explains_name(name, other, self.a.nodes) == "slot zeros":
                continue  # the rule that renamed the node says so
            elif key in _NOTES:
                rule = "private attributes"
            self._explain(rule, name, f"the attribute {key} is {_short(value)}, {_short(other_value)} in the port")

    def _is_same_frame(self, frame, other):
        """Whether a loop of the original is that loop of the port wherever it is entered."""
        return self.frames.setdefault(frame, other) == other and self.frames_back.setdefault(other, frame) == frame

    def _explain(self, rule, name, what):
        if rule:
            self.rules[rule].append(name)
        else:
            self._report(name, what)

    def _report(self, name, what):
        self.differences.append(Difference(name, what))

    # The gradients.

    def _compare_side_effects(self):
        """Report ops among the gradients that change or draw something, if the two graphs have not as many of each."""
        counts = [
            Counter(
                graph.nodes[name].op
                for name in graph.nodes
                if _is_gradient(name) and graph.is_stateful(name) and not graph.nodes[name].op.startswith("Stack")
            )
            for graph in (self.a, self.b)
        ]
        for op in sorted(counts[0].keys() | counts[1].keys()):
            if counts[0][op] != counts[1][op]:
                self._report(op, f"{counts[0][op]} among the gradients, {counts[1][op]} in the port")

    def _compare_gradients(self):
        """Compare what each optimizer update gets from the gradients; return how many pairs of tensors that took."""
        todo, seen = [], set()
        for name, other in self.pairs.items():
            for source, other_source in zip(self.a.inputs(name), self.b.inputs(other), strict=False):
                if _is_gradient(source[0]) and _is_gradient(other_source[0]):
                    todo.append((source, other_source, name))
        while todo:
            source, other, update = todo.pop()
            if (source, other) in seen:  # also ends the walk round a loop
                continue
            seen.add((source, other))
            here, there = self._normal(self.a, source), self._normal(self.b, other)
            for rule in sorted({rule for rule, _ in here.steps ^ there.steps}):
                self.rules[rule].append(_text(source))
            if here.frame != there.frame and self._is_same_frame(here.frame, there.frame):
                self.rules["frame name"].append(_text(source))
            elif here.frame != there.frame:
                self._report(_text(source), f"enters the loop {here.frame}, in the port {there.frame}")
            if here.what == there.what and len(here.parts) == len(there.parts):
                todo += [(part, other_part, update) for part, other_part in zip(here.parts, there.parts, strict=True)]
            else:
                self._report(
                    _text(source),
                    f"in the gradient for {update}: {here.text}, in the port {there.text} ({_text(other)})",
                )
        return len(seen)

    def _normal(self, graph, source):
        """Return the `Expression` that makes a tensor of the gradients, in the form that all versions share."""
        steps, held = set(), ()
        while True:
            if isinstance(source, Negated):
                return Expression(("Neg", held), [source.of], steps, "Neg")
            name, index = source
            node = graph.nodes[name]
            value = graph.constant(source)
            if value is not None:
                # How a constant came here, computed or kept on a stack, is of no interest.
                what = ("constant", value.dtype, value.shape, value.tobytes())
                return Expression(what, [], set(), f"the constant {value.tolist()}")
            if not _is_gradient(name):
                partner = name if graph is self.a else self.back.get(name, f"(no partner) {name}")
                return Expression(("forward", partner, index, held), [], steps, _text(source))
            if node.op == "Neg":
                return Expression(("Neg", held), graph.inputs(name), steps, "Neg")
            if node.op in ("StackPop", "StackPopV2"):
                steps.add(("stacks", node.op))
                source, waits = graph.pushed(name), graph.stack_order(name)
                held += (tuple(tuple(_RENAMED_OPS.get(op, op) for op in ops) for ops in waits),)
                continue
            summed = self._undone_broadcast(graph, name)
            if summed:
                x, axes, shapes, its_steps = summed
                steps |= its_steps
                if axes == ():
                    source = x
                    continue
                parts = [x, graph.inputs(name)[1]] + (shapes if axes is None else [])
                return Expression(("sum to a shape", axes, held), parts, steps, f"a sum over the axes {axes}")
            parts = graph.inputs(name)
            if node.op == "Mul" and graph.constant(parts[0]) is not None:
                steps.add(("commuted product", "constant first"))
                parts.reverse()
            attributes = {key: v for key, v in graph.attributes(name).items() if key not in _NOTES | {"_class"}}
            if node.op == "MatMul":
                notes = {attributes.pop(key).b for key in ("grad_a", "grad_b") if key in attributes}
                steps |= {("notes on products", "written")} if notes else set()
            frame = attributes.pop("frame_name", None)
            if node.op in ("Add", "AddV2"):
                steps.add(("AddV2", node.op))
            op = _RENAMED_OPS.get(node.op, node.op)
            order = graph.order(name)
            what = (op, index, attributes, node.device, held, order)
            return Expression(what, parts, steps, _shown(op, attributes) + order, frame and frame.s)

    def _undone_broadcast(self, graph, name):
        """Recognize the sum that makes a gradient fit an operand which was broadcast: a Reshape of a Sum.

        Return (what is summed, the axes or None if only a run can tell, the two shapes that decide it, steps), or None.
        """
        if graph.nodes[name].op != "Reshape":
            return None
        steps = set()
        top = graph.inputs(name)[0]
        negated = graph.nodes[top[0]].op == "Neg"
        if negated:
            top = graph.inputs(top[0])[0]
        if graph.nodes[top[0]].op != "Sum":
            return None
        x, by = graph.inputs(top[0])
        if negated:
            steps.add(("negated first", "after the sum"))
            x = Negated(x)
        if graph.attributes(top[0]).get("keep_dims"):
            steps.add(("kept dimensions", "kept"))
        shapes = []
        constant = graph.constant(by)
        if constant is not None:
            axes = tuple(constant.reshape(-1).tolist())
        elif graph.nodes[by[0]].op == "BroadcastGradientArgs":
            shapes = graph.inputs(by[0])
            shapes = shapes if by[1] == 0 else shapes[::-1]  # the operand's own first
            axes = _summed_axes(*(graph.shape_held_by(shape) for shape in shapes))
            if axes is not None:
                steps.add(("static broadcast", "computed"))
        else:
            return None
        return x, axes, shapes, steps

    def _compare_arithmetic(self):
        counts = [Counter(node.op for node in graph.nodes.values()) for graph in (self.a, self.b)]
        arithmetic = {op: (counts[0][op], counts[1][op]) for op in ARITHMETIC if counts[0][op] or counts[1][op]}
        for op, (here, there) in arithmetic.items():
            if here != there:
                self._report(op, f"{here} ops in the original, {there} in the port")
        return arithmetic


def _summed_axes(own, other):
    """Return the axes over which the gradient of an operand of shape `own` is summed, or None if they are not known.

    The operand was broadcast against one of shape `other`; an unknown size is None. Summing over an axis of size 1
    changes nothing, so that such an axis may be counted or not.
    """
    if own is None or other is None:
        return None
    rank = max(len(own), len(other))
    own, other = ((1,) * (rank - len(shape)) + tuple(shape) for shape in (own, other))
    if any(size is None and other_size != 1 for size, other_size in zip(own, other, strict=True)):
        return None
    return tuple(k for k, sizes in enumerate(zip(own, other, strict=True)) if sizes[0] == 1 and sizes[1] != 1)


def _equal_tensors(value, other):
    """Whether two attributes hold the same tensor, which may be written down in more than one way."""
    if not (value.HasField("tensor") and other.HasField("tensor")):
        return False
    here, there = tf.make_ndarray(value.tensor), tf.make_ndarray(other.tensor)
    return (here.dtype, here.shape, here.tobytes()) == (there.dtype, there.shape, there.tobytes())


def _text(source):
    return f"-({_text(source.of)})" if isinstance(source, Negated) else "{}:{}".format(*source)


def _shown(op, attributes):
    return f"{op}({', '.join(f'{key}={_short(value)}' for key, value in sorted(attributes.items()))})"


def _short(value):
    """Return an attribute's value in a few words."""
    if value is None:
        return "absent or the default"
    if value.HasField("tensor"):
        array = tf.make_ndarray(value.tensor)
        if array.size and (array == array.flat[0]).all():
            return f"{array.flat[0]!s} in the shape {array.shape}"
        return " ".join(np.array2string(array, threshold=6).split())
    return " ".join(str(value).split())

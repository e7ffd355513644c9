"""Compare two GraphDefs of one program: do they compute the same, whatever TensorFlow wrote them?

Each graph is brought into its normal form (`normal.py`) by exact rules; the nodes of the two forms are paired
(`pairing.py`) and every pair is compared edge by edge (`verification.py`). Nothing is reported only if every node has
a partner, and every pair agrees in op, attributes, inputs, waits and place, or differs as a rule of `drift.py` says.
"""

import contextlib
import gc
from typing import Any

import tensorflow.compat.v1 as tf

from compat_v1.audit import (
    asserted,
    branched,
    drift,
    exchanged,
    fused,
    fused_averages,
    idle,
    idle_alone,
    idle_loops,
    kept_whole,
    keras_ops,
    layer_norm,
    loops,
    lowered,
    older_ops,
    row_orders,
    sharing,
    told,
    waits,
)
from compat_v1.audit.bodies import body, callers, generators, of_datasets
from compat_v1.audit.causes import differences
from compat_v1.audit.dimensions import ELEMENTWISE
from compat_v1.audit.findings import Finding
from compat_v1.audit.graph import Attributes, Graph, has_shape
from compat_v1.audit.literals import Literal
from compat_v1.audit.normal import ENTERING, Normal
from compat_v1.audit.numbers import changed_numbers
from compat_v1.audit.operands import is_tensor
from compat_v1.audit.pairing import Pairing
from compat_v1.audit.pruning import leave_out_implied_waits, surely_before
from compat_v1.audit.reading import require_graph_defs
from compat_v1.audit.result import Audit, Difference, Numbers, report
from compat_v1.audit.rules.functional import acting
from compat_v1.audit.unused import compare_unused_constants, compare_unused_copies
from compat_v1.audit.verification import Verification

__all__ = ["Audit", "Difference", "Numbers", "audit", "report", "same_roles"]


def audit(original: Any, port: Any, roles: dict[str, tuple[str, str]] | None = None) -> Audit:
    """Compare two GraphDefs and return an `Audit`.

    `roles`, {what: (tensor name in the original, in the port)}, are the tensors that the program feeds and fetches;
    the two of a role must be partners. Raises `ValueError` for a graph that today's TensorFlow cannot import, and
    `TypeError` for what is no `GraphDef`.
    """
    require_graph_defs(original, port)
    shapes = shapes_of_placeholders(original, port)
    with _without_collector():
        return audit_graphs(readable(original, shapes), readable(port), roles)


@contextlib.contextmanager
def _without_collector():
    """Do without Python's collector of cycles: of the many objects of an audit it would look at all and free few."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def audit_graphs(original: Graph, port: Graph, roles: dict[str, tuple[str, str]] | None = None) -> Audit:
    """Compare two `Graph`s as `audit` does: for many audits of one graph, which are left as they were."""
    comparison, numbers = _Comparison(original, port), []
    for layers in (fused, fused_averages, layer_norm, keras_ops, older_ops, branched, asserted, kept_whole, row_orders):
        causes, graph_def = layers.written_out(comparison.verification) or ({}, None)
        if causes:
            comparison = _Comparison(original, readable(graph_def))
            numbers += [Numbers(cause, names, drift.NUMBERS[cause].advice) for cause, names in causes.items()]
    for leave_out in (asserted.no_more, asserted.of_images):
        causes, graph_defs = leave_out(comparison.verification) or ({}, ())
        if causes:
            others = [readable(one) if one else graph for one, graph in zip(graph_defs, comparison.graphs, strict=True)]
            others[0].made = original.made
            comparison = _Comparison(*others)
            numbers += [Numbers(cause, names, drift.NUMBERS[cause].advice) for cause, names in causes.items()]
    found = comparison.run(roles or {})
    if not numbers:
        return found
    pairs = {name: other for name, other in found.pairs.items() if other in port.nodes}
    verdict = "numbers changed" if found.verdict == "faithful" else found.verdict
    return found._replace(verdict=verdict, numbers=[*numbers, *found.numbers], pairs=pairs)


def readable(graph_def: Any, shapes: dict[str, Any] | None = None) -> Graph:
    """Return the `Graph` of a GraphDef, which stays as it is: to ask a protobuf map for what it lacks puts it there.

    Where the port's placeholders have the names of others, their `shapes` do not fit, and are left out. So are backward
    loops that never run.
    """
    content = tf.GraphDef.FromString(graph_def.SerializeToString())
    try:
        graph = Graph(content, shapes)
    except ValueError:
        if not shapes:
            raise
        shapes = None
        graph = Graph(content)
    left = idle_loops.without(graph)
    if left is None:
        return graph
    smaller = Graph(left, shapes)
    smaller.made = graph.made
    return smaller


def same_roles(names: Any, others: Any) -> dict[str, tuple[str, str]]:
    """Return the roles for two `Network`s, of tensors and ops or of their names."""
    return {field: (_name(getattr(names, field)), _name(getattr(others, field))) for field in names._fields}


def _name(tensor_or_op):
    return getattr(tensor_or_op, "name", tensor_or_op)


class _Comparison:
    def __init__(self, original, port):
        self.graphs = (original, port)
        self.functions = _Functions(*self.graphs)
        self.normals, self.verification = _verified(*self.graphs, self.functions.do_the_same)
        self.functions.take_out(self.normals)
        self.verification.explain_consumed()

    def run(self, roles):
        verification = self.verification
        findings = list(verification.findings)
        findings += self._roles(roles)
        findings += _strays(*self.graphs)
        findings += _out_of_turn(verification)
        findings += exchanged.names(verification)
        numbers, unexplained = changed_numbers(verification)
        findings += unexplained
        for rule, names in self.functions.rules.items():
            verification.rules.setdefault(rule, []).extend(names)
        places = tuple({name: place for place, name in enumerate(graph.nodes)} for graph in self.graphs)
        found = differences(findings, places) + self.functions.differences + self.functions.left_over()
        numbers += self.functions.numbers
        verdict = "not faithful" if found else "numbers changed" if numbers else "faithful"
        where = {rule: list(dict.fromkeys(names)) for rule, names in sorted(verification.rules.items())}
        left = [finding.node or finding.other for finding in findings if finding.kind == "alone"]
        not_compared = [name for node in left for name in node.names] + self.functions.not_compared
        compared = len(self.graphs[0].nodes) - sum(
            len(finding.node.names) for finding in findings if finding.kind == "alone" and finding.node
        )
        rules = {rule: len(names) for rule, names in where.items()}
        return Audit(verdict, found, numbers, rules, compared, not_compared, self._pairs(), where)

    def _pairs(self):
        """Return the partners by name; of two nodes that compute the same, the one of the same name first."""
        pairs = {}
        for node, other in self.verification.partner.items():
            left = [name for name in other.names if name not in node.names] or other.names
            for name in node.names:
                pairs[name] = name if name in other.names else left[0]
        pairs.update(self.verification.constants)
        for name in self.graphs[0].nodes:  # what a rule passed over in both graphs, and has kept its name
            here, there = (normal.tensors.get((name, 0)) for normal in self.normals)
            if name not in pairs and here and there and self.verification.is_same(here, there):
                pairs[name] = name
        return {name: pairs[name] for name in self.graphs[0].nodes if name in pairs}

    def _roles(self, roles):
        for role, (tensor, other) in roles.items():
            here, there = (_tensor(normal, name) for normal, name in zip(self.normals, (tensor, other), strict=True))
            is_same = here is not None and there is not None and self.verification.is_same(here, there)
            # What a rule passes over, such as a transposition that moves nothing, can be fed apart from what it copies.
            made = {name.partition(":")[0] in one.made for one, name in zip(self.normals, (tensor, other), strict=True)}
            if not is_same or len(made) > 1:
                node = here[0] if here is not None and not isinstance(here, Literal) else None
                what = f"the program's {role} is this tensor in the original, {other} in the port"
                yield Finding("role", node, None, what, tensor)


def _strays(graph, other_graph):
    """Yield a `Finding` for what a node of one graph alone takes from another loop, or another turn, than its own."""
    strays = graph.strays(), other_graph.strays()
    for name, maker, which in sorted(strays[0] ^ strays[1]):
        where = "the original" if (name, maker, which) in strays[0] else "the port"
        yield Finding("role", None, None, f"takes {maker} {which}, in {where}, which cannot be run", name)


def _out_of_turn(verification):
    """Yield a `Finding` for what is kept for a backward loop turn by turn in one graph alone."""
    normals = [side.normal for side in verification.pairing.sides]
    kept = [{one.made.get(name, name): name for name in one.graph.out_of_turn()} for one in normals]
    kept[0] = {verification.partner.get(one, one): name for one, name in kept[0].items()}
    alone = [(name, "the original") for one, name in kept[0].items() if one not in kept[1]]
    alone += [(name, "the port") for one, name in kept[1].items() if one not in kept[0]]
    for name, which in sorted(alone):
        what = f"is not kept turn by turn in {which}, as the others of its loop are"
        yield Finding("wait", None, None, what, name)


def _verified(graph, other_graph, compare_functions, given=None):
    """Return the normal forms of two graphs and their `Verification`, without gradients that one makes for nobody.

    Those are known when all the rest has been compared without any gradient that nothing uses.
    """
    graphs = graph, other_graph
    normals, verification, hints = _compared(graphs, (set(), set()), compare_functions, given)
    unused = tuple(map(idle.idle_nodes, normals)) if verification.findings else ()
    if not any(unused) or idle_alone.are_in_both(normals, unused, verification):
        return normals, verification
    idle_names = [{name for node in nodes for name in node.names} for nodes in unused]
    smaller, rest, hints = _compared(graphs, idle_names, compare_functions, given, hints)
    without = idle_alone.of_one_graph(normals, unused, rest, verification)
    if not any(without):
        return normals, verification
    if without == idle_names:
        return smaller, rest
    return _compared(graphs, without, compare_functions, given, hints)[:2]


def _compared(graphs, without, compare_functions, given, hints=None):
    """Return the normal forms of two graphs without the nodes of these names, their `Verification`, and the `hints`.

    Where one graph knows the sizes of a tensor and the other does not, both are told, and are compared again. That is
    sound: the sizes are the same if what makes them is, and that is what is compared. `hints`: of each graph, what was
    told when more of them was compared; the sizes in loops are among them. So are those that the port's gradients say.
    """
    followed = hints is not None
    hints = hints or ({}, {})
    while True:
        normals = tuple(map(Normal, graphs, hints, without))
        leave_out_implied_waits(*normals)
        for normal in normals:
            waits.leave_out_measured(normal)
            sharing.share(normal)
        verification = Verification(Pairing(*normals, given(*normals) if given else ()), compare_functions)
        if not given:  # a whole graph, of which anything can be fetched
            compare_unused_constants(verification)
            compare_unused_copies(verification)
        if not verification.findings:
            return normals, verification, hints
        new = told.by_reshapes(verification)
        otherwise = _kept_otherwise(verification)
        for node, other in verification.partner.items():
            if node in otherwise:
                continue
            here, there = normals[0].known_sizes(node), normals[1].known_sizes(other)
            if here != there:
                for which, one, own, others in ((0, node, here, there), (1, other, there, here)):
                    if any(_tells_more(a, b) for a, b in zip(own, others, strict=False)):
                        own_names = [name for name in one.names if normals[which].made.get(name) is one]  # no rule's
                        new[which].update(dict.fromkeys(own_names, others))
        if not (new[0].keys() - hints[0].keys() or new[1].keys() - hints[1].keys()):
            new = ({}, {}) if followed else tuple(map(loops.sizes, graphs, normals, hints, without))
            followed = True
            if not any(new):  # what follows would be the same once more
                return normals, verification, hints
        hints = tuple(
            {**own, **{name: known for name, known in more.items() if own.get(name) is not ENTERING}}
            for own, more in zip(hints, new, strict=True)
        )


def _kept_otherwise(verification):
    """Return the nodes of the original that keep axes, and their partners do not, with what is made of each element.

    So is a sum of exponentials: a number known of one of the two is none of the other.
    """
    pairs = verification.partner.items()
    found = {node for node, other in pairs if node.attributes.get("keep_dims") != other.attributes.get("keep_dims")}
    todo = list(found)
    while todo:
        users = {user for user, _ in verification.pairing.sides[0].users[todo.pop()] if user.op in ELEMENTWISE}
        todo += users - found
        found |= users
    return found


def _surely_made(tensors):
    """Return what has run when all of some tensors are there."""
    nodes = [one[0] for one in tensors if is_tensor(one)]
    return {one for node in nodes for one in (node, *surely_before(node))}


def _tells_more(shape, other):
    """Whether another shape holds a number where one does not, and none that differs."""
    if other is None or shape is None:
        return other is not None
    if len(shape) != len(other) or any(a != b and None not in (a, b) for a, b in zip(shape, other, strict=True)):
        return False
    return any(a is None and b is not None for a, b in zip(shape, other, strict=True))


def _tensor(normal, name):
    """Return the normal form of a tensor or op by its name, or None."""
    node, _, index = name.partition(":")
    if (node, int(index or 0)) in normal.tensors:
        return normal.tensors[node, int(index or 0)]
    return (normal.made[node], 0) if node in normal.made else None


def shapes_of_placeholders(original: Any, port: Any) -> dict[str, Any]:
    """Return the port's shapes for the placeholders of the original that have none written down, {name: shape}.

    They are those of the same name and type; if there are none, those of the same type in their order.
    """
    ours, theirs = ([node for node in graph.node if node.op == "Placeholder"] for graph in (original, port))
    unwritten = {node.name for node in ours if not has_shape(original, node)}
    ours, theirs = (
        [(node.name, Attributes(node)["dtype"].type, Attributes(node)["shape"].shape) for node in some]
        for some in (ours, theirs)
    )
    by_name = {(name, dtype): shape for name, dtype, shape in theirs}
    shapes = {}
    for name, dtype, _ in ours:
        if name not in unwritten:
            continue
        alike = [[(one, of_it) for one, its_type, of_it in some if its_type == dtype] for some in (ours, theirs)]
        if (name, dtype) in by_name:
            shapes[name] = by_name[name, dtype]
        elif len(alike[0]) == len(alike[1]):
            place = [one for one, _ in alike[0]].index(name)
            shapes[name] = alike[1][place][1]
    return shapes


class _Functions:
    """The functions of two graphs, compared in pairs as their users pair them."""

    def __init__(self, original, port):
        self.graphs = (original, port)
        self.libraries = (original.functions, port.functions)
        self.definitions = (original.graph_def.library, port.graph_def.library)
        self.gradients = [
            {one.function_name: one.gradient_func for one in library.gradient} for library in self.definitions
        ]
        self.generators = [generators(library) for library in self.definitions]
        self.of_datasets = [of_datasets(graph.graph_def) for graph in self.graphs]
        self.compared, self.used = {}, (set(), set())
        self.differences, self.numbers, self.rules, self.not_compared = [], [], {}, []

    def do_the_same(self, name, other, seeds=frozenset()):
        """Compare the bodies of two functions; what differs in them is kept as differences of its own.

        `seeds`: pairs of seeds that are compared where the functions are called, of what these make once more.
        """
        if name not in self.libraries[0] or other not in self.libraries[1]:
            return name == other
        self.used[0].add(name)
        self.used[1].add(other)
        if (name, other) not in self.compared:
            self.compared[name, other] = True  # for a function that calls itself
            self.compared[name, other] = self._compare(name, other, seeds) and self._have_one_gradient(name, other)
        return self.compared[name, other]

    def _have_one_gradient(self, name, other):
        """Whether two functions have no gradients of their own, or those do the same."""
        own, others = (gradients.get(one) for gradients, one in zip(self.gradients, (name, other), strict=True))
        if (own is None) == (others is None):
            return own is None or self.do_the_same(own, others)
        self.differences.append(Difference(name, other, f"has the gradient {own}, {others} in the port"))
        return False

    def _compare(self, name, other, seeds):
        sides, arguments = [], []
        bodies = [body(self.libraries[k][one], self.definitions[k]) for k, one in enumerate((name, other))]
        if lowered.has_branches(bodies[0][0]):
            *bodies[1], gone = lowered.lowered(*bodies[1], self.definitions[1])
            self.used[1].update(gone)
            if gone:
                self.rules.setdefault("branches in functions", []).append(name)
        if self._run_where_datasets_are((name, other), bodies):
            self.rules.setdefault("places in functions", []).append(name)
        known = self.graphs, self.libraries, self.definitions, self.generators, self.of_datasets, (name, other), bodies
        for graph, library, definitions, asking, called, one, (graph_def, outputs) in zip(*known, strict=True):
            graph_def.library.CopyFrom(definitions)
            ends = {one[1:] for one in outputs if one.startswith("^")} if one in called else ()
            sides.append((Graph(graph_def, whole=graph, is_generator=one in asking, ends_behind=ends), outputs))
            arguments.append([argument.name for argument in library[one].signature.input_arg])

        def given(*normals):
            made = [[normal.made[one] for one in names] for normal, names in zip(normals, arguments, strict=True)]
            return zip(*made, strict=False)

        (graph, outputs), (other_graph, other_outputs) = sides
        (normal, other_normal), verification = _verified(graph, other_graph, self.do_the_same, given)
        self.take_out((normal, other_normal))
        verification.explain_consumed()
        findings = list(verification.findings)
        findings += _strays(graph, other_graph)
        numbers, unexplained = changed_numbers(verification, seeds)
        findings += unexplained
        waits = [{one[1:] for one in names if one.startswith("^")} for names in (outputs, other_outputs)]
        here, there = (
            acting(side, {one for name in names for one in side.awaited(name)})
            for side, names in zip((normal, other_normal), waits, strict=True)
        )
        outputs, other_outputs = (
            [_tensor(side, one) for one in names if not one.startswith("^")]
            for side, names in ((normal, outputs), (other_normal, other_outputs))
        )
        made, other_made = (_surely_made(tensors) for tensors in (outputs, other_outputs))
        if {verification.partner.get(one) for one in here - made} != there - other_made:
            findings.append(Finding("role", None, None, "its result waits for others in the port", name))
        if len(outputs) != len(other_outputs) or len(arguments[0]) != len(arguments[1]):
            findings.append(Finding("role", None, None, "takes or gives another number of tensors in the port", name))
        for position, (one, two) in enumerate(zip(outputs, other_outputs, strict=False)):
            if not verification.is_same(one, two):
                what = f"output {position} is {verification.text(one)}, {verification.text(two)} in the port"
                findings.append(Finding("role", None, None, what, name))
        places = ({one: k for k, one in enumerate(normal.graph.nodes)}, {})
        found = differences(findings, places)
        for one in found:
            inside = one._replace(node=f"{name}/{one.node}", port_node=f"{other}/{one.port_node}")
            self.differences.append(inside)
        self.numbers += numbers
        self.not_compared += [f"{name}/{(f.node or f.other).name}" for f in findings if f.kind == "alone"]
        for rule, names in verification.rules.items():
            self.rules.setdefault(rule, []).extend(f"{name}/{one}" for one in names)
        return not found

    def _run_where_datasets_are(self, names, bodies):
        """Whether all of one of two functions is placed where the datasets are that call it, and none of the other.

        Leave out of its body, then, where that is: a dataset calls a function on the CPU of its machine.
        """
        if not all(name in called for name, called in zip(names, self.of_datasets, strict=True)):
            return False
        placed = [{node.device for node in body.node if node.op != "Placeholder"} for body, _ in bodies]
        if {""} not in placed or placed[0] == placed[1]:
            return False
        at = int(placed[0] == {""})
        alike = {one for one, first in self.graphs[at].alike.items() if first == names[at]}
        if placed[at] != {node.device for node in callers(self.graphs[at].graph_def, alike)}:
            return False
        for node in bodies[at][0].node:
            node.device = ""
        return True

    def take_out(self, normals):
        """Count the functions as compared whose bodies rules have written instead of their calls."""
        for used, normal in zip(self.used, normals, strict=True):
            used |= normal.written_out

    def left_over(self):
        """Return a difference for the functions of each graph that the other has not, which no partner calls."""
        for name in self.libraries[0].keys() & self.libraries[1].keys():
            if name not in self.used[0] and name not in self.used[1]:
                self.do_the_same(name, name)
        found = []
        for which, graph, used in zip(("original", "port"), self.graphs, self.used, strict=True):
            left = sorted(one for one, first in graph.alike.items() if used.isdisjoint((one, first)))
            if left:
                what = f"a function of the {which} alone, which nothing calls that has a partner"
                at = (left[0], "") if which == "original" else ("", left[0])
                found.append(Difference(*at, what, len(left) - 1, tuple(f"{one}: {what}" for one in left[1:])))
        return found

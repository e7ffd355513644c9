"""Which edits that the audit does not notice change nothing: told from the graphs, or by running them.

* what the edit reaches is constant, and every constant that anything else uses keeps its value (`known_graph`);
* the node is one that rules take for what the other graph writes otherwise, without a partner there, has no effect, and
  all that it reaches is so: no run of the other program can ask for any of it (`alone`);
* the same, or what is made of it is computed from constants and sizes alone; whatever of the rest uses it comes anyhow
  after all with an effect that runs for what it begins or ceases to wait for. So may a size wait for another, and what
  is made of it on the way to that, or for nobody; what keeps values for the gradient of a loop wait for more, or only
  tells in which branch others are, and an assertion without a partner that nothing else waits for. And a size may wait
  or not for what keeps, draws and stops nothing, if all that takes the size comes behind that in any case, but for
  other sizes and nodes without a partner, of which the same holds;
* another number of the turns of a loop may run at once, none of which has an effect but on stacks and arrays;
* the node is on the side of a Switch to which its condition, a constant, never leads, and brings nothing else to run;
* an assertion prints others, or in another order, or a constant that only assertions print is another, when they stop a
  program, and nothing else runs for them or for what waits for them;
* the values of what the edit reaches end in nodes that have no effect and no partner in the other graph, which are only
  waited for, what waits for them waits for the same things that have an effect, and both graphs have the same bits;
* the edit touches what is computed from constants and sizes alone, and both graphs have the same bits, but for nodes
  without a partner in the other graph that have no effect;
* an input is replaced by what it is a reshape of, or the other way around, or both are reshapes of one tensor, of which
  a sum over no axis may be taken before, nothing else runs for the node, and the same holds as for sizes;
* two inputs are swapped that are constant and have one value;
* the edited graph is the graph with other names for some nodes (`same_but_names`).

Both graphs have the same bits if they do, run beside each other with three batches of other sizes each, in all that
they fetch and update; what the edit reaches of the rest has them if the edited node itself has.
"""

from typing import NamedTuple

from compat_v1.beside import CannotRunError, beside
from compat_v1.beside.engine import Trial
from compat_v1.beside.plan import Fetch
from compat_v1.beside.wiring import Wiring
from known_graph import CONTROL_FLOW, ONLY_ASKED, KnownGraph, same_constants, same_values, source
from same_but_names import same_but_names

_BATCHES = (2, 5, 6)
_KEEP = {"Enter", "StackPush", "StackPushV2"}  # of which no session is asked
_KEPT = ("Stack", "TensorArray")  # each turn at a place of its own
_ATTEMPTS = 4  # to draw what the graph takes: no row before the first


class Pair(NamedTuple):
    """A graph to edit and its edited form, GraphDefs, and the names of its nodes that have no partner."""

    graph: object
    mutant: object
    alone: frozenset


def alone(graph_def, other, partners):
    """Return the names of a graph's nodes without a partner, but one that is computed from sizes by another op.

    `partners`: {name: the partner's name}, as the audit found them.
    """
    graph, ops = KnownGraph(graph_def), {node.name: node.op for node in other.node}
    found = set()
    for name, node in graph.nodes.items():
        op = ops.get(partners.get(name))
        if op is None or (op != node.op and graph.is_of_sizes(name)):
            found.add(name)
    return frozenset(found)


def is_equivalent(edit, pair):
    """Whether an edit of a graph can be told to change nothing."""
    if edit.function:
        return same_constants(pair.graph, pair.mutant)
    if same_constants(pair.graph, pair.mutant) or any(tells(edit, pair) for tells in _TELLING):
        return True
    if same_but_names(pair.graph, pair.mutant, edit.node):
        return True
    values = _only_waited_for(edit, pair)
    if values is None and (_is_of_sizes(edit, pair) or _is_reshaped(edit, pair)):
        graph = KnownGraph(pair.graph)
        values = {name for name in graph.made_of(edit.node) & pair.alone if not graph.has_effect(name)}
    return values is not None and all(_has_the_same_bits(edit, pair, values, size) for size in _BATCHES)


def _is_of_no_use(edit, pair):
    """Whether nothing that the other graph has can tell the edit: by the second and the third rule."""
    fewer, more = pair.graph, pair.mutant
    if edit.kind == "control input removed":
        fewer, more = more, fewer
    graph, waits, of_sizes = KnownGraph(fewer), set(), False
    if edit.kind.startswith("control input"):
        (node,) = (node for node in more.node if node.name == edit.node)
        waits = {one[1:] for one in node.input if one.startswith("^")} - {
            one[1:] for one in graph.nodes[edit.node].input
        }
        of_sizes = all(map(graph.is_of_sizes, waits))
    seen, todo = {edit.node}, [edit.node]
    while todo:
        name = todo.pop()
        if name == edit.node:
            measured = of_sizes and graph.is_of_sizes(name)
        else:
            measured = of_sizes or (waits and graph.is_of_sizes(name, whole=False))
        op = graph.nodes[name].op
        free = measured or (waits and (op in _KEEP or graph.is_pivot(name)))
        if name not in pair.alone and not (free and (name in graph.users or graph.is_unused_gradient(name))):
            return False
        if graph.has_effect(name) and not (waits and op in {"Assert", *_KEEP}):
            return False
        for user in graph.users.get(name, ()):
            anyhow = waits and not any(graph.matters(one, [user.name]) for one in waits)
            if user.name not in seen and not anyhow:
                seen.add(user.name)
                todo.append(user.name)
    return True


def _are_behind_anyhow(edit, pair):
    """Whether a size begins or ceases to wait for what all that takes it comes behind, by the third rule."""
    if not edit.kind.startswith("control input"):
        return False
    graphs, wirings = ([kind(one) for one in pair[:2]] for kind in (KnownGraph, Wiring))
    awaited = set.symmetric_difference(*(set(wiring.controls[edit.node]) for wiring in wirings))
    frames = {wirings[0].frames[one] for one in (edit.node, *awaited)}
    if len(frames) > 1 or wirings[0].frames != wirings[1].frames:
        return False
    graph = graphs[edit.kind == "control input removed"]
    effects = set().union(*map(graph.effects_before, awaited)) - graph.effects_before(edit.node)
    if any(graph.nodes[one].op not in ONLY_ASKED for one in effects):
        return False
    todo, seen = [edit.node], {edit.node}
    while todo:
        name = todo.pop()
        is_inner = graph.is_of_sizes(name, whole=False) or name in pair.alone
        if not is_inner or graph.has_effect(name) or name not in graph.users:
            return False
        users = {user.name for user in graph.users[name]} - seen
        users = {user for user in users if not all(graph.is_behind(user, one) for one in awaited)}
        todo += users
        seen |= users
    return True


def _only_keeps_pace(edit, pair):
    """Whether another number of a loop's turns may run at once, none of which has an effect but to keep values."""
    if edit.kind != "attribute":
        return False
    graph, wiring = KnownGraph(pair.graph), Wiring(pair.graph)
    (other,) = (node.attr for node in pair.mutant.node if node.name == edit.node)
    node = graph.nodes[edit.node].attr
    if {key for key in {*node, *other} if dict(node).get(key) != dict(other).get(key)} != {"parallel_iterations"}:
        return False
    loop = wiring.frames[edit.node]
    inside = [name for name, frames in wiring.frames.items() if frames[: len(loop)] == loop and graph.has_effect(name)]
    return all(graph.nodes[name].op in CONTROL_FLOW or graph.nodes[name].op.startswith(_KEPT) for name in inside)


def _is_never_run(edit, pair):
    """Whether a node is dead in every run of both graphs, and makes run what it did."""
    graphs = KnownGraph(pair.graph), KnownGraph(pair.mutant)
    return all(edit.node in graph.dead for graph in graphs) and _waits_alike(edit, graphs)


def _only_prints(edit, pair):
    """Whether assertions ask for the same, and only what they print is another."""
    graphs = KnownGraph(pair.graph), KnownGraph(pair.mutant)
    if edit.kind == "constant":
        users = graphs[0].users[edit.node]
        return all(user.op == "Assert" and source(user.input[0])[0] != edit.node for user in users)
    asserts = graphs[0].nodes[edit.node].op == "Assert" and edit.places and 0 not in edit.places
    return bool(asserts) and (_waits_alike(edit, graphs) or _come_anyhow(edit, graphs))


def _are_the_same(edit, pair):
    """Whether the inputs that are swapped are constant, and have one value."""
    (node,) = (node for node in pair.graph.node if node.name == edit.node)
    return edit.kind == "swapped inputs" and same_values(pair.graph, [node.input[place] for place in edit.places])


_TELLING = (_is_of_no_use, _are_behind_anyhow, _only_keeps_pace, _is_never_run, _only_prints, _are_the_same)


def _come_anyhow(edit, graphs):
    """Whether in both graphs all that uses a node comes behind whatever has an effect and runs before it in one."""
    before = graphs[0].effects_before(edit.node) | graphs[1].effects_before(edit.node)
    users = graphs[0].users.get(edit.node, ())
    return bool(users) and all(before <= graph.effects_before(user.name) for graph in graphs for user in users)


def _waits_alike(edit, graphs):
    """Whether the same that has an effect runs before the edited node in both graphs."""
    before, after = (graph.effects_before(edit.node) for graph in graphs)
    return before == after


def _only_waited_for(edit, pair):
    """Return what has the values that an edit reaches, if the other graph has none of it and no wait changes."""
    graphs = KnownGraph(pair.graph), KnownGraph(pair.mutant)
    values = graphs[0].made_of(edit.node)
    if edit.kind.startswith("control") or not values <= pair.alone:
        return None
    if any(graph.has_effect(name) for graph in graphs for name in values):
        return None
    waiting = {user.name for name in values for user in graphs[0].users.get(name, ())} - values
    return values if all(graphs[0].effects_before(name) == graphs[1].effects_before(name) for name in waiting) else None


def _is_of_sizes(edit, pair):
    """Whether the edit touches what is computed from constants and sizes alone, in both graphs."""
    graphs = KnownGraph(pair.graph), KnownGraph(pair.mutant)
    return not edit.kind.startswith("control") and all(_touches_sizes(edit, graph) for graph in graphs)


def _touches_sizes(edit, graph):
    """Whether a node is computed from constants and sizes alone, or only such inputs of it are edited."""
    if graph.is_of_sizes(edit.node):
        return True
    edited = [place for place in edit.places if not graph.is_of_sizes(graph.nodes[edit.node].input[place])]
    return bool(edit.places) and not edited


def _is_reshaped(edit, pair):
    """Whether the input that an edit replaces, and what it replaces it by, are reshapes of the same tensor."""
    if edit.kind != "replaced input":
        return False
    graphs = KnownGraph(pair.graph), KnownGraph(pair.mutant)
    (place,) = edit.places
    tensors = {graph.reshaped(graph.nodes[edit.node].input[place]) for graph in graphs}
    return len(tensors) == 1 and _waits_alike(edit, graphs)


def _has_the_same_bits(edit, pair, values, size):
    """Whether both graphs run alike in batches of a size, as TensorFlow optimizes them and op by op as they are.

    All values that the edit reaches, but for those of these nodes, have to be among what is run, or computed from that
    alone, such as copies for nobody, unless they are the end of a branch or loop, in which nothing is fetched; or else
    the edited node has the same values itself.
    """
    open_sizes = {
        node.name: [size]
        for node in pair.graph.node
        if node.op == "Placeholder" and any(one.size < 0 for one in node.attr["shape"].shape.dim)
    }
    graph = KnownGraph(pair.graph)
    pairs = {name: name for name in graph.nodes if name not in values}
    for seed in range(size, size + 10 * _ATTEMPTS, 10):
        try:
            result = beside(pair.graph, pair.mutant, updates=2, seed=seed, sizes=open_sizes, pairs=pairs)
        except CannotRunError:  # the graph itself does not take what was drawn
            continue
        plan = result.plan
        run = plan.old.needs({one.old[0] for one in plan.fetches} | {update.target for update, _ in plan.updates})
        left = graph.made_of(edit.node) - values - run
        left = {name for name in left if graph.has_effect(name) or not values.isdisjoint(graph.makers(name))}
        ends = all(not graph.made_of(name) - {name} and not plan.old.wiring.is_always_there(name) for name in left)
        with_node = () if ends else (_with_node(plan, edit.node),)
        if result.verdict != "equal" or result.left_out or None in with_node:
            return False
        trial = Trial(plan, result.updates, None, lambda done, total: None)
        return all(trial.course(one, trial.plain).is_equal for one in (plan, *with_node))
    return False


def _with_node(plan, name):
    """Return the plan, a `Plan`, with a node's values among what is fetched, or None if they cannot be."""
    wiring = plan.old.wiring
    needs = plan.old.needs({name})
    fed = {one for one in needs if one in plan.old.inputs}
    if not wiring.is_always_there(name) or not fed <= {one for one, _ in plan.taken[0]}:
        return None
    values = [(name, index) for index in range(len(plan.old.outputs(name)))]
    return plan._replace(fetches=[*plan.fetches, *(Fetch(one, one) for one in values)])

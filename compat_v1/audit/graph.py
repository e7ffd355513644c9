"""A GraphDef (or a function's body) made easy to ask: nodes by name, inputs, defaults, an order, static shapes."""

import collections
import functools

import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.python.framework import op_def_registry

from compat_v1.audit import conditions, devices, pivots
from compat_v1.audit.bodies import with_bodies
from compat_v1.audit.conditions import BACK_EDGES, ENTERS, MERGES, SWITCHES
from compat_v1.audit.literals import read_constant
from compat_v1.audit.ordering import in_order
from compat_v1.audit.queues import write_sizes

v1 = tf.compat.v1

EXITS = ("Exit", "RefExit")

_SCALARS = 21  # the last version of graphs in which a placeholder without a shape says that it is a scalar

_READING = {"ReadVariableOp", "ResourceGather", "ResourceGatherNd", "IsVariableInitialized", "VarIsInitializedOp"}
READING_TABLES = {f"LookupTable{done}{version}" for done in ("Find", "Size", "Export") for version in ("", "V2")}
_READING |= READING_TABLES

# What graph builders write down for themselves; other attributes with an underscore may choose a kernel or a device.
NOTES = {"_has_manual_control_dependencies", "_output_shapes", "_read_only_resource_inputs", "_user_specified_name"}


def source(reference):
    """Return the node that an input is made by: `name`, `name:1` or, for a control input, `^name`."""
    return reference.lstrip("^").partition(":")[0]


def has_shape(graph_def, placeholder):
    """Whether the shape of a placeholder is written down: TensorFlow 1.0 wrote that of a scalar if it was not known."""
    shape = Attributes(placeholder)["shape"]
    may_be_scalar = graph_def.versions.producer > _SCALARS and shape.HasField("shape")
    return bool(shape.shape.dim) or (may_be_scalar and not shape.shape.unknown_rank)


def _once(question):
    """Ask what a graph says of a name once, and give everybody a dict of their own: protobuf maps are slow."""

    @functools.wraps(question)
    def ask(self, *name):
        known = self._known[question]
        if name not in known:
            known[name] = question(self, *name)
        found = known[name]
        return found.copy() if isinstance(found, dict) else found

    return ask


class Attributes:
    """A node's attributes, to ask without writing: a protobuf map makes an entry for what it is asked for."""

    def __init__(self, node):
        self._map = node.attr

    def __getitem__(self, key):
        return self._map[key] if key in self._map else v1.AttrValue()

    def __contains__(self, key):
        return key in self._map


class Graph:
    """A GraphDef's nodes by name, with what can be known of them without running them.

    `nodes`: {name: NodeDef}; `inputs`: {name: [(node name, output index), …]}; `controls`: {name: [node name, …]};
    `order`: names, each after what it needs, but for the back edges of loops; `frames`: the loop that a node runs in
    ("" for none); `devices`: {name: where it is placed, "" for anywhere}; `branches`: the `Conditions` under which
    nodes run; `conditional`: those that run in a branch only; `shapes`: {name: [sizes or None, …]}, the static shapes
    of the outputs, a tuple with None for an unknown size, or None for an unknown rank.

    Raises `ValueError` for a graph that today's TensorFlow cannot import.
    """

    def __init__(self, graph_def, placeholder_shapes=None, whole=None, is_generator=False):
        """`whole`: of the body of a function, of which nothing can be fetched, the graph that it is of.

        `is_generator`: whether that function is what asks a generator of a dataset for the next element.
        """
        self.graph_def, self.is_body, self.is_generator = graph_def, whole is not None, is_generator
        self.whole = whole or self
        self.nodes = {node.name: node for node in graph_def.node}
        self.made = list(self.nodes)  # in which order; also what was left out since
        if len(self.nodes) != len(graph_def.node):
            raise ValueError("two nodes have the same name")
        self.inputs, self.controls = {}, {}
        self.users = collections.defaultdict(list)  # {name: [(user, which of its inputs), …]}
        for name, node in self.nodes.items():
            data = [one.partition(":") for one in node.input if not one.startswith("^")]
            if any(index and not index.isdecimal() for _, _, index in data):
                raise ValueError(
                    f"TensorFlow {tf.__version__} cannot import the graph: {name} takes an output without a number"
                )
            self.inputs[name] = [(maker, int(index or 0)) for maker, _, index in data]
            for slot, (maker, _) in enumerate(self.inputs[name]):
                self.users[maker].append((name, slot))
            self.controls[name] = [one[1:] for one in node.input if one.startswith("^")]
            if any(source(one) not in self.nodes for one in node.input):
                missing = next(one for one in node.input if source(one) not in self.nodes)
                raise ValueError(f"TensorFlow {tf.__version__} cannot import the graph: {name} needs {missing}")
        self._known = collections.defaultdict(dict)  # {question: {(name, …): answer}}
        self.awaited = {one for controls in self.controls.values() for one in controls}
        self.devices = devices.of(self)
        self.functions = {function.signature.name: function for function in graph_def.library.function}
        self.shapes = _static_shapes(graph_def, placeholder_shapes or {})
        self.order = self._order()
        self.branches = conditions.of_graph(self, with_turns=True)
        pivots.leave_out(self)
        self.frames, self.conditional = {}, conditions.in_branches(self)
        self._parents = {}  # {loop: the one that it is in}
        for name in self.order:
            self._place(name)

    def op_def(self, name):
        """Return the definition of a node's op, or None for a function that is called."""
        return op_def_registry.get(self.nodes[name].op)

    @_once
    def dtype(self, name, index=0):
        """Return the type of a node's output, as "float32", or "" if the op does not tell."""
        node, definition = self.nodes[name], self.op_def(name)
        if definition is None or not definition.output_arg:
            return ""
        argument = definition.output_arg[min(index, len(definition.output_arg) - 1)]
        number = argument.type
        if argument.type_attr:
            default = next(one.default_value.type for one in definition.attr if one.name == argument.type_attr)
            number = node.attr[argument.type_attr].type if argument.type_attr in node.attr else default
        return tf.dtypes.as_dtype(number).base_dtype.name if number else ""

    @_once
    def has_notes(self, name):
        """Whether a graph builder has written something down for itself at a node."""
        return not NOTES.isdisjoint(self.nodes[name].attr)

    @_once
    def attributes(self, name):
        """Return a node's attributes, {name: bytes}, without those that have the op's default value, and without notes.

        A GraphDef may leave a default out, so that whether it stands there tells nothing about the graph.
        """
        unwritten = self.nodes[name].op == "Placeholder" and not has_shape(self.graph_def, self.nodes[name])
        definition = self.op_def(name)
        defaults = {}
        if definition is not None:
            defaults = {one.name: one.default_value for one in definition.attr if one.HasField("default_value")}
        found = {}
        for key, value in self.nodes[name].attr.items():
            if key in NOTES:
                continue
            elif value.HasField("func") or value.list.func:
                continue  # compared by what the functions do
            elif key != "_class" and value != defaults.get(key) and not (unwritten and key == "shape"):
                found[key] = value.SerializeToString(deterministic=True)
        return found

    def own_type(self, name):
        """Return of a node's attributes the type of what it takes and gives, {"T": bytes}, if it has that."""
        return {key: value for key, value in self.attributes(name).items() if key == "T"}

    @_once
    def colocated(self, name):
        """Return the names of what a node is to be placed beside, as they stand in `_class`."""
        return tuple(one.decode("utf-8", "replace") for one in Attributes(self.nodes[name])["_class"].list.s)

    @_once
    def called(self, name):
        """Return the functions that a node calls, {attribute: names}; the op itself may be one."""
        node = self.nodes[name]
        called = {"the op": [node.op]} if node.op in self.functions else {}
        for key, value in node.attr.items():
            names = [value.func.name] if value.HasField("func") else [one.name for one in value.list.func]
            if names:
                called[key] = names
        return called

    @_once
    def constant(self, name):
        """Return the value of a Const, a `Literal`."""
        return read_constant(self.nodes[name])

    @_once
    def is_stateful(self, name):
        """Whether a node's op keeps, changes or draws something, or reads what may change."""
        definition = self.op_def(name)
        if definition is None:
            return True
        takes_a_ref = any(argument.is_ref for argument in definition.input_arg)
        return definition.is_stateful or takes_a_ref

    @functools.cached_property
    def effects(self):
        """{name: what runs for a node and changes what others see, itself perhaps}, where there is any."""
        return self.effects_without(frozenset())

    def effects_without(self, copies, initial=frozenset()):
        """Return the same if each output of some IdentityNs, by name, were made from what it copies alone.

        And if what stands for `initial` values of variables waited for no initializer.
        """
        found: dict = {}
        for name in self.order:
            needs = self.needs(name) if name not in initial else [maker for maker, _ in self.inputs[name]]
            if copies and not copies.isdisjoint(needs):
                needs = [one for taken in self.inputs[name] for one in self._copied(*taken, copies)]
                needs += self.controls[name]
            own = [found[one] for one in needs if one in found]
            own += [frozenset([name])] if self.has_effect(name) else []
            if own:
                largest = max(own, key=len)
                found[name] = largest if all(one <= largest for one in own) else frozenset().union(*own)
        return found

    def _copied(self, name, index, copies):
        """Return what an output is made from, and what is awaited for it, by what some IdentityNs copy."""
        awaited = []
        while name in copies:
            awaited += self.controls[name]
            name, index = self.inputs[name][index]
        return [name, *awaited]

    def has_effect(self, name):
        """Whether a node changes a variable, a queue or the like, and not only what it draws next or itself gives."""
        op, definition = self.nodes[name].op, self.op_def(name)
        if not self.is_stateful(name) or op in _READING or op.startswith(("TensorArray", "Stack", "Ref", "Assert")):
            return False
        draws = definition is not None and any(one.name == "seed" for one in definition.attr)
        return bool(self.inputs[name]) and not draws

    @functools.cached_property
    def counts_elements(self):
        """Whether a node, or one of a function, asks a dataset how many elements it has."""
        nodes = (self.graph_def.node, *(function.node_def for function in self.graph_def.library.function))
        return any(node.op.endswith("DatasetCardinality") for some in nodes for node in some)

    @functools.cached_property
    def only_reads_tables(self):
        """Whether no node of a graph changes a table, or calls a function that might."""
        others = [name for name, node in self.nodes.items() if node.op not in READING_TABLES]
        return not any("Table" in self.nodes[name].op or self.called(name) for name in others)

    def is_pure(self, function, but=frozenset()):
        """Whether no op of a function, or of one that it calls, keeps, changes or draws anything, or is one of some."""
        seen, todo = {function}, [function]
        while todo:
            name = todo.pop()
            for node in self.functions[name].node_def if name in self.functions else ():
                definition = op_def_registry.get(node.op)
                if definition is None or definition.is_stateful or node.op in but:
                    return False
                named = (one for value in node.attr.values() for one in (value.func, *value.list.func))
                new = {one.name for one in named if one.name} - seen
                seen |= new
                todo += new
        return seen <= self.functions.keys()

    def stacks(self):
        """Return {name of a Stack: ([pushes], [pops])}."""
        stacks = collections.defaultdict(lambda: ([], []))
        for name, node in self.nodes.items():
            kind = {"StackPush": 0, "StackPushV2": 0, "StackPop": 1, "StackPopV2": 1}.get(node.op)
            if kind is None:
                continue
            handle = name
            for _ in range(len(self.nodes)):  # into a loop in a loop, the handle enters twice; and into a branch
                handle = self.inputs[handle][0][0]
                if self.nodes[handle].op not in (*ENTERS, *SWITCHES, "Identity", "RefIdentity"):
                    break
            stacks[handle][kind].append(name)
        return stacks

    def needs(self, name):
        """Return the nodes that a node takes, then those that it waits for."""
        return [maker for maker, _ in self.inputs[name]] + self.controls[name]

    def surely_before(self, name):
        """Return what has run whenever a node has: not what one of several brings, as a turn before."""
        found, todo = set(), [name]
        while todo:
            one = todo.pop()
            new = set() if self.nodes[one].op in MERGES else set(self.needs(one)) - found
            found |= new
            todo += new
        return found

    def strays(self):
        """Return {(node, what it takes, why not)} for what a node cannot take: a graph that has any cannot be run.

        All is of one loop, and all that enters a loop is of one outside of it. What enters as no constant is there in
        the first turn alone, so that only a Merge takes it.
        """
        found = set()
        for name, node in self.nodes.items():
            needs, own = self.needs(name), self.frames[name]
            if node.op in ENTERS:
                own = self._parents[own]
            elif node.op in EXITS:
                own = self.frames[needs[0]]
                found.update((name, maker, "of no loop") for maker in needs if not own)
            found.update((name, maker, "of another loop") for maker in needs if self.frames[maker] != own)
            for maker, _ in self.inputs[name] if node.op not in MERGES else ():
                if self.nodes[maker].op in ENTERS and not Attributes(self.nodes[maker])["is_constant"].b:
                    found.add((name, maker, "of the first turn alone"))
        return found

    @functools.cached_property
    def followers(self):
        """{name: the nodes that take it or wait for it}."""
        found = {name: [] for name in self.nodes}
        for name in self.nodes:
            for maker in dict.fromkeys(self.needs(name)):
                found[maker].append(name)
        return found

    def out_of_turn(self):
        """Return the pushes and pops in loops that do not come turn by turn, though others of their loop do.

        They wait for the count of the turn, and the next count for them: else one comes once too often, or too early.
        What is popped in a branch waits for the condition, which is popped before.
        """
        ordered = collections.defaultdict(set)  # {loop: what comes turn by turn}
        stacks = self.stacks().values()
        kept = [one for pushes, _ in stacks for one in pushes]
        pops = [one for _, pops in stacks for one in pops]
        kept += [one for one in pops if self.controls[one] or self.nodes[self.inputs[one][0][0]].op not in SWITCHES]
        kept = [one for one in kept if self.frames[one]]
        for name in kept:
            counts = set(self.controls[name])
            todo, after = [name], set()
            while todo:
                for one in self.followers[todo.pop()]:
                    if self.nodes[one].op in ("ControlTrigger", "NoOp") and one not in after:
                        todo.append(one)
                    after.add(one)
            if any(self.nodes[one].op in BACK_EDGES and self.inputs[one][0][0] in counts for one in after):
                ordered[self.frames[name]].add(name)
        return {name for name in kept if self.frames[name] in ordered and name not in ordered[self.frames[name]]}

    def _order(self):
        """Sort the nodes; what is popped comes after what is pushed, where the graph allows."""
        needs = {}
        for name, node in self.nodes.items():
            needs[name] = self.needs(name)
            if node.op in MERGES:
                needs[name] = [one for one in needs[name] if self.nodes[one].op not in BACK_EDGES]
        with_stacks = {name: list(makers) for name, makers in needs.items()}
        for pushes, pops in self.stacks().values():
            for pop in pops:
                with_stacks[pop] += [self.inputs[push][1][0] for push in pushes if len(self.inputs[push]) > 1]
        for wanted in (with_stacks, needs):
            order = in_order(wanted)
            if len(order) == len(self.nodes):
                return order
        raise ValueError("the graph has a cycle that is no loop of tf.while_loop")

    def _place(self, name):
        """Tell in which loop a node runs, from what it needs."""
        node = self.nodes[name]
        known = [one for one in self.needs(name) if one in self.frames]
        frames = [self.frames[one] for one in known if self.frames[one]]
        if node.op in ENTERS:
            self.frames[name] = Attributes(node)["frame_name"].s.decode("utf-8", "replace")
            self._parents.setdefault(self.frames[name], frames[0] if frames else "")
        elif node.op in EXITS:
            self.frames[name] = self._parents.get(frames[0], "") if frames else ""
        else:
            self.frames[name] = frames[0] if frames else ""


def _static_shapes(graph_def, placeholder_shapes):
    """Return the static shapes of a graph, {name: [a tuple or None, …]}, also of what its functions give."""
    laid_out = with_bodies(graph_def)
    try:
        shapes = _shapes_in_loops(laid_out, placeholder_shapes)
    except ValueError:
        if laid_out is graph_def:
            raise
        shapes = _shapes_in_loops(graph_def, placeholder_shapes)
    return {node.name: shapes[node.name] for node in graph_def.node}


def _shapes_in_loops(graph_def, placeholder_shapes):
    """Import a graph for its static shapes and return {name: [a tuple or None, …]}.

    The importer knows no shapes in a loop. But a loop variable keeps the shape that it enters with unless its builder
    said otherwise: it enters alone, and where the shape that comes back differs, its sizes are unknown.
    """
    loops = {node.name: node for node in graph_def.node if node.op in MERGES}
    back = {node.name: node.input[0] for node in graph_def.node if node.op in BACK_EDGES}
    loops = {name: node for name, node in loops.items() if any(source(one) in back for one in node.input)}
    vague = {}
    while True:
        shapes = _import(graph_def, placeholder_shapes, vague)
        found = {}
        for name, node in loops.items():
            for one in node.input:
                if source(one) in back:
                    kept = _common(shapes[name][0], _shape_of(shapes, back[source(one)]))
                    if kept != shapes[name][0]:
                        found[name] = kept
        if not found:
            return shapes
        vague.update(found)


def _shape_of(shapes, reference):
    name, _, index = reference.partition(":")
    return shapes[name][int(index or 0)]


def _common(shape, other):
    """Return what two shapes have in common."""
    if shape is None or other is None or len(shape) != len(other):
        return None
    return tuple(a if a == b else None for a, b in zip(shape, other, strict=True))


def _import(graph_def, placeholder_shapes, vague):
    known = v1.GraphDef.FromString(graph_def.SerializeToString())
    back = {node.name for node in known.node if node.op in BACK_EDGES}
    for node in known.node:
        if node.name in placeholder_shapes:
            node.attr["shape"].shape.CopyFrom(placeholder_shapes[node.name])
        if node.op in ENTERS:
            node.attr["is_constant"].b = True
        if node.op in MERGES:
            entering = [one for one in node.input if source(one) not in back]
            del node.input[:]
            node.input.extend(entering)
            node.attr["N"].i = sum(not one.startswith("^") for one in entering)
    merges = {node.name: node for node in known.node if node.name in vague}
    for name, shape in vague.items():
        stand_in = known.node.add(name=f"{name}/of_any_size", op="PlaceholderWithDefault")
        merge = merges[name]
        stand_in.input.append(merge.input[0])
        stand_in.attr["dtype"].type = merge.attr["T"].type
        stand_in.attr["shape"].shape.CopyFrom(tf.TensorShape(shape).as_proto())
        merge.input[0] = stand_in.name
    try:
        write_sizes(known)
        with tf.Graph().as_default() as graph:
            v1.import_graph_def(known, name="")
            return {op.name: [_tuple(output.shape) for output in op.outputs] for op in graph.get_operations()}
    except (ValueError, KeyError, TypeError, DecodeError, tf.errors.OpError) as error:
        raise ValueError(f"TensorFlow {tf.__version__} cannot import the graph: {error}") from None


def _tuple(shape):
    return None if shape.rank is None else tuple(shape.as_list())

"""A GraphDef (or a function's body) made easy to ask: nodes by name, inputs, defaults, an order, static shapes."""

import collections
import functools
import itertools
import re
from typing import NamedTuple

import tensorflow as tf
from tensorflow.python.framework import op_def_registry

from compat_v1.audit import conditions, definitions, devices, pivots
from compat_v1.audit.bodies import alike, every_node
from compat_v1.audit.conditions import BACK_EDGES, ENTERS, MERGES, SWITCHES
from compat_v1.audit.literals import read_constant
from compat_v1.audit.ordering import in_order
from compat_v1.audit.static_shapes import static_shapes

v1 = tf.compat.v1

EXITS = ("Exit", "RefExit")

_SCALARS = 21  # the last version of graphs in which a placeholder without a shape says that it is a scalar

_TEMPORARY = ("Assign", "AssignAdd", "DestroyTemporaryVariable")
_READING = {"ReadVariableOp", "ResourceGather", "ResourceGatherNd", "IsVariableInitialized", "VarIsInitializedOp"}
READING_TABLES = {f"LookupTable{done}{version}" for done in ("Find", "Size", "Export") for version in ("", "V2")}
_READING |= READING_TABLES

# What graph builders write down for themselves; other attributes with an underscore may choose a kernel or a device.
NOTES = {
    "_disable_call_shape_inference",
    "_has_manual_control_dependencies",
    "_output_shapes",
    "_read_only_resource_inputs",
    "_user_specified_name",
}

_COUNTED = re.compile(rb"pyfunc_(\d+)")  # a function in Python, by how many the process had made before


def has_shape(graph_def, placeholder):
    """Whether the shape of a placeholder is written down: TensorFlow 1.0 wrote that of a scalar if it was not known."""
    shape = Attributes(placeholder)["shape"]
    may_be_scalar = graph_def.versions.producer > _SCALARS and shape.HasField("shape")
    return bool(shape.shape.dim) or (may_be_scalar and not shape.shape.unknown_rank)


def _settings(key, functions):
    """Return what an attribute that names functions says to these but how to run, {key: bytes}."""
    said = [v1.AttrValue().func for _ in functions]
    for one, function in zip(said, functions, strict=True):
        for setting in (setting for setting in function.attr if not setting.startswith("_")):
            one.attr[setting].CopyFrom(function.attr[setting])
    is_any = any(one.attr for one in said)
    return {key: v1.AttrValue(list={"func": said}).SerializeToString(deterministic=True)} if is_any else {}


@functools.cache
def _of_type(number):
    """Return the attribute that says a type."""
    return v1.AttrValue(type=number).SerializeToString(deterministic=True)


def _once(question):
    """Ask what a graph says of a name once: protobuf maps are slow."""
    asked = question.__name__

    @functools.wraps(question)
    def ask(self, name):
        known = self._known[asked]
        if name not in known:
            known[name] = question(self, name)
        return known[name]

    return ask


class Attributes:
    """A node's attributes, to ask without writing: a protobuf map makes an entry for what it is asked for."""

    def __init__(self, node):
        self._map = node.attr

    def __getitem__(self, key):
        return self._map[key] if key in self._map else v1.AttrValue()

    def __contains__(self, key):
        return key in self._map


class Said(NamedTuple):
    """What a NodeDef says: its `attributes`, the functions `called`, what it is to be placed `beside`.

    `has_notes`: whether a graph builder has written something down for itself; `python`: the function in Python that it
    calls, by its number in the process, or "".
    """

    attributes: dict[str, bytes]
    called: dict[str, list[str]]
    beside: tuple[str, ...]
    has_notes: bool
    python: str


class Graph:
    """A GraphDef's nodes by name, with what can be known of them without running them.

    `nodes`: {name: NodeDef}; `inputs`: {name: [(node name, output index), …]}; `controls`: {name: [node name, …]};
    `order`: names, each after what it needs, but for the back edges of loops; `frames`: the loop that a node runs in
    ("" for none); `devices`: {name: where it is placed, "" for anywhere}; `branches`: the `Conditions` under which
    nodes run; `conditional`: those that run in a branch only; `shapes`: {name: [sizes or None, …]}, the static shapes
    of the outputs, a tuple with None for an unknown size, or None for an unknown rank.

    Raises `ValueError` for a graph that today's TensorFlow cannot import.
    """

    def __init__(self, graph_def, placeholder_shapes=None, whole=None, is_generator=False, ends_behind=()):
        """`whole`: of the body of a function, of which nothing can be fetched, the graph that it is of.

        `is_generator`: whether that function is what asks a generator of a dataset for the next element.
        `ends_behind`: if a dataset calls the function, the nodes that run before it has given anything.
        """
        self.graph_def, self.is_body, self.is_generator = graph_def, whole is not None, is_generator
        self.ends_behind = ends_behind
        self._whole = whole  # not itself: without the cycle, a graph that is done with is gone at once
        self.nodes = {node.name: node for node in graph_def.node}
        self.made = list(self.nodes)  # in which order; also what was left out since
        if len(self.nodes) != len(graph_def.node):
            raise ValueError("two nodes have the same name")
        self.inputs, self.controls = {}, {}
        self.users = collections.defaultdict(list)  # {name: [(user, which of its inputs), …]}
        for name, node in self.nodes.items():
            self.inputs[name], self.controls[name], missing = [], [], []
            for one in node.input:
                maker, _, index = one.removeprefix("^").partition(":")
                if one.startswith("^"):
                    self.controls[name].append(one[1:])
                elif index and not index.isdecimal():
                    raise ValueError(
                        f"TensorFlow {tf.__version__} cannot import the graph: {name} takes an output without a number"
                    )
                else:
                    self.users[maker].append((name, len(self.inputs[name])))
                    self.inputs[name].append((maker, int(index or 0)))
                missing += [] if maker in self.nodes else [one]
            if missing:
                raise ValueError(f"TensorFlow {tf.__version__} cannot import the graph: {name} needs {missing[0]}")
        self._known = collections.defaultdict(dict)  # {question: {name: answer}}
        self.awaited = {one for controls in self.controls.values() for one in controls}
        self.functions = {function.signature.name: function for function in graph_def.library.function}
        self.shapes = static_shapes(graph_def, placeholder_shapes or {})  # first: it refuses ops that are not known yet
        self.devices = devices.of(self)
        self.order = self._order()
        self.branches = conditions.of_graph(self, with_turns=True)
        pivots.leave_out(self)
        self._needs = {name: self._needed(name) for name in self.nodes}
        self.frames, self.conditional = {}, conditions.in_branches(self)
        self._parents = {}  # {loop: the one that it is in}
        for name in self.order:
            self._place(name)

    @property
    def whole(self):
        """The graph whose function's body this is, or itself."""
        return self._whole or self

    def op_def(self, name):
        """Return the definition of a node's op, or None for a function that is called."""
        return op_def_registry.get(self.nodes[name].op)

    def dtype(self, name, index=0):
        """Return the type of a node's output, as "float32", or "" if the op does not tell."""
        types = self._types(name)
        return types[min(index, len(types) - 1)] if types else ""

    @_once
    def _types(self, name):
        """Return the type of each of the op's output arguments."""
        node, found = self.nodes[name], []
        for number, attribute in definitions.output_types(node.op):
            if attribute and attribute in node.attr:
                number = node.attr[attribute].type
            elif attribute:
                number = definitions.default_type(node.op, attribute)
            found.append(definitions.type_name(number))
        return found

    @_once
    def said(self, name):
        """Return what a node's NodeDef says, a `Said`, read in one pass."""
        node = self.nodes[name]
        unwritten = node.op == "Placeholder" and not has_shape(self.graph_def, node)
        defaults = definitions.defaults(node.op)
        attributes, beside, has_notes, python = {}, (), False, ""
        called = {"the op": [node.op]} if node.op in self.functions else {}
        for key, value in node.attr.items():
            if key in NOTES:
                has_notes = True
                continue
            if key == "_class":
                beside = tuple([one.decode("utf-8", "replace") for one in value.list.s])
                continue
            kind = value.WhichOneof("value")
            if kind == "func" or (kind == "list" and value.list.func):
                functions = [value.func] if kind == "func" else value.list.func
                called[key] = [self.whole.alike.get(one.name, one.name) for one in functions]
                attributes |= _settings(key, functions)
            elif not (unwritten and key == "shape"):
                written = _of_type(value.type) if kind == "type" else value.SerializeToString(deterministic=True)
                if key == "token" and value.s in self.whole.python_functions:
                    python, written = value.s.decode(), self.whole.python_functions[value.s]
                if written != defaults.get(key):
                    attributes[key] = written
        # A protobuf map comes in any order.
        called = dict(sorted(called.items())) if len(called) > 1 else called
        return Said(attributes, called, beside, has_notes, python)

    @functools.cached_property
    def alike(self):
        """{function: the first that is written alike}."""
        return alike(self.graph_def.library)

    @functools.cached_property
    def python_functions(self):
        """{token: the attribute} of the functions in Python that nodes call, as if the process had made these alone."""
        tokens = {Attributes(node)["token"].s for node in every_node(self.graph_def) if "token" in node.attr}
        in_order = sorted(filter(_COUNTED.fullmatch, tokens), key=lambda token: int(_COUNTED.fullmatch(token)[1]))
        anew = [v1.AttrValue(s=b"pyfunc_%d" % place) for place in range(len(in_order))]
        return {token: one.SerializeToString() for token, one in zip(in_order, anew, strict=True)}

    def attributes(self, name):
        """Return a node's attributes, {name: bytes}, without those that have the op's default value, and without notes.

        A GraphDef may leave a default out, so that whether it stands there tells nothing about the graph. What calls
        functions is not among them, but for what it says to these: that is compared by what these do.
        """
        return self.said(name).attributes.copy()

    def own_type(self, name):
        """Return of a node's attributes the type of what it takes and gives, {"T": bytes}, if it has that."""
        return {key: value for key, value in self.said(name).attributes.items() if key == "T"}

    def colocated(self, name):
        """Return the names of what a node is to be placed beside, as they stand in `_class`."""
        return self.said(name).beside

    def called(self, name):
        """Return the functions that a node calls, {attribute: names}, the first of those alike; the op may be one."""
        return self.said(name).called

    @_once
    def constant(self, name):
        """Return the value of a Const, a `Literal`."""
        return read_constant(self.nodes[name])

    @_once
    def is_stateful(self, name):
        """Whether a node's op, or what that calls, keeps, changes or draws something, or reads what may change.

        A dataset only says what is called for its elements.
        """
        op, called = self.nodes[name].op, self.called(name)
        if definitions.is_stateful(op):
            return True
        return bool(called) and "Dataset" not in op and not all(map(self.is_pure, itertools.chain(*called.values())))

    @functools.cached_property
    def effects(self):
        """{name: what runs for a node and changes what others see, itself perhaps}, where there is any."""
        return self.effects_without(frozenset(), frozenset())

    def effects_without(self, copies, unawaited, unmade=frozenset()):
        """Return the same if each output of some IdentityNs, by name, were made from what it copies alone.

        And if some nodes waited for nothing, `unawaited`: initial values for the initializers of variables, say; and
        some were made from nothing, `unmade`.
        """
        found: dict = {}
        for name in self.order:
            needs = self._needs[name] if name not in unawaited else [maker for maker, _ in self.inputs[name]]
            if name in unmade or (needs and self.nodes[name].op == "Placeholder"):  # what is fed waits not
                needs = []
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

    @_once
    def has_effect(self, name):
        """Whether a node changes a variable, a queue or the like, and not only what it draws next or itself gives."""
        op = self.nodes[name].op
        if not self.is_stateful(name) or definitions.draws(op) or op in _READING or name in self._in_temporary:
            return False
        return bool(self.inputs[name]) and not op.startswith(("TensorArray", "Stack", "Ref", "Assert"))

    @functools.cached_property
    def _in_temporary(self):
        """What changes a variable that one op has made for itself, as accumulate_n did, and nobody else sees."""
        todo = [name for name, node in self.nodes.items() if node.op == "TemporaryVariable"]
        found = set()
        while todo:
            new = {user for user, slot in self.users[todo.pop()] if slot == 0} - found
            new = {user for user in new if self.nodes[user].op in _TEMPORARY}
            found |= new
            todo += new
        return found

    @functools.cached_property
    def counts_elements(self):
        """Whether a node, or one of a function, asks a dataset how many elements it has."""
        return any(node.op.endswith("DatasetCardinality") for node in every_node(self.graph_def))

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
                own = {node.op} & self.functions.keys()
                if not own and (definitions.is_stateful(node.op) or node.op in but):
                    return False
                named = (one for value in node.attr.values() for one in (value.func, *value.list.func))
                new = own.union(one.name for one in named if one.name) - seen
                seen |= new
                todo += new
        return seen <= self.functions.keys()

    @functools.cached_property
    def stacks(self):
        """{name of a Stack: ([pushes], [pops])}."""
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
        return dict(stacks)

    def needs(self, name):
        """Return the nodes that a node takes, then those that it waits for, a tuple."""
        return self._needs[name]

    def all_before(self, names):
        """Return some nodes with all that they are made from or wait for, a set."""
        found, todo = set(names), list(names)
        while todo:
            new = set(self.needs(todo.pop())) - found
            found |= new
            todo += new
        return found

    def _needed(self, name):
        return (*[maker for maker, _ in self.inputs[name]], *self.controls[name])

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
        has_loops = any(node.op in ENTERS or node.op in EXITS for node in self.nodes.values())
        for name, node in self.nodes.items() if has_loops else ():
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
    def places(self):
        """{name: its place in `order`}."""
        return {name: place for place, name in enumerate(self.order)}

    @functools.cached_property
    def names_in_use(self):
        """The names of nodes and the scopes that these are in, in small letters, as TensorFlow makes others unique."""
        parts = [name.lower().split("/") for name in self.nodes]
        return {"/".join(one[:end]) for one in parts for end in range(1, len(one) + 1)}

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
        stacks = self.stacks.values()
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
            needs[name] = self._needed(name)
            if node.op in MERGES:
                needs[name] = [one for one in needs[name] if self.nodes[one].op not in BACK_EDGES]
        with_stacks = dict(needs)
        for pushes, pops in self.stacks.values():
            pushed = [self.inputs[push][1][0] for push in pushes if len(self.inputs[push]) > 1]
            with_stacks.update((pop, [*needs[pop], *pushed]) for pop in pops)
        for wanted in (with_stacks, needs):
            order = in_order(wanted)
            if len(order) == len(self.nodes):
                return order
        raise ValueError("the graph has a cycle that is no loop of tf.while_loop")

    def _place(self, name):
        """Tell in which loop a node runs, from what it needs."""
        node = self.nodes[name]
        frames = [frame for one in self._needs[name] if (frame := self.frames.get(one))]
        if node.op in ENTERS:
            self.frames[name] = Attributes(node)["frame_name"].s.decode("utf-8", "replace")
            self._parents.setdefault(self.frames[name], frames[0] if frames else "")
        elif node.op in EXITS:
            self.frames[name] = self._parents.get(frames[0], "") if frames else ""
        else:
            self.frames[name] = frames[0] if frames else ""

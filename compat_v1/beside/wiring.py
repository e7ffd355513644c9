"""How the nodes of a GraphDef hang together: inputs, consumers, order of computation, loops and branches."""

from collections import defaultdict, deque
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

from compat_v1.beside import ops

Tensor = tuple[str, int]  # node name, output index


class Wiring:
    """The nodes of a GraphDef by name, and how they are connected."""

    def __init__(self, graph_def: Any) -> None:
        self.nodes: dict[str, Any] = {node.name: node for node in graph_def.node}
        self.inputs: dict[str, list[Tensor]] = {}
        self.controls: dict[str, list[str]] = {}
        # By data or by control, without the way back round a loop.
        self.consumers: defaultdict[str, list[str]] = defaultdict(list)
        for name, node in self.nodes.items():
            data = [reference.partition(":") for reference in node.input if not reference.startswith("^")]
            self.inputs[name] = [(source, int(index or 0)) for source, _, index in data]
            self.controls[name] = [reference[1:] for reference in node.input if reference.startswith("^")]
        for name in self.nodes:
            for source in self.sources(name):
                self.consumers[source].append(name)
        self.order = self._order()
        self.position = {name: position for position, name in enumerate(self.order)}
        self.frames: dict[str, tuple[bytes, ...]] = {}  # the loops round what a node gives
        self.branches: dict[str, int] = {}  # and how many conds
        for name in self.order:
            self._place(name)
        self.flows = self._flows()
        self.pushed = self._pushed()

    def op(self, name: str) -> str:
        """Return the op of a node."""
        return self.nodes[name].op

    def sources(self, name: str) -> list[str]:
        """Return the names of the nodes that a node waits for, but for the way back round a loop."""
        data = [source for source, _ in self.inputs[name]]
        if self.op(name) in ops.MERGES:
            data = [source for source in data if self.op(source) not in ops.NEXTS]
        return data + self.controls[name]

    def _order(self) -> list[str]:
        waiting = {name: len(self.sources(name)) for name in self.nodes}
        ready = deque(name for name, count in waiting.items() if not count)
        order: list[str] = []
        while ready:
            order.append(ready.popleft())
            for consumer in self.consumers[order[-1]]:
                waiting[consumer] -= 1
                if not waiting[consumer]:
                    ready.append(consumer)
        if len(order) < len(self.nodes):
            raise ValueError("the graph has a circle that is no loop of control flow")
        return order

    def _place(self, name: str) -> None:
        sources, op = self.sources(name), self.op(name)
        frame: tuple[bytes, ...] = max((self.frames[source] for source in sources), key=len, default=())
        branch = max((self.branches[source] for source in sources), default=0)
        if op in ops.ENTERS:
            frame = (*frame, self.nodes[name].attr["frame_name"].s)
        elif op in ops.EXITS:
            frame = frame[:-1]
        elif op in ops.SWITCHES and not frame:
            branch += 1
        elif op in ops.MERGES and not frame:
            branch = max(0, branch - 1)
        self.frames[name], self.branches[name] = frame, branch

    def _flows(self) -> set[str]:
        """Return the nodes that give the flow of a TensorArray on, and no value."""
        flows: set[str] = set()
        for name in self.order:
            data = [source for source, index in self.inputs[name]]
            carries = self.op(name) in ops.CARRIERS - ops.TAKES and data and data[0] in flows
            if carries or ops.FLOWS.fullmatch(self.op(name)):
                flows.add(name)
        # A backward loop adds the flow to a number that it begins with.
        todo = [self.inputs[name][-1][0] for name in self.order if self.op(name) in ops.TAKES and self.inputs[name]]
        while todo:
            name = todo.pop()
            if name not in flows and self.op(name) in ops.FLOW_CARRIERS:
                flows.add(name)
                data = [source for source, _ in self.inputs[name]]
                todo += data[:1] if self.op(name) in ops.SWITCHES else data
        return flows

    def _pushed(self) -> dict[str, list[str]]:
        """Return {a pop: the nodes that push on its stack}."""
        by_stack, pops = defaultdict[str, list[str]](list), {}
        for name in self.order:
            if self.op(name) in ops.PUSHES | ops.POPS:
                stack = name
                while self.inputs[stack] and self.op(stack) not in ("Stack", "StackV2"):
                    stack = self.inputs[stack][0][0]
                if self.op(name) in ops.PUSHES:
                    by_stack[stack].append(name)
                else:
                    pops[name] = stack
        return {name: by_stack[stack] for name, stack in pops.items()}

    def computed_from(self, name: str, back_edges: bool = False) -> list[str]:
        """Return the nodes whose values a node is computed from, those that a stack or a TensorArray kept included."""
        sources = [source for source, _ in self.inputs[name]]
        if self.op(name) in ops.MERGES and not back_edges and name not in self.flows:
            sources = [source for source in sources if self.op(source) not in ops.NEXTS]
        return sources + self.pushed.get(name, [])

    def walk(self, name: str, ends: Collection[str], back_edges: bool = False) -> tuple[list[str], list[str]]:
        """Return the nodes of `ends` that a node is computed from, and the others on the way."""
        found, passed, todo, seen = list[str](), list[str](), [name], {name}
        while todo:
            for source in self.computed_from(todo.pop(), back_edges):
                if source in seen:
                    continue
                seen.add(source)
                if source in ends:
                    found.append(source)
                else:
                    todo.append(source)
                    if self.op(source) not in ops.VARIABLES:
                        passed.append(source)
        return found, sorted(passed, key=self.position.__getitem__)

    def draws_in_a_loop(self) -> bool:
        """Whether random numbers are drawn in a loop: its iterations, several at once, draw in an order of chance."""
        return any(self.frames[name] and ops.RANDOM.fullmatch(node.op) for name, node in self.nodes.items())

    def is_always_there(self, name: str) -> bool:
        """Whether a node gives its value once in every run that asks for it: it is in no loop and no branch."""
        return not self.frames[name] and not self.branches[name]

    def ancestors(self, names: Collection[str], stop: Collection[str] = frozenset()) -> set[str]:
        """Return the nodes that `names` need, themselves included; the walk ends at the nodes of `stop`."""
        return self._reached(
            names, lambda name: [] if name in stop else [*(s for s, _ in self.inputs[name]), *self.controls[name]]
        )

    def descendants(self, names: Collection[str]) -> set[str]:
        """Return the nodes that wait for `names`, themselves included."""
        return self._reached(names, lambda name: self.consumers[name])

    @staticmethod
    def _reached(names: Collection[str], following: Callable[[str], Iterable[str]]) -> set[str]:
        reached, todo = set(names), list(names)
        while todo:
            for name in following(todo.pop()):
                if name not in reached:
                    reached.add(name)
                    todo.append(name)
        return reached

    def reads(self, variable: str) -> Iterator[str]:
        """Yield the nodes that take a variable, however many ops carry its reference to them."""
        todo, seen = [variable], set[str]()
        while todo:
            for consumer in self.consumers[todo.pop()]:
                if consumer in seen:
                    continue
                seen.add(consumer)
                if self.op(consumer) in ops.REF_CARRIERS or self._carries_handle(consumer):
                    todo.append(consumer)
                else:
                    yield consumer

    def _carries_handle(self, name: str) -> bool:
        """Whether a node hands a resource's handle on: into a loop, a branch."""
        node = self.nodes[name]
        return node.op in ops.CARRIERS and node.op != "ReadVariableOp" and node.attr["T"].type == 20  # DT_RESOURCE

    def variable_written(self, name: str) -> str | None:
        """Return the variable that a writing node changes, or None."""
        while self.inputs[name]:
            name = self.inputs[name][0][0]
            if self.op(name) in ops.VARIABLES:
                return name
        return None

    def variables_written(self, name: str) -> list[str]:
        """Return the variables that a writing node changes: an optimizer's update changes its slots as well."""
        if not ops.is_apply(self.op(name)):
            variable = self.variable_written(name)
            return [] if variable is None else [variable]
        found = []
        for source, _ in self.inputs[name]:
            while self.op(source) in ops.REF_CARRIERS or self._carries_handle(source):
                source = self.inputs[source][0][0]
            if self.op(source) in ops.VARIABLES:
                found.append(source)
        return found

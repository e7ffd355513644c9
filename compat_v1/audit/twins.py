"""Ops of a graph that are what has been built into it once more: the same op, with the same attributes and inputs."""

from collections import defaultdict

from compat_v1.audit.graph import NOTES

_LEFT_OUT = {"_class", *NOTES}


class Twins:
    """Which ops that a `tf.Graph` had from the start are those that were built into it since.

    Ops of the graph may wait for others besides, as all that is built under tf.control_dependencies does.
    """

    def __init__(self, graph):
        self.own = set(graph.get_operations())
        self._found, self._besides, self._copied = {}, {}, {}
        self._latest, self._told = [], set()
        self._of_nothing = defaultdict(set)
        for op in self.own:
            if not op.inputs:
                self._of_nothing[_what(op)].add(op)

    def learn(self, ops, copied=None):
        """Find the twins of ops that were built; copies of the tensor `copied` are that tensor."""
        copies = [op for op in ops if op.type == "Identity" and op.inputs[0] is copied]
        self._copied.update(dict.fromkeys(copies, copied))
        self._latest = [self._of(op) for op in ops if op not in self._copied]

    def of(self, tensor):
        """Return the ops that give the same as a tensor, by their output of the same number."""
        return self._of(tensor.op)

    def _of(self, op):
        op = self._copied[op].op if op in self._copied else op
        if op not in self.own and op not in self._found:
            self._found[op] = self._same(op)
        return {op} if op in self.own else self._found[op]

    def are(self, tensors, built):
        """Whether tensors of the graph are those that were built."""
        return all(
            one.op in self.of(other) and one.value_index == other.value_index
            for one, other in zip(tensors, built, strict=True)
        )

    def _same(self, op):
        makers = [self._of(one.op) for one in op.inputs]
        places = [self._copied.get(one.op, one).value_index for one in op.inputs]
        awaited = [self._of(one) for one in op.control_inputs]
        if makers:
            candidates = {user for maker in makers[0] for user in maker.outputs[places[0]].consumers()}
        else:
            candidates = self._of_nothing[_what(op)]
        found, what = set(), _what(op)
        for one in candidates & self.own:
            taken = [given.value_index for given in one.inputs]
            if taken != places or any(given.op not in some for given, some in zip(one.inputs, makers, strict=True)):
                continue
            waits = set(one.control_inputs)
            if _what(one) == what and all(some & waits for some in awaited):
                found.add(one)
                self._besides[one] = waits.difference(*awaited)
        return found

    def awaited(self, ops):
        """Return what ops, with those before them that are twins of what was built last, wait for besides.

        That must be the same for all that takes nothing, and no more for the others; else return None.
        """
        twins, region, todo = set().union(*self._latest), set(), list(ops)
        while todo:
            op = todo.pop()
            if op in twins and op not in region:
                region.add(op)
                todo += _before(op)
        first = [self._besides[op] for op in region if not op.inputs and op.type != "NoOp"]
        waits = first[0] if first else set()
        if any(one != waits for one in first) or any(self._besides[op] - waits for op in region):
            return None
        self._told |= region
        return waits

    def names(self):
        """Return the names of the ops that `awaited` was about, with the twins that are made of them."""
        left, found = set().union(*self._found.values()), set(self._told)
        while made := {op for op in left if op in found or not found.isdisjoint(_before(op))}:
            found |= made
            left -= made
        return {op.name for op in found}


def _before(op):
    return [*(one.op for one in op.inputs), *op.control_inputs]


def _what(op):
    attributes = {key: value.SerializeToString(deterministic=True) for key, value in op.node_def.attr.items()}
    return op.type, tuple(sorted(item for item in attributes.items() if item[0] not in _LEFT_OUT))

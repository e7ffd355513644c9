"""Find for each node of one normal form its partner in another: by what it computes, from what, and who uses it.

Names only choose between nodes that are alike in all this. Whatever is paired here is compared by `verification.py`,
edge by edge, so that a wrong pair can make a false difference but can hide none.
"""

from collections import Counter, defaultdict

from compat_v1.audit import renumbered
from compat_v1.audit.exchanged import FED, KEPT, unnamed
from compat_v1.audit.graph import MERGES, SWITCHES
from compat_v1.audit.literals import Literal
from compat_v1.audit.nodes import COMMUTING
from compat_v1.audit.operands import is_tensor, makers
from compat_v1.audit.orders import is_of_norm
from compat_v1.audit.renumbered import GIVEN, SAVED
from compat_v1.audit.sizes import Size

# Attributes that TensorFlow derives from names and counts: they tell nothing about which node this is.
_INCIDENTAL = {
    "seed2",
    SAVED,
    GIVEN,
    "frame_name",
    "tensor_array_name",
    "stack_name",
    "shared_name",
    "parallel_iterations",
    "debug_name",
    "element_shape",
    "identical_element_shapes",
    "validate_shape",
}

_COMMUTE = {*COMMUTING, "AddN"}  # see "commuted sum"
_NAMED = FED | KEPT


class Pairing:
    """`partner`: {node of the original: node of the port}, and `back` the other way."""

    def __init__(self, original, port, given=()):
        """`given`: pairs of nodes that are known to be partners."""
        self.sides = (_Side(original), _Side(port))
        self.partner, self.back = {}, {}
        self._open = [original.nodes, port.nodes]
        self._new = []
        self._unnamed = unnamed(self.sides)
        self.numbered = renumbered.numbered(self.sides)  # whose names say nothing, as TensorFlow made them
        for node, other in given:
            self.pair(node, other)
        self._match(_in_checkpoints)
        self._spread_out(strict=True)
        self._match(lambda side, node: (side.below[node], side.above[node]), ties=True)
        self._pair_seeds()
        self._match(lambda side, node: (side.below[node], side.local[node], *sorted(self._names(node))))
        self._match(lambda side, node: (side.above[node], side.local[node]), ties=False)
        self._match(lambda side, node: (side.below[node], side.local[node]), ties=False)
        self._spread_out(strict=True)
        for key in (self._by_name, self._by_op_and_name):
            self._match(key)
            self._spread_out(strict=True)
        self._match(self._by_makers)
        self._match(self._by_makers_alone)
        self._spread_out(strict=True)
        self._match(lambda side, node: side.below[node], ties=True)
        self._spread_out(strict=False)
        self._match(lambda side, node: side.local[node], last=True)
        self._spread_out(strict=False)
        self._spread_out(strict=False, alike=True)
        renumbered.exchange_saved(self)
        self._exchange()
        self._exchange()  # now that variables are, those who read them
        if self.numbered:
            renumbered.pair_saved(self, self.numbered)

    def _pair_seeds(self):
        """Pair alike ops by their seeds, if the program gave them: both graphs have the same ones, each of them once.

        Seeds that TensorFlow derives, from the number of ops before, are others in the port, and are not asked here.
        """
        groups = defaultdict(lambda: ({}, {}))
        count = Counter()
        for which, side in enumerate(self.sides):
            for node in side.normal.nodes:
                if "seed2" in node.attributes:
                    groups[side.local[node]][which][node.attributes["seed2"]] = node
                    count[which, side.local[node]] += 1
        for alike, (left, right) in groups.items():
            if left.keys() == right.keys() and len(left) == count[0, alike] == count[1, alike]:
                for seed, node in left.items():
                    if node not in self.partner and right[seed] not in self.back:
                        self.pair(node, right[seed])

    def _exchange(self):
        """Exchange the partners of two nodes that are alike, where what they are made from says so."""
        for node, other in list(self.partner.items()):
            for slot, operand in enumerate(node.inputs):
                made = self.partner.get(operand[0]) if is_tensor(operand) else None
                users = self.sides[1].users.get(made, ()) if made else ()
                if not users or len(users) > 64 or any(one is other for one, _ in users):
                    continue
                for rival, at in users:
                    if at == (slot, operand[1]) and self.sides[1].local[rival] == self.sides[0].local[node]:
                        self._prefer(node, rival)

        # Of what is made of nothing it only matters who uses it; a placeholder is what its name says.
        for node in list(filter(_is_of_nothing, self.partner)):
            for user, _ in self.sides[0].users[node]:
                two = self.partner.get(user)
                for rival in two.inputs if two else ():
                    if is_tensor(rival) and self.sides[1].local[rival[0]] == self.sides[0].local[node]:
                        self._prefer(node, rival[0])

    def _prefer(self, node, rival):
        """Give a node another partner, and that one's its own, if less of what they take and who takes them differs."""
        other, owner = self.partner[node], self.back.get(rival)
        if owner is None or owner is node:
            return
        exchanged = self._differ(node, rival) + self._differ(owner, other)
        if exchanged < self._differ(node, other) + self._differ(owner, rival):
            self.exchange(node, rival)

    def exchange(self, node, rival):
        """Give a node another partner, if both have one, and whoever had that one the node's own."""
        other, owner = self.partner.get(node), self.back.get(rival)
        if other is None or owner is None or owner is node:
            return
        self.partner[node], self.back[rival] = rival, node
        self.partner[owner], self.back[other] = other, owner

    def _differ(self, node, other):
        waits = {self.partner.get(one) for one in node.controls} ^ set(other.controls)
        pairs = zip(node.inputs, other.inputs, strict=False)
        tensors = [(one, two) for one, two in pairs if is_tensor(one) and is_tensor(two)]
        used = others = set()
        if _is_of_nothing(node):
            used = {(self.partner.get(user, user), _place(user, slot)) for user, slot in self.sides[0].users[node]}
            others = {(user, _place(user, slot)) for user, slot in self.sides[1].users[other]}
            branches = {side.normal.is_in_branch(one) for side, one in zip(self.sides, (node, other), strict=True)}
            used = used | ({None} if branches == {True, False} else set())  # in a branch only, or in any case
        return len(waits) + len(used ^ others) + sum((self.partner.get(one[0]), one[1]) != two for one, two in tensors)

    def _by_name(self, side, node):
        return side.local[node], self._names(node)[0]

    def _by_op_and_name(self, _side, node):
        return node.op, self._names(node)[0]

    def _by_makers(self, side, node):
        """Return what a node is, how it is used, and what it is made from, of which the partners are known."""
        known = self._makers(side, node)
        return (side.local[node], side.above[node], *known) if known else node

    def _by_makers_alone(self, side, node):
        """Return what a node is and what it is made from, in any order if that does not matter."""
        known = self._makers(side, node)
        if not known or any(maker is None for maker, _ in known):
            return node
        if node.op in _COMMUTE or (node.op in MERGES and not node.late):
            known.sort(key=lambda one: (one[0].number, one[1]))
        return (side.local[node], *known)

    def _by_variable(self, side, node):
        """Return of what asks whether a variable has a value which variable: what it is numbered says nothing."""
        if node.op != "VarIsInitializedOp":
            return None
        known = self._makers(side, node)
        return node if not known or known[0][0] is None else (node.op, *known)

    def _makers(self, side, node):
        makers = [(operand[0], operand[1]) for operand in node.inputs if is_tensor(operand)]
        return [(self.partner.get(maker) if side is self.sides[0] else maker, index) for maker, index in makers]

    def _without_partner(self, which):
        """Return the nodes of a side, 0 or 1, that have none: ever fewer."""
        taken = (self.partner, self.back)[which]
        self._open[which] = [node for node in self._open[which] if node not in taken]
        return self._open[which]

    def pair(self, node, other):
        """Make two nodes partners."""
        self.partner[node], self.back[other] = other, node
        self._new.append((node, other))

    def _match(self, key, ties=False, last=False):
        """Pair the nodes that are alone with their key; where several share one, those of the same name.

        First variables and what is fed, whose names are the program's, and what is around them: TensorFlow numbers ops.
        What leaves a loop for nobody goes with the loop's variable, and is paired by a key in the `last` place only.

        With `ties`, what is then still alike is paired in the order of the graphs, one pair at a time, each followed
        through the graph, so that the nodes around one go with its partner's.
        """
        groups = defaultdict(lambda: ([], []))
        for which, side in enumerate(self.sides):
            for node in self._without_partner(which):
                if node in self.numbered and node.op not in _NAMED:
                    continue
                if node.op != "Exit" or side.users.get(node) or last:
                    groups[self._by_variable(side, node) or key(side, node)][which].append(node)
        several = []
        for left, right in groups.values():
            if len(left) == len(right) == 1:
                self.pair(left[0], right[0])
            elif left and right:
                several.append((left, right))
        if several:
            self._match_variables()
            self._spread_out(strict=True)
        self._match_names(several)
        if not ties:
            return
        for left, right in several:
            if len(left) != len(right):
                continue
            rest = iter(right)
            for node in left:
                if node in self.partner:
                    continue
                other = next((one for one in rest if one not in self.back), None)
                if other is not None:
                    self.pair(node, other)
                    self._spread_out(strict=True)

    def _match_variables(self):
        """Pair variables, and what is fed, that are of one name and alike in all that they are made from."""
        groups = defaultdict(lambda: ([], []))
        for which, side in enumerate(self.sides):
            for node in self._without_partner(which):
                if node.op in _NAMED and node not in self.numbered:
                    groups[side.below[node], side.local[node]][which].append(node)
        self._match_names(groups.values())

    def _match_names(self, groups):
        """Pair the nodes of one name in each of some groups, (nodes, others)."""
        for left, right in groups:
            named = defaultdict(list)  # rules make several nodes that stand for one of the graph: these come in order
            for node in right:
                for name in self._names(node):
                    named[name].append(node)
            for node in left:
                others = (one for name in self._names(node) for one in named.get(name, ()) if one not in self.back)
                other = next(others, None) if node not in self.partner else None
                if other is not None:
                    self.pair(node, other)

    def _names(self, node):
        """Return the names of a node; which placeholder it is where TensorFlow numbered those, each kind by itself."""
        return [self._unnamed[node]] if node in self._unnamed else node.names

    def _elect(self):
        """Pair what the new pairs say otherwise of as most of them say, so that a wrong edge misleads nothing else."""
        votes = defaultdict(Counter)
        for node, other in self._new:
            for one, two in zip(node.inputs, other.inputs, strict=False) if node.op != "AddN" else ():
                if is_tensor(one) and is_tensor(two) and one[1] == two[1]:
                    votes[one[0]][two[0]] += 1
        for node, others in votes.items():
            (first, most), *rest = others.most_common(2)
            if rest and most > rest[0][1]:
                self._try(node, first, strict=True)

    def _spread_out(self, strict, alike=False):
        """Pair what the pairs are made from and used by, where that is unambiguous, for alike nodes only if `alike`."""
        if strict:
            self._elect()
        else:
            self._new = list(self.partner.items())
        while self._new:
            node, other = self._new.pop()
            if strict and _may_be_turned(self.sides[0], node):
                terms = [makers(side) for side in (node, other)]
                self._try_alike(*map(dict.fromkeys, terms), strict, alike)
            else:
                for one, two in zip(node.inputs, other.inputs, strict=False):
                    if is_tensor(one) and is_tensor(two) and one[1] == two[1]:
                        self._try(one[0], two[0], strict)
            self._try_alike(node.controls, other.controls, strict, alike)
            here, there = self.sides[0].users[node], self.sides[1].users[other]
            if len(here) <= 64 and len(there) <= 64:
                alone = [one for one in here if one[0] not in self.partner]
                for slot in dict.fromkeys(slot for _, slot in here) if alone else ():
                    self._try_alike(
                        [one for one, at in alone if at == slot],
                        [one for one, at in there if at == slot],
                        strict,
                        alike,
                    )

    def _try_alike(self, nodes, others, strict, alike=False):
        left = [one for one in nodes if one not in self.partner]
        right = [one for one in others if one not in self.back] if left else []
        if not right:
            return
        groups = defaultdict(lambda: ([], []))
        for which, some in enumerate((left, right)):
            for one in some:
                groups[self.sides[which].local[one] if strict or alike else one.op][which].append(one)
        for left, right in groups.values():
            if len(left) == len(right) == 1:
                self._try(left[0], right[0], strict)

    def _try(self, node, other, strict):
        if node in self.partner or other in self.back or node.op != other.op:
            return
        if strict and self.sides[0].local[node] != self.sides[1].local[other]:
            return
        self.pair(node, other)


class _Side:
    """One normal form with, for each node, a hash of itself, of all it is made from, and of what uses it."""

    def __init__(self, normal):
        self.normal = normal
        self.users, self.named = defaultdict(list), defaultdict(list)  # {name: the nodes that have it first}
        for node in normal.nodes:
            self.named[node.name].append(node)
            for slot, operand in enumerate(node.inputs):
                if is_tensor(operand):
                    self.users[operand[0]].append((node, (slot, operand[1])))
            for one in node.controls:
                self.users[one].append((node, "^"))
        self.local, self.below, self.above = {}, {}, {}
        for node in normal.nodes:
            self.local[node] = self._itself(node)
        for node in normal.nodes:
            self.below[node] = self._made_from(node)
        for node in reversed(normal.nodes):
            self.above[node] = self._used_by(node)

    def _itself(self, node):
        attributes = tuple(sorted((key, value) for key, value in node.attributes.items() if key not in _INCIDENTAL))
        if node.op == "Placeholder":
            attributes = tuple(one for one in attributes if one[0] != "shape")
        literals = [_plain(one) if isinstance(one, Literal) else _branch(node, one) for one in node.inputs]
        literals = tuple(sorted(literals) if node.op in _COMMUTE else literals)
        return hash((node.op, attributes, literals, node.written))

    def _made_from(self, node):
        parts = []
        for slot, operand in enumerate(node.inputs):
            if slot in node.late:
                continue
            if isinstance(operand, Literal):
                parts.append(self._literal(operand))
            else:
                parts.append((self.below.get(operand[0], 0), operand[1]))
        if node.op in _COMMUTE:
            parts.sort(key=hash)
        waits = tuple(sorted(self.below.get(one, 0) for one in node.controls))
        return hash((self.local[node], tuple(parts), waits))

    def _used_by(self, node):
        uses = sorted(
            hash((self.above.get(user, 0), self.local[user], 0 if _is_any_slot(user) and slot != "^" else slot))
            for user, slot in self.users[node]
        )
        return hash((node.op, tuple(uses)))

    def _literal(self, literal):
        return hash((literal.kind, self._value(literal.shape), self._value(literal.value)))

    def _value(self, value):
        if isinstance(value, tuple):
            return hash(tuple(map(self._value, value)))
        return self.size(value) if isinstance(value, Size) else hash(value)

    def size(self, value):
        """Return a hash of a size that is the same in both graphs."""
        if not isinstance(value, Size):
            return hash(value)
        return hash(frozenset((tuple(sorted(map(self._unknown, product))), n) for product, n in value.terms.items()))

    def _unknown(self, name):
        if name[0] == "size":
            return hash((self.below.get(name[1], 0), *name[2:]))
        if isinstance(name[1], frozenset):
            return hash((name[0], tuple(sorted(map(self.size, name[1])))))
        return hash((name[0], *map(self.size, name[1:])))


def _in_checkpoints(side, node):
    """Return what a tensor is named in a checkpoint, with where it is saved or restored; other nodes are themselves."""
    name = node.attributes.get(SAVED)
    return node if name is None else (side.local[node], name)


def _may_be_turned(side, node):
    """Whether what a node is made of may come in another order."""
    return node.op == "AddN" or is_of_norm(side, node) or renumbered.is_asked(node)


def _is_any_slot(user):
    return user.op in _COMMUTE or renumbered.is_asked(user)


def _is_of_nothing(node):
    """Whether a node is drawn, a variable's handle, a stack, or a constant that stands for a branch, as its zeros."""
    return (node.op.startswith("Random") or node.op in ("Const", "StackV2", "VarHandleOp")) and not any(
        map(is_tensor, node.inputs)
    )


def _branch(node, operand):
    """Return which branch an operand comes from; a Merge may take them in either order."""
    return operand[1] if is_tensor(operand) and operand[0].op in SWITCHES and node.op not in MERGES else 0


def _place(user, slot):
    """Return in which slot a node is used, unless a Merge may take its branches in either order."""
    return slot if user.op not in MERGES or user.late else 0


def _plain(literal):
    """Return what of a literal can be compared across graphs at once: its unknown sizes are left out."""
    return hash((literal.kind, _without_unknowns(literal.shape), _without_unknowns(literal.value)))


def _without_unknowns(value):
    if isinstance(value, tuple):
        return tuple(None if isinstance(one, Size) else one for one in value)
    return value

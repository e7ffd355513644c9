"""Leaves out of a normal form what rules replaced, and waits that are implied by others."""

import collections
import functools
import operator

from compat_v1.audit.graph import BACK_EDGES, ENTERS, MERGES, SWITCHES
from compat_v1.audit.literals import Literal

NO_PART = {"Placeholder", "PlaceholderWithDefault", "PlaceholderV2", "Merge", "RefMerge", "NextIteration", "NoOp"}
WITHOUT_STATE = ("StatelessWhile", "StatelessIf", "StatelessCase")  # as `rules/functional.py` writes others


def users_of(normal):
    """Return {node: the nodes that use it or wait for it}, of what nothing uses none: a program may only fetch it."""
    users = collections.defaultdict(set)
    for node in normal.nodes:
        for operand in node.inputs:
            if type(operand) is tuple:
                users[operand[0]].add(node)
        for one in node.controls:
            users[one].add(node)
    return users


def popped_of(normal):
    """Return {tensor that a loop keeps for its gradients: the tensors that are popped of it}."""
    popped = {}
    for pop, (pushed, *_) in normal.kept.items():
        popped.setdefault(pushed, []).append((pop, 0))
    return popped


def before(node):
    """Return a node with all that it is made from or waits for."""
    found, todo = {node}, [node]
    while todo:
        one = todo.pop()
        makers = {operand[0] for operand in one.inputs if operand is not None and not isinstance(operand, Literal)}
        new = (makers | one.controls) - found
        found |= new
        todo += new
    return found


def behind(nodes, users):
    """Return some nodes with all that is made from them or waits for them."""
    found, todo = set(), list(nodes)
    while todo:
        node = todo.pop()
        if node not in found:
            found.add(node)
            todo += users.get(node, ())
    return found


def redirect(normal, instead, but=frozenset()):
    """Let all nodes use other tensors, {operand: operand}, but for some."""
    if not instead:
        return
    for node in normal.nodes:
        if node not in but:
            node.inputs = [one if isinstance(one, Literal) else instead.get(one, one) for one in node.inputs]
    for name, one in normal.tensors.items():
        if not isinstance(one, Literal):
            normal.tensors[name] = instead.get(one, one)
    for pop, (operand, *rest) in normal.kept.items():
        if not isinstance(operand, Literal):
            normal.kept[pop] = (instead.get(operand, operand), *rest)


def arrange(normal):
    """Sort the nodes anew, each after what it needs, but for what comes back in a loop."""
    normal.nodes = arranged(normal)


def arranged(normal):
    """Return the nodes, each after what it needs, but for what comes back in a loop.

    Raises `ValueError` where nodes need each other: a rule is wrong, and nothing can be told of the graph.
    """
    order: dict = {}
    waiting = set()
    for first in normal.nodes:
        todo = [first]
        while todo:
            node = todo[-1]
            makers = [o[0] for k, o in enumerate(node.inputs) if type(o) is tuple and k not in node.late]
            missing = [one for one in (*makers, *node.controls) if one not in order]
            if missing and node not in order:
                if node in waiting:
                    raise ValueError(f"a rule of the audit makes {node.name} from itself: of this graph it cannot tell")
                waiting.add(node)
                todo += sorted(missing, key=lambda one: one.number)
            else:
                order[todo.pop()] = None
    return list(order)


def leave_out(normal, nodes, removed):
    """Leave out nodes, and of the patterns that rules replaced whatever nothing uses any more."""
    users = users_of(normal)
    for node in (*nodes, *removed):
        for user in users.get(node, ()):
            user.controls -= {node}
        users[node] = set()
    todo = [*nodes, *removed, *normal.absorbed]
    gone = set()
    while todo:
        node = todo.pop()
        if node in gone or users.get(node):
            continue
        gone.add(node)
        for one in (*(operand[0] for operand in node.inputs if not isinstance(operand, Literal)), *node.controls):
            users.get(one, set()).discard(node)
            if one in normal.absorbed or (node in nodes and may_go(normal, one)):
                todo.append(one)
                if node in nodes:
                    nodes.add(one)
    normal.nodes = [node for node in normal.nodes if node not in gone]
    _hand_on_waits(normal, gone)


def _hand_on_waits(normal, gone):
    """Let what nodes that are left out were made for wait for what these waited for: rules replace ops, not waits."""
    left = set(normal.nodes)
    for node in gone - normal.accounted:
        waits = (node.controls & left) - _places(normal, node)
        for user in made_for(normal, node, left) if waits else ():
            user.controls |= waits - {user}
            normal.carried |= waits
    for node in (normal.absorbed & left) - normal.accounted:  # others use it: what replaced it waits too
        waits = (node.controls & left) - _places(normal, node) - normal.absorbed
        for user in made_for(normal, node, left - normal.absorbed) if waits else ():
            if node not in before(user):
                user.controls |= waits - {user}
                normal.carried |= waits


def _places(normal, node):
    """Return of what a node waits for what only says in which loop, branch or turn it is, or is there at once."""
    found = {one for operand in node.inputs if isinstance(operand, Literal) for one in operand.alive}
    for one in node.controls:
        users = [user for name in one.names for user, _ in normal.graph.users.get(name, ())]
        counts = any(normal.graph.nodes[user].op in BACK_EDGES for user in users)
        if one.op == "a constant" or (counts and _is_of_stack(node)):  # see `Graph.out_of_turn`
            found.add(one)
    return found


def _is_of_stack(node):
    """Whether a node is a stack, pushes to it, pops from it, or hands it on in a branch."""
    while node.op in (*SWITCHES, *ENTERS) and not isinstance(node.inputs[0], Literal):
        node = node.inputs[0][0]
    return node.op.startswith("Stack")


def made_for(normal, node, left):
    """Return the nodes, of those that are left, that use another or wait for it, if only through what is left out."""
    found, todo, seen = set(), list(node.names), set(node.names)
    while todo:
        for user in normal.graph.followers[todo.pop()]:
            if normal.made.get(user) in left:
                found.add(normal.made[user])
            elif user not in seen:
                seen.add(user)
                todo.append(user)
    return found


def hand_on_effects(normal):
    """Let a node wait for what has an effect and was run for it in the graph, if it is not for what rules have left.

    A rule may do without an operand whose value makes no difference: that it was run does.
    """
    copies = {name for name in normal.consumed if normal.graph.nodes[name].op == "IdentityN"}  # see `rules/custom.py`
    # What is written into an array was awaited by its gradient, which comes after it in any case: see `drift.py`.
    unawaited = normal.initial | {name for name, rule in normal.consumed.items() if rule == "write barrier"}
    left = set(normal.nodes)
    barriers = {name for name, node in normal.made.items() if node not in left and _keeps_a_write(node)}
    is_other = copies or unawaited or barriers
    effects = normal.graph.effects_without(copies, unawaited, barriers) if is_other else normal.graph.effects
    acting = {name for names in set(effects.values()) for name in names}
    acting = {name for name in acting if normal.made.get(name) in left and normal.made[name].op not in WITHOUT_STATE}
    bits = {name: 1 << k for k, name in enumerate(sorted(acting))}
    if not bits:
        return
    due = {
        names: functools.reduce(operator.or_, (bits.get(name, 0) for name in names)) for names in set(effects.values())
    }
    users: dict = {}
    run: dict = {}  # what has run when a node has, as bits
    for node in arranged(normal):
        own = 0
        for place, one in enumerate(node.inputs):
            if not isinstance(one, Literal) and place not in node.late:
                own |= run[one[0]]
        for one in node.controls:
            own |= run[one]
        for name in node.names:
            own |= bits.get(name, 0)
        for name in node.names:
            missing = due.get(effects.get(name), 0) & ~own if normal.made.get(name) is node else 0
            own |= missing
            if node in normal.accounted:
                continue
            brought = [one for one, bit in bits.items() if missing & bit] if missing else ()
            others = {_ending(normal, name, one, effects, left) for one in brought}
            if others:
                users = users or users_of(normal)
                others -= behind({node}, users)  # rules have put some there
            for one in others:
                users[one].add(node)
                normal.handed_on.setdefault(node, set()).add(one)
            node.controls |= others
            normal.carried |= others
        run[node] = own


def _keeps_a_write(node):
    """Whether a node keeps for a gradient that something was written into an array, for it to come after that."""
    kept = node.inputs[1] if node.op == "StackPushV2" else None
    return isinstance(kept, tuple) and not isinstance(kept, Literal) and kept[0].op in _WRITES


_WRITES = ("TensorArrayWriteV3", "TensorArrayScatterV3")


def _ending(normal, name, effect, effects, left):
    """Return what to wait for if an effect is to have come: itself, or the end of the branch that it is in."""
    graph = normal.graph
    todo, seen = collections.deque([name]), {name}
    while effect in graph.conditional and todo:
        one = todo.popleft()
        is_end = graph.nodes[one].op in MERGES and not any(graph.nodes[k].op in BACK_EDGES for k in graph.needs(one))
        if is_end and normal.made.get(one) in left:
            return normal.made[one]
        for maker in graph.needs(one):
            if maker not in seen and effect in effects.get(maker, ()):
                seen.add(maker)
                todo.append(maker)
    return normal.made[effect]


def leave_out_stacks(normal):
    """Leave out what is kept for a gradient that rules wrote without it: nothing takes what is popped any more."""
    taken = {operand[0] for node in normal.nodes for operand in node.inputs if not isinstance(operand, Literal)}
    left, unused = set(normal.nodes), set()
    for pop, (_, push, handles) in normal.kept.items():
        pushed = normal.made.get(push)  # or None, of a literal that rules have in its place
        if pop not in taken and (pushed in left or (pushed is None and pop in left)):
            unused |= {pushed, pop} & left
            normal.absorbed.update(handles)
    if unused:
        leave_out(normal, set(), unused)


def leave_out_implied_waits(*normals):
    """Leave out of what nodes wait for whatever their inputs wait for already, if a wait was handed on in a graph.

    Which op of a chain waits depends on which ops there are; what runs before what does not.
    """
    names = {name for normal in normals for node in normal.carried for name in node.names}
    for normal in normals:
        awaited = normal.carried | {node for node in normal.nodes if not names.isdisjoint(node.names)}
        if awaited:
            _leave_out_implied(normal, awaited)


def _leave_out_implied(normal, awaited):
    bits = {node: 1 << k for k, node in enumerate(sorted(awaited, key=lambda node: node.number))}
    earlier = {}  # what must have run before a node, as bits
    for node in normal.nodes:
        direct = 0
        makers = [o[0] for k, o in enumerate(node.inputs) if not isinstance(o, Literal) and k not in node.late]
        ran = [earlier.get(one, 0) | bits.get(one, 0) for one in makers]
        implied = functools.reduce(operator.and_ if node.op in MERGES else operator.or_, ran) if ran else 0
        for one in node.controls:
            implied |= earlier.get(one, 0)
            direct |= bits.get(one, 0)
        if direct & implied:
            node.controls = frozenset(one for one in node.controls if not bits.get(one, 0) & implied)
        earlier[node] = 0 if node.op == "Placeholder" else implied | direct  # which is fed, and so waits for nothing


def surely_before(node, but=frozenset()):
    """Return what has run whenever a node has, if it waits not for some others: not what one of several brings."""
    found, todo = set(), [node]
    while todo:
        one = todo.pop()
        if one.op in MERGES or (one.op == "Placeholder" and one is not node):
            continue  # what is fed waits for nothing
        makers = {operand[0] for operand in one.inputs if operand is not None and not isinstance(operand, Literal)}
        new = (makers | (one.controls - but if one is node else one.controls)) - found
        found |= new
        todo += new
    return found


def comes_behind(operand, nodes, others=()):
    """Whether some nodes wait only for each other, for others, or for what has come before an operand.

    As all that a gradient is made of waits where it is made behind updates.
    """
    outside = set().union(*(one.controls for one in nodes)).difference(nodes, others)
    return not outside or (not isinstance(operand, Literal) and outside <= surely_before(operand[0]))


def may_go(normal, node):
    """Whether a node may be left out where nothing uses it: it has no effect, and decides nothing."""
    if node.op in NO_PART or node.name not in normal.graph.nodes:  # not one that stands for a loop or for constants
        return False
    return not normal.graph.is_stateful(node.name) and not normal.reads_a_ref(node.name)

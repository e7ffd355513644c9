"""Compare where two graphs place their nodes: on which device, and beside which other nodes.

A node that has a partner is placed as its partner. One that has no normal node, such as a constant, is placed as the
node of its name in the other graph, or as what it is made from or made for. What a node is placed beside is there: else
TensorFlow's importer has refused the graph.
"""

from compat_v1.audit import excused_places
from compat_v1.audit.findings import Finding, listed
from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import is_tensor
from compat_v1.audit.references import target
from compat_v1.audit.rules import entered

# How a node stands to what it is placed beside.
ITSELF, INPUT, AS_INPUT, AS_USER = "itself", "an input", "as an input", "as a user"
AS_GROUP, ELSEWHERE = "as a group that it waits for", "elsewhere"

_IDLE = ("ControlTrigger", "NoOp")


def partners(verification, node, other):
    """Yield what differs in the places of two partners: the name of the rule that explains it, or a `Finding`."""
    normals = [side.normal for side in verification.pairing.sides]
    if excused_places.is_step_of_replica(*normals, node, other):
        yield "colocation" if node.written == other.written else "step of a replica"
        return
    if node.device != other.device and node.written != other.written:
        if rule := excused_places.moves_average(*normals, node, other):
            yield rule
            return
        what = f"is placed on {node.device!r}, on {other.device!r} in the port"
        yield (
            _of_group(node, other)
            or excused_places.restores(normals[0].graph, node)
            or excused_places.device(node, other, normals[1].graph)
            or Finding("placement", node, other, what)
        )
    left, right = (_places(normal, one) for normal, one in zip(normals, (node, other), strict=True))
    here = {one if isinstance(one, tuple) else verification.partner.get(one, "?") for one in left}
    there = {one if isinstance(one, tuple) or one in verification.back else "?" for one in right}
    if "?" not in here and (here == there or _are_beside_one(verification, node, other)):
        return
    here, there = ({"?" if isinstance(one, tuple) else one for one in places} for places in (here, there))
    stand = [relations(normal.graph, one.name) for normal, one in zip(normals, (node, other), strict=True)]
    if node.colocated or other.colocated:
        what = f"is placed beside {listed(node.colocated)}, beside {listed(other.colocated)} in the port"
        of_einsum = any(_is_of_einsum(*pair) for pair in zip(normals, (node, other), strict=True))
        of_parts = of_einsum and ELSEWHERE not in stand[0] | stand[1]
        of_parts |= node.op == "Identity" and all(stand) and stand[0] | stand[1] <= {AS_INPUT, AS_GROUP}
        of_parts |= _is_beside_parts(verification, node, other)
        rule = excused_places.colocation(node, other, here | there, stand, of_parts)
        rule = rule or excused_places.beside_variables(verification, node, other)
        rule = rule or _was_beside_its_variable(normals[0], node, other, stand[0])
        rule = rule or _begins_beside_its_variable(normals[1], node, other)
        yield rule or Finding("placement", node, other, what)


def _are_beside_one(verification, node, other):
    """Whether partners, each several nodes that compute the same, are beside the same nodes, or one beside fewer."""
    normals = [side.normal for side in verification.pairing.sides]
    here, there = (
        {
            frozenset(normal.made.get(target(one)) for one in normal.graph.colocated(name))
            for name in each.names
            if name in normal.graph.nodes
        }
        for normal, each in zip(normals, (node, other), strict=True)
    )
    here = {frozenset(map(verification.partner.get, places)) for places in here}
    known = here and there and all(places and None not in places for places in here | there)
    return bool(known) and (here <= there or there <= here)


def _of_group(node, other):
    """Say which rule lets what only waits for others be elsewhere: tf.group puts it where these are, if they are in one
    place, or where the program says."""
    if not node.op == other.op == "NoOp":
        return None
    places = [{waited.written for waited in _awaited(one)} for one in (node, other)]
    return "colocation" if places[0] != places[1] and 1 in map(len, places) else None


def _awaited(group):
    """Return what a group waits for, of groups in it their members."""
    todo, found = [group], set()
    for one in todo:
        todo += [another for another in one.controls - found if another.op == "NoOp"]
        found |= one.controls
    return {one for one in found if one.op != "NoOp"}


def _is_of_einsum(normal, node):
    """Whether a node is of an op that rules write as several, or is placed beside one."""
    names = [name for name in (*node.names, *map(target, node.colocated)) if name in normal.graph.nodes]
    return any(normal.graph.nodes[name].op == "Einsum" for name in names)


def _is_beside_parts(verification, node, other):
    """Whether two partners are placed beside parts of what rules have written in one way: next to each other's."""
    normal, port = (side.normal for side in verification.pairing.sides)
    here, there = ([*map(target, one.colocated)] for one in (node, other))
    if not here or not there:  # one is a part of what is beside something
        where, one = (normal, node) if here else (port, other)
        return where.made.get(one.name) is not one
    partner, back = verification.partner, verification.back
    return all(
        (another in _around(port, partner.get(normal.made.get(one))) and _is_part(port, another, back))
        or (one in _around(normal, back.get(port.made.get(another))) and _is_part(normal, one, partner))
        for one in here
        for another in there
    )


def _is_part(normal, name, partners):
    """Whether rules have written a node of the graph, or made it a part of what they wrote."""
    made = normal.made.get(name)
    return made not in partners or bool(made.steps)


def _around(normal, node):
    """Return a node, what it takes and what takes it, by the names in the graph."""
    graph = normal.graph
    names = [name for name in (node.names if node else ()) if name in graph.nodes]
    return {*names, *(one for name in names for one, _ in (*graph.inputs[name], *graph.users[name]))}


def _was_beside_its_variable(normal, node, other, stand):
    """Say which rule lets what a regularizer is made of be placed beside nothing: it was beside what it is for."""
    places = [normal.made.get(target(name)) for name in node.colocated]
    if other.colocated or not places or not normal.may_share(node.name, node.op):
        return None
    if not stand <= {INPUT, AS_INPUT} and not all(
        _is_taken_with(normal.graph, node.name, one) for one in node.colocated
    ):
        return None
    if any(place is None or not place.op.startswith("Var") for place in places):
        return None
    placed = (node, other, *places)
    is_there = {one.device for one in placed} <= excused_places.ON_CPU or len({one.written for one in placed}) == 1
    return "colocation" if is_there else None


def _begins_beside_its_variable(normal, node, other):
    """Say which rule lets what a variable begins with be beside it, where tf.get_variable puts it."""
    graph, places = normal.graph, {target(name) for name in other.colocated}
    if node.colocated or len(places) != 1 or other.name not in graph.nodes:
        return None
    (variable,) = places
    begins, seen, todo = False, {other.name}, [other.name]
    while todo:
        for user in graph.followers[todo.pop()]:
            if graph.nodes[user].op in ("Assign", "AssignVariableOp") and graph.inputs[user][0][0] == variable:
                begins = True
            elif variable not in map(target, graph.colocated(user)):
                return None
            elif user not in seen:
                seen.add(user)
                todo.append(user)
    devices = {node.device, other.device, graph.devices[variable]}
    return "colocation" if begins and devices <= excused_places.ON_CPU else None


def _is_taken_with(graph, name, place):
    """Whether what uses a node is beside a variable too, and takes that itself or what is beside it."""
    users = {user for user, _ in graph.users[name] if place in graph.colocated(user)}
    takers = {maker for user in users for maker, _ in graph.inputs[user]} - {name}
    return any(one == target(place) or place in graph.colocated(one) for one in takers)


def _places(normal, node):
    """Return the normal nodes that a node is placed beside, a tuple for a constant or size, "?" for what is neither."""
    places = []
    for name in map(target, node.colocated):
        copied = normal.tensors.get((name, 0))
        replaced = copied[0] if name not in normal.made and is_tensor(copied) else normal.made.get(name)
        if replaced is not None and replaced not in normal.left:
            places.append((name, normal.graph.nodes[name].op))  # of a pattern that a rule has checked
        elif name not in normal.made and is_tensor(copied):
            # What a rule passed over: its place is that of what it copies, beside what that is placed beside.
            beside = [_node_of(normal, target(one)) for one in copied[0].colocated]
            places += beside if beside and None not in beside else [copied[0]]
        elif isinstance(copied, Literal) and normal.graph.nodes[name].op == "Const":
            places.append((copied.key, normal.graph.devices[name]))
        elif isinstance(copied, Literal):  # held against the one of its name by `consumed`
            places.append((name, normal.graph.nodes[name].op))
        else:
            places.append(normal.made.get(name, "?"))
    return places


def _node_of(normal, name):
    """Return the normal node that a node is, or that it is a copy of, or None."""
    copied = normal.tensors.get((name, 0))
    return normal.made.get(name) or (copied[0] if is_tensor(copied) else None)


def consumed(verification):
    """Yield a `Finding` for each node without a normal node whose place no rule explains."""
    normals = [side.normal for side in verification.pairing.sides]
    placed = set().union(*(_placed(one.graph) for one in normals))
    for normal, other in (normals, normals[::-1]):
        for name in normal.consumed:
            if name not in placed:
                continue
            is_twin = name in other.consumed and other.graph.nodes[name].op == normal.graph.nodes[name].op
            if is_twin and _is_placed_alike(normal.graph, other.graph, name):
                continue
            is_twin = is_twin and not _are_taken_apart(verification, name)
            if is_twin and normal is normals[1]:
                continue
            twin = other.graph if is_twin else None
            if (
                twin is None
                and normal.consumed[name] == "copied rows"
                and excused_places.is_on_cpu(normal.graph.devices[name])
            ):
                continue  # where a program looks rows up that lie elsewhere
            if (
                twin is not None
                and normal.graph.nodes[name].op == "Const"
                and excused_places.is_anchored(normals[1].graph, name)
            ):
                continue
            beside = None if is_twin and _is_beside_partners(verification, name) else _beside(normal, twin, name)
            for what in (_device(normal, twin, name), beside):
                if what:
                    yield Finding("placement", None, None, what, name)


def _placed(graph):
    """Return the names of the nodes of which a graph says where they are to be, or beside what."""
    return {name for name in graph.nodes if graph.devices[name] or graph.said(name).beside}


def _is_placed_alike(graph, other, name):
    """Whether two nodes of one name are on one device, beside none."""
    return graph.devices[name] == other.devices[name] and not (graph.colocated(name) or other.colocated(name))


def _are_taken_apart(verification, name):
    """Whether two constants have one name by chance, as releases number them otherwise: no user of one has a partner
    among the other's users, and all have one."""
    normals = [side.normal for side in verification.pairing.sides]
    if any(normal.graph.nodes[name].op != "Const" for normal in normals):
        return False
    users = [_served(normal, name) for normal in normals]
    partners = {verification.partner.get(user) for user in users[0]}
    known = None not in partners and users[1] <= verification.back.keys()
    return all(users) and known and partners.isdisjoint(users[1])


def _served(normal, name):
    """Return the normal nodes that a constant serves, also by sizes that are made of it."""
    found, seen, todo = set(), {name}, [name]
    while todo:
        users = {user for user, _ in normal.graph.users[todo.pop()]} - seen
        seen |= users
        found |= {normal.made[user] for user in users if user in normal.made}
        todo += [user for user in users if user not in normal.made]  # a set without keys looks at all of these
    return found


def _is_beside_partners(verification, name):
    """Whether two nodes of one name are beside nodes that are partners, whatever these are called."""
    here, there = (
        [side.normal.made.get(target(one)) for one in side.normal.graph.colocated(name)]
        for side in verification.pairing.sides
    )
    return None not in here and {verification.partner.get(one) for one in here} == set(there)


def _device(normal, twin, name):
    graph, device = normal.graph, normal.graph.devices[name]
    if twin is None:
        around = _devices_around(graph, name)
        is_explained = not device or device in around
        is_queue = "Queue" in graph.nodes[name].op
        is_explained |= is_queue and any(excused_places.is_one_machine(device, one) for one in around)
        is_explained |= graph.nodes[name].op in ("Fill", *_IDLE) or _is_known(normal, name)  # the same anywhere
        return None if is_explained else f"is placed on {device!r}"
    if graph.nodes[name].op == "Const" and bool(graph.followers[name]) != bool(twin.followers[name]):
        return None  # one that nothing uses, as releases number them otherwise, has taken the other's name
    other = twin.devices[name]
    if graph.dtype(name) == "string" and excused_places.is_one_machine(device, other):
        return None  # texts have no kernel elsewhere
    if device == other or (device in _devices_around(graph, name) and other in _devices_around(twin, name)):
        return None
    return f"is placed on {device!r}, on {other!r} in the port"


def _devices_around(graph, name):
    """Return the devices of what a node is made from and made for, and of what it waits for."""
    around = (*graph.needs(name), *(user for user, _ in graph.users[name]))
    return {graph.devices[one] for one in around}


def _beside(normal, twin, name):
    graph = normal.graph
    here = graph.colocated(name)
    stands = relations(graph, name)
    if twin is None:
        if len(here) == 1 and (graph.nodes[name].op in _IDLE or _is_known(normal, name)):
            return None  # it does nothing or is the same number wherever it is, and ties no two others together
        keepers = all(graph.nodes[target(one)].op.startswith(("Var", "TensorArray")) for one in here)
        is_explained = ELSEWHERE not in stands or keepers or excused_places.measures(normal, name)
        if normal.consumed[name] == entered.RULE:  # it gives nothing, and ties what waits for it to nothing new
            is_explained |= all(here == graph.colocated(user) for user in graph.followers[name])
        return None if is_explained else f"is placed beside {listed(here)}"
    there = twin.colocated(name)
    is_any = graph.nodes[name].op in _IDLE or (graph.nodes[name].op == "Const" and not (here and there))
    if is_any and len(here) <= 1 and len(there) <= 1:
        return None  # it does nothing, or is the same anywhere, and ties no two others together
    stood = relations(twin, name)
    alike = stands == stood and ELSEWHERE not in stands
    alike |= graph.nodes[name].op == "Identity" and stands | stood <= {INPUT, AS_INPUT}  # where what it copies is
    follow = all(
        any(one.colocated(name) == one.colocated(user) for user, _ in one.users[name]) for one in (graph, twin)
    )
    if here == there or alike or follow or ((not here or not there) and excused_places.measures(normal, name)):
        return None
    return f"is placed beside {listed(here)}, beside {listed(there)} in the port"


def _is_known(normal, name):
    """Whether a node gives constants and sizes, and nothing else."""
    outputs = [normal.tensors.get((name, index)) for index in range(len(normal.graph.shapes[name]))]
    return bool(outputs) and all(isinstance(one, Literal) for one in outputs)


def relations(graph, name):
    """Return how a node stands to the nodes that it is placed beside, a set; empty if it is placed beside none."""
    found = set()
    makers = [maker for maker, _ in graph.inputs[name]]
    users = [user for user, _ in graph.users[name]]
    for one in graph.colocated(name):
        if target(one) == name:
            found.add(ITSELF)
        elif target(one) in makers:
            found.add(INPUT)
        elif any(one in graph.colocated(maker) for maker in makers):
            found.add(AS_INPUT)
        elif any(one in graph.colocated(user) for user in users) or target(one) in users:
            found.add(AS_USER)
        elif any(graph.nodes[k].op == "NoOp" and one in graph.colocated(k) for k in graph.controls[name]):
            found.add(AS_GROUP)  # TensorFlow 1.0 placed the group of an op's gradients, and so each of them, beside it
        else:
            found.add(ELSEWHERE)
    return found

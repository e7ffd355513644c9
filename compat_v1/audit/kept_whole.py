"""Dropout by a constant that keeps all, for which TensorFlow drew nothing until 1.12, and draws by now.

It asked for the constant's value then, and asks for a number in Python by now: x / 1 and a selection of all elements,
which change no bit. Such a port is compared as if it had the tensor itself, if the original has no such dropout.
"""

import tensorflow as tf

from compat_v1.audit.references import source, target
from compat_v1.audit.rewritten import in_use

v1 = tf.compat.v1
CAUSE = "dropout that keeps all"
_KEPT = "keep 1.0"
_BACKWARD = ("BroadcastGradientArgs", "Identity", "Mul", "Neg", "RealDiv", "Reshape", "SelectV2", "Shape", "Sum")
_DRAWING = ("Add", "AddV2", "Cast", "Floor", "GreaterEqual", "Mul", "RandomUniform", "RealDiv", "Sub")


def written_out(verification):
    """Return ({cause: names of what masks and scales all in the port}, its GraphDef without them), or None."""
    original, port = (side.normal for side in verification.pairing.sides)
    if not verification.findings or _keeping_all(original):
        return None
    instead, beside, own = {}, set(), set()
    for node in _keeping_all(port):
        for name in node.names:
            found = _tensor(port, node, name)
            if found is None:
                return None
            instead[name], others = found
            beside |= {one for other in others for one in _drawing(port.graph, other)}
            own |= {other for other in others if port.graph.nodes[other].op in _DRAWING}
    if not instead or _waits(port.graph, instead.keys() | beside) or _are_taken(port.graph, beside, own):
        return None
    graph_def = v1.GraphDef.FromString(port.graph.graph_def.SerializeToString())
    _put(graph_def.node, instead)
    nodes = [one for node in graph_def.node for one in (_not_drawn(node) if node.name in beside else (node,))]
    unneeded = beside | _made_of(port.graph, own, instead) | instead.keys()
    passed, gates = _passed(nodes, unneeded)
    _put(nodes, passed)
    nodes = in_use(nodes, unneeded | passed.keys() | gates)
    del graph_def.node[:]
    graph_def.node.extend(nodes)
    return {CAUSE: list(instead)}, graph_def


def _keeping_all(normal):
    return [node for node in normal.nodes if node.op in ("masked", "scaled") and node.attributes.get("kept") == _KEPT]


def _tensor(port, node, name):
    """Return (the input of a node that it gives as it is, the makers of its others), or None if it may be spread."""
    inputs = port.graph.inputs.get(name, ())
    places = [place for place, one in enumerate(inputs) if port.tensors.get(one) == node.inputs[0]]
    sizes = port.sizes(node.inputs[0])
    if len(places) != 1 or sizes is None or port.sizes((node, 0)) != sizes:
        return None
    others = [maker for place, (maker, _) in enumerate(inputs) if place != places[0]]
    return port.graph.nodes[name].input[places[0]], others


def _waits(graph, names):
    """Whether any of these waits for another node, or a constant or shape that it takes does."""
    makers = {maker for name in names for maker, _ in graph.inputs[name] if graph.nodes[maker].op in ("Const", "Shape")}
    return any(one.startswith("^") for name in names | makers for one in graph.nodes[name].input)


def _are_taken(graph, names, masks):
    """Whether something else takes the numbers that are drawn for masks, or what a mask is computed by from these."""
    todo = [name for name in names if graph.nodes[name].op == "RandomUniform"]
    while todo:
        users = {user for user, _ in graph.users[todo.pop()] if graph.nodes[user].op != "Shape"}
        if not users <= names:
            return True
        todo += users - masks
    return False


def _drawing(graph, name):
    """Yield the nodes that a mask or scale is computed by."""
    if graph.nodes[name].op in _DRAWING:
        yield name
        for maker, _ in graph.inputs[name]:
            yield from _drawing(graph, maker)


def _made_of(graph, names, instead):
    """Return what is made of masks and scales alone, which dropout made itself: gradients for them."""
    made, todo = set(), list(names)
    while todo:
        new = {user for user, _ in graph.users[todo.pop()] if graph.nodes[user].op in _BACKWARD}
        new -= instead.keys() | made
        made |= new
        todo += new
    makers = {maker for name in made for maker, _ in graph.inputs[name]}
    return made | {name for name in makers if graph.nodes[name].op == "Neg"}


def _passed(nodes, unneeded):
    """Return {name: what it copies} for what gates let pass that wait for that gradient alone, and the gates' names.

    They wait besides for some that are `unneeded`, made of nothing but what comes before that gradient anyhow.
    """
    made, gates = {node.name: node for node in nodes}, {}
    for gate in nodes:
        names = {source(one) for one in gate.input} if gate.op == "NoOp" else set()
        if len(names - unneeded) == 1 and names & unneeded:
            others = _behind(made, names & unneeded) - unneeded - _behind(made, names - unneeded)
            if all(made[one].op in ("Const", "Shape") for one in others):
                gates[f"^{gate.name}"], *_ = names - unneeded
    copies = [node for node in nodes if node.op == "Identity" and len(node.input) == 2 and node.input[1] in gates]
    passed = {node.name: node.input[0] for node in copies if source(node.input[0]) == gates[node.input[1]]}
    return passed, {one.lstrip("^") for one in gates}


def _behind(nodes, names):
    """Return some nodes and all that they are made of or wait for."""
    found, todo = set(names), list(names)
    while todo:
        new = {source(one) for one in nodes[todo.pop()].input} - found
        found |= new
        todo += new
    return found


def _not_drawn(node):
    """Yield zeros for what draws numbers, which gradients may take that nobody takes; or a node as it is."""
    if node.op != "RandomUniform":
        yield node
        return
    zero = v1.NodeDef(name=f"{node.name}/zero", op="Const", attr={"dtype": node.attr["dtype"]})
    zero.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(0, tf.as_dtype(node.attr["dtype"].type), ()))
    kinds = {"T": node.attr["dtype"], "index_type": node.attr["T"]}
    yield from (zero, v1.NodeDef(name=node.name, op="Fill", input=[node.input[0], zero.name], attr=kinds))


def _put(nodes, instead):
    """Let all that takes a node, waits for it or lies beside it do so with what comes instead."""
    for node in nodes:
        node.input[:] = [_without(instead, one) for one in node.input]
        others = [source(_without(instead, target(one.decode()))) for one in node.attr["_class"].list.s]
        node.attr["_class"].list.s[:] = [f"loc:@{one}".encode() for one in others]


def _without(instead, one):
    """Return what comes for the input of a node: of a dropout that keeps all, its tensor."""
    while (name := one.lstrip("^").removesuffix(":0")) in instead:
        one = f"^{source(instead[name])}" if one.startswith("^") else instead[name]
    return one

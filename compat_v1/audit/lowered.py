"""A function's conditions that are ops with functions, written as the branches that TensorFlow makes of them at last.

Until 1.12 the functions of datasets had such branches themselves.
"""

import tensorflow as tf

from compat_v1.audit.bodies import DEEPEST, MOST_NODES_MORE, body

v1 = tf.compat.v1


def has_branches(graph_def):
    """Whether a function's body has branches that are no functions."""
    ops = {node.op for node in graph_def.node}
    return "Switch" in ops and "Enter" not in ops


def lowered(graph_def, outputs, library):
    """Return a body with branches in place of its conditions, its outputs, and the names of the functions that went.

    A condition that keeps, changes or draws something stays, or one that waits; and all from where there are too many.
    """
    functions, gone = {one.signature.name: one for one in library.function}, set()
    for _ in range(DEEPEST):
        found = [node for node in graph_def.node if node.op == "StatelessIf"]
        called = [functions[one] for node in found for one in _called(node) if one in functions]
        if sum(len(one.node_def) for one in called) > MOST_NODES_MORE:
            break
        written = {node.name: _written(node, functions, library) for node in found}
        written = {name: one for name, one in written.items() if one}
        if not written:
            break
        new, renamed = v1.GraphDef(library=graph_def.library, versions=graph_def.versions), {}
        for node in graph_def.node:
            nodes, names, called = written.get(node.name, ([node], {}, set()))
            new.node.extend(nodes)
            renamed |= names
            gone |= called
        for node in new.node:
            node.input[:] = [renamed.get(one, one) for one in node.input]
        graph_def, outputs = new, [renamed.get(one, one) for one in outputs]
    return graph_def, outputs, gone


def _called(node):
    """Return the names of the functions that a condition calls, that for where it does not hold first."""
    return [node.attr[key].func.name for key in ("else_branch", "then_branch")]


def _written(node, functions, library):
    """Return (the nodes that come for a condition, {its output: what comes for it}, its functions) or None."""
    called = _called(node)
    if node.attr["Tcond"].type != tf.bool.as_datatype_enum or any(one.startswith("^") for one in node.input):
        return None
    if not functions.keys() >= {*called}:
        return None
    condition, *given = node.input
    made = v1.GraphDef()

    def add(name, op, inputs, dtype):
        new = made.node.add(name=f"{node.name}/{name}", op=op, input=inputs)
        new.attr["T"].type = dtype
        return new.name

    switch = add("Switch", "Switch", [condition, condition], tf.bool.as_datatype_enum)
    pivots = [
        add("switch_f", "Identity", [switch], tf.bool.as_datatype_enum),
        add("switch_t", "Identity", [f"{switch}:1"], tf.bool.as_datatype_enum),
    ]
    which = add("pred_id", "Identity", [condition], tf.bool.as_datatype_enum)
    results = []
    for place, (branch, name, pivot) in enumerate(zip(("else", "then"), called, pivots, strict=True)):
        inside, outputs = body(functions[name], library)
        if len(functions[name].signature.input_arg) != len(given) or any(one.startswith("^") for one in outputs):
            return None
        taken = {}
        for argument, one in zip(functions[name].signature.input_arg, given, strict=True):
            chosen = add(f"{branch}/{argument.name}/Switch", "Switch", [one, which], argument.type)
            taken[argument.name] = f"{chosen}:{place}"
        prefix = f"{node.name}/{branch}/"
        _leave_out_copies(inside, outputs, {one[1:] for node in inside.node for one in node.input if one[0] == "^"})
        for one in inside.node:
            if one.name in taken:
                continue
            new = made.node.add()
            new.CopyFrom(one)
            new.name = prefix + one.name
            new.attr.pop("_class", None)
            new.input[:] = [
                _inside(other, prefix, taken) for other in one.input if other[1:] not in taken or other[0] != "^"
            ]
            if all(other.startswith("^") for other in new.input):
                new.input.append(f"^{pivot}")
        results.append([_inside(one, prefix, taken) for one in outputs])
    renamed = {}
    for place, (pair, dtype) in enumerate(zip(zip(*results, strict=True), node.attr["Tout"].list.type, strict=True)):
        merged = add(f"Merge_{place}", "Merge", pair, dtype)
        made.node[-1].attr["N"].i = 2
        renamed[f"{node.name}:{place}"] = merged
    if not renamed:
        return None
    first = renamed[f"{node.name}:0"]
    return made.node, renamed | {node.name: first, f"^{node.name}": f"^{first}"}, {*called}


def _leave_out_copies(graph_def, outputs, awaited):
    """Let what takes a copy in a branch take what is copied, as what a branch gives is copied by now."""
    copied = {node.name: node.input[0] for node in graph_def.node if node.op == "Identity" and len(node.input) == 1}
    copied = {name: one for name, one in copied.items() if name not in awaited}

    def final(one):
        while one.removesuffix(":0") in copied:
            one = copied[one.removesuffix(":0")]
        return one

    left = [node for node in graph_def.node if node.name not in copied]
    for node in left:
        node.input[:] = map(final, node.input)
    outputs[:] = map(final, outputs)
    kept = v1.GraphDef(node=left)
    del graph_def.node[:]
    graph_def.node.extend(kept.node)


def _inside(reference, prefix, taken):
    """Return what a node in a branch takes or waits for, by its name outside; what is given to it is there at once."""
    if reference.startswith("^"):
        return f"^{prefix}{reference[1:]}"
    return taken.get(reference.removesuffix(":0"), prefix + reference)

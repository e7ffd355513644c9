"""Waits for a branch that another wait implies.

What takes nothing waits for its branch: for a copy of a Switch whose data is its condition. TensorFlow 1.0 let it wait
for that also where it waits for something of that branch, which cannot run but where and when the copy can.
"""

from compat_v1.audit.operands import counts_turns


def leave_out(graph):
    """Leave out of `graph.controls` what tells a branch to nodes that take nothing and wait for more of that branch."""
    for name, controls in graph.controls.items():
        if len(controls) < 2 or graph.inputs[name]:
            continue
        told = {one: branch for one in controls if (branch := _told_by(graph, one)) is not None}
        implied = {
            one
            for one, branch in told.items()
            if any(branch in graph.branches.of(other) for other in controls if other not in told)
        }
        graph.controls[name] = [one for one in controls if one not in implied]


def _told_by(graph, name):
    """Return the branch that a node tells and does nothing else, or None."""
    if graph.nodes[name].op != "Identity" or graph.controls[name]:
        return None
    ((switch, output),) = graph.inputs[name]
    if graph.nodes[switch].op != "Switch" or graph.controls[switch]:
        return None
    data, condition = map(graph.branches.source, graph.inputs[switch])
    return (condition, output) if data == condition else None


def of_turn(verification, node, other, awaited):
    """Whether a node waits for what counts a loop's turns by what rules left out of it, such as a constant's wait.

    `awaited`: a node of the port, for which one of two partners alone waits in the normal form. Which op of a call
    waits for the turn depends on which ops there are; that it does not run in a turn that is none, the graph tells. The
    call of a function waits for the turn that what it takes is of, in TensorFlow 1.0 not besides.
    """
    waiting = [awaited in one for one in ({verification.partner.get(k) for k in node.controls}, other.controls)]
    sides = zip(
        verification.pairing.sides, (node, other), (verification.back.get(awaited), awaited), waiting, strict=False
    )
    for side, one, turn, waits in sides:
        graph = side.normal.graph
        names = [] if turn is None else [name for name in turn.names if graph.frames.get(name)]
        if not names or not counts_turns(turn) or _is_stateful(side.normal, names):
            return False
        own = [name for name in one.names if name in graph.nodes]
        untold = [] if waits else [name for name in own if graph.surely_before(name).isdisjoint(names)]
        told = own and all(_is_called_in(graph, name, graph.frames[names[0]]) for name in untold)
        if not waits and not told:
            return False
    return True


def _is_called_in(graph, name, frame):
    """Whether a node calls a function with what is made in the turns of that loop whose condition holds."""
    if graph.nodes[name].op not in graph.functions:
        return False
    behind = name, *graph.surely_before(name)
    taken = [maker for one in behind for maker, output in graph.inputs[one] if output == 1]
    switches = [one for one in taken if graph.nodes[one].op == "Switch" and graph.frames[one] == frame]
    return any(graph.nodes[graph.inputs[one][1][0]].op == "LoopCond" for one in switches)


def _is_stateful(normal, names):
    return any(normal.graph.is_stateful(name) or normal.reads_a_ref(name) for name in names)

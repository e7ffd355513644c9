"""On which device a node is placed: by its name, or by that of the variable or TensorArray that it takes."""

from compat_v1.audit.references import target

_WRITE = {"TensorArrayWriteV3", "TensorArrayScatterV3", "TensorArraySplitV3"}


def of(graph):
    """Return {name of a node: device, "" for anywhere}.

    TensorFlow places what takes a variable or a TensorArray, a resource, on the device of that. So an array of no
    device is on that of whatever writes into it, and with it what is to be beside it.
    """
    devices = {name: node.device for name, node in graph.nodes.items()}
    for name in [one for one, node in graph.nodes.items() if node.op == "VarHandleOp" and node.device]:
        devices.update((user, devices[name]) for user, _ in _taking(graph, name) if not devices[user])
    arrays = {name for name, node in graph.nodes.items() if node.op == "TensorArrayV3" and not node.device}
    for array in arrays:
        writing = {devices[one] for one in _writing(graph, array)}
        if len(writing) == 1 and not graph.colocated(array):
            devices[array] = writing.pop()
    for name in graph.nodes if arrays else ():
        beside = {target(one) for one in graph.colocated(name)}
        if not devices[name] and beside and beside <= arrays:
            placed = {devices[one] for one in beside}
            devices[name] = placed.pop() if len(placed) == 1 else ""
    return devices


def _writing(graph, array):
    """Yield what writes into a TensorArray, also from within loops."""
    for user, slot in _taking(graph, array):
        if graph.nodes[user].op in _WRITE and slot == 0:
            yield user


def _taking(graph, resource):
    """Yield (what takes a resource, as which input), also from within loops."""
    todo = [resource]
    while todo:
        for user, slot in graph.users[todo.pop()]:
            yield user, slot
            if graph.nodes[user].op == "Enter":
                todo.append(user)

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
    beside = {
        name: {target(one) for one in graph.colocated(name)} for name in graph.nodes if arrays and not devices[name]
    }
    beside = {name: places for name, places in beside.items() if places and places <= arrays}
    found = {array: "" for array in arrays if not graph.colocated(array)}
    while found:  # what is beside one array may write into another
        left = [array for array in found if not devices[array]]
        found = {array: _only(devices[one] for one in _writing(graph, array)) for array in left}
        devices.update(found)
        devices.update((name, _only(devices[one] for one in places)) for name, places in beside.items())
        found = found if any(found.values()) else {}
    return devices


def _only(devices):
    """Return the device that all of some are, or none."""
    different = set(devices)
    return different.pop() if len(different) == 1 else ""


def _writing(graph, array):
    """Yield what writes into a TensorArray, also from within loops and branches."""
    for user, slot in _taking(graph, array):
        if graph.nodes[user].op in _WRITE and slot == 0:
            yield user


def _taking(graph, resource):
    """Yield (what takes a resource, as which input), also from within loops and branches."""
    todo = [resource]
    while todo:
        for user, slot in graph.users[todo.pop()]:
            yield user, slot
            if graph.nodes[user].op in ("Enter", "Switch"):
                todo.append(user)

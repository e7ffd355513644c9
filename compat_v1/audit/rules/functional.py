"""Rules for loops and branches that are ops with functions, as in the functions of datasets.

Where none of the functions keeps, changes or draws anything, the op is another by now, and nothing need wait for it,
but for what it needs.
"""

from compat_v1.audit.graph import READING_TABLES, Attributes
from compat_v1.audit.operands import is_op, is_scalar, makers
from compat_v1.audit.pruning import WITHOUT_STATE, may_go

# What elements are read from: it only says so, and whatever counts them has a place of its own in them.
SOURCES = {"TensorDataset", "TensorSliceDataset", "RangeDataset", "TextLineDataset", "TFRecordDataset"}
SOURCES |= {"FixedLengthRecordDataset", "FixedLengthRecordDatasetV2"}
_RULE = "loops without state"


def _without_state(rewriter, name, node, operands):
    graph = rewriter.graph
    called = [one for names in graph.called(name).values() for one in names]
    if not called or (graph.controls[name] and not graph.is_body) or not all(graph.is_pure(one) for one in called):
        return False  # in a function each waits for the last that has been written; `finish` lets go of that
    rewriter.normal.keep(name, f"Stateless{node.op}", operands, steps={_RULE})
    return True


def acting(normal, nodes):
    """Return some nodes, and instead of those without an effect what these need that keeps, changes or draws something.

    Waiting for a loop without state is waiting for an update before it. What is given to a function is there at once.
    A table that a function only reads is the same before it is read and after.
    """
    found, seen, todo = set(), set(), [one for one in nodes if _has_no_effect(normal, one)]
    while todo:
        one = todo.pop()
        needs = {*makers(one), *one.controls}
        for other in needs - seen:
            if other.op == "NoOp" or _has_no_effect(normal, other) or may_go(normal, other):
                todo.append(other)
            elif other.op != "Placeholder" and other.name in normal.graph.nodes:
                found.add(other)
        seen |= needs
    return frozenset(one for one in nodes if not _has_no_effect(normal, one)) | found


def _has_no_effect(normal, node):
    if normal.graph.is_body and node.op in READING_TABLES:
        return normal.graph.only_reads_tables
    return node.op in WITHOUT_STATE or node.op in SOURCES  # a file is opened when it is read


def _stacked(rewriter, name, _node, operands):
    """What a loop has written into a list is stacked, whether or not it is said how many elements were reserved."""
    attributes, tensor = rewriter.graph.attributes(name), operands[0]
    if "num_elements" not in attributes or not is_op(tensor, "StatelessWhile", "While"):
        return False
    reserved, said = tensor[0].inputs[tensor[1]], Attributes(rewriter.graph.nodes[name])["num_elements"].i
    if not is_op(reserved, "TensorListReserve") or not is_scalar(reserved[0].inputs[1], said):
        return False
    del attributes["num_elements"]
    rewriter.normal.keep(name, "TensorListStack", operands, attributes, {_RULE})
    return True


def finish(rewriter):
    """In a function, of which nothing can be fetched, let nothing wait for what has no effect."""
    if rewriter.graph.is_body:
        for node in rewriter.normal.nodes:
            node.controls = acting(rewriter.normal, node.controls)


RULES = {**dict.fromkeys(("While", "If", "Case"), _without_state), "TensorListStack": _stacked}

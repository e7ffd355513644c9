"""Rules for tables in which keys are looked up: their handles, their names, and what fills them; and accumulators."""

import re

from compat_v1.audit.graph import Attributes
from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import is_op, refined

_DRAWN = re.compile(r"hash_table_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_FROM_FILE = "InitializeTableFromTextFile", "InitializeTableFromTextFileV2"
_PLACES = re.compile(r"(_-?\d+)+")  # in a file: of keys, of values; how many there are


def _table(rewriter, name, node, operands):
    """Its handle was a reference to a text; a name that says nothing but which table it is goes if no other has it."""
    attributes, steps = rewriter.graph.attributes(name), set()
    if not node.op.endswith("V2"):
        steps.add("handles of tables")
    if _says_nothing(rewriter.graph, name):
        del attributes["shared_name"]
        steps.add("names of tables")
    rewriter.normal.keep(name, f"{node.op.removesuffix('V2')}V2", operands, attributes, steps, [()])
    return True


def _says_nothing(graph, name):
    """Whether the name of a table was drawn, or made of the file that it is filled from, and no other table has it."""
    own = _shared_name(graph.nodes[name])
    if not own or any(_shared_name(one) == own for other, one in graph.nodes.items() if other != name):
        return False
    if _DRAWN.fullmatch(own):
        return True
    files = [graph.constant(graph.inputs[user][1][0]) for user, _ in graph.users[name] if _is_from_file(graph, user)]
    return bool(files) and all(
        one.kind == "text" and len(one.value) == 1 and _is_of_file(own, one.value[0].decode("utf-8", "replace"))
        for one in files
    )


def _shared_name(node):
    return Attributes(node)["shared_name"].s.decode("utf-8", "replace") if "HashTable" in node.op else ""


def _is_from_file(graph, name):
    return graph.nodes[name].op in _FROM_FILE and graph.nodes[graph.inputs[name][1][0]].op == "Const"


def _is_of_file(name, file):
    prefix = f"hash_table_{file}"
    return name.startswith(prefix) and bool(_PLACES.fullmatch(name.removeprefix(prefix)))


def _of_reference(rewriter, name, node, operands):
    """What takes a table's handle as a reference does to it what its newer form does."""
    attributes = rewriter.graph.attributes(name)
    rewriter.normal.keep(name, f"{node.op}V2", operands, attributes, {"handles of tables"})
    return True


def _looked_up(rewriter, name, node, operands):
    """A table of numbers or texts gives as many as it is asked for, in the same shape."""
    table, keys, _ = operands
    known = None if isinstance(keys, Literal) else rewriter.normal.sizes(keys)
    sizes = None
    if known is not None and is_op(table, "HashTableV2", "MutableHashTableV2"):
        sizes = [refined(rewriter.graph.shapes[name][0], known)]
    steps = () if node.op.endswith("V2") else {"handles of tables"}
    rewriter.normal.keep(name, "LookupTableFindV2", operands, rewriter.graph.attributes(name), steps, sizes)
    return True


def _filled(rewriter, name, _node, operands):
    """A table that is filled once is given its contents by the op that fills one more than once as well."""
    if not is_op(operands[0], "HashTableV2"):
        return False
    attributes = rewriter.graph.attributes(name)
    for old, new in (("Tkey", "Tin"), ("Tval", "Tout")):
        attributes[new] = attributes.pop(old)
    rewriter.normal.keep(name, "LookupTableImportV2", operands, attributes, {"filled tables"})
    return True


def _accumulator(rewriter, name, node, operands):
    """The handle of an accumulator of gradients was a reference to a text; what takes it does the same to it."""
    attributes, handles = rewriter.graph.attributes(name), {"handles of accumulators"}
    if node.op == _ACCUMULATOR:
        rewriter.normal.keep(name, f"Resource{node.op}", operands, attributes, handles, [()])
    elif is_op(operands[0], f"Resource{_ACCUMULATOR}"):  # that of sparse gradients is a reference as before
        rewriter.normal.keep(name, f"Resource{node.op}", operands, attributes, handles)
    else:
        return False
    return True


_ACCUMULATOR = "ConditionalAccumulator"
_OF_ACCUMULATORS = ("ApplyGradient", "TakeGradient", "NumAccumulated", "SetGlobalStep")
_TABLES = ("HashTable", "MutableHashTable", "MutableHashTableOfTensors", "MutableDenseHashTable")
_OF_TABLES = ("LookupTableSize", "LookupTableInsert", "LookupTableExport", "LookupTableImport")
RULES = {
    **dict.fromkeys((_ACCUMULATOR, *(f"Accumulator{one}" for one in _OF_ACCUMULATORS)), _accumulator),
    **dict.fromkeys((*_TABLES, *(f"{one}V2" for one in _TABLES)), _table),
    **dict.fromkeys((*_OF_TABLES, "InitializeTableFromTextFile"), _of_reference),
    **dict.fromkeys(("InitializeTable", "InitializeTableV2"), _filled),
    **dict.fromkeys(("LookupTableFind", "LookupTableFindV2"), _looked_up),
}

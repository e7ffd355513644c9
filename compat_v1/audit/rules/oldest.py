"""Rules for what only TensorFlow's first releases wrote otherwise; they come before the rules by op."""

import importlib
import re

import numpy as np
import tensorflow as tf

from compat_v1.audit.dimensions import reshaped
from compat_v1.audit.exchanged import KEPT
from compat_v1.audit.literals import Literal
from compat_v1.audit.operands import is_op
from compat_v1.audit.renumbered import GIVEN, SAVED

v1 = tf.compat.v1


def _copied_rows(rewriter, name, node, operands):
    """A look-up ends in an Identity of the rows that it gathered, and clipped by their norms."""
    rows = operands[0]
    if is_op(rows, "Identity") and not rows[0].controls and is_op(rows[0].inputs[0], "clipped", "RealDiv"):
        product = rows[0].inputs[0][0].inputs[0]
        factors = product[0].inputs if is_op(product, "Mul") else ()
        rows = next((one for one in factors if not isinstance(one, Literal)), rows)
    if not is_op(rows, "GatherV2") or rewriter.graph.controls[name]:
        return False
    rewriter.normal.alias(name, operands[0], "copied rows")
    return True


def _chosen(rewriter, name, node, operands):
    """Select(not c, a, b) is Select(c, b, a); and the logarithm of x where c needs x only where c."""
    condition, then, other = operands
    rule = getattr(rewriter, f"_{node.op}")
    if is_op(condition, "LogicalNot") and not condition[0].controls:
        rewriter.normal.absorbed.add(condition[0])
        operands = [condition[0].inputs[0], other, then]
        if not rule(name, node, operands):
            rewriter._plain(name, node, operands)
        rewriter.normal.made[name].steps.add("chosen the other way")
        return True
    safe = then[0].inputs[0] if is_op(then, "Log") and not then[0].controls else None
    if safe is None or isinstance(safe, Literal) or isinstance(condition, Literal):
        return False
    if safe[0].inputs[:1] != [condition] or not safe[0].controls <= condition[0].controls:
        return False
    if safe[0].op == node.op == "Select":
        return _unguarded(rewriter, name, node, operands, safe[0], None)  # both choose rows, or both elements
    if safe[0].op != "SelectV2":
        return False
    shape, *others = map(rewriter.normal.sizes, (condition, safe[0].inputs[1], safe))
    if shape is None or others != [shape, shape] or isinstance(safe[0].inputs[1], Literal):
        return False
    return _unguarded(rewriter, name, node, operands, safe[0], shape)


def _unguarded(rewriter, name, node, operands, safe, shape):
    """Take the logarithm of what was chosen where the condition holds."""
    condition, (log, _), other = operands
    if isinstance(safe.inputs[1], Literal):
        return False
    logarithm = rewriter.normal.node(
        log.name, "Log", log.attributes, [safe.inputs[1]], safe.controls, {"safe logarithm"}, sizes=[shape]
    )
    rewriter.normal.absorbed.update({log, safe, logarithm, *(one[0] for one in safe.inputs[2:] if _is_filled(one))})
    rewriter.normal.accounted.add(safe)
    operands = [condition, (logarithm, 0), other]
    rule = getattr(rewriter, f"_{node.op}")
    return rule(name, node, operands) or rewriter._plain(name, node, operands)


def _is_filled(operand):
    return is_op(operand, "Fill")


def _clipped_gradient(rewriter, name, node, operands):
    """The gradient of Relu6 looks only at whether its second operand lies between 0 and 6: clipped to that or not."""
    gradient, features = operands
    if not is_op(features, "Relu6") or features[0].controls:
        return False
    rewriter.normal.keep(name, node.op, [gradient, features[0].inputs[0]], steps={"clipped or not"})
    return True


def _scattered(rewriter, name, node, operands):
    """What is assigned and then scattered into is the same variable, as the output of Assign or behind it."""
    if not is_op(operands[0], "Assign"):
        return False
    normal, assign = rewriter.normal, operands[0][0]
    inputs = [assign.inputs[0], *operands[1:]]
    controls = normal.controls(name) | {assign}
    attributes = rewriter._without_index_types(name, operands)
    made = normal.node(
        name, node.op, attributes, inputs, controls, {"scattered behind"}, sizes=[normal.sizes(operands[0])]
    )
    normal.tensors[name, 0] = (made, 0)
    return True


def _sampled(rewriter, name, node, operands):
    """What a candidate sampler draws has no gradient, guarded or not."""
    if isinstance(operands[0], Literal) or not operands[0][0].op.endswith("CandidateSampler"):
        return False
    if rewriter.graph.controls[name]:
        return False
    rewriter.normal.alias(name, operands[0], "drawn without gradient")
    return True


def _counted(rewriter, name, node, operands):
    """A whole number known from the static shapes is a number of floating point, too; and so is one of fewer bits."""
    (count,), kind = operands, rewriter.dtype(name)
    if not isinstance(count, Literal) or count.shape != () or kind not in ("float32", "float64"):
        return False
    if count.kind == "whole" and count.dtype in ("int32", "int64") and isinstance(count.value[0], int):
        value = np.array(count.value[0], count.dtype)
    elif count.kind == "data" and (count.dtype, kind) == ("float32", "float64"):
        value = np.frombuffer(count.value, "float32")[0]
    else:
        return False
    literal = count._replace(kind="data", dtype=kind, value=value.astype(kind).tobytes(), names=(name, *count.names))
    rewriter.normal.alias(name, literal._replace(ops=literal.ops | {"Cast"}), "computed shapes")
    return True


def _unshaped(rewriter, name, node, operands):
    """A constant is not reshaped to the shape that it has, either."""
    tensor, shape = operands
    if not (isinstance(tensor, Literal) and isinstance(shape, Literal)) or shape.array() is None:
        return False
    if rewriter.graph.controls[name] or reshaped(tensor.shape, shape.array().reshape(-1).tolist()) != tensor.shape:
        return False
    rewriter.normal.alias(
        name, tensor._replace(names=(name, *tensor.names), alive=tensor.alive | shape.alive), "own shape"
    )
    return True


# Checkpoints.


def _restored(rewriter, name, node, operands):
    """Each tensor of a checkpoint is restored by itself, whichever are restored by one op."""
    prefix, names, slices = operands
    kinds = node.attr["dtypes"].list.type
    if not _are_texts(names, slices, len(kinds)) or name in rewriter.graph.awaited:
        return False
    for index, kind in enumerate(kinds):
        shape = rewriter.graph.shapes[name][index]
        variables = {
            _assigned(rewriter.graph, user)
            for user, slot in rewriter.graph.users[name]
            if rewriter.graph.inputs[user][slot][1] == index
        }
        made = _of_one(rewriter, name, node.op, (prefix, names, slices), index, kind, variables, None, shape)
        if len(kinds) > 1:
            made.steps.add("checkpoints")
        rewriter.normal.tensors[name, index] = (made, 0)
    return True


def _saved(rewriter, name, node, operands):
    """A checkpoint holds tensors by name and slice, in whichever order they are saved."""
    prefix, names, slices, *tensors = operands
    kinds = node.attr["dtypes"].list.type
    if not _are_texts(names, slices, len(tensors)) or len(kinds) != len(tensors):
        return False
    if len(set(zip(names.value, slices.value, strict=True))) != len(tensors):
        return False
    entries = set()
    for index, (tensor, kind) in enumerate(zip(tensors, kinds, strict=True)):
        variable = tensor[0] if not isinstance(tensor, Literal) else None
        read = variable is not None and variable.op in ("Identity", "ReadVariableOp")
        if read and not isinstance(variable.inputs[0], Literal):
            variable = variable.inputs[0][0]
        own = {variable.name} if variable is not None and variable.op in KEPT else set()
        entries.add(_of_one(rewriter, name, "saved tensor", (prefix, names, slices), index, kind, own, tensor, None))
    attributes = rewriter.graph.attributes(name)
    attributes.pop("dtypes")
    made = rewriter.normal.node(
        name, node.op, attributes, [prefix], rewriter.normal.controls(name) | entries, outputs=0
    )
    _anywhere(made)
    return True


def _of_one(rewriter, name, op, operands, index, kind, variables, tensor, shape):
    """Make the node that restores or saves one tensor; an attribute says its name, and one if a program gave that."""
    prefix, names, slices = operands
    written, piece = (one._replace(shape=(1,), value=(one.value[index],)) for one in (names, slices))
    text = written.value[0].decode("utf-8", "replace")
    attributes = {"dtypes": _kinds([kind]), SAVED: text}
    of_saver = not isinstance(prefix, Literal) or prefix.value == (b"model",)
    if variables != {text} or not of_saver:  # or of a file that the program names, as init_from_checkpoint reads
        attributes[GIVEN] = "by the program"
    written = written._replace(value=(b"its own name",))
    inputs = [prefix, written, piece, *([] if tensor is None else [tensor])]
    made = rewriter.normal.node(name, op, attributes, inputs, None, outputs=1, sizes=[shape], shared=False)
    _anywhere(made)
    return made


def _anywhere(made):
    """Checkpoints are read and written on the CPU: there is no kernel elsewhere."""
    machine = re.sub(r"/device:CPU:[0*]$", "", made.device)
    if made.device != machine:
        made.device = made.written = machine
        made.steps.add("checkpoints on the CPU")


def _assigned(graph, user):
    """Return the variable that a node assigns to, itself or as a copy of what it takes, or None."""
    while graph.nodes[user].op == "Identity" and len(graph.followers[user]) == 1:
        user = graph.followers[user][0]
    makers = graph.inputs[user]
    is_assigned = graph.nodes[user].op in ("Assign", "AssignVariableOp")
    return makers[0][0] if is_assigned and graph.nodes[makers[0][0]].op in KEPT else None


def _file_name(rewriter, name, node, operands):
    """The name of a checkpoint can be fed, into a constant or into a placeholder with a default."""
    users = {rewriter.graph.nodes[user].op for user, _ in rewriter.graph.users[name]}
    text = operands[0]
    if not isinstance(text, Literal) or text.kind != "text" or text.shape != () or rewriter.graph.controls[name]:
        return False
    if not users or not users <= _TAKE_FILE_NAMES:
        return False
    rewriter.normal.alias(name, text._replace(names=(name, *text.names)), "checkpoints")
    return True


_TAKE_FILE_NAMES = {"SaveV2", "SaveSlices", "RestoreV2", "Identity", "PlaceholderWithDefault", "StringJoin"}
_TAKE_FILE_NAMES |= {"MergeV2Checkpoints", "StaticRegexFullMatch"}  # of parts


def _parts(rewriter, name, node, operands):
    """The parts of a checkpoint are written under a name of their own, before they are merged."""
    if len(operands) != 2 or not (_is_drawn_part(operands[1]) or _is_chosen_part(*operands)):
        return False
    if not isinstance(operands[1], Literal):
        rewriter.normal.absorbed.update({operands[1][0], operands[1][0].inputs[0][0]})
    part = Literal("text", "string", (), (b"a part",))
    steps = {"parts of a checkpoint"} if isinstance(operands[1], Literal) else set()
    _anywhere(rewriter.normal.keep(name, node.op, [operands[0], part], steps=steps))
    return True


def _is_drawn_part(part):
    is_text = isinstance(part, Literal) and part.kind == "text" and part.shape == ()
    return is_text and re.fullmatch(rb"_temp_[0-9a-f]{32}/part", part.value[0]) is not None


def _is_chosen_part(prefix, part):
    """Whether a text is ".part" for a store of objects and "_temp/part" elsewhere."""
    if not is_op(part, "SelectV2") or part[0].controls or not is_op(part[0].inputs[0], "StaticRegexFullMatch"):
        return False
    asked, *texts = part[0].inputs
    if asked[0].inputs != [prefix] or asked[0].controls or asked[0].attributes["pattern"] != _STORE:
        return False
    return [one.value for one in texts if isinstance(one, Literal)] == [(b".part",), (b"_temp/part",)]


_STORE = v1.AttrValue(s=b"^s3://.*").SerializeToString(deterministic=True)


def _are_texts(names, slices, count):
    both = all(isinstance(one, Literal) and one.kind == "text" and one.shape == (count,) for one in (names, slices))
    return both and count > 0


def _kinds(kinds):
    return v1.AttrValue(list=v1.AttrValue.ListValue(type=kinds)).SerializeToString(deterministic=True)


_OWN = {
    "Identity": _copied_rows,
    "Select": _chosen,
    "SelectV2": _chosen,
    "Relu6Grad": _clipped_gradient,
    **dict.fromkeys(("ScatterAdd", "ScatterSub", "ScatterUpdate"), _scattered),
    "StopGradient": _sampled,
    "Cast": _counted,
    "Reshape": _unshaped,
    "RestoreV2": _restored,
    "SaveV2": _saved,
    "PlaceholderWithDefault": _file_name,
    "StringJoin": _parts,
}
_MODULES = (
    "branches",
    "cases",
    "cholesky",
    "clipping",
    "colours",
    "counts",
    "dual",
    "flips",
    "batches",
    "images",
    "losses",
    "measured",
    "ops",
    "orthogonal",
    "products",
    "quantized",
    "rows",
    "zeros",
)
RULES = {op: [rule] for op, rule in _OWN.items()}
for _module in _MODULES:
    for _op, _rule in importlib.import_module(f"compat_v1.audit.rules.oldest_{_module}").RULES.items():
        RULES.setdefault(_op, []).append(_rule)

"""Rules for images that are copied, cut to their middle, or standardized."""

import numpy as np

from compat_v1.audit.literals import Literal, whole
from compat_v1.audit.operands import is_op, is_tensor
from compat_v1.audit.patterns import make, match
from compat_v1.audit.references import target
from compat_v1.audit.sizes import divide


def _copied(rewriter, name, node, operands):
    """What is flipped, turned or cut out, in a branch or not, is copied before, or is not; what is cut out, behind."""
    (image,), graph = operands, rewriter.graph
    is_image = is_tensor(image) and len(rewriter.normal.sizes(image) or ()) in (3, 4)
    elsewhere = node.device != graph.nodes[graph.inputs[name][0][0]].device or not _is_beside_its_image(graph, name)
    if not is_image or graph.controls[name] or elsewhere or rewriter.normal.reads_a_ref(name):
        return False
    users, is_part = _through_switches(graph, name), is_op(image, "Slice", "Pad")
    if not is_part and (not users & _TURNED or not users <= _TURNED | {"Merge", "Shape"}):
        return False
    rewriter.normal.alias(name, image, "copies")
    return True


def _is_beside_its_image(graph, name):
    """Whether a copy is placed beside nothing, or beside what it copies, or what that copies."""
    beside, maker = {target(one) for one in graph.colocated(name)}, name
    while beside and graph.nodes[maker].op == "Identity":
        maker, _ = graph.inputs[maker][0]
        beside -= {maker}
    return not beside


def _through_switches(graph, name):
    """Return the ops that take a tensor, or a copy of it, in a branch or not."""
    found = set()
    for user, _ in graph.users[name]:
        passes = graph.nodes[user].op == "Switch" or (graph.nodes[user].op == "Identity" and not graph.controls[user])
        passes = passes or _turns_nothing(graph, user)
        found |= _through_switches(graph, user) if passes else {graph.nodes[user].op}
    return found


def _turns_nothing(graph, name):
    """Whether an op puts each axis where it is, as those of tf.tensordot did until 1.15."""
    order = graph.inputs[name][1][0] if graph.nodes[name].op == "Transpose" else ""
    known = graph.constant(order) if order and graph.nodes[order].op == "Const" else None
    return known is not None and known.value == tuple(range(len(known.value)))


_TURNED = {"ReverseV2", "Slice", "Tile", "Transpose"}


_LEAST = ("Rsqrt", "count")
_OF_SQUARES = ("Sub", ("Mean", ("Square", "image"), "axes"), ("Square", "mean"))
_OF_DIFFERENCES = ("Mean", ("Square", ("Sub", "image", "mean")), "axes")
_FORMS = {"of squares": ("Sqrt", ("Relu", _OF_SQUARES)), "of differences": ("Sqrt", _OF_DIFFERENCES)}
_STANDARDIZED = "standardized image"


def _deviation(how, operands):
    """Return the parts of a standardized image that takes its deviation so, or None."""
    found = {}
    whole_of_it = match(operands[0], ("Sub", "image", "mean"), found)
    whole_of_it = whole_of_it and match(operands[1], ("Maximum", _FORMS[how], _LEAST), found)
    return found if whole_of_it and match(found["mean"], ("Mean", "image", "axes"), found) else None


def _standardized(rewriter, name, node, operands):
    """(image - mean) / max(deviation, 1 / root of the number of elements), with the deviation in either form."""
    how, found = next(((how, one) for how in _FORMS if (one := _deviation(how, operands))), ("", {}))
    waits = [awaited.op for one in found.get("nodes", ()) for awaited in one.controls]
    if not found or set(waits) - {"the loop"}:  # that what is known is made in
        return False
    normal, image, axes, count = rewriter.normal, found["image"], found["axes"], found["count"]
    kept = {"keep_dims" in one.attributes for one in found["nodes"] if one.op == "Mean"}
    if len(normal.sizes(image) or ()) != 3 or kept != {how == "of differences"}:
        return False
    if not isinstance(axes, Literal) or axes.kind != "whole" or sorted(axis % 3 for axis in axes.value) != [0, 1, 2]:
        return False
    image = _without_copies(normal, image)
    if is_op(image, "Cast") and not image[0].controls:
        whole_numbers, cast = _without_copies(normal, image[0].inputs[0]), image[0]
        if whole_numbers != cast.inputs[0] and not isinstance(whole_numbers, Literal):
            sizes = normal.sizes(image)
            image = make(normal, cast, "Cast", cast.attributes, [whole_numbers], sizes, "copies")
            normal.absorbed.add(cast)
    normal.absorbed.update(found["nodes"])
    inputs, steps = [image, count], {f"{_STANDARDIZED}: {how}"}
    made = normal.node(name, _STANDARDIZED, {}, inputs, None, steps, sizes=[normal.sizes(found["image"])])
    normal.tensors[name, 0] = (made, 0)
    return True


def _without_copies(normal, operand):
    """Return what a tensor copies: the images were checked, and waited for nothing."""
    while is_op(operand, "Identity") and not operand[0].controls:
        normal.absorbed.add(operand[0])
        operand = operand[0].inputs[0]
    return operand


def _cropped(rewriter, name, _node, operands):
    """Where the middle of an image begins is the whole part of (n - n * part) / 2, was that of n / (2 / (1 - part)).

    That divisor was made a whole number first: both are the same where it is one, as powers of 2 are exactly. Of a
    size that is known, ops computed what Python does by now, as exactly.
    """
    found = {}
    if rewriter.dtype(name) != "int32" or not match(operands[0], _MARGIN, found):
        return False
    if "Truncate" in rewriter.graph.attributes(name):
        return False
    size, part = found["size"], found["part"]
    if isinstance(size, Literal) and isinstance(part, Literal):
        return _begun(rewriter, name, found["nodes"], size, part)
    if not is_op(size, "Cast") or not isinstance(size[0].inputs[0], Literal) or not isinstance(part, Literal):
        return False
    if size[0].inputs[0].kind != "whole" or size[0].inputs[0].shape != () or part.dtype != "float64":
        return False
    nodes = [*found["nodes"], size[0]]
    if any(one.controls for one in nodes):
        return False
    share = float(str(np.float32(np.frombuffer(part.value)[0])))  # as the program wrote it
    if not 0 < share < 1:
        return False
    parts = _cut_out(rewriter.graph, name)
    if not parts:
        return False
    times = int(1 / ((1 - share) / 2))
    is_exact = times & (times - 1) == 0 and (1 - share) * times == 2
    (counted,) = size[0].inputs[0].value
    whole_part = whole(divide(counted, times), "int32", (name,), {"FloorDiv"}, size[0].inputs[0].alive)
    rewriter.normal.absorbed.update(nodes)
    rewriter.normal.alias(name, whole_part, "computed shapes")
    for one in parts:
        rewriter.cropped.setdefault(one, set()).add(f"{'margins' if is_exact else 'part'} of an image: {share}")
    return True


def _cut_out(graph, name):
    """Return the names of what is cut out of images where a number says, by itself or with others."""
    found, seen, todo = set(), {name}, [name]
    while todo:
        for user, slot in graph.users[todo.pop()]:
            if graph.nodes[user].op == "Slice" and slot > 0:
                found.add(user)
            elif graph.nodes[user].op in ("Mul", "Pack", "Sub") and user not in seen:
                seen.add(user)
                todo.append(user)
    return found


def finish(rewriter):
    """Note of what is cut out which part of an image it is: of many parts there are as many margins."""
    for name, steps in rewriter.cropped.items():
        if name in rewriter.normal.made:
            rewriter.normal.made[name].steps |= steps


def _begun(rewriter, name, nodes, size, part):
    alive = size.alive | part.alive  # of an image in a loop, the loop
    known = {size.dtype, part.dtype} == {"float64"} and {size.shape, part.shape} == {()}
    if not known or any(one.controls - alive for one in nodes):
        return False
    count, share = (np.frombuffer(one.value)[0] for one in (size, part))
    if not (0 < share < 1 and 0 <= count < 2**31):
        return False
    begins = whole(int((count - count * share) / 2), "int32", (name,), {"Cast"}, alive)
    rewriter.normal.absorbed.update(nodes)
    rewriter.normal.alias(name, begins, "computed shapes")
    return True


_MARGIN = ("RealDiv", ("Sub", "size", ("Mul", "size", "part")), 2)

RULES = {
    "Cast": _cropped,
    "RealDiv": _standardized,
    "Identity": _copied,
}

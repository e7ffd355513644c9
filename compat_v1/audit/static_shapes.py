"""The static shapes of a graph, as TensorFlow infers them where it imports one."""

import tensorflow as tf
from google.protobuf.message import DecodeError

from compat_v1.audit.bodies import with_bodies
from compat_v1.audit.conditions import BACK_EDGES, ENTERS, MERGES
from compat_v1.audit.queues import write_sizes
from compat_v1.audit.references import source

v1 = tf.compat.v1


def static_shapes(graph_def, placeholder_shapes):
    """Return the static shapes of a graph, {name: [a tuple or None, …]}, also of what its functions give."""
    laid_out = with_bodies(graph_def)
    try:
        shapes = _shapes_in_loops(laid_out, placeholder_shapes)
    except ValueError:
        if laid_out is graph_def:
            raise
        shapes = _shapes_in_loops(graph_def, placeholder_shapes)
    return {node.name: shapes[node.name] for node in graph_def.node}


def _shapes_in_loops(graph_def, placeholder_shapes):
    """Import a graph for its static shapes and return {name: [a tuple or None, …]}.

    The importer knows no shapes in a loop. But a loop variable keeps the shape that it enters with unless its builder
    said otherwise: it enters alone, and where the shape that comes back differs, its sizes are unknown. What is empty
    at first may grow, and what takes a part of it can be imported only if its sizes are unknown.
    """
    loops = {node.name: node for node in graph_def.node if node.op in MERGES}
    back = {node.name: node.input[0] for node in graph_def.node if node.op in BACK_EDGES}
    loops = {name: node for name, node in loops.items() if any(source(one) in back for one in node.input)}
    vague = {}
    while True:
        try:
            shapes = _import(graph_def, placeholder_shapes, vague)
        except ValueError:
            unknown = {} if vague else dict.fromkeys(loops)
            vague = _empty_at_first(_import(graph_def, placeholder_shapes, unknown), loops) if unknown else {}
            if not vague:
                raise
            continue
        found = {}
        for name, node in loops.items():
            for one in node.input:
                if source(one) in back:
                    kept = _common(shapes[name][0], _shape_of(shapes, back[source(one)]))
                    if kept != shapes[name][0]:
                        found[name] = kept
        if not found:
            return shapes
        vague.update(found)


def _empty_at_first(shapes, loops):
    """Return the shapes of the variables of some loops, {name: shape}, that enter with no element, of unknown sizes."""
    entering = {name: _shape_of(shapes, node.input[0]) for name, node in loops.items()}
    return {name: tuple(size or None for size in shape) for name, shape in entering.items() if shape and 0 in shape}


def _shape_of(shapes, reference):
    name, _, index = reference.partition(":")
    return shapes[name][int(index or 0)]


def _common(shape, other):
    """Return what two shapes have in common."""
    if shape is None or other is None or len(shape) != len(other):
        return None
    return tuple(a if a == b else None for a, b in zip(shape, other, strict=True))


def _import(graph_def, placeholder_shapes, vague):
    known = v1.GraphDef.FromString(graph_def.SerializeToString())
    back = {node.name for node in known.node if node.op in BACK_EDGES}
    for node in known.node:
        if node.name in placeholder_shapes:
            node.attr["shape"].shape.CopyFrom(placeholder_shapes[node.name])
            # An old graph's version makes the importer doubt a scalar, but not what was inferred when it was built.
            node.attr["_output_shapes"].CopyFrom(v1.AttrValue(list={"shape": [placeholder_shapes[node.name]]}))
        if node.op.startswith("FusedBatchNormGrad"):
            node.attr.pop("_output_shapes", None)  # of outputs that nobody takes 1.15 said other sizes than today's
        if node.op in ENTERS:
            node.attr["is_constant"].b = True
        if node.op in MERGES:
            entering = [one for one in node.input if source(one) not in back]
            del node.input[:]
            node.input.extend(entering)
            node.attr["N"].i = sum(not one.startswith("^") for one in entering)
    merges = {node.name: node for node in known.node if node.name in vague}
    for name, shape in vague.items():
        stand_in = known.node.add(name=f"{name}/of_any_size", op="PlaceholderWithDefault")
        merge = merges[name]
        stand_in.input.append(merge.input[0])
        stand_in.attr["dtype"].type = merge.attr["T"].type
        stand_in.attr["shape"].shape.CopyFrom(tf.TensorShape(shape).as_proto())
        merge.input[0] = stand_in.name
        merge.attr.pop("_output_shapes", None)  # what was written with the graph is the shape that it enters with
    try:
        write_sizes(known)
        with _ForShapes().as_default() as graph:
            v1.import_graph_def(known, name="")
            return {op.name: [_tuple(output) for output in op.outputs] for op in graph.get_operations()}
    except (ValueError, KeyError, TypeError, DecodeError, tf.errors.OpError) as error:
        raise ValueError(f"TensorFlow {tf.__version__} cannot import the graph: {error}") from None


class _ForShapes(tf.Graph):
    """A graph that is imported for its shapes: of TensorFlow's ops Python is told no more than these."""

    def _add_new_tf_operations(self, compute_devices=True):
        for one in self.new_operations():
            tf.Operation._from_c_op(one, self)
        return []


def _tuple(output):
    sizes, is_unknown = output._shape  # what `output.shape` is made of, which takes longer
    return None if is_unknown else tuple(sizes)

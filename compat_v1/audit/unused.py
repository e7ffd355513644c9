"""Constants that nothing in a graph uses."""

from compat_v1.audit import texts
from compat_v1.audit.literals import Literal, shown


def compare_unused_constants(verification):
    """Compare the constants that nothing uses, which a program may still fetch.

    Those of one graph alone are left: TensorFlow makes such constants on the way, and stopped making some.
    """
    unused = []
    for side in verification.pairing.sides:
        graph, tensors = side.normal.graph, side.normal.tensors
        names = [name for name in side.normal.consumed if not graph.users[name] and name not in graph.awaited]
        unused.append({name: tensors[name, 0] for name in names if isinstance(tensors.get((name, 0)), Literal)})
    left = dict(unused[1])
    for name, literal in unused[0].items():
        if name in left and verification.is_same(literal, left[name]):
            verification.constants[name] = name
            del left[name]
    here = [name for name in unused[0] if name not in verification.constants]
    for name in here:
        other = next((one for one, value in left.items() if verification.is_same(unused[0][name], value)), None)
        said = texts.same_message(verification, unused[0][name], left[name]) if name in left else None
        if other is None and said:
            verification.explain(said, name)
            del left[name]
        elif other is None and name in left:
            what = f"is {shown(unused[0][name])}, {shown(left[name])} in the port"
            verification.find("value", None, None, what, name, name)
            del left[name]
        elif other is None:
            verification.explain("unused constants", name)
        else:
            verification.constants[name] = other
            del left[other]
    for name in left:
        verification.explain("unused constants", name)

"""What a graph asks of sizes that it does not know, above all by what it reshapes: at any others a program stops."""

from typing import NamedTuple

from compat_v1.audit.exchanged import FED
from compat_v1.audit.sizes import AnySize, Size


class Demand(NamedTuple):
    """The size that a Reshape asks for and the one that is there, or two over which a product is summed.

    `is_unseen`: whether its normal form, of -1, does not tell; `is_packed`: whether sizes were packed for its shape.
    """

    name: str
    sizes: tuple[AnySize, AnySize]
    is_unseen: bool
    is_packed: bool


def finish(normal, without):
    """Leave out what is asked by gradients that nothing uses, by name; what rules have replaced asks nothing unseen."""
    left = {None, *normal.nodes}
    normal.demands = [
        one._replace(is_unseen=one.is_unseen and normal.made.get(one.name) in left)
        for one in normal.demands
        if one.name not in without
    ]


def alone(here, there):
    """Return those that one graph asks for unseen, one for each pair of sizes, and the other does not ask for.

    Of two sizes that are not known only those of what is fed are compared, and only where they were packed: of other
    tensors, such as parts of one, a program may know that they are as large as each other, and no graph does; and a
    gradient gets the shape of what it is of, as that is, and is as large by what other ops ask for.
    """
    asked = {frozenset(one.sizes) for one in there}
    found = {frozenset(one.sizes): one for one in here if one.is_unseen and _is_told(one)}
    return [one for pair, one in found.items() if pair not in asked]


def _is_told(demand):
    if any(isinstance(one, int) for one in demand.sizes):
        return True
    return demand.is_packed and all(map(_is_fed, demand.sizes))


def _is_fed(size):
    """Whether a size is computed from those of what is fed alone, and none that something is spread to."""
    names = [name for product in size.terms for name in product] if isinstance(size, Size) else []
    return all(isinstance(name, tuple) and (_is_of_fed(name) or _is_part(name)) for name in names)


def _is_of_fed(name):
    return name[0] == "size" and name[1].op in FED


def _is_part(name):
    return name[0] in ("floor", "part") and all(map(_is_fed, name[1:]))

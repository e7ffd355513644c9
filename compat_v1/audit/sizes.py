"""Integers that may depend on the sizes of fed tensors: polynomials in unknown sizes, each in one canonical form.

A size is a Python int where it is known, or a `Size`: a sum of products of unknowns. Two sizes that are equal objects
are equal whatever is fed; two that are not may still be equal for some feeds.
"""

from collections.abc import Hashable
from itertools import count
from math import gcd
from typing import Any

# More than these a size of no program has: the decoder of a speech synthesis has 3087 unknowns, 20 inside each other.
_MOST_UNKNOWNS, _DEEPEST, _MOST_FACTORS, _MOST_TERMS = 1 << 12, 64, 64, 64
_too_large = count()


class Size:
    """A polynomial with whole coefficients: {(unknown, unknown, …): coefficient}, the unknowns of a product sorted.

    `weight`: of how many unknowns it is made; `depth`: how many of them are inside each other; `has_parts`: whether any
    is what an op takes as a part of another.
    """

    __slots__ = ("_hash", "_text", "depth", "has_parts", "terms", "weight")

    def __init__(self, terms: dict[tuple[Hashable, ...], int]):
        self.terms = terms
        self._hash = hash(frozenset(terms.items()))
        self._text: str | None = None
        self.weight, self.depth, self.has_parts = 0, 0, False
        for product in terms:
            self.weight += len(product)
            for name in product:
                self.has_parts |= isinstance(name, tuple) and name[0] == "part"
                for one in _inside(name):
                    self.weight += one.weight
                    self.depth = max(self.depth, 1 + one.depth)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Size) and self.terms == other.terms

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        """Return the size in the program's terms: "2 * (size 0 of x:0) + 1"."""
        if self._text is None:
            terms = sorted(self.terms.items(), key=lambda term: (-len(term[0]), str(term[0])))
            self._text = " + ".join(_product(product, factor) for product, factor in terms)
        return self._text


def _inside(name: Any) -> list[Size]:
    """Return the sizes that an unknown is computed from."""
    if not isinstance(name, tuple) or name[0] == "size":
        return []
    parts = [one for part in name[1:] for one in (part if isinstance(part, frozenset) else (part,))]
    return [one for one in parts if isinstance(one, Size)]


def measured(sizes: Any) -> set[Any]:
    """Return the nodes of which some sizes are, or are computed from."""
    found, todo = set(), [one for one in sizes if isinstance(one, Size)]
    while todo:
        names = [name for product in todo.pop().terms for name in product]
        found |= {name[1] for name in names if isinstance(name, tuple) and name[0] == "size"}
        todo += [one for name in names for one in _inside(name)]
    return found


def _product(product: tuple[Hashable, ...], factor: int) -> str:
    return " * ".join([str(factor)] * (factor != 1 or not product) + [_said(one) for one in product])


def _said(name: Any) -> str:
    """Return an unknown in words: the same for equal unknowns, in every process."""
    kind, *parts = name if isinstance(name, tuple) else (name,)
    if kind == "size":
        node, index, axis = parts
        return f"(size {axis} of {getattr(node, 'name', node)}:{index})"
    operands = sorted(map(str, parts[0])) if parts and isinstance(parts[0], frozenset) else list(map(str, parts))
    return f"{kind}({', '.join(operands)})" if operands else str(kind)


AnySize = int | Size


def unknown(name: Hashable) -> Size:
    """Return the size of which only its name is known."""
    return _bounded(Size({(name,): 1}))


def _bounded(size: Size) -> Size:
    """Return a size, or one that is like no other for what is made of too much to be followed."""
    is_large = size.weight > _MOST_UNKNOWNS or size.depth > _DEEPEST or len(size.terms) > _MOST_TERMS
    return Size({(("too large", next(_too_large)),): 1}) if is_large else size


def add(a: AnySize, b: AnySize) -> AnySize:
    """Return a + b."""
    if isinstance(a, int) and isinstance(b, int):
        return a + b
    terms = dict(_terms(a))
    for product, factor in _terms(b).items():
        terms[product] = terms.get(product, 0) + factor
    for product, factor in terms.items() if _has_parts(a) or _has_parts(b) else ():
        whole = _whole(product, factor)
        if whole is not None:
            return add(whole, _size({one: many for one, many in terms.items() if one != product}))
    return _size(terms)


def multiply(a: AnySize, b: AnySize) -> AnySize:
    """Return a * b."""
    if isinstance(a, int) and isinstance(b, int):
        return a * b
    if a == 1 or b == 1:
        return a if b == 1 else b
    for one, other in ((a, b), (b, a)) if _has_parts(a) or _has_parts(b) else ():
        wholes = [(product, _whole(product, other)) for product in _terms(one)]
        for product, whole in wholes:
            if whole is not None:
                factor = _terms(one)[product]
                return add(multiply(factor, whole), multiply(subtract(one, _size({product: factor})), other))
    for one, other in ((a, b), (b, a)):
        if isinstance(one, int):
            return _size({product: one * factor for product, factor in _terms(other).items()})
    terms: dict[tuple[Hashable, ...], int] = {}
    factors = sum(max(map(len, _terms(one)), default=0) for one in (a, b))
    if factors > _MOST_FACTORS or len(_terms(a)) * len(_terms(b)) > _MOST_TERMS:
        return unknown(("too large", next(_too_large)))
    for product, factor in _terms(a).items():
        for other, other_factor in _terms(b).items():
            key = tuple(sorted(product + other, key=_said))
            terms[key] = terms.get(key, 0) + factor * other_factor
    return _size(terms)


def subtract(a: AnySize, b: AnySize) -> AnySize:
    """Return a - b."""
    return add(a, multiply(-1, b))


def divide(a: AnySize, b: AnySize) -> AnySize:
    """Return the whole part of a / b for sizes of tensors.

    A divisor `max(p, 1)` counts as p: they differ only where p is 0, and there the tensor of that size has no element
    that could be computed from the quotient. Raises `ZeroDivisionError` as TensorFlow does.
    """
    if isinstance(a, int) and isinstance(b, int):
        return a // b
    if b == 1:
        return a
    if a == b:
        return 1
    for divisor in (b, _at_least_one(b)):
        quotient = _exact(a, divisor)
        if quotient is not None:
            return quotient
    return unknown(("floor", a, b))


def part(a: AnySize, b: AnySize) -> AnySize:
    """Return a / b where an op stops unless b divides a: b times as much is a."""
    quotient = divide(a, b)
    return unknown(("part", a, b)) if quotient == unknown(("floor", a, b)) else quotient


def _has_parts(a: AnySize) -> bool:
    return isinstance(a, Size) and a.has_parts


def _whole(product: Any, many: AnySize) -> AnySize | None:
    """Return what so many times a product is, if it is one part of that."""
    kind, *parts = product[0] if len(product) == 1 and isinstance(product[0], tuple) else ("",)
    return parts[0] if kind == "part" and parts[1] == many else None


def remainder(a: AnySize, b: AnySize) -> AnySize:
    """Return the remainder of a / b."""
    return a % b if isinstance(a, int) and isinstance(b, int) else unknown(("mod", a, b))


def maximum(a: AnySize, b: AnySize) -> AnySize:
    """Return the larger."""
    if isinstance(a, int) and isinstance(b, int):
        return max(a, b)
    return a if a == b else unknown(("max", frozenset((a, b))))


def minimum(a: AnySize, b: AnySize) -> AnySize:
    """Return the smaller."""
    if isinstance(a, int) and isinstance(b, int):
        return min(a, b)
    for one, other in ((a, b), (b, a)):
        if one == other or _is_largest_of(other, one):
            return one
    return unknown(("min", frozenset((a, b))))


def _is_largest_of(size: AnySize, one: AnySize) -> bool:
    """Whether a size is the largest of some, of which one is this."""
    return one in _among("max", size)


def _among(kind: str, size: AnySize) -> frozenset[AnySize]:
    """Return what a size is the largest of, or is broadcast from; nothing for any other size."""
    products = list(size.terms.items()) if isinstance(size, Size) else []
    if len(products) != 1 or products[0][1] < 1 or len(products[0][0]) != 1:
        return frozenset()
    ((product, factor),) = products
    name: Any = product[0]
    among = name[1] if isinstance(name, tuple) and name[0] == kind else ()
    return frozenset(multiply(factor, one) for one in among)


def broadcast(a: AnySize, b: AnySize) -> AnySize:
    """Return the size along one axis of what two operands give together."""
    if a == b or b == 1:
        return a
    if a == 1 or isinstance(b, int):
        return b
    if isinstance(a, int):
        return a
    # Two multiples of more than 1 are no 1, and the same: a part of either is as large as that of the other.
    common = gcd(*_terms(a).values(), *_terms(b).values())
    if common > 1:
        return multiply(common, broadcast(divide(a, common), divide(b, common)))
    return unknown(("broadcast", frozenset().union(*(_among("broadcast", one) or {one} for one in (a, b)))))


def is_never_negative(a: AnySize) -> bool:
    """Whether a size is surely none below 0, as sums and products of sizes of tensors are."""
    return all(factor >= 0 and all(map(_counts, product)) for product, factor in _terms(a).items())


def _counts(name: Any) -> bool:
    """Whether an unknown is surely none below 0."""
    kind, *parts = name if isinstance(name, tuple) else (name,)
    if kind in ("max", "min", "broadcast"):
        return (any if kind == "max" else all)(map(is_never_negative, parts[0]))
    return kind == "size" or (kind in ("floor", "part", "mod") and all(map(is_never_negative, parts)))


def may_be_one(shape: tuple[AnySize, ...], other: tuple[AnySize, ...]) -> bool:
    """Whether two shapes have as many axes and no numbers that differ."""
    pairs = zip(shape, other, strict=False)
    return len(shape) == len(other) and not any(isinstance(a, int) and isinstance(b, int) and a != b for a, b in pairs)


def is_as_large(shape: tuple[AnySize, ...] | None, other: tuple[AnySize, ...] | None) -> bool:
    """Whether what is reshaped from one shape into another keeps its own.

    Along one axis where they may differ the number of elements says that they do not, if no other axis is 0.
    """
    if shape is None or other is None or len(shape) != len(other) or 0 in shape:
        return False
    different = [pair for pair in zip(shape, other, strict=True) if pair[0] != pair[1]]
    return not different or (len(different) == 1 and not all(isinstance(size, int) for size in different[0]))


def covers(shape: tuple[AnySize, ...], other: tuple[AnySize, ...]) -> bool:
    """Whether a shape stays as it is when it is broadcast with another."""
    if len(other) > len(shape):
        return False
    ends = zip(shape[len(shape) - len(other) :], other, strict=True)
    return all(two in (one, 1) or two in _among("broadcast", one) for one, two in ends)


def _terms(a: AnySize) -> dict[tuple[Hashable, ...], int]:
    return a.terms if isinstance(a, Size) else {(): a}


def _size(terms: dict[tuple[Hashable, ...], int]) -> AnySize:
    terms = {product: factor for product, factor in terms.items() if factor}
    if not terms.keys() - {()}:
        return terms.get((), 0)
    return _bounded(Size(terms))


def _exact(a: AnySize, b: AnySize) -> AnySize | None:
    """Return a / b if b divides a, by long division of polynomials."""
    if len(_terms(a)) == len(_terms(b)) == 1 and a != 0 and not (_has_parts(a) or _has_parts(b)):
        return _quotient(*next(iter(_terms(a).items())), *next(iter(_terms(b).items())))
    ordered = (a, b) if len(_terms(b)) > 1 else ()  # of one term, any comes first
    names = sorted({name for one in ordered for product in _terms(one) for name in product}, key=_said)

    def leading(size: AnySize) -> tuple[tuple[Hashable, ...], int]:
        return max(_terms(size).items(), key=lambda term: [term[0].count(name) for name in names])

    quotient: AnySize = 0
    for _ in range(_MOST_TERMS):
        if a == 0:
            return quotient
        part = _quotient(*leading(a), *leading(b))
        if part is None:
            return None
        quotient, a = add(quotient, part), subtract(a, multiply(part, b))
    return None


def _quotient(product: tuple[Hashable, ...], factor: int, divisor: tuple[Hashable, ...], by: int) -> AnySize | None:
    """Return a term divided by another that divides it, or None."""
    rest = list(product)
    for one in divisor:
        if one not in rest:
            return None
        rest.remove(one)
    return None if by == 0 or factor % by else _size({tuple(rest): factor // by})


def _at_least_one(b: AnySize) -> AnySize:
    """Return p for max(p, 1), and any other size as it is."""
    if isinstance(b, Size) and len(b.terms) == 1:
        ((product, factor),) = b.terms.items()
        if factor == 1 and len(product) == 1 and isinstance(product[0], tuple) and product[0][0] == "max":
            others = [one for one in product[0][1] if one != 1]
            if len(others) == 1:
                return others[0]
    return b

"""Sizes are polynomials in unknown sizes: held against the numbers that they have for numbers put in."""

import random
from math import prod

from compat_v1.audit import sizes

NAMES = ("p", "q", "r")


def drawn(rng):
    """Return a polynomial in a few unknowns, and a number where the draw says so."""
    found = rng.randint(-2, 3)
    for _ in range(rng.randint(0, 3)):
        product = rng.randint(-3, 3)
        for name in rng.choices(NAMES, k=rng.randint(1, 3)):
            product = sizes.multiply(product, sizes.unknown(name))
        found = sizes.add(found, product)
    return found


def number(size, numbers):
    """Return what a polynomial is if the unknowns are these numbers."""
    if isinstance(size, int):
        return size
    return sum(factor * prod(numbers[name] for name in product) for product, factor in size.terms.items())


def test_sums_and_products_are_those_of_the_numbers():
    rng = random.Random(1)
    for _ in range(300):
        one, two, numbers = drawn(rng), drawn(rng), {name: rng.randint(0, 9) for name in NAMES}
        for made, done in ((sizes.add, int.__add__), (sizes.subtract, int.__sub__), (sizes.multiply, int.__mul__)):
            assert number(made(one, two), numbers) == done(number(one, numbers), number(two, numbers))


def test_a_product_divided_by_one_factor_is_the_other():
    rng = random.Random(2)
    for _ in range(500):
        one, two = drawn(rng), drawn(rng)
        if two != 0:
            assert sizes.divide(sizes.multiply(one, two), two) == one


def test_what_is_not_divided_without_a_rest_stays_a_quotient():
    p, q, r = map(sizes.unknown, NAMES)
    both = sizes.add(p, q)
    assert sizes.divide(sizes.multiply(16, both), sizes.maximum(both, 1)) == 16  # how many, of each of some rows
    for divided in (r, sizes.add(sizes.multiply(both, r), 1), sizes.add(sizes.multiply(2, p), q), sizes.multiply(p, q)):
        assert str(sizes.divide(divided, both)).startswith("floor(")
    assert str(sizes.divide(sizes.multiply(3, both), sizes.multiply(2, both))).startswith("floor(")


def test_a_size_that_others_are_broadcast_to_is_one_however_they_are_grouped():
    p, q, r = map(sizes.unknown, NAMES)
    every = sizes.broadcast(p, sizes.broadcast(q, r))
    assert every == sizes.broadcast(sizes.broadcast(r, p), q) == sizes.broadcast(every, q) != sizes.broadcast(p, q)
    doubled = sizes.broadcast(sizes.multiply(2, p), sizes.multiply(2, q))  # no 1, and so both the same
    assert sizes.divide(doubled, 2) == sizes.broadcast(p, q)
    assert sizes.covers((doubled,), (sizes.multiply(2, p),)) and not sizes.covers((doubled,), (p,))
    assert sizes.broadcast(sizes.multiply(2, p), q) != doubled


def test_so_many_times_a_sum_has_what_its_parts_are_of():
    p, q, r = map(sizes.unknown, NAMES)
    half = sizes.subtract(sizes.part(sizes.add(p, q), 2), 3)  # as when blocks are put aside, cut, and put back
    assert sizes.multiply(2, half) == sizes.multiply(half, 2) == sizes.subtract(sizes.add(p, q), 6)
    assert sizes.multiply(r, sizes.add(sizes.part(p, r), q)) == sizes.add(p, sizes.multiply(q, r))
    assert sizes.divide(sizes.multiply(8, sizes.part(p, 4)), 2) == p
    assert "part(" in str(sizes.multiply(3, half)) and "part(" in str(sizes.multiply(p, half))

"""Find sizes and integers that the old graph runs with, from what TensorFlow says of the op that they do not fit."""

import re
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from compat_v1.beside.feeds import Feeds
from compat_v1.beside.lockstep import Mode, Side, stages
from compat_v1.beside.plan import Plan
from compat_v1.beside.program import CannotRunError
from compat_v1.beside.running import ALL
from compat_v1.beside.wiring import Tensor

_RUNS = 100  # tried at most
_LARGEST = 4096  # size that is worth trying
_LARGER = (32, 64)
_KNOWN = 6  # sizes of other inputs that are tried
_RANKS = 4  # of a placeholder that may have any shape


def fit(plan: Plan, initial: Mapping[str, np.ndarray], updates: int, mode: Mode) -> Plan:
    """Return the plan with feeds that the old graph runs with; raises what it said at first if none is found.

    A change is kept if another op fails then, one that had not failed and that the first did not wait for. What the
    user gives, arrays and sizes, stays; that all batches are of the size of one that is given is tried first.
    """
    fixed = [*plan.feeds.sizes, *(name.rpartition(":")[0] for name in plan.feeds.given)]
    free = [one for one in plan.taken[0] if not any(f"{one[0]}/".startswith(f"{name}/") for name in fixed)]
    # So that of several ops which fail it is always the same one, and none that a graph optimizer has made.
    side = Side(plan, 0, mode._replace(threads=1, switched_off=ALL))
    seen, had_failed, runs = set[str](), set[str](), 0
    feeds = plan.feeds
    with side.runner:
        side.start(initial)
        failed = _attempt(side, feeds.with_(signed=False), updates)
        if failed is None:
            return side.plan
        for sizes in _together(feeds, free, _given_batches(feeds, plan.taken[0])):
            if _attempt(side, feeds.with_(sizes=sizes, signed=False), updates) is None:
                return side.plan
        error = last = _with_others(feeds, free, failed) if fixed else failed
        while last.node in plan.old.wiring.nodes:
            had_failed |= plan.old.wiring.ancestors([last.node])
            for changed, what in _changes(feeds, free, last):
                if what in seen:
                    continue
                seen.add(what)
                runs += 1
                failed = _attempt(side, changed, updates) if runs <= _RUNS else error
                if failed is None:
                    return side.plan
                if runs > _RUNS:
                    raise error
                if failed.node and failed.node not in had_failed:
                    feeds, last = changed, failed
                    break
            else:
                if feeds.signed:
                    feeds = feeds.with_(signed=False)
                else:
                    without = _without_fetches(side.plan, last)
                    if without is None:
                        break
                    side.plan = without
                failed = _attempt(side, feeds, updates)
                if failed is None:
                    return side.plan
                last = failed
    raise error


def _given_batches(feeds: Feeds, taken: Sequence[Tensor]) -> list[int]:
    """Return the sizes that the user gives for the open first dimension of inputs, by a size or by an array."""
    found = dict[int, None]()
    for name, at in taken:
        shape, key = feeds.static_shape(name, at), f"{name}:{at}"
        given = feeds.batch(key, 1).shape if key in feeds.given else feeds.sizes.get(name, ())
        if shape and shape[0] is None and given:
            found[given[0]] = None
    return list(found)


def _with_others(feeds: Feeds, free: Sequence[Tensor], error: CannotRunError) -> CannotRunError:
    """Return the error with the inputs whose sizes the user leaves open, if there are some."""
    names = [name for name, at in free if None in (feeds.static_shape(name, at) or ())]
    others = f"; the sizes of others may have to be given as well, as of {', '.join(names[:_KNOWN])}" if names else ""
    return CannotRunError(f"{error}{others}", error.node, error.reason, error.refused)


def _without_fetches(plan: Plan, error: CannotRunError) -> Plan | None:
    """Return the plan without the results that need the node which fails, or None if an update needs it, or all do."""
    failing = error.node or ""
    kept = [fetch for fetch in plan.fetches if failing not in plan.old.needs([fetch.old[0]])]
    updates = {pair[0].target for pair in plan.updates}
    if len(kept) == len(plan.fetches) or not (kept or updates) or failing in plan.old.needs(updates):
        return None
    left_out = f"{len(plan.fetches) - len(kept)} results that need {failing}: {error.reason}"
    return plan._replace(fetches=kept, left_out=[*plan.left_out, left_out])


def _attempt(side: Side, feeds: Feeds, updates: int) -> CannotRunError | None:
    side.plan = side.plan._replace(feeds=feeds)
    try:
        for update, stage in stages(side.plan, updates):
            side.run(update, stage)
    except CannotRunError as error:
        return error
    return None


def _changes(feeds: Feeds, taken: Sequence[Tensor], error: CannotRunError) -> Iterator[tuple[Feeds, str]]:
    """Yield (changed feeds, what stands for the change), the most likely first."""
    wiring = feeds.old.wiring
    before = wiring.ancestors([error.node], feeds.old.inputs) if error.node in wiring.nodes else set()
    free = [(name, at) for name, at in taken if name in before]
    free.sort(key=lambda one: -wiring.position[one[0]])
    shapes = [feeds.static_shape(name, at) for name, at in taken]
    known = dict.fromkeys(size for shape in shapes for size in shape or () if size)
    numbers = _numbers(error.reason, feeds.size, list(known)[:_KNOWN])
    state = repr((feeds.sizes, feeds.bounds, feeds.signed))
    for name, at in free:
        for shape in _shapes(error.reason) if feeds.static_shape(name, at) is None else ():
            changed = {**feeds.sizes, name: shape}
            yield feeds.with_(sizes=changed), f"{state} {changed}"
    for sizes in _together(feeds, taken, numbers):
        yield feeds.with_(sizes=sizes), f"{state} {sizes}"
    for name, at in free:
        if feeds.old.outputs(name)[at].dtype.is_integer and not feeds.sparse(name):
            for number in numbers:
                for least, most in ((0, number), (0, max(0, number - 1)), (number, number)):  # lengths may be one alone
                    bounds = {**feeds.bounds, name: (least, most)}
                    yield feeds.with_(bounds=bounds), f"{state} {bounds}"
    for name, at in free:
        for wanted in _sizes(feeds, name, at, numbers):
            changed = {**feeds.sizes, (feeds.sparse(name) or (name,))[0]: wanted}
            yield feeds.with_(sizes=changed), f"{state} {changed}"


def _numbers(reason: str, size: int, known: Sequence[int]) -> list[int]:
    """Return the sizes that a message makes likely: its own, what would make one of them another, and `known`."""
    said = [int(number) for number in re.findall(r"(?<![\w.])\d{1,9}(?![\w.])", reason)]
    ratios = [
        size * one // other for one in said for other in said if other and one != other and not size * one % other
    ]
    likely = dict.fromkeys([*said, *ratios, 1, 2, *(number + 1 for number in said), *known])
    return [number for number in likely if 1 <= number <= _LARGEST]


def _shapes(reason: str) -> list[list[int]]:
    """Return the shapes that a message names: of a tensor that may have any, one is likely to be that of the others."""
    return [list(map(int, shape.split(","))) for shape in re.findall(r"\[(\d+(?:, ?\d+)*)\]", reason)]


def _together(feeds: Feeds, taken: Sequence[Tensor], numbers: Sequence[int]) -> Iterator[dict[str, list[int]]]:
    """Yield sizes in which all first dimensions that are open have one size, that of a batch.

    Then all sparse matrices are of that size as well, both ways: they say which of the batch are neighbours. And those
    in which all dimensions that follow in the batches have one size.
    """
    for number in numbers:
        sizes, squares = {name: list(some) for name, some in feeds.sizes.items()}, dict[str, list[int]]()
        for name, at in taken:
            shape, sparse = feeds.static_shape(name, at), feeds.sparse(name)
            if sparse:
                squares[sparse.name] = [number, number]
            elif shape and shape[0] is None:
                wanted = _now(feeds, name, shape)
                sizes[name] = [number, *wanted[1:]]
        yield sizes
        if squares:
            yield {**sizes, **squares}
    for number in numbers:
        sizes = {name: list(some) for name, some in feeds.sizes.items()}
        for name, at in taken:
            shape = None if feeds.sparse(name) else feeds.static_shape(name, at)
            if shape and None in shape[1:]:
                sizes[name] = [number if axis else _now(feeds, name, shape)[0] for axis in _open(shape)]
        yield sizes


def _open(shape: Sequence[int | None]) -> list[int]:
    """Return the axes that a shape leaves open."""
    return [axis for axis, size in enumerate(shape) if size is None]


def _now(feeds: Feeds, name: str, shape: Sequence[int | None]) -> list[int]:
    sizes = list(feeds.sizes.get(name) or feeds.usual(shape))
    return sizes * shape.count(None) if len(sizes) == 1 else sizes


def _sizes(feeds: Feeds, name: str, at: int, numbers: Sequence[int]) -> Iterator[list[int]]:
    """Yield sizes for one input: one of its open dimensions is another, or it has another rank."""
    sparse = feeds.sparse(name)
    shape: Sequence[int | None] | None = [None, None] if sparse else feeds.static_shape(name, at)
    if sparse:
        name = sparse.name
    if shape is not None:
        now = _now(feeds, name, shape)
        if len(now) > 1:  # what is pooled and cropped has to be large enough
            yield from ([now[0], *[number] * (len(now) - 1)] for number in _LARGER)
        for axis in reversed(range(len(now))):
            yield from ([*now[:axis], number, *now[axis + 1 :]] for number in numbers if number != now[axis])
        yield from ([number] * len(now) for number in numbers[:_KNOWN])  # what is cut out of an image
        return
    now = list(feeds.sizes.get(name, []))
    for axis in reversed(range(len(now))):
        yield from ([*now[:axis], number, *now[axis + 1 :]] for number in numbers if number != now[axis])
    for rank in range(1, _RANKS + 1):
        if rank != len(now):
            yield [feeds.size] * rank

"""A result in words for a person, and as JSON for a program."""

from collections.abc import Iterator, Sequence
from typing import Any

from compat_v1.beside.engine import Beside, First

_SHOWN = 8


def as_json(result: Beside) -> dict[str, Any]:
    """Return a `Beside` as what `--json` prints."""
    first = result.first
    return {
        "verdict": result.verdict,
        "updates": result.updates,
        "compared": {
            **result.compared,
            "left_out": result.left_out,
            "notes": result.notes,
            "races": [race._asdict() for race in result.races],
        },
        "first": first and first._asdict(),
        "causes": result.causes,
    }


def report(result: Beside) -> Iterator[str]:
    """Yield a result's lines for a person to read; the last is the verdict."""
    for race in result.races[:_SHOWN]:
        yield f"RACE: nothing orders {race.read}, which reads {race.variable}, against its update {race.write}"
    yield from _rest(result.races)
    yield from (f"note: {note}" for note in result.notes)
    yield from (f"not compared: {what}" for what in result.left_out[:_SHOWN])
    yield from _rest(result.left_out)
    compared = ", ".join(f"{count} {what}" for what, count in result.compared.items())
    yield f"compared over {result.updates} updates: {compared}"
    for apart in result.distances:
        if apart.differing and result.verdict == "parted":
            yield (
                f"update {apart.update}: {apart.differing} variables differ, by at most {apart.ulps} units in the last "
                f"place, {apart.largest:.2g}"
            )
    if result.first:
        yield f"FIRST at update {result.first.update}: {_first(result, result.first)}"
    if result.origins:
        yield (
            f"there, {len(result.origins.deviations)} of {result.origins.compared} pairs of nodes differ, "
            f"{len(result.origins.first)} of them of equal inputs"
        )
    yield from _causes(result.causes)
    yield result.verdict.upper()


def _causes(causes: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Yield a line for each kind of cause: a layer or a step of a network has what all the others have."""
    kinds: dict[str, list[str]] = {}
    for cause in causes:
        kinds.setdefault(cause["cause"], []).append(cause["what"])
    for kind, sentences in kinds.items():
        yield f"CAUSE: {kind}: {sentences[0]}"
        if len(sentences) > 1:
            yield f"  … and {len(sentences) - 1} more, the last: {sentences[-1]}"


def _first(result: Beside, first: First) -> str:
    named = [first.tensor] * bool(first.tensor)
    text = ", ".join(named + [f"in the new graph {first.port_tensor}"] * (first.port_tensor != first.tensor))
    if first.ulps is not None:
        text += f", by at most {first.ulps} units in the last place"
    if result.origins and result.origins.first:
        one = result.origins.first[0]
        text += f": {one.values[0]} and {one.values[1]}"
        if one.time is not None:
            text += (
                f" when it is computed for the {one.time + 1}. time, seen by TensorFlow's debugger in a loop or branch"
            )
    return text


def _rest(some: Sequence[object]) -> Iterator[str]:
    if len(some) > _SHOWN:
        yield f"  … and {len(some) - _SHOWN} more"

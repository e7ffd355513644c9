"""What an audit finds, for people and programs."""

from typing import NamedTuple

from compat_v1.audit import drift


class Difference(NamedTuple):
    """One cause: at which node of the original and of the port ("" where there is none), what, and how many follow.

    `following`: the differences that follow, each at its node and in its words.
    """

    node: str
    port_node: str
    what: str
    follows: int = 0
    following: tuple[str, ...] = ()


class Numbers(NamedTuple):
    """What TensorFlow itself changed so that the port computes other numbers: why, where, and what to do about it."""

    cause: str
    nodes: list[str]
    advice: str


class Audit(NamedTuple):
    """The result of comparing two graphs."""

    verdict: str  # "faithful", "not faithful" or "numbers changed"
    differences: list[Difference]  # likely roots first
    numbers: list[Numbers]
    rules: dict[str, int]  # each rule of drift.py that was needed, to how often
    compared: int  # nodes of the original that were compared, in a pair or by a rule
    not_compared: list[str]  # nodes of either graph for which no partner was found
    pairs: dict[str, str]  # the original's names to the port's
    where: dict[str, list[str]]  # each rule to the nodes at which it was needed

    @property
    def is_faithful(self) -> bool:
        """Whether the port computes what the original does, to the last bit."""
        return self.verdict == "faithful"

    @property
    def paired_by_rule(self) -> set[str]:
        """The original's names of the pairs that some rule had to explain."""
        return {name for names in self.where.values() for name in names} & self.pairs.keys()

    @property
    def totals(self) -> dict[str, int]:
        """How many nodes were compared, and how, {what: count}."""
        return {
            "compared": self.compared,
            "by rule": len(self.paired_by_rule),
            "not compared": len(self.not_compared),
            "differences": len(self.differences),
            "that follow": sum(difference.follows for difference in self.differences),
            "numbers changed": len(self.numbers),
        }


def report(audit: Audit, verbose: bool = False, most: int = 20):
    """Yield an audit's lines for people: differences, changed numbers, totals; if verbose, rules and pairs."""
    shown = audit.differences if verbose else audit.differences[:most]
    for difference in shown:
        yield f"DIFFERENCE at {_place(difference)}: {difference.what}{_following(difference.follows)}"
        yield from (f"    {one}" for one in difference.following if verbose)
    if len(shown) < len(audit.differences):
        yield f"… and {len(audit.differences) - len(shown)} more differences (--verbose prints all)"
    for number in audit.numbers:
        yield f"NUMBERS CHANGED by {number.cause}: {len(number.nodes)} nodes, as {number.nodes[0]}. {number.advice}"
        yield from (f"    {one}" for one in number.nodes if verbose)
    if verbose:
        for name, count in audit.rules.items():
            rule = drift.RULES[name]
            yield f"{count:4d} x {name} ({drift.period(rule)}): {rule.changed}; as at {audit.where[name][0]}"
            yield f"       harmless: {rule.harmless}"
        by_rule = audit.paired_by_rule
        for name, other in audit.pairs.items():
            yield f"{'by rule' if name in by_rule else 'identical'}: {name} = {other}"
        for name in audit.not_compared:
            yield f"not compared: {name}"
    yield ", ".join(f"{what}: {count}" for what, count in audit.totals.items())


def _place(difference):
    if not difference.node:
        return f"{difference.port_node} of the port"
    if difference.port_node in ("", difference.node):
        return difference.node
    return f"{difference.node} ({difference.port_node} in the port)"


def _following(count):
    return f" ({count} more follow from it)" if count else ""

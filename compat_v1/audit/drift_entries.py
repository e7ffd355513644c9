"""What an entry of `drift.py` says."""

from typing import NamedTuple


class Rule(NamedTuple):
    changed: str
    since: str
    harmless: str
    until: str | None = None


class Change(NamedTuple):
    changed: str
    since: str
    advice: str


def period(rule: Rule) -> str:
    """Return since when a rule is needed, and until when."""
    return f"since {rule.since}" + (f", until {rule.until}" if rule.until else "")

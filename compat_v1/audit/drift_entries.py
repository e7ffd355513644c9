"""What an entry of `drift.py` says."""

import re
from typing import NamedTuple

# {a release: the first version of a GraphDef that it or a later one writes, and none before it}
_VERSIONS = {"1.2": 26, "1.8": 27, "1.10": 27, "1.12": 28, "1.15": 134}
_LATER = 135  # what comes behind 1.15 writes no originals


class Rule(NamedTuple):
    changed: str
    since: str
    harmless: str
    until: str | None = None


class Change(NamedTuple):
    changed: str
    since: str
    advice: str

    def may_be_of(self, version: int) -> bool:
        """Whether an original of that version may be of a release before the change; 0 says nothing."""
        releases = re.findall(r" to (\d+\.\d+)", self.since)
        last = max(releases, key=lambda one: [int(part) for part in one.split(".")], default="")
        return version not in range(_VERSIONS.get(last, _LATER), _LATER)


def period(rule: Rule) -> str:
    """Return since when a rule is needed, and until when."""
    return f"since {rule.since}" + (f", until {rule.until}" if rule.until else "")

"""What the results say of each of the post's claims: a verdict by the rule of docs/claims.md, and the tables behind it.

Everything is computed from stored results; no sentence says how a comparison came out but through its numbers.
"""

from collections.abc import Callable, Sequence

from compat_v1.study.claims_of_data import claim_4, claim_5, claim_7, claim_8
from compat_v1.study.claims_of_weights import claim_1, claim_2, claim_3, claim_6
from compat_v1.study.table import Runs
from compat_v1.study.verdicts import Answer

CLAIMS: Sequence[Callable[[Runs], Answer]] = (claim_1, claim_2, claim_3, claim_4, claim_5, claim_6, claim_7, claim_8)


def answers(runs: Runs) -> list[Answer]:
    """Return what the results say of each claim, in their order."""
    return [claim(runs) for claim in CLAIMS]

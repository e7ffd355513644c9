"""The gradients of a quotient by a count, which is 0 where that is 0, in a loop.

A loop kept for these whether the count is above 0, and the count or 1 for 0; it keeps the count alone by now. Outside
of loops `oldest_losses.py` has them.
"""

from compat_v1.audit.operands import is_op, is_tensor
from compat_v1.audit.rules.inside import Gradients
from compat_v1.audit.rules.oldest_losses import QUOTIENT, count_of, is_zero, positive

_STEP = f"{QUOTIENT}: selected"


def finish(normal):
    """Write each such gradient, and the one for the count, by the count."""
    asked = [(pop, positive(pushed)) for pop, (pushed, *_) in normal.kept.items()]
    asked = [(pop, count) for pop, count in asked if count is not None]
    gradients = Gradients(normal) if asked else None
    for pop, count in asked:
        _write(normal, gradients, pop, count)


def _write(normal, gradients, pop, count):
    """What has arrived, where the count is above 0, is divided; and multiplied by the quotient's own gradient."""
    chosen = [one for one in gradients.users[pop] if one.op == "SelectV2" and one.inputs[0] == (pop, 0)]
    chosen = [one for one in chosen if is_zero(one.inputs[2]) and is_tensor(one.inputs[1])]
    handed, parts = gradients.each_handed_on(chosen) or ([], set())
    arriving = {copy: one.inputs[1] for one, copies in zip(chosen, handed, strict=False) for copy in copies}
    users = {user for copy, _ in arriving for user in gradients.users[copy]} - parts
    quotients = {one for one in users if one.op == "RealDiv" and one.inputs[0] in arriving}
    divisors = {one.inputs[1] for one in quotients}
    if not quotients or not all(_is_kept_for(normal, one, count) for one in divisors):
        return
    others = {user for one in divisors for user in gradients.users[one[0]] if one in user.inputs} - quotients
    if not _are_of_count(gradients, others, users - quotients, divisors, arriving):
        return
    places = {(one.device, one.written) for one in (*parts, *quotients, *others)}
    if len(places) != 1 or any(one.controls for one in (*quotients, *others)):
        return
    for one, _ in divisors:
        _, push, handles = normal.kept[one]
        normal.made[push].inputs = [normal.made[push].inputs[0], count]
        normal.kept[one] = (count, push, handles)
    for node in (*quotients, *others):
        node.op = QUOTIENT
        node.steps.add(_STEP)
    for node in users:
        node.inputs = [arriving.get(one, one) for one in node.inputs]
    normal.absorbed |= parts


def _is_kept_for(normal, divisor, count):
    """Whether a divisor is what a loop keeps of a count, or of 1 for 0."""
    if not is_op(divisor, "StackPopV2") or divisor[0] not in normal.kept:
        return False
    guarded, push, _ = normal.kept[divisor[0]]
    pushed = normal.made.get(push)
    return guarded != count and count_of(guarded) == count and pushed is not None and pushed.inputs[1] == guarded


def _are_of_count(gradients, others, products, divisors, arriving):
    """Whether some nodes make the gradients for the count, of each what arrives times -x / count / count."""
    found = set()
    for product in products:
        if product.op != "Mul" or len(taken := [one for one in product.inputs if one not in arriving]) != 1:
            return False
        last = taken[0][0] if is_op(taken[0], "RealDiv") else None
        first = last.inputs[0][0] if last and is_op(last.inputs[0], "RealDiv") else None
        if not first or not is_op(first.inputs[0], "Neg") or not {first.inputs[1], last.inputs[1]} <= divisors:
            return False
        if not (gradients.users[first] == {last} and gradients.users[last] <= products):
            return False
        found |= {first, last}
    return found == others

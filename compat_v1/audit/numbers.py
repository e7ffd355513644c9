"""What TensorFlow itself changed so that the port computes other numbers, each cause once, with what to do about it."""

from compat_v1.audit import drift
from compat_v1.audit.findings import Finding
from compat_v1.audit.result import Numbers
from compat_v1.audit.seeds import Seeds, advice, is_given, op_seed


def changed_numbers(verification, told=frozenset()):
    """Return (the `Numbers` of a verification, findings for what only looks like one of them).

    `told`: pairs of seeds that are told elsewhere.
    """
    numbers, findings = [], []
    if verification.seeds:
        alike = [pair for pair in verification.partner.items() if op_seed(pair[0]) == op_seed(pair[1])]
        sides = enumerate(verification.pairing.sides)
        seeds = [Seeds(side.normal, {pair[which] for pair in alike}) for which, side in sides]
        known = [one.derived(nodes) for one, nodes in zip(seeds, zip(*verification.seeds, strict=True), strict=True)]
        derived = []
        for node, other in verification.seeds:
            if (op_seed(node), op_seed(other)) in told and node in verification.pairing.sides[0].normal.seeded_at:
                continue
            if node in known[0] and other in known[1]:
                derived.append((node, other))
            else:
                what = f"the attribute seed2 is {op_seed(node)}, {op_seed(other)} in the port"
                findings.append(Finding("attribute", node, other, what, advice=advice(node, other)))
        if derived:
            derived.sort(key=lambda pair: seeds[1].places[pair[1].name])
            names = [node.name for node, _ in derived]
            listed = [op_seed(node) for node, _ in derived]
            ops = "1 random op has a seed" if len(derived) == 1 else f"{len(derived)} random ops have seeds"
            how = f"{ops} derived from the number of ops before: in the port write seed= {listed}, in this order"
            numbers.append(Numbers("derived seeds", names, how))
    counted = Seeds(verification.pairing.sides[1].normal).counted if verification.unseeded else set()
    for node, other in dict.fromkeys(verification.unseeded):
        if other in counted and not is_given(other):
            verification.explain("seeds in functions", node.name)
        else:
            what = f"has no seed, the seed {op_seed(other)} in the port"
            findings.append(Finding("attribute", node, other, what))
    for rule in sorted(verification.rules.keys() & drift.NUMBERS.keys()):
        names = verification.rules.pop(rule)
        if drift.NUMBERS[rule].may_be_of(verification.pairing.sides[0].normal.graph.graph_def.versions.producer):
            numbers.append(Numbers(rule, names, drift.NUMBERS[rule].advice))
        else:
            findings.append(_changed_by_hand(verification, rule, names))
    return numbers, findings


def _changed_by_hand(verification, rule, names):
    """Return the finding that the original was written otherwise, though by a release that had changed that before."""
    node, port = (side.normal.made.get(names[0]) for side in verification.pairing.sides)
    other = verification.partner.get(node) if node else port
    what = f"is written otherwise in the port ({rule}), which TensorFlow did before the release that wrote the original"
    return Finding("attribute", node, other, what, names[0])

"""Compare the partners of two normal forms, edge by edge: the part of the audit that must not be wrong.

Two graphs are found faithful only if every node has a partner with the same op, attributes, device, inputs from the
partners of its inputs, and waits for the partners of what it waits for. How the partners were found does not matter.
"""

import functools
from collections import Counter

from compat_v1.audit import (
    consumed_waits,
    demands,
    drift,
    epsilons,
    excuses,
    orders,
    pivots,
    placement,
    renumbered,
    seeds,
    sums,
    switches,
    texts,
    waits,
)
from compat_v1.audit.findings import (
    Finding,
    alone_awaited,
    changed,
    listed,
    shapes_of,
    short,
    types_of,
    types_of_one_value,
)
from compat_v1.audit.literals import Literal, shown, told_apart
from compat_v1.audit.operands import is_tensor
from compat_v1.audit.pruning import before, surely_before
from compat_v1.audit.seeds import is_given, is_salted, is_seedless
from compat_v1.audit.sizes import Size, add, may_be_one, multiply, unknown


class Verification:
    """The findings on a `Pairing`, and the rules that were needed: `findings`, `rules` {rule: [names]}."""

    def __init__(self, pairing, compare_functions=None):
        """`compare_functions(name, other)` says whether two functions do the same."""
        self.pairing = pairing
        self.compare_functions = compare_functions
        self.passed = set()  # nodes of the original alone that pass on their input
        self.constants = {}  # {name of a constant in the original: in the port}
        # {name of a constant in the port: {that of one in the original whose user's partner takes it: what it came by}}
        self.taken = {}
        self.seeds = []  # pairs of random ops with other seeds
        self.unseeded = []  # the same in functions, where only those of the port have seeds
        self.partner, self.back = pairing.partner, pairing.back
        self.findings, self.rules = [], {}
        self.sums = sums.settle(pairing)  # those that are put together otherwise: {sum: (its terms, the partner's)}
        self.parts = set()  # sums of one graph alone, that are parts of these
        self.findings.extend(placement.consumed(self))
        self.frames, self.frames_back = {}, {}
        self.surely_before = functools.cache(surely_before)
        for node, other in self.partner.items():
            self._compare(node, other)
        self.findings.extend(consumed_waits.of_consumed(self))
        self._compare_rests()
        self._compare_demands()
        ops = [{node.op for node in side.normal.graph.nodes.values()} for side in pairing.sides]
        for side, taken in zip(pairing.sides, (self.partner, self.back), strict=True):
            here = side is pairing.sides[0]
            for node in side.normal.nodes:
                if node in taken:
                    continue
                passed = node in self.passed or (here and not side.users.get(node))
                rule = (passed and excuses.passes_on(node)) or excuses.unused(node, side, not here)
                rule = rule or (node in self.parts and "order of a sum")
                if rule:
                    self.explain(rule, node.name)
                    continue
                where = "the port" if here else "the original"
                behind = f", behind {listed(sorted(one.name for one in node.controls))}," if node.controls else ""
                what = f"{node.op} of {listed(self.text(one) for one in node.inputs)}{behind} has no partner in {where}"
                advice = switches.advice(node, *ops, side.normal.graph.is_body)
                self.find("alone", node if here else None, None if here else node, what, advice=advice)

    def explain_consumed(self):
        """Note the rules that took a node in one graph and not the node of the same name in the other.

        What changed numbers and took as many nodes in both graphs is written alike in both.
        """
        normals = [side.normal for side in self.pairing.sides]
        taken = [Counter(normal.consumed.values()) for normal in normals]
        alike = {rule for rule in taken[0] if taken[0][rule] == taken[1][rule] and rule in drift.NUMBERS}
        for normal, other in (normals, normals[::-1]):
            for name, rule in normal.consumed.items():
                if rule not in ("constants", "computed shapes", *alike) and other.consumed.get(name) != rule:
                    self.explain(rule, name)

    def explain(self, rule, name):
        """Note that a rule explains what differs at a node."""
        self.rules.setdefault(rule, []).append(name)

    def find(self, kind, node, other, what, name="", other_name="", computed=False, **more):
        self.findings.append(Finding(kind, node, other, what, name, other_name, computed, **more))

    def _compare(self, node, other):
        if node.op != other.op:
            self.find("attribute", node, other, f"is a {node.op}, a {other.op} in the port")
            return
        for rule in sorted(node.steps ^ other.steps):
            if not excuses.applies(rule, node, other):
                self.find("attribute", node, other, f"is written otherwise in one graph alone ({rule})")
            self.explain(rule.partition(":")[0], node.name)
        for name in node.names:
            if name not in other.names:
                self.explain("names", name)
        self._compare_attributes(node, other)
        self._compare_functions(node, other)
        for one in placement.partners(self, node, other):
            if isinstance(one, Finding):
                self.findings.append(one)
            else:
                self.explain(one, node.name)
        self._compare_branches(node, other)
        self._compare_shapes(node, other)
        self._compare_inputs(node, other)
        self._compare_waits(node, other)

    def _compare_branches(self, node, other):
        """Compare whether nodes run in a branch only: what a rule left out may have been in one."""
        if not any(side.normal.graph.conditional for side in self.pairing.sides):
            return
        here, there = (
            side.normal.is_in_branch(one) for side, one in zip(self.pairing.sides, (node, other), strict=True)
        )
        if {here, there} == {True, False} and not node.steps ^ other.steps:
            where = ("in any case", "in a branch only")
            self.find("role", node, other, f"runs {where[here]}, {where[there]} in the port")

    def _compare_shapes(self, node, other):
        """Compare what is known of the shapes of what nodes give: a rule may have left out what made one larger."""
        for index, pair in enumerate(zip(*self._known_shapes(node, other), strict=False)):
            if None not in pair and pair[0] != pair[1] and not may_be_one(*pair):
                here, there = (list("?" if isinstance(size, Size) else size for size in shape) for shape in pair)
                what = f"gives output {index} in the shape {here}, {there} in the port"
                self.find("shape", node, other, what, sizes=changed(here, there))

    def _known_shapes(self, *pair):
        for side, one in zip(self.pairing.sides, pair, strict=True):
            yield [side.normal.sizes((one, index)) for index in range(len(one.outputs))]

    def _compare_attributes(self, node, other):
        for key in sorted(node.attributes.keys() | other.attributes.keys()):
            value, other_value = node.attributes.get(key), other.attributes.get(key)
            if key == "frame_name" and value and other_value and self._is_same_frame(value, other_value):
                if value != other_value:
                    self.explain("frame name", node.name)
                continue
            if value == other_value or (key == "N" and node in self.sums):
                continue
            if excuses.names_of_variables(node, other, key, value, other_value) and self._is_same_frame(
                value, other_value
            ):
                self.explain("names of variables", node.name)
                continue
            of_one_graph = node.attributes.get("seed") == other.attributes.get("seed")
            if key == "seed2" and of_one_graph and is_salted(self.pairing.sides[0].normal.graph, node, other):
                self.explain("seeds of a wrapper", node.name)
                continue
            if key == "seed2" and of_one_graph and not is_given(node) and is_seedless(node) == is_seedless(other):
                self.seeds.append((node, other))
                continue
            is_body = self.pairing.sides[0].normal.graph.is_body
            if key in ("seed", "seed2") and is_body and is_seedless(node):
                self.unseeded.append((node, other))
                continue
            if key == "seed" and is_body and is_given(node) and other_value:
                self.explain("seeds in functions", node.name)
                continue
            rule = excuses.attribute(node, other, key, value, other_value, self.pairing.sides[0].normal.graph)
            rule = renumbered.rule(self, node, other) if rule == "names in checkpoints" else rule
            if rule:
                self.explain(rule, node.name)
                continue
            what = (
                f"the attribute {key} is {short(value, node.op, key)}, {short(other_value, other.op, key)} in the port"
            )
            shapes = shapes_of(value, other_value) if key == "shape" else None
            sizes = changed(*shapes) if shapes else ((node.attributes.get("frame_name", node), key),)
            if key in ("seed", "seed2"):
                sizes = seeds.of_graphs(node, other, key) or sizes
            advice = seeds.advice(node, other, key)
            types = types_of(node.op, key, value, other_value)
            self.find("attribute", node, other, what, advice=advice, sizes=() if types else sizes, types=types)

    def _seeds_of_datasets(self):
        """Return the seeds of the datasets of both graphs, in pairs: a function that makes one anew has them."""
        datasets = zip(*(side.normal.seeded_at for side in self.pairing.sides), strict=False)
        return {(seeds.op_seed(one), seeds.op_seed(other)) for one, other in datasets if one.op == other.op}

    def _compare_functions(self, node, other):
        if {key: len(names) for key, names in node.functions.items()} != {
            key: len(names) for key, names in other.functions.items()
        }:
            self.find("attribute", node, other, f"calls {node.functions}, {other.functions} in the port")
            return
        for key, names in node.functions.items():
            for name, other_name in zip(names, other.functions[key], strict=True):
                if not self.compare_functions(name, other_name, self._seeds_of_datasets()):
                    self.find(
                        "function", node, other, f"calls {name}, {other_name} in the port, which does something else"
                    )

    def _is_same_frame(self, frame, other):
        """Whether a loop (or variable) of the original is that loop of the port wherever it is entered."""
        return self.frames.setdefault(frame, other) == other and self.frames_back.setdefault(other, frame) == frame

    def _compare_inputs(self, node, other):
        terms = self.sums.get(node, (node.inputs, other.inputs))
        if len(terms[0]) != len(terms[1]):
            what = f"has {len(node.inputs)} inputs, {len(other.inputs)} in the port"
            self.find("input", node, other, what)
        pairs = list(zip(*terms, strict=False))
        commuted = orders.commuted(self, node, other)
        if commuted:
            self.explain(commuted, node.name)
            pairs = list(zip(node.inputs, reversed(other.inputs), strict=True))
        summed = orders.sums(self, node, other, *terms)
        if summed:
            self.explain(summed[1], node.name)
            pairs = list(zip(terms[0], summed[0], strict=True))
            self.parts.update(sums.parts(node, terms[0]), sums.parts(other, terms[1]))
        squares = orders.squares(self, node, other)
        if squares:
            self.explain("order of variables", node.name)
            pairs = list(zip(node.inputs, squares, strict=True))
        summaries = orders.summaries(self, node, other)
        if summaries:
            self.explain("order of summaries", node.name)
            pairs = list(zip(node.inputs, summaries, strict=True))
        asked = renumbered.asked(self, node, other)
        if asked:
            pairs = list(zip(node.inputs, asked, strict=True))
        if orders.merged_otherwise(self, node, other):
            self.explain("merged the other way", node.name)
            pairs = list(zip(node.inputs, reversed(other.inputs), strict=True))
        for position, (one, two) in enumerate(pairs):
            if (
                self.is_same(one, two)
                or (node.op == "Reshape" and position == 1 and self._is_same_reshape(node, other, one, two))
                or (node.op == "Slice" and position == 2 and self._is_same_slice(node, other))
            ):
                two = self._given(two)
                if isinstance(one, Literal) and not self._is_made_alike(one, two):
                    name, other_name = (side.names[0] if side.names else "" for side in (one, two))
                    what = f"is computed from others in the port, though it is as large, for {node.name}"
                    self.find("value", node, other, what, name, other_name)
                if isinstance(one, Literal) and "compared in a branch" not in node.steps ^ other.steps:
                    self.constants.update(zip(one.names[-1:], two.names[-1:], strict=False))
                    for name, other_name in zip(one.names[-1:], two.names[-1:], strict=False):
                        self.taken.setdefault(other_name, {})[name] = one.names
                    if one.ops != two.ops:
                        self.explain("computed shapes", node.name)
                continue
            rule = texts.rule(self, node, other, one, two) or excuses.scale(node, position, one, two)
            rule = rule or epsilons.added(self, node, other, position, one, two)
            if rule:
                self.explain(rule, node.name)
            elif isinstance(one, Literal) and isinstance(two, Literal):
                name = one.names[-1] if one.names else node.name
                what = "is {}, {} in the port, for {}".format(*told_apart(one, two), node.name)
                if one.kind == two.kind and one.shape != two.shape and one.value == two.value:
                    said = shown(one)
                    if " in the shape " not in said:
                        said += f" in the shape {list(one.shape)}"
                    what = f"is {said}, {list(two.shape)} in the port"
                other_name = two.names[-1] if two.names else ""
                is_computed = bool(one.ops or two.ops)
                self.find("value", node, other, what, name, other_name, is_computed, **self.differing(one, two))
            else:
                here, there = self.text(one), self.text(two)
                partner = self.partner.get(one[0]) if here == there else None
                here += f", which is {self.text((partner, one[1]))} there" if partner else ""
                self.find("input", node, other, f"input {position} is {here}, {there} in the port")

    def differing(self, one, two):
        """Return the types in which constants of original and port differ, or else the sizes, or two numbers."""
        types = types_of_one_value(one._replace(shape=self._translated(one.shape)), two)
        return {"types": types} if types else {"sizes": self._sizes(one, two)}

    def _sizes(self, one, two):
        shapes = self._translated(one.shape), two.shape
        if shapes[0] != shapes[1] or one.kind != "whole" or two.kind != "whole":
            return changed(*shapes)
        return changed(self._translated(one.value), two.value) if one.shape else ((one, two),)

    def is_same(self, one, two):
        if two is None:
            return False
        while is_tensor(one) and one[0] not in self.partner and excuses.passes_on(one[0]):
            self.passed.add(one[0])
            one = one[0].inputs[0]
        two = self._given(two)
        if one is None or two is None:
            return False
        if isinstance(one, Literal) != isinstance(two, Literal):
            return False
        if self._as_in_port(one) == (two.key if isinstance(two, Literal) else two):
            return True
        # A copy whose partner is another copy of the same: its users may take what is copied in the port.
        if not is_tensor(one) or excuses.passes_on(one[0]) != "copies" or not self.is_same(one[0].inputs[0], two):
            return False
        self.explain("copies", one[0].name)
        return True

    def _given(self, operand):
        """Return what tf.gradients was given where an operand of the port is the copy that it makes of that."""
        while is_tensor(operand) and operand[0] not in self.back and excuses.is_given_gradient(operand[0]):
            self.passed.add(operand[0])
            operand = operand[0].inputs[0]
        return operand

    def _without_given(self, waits):
        """Return what is awaited in the port, of such copies what they copy: a constant is there at once."""
        given = [self._given((one, 0)) for one in waits]
        return {one[0] for one in given if is_tensor(one)}

    def _as_in_port(self, operand):
        """Return the partner of a tensor of the original, or the key that its constant has in the port."""
        if not isinstance(operand, Literal):
            return self.partner.get(operand[0]), operand[1]
        return operand.kind, operand.key[1], self._translated(operand.shape), self._translated(operand.value)

    def translated(self, condition):
        """Return a condition, (tensor or the key of a constant, output of the Switch), as it is in the port."""
        tensor, index = condition
        return (self.partner.get(tensor[0], tensor[0]), *tensor[1:]), index

    def _is_made_alike(self, one, two):
        """Whether two equal literals are computed by other ops, or by the same ones from the same.

        TensorFlow changes the ops. A program that takes another size, equal for now, is another program.
        """
        if one.form != two.form or len(one.leaves) != len(two.leaves):
            return True
        for leaf, other in zip(one.leaves, two.leaves, strict=True):
            if isinstance(leaf[0], str) and isinstance(other[0], str):
                here = (*leaf[:2], self._translated(leaf[2]), self._translated(leaf[3]))
                if here != other:
                    return False
        return True

    def _translated(self, value):
        """Write a value's unknown sizes, which are those of the original's tensors, as those of the port's."""
        if isinstance(value, tuple):
            return tuple(map(self._translated, value))
        if not isinstance(value, Size):
            return value
        total = 0
        for product, factor in value.terms.items():
            term = factor
            for name in product:
                term = multiply(term, unknown(self._unknown(name)))
            total = add(total, term)
        return total

    def _unknown(self, name):
        if name[0] == "size":
            return ("size", self.partner.get(name[1], name[1]), *name[2:])
        if isinstance(name[1], frozenset):
            return (name[0], frozenset(map(self._translated, name[1])))
        return (name[0], *map(self._translated, name[1:]))

    def _is_same_slice(self, node, partner):
        """Whether two slices can only be as long as each other."""
        sides = zip(self.pairing.sides, (node, partner), strict=True)
        sizes = [side.normal.sizes(one.inputs[0]) for side, one in sides]
        return excuses.all_left(sizes, node.inputs, partner.inputs, self._translated)

    def _is_same_reshape(self, node, partner, shape, other):
        """Whether two shapes to reshape to can only be the same."""
        sides = zip(self.pairing.sides, (node, partner), strict=True)
        if excuses.same_rest([side.normal.sizes(one.inputs[0]) for side, one in sides], shape, other):
            return True
        if (
            not (isinstance(shape, Literal) and isinstance(other, Literal))
            or not len(shape.value) == len(other.value) == 2
        ):
            return False
        if not shape.value[1] == other.value[0] == -1:
            return False
        # [128, -1] is [-1, 100] if a product of matrices needs 100 columns of it, and what else takes it comes behind
        # that, or is the product for a gradient, which needs 128 rows.
        side, proving, forward = self.pairing.sides[0], set(), set()
        for user, slot in side.users[node]:
            if user.op == "MatMul" and slot == (0, 0) and "transpose_b" not in user.attributes:
                is_backward = "transpose_a" in user.attributes
                needed = shape.value[0] if is_backward else other.value[1]
                if (side.normal.sizes(user.inputs[1]) or (None,))[0] == needed:
                    proving.add(user)
                    forward |= set() if is_backward else {user}
        return bool(forward) and all(
            user in proving or not forward.isdisjoint(before(user)) for user, _ in side.users[node]
        )

    def _compare_rests(self):
        """Compare the sizes by which both graphs write, and not by -1, what the others leave of a tensor's elements.

        Any other size stops a program, and only where it is as large is it the same.
        """
        written = ({}, {})  # {a tensor of the port: {size: the Reshape}}
        for side, sizes in zip(self.pairing.sides, written, strict=True):
            for name, size in side.normal.rests.items():
                tensor = side.normal.tensors[name, 0]
                if side is self.pairing.sides[0]:
                    tensor, size = self._as_in_port(tensor), self._translated(size)
                elif isinstance(tensor, Literal):
                    tensor = tensor.key
                sizes.setdefault(tensor, {})[size] = name
        for tensor, here in written[0].items():
            there = written[1].get(tensor, {})
            alone = [size for size in here if size not in there], [size for size in there if size not in here]
            for size, other in zip(*alone, strict=False):
                what = f"is reshaped to {size}, {other} in the port"
                self.find("value", None, None, what, here[size], there[other], True, sizes=((size, other),))

    def _compare_demands(self):
        """Compare what both graphs ask of sizes that they do not know."""
        here, there = (side.normal.demands for side in self.pairing.sides)
        here = [one._replace(sizes=self._translated(one.sizes)) for one in here]
        for which, found in (("the original", demands.alone(here, there)), ("the port", demands.alone(there, here))):
            for name, (size, own), *_ in found:
                names = ("", name) if which == "the port" else (name, "")
                what = f"stops unless {size} is {own}, in {which} alone"
                self.find("value", None, None, what, *names, True, sizes=((size, own),))

    def _compare_waits(self, node, other):
        here = {self.partner.get(one, one) for one in node.controls}
        if here == other.controls:
            return
        rule = next((rule for excuse, rule in waits.EXCUSES if excuse(self, node, here, other)), None)
        if rule:
            self.explain(rule, node.name)
            return
        needed, own = (
            {one for one in each.controls if one not in surely_before(each, {one})} for each in (node, other)
        )
        behind = {self.partner.get(one, one) for one in surely_before(node)}
        missed = {self.partner.get(one, one) for one in needed} - surely_before(other)
        missed |= self._without_given(own) - behind
        missed = {one for one in missed if not pivots.of_turn(self, node, other, one)}
        if not missed or waits.of_written(self, node, other, missed):
            self.explain("waits for operands", node.name)
            return
        for one in sorted(missed, key=lambda one: one.name):
            which = "the original" if one in here else "the port"
            advice = waits.never_comes(self, other, one, which)
            self.findings.append(alone_awaited(one.name, which, node, other, advice=advice))

    def text(self, operand):
        """Name a tensor for people."""
        if operand is None:
            return "nothing"
        if isinstance(operand, Literal):
            return f"the constant {shown(operand)}"
        node, index = operand
        return f"{node.name}:{index} ({node.op})"

"""Rules for what a loop keeps for its gradient: stacks and TensorArrays."""

from collections import Counter
from functools import cached_property

from compat_v1.audit.conditions import of_graph
from compat_v1.audit.graph import ENTERS, MERGES, Attributes
from compat_v1.audit.literals import Literal, full, whole
from compat_v1.audit.operands import (
    RESOURCE,
    counts_turns,
    entered,
    is_followed,
    is_of_numbers,
    is_op,
    is_scalar,
    number,
    refined,
)
from compat_v1.audit.rules.entered import RULE as AWAITED
from compat_v1.audit.rules.oldest_branches import switched

_PUSHES, _POPS = ("StackPush", "StackPushV2"), ("StackPop", "StackPopV2")
_MOVING, _MOST_MOVES = ("ExpandDims", "Reshape", "Transpose"), 8
_HANDING = ("Enter", "Switch", "Identity")  # the handle of an array as it is


class LoopRules:
    """Rules by op, for a `Rewriter`: each takes a node over in its one form, and says whether it did."""

    def _Stack(self, name, node, operands):
        limit = whole(-1, "int32", (name,))
        self.normal.keep(name, "StackV2", [limit], self.graph.attributes(name), {"stacks"})
        return True

    def _RefEnter(self, name, node, operands):
        """A stack was a reference, and is a resource."""
        stack = operands[0]
        while is_op(stack, "Enter", "Switch"):  # of a loop or branch around
            stack = stack[0].inputs[0]
        if not is_op(stack, "StackV2"):
            return False
        if node.op == "RefSwitch" and switched(self, name, node, operands):
            return True
        attributes = self.graph.attributes(name)
        attributes["T"] = RESOURCE
        self.normal.keep(name, node.op.removeprefix("Ref"), operands, attributes, {"stacks"})
        return True

    _RefSwitch = _RefEnter  # into a branch of the loop

    def _StackPush(self, name, node, operands):
        """What is known before it is pushed needs no stack."""
        value = operands[1] if len(operands) > 1 else None
        stack = self.stack_of(name)
        is_known = isinstance(value, Literal) and is_followed(value) and self._swaps_like_others(name)
        if is_known and len(stack[0]) == 1 and self._is_unlimited(stack):
            self.normal.alias(name, value, "stacks")
            self._empty.append(stack)
            return True
        self.normal.keep(name, "StackPushV2", operands, steps={"stacks"} if node.op == "StackPush" else set())
        return True

    _StackPushV2 = _StackPush

    def _StackPop(self, name, node, operands):
        """What is popped has the sizes of what was pushed in the same turn of the loop."""
        pushes, pops = self.stack_of(name)
        sources = [self.graph.inputs[push][1] for push in pushes if len(self.graph.inputs[push]) > 1]
        known = [self.normal.sizes(self.normal.tensors[one]) for one in sources if one in self.normal.tensors]
        shape = known[0] if len(pushes) == len(known) == 1 else None
        steps = {"stacks"} if node.op == "StackPop" else set()
        made = self.normal.keep(name, "StackPopV2", operands, steps=steps, sizes=[shape])
        alone = len(sources) == len(pushes) == len(pops) == 1 and sources[0] in self.normal.tensors
        if alone and self._swaps_like_others(pushes[0]) and self._is_unlimited((pushes, pops)):
            self.normal.kept[made] = (self.normal.tensors[sources[0]], pushes[0], self._handles((pushes, pops)))
            self._enter_again(name, made)
        return True

    _StackPopV2 = _StackPop

    def _enter_again(self, name, popped):
        """What entered a loop as a constant is the same in every turn: the loop of the gradient can enter it, too.

        So TensorFlow does where the loop makes nothing of it, be it a reshape to its own shape. Nor does it matter in
        which loop its elements are put in another order.
        """
        graph, handle = self.graph, self.graph.inputs[name][0][0]
        if graph.nodes[handle].op not in ENTERS or graph.controls[handle]:
            return
        again = self._made_again(self.normal.kept[popped][0], handle)
        if again is not None:
            self.normal.tensors[name, 0] = again

    def _made_again(self, pushed, handle, deep=_MOST_MOVES):
        """Return what is the same in every turn as the loop that a handle enters can have it, or None."""
        if isinstance(pushed, Literal) or not deep or not all(map(counts_turns, pushed[0].controls)):
            return None
        graph, (node, _), attributes = self.graph, pushed, pushed[0].attributes
        if is_op(pushed, *_MOVING) and all(isinstance(one, Literal) and is_of_numbers(one) for one in node.inputs[1:]):
            name, tensor = node.name, self._made_again(node.inputs[0], handle, deep - 1)
        else:
            outside, tensor = graph.frames[graph.inputs[handle][0][0]], entered(pushed)
            if tensor == pushed or isinstance(tensor, Literal) or self.normal.reads_a_ref(node.name):
                return None
            if tensor[0].name in graph.conditional or graph.frames.get(tensor[0].name) != outside:
                return None
            own = {key: one for key, one in attributes.items() if key == "T"}
            name, attributes = handle, {**graph.attributes(handle), **own}
        if tensor is None or name not in self.normal.made:
            return None
        made, inputs = self.normal.made[name], [tensor, *node.inputs[1:]]
        sizes = [self.normal.sizes(pushed)]
        again = self.normal.node(name, node.op, attributes, inputs, set(), {"entered again"}, 1, sizes, True)
        self.normal.made[name] = made
        return again, 0

    def _is_unlimited(self, stack):
        """Whether a stack takes whatever is pushed."""
        stacks = [one for one in self._handles(stack) if one.op == "StackV2"]
        kinds = {Attributes(self.graph.nodes[push])["T"].type for push in stack[0]}
        kinds |= {Attributes(self.graph.nodes[one.name])["elem_type"].type for one in stacks}
        return bool(stacks) and len(kinds) == 1 and all(is_scalar(one.inputs[0], -1) for one in stacks)

    def _handles(self, stack):
        """Return the normal nodes by which pushes and pops get their stack."""
        handles = set()
        for name in (*stack[0], *stack[1]):
            while self.graph.nodes[name].op not in ("Stack", "StackV2") and self.graph.inputs[name]:
                name = self.graph.inputs[name][0][0]
                if name in self.normal.made:
                    handles.add(self.normal.made[name])
        return handles

    def _TensorArrayReadV3(self, name, node, operands):
        """What is read has the sizes of what was scattered into the array when it was new."""
        flow = operands[2]
        while is_op(flow, "Enter", "Identity", "Switch"):
            flow = flow[0].inputs[0]
        shape = None
        if is_op(flow, "TensorArrayScatterV3") and is_op(flow[0].inputs[3], "TensorArrayV3"):
            shape = self.normal.sizes(flow[0].inputs[2])
        element = shape[1:] if shape else self._element_of_gradient(name, operands[1])
        if element is None:
            return False
        self.normal.keep(name, node.op, operands, sizes=[refined(self.graph.shapes[name][0], element)])
        return True

    def _TensorArrayGatherV3(self, name, node, operands):
        """So has what is gathered, also from the array of a gradient, or what was written turn by turn."""
        element, count = self._element(name), self.normal.sizes(operands[1])
        if element is None or count is None or len(count) != 1:
            return False
        self.normal.keep(name, node.op, operands, sizes=[refined(self.graph.shapes[name][0], (*count, *element))])
        return True

    def _element_of_gradient(self, name, index):
        """Return the sizes of what a node takes from the array of a gradient, at an index, or None.

        TensorFlow holds each element of such an array to the sizes of what was written into the array that it is for.
        """
        gradient = self._made_by(name)
        if self.graph.nodes[gradient].op != "TensorArrayGradV3":
            return None
        written = self._written_in_turn(gradient, index)
        return self._element(gradient) if written is None else self.normal.sizes(written)

    def _written_in_turn(self, gradient, index):
        """Return what was written in the turn whose index is popped, or None: no index is written twice."""
        if not is_op(index, "StackPopV2") or index[0] not in self.normal.kept:
            return None
        written = [value for place, value in self._written(gradient) if place == self.normal.kept[index[0]][0]]
        return written[0] if len(written) == 1 else None

    def _Switch(self, name, node, operands):
        """The gradient of what a branch gave, and a loop wrote, has there the sizes of what came from there."""
        data, condition = operands
        while is_op(data, "Identity"):
            data = data[0].inputs[0]
        if not is_op(data, "TensorArrayReadV3") or not is_op(condition, "StackPopV2"):
            return False
        graph, kept = self.graph, self.normal.kept.get(condition[0])
        merged = self._written_in_turn(self._made_by(data[0].name), data[0].inputs[1])
        if kept is None or not is_op(merged, "Merge") or merged[0].name not in graph.nodes:
            return False
        asked = graph.branches.source(graph.inputs[kept[1]][1])
        sizes = self.normal.derived(name, node.op, operands)
        for given in graph.inputs[merged[0].name]:
            for branch in (0, 1):
                if (asked, branch) in graph.branches.of_tensor(*given):
                    sizes[branch] = self.normal.sizes(self.normal.tensors.get(given)) or sizes[branch]
        self.normal.keep(name, node.op, operands, sizes=sizes)
        return True

    def _written(self, gradient):
        """Return what is written turn by turn into the array that another is the gradient of, as [(index, value)]."""
        writes = self._writes(gradient, _HANDING) or ()
        writes = [self.graph.inputs[one] for one in writes if self.graph.nodes[one].op == "TensorArrayWriteV3"]
        return [[self.normal.tensors.get(one) for one in inputs[1:3]] for inputs in writes]

    def _element(self, name):
        """Return the sizes of what is written into the array that a node takes, or that it is the gradient of."""
        shapes = set()
        for write in self._writes(name, (*_HANDING, "TensorArrayGradV3")) or ():  # whose array may have others
            op, inputs = self.graph.nodes[write].op, self.graph.inputs[write]
            value = None if op == "TensorArraySplitV3" else self.normal.tensors.get(inputs[2])
            shape = None if value is None else self.normal.sizes(value)
            if shape is None:
                return None
            shapes.add(shape if op == "TensorArrayWriteV3" else shape[1:])
        shape = shapes.pop() if len(shapes) == 1 else None
        return shape if shape is not None and all(map(self._is_everywhere, shape)) else None

    def _writes(self, name, handing):
        """Return the names of what writes into the array that a node takes, or is the gradient of, or None.

        `handing`: the ops that hand the array on; another one may hand it to anything.
        """
        made = self._made_by(name)
        if self.graph.nodes[made].op == "TensorArrayGradV3":
            made = self._made_by(made)
        if self.graph.nodes[made].op != "TensorArrayV3":
            return None
        writes, todo = [], [made]
        while todo:
            array = todo.pop()
            for user, slot in self.graph.users[array]:
                op = self.graph.nodes[user].op
                if self.graph.inputs[user][slot][1] and self.graph.nodes[array].op.startswith("TensorArray"):
                    continue  # the flow is a float, which tells what comes after what
                if op in handing:
                    todo.append(user)
                elif op in _PUSHES:
                    todo += self.stack_of(user)[1]
                elif not op.startswith("TensorArray"):
                    return None
                elif slot == 0 and op in ("TensorArrayWriteV3", "TensorArrayScatterV3", "TensorArraySplitV3"):
                    writes.append(user)
        return writes

    def _made_by(self, name):
        """Return the name of what makes the handle that a node takes, before it enters a loop or a branch.

        A loop inside of another keeps its arrays for its gradient.
        """
        while self.graph.inputs[name]:
            name = self.graph.inputs[name][0][0]
            if self.graph.nodes[name].op in _POPS and len(self.stack_of(name)[0]) == 1:
                name = self.graph.inputs[self.stack_of(name)[0][0]][1][0]
            if self.graph.nodes[name].op not in _HANDING:
                break
        return name

    def _is_everywhere(self, size):
        """Whether a size is the same in every turn of a loop."""
        if isinstance(size, int):
            return True
        unknowns = [one for product in size.terms for one in product]
        return all(one[0] == "size" and not self.graph.frames.get(one[1].name) for one in unknowns)

    def _ControlTrigger(self, name, node, operands):
        """Waiting for a trigger is waiting for what it waits for."""
        self.normal.hand_on(name, "stacks")
        return True

    def _Identity(self, name, node, operands):
        """The gradient of a write into a TensorArray waits for the write: it comes after it in any case."""
        outside = [one for one in self.graph.controls[name] if self.normal.consumed.get(one) == AWAITED]
        waits = [one for one in self.graph.controls[name] if one not in outside]
        before_gradient = any(
            self.graph.nodes[user].op.startswith("TensorArrayGrad") for user, _ in self.graph.users[name]
        ) or any(self.graph.nodes[user].op == "Identity" for user, _ in self.graph.users[name])
        if len(waits) != 1 or not before_gradient or self.graph.nodes[waits[0]].op != "Identity":
            return False
        written = self.normal.made.get(waits[0])
        source = written.inputs[0] if written else None
        if is_op(source, "StackPopV2"):
            stack = self.stack_of(source[0].name)
            pushes = [self.normal.made[push] for push in stack[0] if push in self.normal.made]
            if [len(pushes), *map(len, stack)] != [1, 1, 1] or not self._is_flow(pushes[0].inputs[1]):
                return False
            if not self._swaps_like_others(stack[0][0]) or not self._is_unlimited(stack):
                return False
            if not self._is_handed_on(stack[1][0], name) or not self._is_handed_on(stack[0][0], stack[0][0], 1):
                return False
            if all(user == waits[0] for pop in stack[1] for user, _ in self.graph.users[pop]):
                self.normal.removed.update({source[0], *pushes})
                self._empty.append(stack)
        elif not self._is_flow(source):
            return False
        self.normal.absorbed.add(written)
        self.normal.tensors[name, 0] = operands[0]
        self.normal.consumed[name] = "write barrier"
        if outside:
            self.normal.waits[name] = frozenset().union(*map(self.normal.awaited, outside))
        return True

    def _is_handed_on(self, name, other, place=0):
        """Whether the stack that a node takes comes whenever what another takes does: in no other branch than that."""
        taken = self.graph.inputs[name][0], self.graph.inputs[other][place]
        handle, tensor = (self.graph.branches.of_tensor(*one) for one in taken)
        return handle <= tensor

    def _swaps_like_others(self, push):
        """Whether a push that swaps memory is in a loop where all others do: it is the loop that says so."""
        frame, swaps = self.graph.frames[push], "swap_memory" in self.graph.attributes(push)
        if not hasattr(self, "_swapping"):
            pushes = [one for pushes, _ in self.graph.stacks.values() for one in pushes]
            self._swapping = Counter(
                (self.graph.frames[one], "swap_memory" in self.graph.attributes(one)) for one in pushes
            )
        return not swaps or (not self._swapping[frame, False] and self._swapping[frame, True] > 1)

    def _is_flow(self, operand):
        return any(is_op(operand, op) for op in ("TensorArrayWriteV3", "TensorArrayScatterV3", "TensorArraySplitV3"))

    def stack_of(self, name):
        """Return all pushes and pops, two lists of names, of the stack that a node pushes to or pops from."""
        if not hasattr(self, "_stacks"):
            self._stacks = {one: stack for stack in self.graph.stacks.values() for one in (*stack[0], *stack[1])}
        return self._stacks[name]

    def _popped(self, name):
        """What is popped is what was pushed: a literal, if one push gives the stack its only value."""
        pushes, pops = self.stack_of(name)
        if len(pushes) != 1 or len(self.graph.inputs[pushes[0]]) < 2 or not self._is_unlimited((pushes, pops)):
            return None
        value = self.normal.tensors.get(self.graph.inputs[pushes[0]][1])
        if not isinstance(value, Literal) or not is_followed(value):
            return None
        if self._tells_its_branch(name):  # which a literal does not
            return None
        return [value._replace(alive=self.normal.alive(name), ops=value.ops | {"StackPop"})]

    def _Fill(self, name, node, operands):
        """Zeros for a branch that did not run, of a shape that was popped though it is known, are sent there by now."""
        pop, value = operands
        shape, users = self.normal.pushed(pop), self.graph.users[name]
        if shape == pop or not is_of_numbers(shape) or not is_scalar(value, 0) or self.graph.controls[name]:
            return False
        handle = pop[0].inputs[0]
        if not is_op(handle, "Switch") or isinstance(handle[0].inputs[1], Literal) or pop[0].controls:
            return False
        if handle[0].controls or any(self.graph.nodes[user].op not in MERGES for user, _ in users):
            return False
        inputs = [full(shape.value, number(0, self.dtype(name))), handle[0].inputs[1]]
        made = self.normal.node(name, "Switch", self.graph.own_type(name), inputs, steps={"stacks"}, outputs=2)
        for index in (0, 1):
            self.normal.set_sizes(made, shape.value, index)
        self.normal.tensors[name, 0] = made, handle[1]
        self.normal.absorbed.update({pop[0], handle[0]})
        return True

    def _tells_its_branch(self, name):
        """Whether something that is made of what is popped is in the branch of the stack's handle for that alone."""
        beside = self._beside_stacks
        branch = beside.of_tensor(*self.graph.inputs[name][0])
        todo, seen = [name] if branch else [], {name}
        while todo:
            users = {user for user, _ in self.graph.users[todo.pop()]}
            if not users:
                return True
            outside = {user for user in users - seen if not branch <= beside.of(user)}
            todo += outside
            seen |= outside
        return False

    @cached_property
    def _beside_stacks(self):
        """Under which conditions nodes run, but for what is told by a stack that is popped."""
        return of_graph(self.graph, but=_POPS)

    def _TensorArraySizeV3(self, name, node, operands):
        """So has one whose size is a tensor, in the loop in which it was made."""
        array = operands[0]
        if not is_op(array, "TensorArrayV3") or "dynamic_size" in array[0].attributes:
            return False
        if self.graph.frames[name] != self.graph.frames[array[0].name]:
            return False
        self.normal.alias(name, array[0].inputs[0], "computed shapes")
        return True

    def _size_of_array(self, operands, names, alive):
        """A TensorArray that does not grow has the size that it was made with."""
        array = operands[0]
        while is_op(array, "Enter") or is_op(array, "Identity"):
            array = array[0].inputs[0]
        if not is_op(array, "TensorArrayV3") or "dynamic_size" in array[0].attributes:
            return None
        size = array[0].inputs[0]
        if not isinstance(size, Literal):
            return None
        # It is known where that size is, which the array's waits tell, and not only behind the array.
        alive = size.alive.union(
            (one for one in alive if one.op == "the loop"),
            (one for one in array[0].controls if one.name in self.graph.conditional),
        )
        return [size._replace(names=names, ops=size.ops | {"TensorArraySizeV3"}, alive=alive)]

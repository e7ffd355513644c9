"""The nodes of a normal form."""

from compat_v1.audit.literals import Literal

DISTANCE = "distance"
# {op that gives the same whichever of its two operands comes first: the rule that says so}
COMMUTING = {"Mul": "commuted product", DISTANCE: "distance either way"}


class Node:
    """A node of the normal form: `inputs` are literals or (node, output index); `steps` the rules that led to it."""

    __slots__ = ("attributes", "colocated", "controls", "device", "inputs", "late", "names", "number", "op", "outputs")
    __slots__ += ("functions", "sizes", "steps", "written")

    def __init__(self, number, op, attributes, inputs, controls, device, names):
        self.number, self.op, self.attributes, self.inputs = number, op, attributes, inputs
        self.controls, self.device, self.names = controls, device, names
        self.colocated, self.steps, self.late, self.outputs = (), set(), [], []
        self.sizes: dict = {}  # {output index: the sizes of that, ints and `Size`s}
        self.written = device  # the device in the GraphDef, also if it only repeats that of a node to be beside
        self.functions: dict[str, list[str]] = {}

    def __repr__(self):
        return f"{self.number:07d}"

    def __hash__(self):
        """By the number, so that sets of nodes have the same order in every run, and reports the same text."""
        return self.number

    @property
    def name(self):
        """The name of the node of the GraphDef that it mainly stands for."""
        return self.names[0]

    def does(self, inputs, controls):
        """Return what is equal for nodes that compute the same, if this one takes and waits for these."""
        return what_is_done(self.op, self.functions, self.attributes, inputs, controls, self.device)


def what_is_done(op, functions, attributes, inputs, controls, device):
    """Return what is equal for nodes that compute the same from the same."""
    parts = tuple([one.key if type(one) is Literal else one for one in inputs])
    parts = tuple(sorted(parts, key=hash)) if op in COMMUTING else parts
    called = tuple((key, tuple(names)) for key, names in sorted(functions.items())) if functions else ()
    return op, called, frozenset(attributes.items()), parts, frozenset(controls), device

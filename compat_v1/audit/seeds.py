"""Seeds that TensorFlow derives: the ops are the same, their numbers are not.

With a seed for the graph and none for the op, TensorFlow 1 took the number of ops before it, and TensorFlow 2.2 and
later the number of such ops before it. The second is known from the node's place in the GraphDef, which has the order
in which the ops were made; so that a seed which was written down is told from a derived one.
"""

import hashlib
import itertools

from tensorflow.core.framework import attr_value_pb2

# What the graph's seed is where the program gave one to the op alone.
_NONE_FOR_GRAPH = 87654321
# What TensorFlow writes for an op's seed 0 where the graph's is 0, too: two zeros are no seed.
_ZERO = 2**31 - 1
# Between asking for the seed and making the op, TensorFlow made at most so many others.
_OPS_BETWEEN = 4
# Behind the first random op, at most so many seeds were asked for by a dropout that keeps all, which draws nothing.
_SKIPPED = 4
# What DropoutWrapper adds to its seed for each of the tensors that it drops elements of.
_SALTS = [f"{what}_{place}" for what in ("input", "state", "output") for place in range(16)]
SALTING = 22  # the version of graphs of the first release that writes the shapes of placeholders, which salts as well
_BY_PLACE = range(1, 135)  # the versions of graphs of releases until 1.15, which took the number of ops alone


def op_seed(node):
    """Return a random op's own seed."""
    content = node.attributes.get("seed2")
    return attr_value_pb2.AttrValue.FromString(content).i if content else 0


def graph_seed(node):
    """Return the seed of the graph that a random op was made with."""
    content = node.attributes.get("seed")
    return attr_value_pb2.AttrValue.FromString(content).i if content else 0


def is_given(node):
    """Whether the program itself said a random op's seed: without one for the graph none is derived."""
    return graph_seed(node) == _NONE_FOR_GRAPH


def is_seedless(node):
    """Whether a random op was given no seed, and draws other numbers in each run."""
    return node.attributes.keys().isdisjoint({"seed", "seed2"})


def advice(node, other, key="seed2"):
    """Return what to write in the port for an original's seed that is no derived one: tf.keras draws some by NumPy.

    `key`: of which attribute; the seed of a graph is told where the other's is not the same.
    """
    if of_graphs(node, other, key):
        here, there = map(_of_graph, (node, other))
        if here is None:
            return f"; do not write tf.compat.v1.set_random_seed({there}) in the port"
        return f"; write tf.compat.v1.set_random_seed({here}) in the port, for the graph that it makes"
    if key != "seed2" or is_seedless(node):
        return ""
    if _is_salt(node, other):
        return f"; write cell._gen_seed = lambda *_: {op_seed(node)} behind its cell = DropoutWrapper(...) in the port"
    return f"; give it seed={op_seed(node)} in the port, also if it is one that tf.keras drew by NumPy"


def of_graphs(node, other, key):
    """Return the pair of the seeds of two graphs in which all that follows from these agrees, or () for nothing.

    That is what the graph's seed is; and the op's, where one graph has none and so derives none.
    """
    here, there = map(_of_graph, (node, other))
    follows = key == "seed" or is_seedless(node) or is_seedless(other)
    return ((("the graph's seed", here), there),) if here != there and follows else ()


def _of_graph(node):
    """Return the seed of the graph that a random op was made in, None if it had none."""
    return None if is_given(node) or is_seedless(node) else graph_seed(node)


def is_salted(graph, node, other):
    """Whether a seed that the first releases gave to each mask of a DropoutWrapper is salted in the port."""
    return graph.graph_def.versions.producer < SALTING and _is_salt(node, other)


def _is_salt(node, other):
    """Whether an op has the seed that a DropoutWrapper makes for one of its masks of the seed of another."""
    if node.op != "RandomUniform":
        return False
    digests = (hashlib.md5(f"{op_seed(node)}{salt}".encode(), usedforsecurity=False) for salt in _SALTS)
    return op_seed(other) in (int(digest.hexdigest()[:8], 16) & 0x7FFFFFFF for digest in digests)


class Seeds:
    """Where the random ops of a normal form stand in its graph."""

    def __init__(self, normal, alike=frozenset()):
        """`alike`: nodes that have the same seed in the other graph, so that it may well be written down."""
        graph = normal.graph
        # Which optimizations a dataset has was said last, and stands first in a function that makes one.
        last = set(itertools.takewhile(lambda name: _says_optimizations(graph, name), graph.nodes))
        self.places = dict.fromkeys(last, -1)
        made = (name for name in graph.made if name not in last)
        self.places |= {name: place for place, name in enumerate(made) if name in graph.nodes}
        for node, name in normal.seeded_at.items():
            self.places[node.name] = self.places[name]
        self.seeded = sorted(
            (node for node in normal.nodes if not is_seedless(node)), key=lambda node: self.places[node.name]
        )
        self.counted = set()
        self.by_place_alone = graph.graph_def.versions.producer in _BY_PLACE
        below, skipped = -1, 0
        # Constants may be made with derived seeds as well, those of a tf.data.Dataset.
        others = [place for name, place in self.places.items() if normal.graph.nodes[name].op.endswith("Dataset")]
        for position, node in enumerate(self.seeded):
            before = position + 2 * sum(place < self.places[node.name] for place in others)
            following = next((one for one in self.seeded[position + 1 :] if one not in alike), None)
            number = 0 if below < 0 and _is_zero(node) else op_seed(node)
            is_below = following is None or number < op_seed(following) or op_seed(following) > len(self.seeded)
            is_last_given = following is None and not skipped
            more = 0 if below < 0 or is_last_given else _SKIPPED
            if below < number <= before + more and is_below:
                self.counted.add(node)
                below = number
                skipped = max(skipped, below - before)

    def derived(self, nodes):
        """Return those of some random ops that have the seeds which TensorFlow derives: one release wrote them all."""
        by_place = {node for node in nodes if 0 <= self.places[node.name] - op_seed(node) <= _OPS_BETWEEN}
        counted = self.counted & set(nodes)
        if self.by_place_alone:
            return by_place
        if len(by_place) == len(counted):
            return by_place | counted
        return max(by_place, counted, key=len)


def _is_zero(node):
    """Whether the seed of the graph and that of the op are 0."""
    return op_seed(node) == _ZERO and graph_seed(node) == 0


def _says_optimizations(graph, name):
    return any(slot and graph.nodes[user].op == "OptimizeDataset" for user, slot in graph.users[name])

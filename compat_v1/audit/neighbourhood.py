"""Draw what lies around a pair of nodes in two graphs: partners in the same place, so that the eye finds what differs.

A vertex is a pair (name in the original, name in the port), with None where there is no partner. Both sides are laid
out as one graph, by igraph, and each side draws the vertices and edges that it has.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from itertools import pairwise
from typing import NamedTuple

import igraph
import tensorflow as tf

from compat_v1.audit.validation import shown

Vertex = tuple[str | None, str | None]

MOST_NODES, STEPS = 18, 3
WIDTH, HEIGHT, GAP_ACROSS, GAP_DOWN, MARGIN = 164, 38, 16, 30, 16  # px
LONGEST = 22  # characters of a label


class Side:
    """A graph: its nodes, what they take, and who uses them."""

    def __init__(self, graph_def: "tf.compat.v1.GraphDef") -> None:
        self.nodes = {node.name: node for node in graph_def.node}
        self.functions = {function.signature.name for function in graph_def.library.function}
        self.inputs = {node.name: _inputs(node) for node in graph_def.node}  # {name: {source: whether it only waits}}
        self.users: dict[str, list[str]] = {name: [] for name in self.nodes}
        for name, sources in self.inputs.items():
            for source in sources:
                if source in self.users:
                    self.users[source].append(name)

    def label(self, name: str) -> str:
        """Return a node's op, and the value of a constant of one element."""
        node = self.nodes[name]
        tensor = node.attr["value"].tensor if node.op == "Const" and "value" in node.attr else None
        if tensor is not None and all(dim.size == 1 for dim in tensor.tensor_shape.dim):
            return f"Const {tf.make_ndarray(tensor).ravel()[0]!s}"
        return node.op


class Picture(NamedTuple):
    """Two drawings of the same size, as SVG, and where the pair in question lies in both, in pixels."""

    old: str
    new: str
    center: tuple[float, float]


class Neighbourhoods:
    """Draws neighbourhoods in two graphs whose partners are known."""

    def __init__(
        self,
        old: Side,
        new: Side,
        pairs: Mapping[str, str],
        differing: Sequence[Vertex],
        not_compared: Iterable[str] = (),
    ) -> None:
        """`pairs` are the partners by name. What has none, and is not among the `not_compared`, some rule replaces."""
        self.sides = old, new
        self.back: dict[str, str] = {}
        for name, other in pairs.items():  # of several that are one node in the port, one is drawn as its partner
            if other not in self.back or name == other:
                self.back[other] = name
        self.pairs: dict[str, str] = {name: other for other, name in self.back.items()}
        for one, two in differing:  # what differs from each other belongs together, too
            if one and two and one not in self.pairs and two not in self.back:
                self.pairs[one], self.back[two] = two, one
        self.differing = [{pair[side] for pair in differing if pair[side]} for side in (0, 1)]
        self.left = [names | set(not_compared) for names in self.differing]

    def draw(self, root: Vertex) -> Picture:
        """Draw both sides around `root`, of which at least one name is that of a node."""
        name, other = root[0] or self.back.get(root[1] or ""), root[1] or self.pairs.get(root[0] or "")
        root = name, other
        partner, back = dict(self.pairs), dict(self.back)
        if name and other:  # a difference may be between nodes that are no partners
            partner.pop(back.get(other, ""), None)
            back.pop(self.pairs.get(name, ""), None)
            partner[name], back[other] = other, name
        vertices = self._around(root, (partner, back))
        edges = [self._edges(vertices, side) for side in (0, 1)]
        both = list({**edges[0], **edges[1]})
        numbers = {vertex: number for number, vertex in enumerate(vertices)}
        graph = igraph.Graph(len(vertices), [(numbers[u], numbers[v]) for u, v in both], directed=True)
        layout = graph.layout_sugiyama(hgap=WIDTH + GAP_ACROSS, vgap=HEIGHT + GAP_DOWN)
        places = dict(zip(vertices, layout.coords, strict=True))
        bends = dict(zip(both, layout.edge_routing, strict=True))
        points = [*layout.coords, *(point for way in layout.edge_routing for point in way)]
        left, top = (min(point[axis] for point in points) - MARGIN for axis in (0, 1))
        size = [max(point[axis] for point in points) + extent + MARGIN for axis, extent in ((0, WIDTH), (1, HEIGHT))]
        box = f"{left:.0f} {top:.0f} {size[0] - left:.0f} {size[1] - top:.0f}"
        x, y = places[root]
        center = (x + WIDTH / 2 - left, y + HEIGHT / 2 - top)
        old, new = (self._svg(side, root, numbers, places, edges, bends, box) for side in (0, 1))
        return Picture(old, new, center)

    def _around(self, root, partners):
        """Return the vertices within a few steps of `root`, inputs first, at most `MOST_NODES`.

        What only waits is no neighbour, but for the root's: the initializer, say, waits for the whole graph.
        """
        found, todo = {root: 0}, deque([root])  # each with its steps from the root
        while todo:
            here = todo.popleft()
            for side, name in enumerate(here):
                if name not in self.sides[side].nodes or found[here] == STEPS:
                    continue
                for near in self._near(side, name, with_waits=here == root):
                    other = partners[side].get(near)
                    vertex = (near, other) if side == 0 else (other, near)
                    if vertex not in found and len(found) < MOST_NODES:
                        found[vertex] = found[here] + 1
                        todo.append(vertex)
        return list(found)

    def _near(self, side, name, with_waits):
        graph = self.sides[side]
        sources = [source for source, waits in graph.inputs[name].items() if with_waits or not waits]
        users = [user for user in graph.users[name] if with_waits or not graph.inputs[user][name]]
        return [near for near in (*sources[:6], *users[:3]) if near in graph.nodes]

    def _edges(self, vertices, side):
        """Return a side's edges among the vertices, {(from, to): whether it only waits}."""
        of = {vertex[side]: vertex for vertex in vertices if vertex[side] in self.sides[side].nodes}
        return {
            (of[source], vertex): waits
            for name, vertex in of.items()
            for source, waits in self.sides[side].inputs[name].items()
            if source in of and source != name
        }

    def _svg(self, side, root, numbers, places, edges, bends, box):
        width, height = box.split()[2:]
        parts = [f'<svg class="graph" viewBox="{box}" width="{width}" height="{height}" role="img">']
        for (u, v), waits in edges[side].items():
            alone = (u, v) not in edges[1 - side] and not self._is_replaced(u, side) and not self._is_replaced(v, side)
            kind = ("waits " if waits else "") + ("alone" if alone else "")
            points = [places[u], *bends[u, v], places[v]]
            parts.append(f'<path class="edge {kind}" d="{_way(points)}"/>')
        for vertex, number in numbers.items():
            if vertex[side] in self.sides[side].nodes:
                parts.append(self._box(side, vertex, number, places[vertex], vertex == root, edges[side]))
        return "".join([*parts, "</svg>"])

    def _is_replaced(self, vertex, side):
        """Whether a node has no partner because a rule says what stands in its place."""
        return not vertex[1 - side] and vertex[side] not in self.left[side]

    def _box(self, side, vertex, number, place, is_root, edges):
        graph, name = self.sides[side], vertex[side]
        state = "root" if is_root else "differs" if name in self.differing[side] else ""
        if not vertex[1 - side]:
            state += " replaced" if self._is_replaced(vertex, side) else " single"
        drawn_in, drawn_out = (sum(edge[end] == vertex for edge in edges) for end in (1, 0))
        hidden = [
            f"{mark}{count} more" if count > 0 else ""
            for mark, count in (
                ("↑", len(graph.inputs[name]) - drawn_in),
                ("↓", len(graph.users[name]) - drawn_out),
            )
        ]
        partner = vertex[1 - side]
        title = f"{name}\n{graph.label(name)}" + "\n"
        title += (
            f"partner: {partner}" if partner else "replaced by a rule" if "replaced" in state else "without a partner"
        )
        x, y = place
        return (
            f'<g class="node {state}" data-vertex="{number}" transform="translate({x:.0f} {y:.0f})">'
            f"<title>{_clean(title)}</title>"
            f'<rect width="{WIDTH}" height="{HEIGHT}" rx="5"/>'
            f'<text x="8" y="16" class="name">{_clean(_tail(name))}</text>'
            f'<text x="8" y="30" class="op">{_clean(shown(graph.label(name), LONGEST))}</text>'
            f'<text x="{WIDTH - 4}" y="-4" class="more">{hidden[0]}</text>'
            f'<text x="{WIDTH - 4}" y="{HEIGHT + 10}" class="more">{hidden[1]}</text></g>'
        )


def _inputs(node):
    found = {}
    for reference in node.input:
        source, waits = reference.lstrip("^").partition(":")[0], reference.startswith("^")
        found[source] = found.get(source, True) and waits
    return found


def _way(points):
    """Return an SVG path from the bottom of the first box, through the bends, to the top of the last."""
    down = points[-1][1] > points[0][1]
    ways = [(x + WIDTH / 2, y + HEIGHT / 2) for x, y in points]
    ways[0] = (ways[0][0], points[0][1] + (HEIGHT if down else 0))
    ways[-1] = (ways[-1][0], points[-1][1] + (0 if down else HEIGHT))
    path = f"M{ways[0][0]:.0f} {ways[0][1]:.0f}"
    for (x, y), (to_x, to_y) in pairwise(ways):
        middle = (y + to_y) / 2
        path += f"C{x:.0f} {middle:.0f} {to_x:.0f} {middle:.0f} {to_x:.0f} {to_y:.0f}"
    return path


def _tail(name):
    """Return the end of a name, which tells more than its scopes."""
    line = shown(name, 10**6)
    return line if len(line) <= LONGEST else "…" + line[1 - LONGEST :]


def _clean(text):
    """Return a text for a page: escaped, and its control characters made visible."""
    return "\n".join(escape(shown(line, 500)) for line in text.split("\n"))

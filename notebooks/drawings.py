"""The pictures of the notebooks: what an LSTM's cell is made of, and what a run measured. Computes nothing else."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.patches import Circle, FancyBboxPatch

FORGET, INPUT, CANDIDATE, OUTPUT, LINE = "#c44e52", "#4c72b0", "#8172b3", "#55a868", "#333333"


def _canvas(width, height):
    figure, axes = plt.subplots(figsize=(width, height), layout="constrained")
    axes.set(xlim=(0, width), ylim=(0, height), aspect="equal")
    axes.axis("off")
    return figure, axes


def _box(axes, x, y, width, height, text, color):
    axes.add_patch(
        FancyBboxPatch(
            (x - width / 2, y - height / 2), width, height, boxstyle="round,pad=0,rounding_size=0.1", fc=color, ec=LINE
        )
    )
    axes.text(x, y, text, ha="center", va="center", color="white", fontsize=10)


def _operator(axes, x, y, sign):
    axes.add_patch(Circle((x, y), 0.19, fc="white", ec=LINE, zorder=3))
    axes.text(x, y, sign, ha="center", va="center", fontsize=11, zorder=4)


def _path(axes, *points, arrow=True):
    """Draw a line through the points (x, y); its last piece ends in an arrow."""
    *bends, last = points
    if len(bends) > 1:
        axes.plot(*zip(*bends, strict=True), color=LINE, linewidth=1.3, solid_capstyle="round")
    style = "-|>" if arrow else "-"
    axes.annotate("", last, bends[-1], arrowprops={"arrowstyle": style, "color": LINE, "shrinkA": 0, "shrinkB": 0})


def cell():
    """Draw the whole cell: four layers, and the conveyor that passes above them."""
    figure, axes = _canvas(9, 4.6)
    axes.add_patch(
        FancyBboxPatch((1.1, 0.75), 6.7, 3.35, boxstyle="round,pad=0,rounding_size=0.2", fc="#f4f4f4", ec="#bbbbbb")
    )
    top, middle, bottom = 3.6, 1.9, 1.1
    layers = {
        2.0: ("$f_t$\nsigmoid", FORGET),
        3.3: ("$i_t$\nsigmoid", INPUT),
        4.6: ("candidate_\nC_t, tanh", CANDIDATE),
        5.9: ("$o_t$\nsigmoid", OUTPUT),
    }
    for x, (text, color) in layers.items():
        _path(axes, (x, bottom), (x, middle - 0.3))
        _box(axes, x, middle, 1.05, 0.6, text, color)
    # The conveyor.
    _path(axes, (0.1, top), (1.81, top))
    _path(axes, (2.19, top), (4.41, top))
    _path(axes, (4.79, top), (8.9, top))
    _operator(axes, 2.0, top, "×")
    _operator(axes, 4.6, top, "+")
    _path(axes, (2.0, middle + 0.3), (2.0, top - 0.19))
    _operator(axes, 4.6, 2.8, "×")
    _path(axes, (3.3, middle + 0.3), (3.3, 2.8), (4.41, 2.8))
    _path(axes, (4.6, middle + 0.3), (4.6, 2.61))
    _path(axes, (4.6, 2.99), (4.6, top - 0.19))
    # The output.
    _path(axes, (7.2, top), (7.2, 2.99))
    _box(axes, 7.2, 2.8, 0.7, 0.38, "tanh", "#777777")
    _path(axes, (7.2, 2.61), (7.2, middle + 0.19))
    _operator(axes, 7.2, middle, "×")
    _path(axes, (5.9 + 0.525, middle), (7.01, middle))
    _path(axes, (7.2, middle - 0.19), (7.2, bottom), (8.9, bottom))
    # What goes in.
    _path(axes, (0.1, bottom), (5.9, bottom), arrow=False)
    _path(axes, (1.5, 0.3), (1.5, bottom))
    for x, y, text in (
        (0.1, top + 0.15, "Conveyor"),
        (7.95, top + 0.15, "Conveyor"),
        (0.1, bottom + 0.15, "ht_minus_1"),
        (7.95, bottom + 0.15, "prediction"),
        (1.65, 0.3, "xt, one sign"),
    ):
        axes.text(x, y, text, va="bottom", fontsize=10)
    return figure


def gate():
    """Draw one layer: a matrix times 27 numbers, a bias, a function that squashes, 24 numbers out."""
    figure, axes = _canvas(9, 3)
    _column(axes, 1.4, 1.6, 1.8, 2.1, "W, 24 × 27", FORGET)
    _column(axes, 3.0, 1.6, 2.1, 0.3, "27: ht_minus_1,\nunder it xt", "#999999", split=0.27)
    _column(axes, 4.4, 1.6, 1.8, 0.3, "b, 24", FORGET)
    for x, sign in ((2.65, "·"), (3.7, "+"), (5.1, "→"), (7.6, "→")):
        axes.text(x, 1.6, sign, ha="center", va="center", fontsize=14)
    x = np.linspace(-1, 1, 100)
    axes.plot(6.35 + 0.7 * x, 1.6 + 0.6 * np.tanh(2.5 * x), color=LINE)
    axes.plot([5.65, 7.05], [1.0, 1.0], [5.65, 7.05], [2.2, 2.2], color="#bbbbbb", linewidth=1, linestyle=":")
    axes.text(6.35, 0.6, "sigmoid: 0 to 1", ha="center", va="top", fontsize=10)
    _column(axes, 8.2, 1.6, 1.8, 0.3, "24: how far each\nvalve is open", FORGET, faded=True)
    return figure


def _column(axes, x, y, height, width, text, color, split=None, faded=False):
    """Draw a matrix of numbers with its caption; `split` draws a line that far above its foot."""
    left, foot = x - width / 2, y - height / 2
    axes.add_patch(plt.Rectangle((left, foot), width, height, fc=color, ec=LINE, alpha=0.5 if faded else 1))
    if split:
        axes.plot([left, left + width], [foot + split, foot + split], color="white", linewidth=2)
    axes.text(x, foot - 0.1, text, ha="center", va="top", fontsize=10)


def loop(sequence, sums):
    """Draw the same cell at each sign of a sequence, with the right answer so far."""
    figure, axes = _canvas(9, 2.6)
    positions = np.linspace(1.3, 7.7, len(sequence))
    for x, sign, total in zip(positions, sequence, sums, strict=True):
        _path(axes, (x - 0.85, 1.5), (x - 0.4, 1.5))
        _path(axes, (x - 0.85, 1.3), (x - 0.4, 1.3))
        _box(axes, x, 1.4, 0.8, 0.8, "lstm_\ncell", INPUT)
        _path(axes, (x, 0.55), (x, 1.0))
        axes.text(x, 0.3, sign, ha="center", va="center", fontsize=15, family="monospace")
        axes.text(x, 2.1, f"{total:+d}" if total else "0", ha="center", va="center", fontsize=11)
    _path(axes, (positions[-1] + 0.4, 1.3), (positions[-1] + 0.9, 1.3))
    axes.text(0.05, 2.1, "sum", va="center", fontsize=10)
    axes.text(0.05, 0.3, "sign", va="center", fontsize=10)
    axes.text(8.2, 1.55, "prediction", ha="left", va="bottom", fontsize=10)
    return figure


def curves(panels, horizon=None):
    """Plot series over the epochs, a panel for each measure: {measure: [(label or None, epochs, values, style)]}."""
    figure, all_axes = plt.subplots(1, len(panels), figsize=(10, 3.6), layout="constrained", squeeze=False)
    for axes, (measure, series) in zip(all_axes[0], panels.items(), strict=True):
        for label, epochs, values, style in series:
            axes.semilogy(epochs, values, label=label, **style)
        if horizon:
            axes.axvline(horizon, color="grey", linestyle=":", label=f"the horizon, epoch {horizon}")
        axes.set(xlabel="epoch", title=measure)
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8)
    return figure


def answers(right, predicted):
    """Plot what a network says against the right answers, both of shape (count,)."""
    figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
    lowest, highest = right.min(), right.max()
    axes.fill_between([lowest, highest], [lowest - 0.5, highest - 0.5], [lowest + 0.5, highest + 0.5], color="#dddddd")
    shift = np.linspace(-0.2, 0.2, len(right))  # side by side, so that equal answers do not hide each other
    is_right = np.rint(predicted) == right
    for which, color, label in ((is_right, INPUT, "rounds to it"), (~is_right, FORGET, "does not")):
        axes.plot((right + shift)[which], predicted[which], ".", color=color, markersize=3, label=label)
    axes.set(xlabel="right answer", ylabel="prediction", xticks=np.arange(lowest, highest + 1))
    axes.legend(markerscale=3)
    axes.grid(alpha=0.3)
    return figure


def layers_over_steps(sequence, layers):
    """Plot each layer over the steps of one sequence; `layers` is {name: (steps, 24)}, one row a unit."""
    figure, all_axes = plt.subplots(1, len(layers), figsize=(11, 4.2), layout="constrained", sharey=True)
    for axes, (name, values) in zip(all_axes, layers.items(), strict=True):
        limit = max(1, np.abs(values).max())
        picture = axes.imshow(values.T, cmap="RdBu_r", vmin=-limit, vmax=limit, aspect="auto")
        axes.set(title=name, xticks=range(len(sequence)), yticks=[0, 23])
        axes.set_xticklabels(sequence, family="monospace", fontsize=12)
        figure.colorbar(picture, ax=axes, location="bottom", shrink=0.9)
    all_axes[0].set_ylabel("unit")
    return figure

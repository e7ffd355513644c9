"""Draw how far the runs of a replay part."""

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt


def draw(explanation, path):
    """Write the curves of an `Explanation` as a PNG file; a distance of 0 is drawn at the bottom."""
    figure, axes = plt.subplots(figsize=(8, 4.5), layout="constrained")
    lowest = 1e-10
    for what, curve in explanation.curves.items():
        points = [(run, max(far, lowest)) for run, far in enumerate(curve, 1) if far is not None]
        if points:
            axes.plot(*zip(*points, strict=True), label=what, linewidth=1.2)
    axes.set(yscale="log", xlabel="run", ylabel="largest difference / largest value", ylim=(lowest / 2, None))
    if explanation.horizon is not None:
        axes.axvline(explanation.horizon, color="grey", linestyle=":", label=f"horizon, run {explanation.horizon}")
    axes.legend(loc="best", fontsize="small", frameon=False)
    figure.savefig(path, format="png", dpi=120, metadata={"Software": None})
    plt.close(figure)

"""Draw how far the runs of a replay part."""

import io

import matplotlib
import numpy as np

from compat_v1.recorder.explanation import Explanation

matplotlib.use("Agg")
import matplotlib.pyplot as plt


def draw(explanation: Explanation) -> bytes:
    """Return the curves of an `Explanation` as a PNG file: a point for each run in which some bit is another."""
    figure, axes = plt.subplots(figsize=(8, 5.5), layout="constrained")
    for what, curve in explanation.curves.items():
        points = [(run, far) for run, far in enumerate(curve, 1) if far and np.isfinite(far)]
        runs, distances = zip(*points, strict=True) if points else ((), ())
        axes.plot(runs, distances, ".", markersize=4, label=what + ("" if points else ": every bit equal"))
    axes.set(yscale="log", xlabel="run", ylabel="largest difference / largest value")
    if explanation.horizon is not None:
        axes.axvline(explanation.horizon, color="grey", linestyle=":", label=f"horizon, run {explanation.horizon}")
    figure.legend(loc="outside lower center", fontsize="small", frameon=False)
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=120, metadata={"Software": None})
    plt.close(figure)
    return content.getvalue()

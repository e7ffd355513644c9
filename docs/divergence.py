"""Draw how far runs of the default seed part: is the port's drift rounding amplified, or a mistake? `make divergence`.

If it is rounding, the port parts from TensorFlow 1.0.1 as TensorFlow 1.15.5 does, and as the port does from itself
when a single weight is moved by one unit in the last place.
"""

from pathlib import Path

import matplotlib
import numpy as np

from compat_v1.environment import import_tensorflow

import_tensorflow()

from compat_v1.proof.golden import golden  # noqa: E402
from compat_v1.training import fast_execution, load_data, new_network, new_session, set_weights, variables  # noqa: E402
from original.record_format import DEFAULT_SEED, HORIZON  # noqa: E402

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402

EPOCHS = 4000


def squared_errors(data, moved_by_one_unit=False):
    """Train the port and return the squared error on the test set every 20 epochs, float64."""
    graph, network = new_network(DEFAULT_SEED)
    with new_session(graph) as session:
        session.run(network.initializer)
        if moved_by_one_unit:
            weights = variables(session)["Variable"]
            weights[0, 0] = np.nextafter(weights[0, 0], np.float32(np.inf))
            set_weights(session, {"Variable": weights})
        run = fast_execution(session, network, data, EPOCHS)
        return np.array([m.squared_error for m in run if m.part == "test"], np.float64)


data = load_data(6, draw=1)
port, moved = squared_errors(data), squared_errors(data, moved_by_one_unit=True)
original, witness = (np.array(golden(v, DEFAULT_SEED, 1).test.squared_error) for v in ("1.0.1", "1.15.5"))
curves = {
    "TensorFlow 1.15.5 from 1.0.1": (witness, original),
    "the port (TensorFlow 2.21) from 1.0.1": (port, original),
    "the port from itself, one weight moved by one unit in the last place": (moved, port),
}
epochs = np.arange(20, EPOCHS + 1, 20)
figure, axes = pyplot.subplots(figsize=(9, 4.5), layout="constrained")
for label, (run, reference) in curves.items():
    apart = np.abs(run - reference) / reference
    axes.semilogy(epochs, np.maximum(apart, 1e-8), label=label, linewidth=1)
    past = apart[epochs > HORIZON]
    print(
        f"{label}: at epoch 20 {apart[0]:.1e}, past epoch {HORIZON} median {np.median(past):.2%}, most {past.max():.1%}"
    )
axes.axvline(HORIZON, color="grey", linestyle=":", label=f"the horizon, epoch {HORIZON}")
axes.set(xlabel="epoch", ylabel="relative difference of the squared error", xlim=(0, EPOCHS), ylim=(1e-8, 1))
axes.legend(loc="lower right")
axes.grid(alpha=0.3)
path = Path(__file__).parent / "images" / "divergence.png"
figure.savefig(path, dpi=110)
print(path)

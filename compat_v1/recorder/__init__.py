"""Record a run of a TensorFlow 1 program where it still runs, and replay it here, beside the port. Knows no LSTM."""

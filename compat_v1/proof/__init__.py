"""What holds a run of the port to the original: its records, its graph in today's TensorFlow, and the verdict."""

"""The 2017 program on today's TensorFlow. `graph.py` is the post; the other files are what a reproduction needs."""

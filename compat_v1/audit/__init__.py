"""Compare two GraphDefs of one program, whatever TensorFlow wrote them. Knows nothing of this project's own program."""

"""Small programs of TensorFlow 1, one idiom each, and the graphs that old releases build of them."""

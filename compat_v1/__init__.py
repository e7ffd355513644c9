"""The 2017 program on today's TensorFlow, and the tools that prove a port of a TensorFlow 1 program."""

import os

__version__ = "1.0.0"

# The original and its data stand beside this package in the repository, and inside it in a wheel. Either way their
# names here are `compat_v1.original` and `compat_v1.data_generator`: no module of those names that lies in a user's
# folder can take their place.
if not os.path.exists(os.path.join(os.path.dirname(__file__), "original")):
    __path__.append(os.path.dirname(os.path.dirname(__file__)))

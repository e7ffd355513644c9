"""The 2017 program on today's TensorFlow, and the tools that prove a port of a TensorFlow 1 program."""

from pathlib import Path

# The original and its data stand beside this package in the repository, and inside it in a wheel. Either way their
# names here are `compat_v1.original` and `compat_v1.data_generator`: no module of those names that lies in a user's
# folder can take their place.
if not (Path(__file__).parent / "original").exists():
    __path__.append(str(Path(__file__).parents[1]))

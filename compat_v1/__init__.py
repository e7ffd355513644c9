"""The 2017 program on today's TensorFlow, and the tools that prove a port of a TensorFlow 1 program.

The public names are `__all__`; docs/api.md shows each at work. `import compat_v1` imports no TensorFlow: the first of
these names that is asked for does, with the settings that the records were made with (see `environment.py`) unless the
caller has imported it already. `audit` is a package, which other programs may use alone: its function is `audit.audit`.
"""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:  # typing itself asks for much that may lie in the working folder, see __main__.py
    from typing import Any

__version__ = "1.0.0"
__all__ = ["audit", "build_graph", "new_network", "train", "verify"]

# The original and its data stand beside this package in the repository, and inside it in a wheel. Either way their
# names here are `compat_v1.original` and `compat_v1.data_generator`: no module of those names that lies in a user's
# folder can take their place.
if not os.path.exists(os.path.join(os.path.dirname(__file__), "original")):
    __path__.append(os.path.dirname(os.path.dirname(__file__)))


def __getattr__(name: str) -> "Any":
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    if "tensorflow" not in sys.modules:
        import_module("compat_v1.environment").import_tensorflow()
    if name == "audit":
        return import_module("compat_v1.audit")
    home = {"build_graph": "graph", "new_network": "training", "train": "run", "verify": "proof.verdict"}[name]
    return getattr(import_module(f"compat_v1.{home}"), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])

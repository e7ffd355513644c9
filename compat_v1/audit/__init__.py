"""Compare two GraphDefs of one program, whatever TensorFlow wrote them. Knows nothing of this project's own program.

from compat_v1.audit import audit, read_graph_def
result = audit(read_graph_def("old.pb"), read_graph_def("new.pb"))
print(result.verdict, *result.differences, sep="\\n")
"""

from typing import Any

__all__ = ["audit", "read_graph_def", "report"]


def __getattr__(name: str) -> Any:
    """Import what compares, and TensorFlow with it, when it is first asked for."""
    if name in ("audit", "report"):
        from compat_v1.audit import comparison

        return getattr(comparison, name)
    if name == "read_graph_def":
        from compat_v1.audit.reading import read_graph_def

        return read_graph_def
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""Compare two GraphDefs of one program, whatever TensorFlow wrote them. Knows nothing of this project's own program."""

from compat_v1.audit.comparison import audit, report
from compat_v1.audit.graph_index import read_graph_def

__all__ = ["audit", "read_graph_def", "report"]

"""Run two GraphDefs of one program beside each other. Knows nothing of this project's LSTM.

from compat_v1.audit import read_graph_def
from compat_v1.beside import beside
result = beside(read_graph_def("old.pb"), read_graph_def("new.pb"), updates=3, sizes={"x": [32]})
print(result.verdict, result.first, result.causes)
"""

from compat_v1.beside.engine import Beside, beside
from compat_v1.beside.program import CannotRunError

__all__ = ["Beside", "CannotRunError", "beside"]

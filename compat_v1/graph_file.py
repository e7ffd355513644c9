"""The graph that ran, in one canonical form: its SHA-256, which the record holds, and the file beside the record.

The form: the GraphDef as TensorFlow gives it, all attributes in it, those at their default and the seeds too; its nodes
sorted by name, its functions likewise; `versions`, which only says which TensorFlow wrote it, left out; serialized with
the entries of every map sorted. So the order in which a graph was built, or its attributes are kept, changes nothing.
"""

import glob
import gzip
import hashlib
import zlib
from pathlib import Path
from typing import Any

import tensorflow.compat.v1 as tf
from google.protobuf.message import DecodeError

from compat_v1.original.record_format import write_whole

LARGEST = 2**26  # bytes of a graph; the post's has 2**17


def canonical(graph_def: Any) -> bytes:
    """Return the canonical form of a `GraphDef`."""
    form = tf.GraphDef(node=sorted(graph_def.node, key=lambda node: node.name))
    form.library.function.extend(sorted(graph_def.library.function, key=lambda function: function.signature.name))
    form.library.gradient.extend(sorted(graph_def.library.gradient, key=lambda gradient: gradient.function_name))
    content: bytes = form.SerializeToString(deterministic=True)
    return content


def sha256(content: bytes) -> str:
    """Return the SHA-256 in hex."""
    return hashlib.sha256(content).hexdigest()


def graph_file(record_file: str | Path, graph_sha256: str) -> Path:
    """Return where the graph of that SHA-256 lies, of a run whose record is that file.

    Its name tells it from the graph of the record that was there before, which stays until the new record is written.
    """
    return Path(record_file).with_suffix(f".graph.{graph_sha256[:12]}.pb.gz")


def write_graph(record_file: str | Path, graph_def: Any) -> None:
    """Write the canonical form beside the record, compressed, whole or not at all; `OSError` if that cannot be."""
    content = canonical(graph_def)
    write_whole(str(graph_file(record_file, sha256(content))), gzip.compress(content, mtime=0))


def remove_other_graphs(record_file: str | Path, graph_sha256: str) -> None:
    """Remove from beside a record the graphs of the records that were there before it."""
    ours = graph_file(record_file, graph_sha256)
    for path in ours.parent.glob(f"{glob.escape(Path(record_file).stem)}.graph.{'[0-9a-f]' * 12}.pb.gz"):
        if path != ours:
            path.unlink(missing_ok=True)


def read_graph(record_file: str | Path, graph_sha256: str) -> Any:
    """Return the `GraphDef` beside a record, None if there is none that has this SHA-256."""
    path = graph_file(record_file, graph_sha256)
    try:
        if not path.is_file():
            return None
        with gzip.open(path) as file:
            content = file.read(LARGEST + 1)
    except (OSError, EOFError, zlib.error):  # damaged
        return None
    try:
        return tf.GraphDef.FromString(content) if sha256(content) == graph_sha256 else None
    except DecodeError:
        return None

"""Read a graph from the files that people have. What a file is, its content says, not its name.

Nothing of a file is executed. What it may ask for in memory and time is bounded here and in `validation.py`.
"""

import gzip
import io
import lzma
import re
import struct
import zipfile
import zlib
from pathlib import Path

import tensorflow as tf
from google.protobuf import text_format
from google.protobuf.message import DecodeError
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel
from tensorflow.core.util.event_pb2 import Event

from compat_v1.audit.validation import shown, validate

GraphDef, MetaGraphDef = tf.compat.v1.GraphDef, tf.compat.v1.MetaGraphDef

LARGEST = 2**30  # bytes of a file, unzipped; a message of protobuf has at most twice as many
LARGEST_TEXT = 2**26  # bytes; the text parser takes some twenty times as many of memory, and a second a megabyte
READABLE = (
    "a GraphDef, MetaGraphDef or SavedModel (.pb, .meta, as text .pbtxt) or an event file, gzipped or not, or a "
    "recording is wanted"
)
_BROKEN = (EOFError, OSError, RuntimeError, ValueError, zlib.error, lzma.LZMAError, zipfile.BadZipFile)  # of unzipping
_FRAME = struct.Struct("<QI")  # of a record of an event file: the length of its data, and the check of that length


def read_graph_def(path, gone_too=False):
    """Read a `GraphDef` that `validate` finds sound from a file, or from a folder that holds a SavedModel.

    Where a file holds several graphs, `path#2` is the second. `gone_too` is as for `validate`. Raises `OSError` if the
    file cannot be read and `ValueError`, in one line, if it holds no graph, several, or one that `validate` refuses.
    """
    file, number = _located(str(path))
    try:
        graph_def = _choose(_graphs(_content(file)), number)
        validate(graph_def, gone_too)
    except ValueError as error:
        raise ValueError(f"{shown(file)}: {error}") from None
    return graph_def


def require_graph_defs(*graph_defs):
    """Raise `TypeError` for what is no GraphDef, such as the name of a file."""
    for one in graph_defs:
        if not isinstance(one, tf.compat.v1.GraphDef):
            raise TypeError(f"a GraphDef is wanted, no {type(one).__name__}: read_graph_def(path) reads one")


def _located(path):
    """Return the file that a path means, and the number behind it or None."""
    number = None
    if not Path(path).exists() and (numbered := re.fullmatch(r"(.+)#([0-9]{1,9})", path, re.DOTALL)):
        path, number = numbered[1], int(numbered[2])
    if Path(path).is_dir():
        for name in ("saved_model.pb", "saved_model.pbtxt"):
            if Path(path, name).exists():
                return str(Path(path, name)), number
        raise ValueError(f"{shown(path)} is a folder without saved_model.pb: {READABLE}")
    return path, number


def _content(path):
    """Return a file's bytes, unzipped if they are a gzip stream; of a recording, which is a zip file, its graph's."""
    with Path(path).open("rb") as file:
        content = file.read(LARGEST + 1)
    try:
        if content.startswith(b"\x1f\x8b"):
            with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
                content = file.read(LARGEST + 1)
        elif content.startswith(b"PK\x03\x04"):
            with zipfile.ZipFile(io.BytesIO(content)) as archive, archive.open("graph.pb") as file:
                content = file.read(LARGEST + 1)
    except KeyError:
        raise ValueError(f"is a zip file without graph.pb, no recording; {READABLE}") from None
    except _BROKEN as error:
        raise ValueError(f"is not whole: {shown(error)}") from None
    if len(content) > LARGEST:
        raise ValueError(f"is larger than {LARGEST} bytes, unzipped")
    return content


def _choose(graphs, number):
    """Return the graph of that number, from 1; or the only one there is. `graphs` is [(what it is, GraphDef), …]."""
    if number is None and len(graphs) == 1:
        return graphs[0][1]
    if number is not None and 1 <= number <= len(graphs):
        return graphs[number - 1][1]
    listed = [f"{k} ({shown(what)}, {len(graph.node)} nodes)" for k, (what, graph) in enumerate(graphs, 1)]
    more = f", … up to {len(graphs)}" if len(graphs) > 8 else ""
    asked = "choose one" if number is None else f"not {number}"
    raise ValueError(f"holds the graphs {', '.join(listed[:8])}{more}: {asked}, by #1 behind the file's name")


def _graphs(content):
    """Return what a file holds, [(what it is, GraphDef), …], at least one."""
    if len(content) >= _FRAME.size and _is_frame(content[: _FRAME.size]):
        graphs = _from_events(content)
        if not graphs:
            raise ValueError("is an event file without a graph: tf.summary.FileWriter(folder, graph) writes one")
        return graphs
    if not any(byte < 32 and byte not in b"\t\n\r\f" for byte in content[:4096]):
        return _from_text(content)
    return _from_bytes(content)


def _is_frame(header):
    return _FRAME.unpack(header)[1] == masked_crc32c(header[:8])


def _from_events(content):
    """Return the graphs of an event file: those added as graphs or, without any, those of its MetaGraphDefs.

    Where a record is damaged or cut off, the file ends, as it does for TensorBoard.
    """
    graphs, meta_graphs, position = {}, {}, 0
    while _is_frame((content[position : position + _FRAME.size]).ljust(_FRAME.size, b"\xff")):
        length, _ = _FRAME.unpack_from(content, position)
        begin = position + _FRAME.size
        data, check = content[begin : begin + length], content[begin + length : begin + length + 4]
        position = begin + length + 4
        if len(check) < 4:
            break
        try:
            event = Event.FromString(data)
        except DecodeError:
            break
        kept = event.graph_def or event.meta_graph_def
        if kept and masked_crc32c(data) != int.from_bytes(check, "little"):
            raise ValueError(f"is damaged: the graph of step {event.step} is not as it was written")
        if kept:
            (graphs if event.graph_def else meta_graphs).setdefault(kept, f"of step {event.step}")
    for kind, found in ((GraphDef, graphs), (MetaGraphDef, meta_graphs)):
        if found:
            try:
                return [(what, graph) for kept, what in found.items() for _, graph in _held(kind.FromString(kept))]
            except DecodeError as error:
                raise ValueError(f"holds a graph that cannot be read: {shown(error)}") from None
    return []


def _from_bytes(content):
    """Return the graphs of a message in binary form. The three kinds of messages are told apart by what is in them:
    bytes of one kind often parse as another, but as one whose nodes have no ops, or ops that no one could write.
    """
    readings, is_text_bad = [], False
    for kind in (GraphDef, MetaGraphDef, SavedModel):
        try:
            graphs = _held(kind.FromString(content))
        except DecodeError as error:
            is_text_bad |= "UTF-8" in str(error)
            continue
        if graphs and all(_is_graph(graph) for _, graph in graphs):
            readings.append(graphs)
    if len(readings) == 1:
        return readings[0]
    if readings:
        raise ValueError(f"can be read as more than one kind of message; {READABLE}")
    raise ValueError("holds no graph" + (", or one with a name that is no UTF-8; " if is_text_bad else "; ") + READABLE)


def _from_text(content):
    if len(content) > LARGEST_TEXT:
        raise ValueError(f"is text of more than {LARGEST_TEXT} bytes: write the graph in binary form")
    errors = []
    for kind in (GraphDef, MetaGraphDef, SavedModel):
        try:
            graphs = _held(text_format.Parse(content.decode(), kind()))
        except text_format.ParseError as error:
            errors.append((error.GetLine() or 0, shown(error)))
            continue
        except UnicodeDecodeError as error:
            raise ValueError(f"holds text that is no UTF-8: {shown(error)}") from None
        except RecursionError:
            raise ValueError("is nested too deeply for a graph") from None
        if graphs and all(_is_graph(graph) for _, graph in graphs):
            return graphs
    reason = max(errors)[1] if errors else "it has no nodes"
    raise ValueError(f"holds no graph ({reason}); {READABLE}")


def _held(message):
    """Return the graphs of a message that have nodes, [(what it is, GraphDef), …]."""
    if isinstance(message, SavedModel):
        return [graph for meta_graph in message.meta_graphs for graph in _held(meta_graph)]
    if isinstance(message, MetaGraphDef):
        tags = message.meta_info_def.tags
        message, what = message.graph_def, "tags " + ", ".join(tags) if tags else "no tags"
    else:
        what = "a GraphDef"
    return [(what, message)] if message.node else []


def _is_graph(graph_def):
    """Whether all nodes have ops that could be ops; TensorFlow names functions, which are ops, quite freely."""
    return all(node.op and node.op.isprintable() and " " not in node.op for node in graph_def.node)

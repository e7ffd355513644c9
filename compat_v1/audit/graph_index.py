"""Reads a graph in every form it is kept in."""

import gzip
from pathlib import Path

import tensorflow as tf
from google.protobuf import text_format
from google.protobuf.message import DecodeError
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

v1 = tf.compat.v1


def read_graph_def(path):
    """Read a `GraphDef` from `.pb`, `.pbtxt`, either one gzipped, or an event file.

    Raises `OSError` if the file cannot be read and `ValueError` if it holds no graph.
    """
    content = Path(path).read_bytes()
    if content[:2] == b"\x1f\x8b":
        try:
            content = gzip.decompress(content)
        except (EOFError, OSError) as error:
            raise ValueError(f"{path} is not whole: {error}") from None
    for read in (_from_text, v1.GraphDef.FromString, lambda _: _from_events(path)):
        try:
            graph_def = read(content)
        except (UnicodeDecodeError, DecodeError, text_format.ParseError, tf.errors.DataLossError):
            continue
        if graph_def is not None and graph_def.node and all(node.op for node in graph_def.node):
            return graph_def
    raise ValueError(f"{path} holds no graph: give a GraphDef (.pb, .pbtxt, gzipped or not) or an event file")


def _from_text(content):
    return text_format.Parse(content.decode("utf-8"), v1.GraphDef())


def _from_events(path):
    for event in EventFileLoader(str(path)).Load():
        if event.graph_def:
            return v1.GraphDef.FromString(event.graph_def)
    return None

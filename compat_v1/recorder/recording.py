"""Read what `tf1_recorder.py` has written. A recording comes from elsewhere: nothing in it is believed unchecked."""

import hashlib
import io
import lzma
import math
import re
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import numpy as np
import tensorflow.compat.v1 as tf
from google.protobuf.message import DecodeError
from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, ValidationError

from compat_v1.audit.validation import shown, validate
from compat_v1.recorder.tf1_recorder import LIMIT

_LARGEST = {"recording.json": 2**28, "recording.sha256": 64, "graph.pb": 2**31 - 1}  # bytes; a protobuf cannot be more
_ARRAY = re.compile(r"arrays/([0-9a-f]{64})\.npy")

Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Array(_Strict):
    """An array as the recording describes it; two are equal, bit for bit, if their descriptions are."""

    dtype: str
    shape: list[NonNegativeInt]
    sha256: Digest  # of its bytes in C order, little-endian; of strings: of their lengths as int64, then their bytes
    kept: bool  # False: it was beyond the recorder's limit, and only this description is there


class Run(_Strict):
    """One run of the session: ops and tensors by name."""

    targets: list[str]
    fetches: list[str]
    values: list[Array] = []  # as many as fetches, unless the run failed
    feeds: dict[str, Array]
    sources: dict[str, Array] = {}  # what queues, iterators and Python functions gave
    unseen: list[str] = []  # what they gave inside loops and conditions, and could not be fetched
    sets: bool  # it gives variables values that depend on none, as initializers and restoring do
    updates: bool
    error: str | None = None


class Variables(_Strict):
    """Variables by op name; None for one that had no value."""

    initial: dict[str, Array | None] = {}  # before the first update
    first_update: dict[str, Array | None] = {}  # after the first run that updates
    final: dict[str, Array | None] = {}


class Stack(_Strict):
    """What the last digits of the run depend on."""

    tensorflow: str
    git: str
    python: str
    numpy: str
    system: str
    cpu: str
    instruction_sets: list[str]
    environment: dict[str, str]

    def __str__(self) -> str:
        return f"TensorFlow {self.tensorflow}, Python {self.python}, NumPy {self.numpy}, {self.cpu}"


class Content(_Strict):
    """What stands in `recording.json`."""

    format: Literal[1]
    stack: Stack
    graph_seed: int | None
    graph_sha256: Digest
    config: str  # the session's
    from_the_start: bool  # the session was made after `record` was called
    runs: list[Run]
    variables: Variables
    unrecorded: dict[str, NonNegativeInt]  # runs that were seen and not kept
    notes: list[str]


class Recording(NamedTuple):
    """A recording, checked."""

    content: Content
    graph_def: tf.GraphDef
    arrays: dict[str, np.ndarray]  # by SHA-256: flat, as stored

    def value(self, array: Array) -> np.ndarray | None:
        """Return an `Array` as a NumPy array, of dtype object for strings, or None if it was not kept."""
        if not array.kept:
            return None
        stored = self.arrays[array.sha256]
        if array.dtype == "string":
            count = math.prod(array.shape)
            ends = np.cumsum(stored[: 8 * count].view("<i8"))
            text = stored[8 * count :].tobytes()
            strings = np.empty(count, object)
            strings[:] = [text[start:end] for start, end in zip([0, *ends[:-1]], ends, strict=True)] if count else []
            return strings.reshape(array.shape)
        return stored.view(_dtype(array.dtype)).reshape(array.shape)

    def kept(self, described: Mapping[str, Array | None]) -> dict[str, np.ndarray]:
        """Return {name: array} of described arrays, without those that are None or were not kept."""
        values = {name: self.value(array) for name, array in described.items() if array}
        return {name: value for name, value in values.items() if value is not None}


def read_recording(path: str | Path) -> Recording:
    """Read and check a recording.

    Raises `OSError` if the file cannot be read and `ValueError`, of one line, if it is no whole recording.
    """
    if not Path(path).is_file() and Path(path).exists():
        raise ValueError(f"{path} is no regular file")  # its end, where a zip file has its list, may never come
    try:
        with zipfile.ZipFile(path) as archive:
            return _read(archive)
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError) as error:
        raise ValueError(f"{path} is not a whole recording: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ValueError(
            f"{path} is not a recording of format 1: {shown(where) or 'it'}: {shown(first['msg'])}"
        ) from None
    except ValueError as error:
        raise ValueError(f"{path} is not a recording: {error}") from None


def _read(archive: zipfile.ZipFile) -> Recording:
    members = archive.infolist()
    names = [member.filename for member in members]
    unknown = [name for name in names if name not in _LARGEST and not _ARRAY.fullmatch(name)]
    if unknown or len(set(names)) != len(names) or not set(_LARGEST) <= set(names):
        raise ValueError("it must hold recording.json, recording.sha256, graph.pb and arrays, each once, and no more")
    # An array's file has a header of a hundred bytes or so; no array of the limit's size is lost to it.
    sizes = sum(member.file_size for member in members if member.filename not in _LARGEST)
    if sizes > LIMIT + 256 * len(members) or any(m.file_size > _LARGEST.get(m.filename, LIMIT + 256) for m in members):
        raise ValueError(f"it says that it holds more than the {LIMIT >> 20} MiB of arrays that a recorder keeps")
    text = archive.read("recording.json")
    if hashlib.sha256(text).hexdigest().encode() != archive.read("recording.sha256"):
        raise ValueError("recording.json is not what was written: its SHA-256 is another")
    content = Content.model_validate_json(text)
    graph = archive.read("graph.pb")
    if hashlib.sha256(graph).hexdigest() != content.graph_sha256:
        raise ValueError("graph.pb is not what was written: its SHA-256 is another")
    try:
        graph_def = tf.GraphDef.FromString(graph)
    except DecodeError:
        raise ValueError("graph.pb holds no GraphDef") from None
    validate(graph_def)
    arrays = {match[1]: _stored(archive, match[1]) for match in map(_ARRAY.fullmatch, names) if match}
    _check_runs(content, arrays)
    return Recording(content, graph_def, arrays)


def _stored(archive: zipfile.ZipFile, digest: str) -> np.ndarray:
    """Read an array's file; what its header says must fit its size before anything of that size is made."""
    data = archive.read(f"arrays/{digest}.npy")
    file = io.BytesIO(data)
    if np.lib.format.read_magic(file) != (1, 0):
        raise ValueError(f"the array {digest[:12]} is of a format that no recorder writes")
    try:
        shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    except (tokenize.TokenError, SyntaxError) as error:  # NumPy reads it as a piece of Python
        raise ValueError(f"the array {digest[:12]} has no header: {shown(error)}") from None
    start = file.tell()
    if dtype.hasobject or len(shape) != 1 or shape[0] * dtype.itemsize != len(data) - start:
        raise ValueError(f"the array {digest[:12]} is not as long as it says, or holds objects")
    if hashlib.sha256(memoryview(data)[start:]).hexdigest() != digest:
        raise ValueError(f"the array {digest[:12]} is not what was written: its SHA-256 is another")
    return np.frombuffer(data, dtype, offset=start)


def _check_runs(content: Content, arrays: dict[str, np.ndarray]) -> None:
    for number, run in enumerate(content.runs, 1):
        if len(run.values) != (0 if run.error else len(run.fetches)):
            raise ValueError(f"run {number} has {len(run.values)} values for {len(run.fetches)} fetches")
    variables = content.variables
    described = [array for run in content.runs for array in (*run.values, *run.feeds.values(), *run.sources.values())]
    for values in (variables.initial, variables.first_update, variables.final):
        described += [array for array in values.values() if array]
    for array in described:
        if array.kept:
            _check_array(array, arrays.get(array.sha256))


def _check_array(array: Array, stored: np.ndarray | None) -> None:
    if stored is None:
        raise ValueError(f"the array {array.sha256[:12]} is missing")
    count = math.prod(array.shape)
    if array.dtype == "string":
        lengths = stored[: 8 * count].view("<i8") if stored.dtype == np.uint8 and stored.size >= 8 * count else [-1]
        fits = min(lengths, default=0) >= 0 and sum(map(int, lengths)) == stored.size - 8 * count
    else:
        fits = count * _dtype(array.dtype).itemsize == stored.nbytes
    if not fits:
        raise ValueError(f"the array {array.sha256[:12]} does not fit its shape and dtype")


def _dtype(name: str) -> np.dtype:
    try:
        return np.dtype(tf.as_dtype(name).as_numpy_dtype)
    except (TypeError, KeyError):  # not a dtype, or one of handles
        raise ValueError(f"{name!r} is no dtype of TensorFlow's that an array can have") from None

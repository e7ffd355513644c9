"""The record of one run: what it holds, and how it is written so that no half of one ever replaces a whole one.

Runs under Python 2.7 and 3 and imports no TensorFlow, because the original and the port both write with it.
"""

from __future__ import division

import errno
import json
import os
import platform
import re
import zlib

import numpy as np

FORMAT = 1
DEFAULT_SEED = 103747  # found by search, see docs/faithfulness.md; not the author's
HORIZON = 140  # epochs: until here rounding moves no printed digit; soon after, the steep fall multiplies it
MEASURED_SEQUENCE = "00-+++"  # the post evaluates its network on it
EPOCH_LINE = "Epoch {:4d} | incorrect {: 3.1f}% | mean squ error {: 3.1f}"  # the post's


def epoch_line(epoch, error, squared_error):
    """Return the line that the post prints: `epoch` from 1, `error` a share of 1, `squared_error` a sum."""
    return EPOCH_LINE.format(epoch, float(error) * 100, float(squared_error))


def printed_lines(record):
    """Return {epoch: the line that the program printed there} of a record."""
    test = record["test"]
    return {line[0]: epoch_line(*line) for line in zip(test["epoch"], test["error"], test["squared_error"])}


def exactly(value):
    """Return a float32 as the float with the shortest decimal that reads back as the same float32."""
    return float("{:.9g}".format(float(value)))


def stack(tensorflow_version, onednn):
    """Return what a run's last digits depend on: the versions, the processor, and whether oneDNN was "on" or "off"."""
    return {
        "python": platform.python_version(),
        "tensorflow": tensorflow_version,
        "numpy": np.__version__,
        "cpu": _cpu(),
        "onednn": onednn,
    }


def new_record(stack, data, graph_seed, op_seeds):
    """Return a record with no measurements yet; `data` is what `data_generator.provenance` says of the data set."""
    return {
        "format": FORMAT,
        "stack": stack,
        "data": data,
        "graph_seed": graph_seed,
        "op_seeds": [int(seed) for seed in op_seeds],
        "epochs": 0,
        "test": {"epoch": [], "error": [], "squared_error": []},
        "train": {"epoch": [], "error": []},
        "prediction": {},
    }


def write_json(path, content):
    """Write `content` as JSON to `path`, as `write_whole` does."""
    # One line a series: lists of thousands of numbers stay readable and small.
    text = json.dumps(content, indent=1, sort_keys=True, separators=(",", ": "))
    text = re.sub(r",\s*(?=-?\d)|(?<=\[)\s*(?=-?\d)|(?<=\d)\s*(?=\])", _joined, text)
    write_whole(path, (text + "\n").encode("ascii"))


def write_whole(path, content):
    """Write the bytes `content` to `path` in one step: a reader finds the old file or the whole new one.

    A symlink stays one: its target is written.
    """
    path = os.path.realpath(path)
    machine = "{:08x}".format(zlib.crc32(platform.node().encode("utf-8")) & 0xFFFFFFFF)
    _remove_orphans(path, machine)
    temporary = "{}.{}-{}.tmp".format(path, machine, os.getpid())
    try:
        with open(temporary, "wb") as f:
            f.write(content)
        os.rename(temporary, path)
    finally:
        if os.path.exists(temporary):
            os.remove(temporary)


def _remove_orphans(path, machine):
    """Remove what processes of this machine that were killed while they wrote `path` have left."""
    folder, name = os.path.split(path)
    orphan = re.compile("{}[.]{}-([0-9]{{1,9}})[.]tmp$".format(re.escape(name), machine))
    for found in filter(None, map(orphan.match, os.listdir(folder) if os.name == "posix" else [])):
        try:
            os.kill(int(found.group(1)), 0)  # sends nothing: fails where there is no such process
        except OSError as error:
            if error.errno == errno.ESRCH:
                os.remove(os.path.join(folder, found.group()))


def _joined(match):
    return ", " if match.group().startswith(",") else ""


def _cpu():
    """Return the processor's name and the instruction sets that numerical kernels choose by."""
    try:
        with open("/proc/cpuinfo") as f:
            text = f.read()
    except IOError:
        return platform.machine()
    name = re.search(r"^model name\s*: (.*)$", text, re.M)
    flags = re.search(r"^flags\s*: (.*)$", text, re.M)
    known = set(flags.group(1).split()) if flags else set()
    sets = [flag for flag in ("sse4_2", "avx", "avx2", "fma", "avx512f", "avx512_vnni", "amx_tile") if flag in known]
    return " ".join([name.group(1) if name else platform.machine()] + sets)

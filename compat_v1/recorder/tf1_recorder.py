"""Record a run of a TensorFlow 1 program, bit for bit, into one file. Put this file beside the program, and at its top:

    import tf1_recorder
    tf1_recorder.record("run.npz", runs=100)

It needs TensorFlow 1.0 to 1.15, or `compat.v1` of a later one, NumPy and Python 2.7 or 3. Of the first session that
runs after this, it keeps the graph, what the first `runs` calls of `run` were fed and gave, the variables before the
first update, after it and at the end, and the stack. What a queue or an iterator gave is fetched along and kept, so
that the recording can be replayed without the files that it came from. The program computes what it did.

The file is written when the last of the runs has ended, the session is closed or the program ends, in one step: if the
program is killed before, there is none. It is a zip file of `recording.json`, `graph.pb` and an `.npy` file for each
different array, named by the SHA-256 of its bytes. `python -m compat_v1 replay` reads it.

All of it stands in one file, longer than the project's others, because it is one file that an owner can carry along.
"""

from __future__ import print_function

import atexit
import hashlib
import io
import json
import os
import platform
import re
import sys
import threading
import zipfile

import numpy as np

FORMAT = 1
LIMIT = 2**28  # bytes of different arrays that are kept; of what comes after, the SHA-256 only

UPDATES = re.compile(
    "((Resource)?(Sparse)?Apply.*|Assign(Add|Sub)(VariableOp)?|(Resource)?(StridedSliceAssign|CountUpTo)|"
    "(Resource)?Scatter(Nd)?(Add|Sub|Mul|Div|Min|Max|Update)|(Stateful)?PartitionedCall|While|If|Case)$"
)
ARRAYS = {
    "bool",
    "string",
    "float16",
    "bfloat16",
    "float32",
    "float64",
    "complex64",
    "complex128",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
}
SETS = {"Assign", "AssignVariableOp"}
VARIABLES = {"Variable", "VariableV2", "VarHandleOp"}
# What brings data from outside the graph, or from another run.
SOURCES = re.compile(
    "Iterator(FromStringHandle)?GetNext(Sync|AsOptional)?|QueueDequeue.*|PyFunc(Stateless)?|EagerPyFunc"
)


def record(path, runs=100):
    """Record the first `runs` runs of the session that runs next into the file `path`.

    Raises `ValueError` if the file cannot be written or `runs` is not 1 or more: now, and not after hours of training.
    """
    folder = os.path.dirname(os.path.abspath(path))
    if os.path.isdir(path) or not os.path.isdir(folder) or not os.access(folder, os.W_OK):
        raise ValueError("tf1_recorder: {}: give a file in a folder that exists and can be written".format(path))
    if int(runs) != runs or runs < 1:
        raise ValueError("tf1_recorder: runs={!r}: integers from 1 up are allowed".format(runs))
    _Recorder(path, int(runs)).begin()


class _Recorder(object):
    def __init__(self, path, runs):
        import tensorflow  # here, so that the file can be imported before the program has chosen its settings

        self.tf = getattr(getattr(tensorflow, "compat", None), "v1", tensorflow)
        self.versions = {"tensorflow": tensorflow.__version__, "git": getattr(tensorflow, "__git_version__", "")}
        self.path, self.wanted, self.thread = os.path.abspath(path), runs, threading.current_thread()
        self.base = next(one for one in self.tf.Session.__mro__ if "_do_run" in vars(one))  # BaseSession
        self.session, self.is_from_the_start, self.is_busy, self.is_done = None, False, False, False
        self.runs, self.arrays, self.variables, self.size = [], {}, {}, 0
        self.others, self.notes, self.plans, self.new_sessions = {}, [], {}, []

    # Hooks. `BaseSession._do_run` is where every run passes, with its feeds and fetches flat and as arrays.

    def begin(self):
        recorder, base = self, self.base
        self.do_run, init = base._do_run, base.__init__

        def new_init(session, *args, **kwargs):
            init(session, *args, **kwargs)
            recorder.new_sessions.append(id(session))

        def new_do_run(session, handle, target_list, fetch_list, feed_dict, options, run_metadata):
            def execute(extra):
                first = (list(fetch_list) + list(target_list) + [None])[0]
                extra = [
                    name.encode("ascii") if isinstance(first, bytes) else session.graph.get_tensor_by_name(name)
                    for name in extra
                ]
                fetches = list(fetch_list) + extra if extra else fetch_list
                return recorder.do_run(session, handle, target_list, fetches, feed_dict, options, run_metadata)

            if handle is not None:
                recorder.give_up("a partial run (partial_run) cannot be recorded")
            targets, fetches = [_name(t) for t in target_list], [_name(t) for t in fetch_list]
            if not recorder.is_wanted(session, targets, fetches):
                return execute([])
            feeds = [(_name(key), value) for key, value in feed_dict.items()]
            return recorder.run(session, targets, fetches, feeds, execute)

        close = base.close

        def new_close(session):
            if session is recorder.session and not recorder.is_done:
                recorder.finish()
            close(session)

        base.__init__, base._do_run, base.close = new_init, new_do_run, new_close
        if hasattr(base, "make_callable"):  # since 1.2; it may go past `_do_run`
            base.make_callable = _make_callable
        if hasattr(base, "_make_callable_from_options"):  # Keras's, since 1.8
            base._make_callable_from_options = self.keras_hook(base._make_callable_from_options)
        atexit.register(self.finish)

    def keras_hook(self, make):
        recorder = self

        def new_make(session, options):
            call = make(session, options)

            def new_call(*args, **kwargs):
                if not recorder.is_wanted(session, list(options.target), list(options.fetch)):
                    return call(*args, **kwargs)
                feeds = [(name, np.asarray(value)) for name, value in zip(options.feed, args)]
                return recorder.run(
                    session,
                    list(options.target),
                    list(options.fetch),
                    feeds,
                    lambda extra: call(*args, **kwargs),
                    can_fetch_more=False,
                )

            return new_call

        return new_make

    def is_wanted(self, session, targets, fetches):
        if self.is_done or self.is_busy:
            return False
        is_ours = threading.current_thread() is self.thread
        if is_ours and self.session is None:
            self.session, self.is_from_the_start = session, id(session) in self.new_sessions
        if session is not self.session:
            self.count("runs of other sessions")
        elif not is_ours:  # such as a queue's: what it gave is fetched along
            updates = self.plan(session.graph, targets, fetches, [])["updates"]
            self.count("updates in other threads" if updates else "runs in other threads")
        return is_ours and session is self.session

    def count(self, what):
        self.others[what] = self.others.get(what, 0) + 1

    # A run.

    def run(self, session, targets, fetches, feeds, execute, can_fetch_more=True):
        """Execute a run and note it; what goes wrong in the noting ends the recording, never the program."""
        plan, entry = None, None
        try:
            plan = self.plan(session.graph, targets, fetches, [name for name, _ in feeds])
            extra = [name for name in plan["sources"] if name not in fetches] if can_fetch_more else []
            entry = {"targets": targets, "fetches": fetches, "feeds": {n: self.keep(v) for n, v in feeds}}
            updates = plan["updates"] or self.sets_again(session, plan["dependent"])
            entry["sets"] = bool(plan["sets"] or plan["dependent"]) and not updates
            entry["updates"] = bool(updates)
            if entry["updates"] and "initial" not in self.variables:
                self.variables["initial"] = self.read(session)
        except Exception as error:
            self.give_up("{}: {}".format(type(error).__name__, error))
            return execute([])
        try:
            values = execute(extra)
        except BaseException as error:
            entry["error"] = type(error).__name__
            self.note(session, entry)
            raise
        results = list(values)
        try:
            entry["values"] = [self.keep(value) for value in results[: len(fetches)]]
            entry["sources"] = {n: self.keep(v) for n, v in zip(extra, results[len(fetches) :])}
            missing = [n for n in plan["sources"] if n not in extra and n not in fetches]
            if missing or plan["hidden"]:
                entry["unseen"] = sorted(missing + plan["hidden"])
        except Exception as error:
            self.give_up("{}: {}".format(type(error).__name__, error))
        self.note(session, entry)
        return values[: len(fetches)] if extra else values

    def note(self, session, entry):
        if self.is_done:
            return
        self.runs.append(entry)
        if entry["updates"] and "first_update" not in self.variables:
            self.variables["first_update"] = self.read(session)
        if len(self.runs) == self.wanted:
            self.finish()

    def plan(self, graph, targets, fetches, fed):
        """Return, from the graph alone, what a run of these names does to variables and where its data come from."""
        key = (tuple(targets), tuple(fetches), tuple(fed), graph.version)
        if key not in self.plans:
            ops = [graph.as_graph_element(name) for name in targets + fetches]
            before = _before([getattr(op, "op", op) for op in ops], set(fed))
            plan = {"sources": [], "hidden": [], "updates": [], "sets": [], "dependent": []}
            for op in before:
                if SOURCES.match(op.type):
                    for tensor in op.outputs:
                        can_fetch = op._get_control_flow_context() is None and tensor.dtype.name in ARRAYS
                        if tensor.name not in fed:
                            plan["sources" if can_fetch else "hidden"].append(tensor.name)
                elif op.type in SETS:
                    value = op.inputs[1]
                    reads = value.name not in fed and any(o.type in VARIABLES for o in _before([value.op], set(fed)))
                    plan["dependent" if reads else "sets"].append(op)
                elif UPDATES.match(op.type):
                    plan["updates"].append(op.name)
            self.plans[key] = plan
        return self.plans[key]

    def sets_again(self, session, assigns):
        """Whether one of the assignments, whose values depend on variables, changes one that has a value already."""
        return any(self.read_one(session, op.inputs[0].op) is not None for op in assigns)

    # Variables. Reading them computes nothing and draws nothing.

    def read(self, session):
        """Return {variable's op name: kept array}, None for one that has no value yet."""
        ops = [op for op in session.graph.get_operations() if op.type in VARIABLES]
        tensors = {op.name: _reading(op) for op in ops}
        found = self.fetch(session, {name: tensor for name, tensor in tensors.items() if tensor is not None})
        if found is None:
            found = {op.name: self.read_one(session, op) for op in ops}
        return {op.name: self.keep(found[op.name]) if found.get(op.name) is not None else None for op in ops}

    def read_one(self, session, op):
        tensor = _reading(op)
        found = None if tensor is None else self.fetch(session, {op.name: tensor})
        return found and found[op.name]

    def fetch(self, session, tensors):
        names = sorted(tensors)
        self.is_busy = True
        try:
            return dict(zip(names, session.run([tensors[name] for name in names])))
        except self.tf.errors.OpError:
            return None
        finally:
            self.is_busy = False

    # What is kept.

    def keep(self, value):
        """Return the description of an array; its bytes are kept once, however often it comes, up to the limit."""
        array = np.asarray(value)
        shape, dtype = list(array.shape), array.dtype.name
        if array.dtype.kind in "OSU":  # strings: their lengths, then their bytes
            parts = [s if isinstance(s, bytes) else "{}".format(s).encode("utf-8") for s in array.ravel().tolist()]
            content = np.array([len(part) for part in parts], "<i8").tobytes() + b"".join(parts)
            dtype, stored = "string", np.frombuffer(content, np.uint8)
        else:
            stored = np.ascontiguousarray(array)
            stored = stored.astype(stored.dtype.newbyteorder("<")) if stored.dtype.kind in "iufc" else stored
            content = stored.tobytes()
            stored = np.frombuffer(content, stored.dtype if stored.dtype.kind in "biufc" else np.uint8)
        digest = hashlib.sha256(content).hexdigest()
        if digest not in self.arrays:
            if self.size + len(content) > LIMIT:
                self.say_once(
                    "more than {} MiB of arrays: of the others only the SHA-256 is kept, and a run fed with "
                    "such a one cannot be replayed".format(LIMIT >> 20)
                )
                return {"dtype": dtype, "shape": shape, "sha256": digest, "kept": False}
            self.arrays[digest], self.size = stored, self.size + len(content)
        return {"dtype": dtype, "shape": shape, "sha256": digest, "kept": True}

    def say_once(self, sentence):
        if sentence not in self.notes:
            self.notes.append(sentence)
            print("tf1_recorder: " + sentence, file=sys.stderr)

    def give_up(self, why):
        if not self.is_done:
            self.is_done = True
            self.say_once("nothing is recorded: " + why)

    def finish(self):
        """Write the file, once; without a run there is nothing to write."""
        if self.is_done or not self.runs:
            return
        try:
            if not self.session._closed:
                self.variables["final"] = self.read(self.session)
                self.variables.setdefault("initial", self.variables["final"])
            # With the shapes that the program set: no op of a GraphDef says them, and gradients are built by them.
            graph = self.session.graph.as_graph_def(add_shapes=True).SerializeToString()
            content = {
                "format": FORMAT,
                "stack": dict(self.versions, **_stack()),
                "graph_seed": self.session.graph.seed,
                "graph_sha256": hashlib.sha256(graph).hexdigest(),
                "config": str(self.session._config or ""),
                "from_the_start": self.is_from_the_start,
                "runs": self.runs,
                "variables": self.variables,
                "unrecorded": self.others,
                "notes": self.notes,
            }
            _write(self.path, content, graph, self.arrays)
        except Exception as error:
            self.give_up("{}: {}".format(type(error).__name__, error))
            return
        self.is_done = True
        print("tf1_recorder: {} runs recorded in {}".format(len(self.runs), self.path), file=sys.stderr)


def _make_callable(session, fetches, feed_list=None, accept_options=False):
    """Do what `BaseSession.make_callable` does, by `run`."""

    def call(*args, **kwargs):
        return session.run(fetches, dict(zip(feed_list or [], args)), **kwargs)

    return call


def _name(item):
    """Return the name of a tensor or op as TensorFlow's releases pass it: itself, a reference to it, or bytes."""
    item = item.deref() if hasattr(item, "deref") else item
    name = getattr(item, "name", item)
    return name if isinstance(name, str) else name.decode("ascii")


def _before(ops, fed):
    """Return the ops and all that they wait for, without what stands only behind fed tensors."""
    found, todo = {}, list(ops)
    while todo:
        op = todo.pop()
        if op.name not in found:
            found[op.name] = op
            todo += [t.op for t in op.inputs if t.name not in fed] + list(op.control_inputs)
    return list(found.values())


def _reading(variable):
    """Return the tensor that reads a variable, or None: nothing may be added to the program's graph."""
    if variable.type != "VarHandleOp":
        return variable.outputs[0]
    return next((op.outputs[0] for op in variable.outputs[0].consumers() if op.type == "ReadVariableOp"), None)


def _stack():
    """Return what a run's last digits depend on, besides TensorFlow."""
    try:
        with io.open("/proc/cpuinfo", encoding="utf-8") as f:
            text = f.read()
    except IOError:
        text = ""
    name, flags = (re.search(r"^{}\s*: (.*)$".format(key), text, re.M) for key in ("model name", "flags"))
    known = set(flags.group(1).split()) if flags else set()
    pattern = re.compile("sse|ssse|avx|fma|f16c|amx")
    settings = (
        "TF_ENABLE_ONEDNN_OPTS",
        "TF_DETERMINISTIC_OPS",
        "TF_CUDNN_DETERMINISTIC",
        "OMP_NUM_THREADS",
        "MKL_NUM_THREADS",
        "ONEDNN_MAX_CPU_ISA",
        "TF_USE_LEGACY_KERAS",
        "CUDA_VISIBLE_DEVICES",
    )
    return {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "system": "{} {}".format(platform.system(), platform.machine()),
        "cpu": name.group(1) if name else platform.processor(),
        "instruction_sets": sorted(flag for flag in known if pattern.match(flag)),
        "environment": {key: os.environ[key] for key in settings if key in os.environ},
    }


def _write(path, content, graph, arrays):
    """Write the file in one step: a reader finds no file, the one that was there before, or the whole new one."""
    text = json.dumps(content, sort_keys=True).encode("ascii")
    temporary = "{}.{}.tmp".format(path, os.getpid())
    try:
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, True) as archive:
            members = [
                ("recording.json", text),
                ("recording.sha256", hashlib.sha256(text).hexdigest().encode("ascii")),
                ("graph.pb", graph),
            ]
            for digest in sorted(arrays):
                buffer = io.BytesIO()
                np.lib.format.write_array(buffer, arrays[digest], allow_pickle=False)
                members.append(("arrays/{}.npy".format(digest), buffer.getvalue()))
            for name, data in members:
                member = zipfile.ZipInfo(name)  # without the time: the same run gives the same file
                member.compress_type, member.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
                archive.writestr(member, data)
        getattr(os, "replace", os.rename)(temporary, path)
    finally:
        if os.path.exists(temporary):
            os.remove(temporary)

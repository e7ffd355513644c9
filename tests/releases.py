"""Which release of TensorFlow changed what: the corpus as every minor release from 1.0 to 2.21 builds it.

`python tests/releases.py build` (`make releases`) installs each release in an environment of its own, one after the
other, builds the corpus, removes the environment, and packs all graphs into tests/corpus/recorded/releases.tar.xz. It
goes on where it was stopped, and builds no release anew of which the archive has each program of the corpus as it
stands: without the archive, all of them. `python tests/releases.py table` audits each release's graphs against the next
one's and against today's, and writes docs/audit_releases.md; it needs none of those releases. `python
tests/releases.py calls` builds the calls of `make audit-calls` under some, `larger` the programs of `make
audit-larger`.
"""

import argparse
import functools
import gzip
import hashlib
import io
import itertools
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from compat_v1.environment import import_tensorflow

import_tensorflow()

import tensorflow.compat.v1 as tf  # noqa: E402

from compat_v1.audit import audit, read_graph_def  # noqa: E402
from compat_v1.audit.comparison import audit_graphs, readable, shapes_of_placeholders  # noqa: E402
from corpus import sources  # noqa: E402
from corpus_graphs import CORPUS, RECORDED, build_today  # noqa: E402

ROOT = Path(__file__).parents[1]
ENVIRONMENTS = ROOT / ".venv-releases"
ARCHIVE = RECORDED / "releases.tar.xz"
DOCUMENT = ROOT / "docs" / "audit_releases.md"

# What the old releases need of the packages that go on without them.
_OF_1 = ("protobuf<3.18", "numpy<1.17", "gast==0.2.2", "h5py<3", "grpcio<1.49")
_OF_2 = ("protobuf<3.20",)


# (Python, package, what else it needs, the last patch of each minor release that the package index has)
_GROUPS = (
    ("3.6", "tensorflow", _OF_1, ["1.0.1", "1.1.0", "1.2.1", "1.3.0", "1.4.1", "1.5.1", "1.6.0", "1.7.1", "1.8.0"]),
    ("3.6", "tensorflow", _OF_1, ["1.9.0", "1.10.1", "1.11.0", "1.12.3"]),
    ("3.7", "tensorflow", _OF_1, ["1.13.2", "1.14.0", "1.15.5"]),
    ("3.7", "tensorflow", _OF_2, ["2.0.4"]),
    ("3.7", "tensorflow-cpu", _OF_2, ["2.1.4", "2.2.3", "2.3.4", "2.4.4", "2.5.3", "2.6.5", "2.7.4", "2.8.4"]),
    ("3.8", "tensorflow-cpu", (), ["2.9.3", "2.10.1", "2.11.1"]),
    ("3.11", "tensorflow-cpu", (), ["2.12.1", "2.13.1", "2.14.1"]),
    ("3.11", "tensorflow-cpu", ("tf-keras==2.15.1",), ["2.15.1"]),
    ("3.11", "tensorflow-cpu", ("tf-keras==2.16.0",), ["2.16.2"]),
    ("3.11", "tensorflow-cpu", ("tf-keras==2.17.0",), ["2.17.1"]),
    ("3.11", "tensorflow-cpu", ("tf-keras==2.18.0",), ["2.18.1"]),
    ("3.11", "tensorflow-cpu", ("tf-keras==2.19.0",), ["2.19.1"]),
    ("3.11", "tensorflow-cpu", ("tf-keras==2.20.1",), ["2.20.0"]),
    ("3.11", "tensorflow-cpu", ("tf-keras==2.21.0",), ["2.21.0"]),
)
RELEASES = {
    release: (python, (f"{package}=={release}", *others))
    for python, package, others, releases in _GROUPS
    for release in releases
}

BETWEEN = ("1.4.1", "1.8.0", "1.12.3")  # some releases between 1.0.1 and 1.15.5


def interpreter(version):
    """Return the path of a Python of that version, from pyenv or the search path, or None.

    Pyenv first: on the search path its shims stand in for every version, and refuse those that are not chosen.
    """
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = sorted(pyenv.glob(f"{version}.*/bin/python"), reverse=True)
    return str(found[0]) if found else shutil.which(f"python{version}")


def build(release, script, folder, *options):
    """Run a script of tests/corpus that builds graphs into a folder, under a release; raises `RuntimeError`."""
    version, requirements = RELEASES[release]
    python = interpreter(version)
    if python is None:
        raise RuntimeError(f"TensorFlow {release} needs Python {version}, which is not here")
    environment = ENVIRONMENTS / release
    try:
        pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--prefer-binary", "--no-compile"]
        _run([python, *pip, "--no-cache-dir", "--target", str(environment), *requirements], release)
        shutil.rmtree(environment / "enum", ignore_errors=True)  # 1.4 and 1.5 ask for it; it hides Python's own
        settings = {"PYTHONPATH": str(environment), "PYTHONNOUSERSITE": "1", "PYTHONHASHSEED": "0"}
        _run([python, "-W", "ignore", str(CORPUS / script), str(folder), *options], release, **settings)
    finally:
        shutil.rmtree(environment, ignore_errors=True)
        shutil.rmtree(f"{folder}.new", ignore_errors=True)  # of a build that has failed


def _run(command, release, **settings):
    own = {name: value for name, value in os.environ.items() if name != "TF2_BEHAVIOR"}  # which this TensorFlow has set
    done = subprocess.run(command, env={**own, **settings}, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise RuntimeError(f"TensorFlow {release}: {last}")


def canonical(graph_def):
    """Return the bytes of a GraphDef without the note of which release wrote it."""
    copy = tf.GraphDef.FromString(graph_def.SerializeToString())
    copy.ClearField("versions")
    return copy.SerializeToString(deterministic=True)


def digests():
    """Return {program of the corpus: the SHA-256 of what its graph depends on}."""
    texts = {name: sources.without_mistakes(sources.text(name)) for name in sources.names()}
    return {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()}


def buildable(release):
    """Return the names of the programs of the corpus that a release can build."""
    return {name for name in sources.names() if sources.load(name).get("SINCE", (1, 0)) <= _numbers(release)[:2]}


def is_complete(folder):
    """Whether a folder, named as a release, has a graph of each program that the release can build."""
    return buildable(folder.name) <= {path.name.partition(".")[0] for path in folder.glob("*.pb.gz")}


def pack(folder, archive=ARCHIVE):
    """Write the graphs of folder/RELEASE/PROGRAM.pb.gz to the archive: each different graph once, and an index.

    With it goes what the programs were (`digests`).

    Not those of `make corpus`, which are recorded beside it. The graphs of a program stand behind each other, so that
    what they share takes no space.
    """
    index, graphs = {}, {}
    paths = [path for path in Path(folder).glob("*/*.pb.gz") if not (RECORDED / f"tf{path.parent.name}").exists()]
    for path in sorted(paths, key=lambda path: (path.name, _numbers(path.parent.name))):
        name = path.name.partition(".")[0]
        content = canonical(tf.GraphDef.FromString(gzip.decompress(path.read_bytes())))
        member = f"{name}/{hashlib.sha256(content).hexdigest()[:16]}.pb"
        graphs[member] = content
        index.setdefault(path.parent.name, {})[name] = member
    temporary = archive.with_suffix(".tmp")
    with tarfile.open(temporary, "w:xz", preset=9) as tar:
        notes = {"index.json": index, "sources.json": digests()}
        notes = {name: json.dumps(note, indent=1).encode() for name, note in notes.items()}
        for member, content in {**notes, **graphs}.items():
            entry = tarfile.TarInfo(member)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    temporary.replace(archive)


def unpack(folder):
    """Write the archive's graphs to folder/RELEASE/PROGRAM.pb.gz, for the releases that are not there.

    But for those of programs that have changed since.
    """
    index, graphs = stored()
    now, then = digests(), packed_digests()
    for release, programs in index.items():
        if (folder / release).exists():
            continue
        new = folder / f"{release}.new"
        new.mkdir(parents=True, exist_ok=True)
        for name, member in programs.items():
            if now.get(name) == then.get(name):
                (new / f"{name}.pb.gz").write_bytes(gzip.compress(canonical(graphs[member])))
        new.rename(folder / release)


def packed_digests():
    """Return the `digests` of the programs that the archive's graphs are of."""
    with tarfile.open(ARCHIVE) as tar:
        return json.load(tar.extractfile("sources.json"))


@functools.cache
def stored():
    """Return the graphs of the archive and of make corpus: (index {release: {program: member}}, {member: GraphDef})."""
    with tarfile.open(ARCHIVE) as tar:
        contents = {entry.name: tar.extractfile(entry).read() for entry in tar}
    del contents["sources.json"]
    index = json.loads(contents.pop("index.json"))
    for folder in RECORDED.glob("tf*"):
        programs = {path.name.partition(".")[0]: path for path in sorted(folder.glob("*.pb.gz"))}
        index[folder.name[2:]] = {name: f"{name}/{folder.name}.pb" for name in programs}
        contents |= {f"{name}/{folder.name}.pb": gzip.decompress(path.read_bytes()) for name, path in programs.items()}
    return index, {member: tf.GraphDef.FromString(content) for member, content in contents.items()}


def steps(programs=None):
    """Return [(program, older release, newer one)] for each neighbouring two whose graphs are not the same."""
    index, _ = stored()
    releases = sorted(index, key=_numbers)
    return [
        (name, older, newer)
        for older, newer in itertools.pairwise(releases)
        for name in sorted(index[older].keys() & index[newer].keys())
        if index[older][name] != index[newer][name] and (programs is None or name in programs)
    ]


# Where the first apply, the audit writes nodes of its own as today's TensorFlow would, and these may need the others.
WRITTEN_ANEW = {"fused batch normalization (changes numbers)", "moments (changes numbers)", "row in a part"}
OF_TODAY = {"AddV2", "kept dimensions", "private attributes", "select", "spread", "waits in groups"}


def changes(step):
    """Audit one step; return (the rules and causes that it needed, in words what none of them explains)."""
    name, older, newer = step
    index, graphs = stored()
    result = audit(*(_of_release(graphs[index[release][name]], release) for release in (older, newer)))
    causes = [f"{number.cause} (changes numbers)" for number in result.numbers]
    needed = [rule for rule, count in result.rules.items() if count] + causes
    of_no_release = OF_TODAY if WRITTEN_ANEW.intersection(needed) else set()
    return [one for one in needed if one not in of_no_release], _in_words(result)


def ports(programs=None):
    """Return [(program, release)] for each stored graph, by the oldest of the releases that built it."""
    index, _ = stored()
    oldest = {}
    for release in sorted(index, key=_numbers):
        for name, member in sorted(index[release].items()):
            if programs is None or name in programs:
                oldest.setdefault(member, (name, release))
    return list(oldest.values())


@functools.cache
def _of_today(path):
    return readable(read_graph_def(path))


def of_port(folder, port):
    """Audit one of `ports` against today's graph in `folder`; return in words what no rule explains."""
    name, release = port
    index, graphs = stored()
    original, today = _of_release(graphs[index[release][name]], release), _of_today(folder / f"{name}.pb.gz")
    shapes = shapes_of_placeholders(original, today.graph_def)
    return _in_words(audit_graphs(readable(original, shapes), today))


def _in_words(result):
    return [f"`{difference.node or difference.port_node}` {difference.what}" for difference in result.differences]


def _of_release(graph_def, release):
    """Return a graph that is stored without versions with one.

    From 22 on a placeholder may be said to be a scalar, and from 135 on seeds be the number of random ops before.
    """
    copy = tf.GraphDef.FromString(graph_def.SerializeToString())
    by_release = 21 if _numbers(release) < (1, 2) else 24 if _numbers(release) < (2, 0) else 135
    copy.versions.producer = copy.versions.producer or by_release
    return copy


def document(found, left_of_ports):
    """Yield the lines of docs/audit_releases.md; of {step: changes(step)} and {port: of_port(port)}."""
    index, _ = stored()
    releases = sorted(index, key=_numbers)
    yield "# Which release of TensorFlow changed what"
    yield ""
    yield "    make releases            # build the corpus under each release: an hour or more"
    yield "    make releases-table      # this table, from the stored graphs"
    yield ""
    yield f"The corpus as {len(releases)} releases build it, each audited against the one before:"
    yield f"{', '.join(releases)}."
    yield "A release stands in the row of a rule if the rule was needed to pass from the release before it, with the"
    yield "number of programs of the corpus that needed it."
    yield ""
    yield "| rule | since | all releases |"
    yield "| --- | --- | --- |"
    needed = Counter((rule, step[2]) for step, (rules, _) in found.items() for rule in rules)
    for rule in sorted({rule for rule, _ in needed}):
        at = [release for release in releases if needed[rule, release]]
        yield f"| {rule} | {at[0]} | {', '.join(f'{release} ({needed[rule, release]})' for release in at)} |"
    yield ""
    yield "What no rule explains, from one release to the next:"
    yield ""
    left = [(step, differences) for step, (_, differences) in found.items() if differences]
    for (name, older, newer), differences in left:
        yield f"- {name}, {older} to {newer}: {len(differences)} differences, the first at {differences[0]}"
    if not left:
        yield "Nothing."
    yield ""
    yield "## Against today's"
    yield ""
    yield f"The same graphs against those of the port, as TensorFlow {tf.__version__} builds it."
    yield ""
    yield "| release | programs | pass | not faithful |"
    yield "| --- | ---: | ---: | --- |"
    differ = {index[release][name] for (name, release), left in left_of_ports.items() if left}
    for release in releases:
        failed = [name for name, member in sorted(index[release].items()) if member in differ]
        programs = len(index[release])
        yield f"| {release} | {programs} | {programs - len(failed)} | {', '.join(failed) or 'none'} |"


def rows():
    """Return {rule: {releases}} as the document has it."""
    text, _, _ = DOCUMENT.read_text().partition("\n## ")
    lines = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("| ")]
    return {
        line[0].strip(): {one.split()[0] for one in line[2].split(",")} for line in lines[1:] if "---" not in line[0]
    }


def _numbers(release):
    return tuple(int(part) for part in release.split("."))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("build", "table", "calls", "larger"))
    what = parser.parse_args().what
    if what == "table":
        with ProcessPoolExecutor(os.cpu_count()) as pool, tempfile.TemporaryDirectory() as folder:
            found = dict(zip(steps(), pool.map(changes, steps()), strict=True))
            of_today = functools.partial(of_port, build_today(Path(folder) / "today"))
            left_of_ports = dict(zip(ports(), pool.map(of_today, ports()), strict=True))
        DOCUMENT.write_text("\n".join(document(found, left_of_ports)) + "\n")
        return
    if what == "calls":
        folders = {release: ROOT / "build" / "calls" / f"tf{release}" for release in BETWEEN}
        _build(folders, "calls.py")
        return
    if what == "larger":
        folders = {release: ROOT / "build" / "larger" / f"tf{release}" for release in ("1.0.1", *BETWEEN)}
        _build(folders, "build.py", "--larger")
        return
    if ARCHIVE.exists():
        unpack(ENVIRONMENTS / "graphs")
    folders = {release: ENVIRONMENTS / "graphs" / release for release in RELEASES}
    today = folders.pop(tf.__version__)
    _build(folders, "build.py", is_there=is_complete)
    if not is_complete(today):
        build_today(today)
    pack(ENVIRONMENTS / "graphs")
    print(f"{1 + sum(map(is_complete, folders.values()))} releases in {ARCHIVE.name}")


def _build(folders, script, *options, is_there=Path.exists):
    for release, folder in folders.items():
        if not is_there(folder):
            print(f"TensorFlow {release}", flush=True)
            try:
                build(release, script, folder, *options)
            except RuntimeError as error:
                print(f"left out: {error}")


if __name__ == "__main__":
    main()

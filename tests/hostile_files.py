"""Files of every kind in every place where a command reads or writes one."""

import contextlib
import gzip
import os
import random
import threading
from collections.abc import Iterator
from pathlib import Path

from hostile_attempt import Outcome, attempt

# Every place of a file: `?` is the file in question.
READ = [
    ["verify", "?"],
    ["verify", "record.json", "--original", "?"],
    ["explain", "?"],
    ["predict", "00-+++", "--checkpoint", "?"],
    ["play", "+-", "--checkpoint", "?"],
    ["tensorboard", "--logdir", "?"],
    ["audit", "?", "new.pb"],
    ["audit", "old.pb", "?"],
    ["beside", "?", "new.pb"],
    ["beside", "old.pb", "?"],
    ["beside", "old.pb", "new.pb", "--feeds", "?"],
    ["beside", "old.pb", "new.pb", "--checkpoint", "?"],
    ["replay", "?", "run.pb"],
    ["replay", "run.npz", "?"],
    ["replay", "run.npz", "run.pb", "--scale", "?"],
]
WRITTEN = [
    ["recorder", "?"],
    ["audit", "old.pb", "new.pb", "--html", "?"],
    ["beside", "old.pb", "new.pb", "--updates", "1", "--html", "?"],
    ["replay", "run.npz", "run.pb", "--plot", "?"],
    ["verify", "record.json", "--original", "original.json", "--report", "?"],
    ["train", "--epochs", "1", "--logdir", "out", "--record", "?"],
    ["train", "--epochs", "1", "--logdir", "?"],
    ["train", "--epochs", "1", "--logdir", "out", "--checkpoint", "?"],
    ["train-any-length", "--updates", "2", "--checkpoint", "?"],
    ["reproduce", "--epochs", "1", "--out", "?"],
]
DEVICES = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/tty", "/proc/self/mem", "/proc/1/mem"]
COPIED = ["record.json", "original.json", "old.pb", "new.pb", "run.npz", "run.pb", "events", "feeds.npz"]


def bad_files(folder: Path) -> list[str]:
    """Make files and what is none, and return their names."""
    contents = {
        "empty": b"",
        "text": b"hello \x1b[31m world\n",
        "zeros": bytes(5000),
        "random": random.Random(1).randbytes(5000),
        "deep.json": b"[" * 10**5,
        "bomb.gz": gzip.compress(bytes(2**24)),
        "\u202egnp.exe": b"x",
        "a\x1b[2Jb": b"x",
        "new\nline": b"x",
    }
    for name in ("record.json", "old.pb", "run.npz", "events"):
        contents[f"half of {name}"] = (folder / name).read_bytes()[: (folder / name).stat().st_size // 2]
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    (folder / "a folder").mkdir(exist_ok=True)
    for link, target in (("loop", "loop"), ("dangling", "nothing")):
        with contextlib.suppress(FileExistsError):
            (folder / link).symlink_to(target)
    with (folder / "huge").open("wb") as file:
        file.truncate(2**36)
    others = ["no-such", "no/such", "loop/x", "x" * 300, "", "a\0b", "\ud800", "-", ".", "..", "/", "gs://b/c", "~"]
    return [*contents, "a folder", "loop", "dangling", "huge", "fifo", *others, *DEVICES, *COPIED[:5], "kept", "any"]


def files_in_every_place(folder: Path) -> Iterator[Outcome]:
    """Every bad file in every place where a command reads or writes one; wrong, if it changes what it reads."""
    before = {name: (folder / name).read_bytes() for name in COPIED}
    names = bad_files(folder)
    here = Path.cwd()
    os.chdir(folder)
    try:
        for argv in READ + WRITTEN:
            for name in names:
                if argv[0] == "tensorboard" and name in ("kept", "..", "/", "."):  # it would serve, or search the disk
                    continue
                if argv in WRITTEN and name in ("huge", "~", "-", "..", "/"):
                    continue
                if argv in WRITTEN and argv[0] in ("train", "verify", "reproduce") and name in before:
                    continue  # what a user names to be written is written, and these take long
                os.mkfifo("fifo")
                with _a_writer("fifo"):
                    outcome = attempt(*[name if word == "?" else word for word in argv])
                Path("fifo").unlink()
                place = "--" + name
                lost = [one for one in before if Path(one).read_bytes() != before[one] and one != name]
                if lost or (name.startswith("/dev/") and not Path(name).is_char_device()):
                    outcome = outcome._replace(kind="wrong", shown=f"{place}: lost {lost}\n{outcome.shown}")
                for one in before:
                    Path(one).write_bytes(before[one])
                yield outcome._replace(shown=f"{argv} {name!r}\n{outcome.shown}")
    finally:
        os.chdir(here)


@contextlib.contextmanager
def _a_writer(fifo: str) -> Iterator[None]:
    """Have somebody write a line into the FIFO as soon as it is read, or read it, at the end."""
    done = threading.Event()

    def write() -> None:
        while not done.is_set():
            with contextlib.suppress(OSError):  # nobody reads yet
                number = os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
                with contextlib.closing(os.fdopen(number, "wb")) as file:
                    file.write(b"hello\n")
            done.wait(0.05)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()

"""The event logs of a run: the folder that they go to, and the latest one. Imports no TensorFlow."""

from datetime import datetime
from pathlib import Path

PARTS = ("train", "test")  # the post's two writers


def new_run_folder(logdir: str | Path) -> Path:
    """Make `<logdir>/selfmade_lstm/<datetime.now()>`, the post's layout, and return it; `OSError` if that cannot be."""
    return new_folder(Path(logdir) / "selfmade_lstm", "{}")


def new_folder(parent: Path, name: str) -> Path:
    """Make the folder `name`, a format of the time, in `parent` and return it; `OSError` if that cannot be.

    No two callers get the same folder, not even when they call in the same microsecond.
    """
    parent.mkdir(parents=True, exist_ok=True)
    while True:
        folder = parent / name.format(datetime.now())
        try:
            folder.mkdir()
            return folder
        except FileExistsError:
            continue


def latest_run(logdir: str | Path) -> Path:
    """Return the folder of the latest run below `logdir`, or `logdir` itself if it is a run's; `ValueError` if none."""
    logdir = Path(logdir)
    runs = [logdir, *sorted((logdir / "selfmade_lstm").glob("*"), reverse=True)]
    for folder in runs:
        if all((folder / part).is_dir() for part in PARTS):
            return folder
    raise ValueError(f"{logdir} holds no run: train --logdir {logdir} makes one")

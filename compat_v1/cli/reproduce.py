"""The command reproduce."""

import argparse
import signal
import sys
from pathlib import Path
from typing import Any

from compat_v1.cli.common import MachineFailed, failed, integer, path, seed
from compat_v1.data_generator import TRAINED_DRAW
from compat_v1.logs import new_folder
from compat_v1.original.record_format import DEFAULT_SEED
from compat_v1.proof.reproduction import OriginalTraining, original_training, point_to
from compat_v1.records import MOST_EPOCHS


def add_to(commands: Any) -> None:
    """Add the command to the parser's commands."""
    command = commands.add_parser("reproduce", help=run.__doc__, description=run.__doc__)
    command.set_defaults(run=run)
    command.add_argument("--seed", type=seed, default=DEFAULT_SEED, help="graph-level seed (default: %(default)s)")
    command.add_argument("--draw", type=integer(1), default=TRAINED_DRAW, help="of the data (default: %(default)s)")
    command.add_argument("--epochs", type=integer(1, MOST_EPOCHS), default=4000, help="default: %(default)s")
    command.add_argument(
        "--out",
        type=path,
        metavar="DIR",
        default=Path("runs"),
        help="the run gets a folder of its own in it, and DIR/latest names the newest (default: %(default)s)",
    )


def run(args: argparse.Namespace) -> int:
    """Train the port, and beside it the original's graph in a second process, and hold the one to the other."""
    from compat_v1.cli import main

    try:
        folder = new_folder(args.out, "{:%Y%m%d-%H%M%S-%f}")
    except OSError as error:
        raise failed(f"--out {args.out}: no folder could be made there", error) from None
    record, report = str(folder / "record.json"), str(folder / "record.html")
    options = ["--seed", str(args.seed), "--draw", str(args.draw), "--epochs", str(args.epochs)]
    kept = ["--record", record, "--logdir", str(folder / "logs"), "--checkpoint", str(folder / "checkpoint")]
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: the second process must end too
    try:
        with original_training(folder / "original_graph", options) as original:
            status = main(["train", *options, *kept])
            if status:
                return status
            _let_latest_name(folder)
            print("waiting for the original's graph, left as TensorFlow 1.0.1 wrote it, which is trained beside it")
            _wait(original, args.epochs)
        return main(["verify", record, "--original", str(original.record), "--report", report])
    finally:
        signal.signal(signal.SIGTERM, before)


def _let_latest_name(folder: Path) -> None:
    try:
        point_to(folder)
    except OSError as error:  # Windows lets only some people make links
        print(f"{folder.with_name('latest')} does not name this run: {error.strerror}", file=sys.stderr)


def _wait(original: OriginalTraining, epochs: int) -> None:
    """Wait for the end of the second training, with a progress bar where somebody may be watching."""
    from tqdm import tqdm

    sys.stdout.flush()
    bar = tqdm(
        desc="the original's graph", total=epochs, initial=original.epoch, unit=" epochs", leave=False, disable=None
    )
    try:
        with bar:
            for epoch in original.epochs():
                bar.update(epoch - bar.n)
    except ChildProcessError as error:
        raise MachineFailed(str(error)) from None
    print(original.time.replace("time:", "time, beside it:"), file=sys.stderr)

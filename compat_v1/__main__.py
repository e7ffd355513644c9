"""`python -m compat_v1`, which is also the command `selfmade-lstm`. See `compat_v1/cli`."""

import os
import sys

# `python -m` looks for modules in the working folder first, which is the user's: no numpy.py there is meant for us. Up
# to here nothing may be imported that Python has not imported for itself: not even pathlib, which asks for much else.
if __name__ == "__main__" and not (sys.flags.isolated or getattr(sys.flags, "safe_path", False)):
    del sys.path[0]


def main() -> int:
    """Run the command line and return its exit status: 2 with a sentence, where a module that it needs is hidden."""
    try:
        import signal

        _take_places_of_closed_files()
        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, _stop_at_once)
        from compat_v1 import cli

        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            return cli.main()
        finally:  # all is done: nothing of how Python ends is to be interrupted
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_IGN)
    except Exception as error:
        from compat_v1.shadows import explained

        sentence = explained(error)
        if sentence is None:
            raise
        print(f"error: {type(error).__name__}: {error}\n{sentence}", file=sys.stderr)
        return 2


def _stop_at_once(number: int, frame: object) -> None:
    """End before there is anything to keep: in an import, an exception may come out as another one, or not at all."""
    os.write(2, b"stopped\n")
    os._exit(130)


def _take_places_of_closed_files() -> None:
    """Open what the caller has closed of input, output and errors: or the next file would be taken for one of them."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", closefd=False)


if __name__ == "__main__":
    sys.exit(main())

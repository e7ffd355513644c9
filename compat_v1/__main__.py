"""`python -m compat_v1`, which is also the command `selfmade-lstm`. See `compat_v1/cli`."""

import sys

# `python -m` looks for modules in the working folder first, which is the user's: no numpy.py there is meant for us. Up
# to here nothing may be imported that Python has not imported for itself: not even pathlib, which asks for much else.
if __name__ == "__main__" and not (sys.flags.isolated or getattr(sys.flags, "safe_path", False)):
    del sys.path[0]


def main() -> int:
    """Run the command line and return its exit status: 2 with a sentence, where a module that it needs is hidden."""
    try:
        from compat_v1 import cli

        return cli.main()
    except KeyboardInterrupt:  # while Python was importing
        print("stopped", file=sys.stderr)
        return 130
    except Exception as error:
        from compat_v1.shadows import explained

        sentence = explained(error)
        if sentence is None:
            raise
        print(f"error: {type(error).__name__}: {error}\n{sentence}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())

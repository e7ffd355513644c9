"""`python -m compat_v1`. See `compat_v1/cli`."""

import sys

# `python -m` looks for modules in the working folder first, which is the user's: no numpy.py there is meant for us.
if not getattr(sys.flags, "safe_path", False):
    del sys.path[0]

from compat_v1.cli import main

sys.exit(main())

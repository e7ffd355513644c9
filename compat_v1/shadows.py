"""Say which file has taken the place of a module that the program needs: a numpy.py or a random.py in PYTHONPATH.

Asked only when something has failed already. What it needs itself may be hidden as well, so Python's own modules come
first, and nothing but the import system is used to look at them.
"""

import os
import sys
from collections.abc import Iterator
from importlib.machinery import ModuleSpec, PathFinder


def explained(error: Exception) -> str | None:
    """Return a sentence about what is missing or hidden, if that may be what the exception comes from, else None."""
    for path, name in hidden():
        return f"{path} hides {name}, which this program needs: rename it, or take its folder out of PYTHONPATH"
    if isinstance(error, ModuleNotFoundError) and not (error.name or "").startswith(__package__):
        return "what the package needs is not installed here: `pip install selfmade-lstm` installs it"
    return None


def hidden() -> Iterator[tuple[str, str]]:
    """Yield (path, name) of each module of Python's or of an installed package that is found somewhere else."""
    for name in sorted(sys.stdlib_module_names):
        spec = PathFinder.find_spec(name)
        if spec and spec.origin and not spec.origin.startswith((sys.base_prefix, sys.base_exec_prefix)):
            yield spec.origin, name
    from importlib.metadata import distribution, packages_distributions

    for name, distributions in packages_distributions().items():
        if name == __package__:
            continue
        spec = PathFinder.find_spec(name)
        homes = {os.path.realpath(str(distribution(each).locate_file(""))) for each in distributions}
        if spec and spec.origin and _home(spec) not in homes:
            yield spec.origin, name


def _home(spec: ModuleSpec) -> str:
    """Return the folder that `sys.path` names, in which a module or a package was found."""
    path = spec.origin or ""
    return os.path.realpath(os.path.dirname(os.path.dirname(path) if spec.submodule_search_locations else path))

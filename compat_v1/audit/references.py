"""The names of nodes, as other nodes write them."""

import re

_NUMBER = re.compile(r"_\d+(?=/|$)")


def source(reference):
    """Return the node that an input is made by: `name`, `name:1` or, for a control input, `^name`."""
    return reference.lstrip("^").partition(":")[0]


def target(name):
    """Return the node that one is to be placed beside: `loc:@name`."""
    return name.removeprefix("loc:@")


def unnumbered(name):
    """Return a name, or the scopes of it, without the numbers that TensorFlow gave them."""
    return _NUMBER.sub("", name)

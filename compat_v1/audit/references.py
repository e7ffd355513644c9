"""The names of nodes, as other nodes write them."""


def source(reference):
    """Return the node that an input is made by: `name`, `name:1` or, for a control input, `^name`."""
    return reference.lstrip("^").partition(":")[0]


def target(name):
    """Return the node that one is to be placed beside: `loc:@name`."""
    return name.removeprefix("loc:@")

"""What a call of a function says of itself: which of its attributes TensorFlow writes otherwise, with no effect.

And under which name a program registered the gradient of an op.
"""

import re

from google.protobuf import json_format
from google.protobuf.message import DecodeError
from tensorflow.core.framework import attr_value_pb2
from tensorflow.core.protobuf import config_pb2

CALLS = ("PartitionedCall", "StatefulPartitionedCall")
_REGISTERED = re.compile(rb"(Stateful)?PartitionedCall-\d+")  # under which name the builder finds its gradient
_DRAWN = re.compile(rb"(.+?)\d{4,}")  # a name that ends in what nobody counts to: a program drew it, to have a new one


def attribute(key, value, other_value):
    """Say which rule lets an attribute of a call differ."""
    one, other = (attr_value_pb2.AttrValue.FromString(each or b"") for each in (value, other_value))
    if key == "_gradient_op_type" and all(not each.s or _REGISTERED.fullmatch(each.s) for each in (one, other)):
        return "private attributes"
    if key == "_collective_manager_ids" and not one.list.i and not other.list.i:
        return "private attributes"
    if key == "config_proto":
        settings, others = _settings(one.s), _settings(other.s)
        return "settings of calls" if settings is not None and settings == others else None
    return None


def are_drawn(value, other_value):
    """Whether gradients are registered under names that differ in a number alone that a program drew for each."""
    names = [_DRAWN.fullmatch(attr_value_pb2.AttrValue.FromString(each or b"").s) for each in (value, other_value)]
    return all(names) and names[0][1] == names[1][1]


def _settings(serialized):
    """Return what settings say, or None of what are none."""
    try:
        return _told(json_format.MessageToDict(config_pb2.ConfigProto.FromString(serialized)))
    except DecodeError:
        return None


def _told(settings):
    """Return settings without those that say nothing."""
    told = {key: _told(one) if isinstance(one, dict) else one for key, one in settings.items()}
    return {key: one for key, one in told.items() if one != {}}

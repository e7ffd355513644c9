"""What TensorFlow's registry says of ops, each thing read once: protobufs are slow."""

import functools

import tensorflow as tf
from tensorflow.python.framework import op_def_registry


@functools.cache
def defaults(op):
    """Return the default values of an op's attributes, {name: bytes}; none for a function that is called."""
    definition = op_def_registry.get(op)
    attributes = definition.attr if definition is not None else ()
    return {
        one.name: one.default_value.SerializeToString(deterministic=True)
        for one in attributes
        if one.HasField("default_value")
    }


@functools.cache
def default_type(op, attribute):
    """Return the type, a number, that an attribute of an op has by default; 0 for none."""
    definition = op_def_registry.get(op)
    return next(one.default_value.type for one in definition.attr if one.name == attribute)


@functools.cache
def is_stateful(op):
    """Whether an op keeps, changes or draws something, or reads what may change; a function might."""
    definition = op_def_registry.get(op)
    return definition is None or definition.is_stateful or any(one.is_ref for one in definition.input_arg)


@functools.cache
def draws(op):
    """Whether an op draws random numbers by a seed."""
    definition = op_def_registry.get(op)
    return definition is not None and any(one.name == "seed" for one in definition.attr)


@functools.cache
def output_types(op):
    """Return for each output argument of an op its type, a number (0: none), and the attribute that says it, or ""."""
    definition = op_def_registry.get(op)
    return [(one.type, one.type_attr) for one in definition.output_arg] if definition is not None else []


@functools.cache
def type_name(number):
    """Return what a type is called, as "float32", also of a reference; "" for 0."""
    return tf.dtypes.as_dtype(number).base_dtype.name if number else ""


@functools.cache
def gives_reference(op, index):
    """Whether an output of an op is a variable as such, a reference; None for a function, which does not tell."""
    outputs = _references(op)
    return outputs and outputs[min(index, len(outputs) - 1)]


@functools.cache
def _references(op):
    definition = op_def_registry.get(op)
    return None if definition is None else [one.is_ref for one in definition.output_arg] or [False]

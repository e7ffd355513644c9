"""Fixtures; importing this file imports TensorFlow with the settings of the records."""

import pytest

from compat_v1.environment import import_tensorflow

import_tensorflow()

from compat_v1.training import load_data  # noqa: E402


@pytest.fixture(scope="session")
def data():
    """The data that the post's printed lines were measured on."""
    return load_data(6, draw=1)

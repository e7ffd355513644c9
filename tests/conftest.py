"""Fixtures; importing this file imports TensorFlow with the settings of the records."""

import pytest

from compat_v1.environment import import_tensorflow

import_tensorflow()

from compat_v1.cli import main  # noqa: E402
from compat_v1.training import load_data  # noqa: E402


@pytest.fixture(scope="session")
def data():
    """The data that the post's printed lines were measured on."""
    return load_data(6, draw=1)


@pytest.fixture(scope="session")
def whole_run(tmp_path_factory):
    """The folder of one run as `make reproduce` trains it: `record.json` and `logs`."""
    folder = tmp_path_factory.mktemp("whole_run")
    assert main(["train", "--record", str(folder / "record.json"), "--logdir", str(folder / "logs")]) == 0
    return folder

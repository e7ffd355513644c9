"""Fixtures; importing this file imports TensorFlow with the settings of the records."""

import os
import shutil

import pytest
from playwright.sync_api import sync_playwright

from compat_v1.environment import import_tensorflow

import_tensorflow()

from compat_v1.cli import main  # noqa: E402
from compat_v1.training import load_data  # noqa: E402

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)


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


@pytest.fixture(scope="module")
def browser():
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if not program:
        reason = f"no browser: none of {', '.join(BROWSERS)} is in the PATH (on Debian: apt-get install chromium)"
        if os.environ.get("REQUIRE_BROWSER"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS.split())
        yield browser
        browser.close()

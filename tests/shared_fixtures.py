"""Fixtures; importing this file imports TensorFlow with the settings of the records."""

import os
import shutil

import pytest
from playwright.sync_api import sync_playwright

from compat_v1.environment import import_tensorflow

import_tensorflow()

from compat_v1.checkpoints import alone_in  # noqa: E402
from compat_v1.cli import main  # noqa: E402
from compat_v1.control_flow import control_flow_v1  # noqa: E402
from compat_v1.training import load_data  # noqa: E402
from corpus_graphs import FIRST_MISTAKES, build_today  # noqa: E402
from hostile_inputs import make_inputs  # noqa: E402
from trained_runs import judge_the_same_once  # noqa: E402

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)


@pytest.fixture
def loops_of_ops():
    """Loops and conditions are built of `Enter`, `Switch` and `Merge`, as TensorFlow 1 built them."""
    with control_flow_v1():
        yield


@pytest.fixture(scope="session")
def data():
    """The data that the post's printed lines were measured on."""
    return load_data(6, draw=1)


@pytest.fixture(scope="session")
def made_once(tmp_path_factory):
    """A function that returns the folder of a name, filled by `make(folder)` once for all of pytest's processes."""
    shared = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        shared = shared.parent

    def folder_of(name, make):
        with alone_in(shared / f"{name}.lock", waits=True):
            folder, new = shared / name, shared / f"{name}.new"
            if not folder.exists():
                new.mkdir()
                make(new)
                new.rename(folder)
        return folder

    return folder_of


@pytest.fixture(scope="session")
def whole_run(made_once):
    """The folder of one run as `make reproduce` trains it: `record.json` and `logs`."""

    def make(folder):
        assert main(["train", "--record", str(folder / "record.json"), "--logdir", str(folder / "logs")]) == 0

    return made_once("whole_run", make)


@pytest.fixture(scope="module")
def judged_once():
    """For a module, what its verdicts share is made once: see `judge_the_same_once`."""
    with pytest.MonkeyPatch.context() as patch:
        judge_the_same_once(patch)
        yield


@pytest.fixture(scope="session")
def today(made_once):
    """The folder of today's graphs of the corpus, those with one of the `FIRST_MISTAKES` too."""
    return made_once("corpus", lambda folder: build_today(folder, FIRST_MISTAKES, together=True))


@pytest.fixture(scope="session")
def today_with_other_mistakes(made_once):
    """The folder of those with one of the other planted mistakes."""
    return made_once("other_mistakes", lambda folder: build_today(folder, None, FIRST_MISTAKES, together=True))


@pytest.fixture(scope="module")
def inputs(made_once, tmp_path_factory):
    """A folder of a module's own, as `hostile_inputs.make_inputs` fills it."""
    return shutil.copytree(made_once("hostile_inputs", make_inputs), tmp_path_factory.mktemp("inputs") / "copy")


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

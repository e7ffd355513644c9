"""The README and the docs: what they show is what the programs say, and what they name is there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from compat_v1 import __version__
from compat_v1.cli.common import STATUSES

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_output_in_the_readme_fits_a_page():
    for block in re.findall(r"```\n(.*?)```", README, re.S):
        assert max(map(len, block.splitlines())) <= 100


def test_exit_statuses_are_those_of_the_help():
    table = dict(re.findall(r"^\| (\d+) \| (.*) \|$", README, re.M))
    assert table == dict(re.findall(r"^  (\d+) +(.*)$", STATUSES, re.M))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_and_targets_that_a_page_names_are_there(page):
    text = page.read_text()
    for link in re.findall(r"\]\(([^)#]+)\)", text):
        assert (page.parent / link).exists(), link
    for path in re.findall(
        r"`((?:compat_v1|original|tests|docs|notebooks|benchmarks)/[\w./-]*(?:/|\.(?:py|html|json|lock)))`", text
    ):
        assert (ROOT / path).exists(), path
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"`make ([a-z-]+)", text) + re.findall(r"^    make ([a-z-]+)", text, re.M):
        assert f"\n{target}:" in makefile, target


def test_version_is_said_once_and_the_same_everywhere():
    assert f"\nversion: {__version__}\n" in (ROOT / "CITATION.cff").read_text()
    assert f"selfmade_lstm-{__version__}-py3" in README
    done = subprocess.run([sys.executable, "-m", "compat_v1", "--version"], capture_output=True, text=True)
    assert done.stdout == f"selfmade-lstm {__version__}\n"

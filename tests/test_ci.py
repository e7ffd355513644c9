"""What runs elsewhere: the workflow runs `.ci/run` itself, the hooks are what `make lint` does."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_hooks_are_the_commands_of_make_lint():
    rule = (ROOT / "Makefile").read_text().split("\nlint: .venv/ready\n")[1].split("\n\n")[0]
    commands = {re.sub(r"( \.)?( > .*)?$", "", line.strip()) for line in rule.splitlines()}
    hooks = set(re.findall(r"entry: (.*)", (ROOT / ".pre-commit-config.yaml").read_text()))
    assert hooks == commands


def test_workflow_runs_the_projects_own_command_weekly_on_every_python_with_pinned_actions():
    workflow = (ROOT / ".github/workflows/ci.yml").read_text()
    assert "- run: .ci/run\n" in workflow and "schedule:\n    - cron:" in workflow
    supported = re.search(r">=3\.(\d+),<3\.(\d+)", (ROOT / "pyproject.toml").read_text())
    pythons = ", ".join(f'"3.{minor}"' for minor in range(int(supported[1]), int(supported[2])))
    assert f"python: [{pythons}]" in workflow
    for action in re.findall(r"uses: (.*)", workflow):
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+", action), action


def test_every_test_is_run_by_make_test_or_by_make_test_long_and_elsewhere_both_are():
    makefile = (ROOT / "Makefile").read_text()
    assert "-m 'not long' tests notebooks\n" in makefile and "pytest -m long tests\n" in makefile
    assert (ROOT / ".ci/run").read_text().endswith('\nexec make "${1:-test}"\n')
    workflow = (ROOT / ".github/workflows/ci.yml").read_text()
    assert all(f"      - run: .ci/run{which}\n" in workflow for which in ("", " test-long"))


def test_range_of_tensorflow_is_what_passed_in_the_matrix_and_what_the_workflow_tries():
    low, high = map(int, re.search(r'"tensorflow>=2\.(\d+),<2\.(\d+)"', (ROOT / "pyproject.toml").read_text()).groups())
    releases = [f"2.{minor}" for minor in range(low, high)]
    rows = [line.split(" | ") for line in (ROOT / "docs/matrix.md").read_text().splitlines() if "| 2." in line]
    passed = [re.search(r"2\.\d+", row[0]).group() for row in rows if row[-2] == "FAITHFUL"]
    assert passed == [release for release in releases for _ in range(2)]  # the oldest Python and the newest
    tried = ", ".join(f'"{release}"' for release in releases)
    assert f"tensorflow: [{tried}]" in (ROOT / ".github/workflows/ci.yml").read_text()

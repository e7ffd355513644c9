"""A program that is forked ends and speaks as one that is started."""

import signal
import subprocess
import sys

import pytest

import forked

PROGRAM = """
import os, sys
from pathlib import Path
print(sys.argv[1:], Path.cwd(), os.environ["NAME"], __name__, sys.stdin.read(), sys.stdout.encoding)
print(os.getsid(0) == os.getpid(), os.isatty(1), sorted(os.listdir("/dev/fd"))[:3], file=sys.stderr)
{}
"""
ENDS = ["", "sys.exit(3)", "raise ValueError('x')", "os.kill(os.getpid(), 9)", "os.close(1)", "sys.exit('said')"]


@pytest.mark.parametrize("end", ENDS)
def test_ends_and_speaks_as_one_that_is_started(tmp_path, end):
    (tmp_path / "program.py").write_text(PROGRAM.format(end))
    command = [sys.executable, tmp_path / "program.py", "a", "b c"]
    options = {"cwd": tmp_path, "env": {"NAME": "é"}, "start_new_session": not end, "text": True, "input": "given"}
    started, done = (run(command, capture_output=True, **options) for run in (subprocess.run, forked.run))
    assert (done.returncode, done.stdout) == (started.returncode, started.stdout)
    for line in (0, -1):  # between them are the frames of a traceback
        assert done.stderr.splitlines()[line] == started.stderr.splitlines()[line]
    assert bool(done.stdout) == (end != "os.close(1)" and "kill" not in end)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_is_a_child_that_a_signal_ends(number):
    command = [sys.executable, "-m", "compat_v1", "play", "-", "--weights", "hand", "--json"]
    with forked.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdin.write(b"+")
        process.stdin.flush()
        assert process.stdout.readline()
        process.send_signal(number)
        assert process.wait() == (130 if number != signal.SIGKILL else -number)

"""Python programs in processes of their own that need not import TensorFlow, which takes 2 seconds of a processor or 6.

A process that has imported it (`fork_server.py`) forks for each. What comes of that is a child of this process, with
streams, signals, an end and an exit status like those of `python FILE` or `python -m MODULE`. What Python or TensorFlow
do when they start is not seen there: a test of that, or with other variables that they read then, needs `subprocess`.
"""

import atexit
import ctypes
import functools
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from unittest import mock

SERVER = Path(__file__).with_name("fork_server.py")
PR_SET_CHILD_SUBREAPER = 36
LONGEST = 2**20  # bytes of a request
second = None  # the socket on which the fork that waits is asked


@functools.cache
def _server():
    """Start the server, once a process, and return the socket on which it is asked."""
    asking, asked = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with asked:
        server = subprocess.Popen(
            [sys.executable, SERVER, str(asked.fileno())],
            pass_fds=[asked.fileno()],
            stdin=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": str(SERVER.parents[1])},
        )
    atexit.register(server.wait)
    atexit.register(asking.close)  # the last is the first
    return asking


class Popen(subprocess.Popen):
    """`subprocess.Popen` of `python FILE` or `python -m MODULE`, with its options for streams, cwd, env and session.

    Where there is no Linux it is that itself.
    """

    def _execute_child(self, args, executable, preexec_fn, close_fds, pass_fds, cwd, env, *rest):
        if sys.platform != "linux":
            super()._execute_child(args, executable, preexec_fn, close_fds, pass_fds, cwd, env, *rest)
            return
        python, *arguments = map(os.fspath, args)
        if python != sys.executable or executable or preexec_fn or pass_fds:
            raise ValueError("this needs subprocess")
        pipes, new_session = rest[3:9], rest[14]
        given = [pipes[0], pipes[3], pipes[5]]
        request = {
            "arguments": arguments,
            "folder": os.fspath(cwd or Path.cwd()),
            "environment": dict(os.environ if env is None else env),
            "new_session": bool(new_session),
        }
        asking = self._asked()
        _be_subreaper(True)
        try:
            files = [number if file == -1 else file for number, file in enumerate(given)]
            socket.send_fds(asking, [json.dumps(request).encode()], files)
            self.pid = int(asking.recv(20))
        finally:
            _be_subreaper(False)
        self._child_created = True
        self._close_pipe_fds(*pipes)

    def _asked(self):
        return _server()


class SecondPopen(Popen):
    """`subprocess.Popen` in a program that was forked: the first Python that it starts is a fork that waits for it."""

    def _execute_child(self, args, *rest):
        start = super() if second and args[0] == sys.executable else super(Popen, self)
        start._execute_child(args, *rest)

    def _asked(self):
        global second
        asking, second = second, None
        return asking


def run(arguments, **options):
    """`subprocess.run` with this `Popen`."""
    _server()  # which is started by subprocess's own
    with mock.patch.object(subprocess, "Popen", Popen):
        return subprocess.run(arguments, **options)


def _be_subreaper(yes):
    """Let what was started here, and is an orphan now, become a child of this process, or not."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, int(yes), 0, 0, 0)

"""A process that has imported TensorFlow, and becomes a Python program by a fork: see `forked.py`, which starts it.

It runs no session: what TensorFlow starts for one (threads, allocators) would not live on in a fork.
"""

import json
import os
import runpy
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import forked
from compat_v1.environment import import_tensorflow

import_tensorflow()

import compat_v1.cli  # noqa: E402
import compat_v1.proof.verdict  # noqa: E402
import compat_v1.run  # noqa: E402, F401


def served(requests):
    """Fork for each request, and return it in the process that is to become it; None in this one, at their end."""
    while True:
        message, files, *_ = socket.recv_fds(requests, forked.LONGEST, 3)
        if not message:
            return None
        read_end, write_end = os.pipe()
        between = os.fork()
        if between == 0:  # it ends at once, so that the next process becomes a child of whoever asked
            process = os.fork()
            if process:
                os.write(write_end, b"%d" % process)
                os._exit(0)
            requests.close()
            for number in (read_end, write_end):
                os.close(number)
            return taken(message, files)
        os.waitpid(between, 0)
        requests.send(os.read(read_end, 20))
        for number in (read_end, write_end, *files):
            os.close(number)


def taken(message, files):
    """Take the streams that came with a request, and return it."""
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    return json.loads(message)


def with_a_second(request):
    """Return a request; and in a fork that waits, what this process asks for first: `reproduce` starts a second so."""
    asking, asked = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    if os.fork():
        asked.close()
        forked.second = asking
        subprocess.Popen = forked.SecondPopen
        return request
    asking.close()
    message, files, *_ = socket.recv_fds(asked, forked.LONGEST, 3)
    if not message:
        sys.exit()
    asked.send(b"%d" % os.getpid())
    asked.close()
    return taken(message, files)


def become(arguments, folder, environment, new_session):
    """Become Python with these arguments, [FILE | -m MODULE, ...], in that folder and environment."""
    if new_session:
        os.setsid()
    os.chdir(folder)
    of_tensorflow = {name: value for name, value in os.environ.items() if name.startswith("TF_")}  # it has read them
    os.environ.clear()
    os.environ.update(of_tensorflow | environment)
    tempfile.tempdir = None  # to be found anew
    options = {"encoding": sys.stdin.encoding, "closefd": False}
    sys.stdin, sys.stdout = (os.fdopen(number, mode, **options) for number, mode in enumerate("rw"))
    sys.stderr = os.fdopen(2, "w", buffering=1, errors="backslashreplace", **options)
    # What stands after its own folder in this process's path is what every program finds.
    if arguments[0] == "-m":
        sys.argv, sys.path[0] = arguments[1:], folder
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv, sys.path[0] = arguments, str(Path(arguments[0]).parent)
        runpy.run_path(arguments[0], run_name="__main__")


if __name__ == "__main__":
    request = served(socket.socket(fileno=int(sys.argv[1])))
    if request:
        become(**(with_a_second(request) if "reproduce" in request["arguments"] else request))

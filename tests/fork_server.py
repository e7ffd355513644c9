"""A process that has imported TensorFlow, and becomes a Python program by a fork: see `forked.py`, which starts it.

It runs no session: what TensorFlow starts for one (threads, allocators) would not live on in a fork.
"""

import json
import os
import runpy
import socket
import sys
import tempfile
from pathlib import Path

from compat_v1.environment import import_tensorflow

import_tensorflow()

import compat_v1.cli  # noqa: E402
import compat_v1.proof.verdict  # noqa: E402
import compat_v1.run  # noqa: E402, F401


def served(requests):
    """Fork for each request, and return it in the process that is to become it; None in this one, at their end."""
    while True:
        message, files, *_ = socket.recv_fds(requests, 2**20, 3)
        if not message:
            return None
        read_end, write_end = os.pipe()
        between = os.fork()
        if between == 0:  # it ends at once, so that the next process becomes a child of whoever asked
            process = os.fork()
            if process:
                os.write(write_end, b"%d" % process)
                os._exit(0)
            for number, file in enumerate(files):
                os.dup2(file, number)
            requests.close()
            for number in (read_end, write_end, *files):
                os.close(number)
            return json.loads(message)
        os.waitpid(between, 0)
        requests.send(os.read(read_end, 20))
        for number in (read_end, write_end, *files):
            os.close(number)


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
        become(**request)

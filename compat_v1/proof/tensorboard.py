"""Serve TensorBoard with a run of the port, the original's own event logs and the post's printed lines side by side.

Only shows: the event files of both are served as they are. What TensorBoard calls a run is one of their writers here:
`port/train`, `port/test`, `original/train`, `original/test`, and `post/test` for the lines that the post printed.
"""

import argparse
import errno
import io
import json
import os
import signal
import socket
import sys
import tempfile
import time
from contextlib import redirect_stderr, suppress
from pathlib import Path
from string import Template
from typing import Any, NoReturn
from urllib.parse import urlencode
from urllib.request import ProxyHandler, build_opener

from tensorboard import program
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.plugins.scalar.summary_v2 import scalar_pb
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from compat_v1.logs import PARTS
from compat_v1.proof.golden import RECORDED, published

ORIGINAL_LOGS = RECORDED / "tf1.0.1" / "logs"
PORTS_TO_TRY = 100

SQUARED_ERROR, ERROR = "mean_square_error_1", "error_1"  # the tags, as TensorFlow 1.0.1 made them unique
DESCRIPTIONS = {
    ERROR: "The share of the sequences whose rounded answer is wrong.",
    SQUARED_ERROR: "The loss: the **sum** of the squared errors, whatever its name says. `train` sums over the first "
    "quarter of the sequences, `test` over the other three.",
}

# These have no place in TensorBoard's addresses: it keeps them in the browser. A reader's own settings are left alone.
SETTINGS = {"ignoreOutliers": False, "timeSeriesSettingsPaneOpened": False, "timeSeriesCardMinWidth": 480}
OPENING_PAGE = Template("""<!doctype html>
<title>TensorBoard</title>
<script>
const key = "_tb_global_settings";
if (!localStorage.getItem(key)) localStorage.setItem(key, '$settings');
location.replace("/?$view" + location.hash);
</script>
""")


def arrange(run: str | Path, folder: Path) -> None:
    """Fill `folder` with what TensorBoard is to show beside the run whose logs are in the folder `run`."""
    for name, logs in (("port", Path(run).resolve()), ("original", ORIGINAL_LOGS)):
        (folder / name).mkdir()
        for part in PARTS:
            (folder / name / part).symlink_to(logs / part)
    # TensorBoard takes the description of a tag from any run that has one; the event logs of the post have none.
    writer = EventFileWriter(str(folder / "post" / "test"))
    for line in published()["lines"]:
        for tag, value in ((SQUARED_ERROR, line["squared_error"]), (ERROR, line["incorrect_percent"] / 100)):
            summary = scalar_pb(tag, value, DESCRIPTIONS[tag])
            writer.add_event(Event(step=line["epoch"] - 1, summary=summary))
    writer.close()


def serve(run: str | Path, port: int) -> NoReturn:
    """Serve on localhost, at `port` or the next that is free, until Ctrl-C or SIGTERM; this ends the process.

    Its exit status is 0, or 2 if no port could be had.
    """
    status, asked_to_end = 0, _when_asked_to_end()
    with tempfile.TemporaryDirectory(prefix="selfmade-lstm-") as folder:
        arrange(run, Path(folder))
        tensorboard = program.TensorBoard(server_class=_server)
        tensorboard.configure(
            logdir=folder,
            host="localhost",
            port=port,
            load_fast="false",  # needs no second process for logs as small as these
            samples_per_plugin={"scalars": 10**6},  # every point: the default draws 1000 of 3800
        )
        try:
            address = tensorboard.launch()
            _wait_for_the_logs(address, len(list(Path(folder).glob("*/*"))))
            print(f"TensorBoard is at {address} until Ctrl-C", flush=True)
            asked_to_end.recv(1)
        except program.TensorBoardServerException as error:
            print(f"error: {error.msg}", file=sys.stderr)
            status = 2
    # TensorBoard's loading thread may be inside TensorFlow's C++, which aborts if the interpreter is taken down.
    os._exit(status)


def _when_asked_to_end() -> socket.socket:
    """Return a socket that is sent a byte for each SIGINT and SIGTERM from now on, whichever thread is given it.

    To block them and wait for them is not enough: NumPy and TensorFlow have threads already, and one of those that is
    given a SIGTERM before this one waits would end the process on the spot, with the temporary folder left behind.
    """
    read, write = socket.socketpair()
    write.setblocking(False)
    signal.set_wakeup_fd(write.detach())
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, frame: None)
    return read


def _wait_for_the_logs(address: str, runs: int) -> None:
    """Wait until TensorBoard has read values of that many runs: a page that is opened before stays empty.

    A run that has just begun has none yet, so that the wait ends after a few seconds in any case. To wait is a
    courtesy: what TensorBoard answers while it is loading, an error even, ends nothing.
    """
    ends = time.monotonic() + 5
    without_proxy = build_opener(ProxyHandler({}))
    while time.monotonic() < ends:
        with suppress(OSError), without_proxy.open(f"{address}data/plugin/timeseries/tags", timeout=5) as response:
            if len(json.load(response)["scalars"]["runTagInfo"]) == runs:
                return
        time.sleep(0.1)


def _server(wsgi_app: Any, flags: argparse.Namespace) -> Any:
    app = _opening_with_the_comparison(wsgi_app)
    for port in range(flags.port, min(flags.port + PORTS_TO_TRY, 2**16)):
        try:
            with redirect_stderr(io.StringIO()):  # of Werkzeug, which ends where TensorBoard thinks that a port is free
                return program.WerkzeugServer(app, argparse.Namespace(**{**vars(flags), "port": port}))
        except (program.TensorBoardPortInUseError, SystemExit) as error:
            why = error.__context__ if isinstance(error, SystemExit) else None
            if isinstance(why, OSError) and why.errno != errno.EADDRINUSE:
                raise program.TensorBoardServerException(f"port {port} cannot be had: {why.strerror}") from None
            print(f"port {port} is busy, trying the next", file=sys.stderr)
    raise program.TensorBoardServerException(f"no port from {flags.port} to {port} is free: name another with --port")


def _opening_with_the_comparison(wsgi_app: Any) -> Any:
    """Answer the bare address with a page that goes on to the view of both tags side by side, unsmoothed and uncut."""
    pins = [{"plugin": "scalars", "tag": tag} for tag in DESCRIPTIONS]
    view = urlencode({"smoothing": 0, "pinnedCards": json.dumps(pins)})
    page = OPENING_PAGE.substitute(settings=json.dumps(SETTINGS), view=view).encode()

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        if environ["PATH_INFO"] == "/" and not environ["QUERY_STRING"]:
            start_response("200 OK", [("Content-Type", "text/html"), ("Content-Length", str(len(page)))])
            return [page]
        return wsgi_app(environ, start_response)

    return app

"""What a person sees: TensorBoard's pages and the report's, opened in a real browser, and the server behind them.

`make screenshots` keeps the pictures that the browser takes here in docs/images.
"""

import errno
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from argparse import Namespace
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import numpy as np
import pytest
from matplotlib.image import imread
from playwright.sync_api import expect

import forked
from compat_v1.proof import tensorboard
from compat_v1.proof.golden import golden
from compat_v1.proof.report import write_report
from compat_v1.proof.tensorboard import DESCRIPTIONS, ERROR, SQUARED_ERROR
from compat_v1.proof.verdict import judge
from original.record_format import DEFAULT_SEED

SECONDS = 30_000  # of patience with a busy machine, in Playwright's milliseconds


@pytest.fixture
def screenshot(tmp_path):
    folder = Path(os.environ.get("SCREENSHOTS") or tmp_path)
    return lambda page, name: page.screenshot(path=folder / f"{name}.png")


class Served(NamedTuple):
    process: subprocess.Popen
    said: list[str]
    busy_port: int
    port: int
    address: str


@contextmanager
def starting(logdir, **environment):
    """Start TensorBoard in a process of its own, asked for a port that is busy, and yield both."""
    with closing(socket.create_server(("localhost", 0))) as busy:
        busy_port = busy.getsockname()[1]
        process = forked.Popen(
            [sys.executable, "-m", "compat_v1", "tensorboard", "--logdir", logdir, "--port", str(busy_port)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, **environment},
        )
        yield process, busy_port


def serve(logdir, **environment):
    """Start it and return it as `Served` when it has said its address."""
    with starting(logdir, **environment) as (process, busy_port):
        said = [process.stdout.readline() for _ in range(3)]
    address = re.search(r"http://localhost:(\d+)/", said[-1])
    assert address, f"TensorBoard does not serve: {said}"
    return Served(process, said, busy_port, int(address[1]), address[0])


@pytest.fixture(scope="module")
def served(whole_run):
    served = serve(whole_run / "logs")
    yield served
    served.process.terminate()
    served.process.wait()


def test_busy_port_is_named_and_the_next_free_one_taken(served):
    assert served.said[1] == f"port {served.busy_port} is busy, trying the next\n"
    assert served.said[2] == f"TensorBoard is at http://localhost:{served.port}/ until Ctrl-C\n"
    assert served.port > served.busy_port


def test_only_this_machine_is_served(served):
    socket.create_connection(("localhost", served.port)).close()
    with closing(socket.socket()) as other:  # an address that a server of all interfaces would answer at
        other.settimeout(5)
        assert other.connect_ex(("127.0.0.2", served.port)) != 0


def test_first_page_draws_both_tags_of_both_runs(browser, served, screenshot):
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.set_default_timeout(SECONDS)
    page.goto(served.address)
    page.wait_for_url("**/?*pinnedCards=*")
    charts = page.locator("metrics-pinned-view scalar-card")
    expect(charts).to_have_count(2, timeout=SECONDS)
    for chart, tag in zip(charts.all(), (ERROR, SQUARED_ERROR), strict=True):
        expect(chart).to_contain_text(tag)
        expect(chart).to_be_in_viewport()
    wait_for_lines(page, charts, ["port/test", "port/train"])  # they lie on the original's: only these are seen
    screenshot(page, "tensorboard")
    for run in ("original", "port"):
        page.goto(page.url.partition("&runFilter")[0].partition("#")[0] + f"&runFilter=^{run}/")
        wait_for_lines(page, charts, [f"{run}/test", f"{run}/train"])
    page.close()


def wait_for_lines(page, charts, runs):
    """Wait until each chart holds lines in the colours of the runs, which TensorBoard draws on a canvas."""
    colors = {}
    for run in runs:
        row = page.locator("runs-data-table tb-data-table-content-row").filter(has_text=run)
        style = row.locator(".run-color-swatch").get_attribute("style")
        colors[run] = [int(number) for number in style.partition("rgb(")[2].partition(")")[0].split(",")]
    for _ in range(SECONDS // 500):
        missing = [
            f"{run} in chart {number}"
            for number, chart in enumerate(charts.all(), 1)
            for run, color in colors.items()
            if pixels_of(color, chart.locator("line-chart").screenshot()) < 100
        ]
        if not missing:
            return
        page.wait_for_timeout(500)
    pytest.fail(f"not drawn: {missing}")


def pixels_of(color, png):
    image = imread(io.BytesIO(png))[..., :3] * 255
    return np.count_nonzero(np.abs(image - color).max(axis=-1) < 8)


def test_every_point_is_served_and_each_tag_is_described(browser, served):
    request = browser.new_context().request
    plugin = f"{served.address}data/plugin/timeseries"
    tags = request.get(f"{plugin}/tags").json()["scalars"]
    assert set(tags["tagDescriptions"]) == set(DESCRIPTIONS)
    points = {"original/test": 200, "original/train": 3800, "port/test": 200, "port/train": 3800, "post/test": 3}
    assert {run: set(names) for run, names in tags["runTagInfo"].items()} == {run: set(DESCRIPTIONS) for run in points}
    for tag in DESCRIPTIONS:
        wanted = json.dumps([{"plugin": "scalars", "tag": tag}])
        for _ in range(SECONDS // 500):  # the last run is still being read when TensorBoard names its address
            (series,) = request.post(f"{plugin}/timeSeries", multipart={"requests": wanted}).json()
            served_points = {run: len(values) for run, values in series["runToSeries"].items()}
            if served_points == points:
                break
            time.sleep(0.5)
        assert served_points == points


@pytest.mark.long
def test_graph_page_loads_the_graphs_of_port_and_original(browser, served, screenshot):
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.set_default_timeout(SECONDS)

    def open_graph():
        page.goto(f"{served.address}#graphs")

    def choose_the_ports():
        page.locator(".run-dropdown").first.click()
        page.locator("paper-item").filter(has_text="port/test").click()

    for run, action in (("original", open_graph), ("port", choose_the_ports)):
        with page.expect_response(lambda response, run=run: f"/graph?run={run}%2Ftest" in response.url):
            action()
        for node in ("while", "gradients", "Adam", "mean_square_error", "error", "Variable_10"):
            page.locator(f'g.node[data-name="{node}"]').wait_for()
        page.wait_for_timeout(1000)  # the graph moves into its place
        screenshot(page, f"graph-{run}")
    page.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    path, record = tmp_path_factory.mktemp("report") / "report.html", golden("1.15.5", DEFAULT_SEED, 1)
    write_report(path, record, list(judge(record)))
    return path


@pytest.mark.parametrize("width", [390, 1400], ids=["phone", "wide"])
@pytest.mark.parametrize("colors", ["light", "dark"])
def test_report_fits_the_screen_and_asks_for_nothing(browser, report, width, colors):
    page = browser.new_page(viewport={"width": width, "height": 844}, color_scheme=colors)
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(report.as_uri())
    assert len(requests) == 1, f"the page is not self-contained: {requests}"
    assert page.evaluate("document.documentElement.scrollWidth") == width, "the page scrolls sideways"
    for chart in page.locator("svg").all():
        assert chart.bounding_box()["width"] > 300
    ink, paper = (
        page.evaluate(f"getComputedStyle(document.querySelector('{element}'))['{style}']")
        for element, style in (("svg text", "fill"), ("figure", "background-color"))
    )
    brightness = {color: sum(map(int, color.strip("rgb()").split(","))) for color in (ink, paper)}
    assert (brightness[ink] < brightness[paper]) == (colors == "light")
    page.close()


@pytest.mark.filterwarnings("ignore:html5lib's sanitizer")  # that TensorBoard brings
def test_a_port_that_is_found_free_and_cannot_be_had(capsys, monkeypatch):
    """It may be taken between the two, or be another program's that does not listen."""
    with socket.socket() as taken:
        taken.bind(("localhost", 0))
        flags = Namespace(host="localhost", bind_all=False, reuse_port=False, port=taken.getsockname()[1])
        with closing(tensorboard._server(None, flags).socket) as served:
            assert flags.port < served.getsockname()[1] < flags.port + tensorboard.PORTS_TO_TRY
    assert capsys.readouterr().err.startswith(f"port {flags.port} is busy, trying the next\n")
    monkeypatch.setattr(socket.socket, "bind", mock.Mock(side_effect=PermissionError(errno.EACCES, "not yours")))
    with pytest.raises(tensorboard.program.TensorBoardServerException, match="cannot be had: not yours"):
        tensorboard._server(None, flags)


@pytest.mark.parametrize(
    ("lines", "number"),
    [
        pytest.param(2, signal.SIGTERM, id="asked while it starts"),
        pytest.param(3, signal.SIGINT, id="stopped when it serves"),
        pytest.param(2, signal.SIGINT, id="stopped while it starts", marks=pytest.mark.long),
        pytest.param(3, signal.SIGTERM, id="asked when it serves", marks=pytest.mark.long),
    ],
)
def test_server_ends_on_a_signal_and_leaves_nothing_behind(whole_run, tmp_path, lines, number):
    with starting(whole_run / "logs", TMPDIR=str(tmp_path)) as (process, _):
        try:
            said = [process.stdout.readline() for _ in range(lines)]
            assert said[1].endswith("is busy, trying the next\n")
            assert lines == 2 or said[2].startswith("TensorBoard is at ")
            (folder,) = tmp_path.glob("selfmade-lstm-*")
            process.send_signal(number)
            assert process.wait(timeout=60) == 0, process.stdout.read()
        finally:
            process.kill()
    assert not folder.exists()

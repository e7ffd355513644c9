"""The report: its curves are the records', its verdict is the verdict, and no half of it replaces a whole one."""

import re
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from types import SimpleNamespace

import pytest

from compat_v1.cli import main
from compat_v1.proof.golden import golden, published
from compat_v1.proof.report import LIGHT, charts, write_report
from compat_v1.proof.verdict import judge
from compat_v1.records import write_model
from original.record_format import DEFAULT_SEED
from trained_runs import trained_port

CHARTS = ["error-beginning", "error-whole", "squared-error-beginning", "squared-error-whole"]


@pytest.fixture(scope="module")
def record():
    """The second witness's, which is judged without being trained again."""
    return golden("1.15.5", DEFAULT_SEED, 1)


def written(folder, record):
    """Write the report on a record and return (HTML, rows)."""
    rows = list(judge(record))
    write_report(folder / "report.html", record, rows)
    return (folder / "report.html").read_text(encoding="utf-8"), rows


def test_curves_are_the_records_and_the_post_is_marked(record):
    reference = golden("1.0.1", DEFAULT_SEED, 1)
    drawn = {name: figure.axes[0].get_lines() for name, _, figure in charts(record, reference)}
    assert list(drawn) == CHARTS
    for name, lines in drawn.items():
        field = "error" if name.startswith("error") else "squared_error"
        last = 200 if name.endswith("beginning") else 4000
        curves = {line.get_label(): (list(line.get_xdata()), list(line.get_ydata())) for line in lines}
        assert curves["printed in the post"][0] == [20, 40, 60]
        if field == "squared_error":
            assert curves["printed in the post"][1] == [line["squared_error"] for line in published()["lines"]]
        for source, values in (("original", reference), ("here", record)):
            for part in ("test", "train") if field == "error" else ("test",):
                x, y = curves[f"{source}, {part}"]
                assert x == [epoch for epoch in values.series(part, "epoch") if epoch <= last]
                assert y == values.series(part, field)[: len(x)]


def test_page_holds_every_row_of_the_verdict_and_both_stacks(tmp_path, record):
    page, rows = written(tmp_path, record)
    cells = [unescape(cell) for cell in re.findall(r"<t[dh][^>]*>([^<\n]+)", page)]
    table = "\n".join(cells)
    for row in rows:
        assert "\n".join(row[1:]) in table
    for part, value in record.stack:
        assert "\n".join((part, getattr(golden("1.0.1", DEFAULT_SEED, 1).stack, part), value)) in table
    assert '<p class="verdict faithful">FAITHFUL</p>' in page


def test_charts_take_all_colours_from_the_page_and_share_no_id(tmp_path, record):
    page, _ = written(tmp_path, record)
    body = page.partition("</style>")[2]
    assert not re.findall(r"#[0-9a-f]{6}\b", body), "a colour would be the same in light and in dark"
    assert set(re.findall(r"var\(--([a-z-]+)\)", body)) <= set(LIGHT)
    ids = re.findall(r'\bid="([^"]+)"', body)
    assert len(ids) == len(set(ids)) > 0
    assert set(re.findall(r'(?:url\(|href=")#([^")]+)', body)) <= set(ids)


def test_each_chart_is_also_a_png(tmp_path, record):
    images = write_report(tmp_path / "report.html", record, [])
    assert [path.name for path in images] == [f"report-{name}.png" for name in CHARTS]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in images)


def test_unfaithful_run_gets_a_page_that_says_so_and_status_1(tmp_path, record):
    changed = record.model_copy(deep=True)
    changed.test.squared_error[6] += 1
    write_model(tmp_path / "record.json", changed)
    assert main(["verify", str(tmp_path / "record.json"), "--report", str(tmp_path / "report.html")]) == 1
    assert '<p class="verdict unfaithful">NOT FAITHFUL</p>' in (tmp_path / "report.html").read_text(encoding="utf-8")


@pytest.mark.long
def test_run_that_the_original_never_made_gets_a_page_without_its_curves(tmp_path, data):
    page, _ = written(tmp_path, trained_port(data, epochs=20, graph_seed=99).record)
    assert "run with them is not recorded" in page
    assert "var(--here-test)" in page and "var(--original-test)" not in page


def test_full_disk_leaves_the_old_page_whole(tmp_path, record, monkeypatch):
    (tmp_path / "report.html").write_text("old")

    @contextmanager
    def open_on_a_full_disk(path, mode):
        def write_half(content):
            file.write(content[: len(content) // 2])
            if "report.html" in str(path):
                raise OSError("no space left")

        with Path(path).open(mode) as file:
            yield SimpleNamespace(write=write_half)

    monkeypatch.setattr("compat_v1.original.record_format.open", open_on_a_full_disk, raising=False)
    with pytest.raises(OSError, match="no space left"):
        write_report(tmp_path / "report.html", record, [])
    assert (tmp_path / "report.html").read_text() == "old"
    assert {path.suffix for path in tmp_path.iterdir()} == {".html", ".png"}

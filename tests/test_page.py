"""The audit's page, in a real browser: what differs is drawn beside its partner, filters work, nothing foreign runs.

`make screenshots` keeps the picture that the browser takes here in docs/images.
"""

import os
import re
import time
from pathlib import Path

import pytest
import tensorflow.compat.v1 as tf
from playwright.sync_api import expect

from compat_v1.audit.neighbourhood import MOST_NODES, Neighbourhoods, Side
from compat_v1.audit.page import MOST_DRAWN, page, write_page
from compat_v1.audit.result import Audit, Difference, Numbers
from compat_v1.cli import main

HOSTILE = "</code></script><script>hacked=1</script><img src=x onerror='hacked=1'>\"'\x1b[31m\u202e"


def an_audit(verdict, differences, numbers, rules, compared, not_compared, pairs):
    where = {rule: ["a node"] * count for rule, count in rules.items()}
    return Audit(verdict, differences, numbers, rules, compared, not_compared, pairs, where)


def program(bias, rate, keep, activation):
    """Return the GraphDef of a small network with dropout and an optimizer."""
    with tf.Graph().as_default() as graph:
        tf.set_random_seed(1)
        x = tf.placeholder(tf.float32, [None, 3], name="x")
        with tf.name_scope("layer"):
            weight = tf.Variable(tf.random_normal([3, 3], name="start"), name="weight", use_resource=False)
            offset = tf.constant(bias, name="bias")
            value = activation(tf.add(tf.matmul(x, weight, name="product"), offset, name="sum"), name="activation")
        value = tf.nn.dropout(value, rate=1 - keep)
        loss = tf.reduce_sum(value, name="loss")
        tf.train.GradientDescentOptimizer(rate).minimize(loss)
    return graph.as_graph_def()


OLD = program(1.0, 0.1, 0.5, tf.sigmoid)
NEW = program(0.5, 0.2, 0.5, tf.tanh)
RATE = "GradientDescent/learning_rate"


def a_pair():
    """Return two graphs and what an audit says of them; the activation's partner has another name in the new one."""
    new = tf.GraphDef.FromString(NEW.SerializeToString())
    for node in new.node:
        node.name = "layer/other" if node.name == "layer/activation" else node.name
        for k, reference in enumerate(node.input):
            node.input[k] = re.sub(r"^layer/activation\b", "layer/other", reference)
    names = {node.name for node in OLD.node} & {node.name for node in new.node}
    pairs = {name: name for name in names}
    differences = [
        Difference("layer/bias", "layer/bias", "is 1.0, 0.5 in the port", 12),
        Difference(RATE, RATE, "is 0.1, 0.2 in the port"),
        Difference("layer/activation", "layer/other", "is a Sigmoid, a Tanh in the port"),
        Difference("layer/start/RandomStandardNormal", "layer/start/RandomStandardNormal", "has another seed"),
        Difference("gradients/layer/sum_grad/Shape", "", "Shape has no partner in the port"),
        Difference("", "loss", "Sum has no partner in the original"),
    ]
    seeded = next(node for node in new.node if node.name == "layer/start/RandomStandardNormal")
    seeded.attr["seed2"].i += 1
    del pairs["gradients/layer/sum_grad/Shape"]
    del pairs["loss"]
    numbers = [Numbers("derived op seeds", ["layer/start", "dropout"], "write seed= in this order:\n6, 15")]
    audit = an_audit("not faithful", differences, numbers, {"names": 3}, 120, ["a tensor", "loss"], pairs)
    return OLD, new, audit


@pytest.fixture
def opened_file(browser):
    """Return a function that opens a page; what it asked for and complained about is checked."""
    contexts = []

    def open_file(path, **options):
        context = browser.new_context(permissions=["clipboard-read", "clipboard-write"], **options)
        contexts.append(context)
        tab = context.new_page()
        requested, complaints = [], []
        tab.on("request", lambda request: requested.append(request.url))
        tab.on("console", lambda message: complaints.append(message.text))
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.goto(path.as_uri())
        assert requested == [path.as_uri()], "the page asked for another file"
        tab.complaints = complaints
        return tab

    yield open_file
    for context in contexts:
        assert all(tab.complaints == [] for tab in context.pages)
        context.close()


@pytest.fixture
def opened(opened_file, tmp_path):
    """Return a function that writes an audit's page and opens it."""

    def open_page(old, new, audit, files=("old.pb", "new.pb"), **options):
        write_page(tmp_path / "audit.html", old, new, audit, files)
        return opened_file(tmp_path / "audit.html", **options)

    return open_page


def shown(tab):
    return [one.locator("code").first.inner_text() for one in tab.locator(".difference").all() if one.is_visible()]


def test_differing_node_is_drawn_in_both_graphs_in_the_same_place(opened):
    tab = opened(*a_pair(), viewport={"width": 1300, "height": 900})
    first = tab.locator(".difference").first
    expect(first).to_have_attribute("open", "")
    expect(first.locator(".follow")).to_have_text("12 follow")
    panels = first.locator(".panel")
    expect(panels).to_have_count(2)
    places = []
    for panel, value in zip(panels.all(), ("Const 1.0", "Const 0.5"), strict=True):
        root = panel.locator(".node.root")
        expect(root).to_be_in_viewport()
        expect(root.locator(".name")).to_have_text("layer/bias")
        expect(root.locator(".op")).to_have_text(value)
        box, frame = root.bounding_box(), panel.bounding_box()
        places.append((box["x"] - frame["x"], box["y"] - frame["y"]))
        expect(panel.locator(".node .name", has_text="layer/sum").first).to_be_visible()
    assert places[0] == pytest.approx(places[1], abs=1)
    expect(first.locator("tr.differs th")).to_have_text(["value"])
    third = tab.locator(".difference").nth(2)
    third.locator("summary").click()
    expect(third.locator(".node.root .name")).to_have_text(["layer/activation", "layer/other"])
    expect(third.locator("tr.differs th")).to_have_text(["op"])
    third.locator(".node.root").first.hover()
    expect(third.locator(".node.same .name")).to_have_text(["layer/activation", "layer/other"])


def test_node_of_one_graph_alone_is_marked_in_its_own_panel_only(opened):
    tab = opened(*a_pair())
    for number, here, there in ((4, 0, 1), (5, 1, 0)):
        one = tab.locator(".difference").nth(number)
        one.locator("summary").click()
        expect(one.locator(".panel").nth(here).locator(".node.root.single")).to_have_count(1)
        expect(one.locator(".panel").nth(there).locator(".node.root")).to_have_count(0)
        expect(one.locator(".panel").nth(here).locator(".edge.alone").first).to_be_attached()


def test_filters_show_what_they_name(opened):
    tab = opened(*a_pair())
    assert len(shown(tab)) == 6
    kinds = {
        "constant": ["layer/bias"],
        "hyperparameter": [RATE],
        "forward": ["layer/activation", "loss"],
        "seeds": ["layer/start/RandomStandardNormal"],
        "gradient": ["gradients/layer/sum_grad/Shape"],
    }
    for kind, names in kinds.items():
        tab.locator("#kind").select_option(kind)
        assert shown(tab) == names
        expect(tab.locator("#shown")).to_have_text(f"{len(names)} of 6")
    tab.locator("#kind").select_option("*")
    tab.locator("#scope").select_option("layer")
    assert shown(tab) == ["layer/bias", "layer/activation", "layer/start/RandomStandardNormal"]
    tab.locator("#text").fill("TANH other")
    assert shown(tab) == ["layer/activation"]
    tab.locator("#scope").select_option("GradientDescent")
    assert shown(tab) == []
    tab.locator("#text").fill("")
    assert shown(tab) == [RATE]


def test_functions_are_a_kind():
    graph_def = tf.GraphDef()
    graph_def.library.function.add().signature.name = "body"
    graph_def.node.add(name="call", op="PartitionedCall").attr["f"].func.name = "body"
    differences = [Difference("body", "body", "is another"), Difference("call", "call", "is another")]
    audit = an_audit("not faithful", differences, [], {}, 0, [], {"call": "call"})
    assert page(graph_def, graph_def, audit, ("", "")).count("data-kind='function'") == 2


def test_changed_numbers_can_be_copied(opened):
    tab = opened(*a_pair())
    tab.locator(".copy").click()
    expect(tab.locator(".copy")).to_have_text("Copied")
    assert tab.evaluate("navigator.clipboard.readText()") == "write seed= in this order:\n6, 15"
    tab.get_by_text("2 names").click()
    expect(tab.get_by_text("a tensor")).to_be_visible()
    tab.get_by_text("names 3 times").click()
    expect(tab.get_by_text("a name computes nothing")).to_be_visible()


def test_hostile_names_and_texts_are_only_text(opened):
    old, new = (tf.GraphDef.FromString(OLD.SerializeToString()) for _ in range(2))
    for graph_def in (old, new):
        graph_def.node.add(name=HOSTILE, op=HOSTILE, device=HOSTILE).attr[HOSTILE].s = HOSTILE.encode()
        graph_def.node.add(name="user", op="Identity", input=[HOSTILE])
    differences = [Difference(HOSTILE, HOSTILE, HOSTILE, 1), Difference("user", "", HOSTILE)]
    numbers = [Numbers(HOSTILE, [HOSTILE], HOSTILE)]
    audit = an_audit(HOSTILE, differences, numbers, {}, 1, [HOSTILE], {HOSTILE: HOSTILE})
    tab = opened(old, new, audit, (HOSTILE, HOSTILE))
    assert tab.evaluate("typeof hacked") == "undefined"
    assert tab.locator("script").count() == 1 and tab.locator("img").count() == 0
    expect(tab.locator(".difference summary code").first).to_contain_text("onerror='hacked=1'")
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202e]", tab.content())


def test_page_lets_no_foreign_script_run_and_asks_for_nothing(opened):
    tab = opened(*a_pair())
    tab.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=http://localhost:9/x onerror=hacked=1>')")
    tab.wait_for_timeout(200)
    assert tab.evaluate("typeof hacked") == "undefined"
    assert any("Content Security Policy" in complaint for complaint in tab.complaints)
    tab.complaints.clear()


@pytest.mark.parametrize("width", [360, 800, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_follows_the_screen(opened, width, scheme):
    tab = opened(*a_pair(), viewport={"width": width, "height": 900}, color_scheme=scheme)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    red, *_ = map(int, re.findall(r"\d+", tab.evaluate("getComputedStyle(document.body).backgroundColor")))
    assert (red < 64) == (scheme == "dark")
    boxes = [panel.bounding_box() for panel in tab.locator(".difference").first.locator(".panel").all()]
    assert (boxes[0]["y"] == boxes[1]["y"]) == (width > 720), "side by side where there is room"
    folder = os.environ.get("SCREENSHOTS")
    if folder and width == 1440 and scheme == "light":
        tab.screenshot(path=Path(folder) / "audit.png")


def test_faithful_audit_gets_a_page_without_filters(opened):
    audit = an_audit("faithful", [], [], {}, 300, [], {node.name: node.name for node in OLD.node})
    tab = opened(OLD, OLD, audit)
    expect(tab.locator(".verdict.good")).to_have_text("FAITHFUL")
    expect(tab.locator(".filters")).to_be_hidden()
    expect(tab.get_by_text("No differences.")).to_be_visible()


def test_large_graph_stays_usable(opened):
    graph_def = tf.GraphDef()
    graph_def.node.add(name="n0", op="Placeholder")
    for number in range(1, 22_000):
        graph_def.node.add(name=f"block{number % 24}/n{number}", op="AddV2", input=[graph_def.node[number - 1].name])
    graph_def.node.add(name="init", op="NoOp", input=[f"^{node.name}" for node in graph_def.node])
    names = [node.name for node in graph_def.node]
    differences = [Difference(name, name, "differs") for name in names[:18_000:20]]
    audit = an_audit("not faithful", differences, [], {}, 22_000, [], dict(zip(names, names, strict=True)))
    begin = time.perf_counter()
    tab = opened(graph_def, graph_def, audit)
    assert time.perf_counter() - begin < 20
    expect(tab.get_by_text(f"The first {MOST_DRAWN} of 900 are drawn")).to_be_visible()
    assert tab.locator(".sides").count() == MOST_DRAWN
    tab.locator("#text").fill("n1700")
    expect(tab.locator("#shown")).to_have_text("2 of 900")  # n1700 and n17000
    assert tab.locator(".node").count() <= 2 * MOST_NODES * MOST_DRAWN


def test_neighbourhood_counts_what_it_does_not_draw():
    graph_def = tf.GraphDef()
    graph_def.node.add(name="root", op="Placeholder")
    for number in range(50):
        graph_def.node.add(name=f"user{number}", op="Identity", input=["root"])
    graph_def.node.add(name="ring", op="Merge", input=["root", "back", "ring"])
    graph_def.node.add(name="back", op="NextIteration", input=["ring"])
    side = Side(graph_def)
    pictures = Neighbourhoods(side, side, {name: name for name in side.nodes}, [])
    picture = pictures.draw(("root", "root"))
    drawn = picture.old.count("<title>user")
    assert f"↓{51 - drawn - picture.old.count('<title>ring')} more" in picture.old
    assert pictures.draw(("ring", "ring")).old.count("<title>") > 2, "a loop is drawn too"


# The page of `beside`.


def test_page_of_two_runs_draws_the_curve_and_what_lies_around_the_first_tensor(opened_file, tmp_path):
    for name, graph_def in (("old.pb", OLD), ("new.pb", program(0.5, 0.1, 0.5, tf.sigmoid))):
        (tmp_path / name).write_bytes(graph_def.SerializeToString())
    path = tmp_path / "beside.html"
    graphs = [str(tmp_path / "old.pb"), str(tmp_path / "new.pb")]
    assert main(["beside", *graphs, "--updates", "2", "--html", str(path)]) == 1
    tab = opened_file(path, viewport={"width": 1300, "height": 900})
    expect(tab.locator(".verdict.bad")).to_have_text("PARTED")
    expect(tab.locator("svg.curve")).to_be_visible()
    first = tab.locator(".difference").first
    expect(first).to_have_attribute("open", "")
    expect(first.locator("summary code").first).to_have_text("layer/bias")
    expect(first.locator(".node.root .op")).to_have_text(["Const 1.0", "Const 0.5"])
    places = []
    for panel in first.locator(".panel").all():
        expect(panel.locator(".node.differs .name", has_text="layer/sum").first).to_be_visible()
        box, frame = panel.locator(".node.root").bounding_box(), panel.bounding_box()
        places.append((box["x"] - frame["x"], box["y"] - frame["y"]))
    assert places[0] == pytest.approx(places[1], abs=1)
    expect(first.locator("tr.differs th", has_text="first value that differs")).to_be_visible()
    tab.set_viewport_size({"width": 360, "height": 700})
    assert tab.evaluate("document.documentElement.scrollWidth") <= 360


# How it is written.


def test_page_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    target, link = tmp_path / "audit.html", tmp_path / "link.html"
    target.write_text("old")
    link.symlink_to(target)
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("no space left")))
    with pytest.raises(OSError, match="no space left"):
        write_page(target, *a_pair())
    assert target.read_text() == "old" and sorted(tmp_path.iterdir()) == [target, link]
    monkeypatch.undo()
    write_page(link, *a_pair())
    assert link.is_symlink() and target.read_text().startswith("<!doctype html>")


@pytest.mark.parametrize(
    "make", [lambda path: path.mkdir(), lambda path: os.mkfifo(path), lambda path: path.symlink_to(os.devnull)]
)
def test_what_is_no_regular_file_is_left_as_it_is(make, tmp_path):
    path = tmp_path / "target"
    make(path)
    before = path.stat().st_mode
    with pytest.raises(OSError, match="is no regular file"):
        write_page(path, *a_pair())
    assert path.stat().st_mode == before and list(tmp_path.iterdir()) == [path]


def test_command_line_writes_the_page_on_two_files(tmp_path, capsys):
    for name, graph_def in (("old.pb", OLD), ("new.pb", NEW)):
        (tmp_path / name).write_bytes(graph_def.SerializeToString())
    graphs = [str(tmp_path / "old.pb"), str(tmp_path / "new.pb")]
    target = tmp_path / "audit.html"
    assert main(["audit", *graphs, "--html", str(target)]) == 1
    text = target.read_text(encoding="utf-8")
    assert "NOT FAITHFUL" in text and all(name in text for name in graphs)
    assert "<code>layer/bias</code>" in text and f"<code>{RATE}</code>" in text
    capsys.readouterr()
    for arguments in ([*graphs, "--html", str(tmp_path)], [*graphs, "--html", "/dev/null"], ["--html", str(target)]):
        assert main(["audit", *arguments]) == 2
        out, error = capsys.readouterr()
        assert out == "" and error.count("\n") == 1 and re.search("--html|is no regular file", error)

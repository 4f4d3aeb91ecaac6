"""The Explorer in a real Chromium, from a click to what is painted, with 100 to 50,000 nodes.

The bench opens a page with a link to a saved page of one tree, and acts with the browser's own mouse and keyboard. A
time begins with the time stamp that the browser gave the press, before any script ran, and ends after the paint of the
first frame that shows what was asked for:

    open       a click on the link, until the tree is painted: the file is read, parsed, decoded and laid out
    select     the arrow key in the list of nodes, until another node is marked and the inspector is about it
    view       a click on another view, until it is the one that is shown
    what-if    a key that moves lambda, until the page counts with it
    pan, zoom  a move of the pressed mouse, a turn of the wheel, until the next paint; "all" draws every node, "folded"
               the view's choice

At 60 frames a second, a frame takes 16.7 ms, and a press waits for half of one on average.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from rao_lab.errors import UnavailableError
from rao_lab.experiments.bench.cases import Case, Say
from rao_lab.tree import Node, Status, Task, Tree, TreeHeader, path_key
from rao_lab.views.explorer.widget import Explorer

SIZES = (100, 1_000, 10_000, 50_000)
FRAMES, PRESSES = 24, 8
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync")

_READY = """() => {
  window.painted = () => new Promise((done) => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => done(performance.now());
    channel.port2.postMessage(0);
  }));
  window.pressed = (kind, shown) => new Promise((done) => {
    const began = performance.now();
    addEventListener(kind, async (event) => {
      let at = await window.painted();
      while (!shown() && at - began < 20000) at = await window.painted();
      done(at - event.timeStamp);
    }, {capture: true, once: true});
  });
  window.moves = (kind) => {
    window.kind = kind;
    window.times = [];
    window.noted = async (event) => window.times.push((await window.painted()) - event.timeStamp);
    addEventListener(kind, window.noted, {capture: true});
  };
}"""
"""`painted` tells when the next frame has been painted: its message comes after the frame's own work."""

_OPENING = """
  window.opened = (async () => {
    const frame = () => new Promise((done) => requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = done;
      channel.port2.postMessage(0);
    }));
    do await frame(); while (!document.querySelector('.rao [role=treeitem]'));
    return performance.timeOrigin + performance.now();
  })();
"""
"""Runs at the begin of each page, and notes when its tree has been painted."""

_LINK = """<!doctype html><a href="{page}" onclick="console.log(performance.timeOrigin + event.timeStamp)">open</a>"""

_MARKED = "document.querySelector('.rao [role=tree] [aria-selected=true]')?.id ?? ''"
_VIEW = "document.querySelector('.rao .switch[aria-label=View] [aria-pressed=true]')?.textContent"
_LAMBDA = "document.querySelector('.whatif [role=slider]').getAttribute('aria-valuenow')"


def measure(say: Say, quick: bool = False) -> Sequence[Case]:
    """Measures each size in turn.

    Raises:
        UnavailableError: Chromium or playwright is not installed.
    """
    cases: list[Case] = []
    with TemporaryDirectory() as folder, browser() as chromium:
        for size in SIZES[:2] if quick else SIZES:
            path = Path(folder) / f"{size}.html"
            Explorer(made_tree(size)).save_html(path, max_mb=100)
            cases += _measure(chromium, path, size)
            say(
                ", ".join(
                    f"{case.name} {case.median:.0f} ms" for case in cases if case.name.endswith(f"/{size}")
                )
            )
    return cases


def _measure(browser: Any, path: Path, size: int) -> Iterator[Case]:
    page = browser.new_page(viewport={"width": 1280, "height": 760})
    page.set_default_timeout(120_000)
    page.add_init_script(_OPENING)
    opened = sorted(_opened(page, path) for _ in range(3))
    yield Case(f"open/{size}", round(opened[1], 1), "ms")
    page.evaluate(_READY)
    page.locator(".rao [role=tree]").focus()
    yield Case(f"select/{size}", _times(page, "keydown", _MARKED, ["ArrowDown"] * PRESSES), "ms")
    yield Case(f"view/{size}", _times(page, "click", _VIEW, ["Icicle", "Tree"] * (PRESSES // 2)), "ms")
    page.locator(".whatif [role=slider]").focus()
    yield Case(f"what-if/{size}", _times(page, "keydown", _LAMBDA, ["End", "Home"] * (PRESSES // 2)), "ms")
    for shown in ("folded", "all"):
        draw = page.locator(".note button")
        if shown == "all" and draw.count() and draw.is_visible():
            draw.click()
            page.wait_for_timeout(500)
        for kind in ("pan", "zoom"):
            yield Case(f"{kind} {shown}/{size}", _moved(page, kind), "ms")
    page.close()


def _opened(page: Any, path: Path) -> float:
    """Milliseconds from a click on a link to the tree of its page."""
    before = path.with_name("link.html")
    before.write_text(_LINK.format(page=path.name), encoding="utf-8")
    page.goto(before.as_uri())
    with page.expect_console_message() as clicked:
        page.get_by_text("open").click(no_wait_after=True)
    page.wait_for_url(path.as_uri(), wait_until="commit")
    return float(page.evaluate("window.opened")) - float(clicked.value.text)


def _times(page: Any, kind: str, shown: str, presses: Sequence[str]) -> float:
    """The median over presses of a key, or of the view that has this name. Each ends when `shown` has changed."""
    found = []
    for press in presses:
        page.wait_for_timeout(50)
        told = f"window.pressed('{kind}', () => {shown} !== was)"
        page.evaluate(f"() => {{ const was = {shown}; window.told = {told}; }}")
        if kind == "click":
            page.locator(".rao .switch button", has_text=press).first.click()
        else:
            page.keyboard.press(press)
        found.append(page.evaluate("window.told"))
    return round(median(found), 1)


def _moved(page: Any, kind: str) -> float:
    """The median over moves of the mouse, or turns of its wheel, over the tree."""
    box = page.locator(".stage canvas").first.bounding_box()
    x, y = box["x"] + 300, box["y"] + 200
    page.mouse.move(x, y)
    page.evaluate("window.moves", "pointermove" if kind == "pan" else "wheel")
    if kind == "pan":
        page.mouse.down()
        page.mouse.move(x + 4 * FRAMES, y + 2 * FRAMES, steps=FRAMES)
        page.mouse.up()
    else:
        page.keyboard.down("Control")
        for turn in range(FRAMES):
            page.mouse.wheel(0, -40 if turn < FRAMES // 2 else 40)
        page.keyboard.up("Control")
    page.evaluate(f"async () => {{ while (window.times.length < {FRAMES // 2}) await window.painted(); }}")
    page.evaluate("removeEventListener(window.kind, window.noted, {capture: true})")
    return round(median(page.evaluate("window.times")), 1)


@contextmanager
def browser() -> Iterator[Any]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        raise UnavailableError("bench views needs Chromium: apt-get install chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise UnavailableError("bench views needs playwright: pip install 'rao-lab[dev]'") from None
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield browser
        browser.close()


def made_tree(nodes: int, seed: int = 0, fan: int = 4, deepest: int = 9) -> Tree:
    """A tree of `nodes` scored nodes, without messages. The same arguments give the same tree."""
    random = Random(seed)
    children: dict[str, list[str]] = {"0": []}
    open_paths = ["0"]
    while len(children) < nodes:
        above = open_paths[random.randrange(max(0, len(open_paths) - 400), len(open_paths))]
        path = f"{above}.{len(children[above])}"
        children[above].append(path)
        children[path] = []
        if path.count(".") < deepest:
            open_paths.append(path)
        if len(children[above]) >= fan:
            open_paths.remove(above)
    made = [_node(path, below, random) for path, below in children.items()]
    task = Task("big", "Craft the following items: 1x m0_i0", "hard")
    return Tree(
        TreeHeader(task, step=1), tuple(sorted(made, key=lambda node: path_key(node.path))), ended=1.0
    )


def _node(path: str, children: Sequence[str], random: Random) -> Node:
    above, _, place = path.rpartition(".")
    return Node(
        path,
        above or None,
        spawn_index=int(place) if above else 0,
        parent_turn=1 if above else None,
        together=bool(above),
        depth=path.count("."),
        goal=f"Craft the following items: {random.randrange(1, 9)}x m{random.randrange(40)}_i{random.randrange(9)}",
        status=Status.FINISHED,
        success=float(random.random() < 0.7),
        success_source="verifier",
        children=tuple(children),
        ended=1.0,
    )

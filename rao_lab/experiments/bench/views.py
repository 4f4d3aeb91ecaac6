"""The Explorer in a real Chromium: first paint, pan, zoom and select, with 100 to 50,000 nodes.

The bench opens a saved page of one tree and takes times with the clock of the page:

    first      from the call that makes the view (the data are parsed already) to the second frame after it
    select     from a key press to the second frame after it
    what-if    from a change of lambda to the second frame after it
    pan, zoom  the median frame while the pointer moves; "all" draws every node, "folded" the view's choice

At 60 frames a second, a frame takes 16.7 ms.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from rao_lab.errors import UnavailableError
from rao_lab.experiments.bench.cases import Case, Say
from rao_lab.tree import Node, Status, Task, Tree, TreeHeader, path_key
from rao_lab.views.explorer.widget import Explorer

SIZES = (100, 1_000, 10_000, 50_000)
FRAMES = 24
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync")

_FIRST = """async () => {
  const source = document.getElementById('bundle').textContent.replaceAll('<\\\\/script', '</' + 'script');
  const bundle = await import(URL.createObjectURL(new Blob([source], {type: 'text/javascript'})));
  const data = JSON.parse(document.getElementById('data').textContent);
  const old = document.getElementById('explorer');
  const fresh = document.createElement('div');
  fresh.id = 'explorer';
  old.replaceWith(fresh);
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  await frame();
  const began = performance.now();
  bundle.renderSaved(data, fresh);
  while (!fresh.querySelector('[role=treeitem]')) await new Promise((done) => setTimeout(done, 0));
  await frame(); await frame();
  return performance.now() - began;
}"""

_FRAMES = """async ([kind, frames]) => {
  const canvas = document.querySelector('.stage canvas');
  const box = canvas.getBoundingClientRect();
  const at = (x, y, type) => canvas.dispatchEvent(new PointerEvent(type,
    {clientX: box.left + x, clientY: box.top + y, pointerId: 1, button: 0, bubbles: true}));
  canvas.setPointerCapture = () => {};
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const times = [];
  if (kind === 'pan') at(200, 200, 'pointerdown');
  let last = await frame();
  for (let i = 1; i <= frames; i += 1) {
    if (kind === 'pan') at(200 + i * 4, 200 + i * 3, 'pointermove');
    else canvas.dispatchEvent(new WheelEvent('wheel', {clientX: box.left + 300, clientY: box.top + 300,
      deltaY: i <= frames / 2 ? -40 : 40, ctrlKey: true, bubbles: true, cancelable: true}));
    const now = await frame();
    times.push(now - last);
    last = now;
  }
  if (kind === 'pan') at(200, 200, 'pointerup');
  times.sort((a, b) => a - b);
  return times[Math.floor(times.length / 2)];
}"""

_SELECT = """async (times) => {
  const list = document.querySelector('.rao [role=tree]');
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const found = [];
  for (let i = 0; i < times; i += 1) {
    await frame();
    const began = performance.now();
    list.dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowDown', bubbles: true}));
    await frame(); await frame();
    found.push(performance.now() - began);
  }
  found.sort((a, b) => a - b);
  return found[Math.floor(found.length / 2)];
}"""

WHAT_IF = """async () => {
  const slider = document.querySelector('.whatif [role=slider]');
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  await frame();
  const began = performance.now();
  slider.dispatchEvent(new KeyboardEvent('keydown', {key: 'End', bubbles: true}));
  await frame(); await frame();
  return performance.now() - began;
}"""


def measure(say: Say) -> Sequence[Case]:
    """Measures each size in turn.

    Raises:
        UnavailableError: Chromium or playwright is not installed.
    """
    cases: list[Case] = []
    with TemporaryDirectory() as folder, browser() as chromium:
        for size in SIZES:
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
    page.goto(path.as_uri())
    page.wait_for_selector(".rao [role=treeitem]", state="attached")
    times = sorted(page.evaluate(_FIRST) for _ in range(3))
    yield Case(f"first/{size}", round(times[1], 1), "ms")
    page.wait_for_timeout(300)
    yield Case(f"select/{size}", round(page.evaluate(_SELECT, 9), 1), "ms")
    yield Case(f"what-if/{size}", round(page.evaluate(WHAT_IF), 1), "ms")
    for kind in ("pan", "zoom"):
        yield Case(f"{kind} folded/{size}", round(page.evaluate(_FRAMES, [kind, FRAMES]), 1), "ms")
    draw = page.locator(".note button")
    if draw.count() and draw.is_visible():
        draw.click()
        page.wait_for_timeout(500)
    for kind in ("pan", "zoom"):
        yield Case(f"{kind} all/{size}", round(page.evaluate(_FRAMES, [kind, FRAMES]), 1), "ms")
    page.close()


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

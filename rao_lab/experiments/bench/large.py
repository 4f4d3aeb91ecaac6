"""A run of 10,000 trees and 1,000,000 nodes: from opening and from a click to what is painted.

    open       from the run file to the columns of its newest step, as the kernel sends them: a new process, no cache
    step       the same for another step of the open run
    page       from the address of a saved page with two steps to the second frame with its tree: the bundle is loaded
               and run, the data are parsed and decoded
    click      from a click on the step scrubber's neighbour to the second frame after the other step is there: its
               columns are decoded, laid out and painted
    what-if    from a change of lambda to the second frame after it
    VIEW       from a click on the view switch to the second frame after it

The trees have no messages: texts are read when somebody asks for them (`bench store` has their figures). A step is
12,800 nodes.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from rao_lab.credit import attribute
from rao_lab.experiments.bench.cases import Case, Say
from rao_lab.experiments.bench.views import browser, made_tree
from rao_lab.store import RunWriter, open_run
from rao_lab.tree import Group, Task
from rao_lab.views.explorer.widget import Explorer

STEPS, GROUPS, ROLLOUTS, NODES = 79, 16, 8, 100
REPEATS = 5

_OPEN = """
import sys
from time import perf_counter
import rao_lab as rl
from rao_lab.views.explorer.widget import Explorer
began = perf_counter()
explorer = Explorer(rl.open_run(sys.argv[1]))
sent = []
explorer.send = lambda content, buffers=None: sent.append(buffers)
explorer._take(None, {"type": "hello", "step": None}, [])
opened = perf_counter()
explorer._take(None, {"type": "open", "step": 2}, [])
print(opened - began, perf_counter() - opened, len(sent))
"""
"""Run in a process of its own: seconds to the first step, and to another one."""

_CLICK = """async (key) => {
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const list = document.querySelector('.rao [role=tree]');
  const step = () => document.querySelector('.rao .scrub')?.textContent ?? '';
  const before = step();
  await frame();
  const began = performance.now();
  list.dispatchEvent(new KeyboardEvent('keydown', {key, shiftKey: true, bubbles: true}));
  while (step() === before && performance.now() - began < 20000) await frame();
  await frame(); await frame();
  return performance.now() - began;
}"""

_WHAT_IF = """async () => {
  const slider = document.querySelector('.whatif [role=slider]');
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  await frame();
  const began = performance.now();
  slider.dispatchEvent(new KeyboardEvent('keydown', {key: 'End', bubbles: true}));
  await frame(); await frame();
  return performance.now() - began;
}"""

_PAINTED = """async () => {
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  while (!document.querySelector('.rao [role=treeitem]')) await frame();
  await frame(); await frame();
  return performance.now();
}"""
"""From the begin of the navigation, which is the zero of the page's clock."""

_VIEW = """async (name) => {
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const button = [...document.querySelectorAll('.rao .switch button')].find((each) => each.textContent === name);
  if (!button) return null;
  await frame();
  const began = performance.now();
  button.click();
  await frame(); await frame();
  return performance.now() - began;
}"""


def measure(say: Say) -> Sequence[Case]:
    """Makes the run, which takes minutes, and opens it.

    Raises:
        UnavailableError: Chromium or playwright is not installed.
    """
    with TemporaryDirectory() as folder, browser() as chromium:
        path = Path(folder) / "large.rao"
        make_run(path, STEPS, say)
        with open_run(path) as run:
            trees, nodes = len(run.trees()), sum(each.nodes for each in run.steps)
        say(f"{trees:,} trees, {nodes:,} nodes, {path.stat().st_size / 1e6:,.0f} MB")
        return [*_opened(path), *_painted(chromium, path, Path(folder) / "large.html")]


def make_run(path: Path, steps: int, say: Say) -> None:
    """Records steps of equal trees."""
    trees = [made_tree(NODES, seed) for seed in range(GROUPS * ROLLOUTS)]
    groups = []
    for index in range(GROUPS):
        task = Task(f"task {index}", "Craft the following items: 1x m0_i0", "hard")
        lot = trees[index * ROLLOUTS : (index + 1) * ROLLOUTS]
        headers = [replace(tree.header, task=task, group=index, rollout=at) for at, tree in enumerate(lot)]
        made = tuple(replace(tree, header=header) for tree, header in zip(lot, headers, strict=True))
        groups.append(Group(task, made, 1, index))
    credit = attribute(groups)
    with RunWriter(path, {}) as writer:
        for step in range(1, steps + 1):
            writer.begin_step(step)
            for group in groups:
                for tree in group.trees:
                    writer.tree_done(replace(tree, header=replace(tree.header, step=step)))
            writer.end_step(step, credit, {"trees": len(trees), "success": 0.5, "seconds": {"total": 1.0}})
            if step % 10 == 0:
                say(f"{step} of {steps} steps recorded")


def _opened(path: Path) -> Iterator[Case]:
    taken = []
    for _ in range(REPEATS):
        command = [sys.executable, "-c", _OPEN, str(path)]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        taken.append((float(told[0]), float(told[1])))
    for name, place in (("open", 0), ("step", 1)):
        yield Case(f"large/{name}", round(median(each[place] for each in taken) * 1e3, 1), "ms")


def _painted(chromium: Any, path: Path, page_file: Path) -> Iterator[Case]:
    with open_run(path) as run:
        Explorer(run).save_html(page_file, steps=[1, 2], max_mb=40)
    page = chromium.new_page(viewport={"width": 1366, "height": 800})
    page.set_default_timeout(120_000)
    times = []
    for _ in range(REPEATS):
        page.goto(page_file.as_uri())
        times.append(page.evaluate(_PAINTED))
    yield Case("large/page", round(median(times), 1), "ms")
    clicks = [page.evaluate(_CLICK, key) for key in ("ArrowLeft", "ArrowRight") * REPEATS]
    yield Case("large/click", round(median(clicks), 1), "ms")
    yield Case("large/what-if", round(page.evaluate(_WHAT_IF), 1), "ms")
    for name in ("Icicle", "Group", "Timeline", "Tree"):
        page.evaluate(_VIEW, name)  # the first time a view is made ready
        times = []
        for _ in range(REPEATS):
            page.evaluate(_VIEW, "Tree" if name != "Tree" else "Icicle")
            times.append(page.evaluate(_VIEW, name))
        yield Case(f"large/{name}", round(median(each or 0.0 for each in times), 1), "ms")
    page.close()

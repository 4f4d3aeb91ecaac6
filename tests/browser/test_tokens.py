"""The Tokens page in a real browser: its numbers are those of `rl.tokens` and `rl.launches`; by mouse and keys."""

from __future__ import annotations

from array import array
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rao_lab as rl
from rao_lab.credit import attribute
from rao_lab.store import RunWriter, open_run
from rao_lab.tree import Group, Turn
from tests.browser.lab import Lab, open_notebook, run_all
from tests.support.trees import decode, encode, showcase_group

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def run_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A step whose tokens were recomputed, under a loss that clips."""
    path = tmp_path_factory.mktemp("tokens") / "t.rao"
    group = showcase_group()
    given = attribute([group])
    count = int(given.table.tokens[given.trained].sum())
    drift = np.random.default_rng(0).normal(0, 0.3, count).astype(np.float16)
    with RunWriter(path, {"train": {"loss": {"loss": "ppo_clip"}, "epochs": 2}}) as writer:
        writer.begin_step(group.step)
        for tree in group.trees:
            writer.tree_done(tree)
        writer.end_step(group.step, replace(given, drift=drift))
    return path


def saved_page(shown: Any, path: Path, **how: Any) -> Path:
    made = rl.Explorer(shown, tokenizer=decode, view="tokens", **how)
    made.save_html(path)
    made.close()
    return path


def readout(page: Any) -> str:
    text: str = page.locator(".tk-readout").inner_text()
    return " ".join(text.split())


def test_the_page_shows_the_numbers_that_python_gives(pages: Any, run_file: Path, tmp_path: Path) -> None:
    with open_run(run_file) as run:
        found = rl.tokens(run, tree=0, tokenizer=decode)
        told = rl.launches(run, tokenizer=decode)
        page = pages.open(saved_page(run, tmp_path / "t.html").as_uri(), width=1366, height=768)
    page.locator(".tk-body .tk.w").first.wait_for()
    chosen = page.get_by_role("tab", name="Tokens")
    assert chosen.last.get_attribute("aria-selected") == "true"
    wrote = np.flatnonzero(found.columns.kind == 1)
    page.keyboard.press("l")
    least = wrote[int(np.argmin(found.columns.logprob[wrote]))]
    said = readout(page)
    for name, digits in (("log-prob", 3), ("entropy", 3), ("ratio", 3), ("push", 3)):
        value = float(found.metric(name.replace("-", ""))[least])
        digits = 4 if name == "ratio" and abs(value - 1) < 0.01 else digits
        text = f"{value:+.{digits}f}" if name == "push" else f"{value:.{digits}f}"
        assert f"{name} {text}".replace("-0", "−0") in said.replace("-prob", "-prob"), said
    rows = page.locator(".tk-side tbody").last.locator("tr")
    cells = [row.locator("td").all_inner_texts() for row in rows.all()]
    assert [row[2] for row in cells] == [f"{line.tokens:,}" for line in told.lines]
    means = ["–" if line.mean_c is None else f"{line.mean_c:+.3f}".replace("-", "−") for line in told.lines]
    assert [row[3] for row in cells] == means
    assert str(told).split("\n")[0] == page.locator(".tk-side p").first.inner_text().strip()
    assert pages.errors == []


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [700, 1366, 1620])
def test_by_mouse_and_keys_at_every_width(
    pages: Any, run_file: Path, tmp_path: Path, width: int, theme: str
) -> None:
    with open_run(run_file) as run:
        path = saved_page(run, tmp_path / "t.html")
    page = pages.open(path.as_uri(), width=width, height=800, theme=theme)
    page.locator(".tk-body .tk.w").first.wait_for()
    fits = "e => e.scrollWidth <= e.clientWidth + 1"
    for part in (".tokens", ".tk-top", ".tokens .pane"):
        assert page.locator(part).evaluate(fits), part
    first = readout(page)
    page.locator(".tokens .pane").focus()
    page.keyboard.press("ArrowRight")
    assert readout(page) != first and "token 2 of" in readout(page)
    page.keyboard.press("ArrowLeft")
    assert readout(page) == first
    page.keyboard.press("m")
    assert page.locator("[data-metric=entropy]").get_attribute("aria-checked") == "true"
    page.keyboard.press("g")
    best = readout(page)
    page.keyboard.press("g")
    assert readout(page) != best, "again: the next in rank"
    page.locator(".tk-chart canvas").last.click(position={"x": 100, "y": 40})
    assert readout(page) != best
    page.locator(".tk-body .tk.w").first.hover()
    assert "log-prob" in page.locator(".tk-tip").inner_text()
    page.locator("[data-metric=ratio]").click()
    assert "of the last of 2 updates" in page.locator(".tokens .sentence").inner_text().lower()
    contrast = page.evaluate(CONTRAST)
    assert contrast >= 4.5, f"the faintest text on a tint has {contrast:.2f} to 1"
    page.keyboard.press("Escape")
    assert page.locator(".tokens").is_hidden()
    assert pages.errors == []


CONTRAST = """() => {
  const light = (c) => {
    const [r, g, b] = c.match(/[\\d.]+/g).slice(0, 3).map((v) => {
      const x = v / 255;
      return x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratios = [...document.querySelectorAll(".tk-body .tk.w")].map((e) => {
    const s = getComputedStyle(e);
    const [a, b] = [light(s.color), light(s.backgroundColor)].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
  });
  return Math.min(...ratios);
}"""


@pytest.mark.slow
def test_what_if_moves_the_credit_of_tokens_and_leaves_what_was_recorded(
    pages: Any, run_file: Path, tmp_path: Path
) -> None:
    with open_run(run_file) as run:
        path = saved_page(run, tmp_path / "t.html")
    page = pages.open(path.as_uri(), width=1366, height=768)
    page.locator(".tk-body .tk.w").first.wait_for()
    before = readout(page)
    page.locator(".whatif select").first.select_option("root_only")
    page.locator(".tokens .sentence", has_text="same rollouts, other credit").wait_for()
    assert readout(page).split("advantage")[0] == before.split("advantage")[0]
    assert "same rollouts, other credit" in page.locator(".tk-side").inner_text()
    assert pages.errors == []


@pytest.mark.slow
def test_a_node_of_many_tokens_is_windowed_and_one_without_says_so(pages: Any, tmp_path: Path) -> None:
    ids = encode("some words to say " * 4000)
    turn = Turn(
        1,
        prompt_ids=encode("go " * 900),
        sampled_ids=ids,
        logprobs=array("f", [-0.5] * len(ids)),
        entropies=array("f", [0.5] * len(ids)),
        started=0.0,
        sampled=1.0,
        ended=2.0,
    )
    first, second, *_ = showcase_group().trees
    large = replace(first, nodes=(replace(first.nodes[0], turns=(turn,)), *first.nodes[1:]))
    bare = replace(second, nodes=tuple(replace(n, turns=(Turn(1, text="hi"),)) for n in second.nodes))
    group = Group(first.task, (large, bare), first.header.step)
    page = pages.open(saved_page(group, tmp_path / "t.html", step=group.step).as_uri(), width=1366)
    page.locator(".tk-body .tk.w").first.wait_for()
    assert page.locator(".tk-body .tk").count() < 4000 < len(ids)
    page.get_by_role("button", name="Show the").click()
    page.locator(".tk-body.read .tk").first.wait_for()
    pane = page.locator(".tokens .pane")
    pane.evaluate("e => { e.scrollTop = e.scrollHeight }")
    page.locator(f'.tk-body [data-at="{len(turn.prompt_ids) + len(ids) - 1}"]').wait_for()
    assert page.locator(".tk-body .tk").count() < 4000
    page.get_by_title("Choose a tree").click()
    page.locator(".menu button", has_text="tree 2").click()
    page.locator(".tk-state", has_text="a scripted policy has none").wait_for()
    assert pages.errors == []


LAB = """
import rao_lab as rl
rl.Explorer(rl.open_run(%r), tree=2, height=600)
"""


@pytest.mark.slow
def test_in_a_notebook_the_kernel_answers(pages: Any, lab: Lab, repo: Path) -> None:
    run = repo / "data/pathologies/as_it_should_be.rao"
    page = pages.open("", width=1620, height=1000)
    page.set_default_timeout(30_000)
    open_notebook(page, lab.notebook("tokens.ipynb", [LAB % str(run)]))
    run_all(page)
    page.locator(".rao [data-tab=tokens]").first.click()
    page.locator(".rao .tk-body .tk.w").first.wait_for()
    page.locator(".rao .tk-side tbody tr").last.wait_for()
    assert "likely" in page.locator(".rao .tokens .sentence").inner_text()
    page.keyboard.press("]")
    page.keyboard.press("l")
    assert "log-prob" in page.locator(".rao .tk-readout").inner_text()

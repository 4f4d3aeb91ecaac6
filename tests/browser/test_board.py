"""The board of a saved run at the widths of a notebook's cell, and with few steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.browser


def saved_run(folder: Path, steps: int, measured: bool = True) -> Path:
    """A page of a finished run of that many steps."""
    from rao_lab.store import RunWriter, open_run
    from rao_lab.views.explorer.widget import Explorer
    from tests.support.live import TRAIN, ended, script

    path = folder / f"{steps}.rao"
    with RunWriter(path, {"train": {**TRAIN["train"], "steps": steps}}) as writer:
        for step in range(1, steps + 1):
            writer.begin_step(step)
            groups = script(step)[1]
            for tree in (tree for group in groups for tree in group.trees):
                writer.tree_done(tree)
            made = ended(step, groups)
            share = {"success_by_difficulty": {"medium": {"success": 0.5, "tasks": 8}}}
            writer.end_step(step, made.attributions, {**made.metrics, **(share if measured else {})})
    Explorer(open_run(path), view="board").save_html(folder / f"{steps}.html")
    return folder / f"{steps}.html"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    folder = tmp_path_factory.mktemp("boards")
    return {steps: saved_run(folder, steps) for steps in (1, 2, 6)}


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a run of one step with 20 tasks."""
    from rao_lab.store import RunWriter, open_run
    from rao_lab.views.explorer.widget import Explorer
    from tests.support.live import ended
    from tests.support.trees import random_step

    path = tmp_path_factory.mktemp("many") / "many.rao"
    groups = random_step(5, 20, 6, 8, step=1)
    with RunWriter(path, {"train": {"steps": 1}}) as writer:
        writer.begin_step(1)
        for tree in (tree for group in groups for tree in group.trees):
            writer.tree_done(tree)
        made = ended(1, groups)
        writer.end_step(1, made.attributions, {**made.metrics, "together": 0.25, "success": 0.5})
    Explorer(open_run(path), view="board").save_html(path.with_suffix(".html"))
    return path.with_suffix(".html")


def board(pages: Any, path: Path, **how: Any) -> Any:
    page = pages.open(path.as_uri(), **how)
    page.locator(".rao button.group").first.wait_for()  # saved from a board, it opens on the board
    return page


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 930, 860, 700])
def test_the_tasks_stand_in_view_without_scrolling(
    pages: Any, runs: dict[int, Path], width: int, theme: str
) -> None:
    page = board(pages, runs[6], width=width, height=520, theme=theme)  # a cell's own height
    pane = page.locator(".board").bounding_box()
    rows = page.locator(".rao button.group")
    last = rows.nth(min(3, rows.count()) - 1).bounding_box()
    assert last["y"] + last["height"] <= pane["y"] + pane["height"]
    figures = page.locator(".rao .figures").bounding_box()
    assert figures["y"] + figures["height"] <= pane["y"] + pane["height"]
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow <= 0
    assert pages.errors == []


def test_a_laptop_sees_the_whole_board_at_once_and_round_discs(pages: Any, runs: dict[int, Path]) -> None:
    # JupyterLab on a screen of 1366 with its files beside leaves a cell of 934, and a board of 620.
    page = board(pages, runs[6], width=934, height=620)
    pane = page.locator(".board").bounding_box()
    for plot in page.locator(".rao .board .lower .plot").all():
        box = plot.bounding_box()
        assert box["y"] + box["height"] <= pane["y"] + pane["height"]
    discs = [disc.bounding_box() for disc in page.locator(".rao button.group .axis circle").all()]
    assert discs and all(abs(disc["width"] - disc["height"]) < 0.1 for disc in discs)


WIDE_TYPE = """addEventListener('DOMContentLoaded', () => {
  document.documentElement.style.setProperty('--jp-ui-font-family', 'Verdana, DejaVu Sans');
})"""  # that of JupyterLab on a machine without Helvetica


@pytest.mark.parametrize(("width", "height", "seen"), [(934, 620, 8), (1366, 724, 13), (1620, 620, 10)])
def test_tasks_stand_beside_all_plots_which_are_wide_enough_and_have_whole_notes(
    pages: Any, many: Path, width: int, height: int, seen: int
) -> None:
    page = pages.open("", width=width, height=height)
    page.add_init_script(WIDE_TYPE)
    page.goto(many.as_uri())
    page.locator(".rao button.group").first.wait_for()
    pane, listed = (page.locator(f".rao .{name}").bounding_box() for name in ("board", "groups .list"))
    rows = [row.bounding_box() for row in page.locator(".rao button.group").all()]
    rest = (listed["height"] / rows[0]["height"]) % 1  # a list that scrolls ends with a whole row
    assert rows[-1]["y"] < listed["y"] + listed["height"] or min(rest, 1 - rest) < 0.06
    assert sum(row["y"] + row["height"] <= listed["y"] + listed["height"] + 1 for row in rows) >= seen
    assert listed["y"] + listed["height"] < pane["y"] + pane["height"]
    assert page.locator(".rao .board").evaluate("e => e.scrollHeight <= e.clientHeight")
    cut = "all => all.filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.textContent)"
    assert page.locator(".rao .board :is(.cap, .group) *").evaluate_all(cut) == []
    field = "all => all.map(e => e.clientWidth - parseFloat(getComputedStyle(e).getPropertyValue('--fixed')))"
    assert min(page.locator(".rao .lower .plot").evaluate_all(field)) >= 60
    assert pages.errors == []


@pytest.mark.parametrize(("width", "height"), [(1620, 620), (1366, 620), (934, 620), (700, 520)])
def test_the_board_lists_every_task_the_widest_spread_first(
    pages: Any, many: Path, width: int, height: int
) -> None:
    page = pages.open(many.as_uri(), width=width, height=height)
    rows = page.locator(".rao button.group")
    rows.first.wait_for()
    if width == 700:  # no list scrolls in a board that scrolls
        assert rows.count() < 10
        page.get_by_role("button", name="Show all 20 tasks").click()
    assert rows.count() == 20
    spreads = [float(text) for text in page.locator(".rao button.group .fig").all_inner_texts()]
    assert spreads == sorted(spreads, reverse=True) and spreads[0] > spreads[-1]
    discs = [row.locator(".axis circle").count() for row in rows.all()]
    assert discs == [6] * 20  # roots at one point stand on each other
    assert "20 tasks, widest spread first" in page.locator(".rao .groups .foot").inner_text()
    rows.last.scroll_into_view_if_needed()
    rows.last.locator(".tiny-tree svg").wait_for()
    cut = "all => all.filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.textContent)"
    assert page.locator(".rao .figures :is(dt, dd)").evaluate_all(cut) == []
    assert pages.errors == []


@pytest.mark.parametrize(
    ("steps", "words"), [(1, "1 step: points, no curve yet"), (2, "2 steps: points, no curve yet")]
)
def test_a_step_or_two_are_points_with_words(
    pages: Any, runs: dict[int, Path], steps: int, words: str
) -> None:
    page = board(pages, runs[steps], width=700, height=520)
    assert words in page.locator(".rao .steps .cap").inner_text()
    assert words in page.locator(".rao .board .hush").text_content()
    assert ink(page) > 30
    assert pages.errors == []


def test_from_the_fourth_step_on_the_words_are_gone(pages: Any, runs: dict[int, Path]) -> None:
    page = board(pages, runs[6], width=700, height=520)
    assert "points" not in page.locator(".rao .steps .cap").inner_text()


def test_a_run_without_success_by_difficulty_says_so(pages: Any, tmp_path: Path) -> None:
    page = board(pages, saved_run(tmp_path, 1, measured=False), width=700, height=520)
    assert "No success by difficulty" in page.locator(".rao .board .hush").text_content()


def ink(page: Any) -> int:
    """Pixels of the large plot in the tone of its curve."""
    return page.evaluate(
        """() => {
      const canvas = document.querySelector('.rao .steps canvas');
      const tone = getComputedStyle(document.querySelector('.rao')).getPropertyValue('--seq4');
      const [r, g, b] = tone.match(/[0-9a-f]{2}/gi).map((part) => parseInt(part, 16));
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      let found = 0;
      for (let i = 0; i < data.length; i += 4) {
        if (Math.abs(data[i] - r) + Math.abs(data[i + 1] - g) + Math.abs(data[i + 2] - b) < 40) found += 1;
      }
      return found;
    }"""
    )


def test_a_page_of_one_step_says_what_it_holds(pages: Any, tmp_path: Path) -> None:
    page = board(pages, saved_run(tmp_path, 6), width=934, height=620)
    held = page.locator(".rao .board .held")
    assert held.inner_text() == "This page holds the trees of step 6 only; its curves show all 6 steps."
    canvas = page.locator(".rao .steps canvas")
    assert canvas.evaluate("e => getComputedStyle(e).cursor") == "default"  # its line cannot be moved
    page.get_by_role("button", name="Tree", exact=True).click()
    assert "step 6" in page.locator(".rao .place").inner_text()
    assert pages.errors == []


def test_the_board_stays_as_recorded_under_a_what_if_and_says_so(pages: Any, many: Path) -> None:
    page = board(pages, many, width=1280, height=700)
    pane, bar = page.locator(".rao .board"), page.locator(".rao .whatif")
    recorded = pane.inner_text()
    assert not bar.is_visible()
    page.get_by_role("button", name="Tree", exact=True).click()
    high = bar.bounding_box()["height"]
    page.get_by_role("slider", name="lambda").press("Home")
    page.locator(".rao .whatif", has_text="same rollouts, other credit").wait_for()
    assert bar.bounding_box()["height"] == high  # nothing below moves under the hand
    page.get_by_role("button", name="Board", exact=True).click()
    assert pane.inner_text() == recorded
    assert "The board is as recorded. Views of trees show other credit: λ 0.00, rao" in bar.inner_text()
    page.get_by_role("button", name="Reset").click()
    assert pane.inner_text() == recorded and not bar.is_visible()
    page.get_by_role("button", name="Tree", exact=True).click()
    assert "As recorded" in bar.inner_text()
    assert pages.errors == []

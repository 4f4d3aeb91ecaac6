"""The Group view of a saved page in a real browser: with the mouse, with keys alone, and at each width."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import rao_lab as rl

pytestmark = pytest.mark.browser


def open_group(pages: Any, saved: Path, **how: Any) -> Any:
    page = pages.open(saved.as_uri(), **how)
    page.locator(".rao [role=treeitem]").first.wait_for(state="attached")  # the step is here
    views = page.get_by_role("group", name="View")
    if not views.get_by_role("button", name="Group").count():
        # a menu holds what a narrow cell has no room for
        views.get_by_role("button").last.click()
        views = page.locator(".menu")
    views.get_by_role("button", name="Group").click()
    page.locator(".glance [role=option][aria-label^='medium 017']").click()
    return page


def trees(page: Any) -> list[str]:
    return page.locator(".group-view .trees [role=option]").all_text_contents()


def place(page: Any) -> str:
    return page.locator(".rao .place .here").inner_text()


def test_groups_and_trees_by_keys_and_mouse_with_the_credit_of_a_what_if(pages: Any, saved: Path) -> None:
    page = open_group(pages, saved)
    assert place(page) == "8 trees"
    assert trees(page)[1] == ("tree 2: R 0.20, compared with 0.95, advantage −0.75; 6 nodes, depth 2")
    assert "All 48 nodes have an advantage" in page.locator(".group-view .about").inner_text()
    shares = page.locator(".by-depth tbody tr td b").all_text_contents()[::2]
    assert abs(sum(float(share.split()[0]) for share in shares) - 100) < 0.3
    # Other credit is shown at once.
    page.locator(".whatif select").last.select_option("group_mean")
    assert "tree 2: R 0.20, compared with 0.86, advantage −0.66" in trees(page)[1]
    page.get_by_role("button", name="Reset").click()
    # By share, the group that makes most of the update is first, with its figure.
    page.get_by_label("order of the groups").select_option("share")
    rows = page.locator(".glance [role=option] .figure").all_text_contents()
    assert rows == sorted(rows, key=lambda words: -float(words.split()[0])) and len(rows) == 4
    page.get_by_label("order of the groups").select_option("step")
    # The list has the keyboard: groups up and down, trees left and right.
    page.locator(".glance .groups").focus()
    page.keyboard.press("ArrowUp")
    chosen = page.locator(".glance [aria-selected=true]").get_attribute("aria-label")
    assert chosen is not None and not chosen.startswith("medium 017")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.locator(".rao[data-view=tree] .place .here", has_text="tree 3 of 8").wait_for()
    # A click on a node opens it there.
    page.get_by_role("group", name="View").get_by_role("button", name="Group").click()
    assert place(page) == "8 trees"
    box = page.locator(".trees canvas").bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.46, box["y"] + box["height"] / 2)
    page.locator(".rao[data-view=tree] .place .here", has_text="tree 4 of 8").wait_for()
    assert pages.errors == []


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    ("width", "height"), [(420, 700), (600, 640), (700, 640), (980, 640), (1366, 768), (1620, 900)]
)
def test_no_words_of_a_group_are_cut(pages: Any, saved: Path, width: int, height: int, theme: str) -> None:
    page = open_group(pages, saved, width=width, height=height, theme=theme)
    over = "all => all.filter(e => e.clientWidth && e.scrollWidth > e.clientWidth + 1).map(e => e.className)"
    parts = ".group-view .about *, .group-view .cap *, .group-view .by-depth *, .group-view .seen, .glance p"
    assert page.locator(parts).evaluate_all(over) == []
    # Figures of the axis stand apart.
    sides = "all => all.map(e => e.getBoundingClientRect()).map(box => [box.left, box.right])"
    figures = page.locator(".by-depth svg text").evaluate_all(sides)
    assert len(figures) > 1
    assert all(left > right for (_, right), (left, _) in pairwise(figures))
    canvas = page.locator(".trees canvas")
    assert canvas.bounding_box()["height"] >= 200
    side = page.locator(".group-view").evaluate("e => e.scrollWidth <= e.clientWidth + 1")
    assert side and pages.errors == []


@pytest.mark.slow
@pytest.mark.parametrize("width", [700, 1366])
def test_names_of_probes_are_not_cut(pages: Any, repo: Path, tmp_path: Path, width: int) -> None:
    rl.Explorer(rl.open_run(repo / "data/course/run_c.rao"), view="group").save_html(tmp_path / "c.html")
    page = pages.open((tmp_path / "c.html").as_uri(), width=width, height=768)
    names = page.locator(".glance .cut")
    names.first.wait_for()
    assert names.evaluate_all("all => all.filter(e => e.scrollWidth > e.clientWidth + 1).length") == 0
    assert "142" in names.all_text_contents() and pages.errors == []


@pytest.mark.parametrize("width", [1366, 700])
def test_no_line_of_the_shares_runs_through_their_figures_also_in_type_that_comes_late(
    pages: Any, saved: Path, width: int
) -> None:
    page = open_group(pages, saved, width=width)
    page.locator(".by-depth td.plot svg").wait_for()
    page.evaluate("document.body.style.setProperty('--jp-ui-font-family', 'Verdana, DejaVu Sans')")
    page.wait_for_function(
        """() => {
          const plot = document.querySelector('.by-depth td.plot');
          const lines = [...plot.querySelectorAll('path')].map((line) => line.getBoundingClientRect().right);
          return Math.max(...lines) <= plot.getBoundingClientRect().right;
        }"""
    )
    assert pages.errors == []

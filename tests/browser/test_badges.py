"""The Badges view of a saved page in a real browser: with the mouse, with keys alone, and at each width."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import rao_lab as rl

pytestmark = pytest.mark.browser
RUN = Path(__file__).parents[2] / "data/pathologies/guards_off.rao"


@pytest.fixture(scope="module")
def spoilt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("badges") / "badges.html"
    with rl.open_run(RUN) as run:
        rl.Explorer(run, step=12, view="badges").save_html(path)
    return path


def rows(page: Any) -> list[str]:
    return page.locator(".given-row").evaluate_all("all => all.map(e => e.getAttribute('aria-label'))")


def test_a_badge_is_chosen_read_walked_and_found_in_the_tree(pages: Any, spoilt: Path) -> None:
    page = pages.open(spoilt.as_uri(), width=1366, height=760)
    page.locator(".kind", has_text="bonus only").wait_for()
    cut = "all => all.filter(e => e.scrollWidth > e.clientWidth).map(e => e.textContent)"
    assert page.locator(".given-row .c-figure").evaluate_all(cut) == []
    assert "95 badges of 194 nodes" in page.locator(".badges-view .summary").inner_text()
    page.locator(".kind", has_text="own goal").click()
    about = page.locator(".badges-view .about").inner_text()
    assert "nothing was divided" in about and "guards_off.rao, 12:1.2/0.0.1.0" in about
    assert page.locator(".badges-view .thresholds input").is_disabled()
    caption = page.locator(".badges-view figcaption").inner_text()
    assert caption == "step 12: 4; 2 counted steps, 1 to 12: at most 4, probes left out"
    told = page.locator(".badges-view .over title").all_text_contents()
    assert told == ["step 1: 0", "step 12: 4"]  # the steps that keep their trees
    page.keyboard.press("Shift+ArrowLeft")
    said = page.locator(".rao .line-state")
    assert said.inner_text().startswith("This page holds the trees of step 12 alone: explorer.save_html(")
    assert [row.split(", ")[:4] for row in rows(page)] == [
        ["medium 426", "tree 3", "0.0.1.0", "own goal"],
        ["medium 2291", "tree 1", "0.1.0.0", "own goal"],
        ["medium 5840", "tree 5", "0.1.0", "own goal"],
        ["medium 5840", "tree 5", "0.1.1", "own goal"],
        ["medium 142", "tree 2 probe", "0.0", "own goal"],
    ]
    page.locator(".given-row").nth(1).click()
    who = page.locator(".inspector .who")
    assert "goal 100 % like its parent's" in who.inner_text()
    # Keys: down in the table, Enter opens the tree, n goes on to the next tree that has one.
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.locator(".rao").get_attribute("data-view") == "tree"
    page.keyboard.press("n")
    page.keyboard.press("n")
    assert page.locator(".rao .place .here").inner_text() == "tree 2 of 2"
    hits = page.locator(".outline .row.hit")
    assert hits.count() == 1 and "own goal" in (hits.first.get_attribute("aria-label") or "")
    # Without the filter a row tells all of its badges again.
    page.get_by_role("group", name="View").get_by_role("button", name="Badges").click()
    page.locator(".kind", has_text="own goal").click()
    assert len(rows(page)) > 10
    # Credit by another rule: without a bonus nobody is paid for it.
    page.locator(".whatif [role=slider]").focus()
    page.keyboard.press("Home")
    page.locator(".badges-view .summary", has_text="follow the changed rule").wait_for()
    assert page.locator(".kind", has_text="bonus only").count() == 0
    about = page.locator(".badges-view .about")
    assert "those of credit stay as recorded" in about.inner_text()
    page.locator(".others button", has_text="bonus only").click()
    assert "by the recorded rule" in about.locator("figcaption").inner_text()
    assert pages.errors == []


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [700, 1000, 1366, 1620])
def test_nothing_leaves_its_column_at_any_width(pages: Any, spoilt: Path, width: int, theme: str) -> None:
    page = pages.open(spoilt.as_uri(), width=width, height=760, theme=theme)
    page.locator(".kind", has_text="serial await").wait_for()
    cut = "all => all.filter(e => e.scrollWidth > e.clientWidth).map(e => e.textContent)"
    assert page.locator(".given-row .c-figure").evaluate_all(cut) == []
    page.locator(".kind", has_text="serial await").click()
    view = page.locator(".badges-view").bounding_box()
    for part in (".badges-view .side", ".badges-view .main", ".given-row >> nth=0"):
        box = page.locator(part).bounding_box()
        assert view["x"] <= box["x"] and box["x"] + box["width"] <= view["x"] + view["width"] + 1, part
    over = "all => all.filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.textContent)"
    assert page.locator(".given-row > :not(.cut)").evaluate_all(over) == []
    assert pages.errors == []


def test_a_long_figure_stays_inside_a_narrow_inspector(pages: Any, spoilt: Path) -> None:
    page = pages.open(spoilt.as_uri(), width=1366, height=760)
    page.locator(".kind", has_text="late launch").click()
    page.locator(".given-row").first.click()
    who = page.locator(".inspector .who")
    who.get_by_text("launched in turn 12 of 12, then turn limit").wait_for()
    for _ in range(4):
        page.locator(".grip").press("ArrowRight")
    over = "e => [...e.querySelectorAll('*')].filter(each => each.getBoundingClientRect().right > innerWidth).length"
    assert who.evaluate(over) == 0

"""The Timeline and the replay in a browser: lanes, the critical path in words, and a tree that grows again."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from rao_lab.store import open_run
from rao_lab.views.explorer.widget import Explorer
from tests.browser.lab import show_view

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def trained(repo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree of ten nodes of a training run, in front in the Timeline."""
    path = tmp_path_factory.mktemp("timeline") / "a.html"
    with open_run(repo / "data/pathologies/as_it_should_be.rao") as run:
        explorer = Explorer(run)
        look = {"type": "look", "view": "timeline", "step": 12, "tree": 8, "path": "0.0"}
        explorer._take(explorer, look, [])
        assert "critical path: 0 → 0.0 → 0.0.1" in str(explorer)  # printed as it is shown
        assert "<svg" in explorer._repr_mimebundle_()[0]["text/html"]
        explorer.save_html(path)
        explorer.close()
    return path


def facts(page: Any) -> str:
    return str(page.locator(".rao .tl-facts").inner_text())


def unborn(page: Any) -> int:
    return int(page.locator(".rao [role=treeitem][aria-label$='not launched yet']").count())


def test_the_timeline_says_who_blocks_whom_and_the_tree_grows_again(pages: Any, trained: Path) -> None:
    page = pages.open(trained.as_uri())
    page.locator(".rao .tl-facts", has_text="1.19×").wait_for()
    assert "193 decode steps of all nodes / 162 on the critical path" in facts(page)
    assert re.search(r"0\.0 waited 1\.9 s; 1\.3 s of it in turn 2 for 0\.0\.1 to end", facts(page))
    page.get_by_role("button", name="Decode steps").click()
    assert "0.0 waited 75 steps" in facts(page)
    page.locator(".tl-node", has_text="0.0.1.0").click()
    assert "0.0.1.0 kept 0.0.1 waiting" in facts(page)
    assert (
        page.locator(".rao [role=treeitem][aria-selected=true]")
        .get_attribute("aria-label")
        .startswith("0.0.1.0,")
    )
    # The rows of the outline and the lanes beside them stand at one height.
    tops = [
        page.locator(f".rao {part}").bounding_box()["y"] for part in (".outline .list", ".timeline .stage")
    ]
    assert abs(tops[0] - tops[1]) < 1
    page.keyboard.press(",")  # one moment back from the end, then to the start
    slider = page.get_by_role("slider", name="Moment").first
    slider.focus()
    for _ in range(12):
        slider.press("PageDown")
    assert unborn(page) == 9
    head = page.locator(".rao .inspector .who")
    assert "not launched yet" in head.inner_text() and "succeeded" not in head.inner_text()
    pane = page.locator(".rao .inspector .pane")
    assert pane.inner_text() == "Not launched yet at this moment."
    page.locator(".rao [role=treeitem]").first.click()
    for tab in ("Context", "Messages"):
        page.get_by_role("tab", name=tab).click()
        pane.get_by_text("Turn 1").wait_for()
        assert re.search(r"Later: \d more turns, and how it ended\.", pane.inner_text())
        assert "Turn 3" not in pane.inner_text() and "Returned" not in pane.inner_text()
    assert page.locator(".rao .row.later .given, .rao [aria-selected=true] .given").count() == 0  # of its end
    page.locator(".rao .outline .list").focus()
    page.keyboard.press(">")
    page.keyboard.press("Space")
    page.wait_for_function("() => !document.querySelector('.rao .row.later')", timeout=60_000)
    page.keyboard.press("Escape")
    show_view(page, "Tree")
    page.locator(".rao .tl-strip", has_text="ideal speed-up").wait_for()
    box = page.locator(".rao .tl-strip canvas").bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.1, box["y"] + box["height"] - 8)
    assert unborn(page) > 3
    page.keyboard.press("Escape")
    assert unborn(page) == 0 and pages.errors == []
    assert "not launched yet" not in head.inner_text() and "Returned" in pane.inner_text()


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [700, 1366, 1620])
def test_nothing_of_the_timeline_leaves_its_place(pages: Any, trained: Path, width: int, theme: str) -> None:
    page = pages.open(trained.as_uri(), width=width, height=768, theme=theme)
    page.locator(".rao .tl-facts", has_text="1.19×").wait_for()
    edge = page.locator(".rao .timeline").bounding_box()
    for part in page.locator(".rao .tl-foot *").all():
        box = part.bounding_box()
        assert box is None or box["x"] + box["width"] <= edge["x"] + edge["width"] + 1
    page.locator(".rao .views, .rao .switch").first.wait_for()
    assert pages.errors == []


@pytest.mark.parametrize("width", [332, 900])
@pytest.mark.parametrize("view", ["timeline", "group", "icicle"])
def test_without_trees_a_view_says_what_the_tree_says(
    pages: Any, tmp_path: Path, view: str, width: int
) -> None:
    Explorer([], view=view).save_html(tmp_path / "none.html")
    page = pages.open((tmp_path / "none.html").as_uri(), width=width)
    page.get_by_text("No trees yet: run a task, or start training.").filter(visible=True).wait_for()
    assert pages.errors == []

"""All metrics of the board, runs over each other, and the way from a point of a plot to the trees behind it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.browser.lab import show_view

pytestmark = pytest.mark.browser

CUT = "all => all.filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.textContent)"
LARGE = """addEventListener('DOMContentLoaded', () => {
  document.documentElement.style.setProperty('--jp-ui-font-size1', '19.5px');
})"""  # as at 150 %


def recorded(path: Path, steps: int, seed: int, **train: Any) -> Any:
    """A run with groups of two difficulties and all metrics of a trained step."""
    from dataclasses import replace

    from rao_lab.credit import attribute
    from rao_lab.store import RunWriter, open_run
    from rao_lab.training.metrics import credit_metrics, tree_metrics
    from tests.support.trees import random_step

    with RunWriter(path, {"train": {"steps": steps, **train}, "difficulties": ["easy", "hard"]}) as writer:
        for step in range(1, steps + 1):
            writer.begin_step(step)
            groups = [
                replace(group, task=replace(group.task, difficulty=("easy", "hard")[place % 2]))
                for place, group in enumerate(random_step(seed + step, 4, 4, 7, step=step))
            ]
            groups = [
                replace(
                    group,
                    trees=tuple(
                        replace(tree, header=replace(tree.header, task=group.task)) for tree in group.trees
                    ),
                )
                for group in groups
            ]
            first = groups[0].trees[0]
            refused = replace(first.root, refusals={"depth": 2})
            trees = (replace(first, nodes=(refused, *first.nodes[1:])), *groups[0].trees[1:])
            groups[0] = replace(groups[0], trees=trees)
            for tree in (tree for group in groups for tree in group.trees):
                writer.tree_done(tree)
            made = attribute(groups)
            metrics = tree_metrics(groups) | credit_metrics(groups, made) | {"loss": -0.01 * step * seed}
            writer.end_step(step, made, metrics)
    return open_run(path)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from rao_lab.views.explorer.widget import Explorer

    folder = tmp_path_factory.mktemp("metrics")
    runs = [recorded(folder / "first.rao", 6, 1), recorded(folder / "second.rao", 8, 9, learning_rate=0.5)]
    explorer = Explorer(runs)
    explorer.save_html(folder / "both.html", steps=[4, 5, 6])
    explorer.close()
    return folder / "both.html"


def board(pages: Any, path: Path, **how: Any) -> Any:
    large = how.pop("large", False)
    page = pages.open("", **how)
    if large:
        page.add_init_script(LARGE)
    page.goto(path.as_uri())
    page.locator(".rao button.group").first.wait_for()
    return page


def place_of(page: Any, step: int, share: float) -> tuple[float, float]:
    """Where a step and a share stand in the plot of gradient shares, from what the page draws."""
    box = page.locator('.rao .plot[data-id="gradient_share_by_depth"] canvas').first.bounding_box()
    return box["x"] + 44 + step * 14, box["y"] + 10 + (1 - share) * (box["height"] - 30)


def test_the_key_of_a_few_steps_shows_points_as_the_plots_do(pages: Any, both: Path, tmp_path: Path) -> None:
    from rao_lab.views.explorer.widget import Explorer

    explorer = Explorer([recorded(tmp_path / "first.rao", 3, 1), recorded(tmp_path / "second.rao", 2, 9)])
    explorer.save_html(tmp_path / "few.html")
    explorer.close()
    drawn = "all => all.map(e => e.firstElementChild.tagName)"
    for path, shapes in ((tmp_path / "few.html", ["circle", "polygon"]), (both, ["line", "line"])):
        page = board(pages, path)
        assert page.locator(".rao .beside-bar .run svg").evaluate_all(drawn) == shapes
    assert pages.errors == []


def test_no_tab_stop_lies_out_of_sight(pages: Any, both: Path) -> None:
    page = board(pages, both)
    stops = page.locator(".rao [tabindex='0'], .rao button, .rao select, .rao input")
    unseen = "all => all.filter(e => e.tabIndex >= 0 && e.checkVisibility() && e.closest('.away')).length"
    for view in ("Board", "Group", "Evolution"):
        show_view(page, view)
        assert page.locator(".rao [role=tree]").count() == 1, "a screen reader still finds the nodes"
        assert stops.evaluate_all(unseen) == 0, view
    show_view(page, "Tree")
    assert page.locator(".rao [role=tree]").get_attribute("tabindex") == "0"
    page.locator(".rao .inspector [role=tab]").first.focus()
    page.locator(".rao .switch button", has_text="Board").evaluate("button => button.click()")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Step", "what had it is gone"
    assert pages.errors == []


def test_from_a_point_to_the_trees_behind_it_by_mouse_and_by_keys(pages: Any, both: Path) -> None:
    page = board(pages, both, width=1366, height=768)
    assert page.locator(".rao .beside-bar .run").count() == 2
    assert "train.learning_rate" in page.locator(".rao .differences summary").inner_text()
    x, y = place_of(page, 4, 0.2)
    page.mouse.click(x, y)
    card = page.locator(".rao .behind")
    card.filter(has_text="trees behind it").wait_for()
    words = card.inner_text()
    assert "depth 0" in words and "16 nodes in 16 trees" not in words, words
    assert "16 trees behind it" in words  # a root each
    step = card.locator("b").inner_text()
    card.locator("button").nth(1).click()
    assert page.locator(".rao").get_attribute("data-view") == "tree"
    assert page.url.endswith(f"#{step.removeprefix('step ')}:0.1/0")
    page.get_by_role("button", name="Board", exact=True).click()
    name = page.locator(".rao .steps .cap .name")
    name.focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.textContent") == "Nodes and depth"
    page.keyboard.press("Enter")
    card.locator("button").first.wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.textContent") == "Nodes and depth"
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")  # the first tree has the keyboard
    assert page.locator(".rao").get_attribute("data-view") == "tree"
    assert pages.errors == []


def test_sections_fold_and_a_metric_is_found_by_its_name(pages: Any, both: Path) -> None:
    page = board(pages, both, width=1366, height=900)
    page.locator(".rao .metric-bar button", has_text="Update").click()
    titles = page.locator(".rao .metrics .name").all_inner_texts()
    assert "Loss" in titles and "Signs of wA, second" in titles and "KL to the reference" not in titles
    assert "KL to the reference" in page.locator(".rao .metrics .lacks").inner_text()
    find = page.get_by_label("Find a metric")
    find.fill("children")
    assert page.locator(".rao .metrics .name").all_inner_texts() == ["Children"]
    find.press("Escape")
    page.locator(".rao .metric-bar button", has_text="Table").click()
    heads = page.locator(".rao .twin-box th[scope=col]").all_inner_texts()
    assert "Loss, first" in heads and "Loss, second" in heads
    assert page.locator(".rao .twin-box tbody tr").count() == 8
    assert pages.errors == []


def test_a_row_of_the_log_opens_its_node_in_whatever_step(pages: Any, both: Path) -> None:
    page = board(pages, both, width=1366, height=900)
    page.get_by_role("button", name="Refusals, first", exact=True).click()
    page.get_by_role("button", name="Log of nodes refused").click()
    rows = page.locator(".rao .log tbody tr")
    rows.first.wait_for()
    page.get_by_role("button", name="all steps", exact=True).click()
    page.get_by_label("What happened").select_option("depth")
    page.wait_for_function("document.querySelectorAll('.rao .log tbody tr').length === 3")
    assert [row.locator("td").first.inner_text() for row in rows.all()] == ["6", "5", "4"]
    rows.nth(2).locator("button").focus()
    page.keyboard.press("Enter")
    page.locator('.rao[data-view="tree"]').wait_for()
    assert page.url.endswith("#4:0.0/0")
    assert pages.errors == []


@pytest.mark.slow
@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [700, 1366, 1620])
def test_nothing_is_cut_at_any_width_and_size_of_type(
    pages: Any, both: Path, width: int, theme: str, large: bool
) -> None:
    page = board(pages, both, width=width, height=900, theme=theme, large=large)
    for name in ("Other runs", "Success and reward", "Trees", "How nodes ended", "Update"):
        page.locator(".rao .metric-bar button", has_text=name).first.click()
    assert page.locator(".rao .board :is(.cap, .metric-bar) *").evaluate_all(CUT) == []
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow <= 0
    wide = page.locator(".rao .board").evaluate("e => e.scrollWidth - e.clientWidth")
    assert wide <= 0
    for canvas in page.locator(".rao .metrics canvas").all():
        assert canvas.evaluate("e => e.clientWidth >= 200 && e.clientHeight >= 100")
    assert pages.errors == []


@pytest.mark.slow
def test_in_a_notebook_the_kernel_tells_of_the_other_runs_and_of_the_log(
    pages: Any, lab: Any, tmp_path: Path
) -> None:
    from tests.browser.lab import open_notebook, run_all

    recorded(tmp_path / "first.rao", 4, 1)
    recorded(tmp_path / "second.rao", 5, 9)
    runs = ", ".join(f"rl.open_run({str(tmp_path / name)!r})" for name in ("first.rao", "second.rao"))
    page = pages.open("", width=1620, height=900)
    page.set_default_timeout(60_000)
    open_notebook(page, lab.notebook("two.ipynb", [f"import rao_lab as rl\nrl.Explorer([{runs}])"]))
    run_all(page)
    page.locator(".rao .beside-bar .run").nth(1).wait_for()
    page.locator(".rao button.group").first.wait_for()
    page.get_by_role("button", name="Refusals, first", exact=True).click()
    page.get_by_role("button", name="Log of nodes refused").click()
    page.get_by_role("button", name="all steps", exact=True).click()
    page.wait_for_function("document.querySelectorAll('.rao .log tbody tr').length >= 4")
    page.locator(".rao .log tbody tr button").nth(3).click()
    page.locator('.rao[data-view="tree"]').wait_for()
    assert pages.errors == []

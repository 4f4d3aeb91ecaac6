"""The same tasks over training in a real browser: small trees, two of them compared, and the way to each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.browser.lab import Lab, open_notebook, run_all
from tests.support.trees import random_group

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page_of_probes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three tasks over twelve steps, two trees each; the page opens trees of the last two steps."""
    from rao_lab.views.explorer.widget import Explorer

    groups = [
        random_group(100 * step + place, 2, 3 + step // 2, step, place, f"medium {place:03}", probe=True)
        for step in range(12)
        for place in range(3)
    ]
    path = tmp_path_factory.mktemp("evolution") / "a.html"
    explorer = Explorer(groups, title="runs/a.rao", view="evolution")
    explorer.save_html(path, steps=[10, 11])
    explorer.close()
    return path


@pytest.mark.parametrize(("theme", "width"), [("light", 1366), ("dark", 700)])
def test_steps_are_chosen_pinned_compared_and_opened(
    pages: Any, page_of_probes: Path, theme: str, width: int
) -> None:
    page = pages.open(page_of_probes.as_uri(), width=width, height=900, theme=theme)
    chosen = page.locator(".rao .evolution [role=gridcell][aria-selected=true]")
    chosen.wait_for()
    page.locator(".rao .evolution", has_text="3 probe tasks over 12 steps").wait_for()
    assert chosen.get_attribute("aria-label").startswith("medium 000, step 11: ")
    title = page.locator(".rao .evolution .cap b", has_text="step 0 against step 11")
    title.wait_for()
    page.locator(".rao .evolution .pair", has_text="First divergence: node ").wait_for()
    # Keys: two steps back, a task down, pinned, then three steps back against it.
    chosen.focus()
    for key in ("ArrowLeft", "Shift+ArrowLeft", "ArrowDown", "p", "ArrowLeft", "ArrowLeft", "ArrowLeft"):
        page.keyboard.press(key)
    page.locator(".rao .evolution .cap b", has_text="medium 001, tree 1: step 9 against step 6").wait_for()
    assert chosen.get_attribute("aria-label").startswith("medium 001, step 6: ")
    page.locator(".rao .evolution .pair", has_text="beside each other by place").wait_for()
    page.locator(".rao .evolution summary").click()
    row = page.locator(".rao .evolution .pair tbody tr").first
    assert row.inner_text().startswith("0 ")
    # A step whose trees this page lacks says so; one that it has opens in the tree.
    page.keyboard.press("Shift+End")
    chosen.focus()
    page.keyboard.press("Enter")
    assert "steps 10 to 11" in page.locator(".rao .evolution .tools").inner_text()
    page.keyboard.press("End")
    page.locator(".rao .evolution .cap b", has_text="step 9 against step 11").wait_for()
    page.keyboard.press("]")
    chosen.click()
    page.locator(".rao[data-view=tree] .place", has_text="tree 2 of 2").wait_for()
    assert "medium 001" in page.locator(".rao .place").inner_text()
    assert pages.errors == []


def test_nothing_leaves_the_view_at_any_width(pages: Any, page_of_probes: Path) -> None:
    for width in (420, 700, 934, 1620):
        page = pages.open(page_of_probes.as_uri(), width=width, height=900)
        page.locator(".rao .evolution .drawn canvas").wait_for()
        assert page.evaluate(
            "() => { const e = document.querySelector('.rao .evolution'); return e.scrollWidth <= e.clientWidth }"
        ), width
        page.close()
    assert pages.errors == []


LIVE = """
import rao_lab as rl
policy = rl.load_policy("tiny")
config = rl.default_config(
    policy, steps=4, tasks_per_step=2, group_size=2, probe_tasks=2, probe_rollouts=2, probe_every=1
)
env = rl.environments.TextCraft(difficulty="medium")
session = rl.start(env, policy, config, store="probed.rao")
rl.Explorer(session, view="evolution")
"""


@pytest.mark.slow
def test_a_step_that_ends_is_one_column_more_and_changes_nothing_else(pages: Any, lab: Lab) -> None:
    page = pages.open("", width=1366, height=1000)
    open_notebook(page, lab.notebook("evolution.ipynb", [LIVE]))
    run_all(page)
    heads = page.locator(".rao .evolution .step")
    first = page.locator(".rao .evolution .step[data-head='0']")
    first.wait_for(timeout=120_000)
    first.click()
    page.locator(".rao .evolution .cell[aria-selected=true]:not([aria-label$=loading])").wait_for()
    chosen = page.locator(".rao .evolution .cell[aria-selected=true]")
    kept = chosen.get_attribute("aria-label")
    assert kept.startswith("medium 142, step 0: ")
    page.locator(".rao .evolution .step[data-head='4']").wait_for(timeout=120_000)
    page.locator(".rao .evolution .tools", has_text="same noise at every step").wait_for(timeout=120_000)
    assert [head.get_attribute("data-head") for head in heads.all()] == ["0", "1", "2", "3", "4"]
    assert chosen.get_attribute("aria-label") == kept
    page.locator(".rao .evolution .step[data-head='4']").click()
    page.locator(".rao .evolution .pair table").wait_for(state="attached")
    chosen.click()
    page.locator(".rao[data-view=tree] .place", has_text="medium 142").wait_for(timeout=120_000)

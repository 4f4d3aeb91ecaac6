"""A step under way in a real notebook: what a view that follows has in front."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rao_lab.store import RunWriter
from rao_lab.tree import Spawned, TreeHeader
from tests.browser.lab import Lab, open_notebook, run_all, show_view
from tests.support.trees import PREAMBLE, Plan, events_of, header_of, together

pytestmark = pytest.mark.browser

FOLLOW = """
import rao_lab as rl
view = rl.Explorer(rl.open_run({path!r}, follow=True))
view
"""
LIVE = ".rao [role=treeitem]:is([aria-label*=computing], [aria-label*=waits])"


def header(rollout: int) -> TreeHeader:
    return header_of("medium 017", PREAMBLE + "all", 1, 0, rollout, "medium")


def test_while_trees_run_one_that_runs_is_in_front_until_somebody_chooses(
    pages: Any, lab: Lab, tmp_path: Path
) -> None:
    goals = ("2x short_i1", "3x long_i2", "4x last_i3")
    plans = [
        Plan(PREAMBLE + goal, 1.0, launches={1: together(Plan(PREAMBLE + "1x part_i4"))}, turns=2)
        for goal in goals
    ]
    told = [events_of(plan, header(rollout)) for rollout, plan in enumerate(plans)]
    path = tmp_path / "live.rao"
    with RunWriter(path, {"train": {"steps": 1, "tasks_per_step": 1, "group_size": 3}}) as writer:
        writer.begin_step(1)

        def tell(rollout: int, upto: int | None = None, since: int = 0) -> None:
            for event in told[rollout][since:upto]:
                writer.event((0, rollout), header(rollout), event)
            writer.flush()

        begun = [
            1 + [place for place, event in enumerate(events) if isinstance(event, Spawned)][-1]
            for events in told
        ]
        for rollout in range(3):
            tell(rollout, begun[rollout])
        page = pages.open("", 1500, 900)
        page.set_default_timeout(60_000)
        open_notebook(page, lab.notebook("live.ipynb", [FOLLOW.format(path=str(path))]))
        run_all(page)
        page.locator(LIVE).first.wait_for(state="attached")
        place = page.locator(".rao .place")
        assert "tree 1 of 3" in place.inner_text()
        show_view(page, "Board")  # before the first step: its tasks, and axes
        page.locator(".rao .board button.group", has_text="medium 017").wait_for()
        assert "No step has ended yet" in page.locator(".rao .board .hush").text_content()
        show_view(page, "Tree")
        tell(0, since=begun[0])  # the first ends, two go on
        page.wait_for_function("() => /tree 2 of 3/.test(document.querySelector('.rao .place').textContent)")
        assert page.locator(LIVE).count() == 2
        page.locator(".rao [role=tree]").focus()
        page.keyboard.press("ArrowDown")  # a choice: what is read stays, whatever becomes of it
        tell(1, since=begun[1])
        page.locator(LIVE).first.wait_for(state="detached")
        page.wait_for_timeout(2500)
        assert "tree 2 of 3" in place.inner_text()
    assert pages.errors == []

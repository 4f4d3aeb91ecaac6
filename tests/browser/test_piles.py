"""Alike siblings drawn as one, in a real browser: opened, folded, found, and never folded over live nodes."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from rao_lab.tree import Group, Spawned, Status
from tests.browser.lab import Lab, chosen, open_notebook, run_all
from tests.support.trees import PREAMBLE, Plan, decode, events_of, header_of, together, tree_of

pytestmark = pytest.mark.browser

TASK = "medium 017"


def alike(count: int, goal: str, skill: float, random: Random) -> list[Plan]:
    """Children asked the same; each fails with a reason if chance has it."""
    won = [random.random() < skill for _ in range(count)]
    return [
        Plan(PREAMBLE + goal, float(good), reason="" if good else "gave up", turns=1 + random.randrange(3))
        for good in won
    ]


def plan(seed: int, children: int = 12) -> Plan:
    """A root with a child that launched `children` alike ones at once, then six, then one."""
    random = Random(seed)
    twelve = alike(children, "2x k2_i7", 0.7, random)
    twelve[3] = replace(twelve[3], s=0.0, status=Status.TURN_LIMIT, reason="turn limit")
    twelve[1] = replace(twelve[1], s=1.0, launches={1: together(Plan(PREAMBLE + "1x deep_i1"))})
    launches = {2: [twelve], 3: [alike(6, "4x b1_i4", 1.0, random)], 4: together(Plan(PREAMBLE + "1x p4_i1"))}
    middle = Plan(PREAMBLE + "24x k2_i7", 1.0, launches=launches, turns=5)
    other = Plan(PREAMBLE + "3x m5_i3", float(seed % 2))
    return Plan(PREAMBLE + "3x m5_i3, 24x k2_i7", float(seed % 2), launches={1: together(other, middle)})


def group(trees: int = 4, children: int = 12) -> Group:
    made = [
        tree_of(plan(seed, children), header_of(TASK, PREAMBLE + "all", 3, 0, seed, "medium"), seed=seed)
        for seed in range(trees)
    ]
    return Group(made[0].task, tuple(made), 3, 0)


@pytest.fixture(scope="module")
def piled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from rao_lab.views.explorer.widget import Explorer

    path = tmp_path_factory.mktemp("piled") / "a.html"
    Explorer(group(), tokenizer=decode, title="runs/a.rao").save_html(path)
    return path


def opened(pages: Any, path: Path, **how: Any) -> Any:
    page = pages.open(path.as_uri(), **how)
    page.locator(".rao [role=treeitem]").first.wait_for(state="attached")
    return page


def item(page: Any, words: str) -> Any:
    return page.locator(f".rao [role=treeitem][aria-label^='{words}']")


PILE = "12 alike, 2x k2_i7"


def test_a_pile_says_how_many_how_they_ended_and_where_they_stand(pages: Any, piled: Path) -> None:
    page = opened(pages, piled)
    row = item(page, PILE)
    label = row.get_attribute("aria-label")
    assert "succeeded" in label and "failed" in label and "1 at a limit" in label
    assert "advantage" in label and "mean" in label and "launched together" in label
    names = ("aria-expanded", "aria-level", "aria-posinset", "aria-setsize")
    assert [row.get_attribute(name) for name in names] == ["false", "3", "1", "3"]
    assert "alike siblings folded" in page.locator(".outline .head").inner_text()
    assert item(page, "0.1.0, 2x k2_i7").count() == 0
    assert item(page, "6 alike, 4x b1_i4: 6 succeeded").count() == 1
    assert pages.errors == []


def test_a_click_opens_a_pile_and_its_triangle_folds_it_back(pages: Any, piled: Path) -> None:
    page = opened(pages, piled)
    item(page, PILE).click()
    assert item(page, PILE).get_attribute("aria-expanded") == "true"
    row = item(page, "0.1.0, 2x k2_i7")
    names = ("aria-level", "aria-posinset", "aria-setsize")
    assert [row.get_attribute(name) for name in names] == ["4", "1", "12"]
    assert page.locator(".inspector .siblings .name").inner_text() == "12 × 2x k2_i7"
    assert (
        "siblings under 0.1, launched together at turn 2" in page.locator(".inspector .siblings").inner_text()
    )
    item(page, PILE).locator(".twist").click()
    assert item(page, PILE).get_attribute("aria-expanded") == "false"
    assert chosen(page).startswith(PILE)
    assert pages.errors == []


def test_keys_open_walk_into_and_fold_a_pile(pages: Any, piled: Path) -> None:
    page = opened(pages, piled)
    page.locator(".rao [role=tree]").focus()
    keys = page.keyboard
    for _ in range(3):
        keys.press("ArrowDown")
    assert chosen(page).startswith(PILE)
    keys.press("Enter")
    assert item(page, PILE).get_attribute("aria-expanded") == "true"
    keys.press("Enter")
    assert item(page, PILE).get_attribute("aria-expanded") == "false"
    keys.press("ArrowRight")
    keys.press("ArrowRight")
    assert chosen(page).startswith("0.1.0, 2x k2_i7")
    assert "one of 12 alike" in page.locator(".inspector .who").inner_text()
    keys.press("ArrowLeft")
    assert chosen(page).startswith(PILE)
    keys.press("ArrowLeft")
    assert item(page, PILE).get_attribute("aria-expanded") == "false"
    active = page.locator(".rao [role=tree]").get_attribute("aria-activedescendant")
    assert page.locator(f"#{active}").get_attribute("aria-label").startswith(PILE)
    keys.press("3")  # credit is of one node: the pile opens on its first
    assert chosen(page).startswith("0.1.0, 2x k2_i7")
    page.locator(".credit .sentence").wait_for()
    assert pages.errors == []


def test_search_opens_the_pile_that_hides_what_it_finds(pages: Any, piled: Path) -> None:
    page = opened(pages, piled)
    page.locator(".rao [role=tree]").focus()
    page.keyboard.press("/")
    page.keyboard.type("deep_i1")
    page.keyboard.press("Enter")
    assert chosen(page).startswith("0.1.1.0, 1x deep_i1")
    assert item(page, PILE).get_attribute("aria-expanded") == "true"
    page.keyboard.press("/")
    page.keyboard.type("0.1.3")
    page.keyboard.press("Enter")
    assert chosen(page).startswith("0.1.3, 2x k2_i7, turn limit")


def test_only_the_failures_and_all_again(pages: Any, piled: Path) -> None:
    page = opened(pages, piled)
    item(page, PILE).click()
    fallen = page.locator(".inspector .sibling").count()
    assert 0 < fallen < 12
    members = page.locator(".rao [role=treeitem][aria-level='4']")
    page.get_by_role("button", name="Failures only").click()
    assert members.count() == fallen
    page.get_by_role("button", name="Show all 12").click()
    assert members.count() == 12
    page.get_by_role("button", name="Fold 12").click()
    assert members.count() == 0


def test_a_click_on_the_card_of_a_pile_opens_it(pages: Any, piled: Path) -> None:
    page = opened(pages, piled)
    box = page.locator(".stage canvas").first.bounding_box()
    zoom = max(1, int(page.get_by_text(re.compile(r"^\d+ %$")).first.inner_text().split()[0]) / 100)
    column = box["x"] + 14 + (2 * 174 + 60) * zoom
    for y in range(30, int(box["height"]), 20):
        page.mouse.click(column, box["y"] + y)
        if page.locator(".rao [role=treeitem][aria-level='4']").count():
            break
    assert " alike, " in chosen(page)
    assert page.locator(".rao [role=treeitem][aria-level='4']").count() >= 6
    assert pages.errors == []


def test_the_icicle_has_the_siblings_beside_it(pages: Any, piled: Path) -> None:
    page = opened(pages, piled)
    page.get_by_role("button", name="Icicle").click()
    assert page.locator(".inspector").is_hidden()
    panel = page.locator(".stage .siblings")
    assert panel.locator(".name").inner_text() == "4 trees"
    item(page, PILE).click()
    assert panel.locator(".name").inner_text() == "12 × 2x k2_i7"
    assert panel.locator("svg.dots .disc").count() == 12
    row = panel.locator(".sibling").first
    path = row.locator("b").inner_text()
    row.click()
    assert chosen(page).startswith(f"{path}, 2x k2_i7")
    assert panel.locator(".name").inner_text() == "19 siblings"
    panel.get_by_role("button", name="Messages").click()
    page.locator(".inspector .pane .part").first.wait_for()
    assert page.get_by_role("button", name="Tree", exact=True).get_attribute("aria-pressed") == "true"
    assert chosen(page).startswith(f"{path}, ")
    assert pages.errors == []


def test_the_credit_of_a_node_and_back_to_the_icicle(pages: Any, piled: Path) -> None:
    page = opened(pages, piled)
    page.get_by_role("button", name="Icicle").click()
    page.locator(".rao [role=tree]").focus()
    page.keyboard.press("3")
    page.locator(".credit .sentence").wait_for()
    page.keyboard.press("Escape")
    page.locator(".stage .siblings").wait_for()
    assert page.get_by_role("button", name="Icicle").get_attribute("aria-pressed") == "true"


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 1000, 700, 500])
def test_piles_at_every_width(pages: Any, piled: Path, width: int, theme: str) -> None:
    page = opened(pages, piled, width=width, theme=theme)
    page.locator(".rao [role=tree]").focus()
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    assert chosen(page).startswith(PILE)
    page.keyboard.press("Enter")
    assert item(page, "0.1.0, 2x k2_i7").count() == 1
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow <= 0
    assert pages.errors == []


def test_the_sheet_of_a_narrow_cell_shuts_and_opens_over_a_pile(pages: Any, piled: Path) -> None:
    page = opened(pages, piled, width=700, height=520)
    page.locator(".rao [role=tree]").focus()
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    assert page.locator(".inspector .who .name").inner_text() == "12 × 2x k2_i7"
    buttons = page.locator(".inspector .acts").bounding_box()
    assert buttons["y"] + buttons["height"] <= 520
    page.get_by_role("button", name="Close the inspector").click()
    assert page.locator(".inspector .siblings").is_hidden()
    page.get_by_role("button", name="Open the inspector").click()
    assert page.locator(".inspector .siblings").is_visible()


@pytest.mark.parametrize("height", [760, 520])
def test_the_sum_of_the_siblings_fits_beside_the_icicle(pages: Any, piled: Path, height: int) -> None:
    page = opened(pages, piled, height=height)
    page.get_by_role("button", name="Icicle").click()
    item(page, PILE).locator(".twist").click()
    buttons = page.locator(".stage .siblings .acts").bounding_box()
    assert buttons["y"] + buttons["height"] <= height


FOLLOW = """
import rao_lab as rl
view = rl.Explorer(rl.open_run({path!r}, follow=True))
view
"""


def test_live_siblings_fold_only_if_none_of_them_was_drawn(pages: Any, lab: Lab, tmp_path: Path) -> None:
    from rao_lab.store import RunWriter

    random = Random(0)
    seven, twelve = alike(7, "2x k2_i7", 1.0, random), alike(12, "4x b1_i4", 0.5, random)
    launches = {1: [seven[:3]], 2: [seven[3:]], 3: [twelve]}
    header = header_of(TASK, PREAMBLE + "all", 1, 0, 0, "medium")
    events = events_of(Plan(PREAMBLE + "all", 1.0, launches=launches, turns=4), header)
    born = [place for place, event in enumerate(events) if isinstance(event, Spawned)]
    path = tmp_path / "live.rao"
    with RunWriter(path, {"train": {"steps": 1, "tasks_per_step": 1, "group_size": 1}}) as writer:
        writer.begin_step(1)
        told = 0

        def tell(upto: int) -> None:
            nonlocal told
            for event in events[told:upto]:
                writer.event((header.group, header.rollout), header, event)
            told = upto
            writer.flush()

        tell(born[3] + 1)
        page = pages.open("", 1500, 900)
        page.set_default_timeout(60_000)
        open_notebook(page, lab.notebook("piles.ipynb", [FOLLOW.format(path=str(path))]))
        run_all(page)
        page.locator(".rao [role=treeitem]").nth(3).wait_for(state="attached")
        tell(born[7] + 1)
        page.locator(".rao [role=treeitem]").nth(7).wait_for(state="attached")
        assert item(page, "7 alike").count() == 0  # those before were drawn: nothing moves
        tell(born[19] + 1)
        item(page, "12 alike, 4x b1_i4").wait_for(state="attached")
        assert page.locator(".rao [role=treeitem]").count() == 9
        tell(len(events))
        page.locator(".rao [aria-label^='12 alike'][aria-label*='succeeded']").wait_for(state="attached")
        page.locator(".rao [role=tree]").focus()
        page.keyboard.press("0")  # the whole tree in sight: now all that is alike folds
        item(page, "7 alike, 2x k2_i7").wait_for(state="attached")
        assert page.locator(".rao [role=treeitem]").count() == 3
    assert pages.errors == []

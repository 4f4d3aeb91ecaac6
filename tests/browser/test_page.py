"""The saved page in a real browser: what a reader does, with the mouse and with keys alone."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from rao_lab.credit import CreditConfig
from rao_lab.views.explorer.widget import Explorer
from tests.browser.lab import chosen, show_view
from tests.support.hostile import CANARY, corpus
from tests.support.trees import showcase_group

pytestmark = pytest.mark.browser


def open_showcase(pages: Any, saved: Path, **how: Any) -> Any:
    page = pages.open(saved.as_uri(), **how)
    page.get_by_title("Choose a task").click()
    page.locator(".menu button", has_text="medium 017").click()
    page.get_by_title("Choose a tree").click()
    page.locator(".menu button", has_text="tree 3").click()
    page.get_by_role("treeitem", name="0, 2x m5_i3, 1x c3_i2", exact=False).first.wait_for(state="attached")
    return page


def value_of(page: Any, path: str) -> str:
    """The advantage that the outline says of a node."""
    label = page.locator(f".rao [role=treeitem][aria-label^='{path}, ']").first.get_attribute("aria-label")
    found = re.search(r"advantage ([+−]?[\d.]+)", label)
    assert found is not None, label
    return found[1]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_from_the_tree_to_the_messages_to_the_credit_to_a_child(pages: Any, saved: Path, theme: str) -> None:
    page = open_showcase(pages, saved, theme=theme)
    assert page.locator(".rao").get_attribute("data-theme") == theme
    page.get_by_role("treeitem", name="0.1, 1x c3_i2").click()
    page.locator(".inspector .pane", has_text="The three do not depend on each other").wait_for()
    page.get_by_role("tab", name="Credit").click()
    sentence = page.locator(".credit .sentence").inner_text()
    assert sentence.startswith(
        "It failed, so it earns nothing of its own. Two of its three children succeeded"
    )
    assert "0.533 below" in sentence
    assert "1.40 + 0.20 + 0.00 + 1.20 + 0.40 + 1.00 + 1.40" in page.locator(".formulas").inner_text()
    page.locator(".credit .source", has_text="0.1.1").first.click()
    assert chosen(page).startswith("0.1.1, 1x f1_i6, failed")
    assert "−0.800" in page.locator(".credit").inner_text()
    assert pages.errors == []


@pytest.mark.parametrize(
    ("width", "font"), [(1366, "Verdana, DejaVu Sans"), (934, "Verdana, DejaVu Sans"), (934, "")]
)
def test_nothing_of_the_credit_page_leaves_its_column(pages: Any, saved: Path, width: int, font: str) -> None:
    page = open_showcase(pages, saved, width=width, height=768)
    page.evaluate("font => document.body.style.setProperty('--jp-ui-font-family', font)", font)
    page.keyboard.press("3")
    page.locator(".rao .depths").wait_for()
    over = (
        "all => all.filter(e => e.scrollWidth > e.clientWidth + 1 && e.clientWidth).map(e => e.textContent)"
    )
    assert page.locator(".rao .from *:not(.cut)").evaluate_all(over) == []
    bars = page.locator(".rao .depths > :nth-child(4n + 2)").evaluate_all(
        "all => all.map(e => e.clientWidth)"
    )
    assert len(set(bars)) == 1  # bars of one scale


# Figures of the credit page that stand over another, or over its edge.
CROWDED = """pane => {
  const box = pane.getBoundingClientRect();
  const of = (e) => ({ words: e.textContent, box: e.getBoundingClientRect() });
  const inside = ({ box: b }) => b.left >= box.left - 1 && b.right <= box.left + pane.clientWidth + 1;
  const meet = (a, z) => a.left < z.right && z.left < a.right && a.top < z.bottom && z.top < a.bottom;
  const parts = [...pane.querySelectorAll("*")].filter((e) => !e.childElementCount && e.textContent);
  const shown = parts.map(of).filter(({ box: b }) => b.width && b.height);
  const figures = [...pane.querySelectorAll(".waterfall text")].map(of);
  const over = figures.filter((a, i) => figures.slice(i + 1).some((z) => meet(a.box, z.box)));
  return [...shown.filter((one) => !inside(one)), ...over].map(({ words }) => words);
}"""


@pytest.mark.parametrize("estimator", ["rao", "rao_root_adv"])
@pytest.mark.parametrize("font", ["Verdana, DejaVu Sans", ""])
def test_no_figure_of_the_credit_page_meets_another_in_a_very_narrow_cell(
    pages: Any, tmp_path: Path, estimator: Any, font: str
) -> None:
    config = CreditConfig(estimator=estimator)
    how: dict[str, Any] = {"config": config, "tree": 2, "node": "0.1", "view": "credit"}
    Explorer(showcase_group(), **how).save_html(tmp_path / "a.html")
    page = pages.open((tmp_path / "a.html").as_uri(), width=332, height=720)
    page.evaluate("font => document.body.style.setProperty('--jp-ui-font-family', font)", font)
    pane = page.locator(".rao .credit .pane")
    pane.locator(".formulas").wait_for()
    assert pane.evaluate(CROWDED) == []


def test_nothing_in_the_top_bar_stands_over_anything_else(pages: Any, tmp_path: Path) -> None:
    from rao_lab.store import open_run
    from tests.browser.test_board import saved_run

    saved_run(tmp_path, 3)
    Explorer(open_run(tmp_path / "3.rao")).save_html(tmp_path / "a.html", steps=[1, 2, 3])
    page = pages.open((tmp_path / "a.html").as_uri(), width=1200)
    page.evaluate("document.body.style.setProperty('--jp-ui-font-family', 'DejaVu Sans')")
    page.get_by_role("slider", name="lambda").press("Home")
    page.locator(".whatif", has_text="same rollouts, other credit").wait_for()
    over = """() => {
      const top = document.querySelector(".rao .top");
      const of = (e) => e.getBoundingClientRect();
      const boxes = [...top.children].map(of).filter((box) => box.width);
      const last = boxes[boxes.length - 1];
      const place = top.querySelector(".place");
      const here = of(top.querySelector(".here"));
      return boxes.slice(1).some((box, i) => box.left < boxes[i].right - 1)
        || last.right > of(top).right - 6 || place.scrollWidth > place.clientWidth + 1 || !here.width;
    }"""
    for width in (570, 600, 700, 870, 1000, 1366):
        page.set_viewport_size({"width": width, "height": 700})
        page.evaluate(
            "document.querySelector('.rao .ends').lastElementChild.hidden = false"
        )  # as in a notebook
        page.wait_for_function(f"() => !({over})()", timeout=60_000)
    assert pages.errors == []


def test_the_card_explains_every_figure_that_the_board_names(pages: Any, saved: Path) -> None:
    page = pages.open(saved.as_uri())
    page.locator(".rao button", has_text="?").first.click()
    words = page.locator(".rao .help").inner_text()
    for figure in ("together", "spread", "log-prob gap", "signs − / +", "entropy", "unscored"):
        assert re.search(rf"{re.escape(figure)}\s+\S+", words), figure


def test_lambda_moves_and_signs_flip_and_reset_brings_them_back(pages: Any, saved: Path) -> None:
    page = open_showcase(pages, saved)
    assert value_of(page, "0.1.0") == "+0.20"
    slider = page.get_by_role("slider", name="lambda")
    slider.focus()
    slider.press("End")
    assert value_of(page, "0.1.0") == "−0.14"
    assert "same rollouts, other credit" in page.locator(".whatif").inner_text()
    assert "7 of 14 signs change here" in page.locator(".whatif").inner_text()
    assert "sign changed" in page.get_by_role("treeitem", name="0.1.0, 3x a2_i5").get_attribute("aria-label")
    page.get_by_role("button", name="List").click()
    assert page.locator(".menu button").count() >= 7
    assert "medium 017 · tree 3 · 0.1.0" in page.locator(".menu").inner_text()
    before = page.locator(".menu").inner_text()
    slider.focus()  # by keys the list stays open, and follows
    slider.press("Home")
    after = page.locator(".menu").inner_text()
    assert after != before and "to 0:" in after and "0.00" in page.locator(".whatif output").inner_text()
    assert (
        "to 0" not in page.locator(".whatif .words").inner_text()
    )  # a bar of one line leaves it to the list
    page.set_viewport_size({"width": 1620, "height": 900})
    page.locator(".whatif .words", has_text="to 0").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Reset").click()
    assert value_of(page, "0.1.0") == "+0.20"
    assert "By the usual rule" in page.locator(".whatif").inner_text()


def test_every_estimator_and_baseline_can_be_chosen(pages: Any, saved: Path) -> None:
    page = open_showcase(pages, saved)
    page.get_by_role("tab", name="Credit").click()
    dashed = page.locator(".credit .from circle[stroke-dasharray]")  # the root that its baseline is without
    for baseline, without in (("leave_one_out", 1), ("group_mean", 0), ("none", 0), ("leave_one_out", 1)):
        page.get_by_label("baseline").first.select_option(baseline)
        assert dashed.count() == without, baseline
    for estimator in ("rao_root_adv", "grpo_mean", "root_only", "tree_relative", "rao"):
        page.get_by_label("estimator").first.select_option(estimator)
        assert page.locator(".credit .sentence").inner_text()
    for baseline in ("group_mean", "none", "leave_one_out"):
        page.get_by_label("baseline").first.select_option(baseline)
        assert page.locator(".formulas").inner_text()
    page.get_by_role("switch", name="depth weights").click()
    assert "w = 1" in page.locator(".formulas").inner_text()
    assert pages.errors == []


def test_the_menus_of_a_narrow_cell_choose_with_the_mouse_and_with_keys(pages: Any, saved: Path) -> None:
    page = open_showcase(pages, saved, width=640)
    page.get_by_title("Credit settings").click()
    form = page.locator(".rao .menu .form")
    settings, body = (page.locator(f".rao > {part}").bounding_box() for part in (".menu", ".body"))
    assert settings["y"] + settings["height"] <= body["y"] + 1  # what they change is not covered
    estimator, baseline = form.get_by_label("estimator"), form.get_by_label("baseline")
    estimator.select_option("rao_root_adv")
    baseline.select_option("group_mean")
    assert [menu.input_value() for menu in (estimator, baseline)] == ["rao_root_adv", "group_mean"]
    assert "same rollouts, other credit" in form.inner_text()
    baseline.focus()
    page.keyboard.press("ArrowUp")
    assert baseline.input_value() == "leave_one_out"
    form.get_by_role("button", name="Reset").click()
    assert estimator.input_value() == "rao" and "By the usual rule" in form.inner_text()
    assert pages.errors == []


def test_a_rule_of_the_user_is_chosen_in_a_saved_page_and_another_lambda_says_that_it_lacks_it(
    pages: Any, tmp_path: Path
) -> None:
    explorer = Explorer(
        showcase_group(), rules={"halved": lambda nodes: (nodes.R - nodes.b) / 2}, view="credit"
    )
    explorer.save_html(tmp_path / "a.html")
    explorer.close()
    page = pages.open((tmp_path / "a.html").as_uri())
    usual = page.locator(".credit .sentence").inner_text()
    page.get_by_label("estimator").first.select_option("halved")
    page.locator(".credit .sentence", has_text="The rule halved gives it an advantage of").wait_for()
    assert page.locator(".whatif .words").inner_text().startswith("same rollouts, other credit: 0 of 6 signs")
    assert "A = halved(R" in page.locator(".formulas").inner_text()
    page.get_by_role("slider", name="lambda").press("End")
    page.locator(
        ".whatif .words", has_text="By the usual rule. halved: This page was saved without it"
    ).wait_for()
    assert page.locator(".credit .sentence").inner_text() == usual
    page.get_by_role("button", name="Reset").click()
    assert page.locator(".credit .sentence").inner_text() == usual and pages.errors == []


def test_keys_alone_reach_everything(pages: Any, saved: Path) -> None:
    page = open_showcase(pages, saved)
    page.locator(".rao [role=tree]").focus()
    keys = page.keyboard
    for _ in range(2):
        keys.press("ArrowDown")
    assert chosen(page).startswith("0.0.0, 4x k2_i7")
    keys.press("]")
    assert chosen(page).startswith("0.0.1, 2x p4_i1")
    keys.press("ArrowLeft")  # folds
    assert page.get_by_role("treeitem", name="0.0.1.0").count() == 0
    keys.press("ArrowRight")
    keys.press("ArrowRight")
    assert chosen(page).startswith("0.0.1.0, 6x d0_i9")
    keys.press("3")
    assert page.locator(".credit .sentence").is_visible()
    keys.press("Escape")
    keys.press("2")
    page.locator(".inspector .pane", has_text="<|im_start|>").wait_for()
    keys.press("/")
    keys.type("f1_i6")
    keys.press("Enter")
    assert "1x f1_i6" in chosen(page)
    first = chosen(page)
    keys.press("n")
    assert "1x f1_i6" in chosen(page) and chosen(page) != first
    keys.press("Home")
    assert chosen(page).startswith("0, ")
    keys.press("Enter")
    for key in ("+", "-", "0"):
        keys.press(key)
    assert pages.errors == []


def test_keys_reach_the_view_wherever_the_focus_was(pages: Any, tmp_path: Path) -> None:
    from rao_lab.store import open_run
    from rao_lab.views.explorer.widget import Explorer
    from tests.browser.test_board import saved_run

    saved_run(tmp_path, 3)
    path = tmp_path / "steps.html"
    Explorer(open_run(tmp_path / "3.rao")).save_html(path, steps=[1, 2, 3])
    page = pages.open(path.as_uri())
    page.locator(".rao [role=treeitem]").first.wait_for(state="attached")

    def moves() -> None:
        for key, step in (("Shift+ArrowLeft", "2"), ("Shift+ArrowRight", "3")):
            page.keyboard.press(key)
            page.locator(f".rao canvas[role=slider][aria-valuenow='{step}']").wait_for(state="attached")

    slider = page.locator(".rao .top canvas[role=slider]")
    for key, step in (("Home", "1"), ("End", "3")):
        slider.press(key)
        page.locator(f".rao canvas[role=slider][aria-valuenow='{step}']").wait_for(state="attached")
    page.get_by_title("Shapes, symbols, keys").click()
    moves()
    page.keyboard.press("Escape")
    moves()
    page.get_by_role("tab", name="Credit").click()  # the tab that was clicked is hidden by its page
    moves()
    page.keyboard.press("Escape")
    moves()
    show_view(page, "Board")
    moves()
    page.keyboard.press("Shift+ArrowLeft")
    page.locator(".rao .step-panel", has_text="1 behind the newest").wait_for()
    page.keyboard.press("f")  # training is over, and the newest is still one key away
    page.locator(".rao .step-panel", has_text="selected, the newest").wait_for()
    show_view(page, "Tree")
    page.set_viewport_size({"width": 500, "height": 600})
    page.locator(".rao [role=treeitem]").nth(1).click()
    page.get_by_role("button", name="Back to the outline").focus()
    moves()
    page.keyboard.press("Escape")
    moves()
    assert pages.errors == []


def test_a_click_on_the_canvas_chooses_the_card_under_it(pages: Any, saved: Path) -> None:
    page = open_showcase(pages, saved)
    box = page.locator(".stage canvas").first.bounding_box()
    for share in (0.25, 0.5, 0.75):
        before = chosen(page)
        # A column of cards stands 174 px right of the root's; somewhere down it there is a card.
        for y in range(20, int(box["height"]), 24):
            page.mouse.click(box["x"] + 14 + 174 + 60, box["y"] + (y + share * 10) % box["height"])
            if chosen(page) != before:
                break
        assert re.match(r"0\.\d, ", chosen(page))
    page.mouse.move(box["x"] + 14 + 60, box["y"] + box["height"] / 2)


def test_chips_open_a_child_in_place_and_the_way_back(pages: Any, saved: Path) -> None:
    page = open_showcase(pages, saved)
    page.locator(".chip", has_text="1x c3_i2").click()
    assert chosen(page).startswith("0.1, ")
    page.locator(".inspector .more", has_text="0").first.click()
    assert chosen(page).startswith("0, ")


def test_the_icicle_opens_tasks_and_trees(pages: Any, saved: Path) -> None:
    page = open_showcase(pages, saved)
    page.get_by_role("button", name="Icicle").click()
    assert page.get_by_role("treeitem", name="medium 017").first.get_attribute("aria-expanded") == "true"
    page.get_by_label("width", exact=True).select_option("nodes")
    page.locator(".outline .row", has_text="tree 5").first.click()
    show_view(page, "Tree")
    assert page.locator(".place .here").inner_text().strip() == "tree 5 of 8"
    assert pages.errors == []


@pytest.mark.slow
def test_an_icicle_of_advantages_0_has_the_widths_of_its_nodes_and_says_so(
    pages: Any, repo: Path, tmp_path: Path
) -> None:
    from rao_lab.store import open_run
    from rao_lab.views.explorer.states import sentence_of
    from rao_lab.views.explorer.widget import Explorer

    Explorer(open_run(repo / "data/pathologies/high_learning_rate.rao")).save_html(tmp_path / "a.html")
    page = pages.open((tmp_path / "a.html").as_uri())
    page.get_by_role("button", name="Icicle").click()
    width = page.get_by_label("width", exact=True)
    assert width.input_value() == "nodes"
    assert width.locator("option[disabled]").all_inner_texts() == ["gradient share"]
    page.get_by_text(sentence_of("share_none")).wait_for()
    assert pages.errors == []


@pytest.mark.parametrize(("width", "size"), [(1280, "full"), (1000, "drawer"), (700, "small"), (500, "tiny")])
def test_zones_fold_by_width_and_the_outline_stays_for_keys(
    pages: Any, saved: Path, width: int, size: str
) -> None:
    page = pages.open(saved.as_uri(), width=width)
    page.locator(".rao [role=treeitem]").first.wait_for(state="attached")
    page.locator(f".rao[data-size={size}]").wait_for()
    assert page.locator(".rao [role=tree]").count() == 1
    page.locator(".rao [role=tree]").focus()
    page.keyboard.press("ArrowDown")
    assert chosen(page).startswith("0.")
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow <= 0
    if size in ("full", "drawer", "small"):
        page.keyboard.press("3")
        assert page.locator(".credit .sentence").is_visible()
    assert pages.errors == []


def test_narrow_credit_settings_live_in_one_chip(pages: Any, saved: Path) -> None:
    page = pages.open(saved.as_uri(), width=700, height=560)
    page.locator(".top .control", has_text="rao").click()
    slider = page.locator(".menu").get_by_role("slider", name="lambda")
    slider.focus()
    slider.press("End")
    page.keyboard.press("Escape")
    assert "≠ usual" in page.locator(".top").inner_text()


def test_reduced_motion_is_heard(pages: Any, saved: Path) -> None:
    page = pages.open(saved.as_uri(), reduced_motion="reduce")
    page.locator(".rao [role=tree]").focus()
    page.keyboard.press("ArrowLeft")
    assert pages.errors == []


def test_hostile_text_is_shown_as_text_everywhere(pages: Any, tmp_path: Path) -> None:
    from rao_lab.views.explorer.widget import Explorer
    from tests.support.hostile_trees import hostile_group

    group = hostile_group()
    path = tmp_path / "hostile.html"
    Explorer(group, title="<img src=x onerror=window.raoPwned=1>").save_html(path)
    page = pages.open(path.as_uri(), height=900, reduced_motion="reduce")
    page.locator(".rao [role=tree]").focus()
    allowed = page.evaluate("document.querySelectorAll('script, style, img, iframe, object, embed').length")
    acting = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]")
    for place in range(len(corpus())):
        page.keyboard.press("ArrowDown")
        if place % 3 == 0:
            page.keyboard.press("123"[place // 3 % 3])
            text = page.locator(".rao").inner_text()
            assert not acting.search(text), acting.search(text)
    assert page.evaluate(f"window.{CANARY}") is None
    assert (
        page.evaluate("document.querySelectorAll('script, style, img, iframe, object, embed').length")
        == allowed
    )
    assert pages.errors == []


def test_nothing_is_fetched(pages: Any, saved: Path) -> None:
    page = pages.open("")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(saved.as_uri())
    page.locator(".rao [role=treeitem]").first.wait_for(state="attached")
    assert [url for url in asked if not url.startswith(("file:", "blob:", "data:"))] == []


def test_in_a_frame_it_follows_the_theme_of_the_page_around_it(
    pages: Any, saved: Path, repo: Path, tmp_path: Path
) -> None:
    """As on the pages of the course, whose button says dark though the system says light."""
    around = tmp_path / "course.html"
    script = (repo / "rao_lab/publish/site/static/site.js").read_text("utf-8")
    frame = f'<iframe class="explorer" src="{saved.as_uri()}" style="width:1200px;height:700px"></iframe>'
    around.write_text(f"<!doctype html><body>{frame}<script>{script}</script></body>", "utf-8")
    page = pages.open(around.as_uri())
    inside = page.locator("iframe").content_frame
    inside.locator(".rao[data-theme=light]").wait_for()
    for theme, ground in (("dark", "rgb(33, 33, 33)"), ("light", "rgba(0, 0, 0, 0)")):
        page.evaluate(f"document.body.dataset.theme = '{theme}'")
        inside.locator(f".rao[data-theme={theme}]").wait_for()
        assert inside.locator("html").evaluate("it => getComputedStyle(it).backgroundColor") == ground
    assert pages.errors == []


def bare(**more: Any) -> Any:
    from rao_lab.tree import Node, Status, Task, Tree, TreeHeader

    node = Node("0", goal="Count the rows", status=Status.FINISHED, ended=None, **more)
    return Tree(TreeHeader(Task("t", "Count the rows")), (node,), ended=1.0)


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        ([], "No trees yet: run a task, or start training."),
        ([bare(success=1.0)], "one tree of each task: there is no baseline, so R is shown in place of A"),
        ([bare(success=None)], "not scored"),
    ],
)
def test_every_bare_state_is_said_in_words(pages: Any, tmp_path: Path, shown: Any, words: str) -> None:
    from rao_lab.views.explorer.widget import Explorer

    Explorer(shown).save_html(tmp_path / "a.html")
    page = pages.open((tmp_path / "a.html").as_uri())
    page.locator(".rao").get_by_text(words).first.wait_for()
    if shown:
        page.locator(".rao [role=tree]").focus()
        for key in ("2", "3", "1", "ArrowDown", "ArrowRight", "Enter", "+", "0"):
            page.keyboard.press(key)
    assert (
        "NaN" not in page.locator(".rao").inner_text()
        and "undefined" not in page.locator(".rao").inner_text()
    )
    assert pages.errors == []


SKELETONS = """() => {
  const pane = document.querySelector('.rao .inspector .pane');
  window.skeletons = 0;
  const look = () => { window.skeletons += !!pane.querySelector('.skeleton'); };
  new MutationObserver(look).observe(pane, { childList: true, subtree: true });
}"""


def test_choosing_a_node_never_blanks_the_inspector(pages: Any, saved: Path) -> None:
    page = pages.open(saved.as_uri())
    page.locator(".rao .inspector .code").first.wait_for()
    page.evaluate(SKELETONS)
    page.locator(".rao [role=tree]").focus()
    page.keyboard.press("Home")
    named = set()
    for _ in range(8):
        page.keyboard.press("ArrowDown")
        path = page.locator(".rao [role=treeitem][aria-selected=true]").get_attribute("aria-label")
        page.locator(".rao .inspector .who .name").wait_for()
        page.wait_for_timeout(60)
        named.add(path)
    assert len(named) > 3
    assert page.evaluate("window.skeletons") == 0


def test_another_node_is_read_from_its_beginning(pages: Any, saved: Path) -> None:
    page = pages.open(saved.as_uri(), height=420)
    page.locator(".rao .inspector .code").first.wait_for()
    pane = page.locator(".rao .inspector .pane")
    pane.evaluate("pane => { pane.scrollTop = 80; }")
    assert pane.evaluate("pane => pane.scrollTop") > 0
    page.locator(".rao [role=tree]").focus()
    page.keyboard.press("ArrowDown")
    page.wait_for_timeout(100)
    assert pane.evaluate("pane => pane.scrollTop") == 0


def test_the_what_if_counts_what_the_equations_change(pages: Any, repo: Path, tmp_path: Path) -> None:
    import numpy as np

    import rao_lab as rl

    run = rl.open_run(repo / "data" / "pathologies" / "as_it_should_be.rao")
    before, after = run.attributions(12), rl.attribute(run.groups(12), rl.CreditConfig(lam=0.0))
    sign, then = (np.where(np.abs(A) < 1e-12, 0, np.sign(A)) for A in (before.A, after.A))
    known = ~np.isnan(before.A)
    changed, to_zero = known & (sign != then), known & (sign != 0) & (then == 0)
    assert changed.any() and to_zero.any()
    rl.Explorer(run, step=12).save_html(tmp_path / "a.html")
    page = pages.open((tmp_path / "a.html").as_uri(), width=1366)
    page.get_by_role("slider", name="lambda").press("Home")
    words = page.locator(".whatif .words").inner_text()
    assert f"{changed.sum()} of {known.sum()} in the step" in words
    zeros = [int(each) for each in re.findall(r"(\d+) from [+−] to 0", words)]
    assert sum(zeros) == to_zero.sum()
    page.get_by_role("button", name="List").click()
    assert page.locator(".menu.changes button").count() == changed.sum()
    assert pages.errors == []


@pytest.mark.parametrize("nodes", [4, 9, 16])
def test_goals_of_a_deep_tree_can_be_read_in_the_outline(pages: Any, tmp_path: Path, nodes: int) -> None:
    from rao_lab.views.explorer.widget import Explorer
    from tests.support.trees import Plan, tree_of

    plan = Plan("1x d9_i9")
    for level in range(nodes - 1):
        plan = Plan(f"{level}x m{level}_i4", launches={1: [[plan]]})
    Explorer(tree_of(plan)).save_html(tmp_path / "deep.html")
    page = pages.open((tmp_path / "deep.html").as_uri(), width=1366, height=760)
    page.locator(".outline .row").nth(nodes - 1).wait_for()
    goals = page.locator(".outline .row .goal")
    boxes = goals.evaluate_all("all => all.map(e => [e.getBoundingClientRect().left, e.clientWidth])")
    lefts, widths = zip(*boxes, strict=True)
    assert min(widths) >= 48 and sorted(set(lefts)) == [*lefts], "each level is set in, and leaves room"
    assert pages.errors == []

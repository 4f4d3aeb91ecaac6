"""A saved prompt bench: it runs no script, lets nothing act, and opens trees by mouse and by keys."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import Any

import pytest

import rao_lab as rl
from rao_lab.errors import ConfigError, InputError, RunFileError
from rao_lab.views.bench import live
from rao_lab.views.diff.style import DARK, LIGHT, MARKS
from tests.support.hostile import CANARY, corpus

REPO = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def bench() -> rl.PromptBench:
    """Two styles and a clumsy one; one tree is missing, one was not scored."""
    env = rl.environments.TextCraft(difficulty="medium", seed=0)
    policies = {
        "summed": rl.load_policy("scripted", error_rate=0.1),
        "one each": rl.load_policy("scripted", style="per_ingredient"),
        "clumsy": rl.load_policy("scripted", error_rate=0.6),
    }
    found = rl.prompt_bench(policies, 3, repeats=2, environment=env)  # type: ignore[arg-type]
    trees = dict(found.trees)
    spots = sorted(trees)
    del trees[spots[-1]]
    lost = trees[spots[-2]]
    trees[spots[-2]] = replace(lost, nodes=(replace(lost.root, success=None, children=()),))
    return replace(found, trees=trees)


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_mark_opens_two_trees_and_keys_go_on(
    pages: Any, bench: rl.PromptBench, tmp_path: Path, theme: str
) -> None:
    path = tmp_path / "bench.html"
    assert bench.save_html(path) == ""
    page = pages.open(path.as_uri(), theme=theme)
    assert page.locator(".panel:visible").count() == 0
    # The tables scroll sideways alone: a line of 1 px too many makes no bar that takes room.
    wide = "[...document.querySelectorAll('.wide')].map(each => getComputedStyle(each).overflowY)"
    assert set(page.evaluate(wide)) == {"hidden"}
    row = page.locator(".cells tr.task").nth(1)
    row.locator("td.trees").nth(1).locator("label").first.click()
    panel = page.locator(".panel:visible")
    assert panel.get_attribute("aria-label") == "Task 2, repeat 1: summed and one each"
    under = panel.bounding_box()["y"] - row.bounding_box()["y"] - row.bounding_box()["height"]
    assert 0 <= under < 4  # right under the row of its task
    assert panel.locator("tr.here .sign").inner_text() == "turn 1"
    assert panel.locator("pre b").count() == 2
    page.keyboard.press("ArrowDown")
    assert panel.get_attribute("aria-label") == "Task 2, repeat 1: summed and clumsy"
    label = page.locator(f"label[for='{page.locator('.pick:checked').get_attribute('id')}']").first
    assert (
        label.evaluate("each => getComputedStyle(each).backgroundColor") != "rgba(0, 0, 0, 0)"
    )  # its mark says so
    panel.get_by_text("close").click()
    assert page.locator(".panel:visible").count() == 0
    ground = page.locator(".rao-sheet").evaluate("each => getComputedStyle(each).backgroundColor")
    assert ground == ("rgb(255, 255, 255)" if theme == "light" else "rgb(33, 33, 33)")
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide == 0 and pages.errors == []


@pytest.mark.browser
def test_a_narrow_page_leaves_room_for_goals_and_says_that_it_scrolls(
    pages: Any, bench: rl.PromptBench, tmp_path: Path
) -> None:
    path = tmp_path / "bench.html"
    bench.save_html(path)
    page = pages.open(path.as_uri(), theme="light")
    page.set_viewport_size({"width": 700, "height": 800})
    figures = page.locator(".beside > .wide")
    assert figures.evaluate_all("all => all.map(each => each.scrollWidth <= each.clientWidth)") == [
        True,
        True,
    ]
    page.set_viewport_size({"width": 400, "height": 800})
    table = figures.first
    assert table.evaluate("each => each.scrollWidth > each.clientWidth && each.tabIndex === 0")
    assert "local" in table.evaluate(
        "each => getComputedStyle(each).backgroundAttachment"
    )  # shades at its edges
    page.set_viewport_size({"width": 332, "height": 800})
    success = table.get_by_text("[", exact=False).first.bounding_box()  # the drawing of it gives way
    assert success["x"] + success["width"] <= 332
    page.set_viewport_size({"width": 700, "height": 800})
    page.locator(".cells label").first.click()
    box = page.locator(".panel:visible").bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 700
    goals = page.locator(".panel:visible .two tbody td:first-child")
    assert goals.evaluate_all("all => all.every(each => each.scrollWidth <= each.clientWidth)")
    # JupyterLab makes the columns of tables equally wide: a goal would be cut, and the room beside it empty. And
    # it lets pictures shrink, so that the marks would have no room of their own.
    rule = (
        ".jp-RenderedHTMLCommon table { table-layout: fixed } .jp-RenderedHTMLCommon svg { max-width: 100% }"
    )
    page.evaluate(
        "rule => { document.head.prepend(Object.assign(document.createElement('style'), {textContent: rule}));"
        "document.body.classList.add('jp-RenderedHTMLCommon') }",
        rule,
    )
    assert page.locator(".cells").evaluate("each => getComputedStyle(each).tableLayout") == "auto"
    assert page.locator(".cells .mark").first.evaluate("each => getComputedStyle(each).maxWidth") == "none"


def test_tasks_that_have_not_run_are_named_like_those_that_have(
    bench: rl.PromptBench, tmp_path: Path
) -> None:
    path = tmp_path / "bench.html"
    replace(bench, trees={spot: tree for spot, tree in bench.trees.items() if spot.task == 0}).save_html(path)
    goals = re.findall(r'<td class="goal"[^>]*>(.*?)</td>', path.read_text("utf-8"))
    assert len(goals) == 3 and all(re.fullmatch(r"[\d, x\w]+", goal) for goal in goals), goals


def test_the_page_runs_nothing_and_says_what_is_not_there(bench: rl.PromptBench, tmp_path: Path) -> None:
    path = tmp_path / "bench.html"
    bench.save_html(path)
    text = path.read_text("utf-8")
    assert "default-src &#x27;none&#x27;; style-src" in text and "<script" not in text
    assert not re.findall(r"(?:src|href)=\"(?!#)", text)
    assert 'title="not run"' in text and 'aria-label="not scored"' in text
    for words in (bench.verdict.sentence[1:], "Paired differences", "1 ×", bench.note):
        assert escape(words) in text


def test_what_a_model_or_a_user_wrote_cannot_act(bench: rl.PromptBench, tmp_path: Path) -> None:
    bad = corpus()
    trees = {}
    for at, (spot, tree) in enumerate(bench.trees.items()):
        text = bad[at % len(bad)]
        turn = replace(tree.root.turns[0], code=text, text=text, thought=text)
        trees[spot] = replace(tree, nodes=(replace(tree.root, goal=text, turns=(turn,), children=()),))
    tasks = tuple(replace(task, id=bad[0], goal=bad[1]) for task in bench.tasks)
    variants = tuple(replace(each, name=f"{bad[2]}{at}") for at, each in enumerate(bench.variants))
    path = tmp_path / "bad.html"
    replace(bench, trees=trees, tasks=tasks, variants=variants).save_html(path)
    text = path.read_text("utf-8")
    assert "<script" not in text and "<img" not in text and f"<{CANARY}" not in text


def test_a_page_keeps_to_its_size_and_spares_other_files(bench: rl.PromptBench, tmp_path: Path) -> None:
    path = tmp_path / "small.html"
    said = bench.save_html(path, max_mb=0.14)
    assert re.fullmatch(r"\d+ of the pairs of trees", said) and path.stat().st_size < 140_000
    assert "left out for size" in path.read_text("utf-8")
    with pytest.raises(ConfigError, match="exceed max_mb=0"):
        bench.save_html(path, max_mb=0.001)
    (tmp_path / "notes.html").write_text("my notes")
    with pytest.raises(InputError, match="is no page"):
        bench.save_html(tmp_path / "notes.html")
    with pytest.raises(RunFileError):
        bench.save_html(tmp_path / "a.rao")


def test_a_notebook_may_hold_two_of_them(bench: rl.PromptBench) -> None:
    one, two = bench._repr_html_(), bench._repr_html_()
    ids = [set(re.findall(r' id="([^"]+)"', each)) for each in (one, two)]
    assert ids[0] and not ids[0] & ids[1]
    html = bench.diff("summed", "one each")._repr_html_()
    assert 'class="two"' in html and "First divergence: node 0, turn 1" in html


def test_a_notebook_shows_a_bench_as_it_fills(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[dict[str, str]] = []

    class Handle:
        def update(self, data: dict[str, str], raw: bool) -> None:
            shown.append(data)

    def display(data: dict[str, str], raw: bool, display_id: bool) -> Handle:
        shown.append(data)
        return Handle()

    monkeypatch.setattr(live, "notebook_display", lambda: display)
    env = rl.environments.TextCraft(difficulty="easy", seed=0)
    policy = rl.load_policy("scripted", error_rate=0.2)
    agents = {"alone": rl.Variant(agent="flat"), "together": rl.Variant()}
    events: list[int] = []
    found = rl.prompt_bench(
        agents, 3, policy, 2, environment=env, on_event=lambda tree, _: events.append(tree)
    )  # fmt: skip
    assert sorted(set(events)) == list(range(12))
    pictures = [data["text/html"] for data in shown if "text/html" in data]
    assert "It runs; what stands here is what has been found so far" in pictures[0]
    assert pictures[0].count('title="not run"') == 11 and "<label" not in pictures[-1]
    assert "12 of 12 trees" in pictures[-1] and 'title="not run"' not in pictures[-1]
    assert shown[-1] == {"text/plain": ""}  # the cell shows what it returns
    before = len(shown)
    rl.prompt_bench(agents, 1, policy, 1, environment=env, progress=False)
    assert len(shown) == before and found.planned == 12


def test_colours_and_shapes_are_those_of_the_front_end() -> None:
    theme = (REPO / "widgets/src/shared/theme.js").read_text("utf-8")
    for name, own in (("LIGHT", LIGHT), ("DARK", DARK)):
        body = re.search(rf"const {name} = \{{(.*?)\}};", theme, re.DOTALL)
        assert body is not None
        theirs = dict(re.findall(r'(\w+): "(#\w+)"', body[1]))
        assert own.items() <= theirs.items()
    shapes = re.sub(r'" \+\s*"', "", (REPO / "widgets/src/shared/shapes.js").read_text("utf-8"))
    for name, (colour, strokes) in MARKS.items():
        block = re.search(rf'\b{name}: \{{\s*colour: "(\w+)"', shapes)
        assert block is not None and block[1] == colour
        assert all(json.dumps(d) in shapes for d, _ in strokes), name

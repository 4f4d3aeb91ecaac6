"""One state, three forms: what the widget shows is what is printed and what is saved."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import rao_lab as rl
from rao_lab.store import open_run
from rao_lab.views.explorer.board_svg import board_svg
from rao_lab.views.explorer.look import Look
from rao_lab.views.explorer.still import STILL_LIMIT
from rao_lab.views.explorer.widget import Explorer
from tests.support.live import Stage, wait_for
from tests.support.trees import random_group
from tests.support.wire import Wire


@pytest.fixture
def steps() -> list[Any]:
    return [random_group(number, step=number) for number in (1, 2, 4)]


def page_of(explorer: Explorer, path: Path) -> dict[str, Any]:
    explorer.save_html(path)
    found = re.search(r'id="data">(.*?)</script>', path.read_text("utf-8"), re.DOTALL)
    assert found is not None
    return dict(json.loads(found[1]))


def test_the_step_that_is_asked_for_is_shown_printed_and_saved(steps: list[Any], tmp_path: Path) -> None:
    explorer = Explorer(steps, step=2)
    head, _ = Wire(explorer).ask(type="hello", step=None)
    assert head["step"] == 2
    assert str(explorer).startswith("<Explorer: step 2, one of 3 steps")
    data, about = explorer._repr_mimebundle_()
    assert "step 2, one of 3" in data["text/html"] and data["text/plain"] == str(explorer)
    assert about["rao_lab"] == {"key": explorer.model_id}
    page = page_of(explorer, tmp_path / "a.html")
    assert page["shown"] == 2 and [each["head"]["step"] for each in page["steps"]] == [2]


def test_what_is_chosen_in_the_browser_is_printed_and_saved(steps: list[Any], tmp_path: Path) -> None:
    explorer = Explorer(steps)
    wire = Wire(explorer)
    wire.ask(type="hello", step=None)
    explorer._take(explorer, {"type": "look", "view": "icicle", "step": 1, "tree": 1, "path": "0"}, [])
    assert str(explorer).startswith("<Explorer: step 1, one of 3 steps")
    assert explorer.still["text/plain"] == str(explorer)
    page = page_of(explorer, tmp_path / "a.html")
    assert page["shown"] == 1
    assert page["traits"]["look"] == {"view": "icicle", "step": 1, "tree": 1, "path": "0"}


@pytest.mark.parametrize("value", [None, "x", -1, True, 2.5, [], 10**30, "0" * 1000])
def test_nonsense_is_no_look(value: Any, steps: list[Any]) -> None:
    look = Look.of({"view": value, "step": value, "tree": value, "path": value})
    assert look.view == "tree" and look.path in ("0", "x")
    explorer = Explorer(steps)
    explorer._take(explorer, {"type": "look", "view": value, "step": value, "tree": value, "path": value}, [])
    assert str(explorer).startswith("<Explorer: step 4, one of 3 steps")


def test_the_still_of_a_board_follows_when_training_rests_and_ends(stage: Stage) -> None:
    board = stage.session.board()
    first = board._repr_mimebundle_()[0]
    assert "No step has ended yet" in first["text/html"]
    stage.play(stage.counts[1] + 1)
    stage.session.pause()
    wait_for(lambda: "step 1 of 2" in board.still.get("text/plain", ""))
    assert "paused" in board.still["text/plain"]
    assert "<svg" in board.still["text/html"] and "0.25" in board.still["text/plain"]
    stage.session.resume()
    stage.loose()
    wait_for(lambda: "finished" in board.still["text/plain"])
    assert "step 2 of 2" in board.still["text/html"] and "<script" not in board.still["text/html"]
    board.close()


def test_the_still_of_a_board_has_its_probes_its_depths_and_the_chosen_step(repo: Path) -> None:
    with open_run(repo / "data/pathologies/as_it_should_be.rao") as run:
        board = Explorer(run, view="board")
        Wire(board).ask(type="hello", step=None)
        board._take(board, {"type": "look", "view": "board", "step": 8, "tree": 0, "path": "0"}, [])
        words, html = board.still["text/plain"], board.still["text/html"]
        board.close()
    assert "Step 8 is chosen." in words and "Step 8 is chosen." in html
    assert re.search(r"^ +> 8 +0\.42 ", words, re.MULTILINE) and "probes" in words
    assert "medium, probes 0.75" in html and "medium 0.53" in html
    assert html.count("<circle") == 3  # the probes of steps 0, 10 and 12
    assert "depth 0 42 %" in html and "depth 3 12 %" in html
    assert html.count(">step 8<") == 2  # under both plots


def test_the_still_of_a_long_run_is_bounded_and_keeps_its_plots() -> None:
    steps = list(range(5000))
    columns: dict[str, list[float]] = {
        f"gradient_share_by_depth/{depth}": [0.1] * 5000 for depth in range(10)
    }
    for kind in ("success_by_difficulty", "probe_success_by_difficulty"):
        for name in ("easy", "medium", "<hard>"):
            columns |= {f"{kind}/{name}/success": [0.5] * 5000, f"{kind}/{name}/tasks": [8] * 5000}
    svg = board_svg({"step": steps, "columns": columns}, 2500, ["easy", "medium", "<hard>"])
    assert 20_000 < len(svg) < STILL_LIMIT
    assert svg.count("probes 0.50") == 3 and svg.count(">depth ") == 10 and "<hard>" not in svg
    parts = re.findall(r'<rect [^>]*fill="(#[0-9a-f]{6})"(?: stroke="(#[0-9a-f]{6})")?', svg)
    assert len({fill for fill, _ in parts}) == 10
    assert min(contrast(edge or fill) for fill, edge in parts) >= 3, "each part stands out from the page"


def contrast(tone: str) -> float:
    """Of white to a tone, as WCAG counts it."""
    parts = [int(tone[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts)
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)


def test_a_still_is_bounded(repo: Path) -> None:
    for name in ("high_learning_rate", "lambda_1"):
        with open_run(repo / f"data/pathologies/{name}.rao") as run:
            for view in ("tree", "board"):
                explorer = Explorer(run, view=view)
                data, _ = explorer._repr_mimebundle_()
                assert len(data["text/html"]) < STILL_LIMIT and len(data["text/plain"]) < STILL_LIMIT / 4
                explorer.close()


def test_the_text_of_a_tree_alone_says_what_became_of_a_node_and_no_credit() -> None:
    world = rl.environments.Arithmetic()
    tree = rl.run(world.tasks("test")[0], world, rl.load_policy("scripted"))
    said = str(rl.Explorer(tree, node="0.0")).splitlines()[-1]
    assert said == "0.0: It succeeded. No credit: the tree has no group."

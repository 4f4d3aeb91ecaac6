"""The board: which sources have one, what its curves hold, and what a closed one leaves."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from rao_lab.errors import ConfigError
from rao_lab.store import RunWriter, open_run
from rao_lab.views.explorer.curves import MOST_COLUMNS, Curves, marks
from rao_lab.views.explorer.from_run import checkpoints
from rao_lab.views.explorer.widget import Explorer
from tests.support.live import TRAIN, Stage, finish, script
from tests.support.trees import header_of, random_plan, tree_of


def test_a_finished_run_has_a_board_without_buttons(tmp_path: Path) -> None:
    path = tmp_path / "a.rao"
    with RunWriter(path, TRAIN) as writer:
        for step in (1, 2):
            writer.begin_step(step)
            finish(writer, step, script(step)[1])
    explorer = Explorer(open_run(path), view="board")
    assert explorer.look["view"] == "board" and explorer.live is False
    assert explorer.session["state"] == "finished" and explorer.session["actions"] == []
    assert explorer.curves["step"] == [1, 2]
    explorer.close()


def test_an_empty_run_has_a_board_that_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.rao"
    with RunWriter(path, {}):
        pass
    explorer = Explorer(open_run(path), view="board")
    assert explorer.session["state"] == "stopped" and explorer.curves["step"] == []
    assert explorer.newest is None
    explorer.close()


def test_a_session_opens_an_explorer_on_its_board_or_on_its_trees(stage: Stage) -> None:
    board, trees = stage.session.board(), stage.session.explorer(height=400)
    assert (board.look["view"], trees.look["view"], trees.height) == ("board", "tree", 400)
    assert board.live and board.session["state"] == "training"
    board.close()
    trees.close()


def test_a_closed_widget_no_longer_listens(stage: Stage) -> None:
    board = stage.session.board()
    assert len(stage.session._listeners) == 1
    board.close()
    assert stage.session._listeners == []


def test_single_trees_have_no_board() -> None:
    tree = tree_of(random_plan(Random(1), 3), header_of("t", "g", 1, 0, 0))
    with pytest.raises(ConfigError, match="session or a run"):
        Explorer(tree, view="board")


def test_curves_flatten_shorten_and_bound_what_a_run_says() -> None:
    hostile = {f"kind {i}": i for i in range(1000)} | {"a/b" * 100: 1, "nan": float("nan"), "text": "<b>"}
    curves = Curves.of(
        [
            {"step": 1, "success": 1 / 3, "refusals": hostile, "unknown": 5},
            {"step": 2, "success": None, "probe_success": 0.5},
            {"step": "x"},
        ]
    )
    data = curves.to_json()
    assert data["step"] == [1, 2]
    assert data["columns"]["success"] == [0.33333, None]
    assert len(data["columns"]) == MOST_COLUMNS
    assert all(len(name) < 80 for name in data["columns"]) and "unknown" not in data["columns"]
    assert marks([1, 2, 3], curves) == [[1, 0.33333], [2, 0.5], [3, None]]


def test_checkpoints_are_read_from_their_folders(tmp_path: Path) -> None:
    path = tmp_path / "a.rao"
    assert checkpoints(path) == []
    for name in ("step-2", "step-10", "step-x", ".tmp"):
        (tmp_path / "a.rao.ckpt" / name).mkdir(parents=True)
    assert checkpoints(path) == [2, 10]

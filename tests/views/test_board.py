"""The board: which sources have one, what its curves hold, and what a closed one leaves."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from rao_lab.errors import ConfigError
from rao_lab.store import Run, RunWriter, open_run
from rao_lab.views.explorer.beside import beside_answer
from rao_lab.views.explorer.board_still import board_picture
from rao_lab.views.explorer.curves import MOST_OF_ONE, Curves, marks
from rao_lab.views.explorer.from_run import checkpoints
from rao_lab.views.explorer.question import Asked
from rao_lab.views.explorer.widget import Explorer
from tests.support.live import TRAIN, Stage, finish, script, wait_for
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
            {"step": 1, "success": 1 / 3, "refusals": hostile, "unknown": 5, "merge_rate": 2.0},
            {"step": 2, "success": None, "probe_success": 0.5},
            {"step": "x"},
        ]
    )
    data = curves.to_json()
    assert data["step"] == [1, 2]
    assert data["columns"]["success"] == [0.33333, None]
    assert sum(name.startswith("refusals/") for name in data["columns"]) == MOST_OF_ONE
    assert data["columns"]["merge_rate"] == [
        2.0,
        None,
    ]  # one metric's names do not take the room of the others
    assert all(len(name) < 80 for name in data["columns"]) and "unknown" not in data["columns"]
    assert marks([1, 2, 3], curves) == [[1, 0.33333], [2, 0.5], [3, None]]


def recorded(path: Path, steps: int, **train: object) -> Run:
    """A run of so many steps, with these settings."""
    with RunWriter(path, {"train": {**TRAIN["train"], "steps": steps, **train}}) as writer:
        for step in range(1, steps + 1):
            writer.begin_step(step)
            finish(writer, step, script(step)[1])
    return open_run(path)


def test_several_runs_stand_beside_each_other_with_their_names_and_what_differs(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    runs = [recorded(tmp_path / "a.rao", 2), recorded(tmp_path / "other/a.rao", 3, learning_rate=0.5)]
    explorer = Explorer(runs)
    assert (
        explorer.look["view"] == "board" and explorer.curves["step"] == [1, 2] and explorer.session["beside"]
    )
    answer, _ = beside_answer(Asked(explorer._source, explorer.table, None))
    assert answer["names"] == ["a (1)", "a (2)"] and answer["runs"][0]["step"] == [1, 2, 3]
    differ = dict(answer["differ"])
    assert differ["train.learning_rate"][1] == "0.5" and differ["train.steps"] == ["2", "3"]
    assert set(differ) == {"train.learning_rate", "train.steps"}
    text = str(explorer)
    assert "a (1)" in text and "a (2)" in text and "train.steps: 2 | 3" in text
    assert "same settings" in str(Explorer([runs[0], open_run(tmp_path / "a.rao")]))
    picture = board_picture(explorer._source)
    assert "a (1) 0." in picture and "a (2) 0." in picture and "Gradient" not in picture
    explorer.save_html(tmp_path / "both.html")
    assert '"names":["a (1)","a (2)"]' in (tmp_path / "both.html").read_text()
    with pytest.raises(ConfigError, match="at most 5"):
        Explorer([runs[0]] * 8)


def test_a_run_that_grows_beside_another_is_drawn_as_far_as_it_is(tmp_path: Path) -> None:
    with RunWriter(tmp_path / "a.rao", TRAIN) as ours, RunWriter(tmp_path / "b.rao", TRAIN) as theirs:
        for writer in (ours, theirs):
            writer.begin_step(1)
            finish(writer, 1, script(1)[1])
            writer.flush()
        explorer = Explorer([open_run(tmp_path / f"{name}.rao", follow=True) for name in "ab"])
        assert explorer.live and explorer.session["beside"] == 2
        theirs.begin_step(2)
        finish(theirs, 2, script(2)[1])
        theirs.flush()
        wait_for(lambda: explorer.session["beside"] == 3)
        answer, _ = beside_answer(Asked(explorer._source, explorer.table, None))
        assert answer["runs"][0]["step"] == [1, 2] and explorer.curves["step"] == [1]
        explorer.close()


def test_the_text_of_a_board_says_all_metrics_of_the_chosen_step(tmp_path: Path) -> None:
    with RunWriter(tmp_path / "a.rao", TRAIN) as writer:
        for step in (1, 2):
            writer.begin_step(step)
            writer.end_step(
                step, None, {"loss": 0.5 / step, "children": 1.0, "statuses": {"turn_limit": 3}, "kl": None}
            )
    lines = str(Explorer(open_run(tmp_path / "a.rao"), view="board", step=1)).splitlines()
    after = lines[lines.index("Step 1") + 1 :]
    assert [" ".join(line.split()) for line in after] == [
        *("Trees", "Children 1.00", "How nodes ended", "How nodes ended turn limit 3", "Update", "Loss 0.5")
    ]  # what was not recorded is not said: it is unknown


def test_checkpoints_are_read_from_their_folders(tmp_path: Path) -> None:
    path = tmp_path / "a.rao"
    assert checkpoints(path) == []
    for name in ("step-2", "step-10", "step-x", ".tmp"):
        (tmp_path / "a.rao.ckpt" / name).mkdir(parents=True)
    assert checkpoints(path) == [2, 10]

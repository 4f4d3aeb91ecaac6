"""The badges of a step as the Explorer gets them: from a run, in a saved page, as text, and for a changed rule."""

from __future__ import annotations

import base64
import json
import subprocess
from collections import Counter
from pathlib import Path

import pytest

import rao_lab as rl
from rao_lab.store import open_run
from rao_lab.views.explorer import badges_answer as badges_module
from rao_lab.views.explorer.badges_answer import badge_words, badges_answer, badges_saved, counts_saved
from rao_lab.views.explorer.from_records import RecordSource, credited_table
from rao_lab.views.explorer.question import Asked
from rao_lab.views.explorer.widget import Explorer
from tests.support.live import Stage, wait_for
from tests.support.trees import showcase_group
from tests.support.wire import Wire


def test_the_badges_of_a_run_are_answered_counted_printed_and_saved(repo: Path) -> None:
    with open_run(repo / "data/pathologies/guards_off.rao") as run:
        explorer = Explorer(run, view="badges")
        wire = Wire(explorer)
        found, _ = wire.ask(type="ask", key="k", what="badges", step=12, args=[""], mark=0)
        value = found["value"]
        assert Counter(value["badge"]) == rl.diagnose(run, 12).counts()
        place = value["badge"].index("own_goal")
        assert value["trees"][value["tree"][place]] == [1, 0, 2] and value["path"][place] == "0.0.1.0"
        changed = json.dumps({"bonus_from": 9})
        fewer, _ = wire.ask(type="ask", key="k", what="badges", step=12, args=[changed], mark=0)
        assert "bonus_only" not in fewer["value"]["badge"] and fewer["value"]["config"]["bonus_from"] == 9
        for nonsense in ("{", "[]", '{"bonus": 1}', '{"bonus_from": "x"}', "[" * 1999):
            refused, _ = wire.ask(type="ask", key="k", what="badges", step=12, args=[nonsense], mark=0)
            assert "value" not in refused and refused["why"]
        counts, _ = wire.ask(type="ask", key="k", what="badge_counts", step=None, args=[""], mark=0)
        assert counts["value"]["step"] == [1, 12] and counts["value"]["counts"]["own_goal"] == [0, 4]
        assert "goal 100 % like its parent's" in badge_words(explorer._source.table(12), most=1000)
        assert "own goal" in str(explorer)
        table = explorer._source.table(12)
        assert [*badges_saved(explorer._source, table), *counts_saved(explorer._source, None)] == [[""], [""]]
        explorer.close()


def test_the_view_finds_the_same_badges_of_credit_as_the_kernel(repo: Path, tmp_path: Path) -> None:
    """It computes them anew for a rule that is changed; by the recorded rule they are the same."""
    with open_run(repo / "data/pathologies/high_learning_rate.rao") as run:
        explorer = Explorer(run)
        table = explorer._source.table(12)
        head, buffers = table.snapshot()
        value, _ = badges_answer(Asked(explorer._source, lambda step: table, 12, [""]))
        explorer.close()
    held = {"head": head, "value": value, "buffers": [base64.b64encode(each).decode() for each in buffers]}
    (tmp_path / "step.json").write_text(json.dumps(held))
    command = ["node", str(repo / "widgets/test/badges_agree.js"), str(tmp_path / "step.json")]
    out = json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout)
    assert len(out["kernel"]) == len(value["badge"])
    assert sorted(map(str, out["kernel"])) == sorted(map(str, out["view"]))
    assert {"bonus_only", "no_signal"} <= {key for key, *_ in out["view"]}


def test_trees_without_credit_get_the_badges_that_need_none() -> None:
    source = RecordSource([showcase_group()])
    table = credited_table([showcase_group()], 1)
    lonely = credited_table([rl.Group(showcase_group().task, showcase_group().trees[:1])], 1)
    for each in (table, lonely):
        value, _ = badges_answer(Asked(source, lambda step, each=each: each, 1))
        assert len(value["badge"]) == len(value["path"]) and "own_goal" in value["badge"]
    assert "no_signal" not in value["badge"]


def test_the_badges_of_a_step_that_grows_name_the_trees_as_the_view_does(stage: Stage) -> None:
    board = stage.session.board()
    wire = Wire(board)
    board._take(board, {"type": "hello", "step": None}, [])
    stage.play(stage.counts[1])
    wait_for(lambda: any(head["type"] == "snapshot" for head, _ in wire.sent))
    wire.sent.clear()
    board._take(board, {"type": "resync", "step": 1}, [])
    wait_for(lambda: any(head["type"] == "snapshot" for head, _ in wire.sent))
    head = next(head for head, _ in wire.sent if head["type"] == "snapshot")
    known = {
        (head["groups"][tree["group"]]["label"], int(head["groups"][tree["group"]]["probe"]), tree["rollout"])
        for tree in head["trees"]
    }
    wire.sent.clear()
    board._take(board, {"type": "ask", "key": "k", "what": "badges", "step": 1, "args": [""], "mark": 0}, [])
    wait_for(lambda: any(head["type"] == "answer" for head, _ in wire.sent))
    answer = next(head for head, _ in wire.sent if head["type"] == "answer")
    assert "why" not in answer, answer["why"]
    value = answer["value"]
    assert value["badge"] and {tuple(each) for each in value["trees"]} <= known
    stage.loose()
    board.close()


def test_a_step_that_takes_too_long_to_read_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(badges_module, "MOST_NODES", 10)
    explorer = Explorer(showcase_group())
    found, _ = Wire(explorer).ask(type="ask", key="k", what="badges", step=1, args=[""], mark=0)
    assert "rl.diagnose(run, 1)" in found["why"]
    assert "rl.diagnose(run, 1)" in badge_words(credited_table([showcase_group()], 1))


@pytest.mark.parametrize("step", [None, 5])
def test_a_question_without_trees_says_so(repo: Path, step: int | None) -> None:
    with open_run(repo / "data/pathologies/guards_off.rao") as run:
        explorer = Explorer(run)
        found, _ = Wire(explorer).ask(type="ask", key="k", what="badges", step=step, args=[""], mark=0)
        explorer.close()
    assert ("why" in found) if step is None else (found["value"]["badge"] == [])

"""Forks in an Explorer: their trees beside the others, what they came to beside their original."""

from __future__ import annotations

import time
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rao_lab as rl
from rao_lab.evaluation.forks import Forks
from rao_lab.store import RunWriter
from rao_lab.views.explorer.still import STOOD
from rao_lab.views.explorer.table import PROBE


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> rl.Run:  # type: ignore[name-defined]
    env = rl.environments.TextCraft(difficulty="medium")
    policy = rl.load_policy("tiny", device="cpu")
    path = tmp_path_factory.mktemp("forks") / "a.rao"
    few = {"tasks_per_step": 1, "group_size": 3, "probe_tasks": 1, "probe_rollouts": 1}
    config = rl.default_config(policy, steps=1, **few)
    list(rl.train(env, policy, config, store=path))
    return rl.open_run(path)


def forks(run: rl.Run, store: Path | None = None) -> Forks:  # type: ignore[name-defined]
    tree = max((each for each in run.trees(1) if not each.probe), key=lambda each: each.nodes).load()
    return rl.fork(tree, "0", rest="continued", run=run, repeats=2, action="finish('no')", store=store)


def test_a_run_shows_its_forks_after_its_trees_and_what_they_came_to(run: rl.Run) -> None:  # type: ignore[name-defined]
    before = rl.Explorer(run).table(1)
    found = forks(run, run.path)
    explorer = rl.Explorer(rl.open_run(run.path))
    table = explorer.table(1)
    head, buffers = table.snapshot()
    assert "4 trees, 2 forks" in repr(explorer)
    size = len(before)
    assert head["groups"][-1]["probe"] and head["groups"][-1]["fork"].endswith(
        "at 0 turn 1: other action: finish('no')"
    )
    assert [tree["rollout"] for tree in head["trees"][-2:]] == [0, 1] and len(head["trees"]) == len(
        before.trees
    ) + 2
    assert table.credit is not None and before.credit is not None
    for name, column in before.credit.items():
        assert np.array_equal(table.credit[name][:size], column, equal_nan=True), (
            "no number of the step has changed"
        )
    assert (table.credit["why"][size:] == PROBE).all() and np.isnan(table.credit["A"][size:]).all()
    (told,) = head["forks"]
    original = table.tree(told["tree"])
    assert original == found.original and told["path"] == "0" and told["says"] == str(found)
    assert (told["succeeded"], told["scored"], told["was"]) == (0.0, 2, original.success)
    assert told["changes"][0]["A"] == found.credit[0].A.to_dict()
    last = len(table.trees) - 1
    assert table.tree(last) == found.trees[1] and table.node(last, "0") == found.trees[1].root
    assert table.words[table.columns["goal"][table.rows_of(last)[0]]].startswith(original.root.goal[:40])
    assert all(len(buffer) in (len(table) * size for size in (1, 4, 8)) for buffer in buffers)


def test_an_explorer_of_forks_opens_at_the_node_where_they_were_cut(run: rl.Run, tmp_path: Path) -> None:  # type: ignore[name-defined]
    trees = [each.load() for each in run.trees(1) if not each.probe]
    tree = trees[-1]
    node = tree.nodes[-1].path
    found = rl.fork(tree, node, rest="continued", run=run, repeats=1, policy=rl.load_policy("tiny"))
    explorer = rl.Explorer(found)
    look = explorer.look
    assert explorer.table(1).tree(look["tree"]) == tree and look["path"] == node
    explorer.save_html(tmp_path / "a.html")
    page = (tmp_path / "a.html").read_text("utf-8").replace(" ", "")
    assert look["tree"] > 0 and f'"tree":{look["tree"]},"path":"{node}"' in page


def test_what_a_fork_returned_can_be_shown_without_a_run(run: rl.Run) -> None:  # type: ignore[name-defined]
    found = forks(run)
    table = rl.Explorer(found).table(1)
    assert [len([tree for tree in table.trees if tree.group == place]) for place in (0, 1)] == [3, 2]
    assert [(each["tree"], each["group"]) for each in table.forks] == [(found.original.header.rollout, 1)]
    both = rl.Explorer([found, forks(run)]).table(1)
    assert (len(both.forks), len(both.groups), len(both.trees)) == (2, 3, 7)


def test_a_still_picture_tells_of_the_forks_that_it_does_not_draw(run: rl.Run) -> None:  # type: ignore[name-defined]
    found = forks(run)
    explorer = rl.Explorer(found)
    said = f"It has forks, which are not drawn here: {found}."
    assert said in repr(explorer)
    still = explorer._repr_mimebundle_()[0]["text/html"]
    assert "<svg" in still and escape(said) in still
    assert "forks" not in repr(rl.Explorer(found.original))


def test_forks_name_their_run_and_say_that_their_weights_count_one_group(
    run: rl.Run,  # type: ignore[name-defined]
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = forks(run)
    monkeypatch.chdir(run.path.parents[1])
    head, _ = rl.Explorer(found).table(1).snapshot()
    assert found.run == str(run.path) and not Path(head["forks"][0]["file"]).is_absolute()
    assert Path(head["forks"][0]["file"]).resolve() == run.path
    assert found.group is not None and head["groups"][0]["label"] == found.group.index
    parts = (found, found.group, found.original)
    assert all(rl.Explorer(part).table(1).snapshot()[0]["alone"] for part in parts)
    assert [rl.Explorer(part).table(1).usual for part in parts] == [False, True, True]
    whole = rl.Explorer(run).table(1).snapshot()[0]
    assert not whole["alone"] and not whole["usual"]


def test_a_notebook_shows_the_sentence_in_lines_that_break_between_words(run: rl.Run) -> None:  # type: ignore[name-defined]
    found = forks(run)
    lines = repr(found).splitlines()
    assert len(lines) > 1 and max(map(len, lines)) <= 100 and " ".join(lines) == str(found)


def test_forks_that_are_asked_for_in_the_view_are_made_told_of_and_shown(run: rl.Run) -> None:  # type: ignore[name-defined]
    told: list[dict[str, Any]] = []
    explorer = rl.Explorer(rl.open_run(run.path), step=1, fork=rl.fork)
    explorer.send = lambda message, buffers=None: told.append(message)  # type: ignore[method-assign]
    assert explorer.forks and explorer._forking is not None
    before = len(explorer.table(1).trees)
    asked = {"type": "fork", "step": 1, "tree": 0, "path": "0", "turn": 1, "rest": "replayed", "repeats": 2}
    for edit, value, says in (
        ("goal", "a0 1", "with this goal"),
        ("action", "finish('no')", "after this action"),
        ("again", "", "sampled again"),
    ):
        explorer._take(explorer, {**asked, "edit": edit, "value": value}, [])
        explorer._forking.join()
        assert told[-1]["type"] == "forking" and told[-1]["says"].startswith(says), told[-1]
        snapshot = next(each for each in reversed(told) if each["type"] == "snapshot")
        assert snapshot["forks"][-1]["says"] == told[-1]["says"]
    assert {"type": "forking", "ended": 2, "of": 2} in told
    table = explorer.table(1)
    assert len(table.trees) == before + 6 and len({tree.id for tree in table.trees}) == before + 6
    assert [table.tree(before + place).header.origin["repeat"] for place in range(6)] == [0, 1] * 3  # type: ignore[index]
    assert [each["group"] for each in table.forks[-3:]] == [len(table.groups) - 3 + at for at in range(3)]
    for wrong, says in (
        ({"turn": 99}, "has no turn 99"),
        ({"rest": "x"}, "unknown"),
        ({"path": None}, "no node"),
    ):
        explorer._take(explorer, {**asked, **wrong}, [])
        explorer._forking.join()
        assert says in told[-1]["error"]
    explorer.close()


def test_a_session_makes_forks_when_it_has_ended(tmp_path: Path) -> None:
    env = rl.environments.TextCraft(difficulty="medium", seed=0)
    policy = rl.load_policy("tiny", device="cpu")
    config = rl.default_config(policy, steps=1, tasks_per_step=1, group_size=2, probe_tasks=0)
    session = rl.start(env, policy, config, store=tmp_path / "a.rao")
    session.pause()
    told: list[dict[str, Any]] = []
    board = session.board()
    assert STOOD in board._repr_mimebundle_()[0]["text/plain"] and STOOD not in str(board)

    def hear(message: Any, buffers: Any = None) -> None:
        told.extend([message] if message["type"] == "forking" else [])

    board.send = hear  # type: ignore[method-assign]
    asked = {"type": "fork", "step": 1, "tree": 0, "path": "0", "turn": 1, "rest": "continued", "repeats": 2}
    board._take(board, {**asked, "step": 0}, [])
    assert board.forks and board._forking is not None
    board._forking.join()
    assert told[-1]["error"]
    with pytest.raises(rl.ConfigError, match="training goes on"):
        board._source.about_forks()
    session.resume()
    session.result(60)
    assert all(STOOD not in each for each in board._feed.picture().values())
    board._take(board, asked, [])
    board._forking.join()
    assert told[-1]["says"].startswith("sampled again")
    until = time.monotonic() + 20.0
    while len(board.table(1).trees) < 4 and time.monotonic() < until:  # the sender's thread shows them
        time.sleep(0.05)
    assert len(board.table(1).trees) == 4
    assert board._source.status()["file"] == str(session.path)
    board.save_html(tmp_path / "a.html")
    assert '"file":"a.rao"' in (tmp_path / "a.html").read_text("utf-8")
    board.close()


def test_an_origin_may_say_anything(run: rl.Run, tmp_path: Path) -> None:  # type: ignore[name-defined]
    tree = run.trees(1)[0].load()
    forged: list[dict[str, Any]] = [
        {"tree": {"a": 1}, "node": 5, "turn": "x", "edit": [1], "rest": 7, "weights": ["w"]},
        {
            "tree": "\x1b[31m\u202e",
            "node": "0",
            "turn": 10**9,
            "edit": {"child_value": {"\u202e": 1}, "goal": 3},
        },
        {"node": "0.99", "before": {"before": {}}},
        {},
    ]
    with RunWriter(tmp_path / "a.rao", {}) as writer:
        for origin in (None, *forged):
            writer.tree_done(replace(tree, header=replace(tree.header, origin=origin)))
        writer.end_step(1)
    with rl.open_run(tmp_path / "a.rao") as again:
        assert [each.origin for each in again.forks()] == forged
        found = rl.forks_of(again)
        assert [each.node for each in found] == ["0", "0"] and all("\n" not in str(each) for each in found)
        explorer = rl.Explorer(again)
        assert len(explorer.table(1).forks) == 2
        said = "".join(str(each.load()) + repr(explorer) for each in again.forks())
    assert "\x1b" not in said and "\u202e" not in said


def test_trees_that_were_each_run_alone_keep_their_place_among_those_given() -> None:
    world, policy = rl.environments.Arithmetic(), rl.load_policy("scripted")
    task = world.tasks("test")[4]
    stopped = rl.Limits(max_depth=0, max_turns=1)
    ways = (None, None, stopped, None)
    trees = tuple(rl.run(task, world, policy, seed=at, limits=ways[at]) for at in range(4))
    group = rl.Group(task, trees)
    for shown in (list(trees), group):
        explorer = rl.Explorer(shown, tree=2, view="group")
        assert "at 0:0.2/0#group" in repr(explorer)
        for number in (1, 2, 3, 4):
            assert f"tree {number} " in str(explorer)
        head, _ = explorer.table(0).snapshot()
        assert [tree["rollout"] for tree in head["trees"]] == [0, 1, 2, 3]
        assert "task 1, tree 3" in str(rl.Explorer(shown, view="badges"))
    kept = rl.Explorer(
        [replace(tree, header=replace(tree.header, rollout=at + 3)) for at, tree in enumerate(trees)]
    )
    assert [tree.rollout for tree in kept.table(0).trees] == [3, 4, 5, 6], "of a run: as the run calls them"
    how: dict[str, Any] = {"environment": world, "policy": policy, "group": group, "repeats": 2}
    found = rl.fork(trees[2], "0", rest="continued", progress=False, **how)
    of_group = rl.attribute([group]).of_tree(0, 2)["0"]
    assert found.credit_of("0").A.before == of_group.A != rl.attribute([group]).of_tree(0, 0)["0"].A
    assert "at 0:0.2/0" in repr(rl.Explorer(found)), "beside the tree that they were cut from"

"""Trees that are run outside training are kept: live in a run file, or saved afterwards."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import rao_lab as rl
from rao_lab.api.export import export_run
from rao_lab.api.train import told_by_kind
from rao_lab.store import RunWriter
from rao_lab.training.metrics import TrainStep
from rao_lab.tree.codec import tree_to_json
from tests.support.breaking import Stopping

ENV = rl.environments.TextCraft("medium")
POLICY = rl.load_policy("scripted")
TASK = ENV.tasks("test")[0]


def names_of(run: rl.Run, step: int) -> list[str]:
    """Agent, environment and policy of the step's trees, which tell them apart."""
    headers = [each.load().header for each in run.trees(step)]
    return sorted({f"{each.agent} {each.environment} {each.policy}" for each in headers})


def test_an_evaluation_is_kept_whole_and_opens_everywhere(tmp_path: Path) -> None:
    store = tmp_path / "e.rao"
    found = rl.evaluate(ENV, POLICY, tasks=3, store=store)
    with rl.open_run(store) as run:
        assert tuple(each.load() for each in run.trees(0)) == found.trees
        assert run.metrics[0]["success_by_difficulty"] == {
            "medium": {"success": 1.0, "tasks": 3, "unscored": 0}
        }
        assert run.config["kind"] == "evaluation" and run.config["world"] == repr(ENV)
        explorer = rl.Explorer(run)
        assert "3 trees" in str(explorer) and "not trained: no credit" in str(explorer)
        board = rl.Explorer(run, view="board")
        assert (board.session["state"], board.session["kind"]) == ("finished", "evaluation")
        explorer.close()
        board.close()
    assert export_run(store, tmp_path / "e.html").startswith(str(tmp_path / "e.html"))
    assert [len(step["groups"]) for step in json.loads(exported(store, tmp_path / "e.json"))["steps"]] == [3]


def exported(store: Path, out: Path) -> str:
    export_run(store, out)
    return out.read_text("utf-8")


def test_keeping_changes_no_tree(tmp_path: Path) -> None:
    """Also of a comparison, whose evaluations are steps in the file: noise is keyed as without it."""
    tiny = rl.load_policy("tiny")
    easy = rl.environments.TextCraft("easy")
    few = rl.Limits(
        max_depth=2, max_turns=3, max_nodes=3, max_tree_turns=3, max_new_tokens=24, context_window=128
    )
    without = rl.compare(easy, tiny, tasks=2, limits=few)
    kept = rl.compare(easy, tiny, tasks=2, limits=few, store=tmp_path / "c.rao")
    assert [plain(each.trees) for each in kept.evaluations.values()] == [
        plain(each.trees) for each in without.evaluations.values()
    ]
    with rl.open_run(tmp_path / "c.rao") as run:
        assert run.config["evaluations"] == ["recursive", "flat"] == [*kept.evaluations]
        explorer = rl.Explorer(run)
        assert explorer.session["names"] == {"1": "recursive", "2": "flat"}
        assert "step 2 (flat), one of 2 steps" in str(explorer)
        explorer.close()
        assert [names_of(run, step) for step in (1, 2)] == [
            ["recursive textcraft tiny"],
            ["flat textcraft tiny"],
        ]
        for step, each in enumerate(kept.evaluations.values(), 1):
            loaded = [tree.load() for tree in run.trees(step)]
            assert [tree.nodes for tree in loaded] == [tree.nodes for tree in each.trees]
        with pytest.raises(rl.MissingError, match="no attributions"):
            run.attributions(1)


def plain(trees: Any) -> list[Any]:
    """Trees without their times."""

    def untimed(value: Any) -> Any:
        if isinstance(value, dict):
            times = ("started", "ended", "sampled", "waiting_seconds")
            return {name: untimed(inner) for name, inner in value.items() if name not in times}
        return [untimed(inner) for inner in value] if isinstance(value, list) else value

    return [untimed(tree_to_json(tree)) for tree in trees]


@pytest.mark.parametrize("wait", [False, True], ids=["run", "arun"])
def test_a_run_is_kept(wait: bool, tmp_path: Path) -> None:
    store = tmp_path / "t.rao"
    if wait:
        tree = asyncio.run(rl.arun(TASK, ENV, POLICY, store=store))
    else:
        tree = rl.run(TASK, ENV, POLICY, store=store)
    assert rl.load_tree(store) == tree
    assert rl.load_tree(store).header.policy == "scripted"


def test_an_interrupt_keeps_what_was_run_and_says_what_was_not_begun(tmp_path: Path) -> None:
    with pytest.raises(rl.Interrupted) as stopped:
        rl.evaluate(Stopping("medium"), POLICY, tasks=5, batch=3, store=tmp_path / "e.rao")
    found = stopped.value.evaluation
    assert (found.overall.tasks, found.overall.unscored, found.to_dict()["asked"]) == (3, 1, 5)
    assert str(found).startswith("stopped: 3 of 5 tasks were begun; scripted, recursive: success 1.00 ")
    with rl.open_run(tmp_path / "e.rao") as run:
        assert tuple(tree.load() for tree in run.trees(0)) == found.trees == stopped.value.trees
        assert sorted(tree.status for tree in run.trees(0)) == ["cancelled", "finished", "finished"]
    with pytest.raises(rl.Interrupted) as stopped:
        rl.compare(Stopping("medium"), POLICY, tasks=5, batch=3)
    assert {name: each.overall.tasks for name, each in stopped.value.evaluations.items()} == {"recursive": 3}
    with pytest.raises(rl.Interrupted) as stopped:
        rl.run(TASK, ENV, POLICY, store=tmp_path / "t.rao", on_event=interrupt)
    assert rl.load_tree(tmp_path / "t.rao") == stopped.value.tree


def test_an_interrupt_while_a_tree_is_written_does_not_write_it_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written, original = [], RunWriter.tree_done

    def interrupted(writer: RunWriter, tree: rl.Tree, key: Any = None) -> None:
        original(writer, tree, key)
        written.append(tree)
        if len(written) == 2:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(RunWriter, "tree_done", interrupted)
    with pytest.raises(rl.Interrupted) as stopped:
        rl.evaluate(ENV, POLICY, tasks=4, store=tmp_path / "e.rao")
    with rl.open_run(tmp_path / "e.rao") as run:
        assert [tree.load() for tree in run.trees(0)] == [*stopped.value.trees]


def interrupt(event: Any) -> None:
    if event.seq == 5:
        raise KeyboardInterrupt


def test_a_killed_evaluation_keeps_its_finished_trees(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "rao_lab", "eval", "--policy", "scripted", "--limit", "4"]
    command += ["--env", "tests.support.breaking:Killed", "--out", str(tmp_path / "e.rao")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == -9, done.stderr
    with rl.open_run(tmp_path / "e.rao") as run:
        assert [tree.status for tree in run.trees(0) if not tree.running] == ["finished", "finished"]
        assert not run.being_written
        assert "2 trees" in str(rl.Explorer(run)) and "not trained: no credit" in str(rl.Explorer(run))
    again = subprocess.run([*command, "--resume"], capture_output=True, text=True, check=False, timeout=300)
    assert again.returncode == 0, again.stderr
    with rl.open_run(tmp_path / "e.rao") as run:
        assert [tree.status for tree in run.trees(0)] == ["finished"] * 4


def test_a_tree_is_saved_and_loaded(tmp_path: Path) -> None:
    tree = rl.run(TASK, ENV, POLICY)
    for name in ("a.json", "b.rao", "deeper/still/c.json"):
        tree.save(tmp_path / name)
        assert rl.load_tree(tmp_path / name) == tree
        with pytest.raises(rl.InputError, match=f"{Path(name).name} exists already: .* force=True"):
            tree.save(tmp_path / name)
    other = rl.run(TASK, ENV, POLICY, seed=1)
    for name in ("a.json", "b.rao"):
        rl.save_tree(other, tmp_path / name, force=True)
        assert rl.load_tree(tmp_path / name) == other
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "b.rao", "deeper"]


def test_a_tree_of_training_is_saved_in_its_step(tmp_path: Path, repo: Path) -> None:
    with rl.open_run(repo / "data/pathologies/lambda_1.rao") as run:
        tree = run.trees(12)[1].load()
    tree.save(tmp_path / "one.rao")
    assert rl.load_tree(tmp_path / "one.rao") == tree
    with rl.open_run(tmp_path / "one.rao") as run:
        assert [(step.step, step.trees, step.ended is not None) for step in run.steps] == [(12, 1, True)]


def test_what_cannot_be_kept_or_loaded_is_one_line(tmp_path: Path) -> None:
    tree = rl.run(TASK, ENV, POLICY, store=tmp_path / "t.rao")
    rl.evaluate(ENV, POLICY, tasks=2, store=tmp_path / "two.rao")
    (tmp_path / "run.json").write_text('{"format": "rao-lab run"}')
    (tmp_path / "deep.json").write_text("[" * 100_000)
    (tmp_path / "file").write_text("x")
    (tmp_path / "trained.rao.ckpt").mkdir()
    with RunWriter(tmp_path / "trained.rao", {}), RunWriter(tmp_path / "written.rao", {}) as writer:
        writer.flush()
        cases: list[tuple[Any, type[rl.RaoLabError], str]] = [
            (lambda: rl.run(TASK, ENV, POLICY, store=tmp_path / "t.rao"), rl.RunFileError, "exists already: choose"),
            (lambda: rl.evaluate(ENV, POLICY, store=tmp_path / "x.json"), rl.ConfigError, "name it x.rao"),
            (lambda: rl.compare(ENV, POLICY, store=tmp_path), rl.ConfigError, "is a folder"),
            (lambda: rl.run(TASK, ENV, POLICY, store=5), rl.RunFileError, "named by a path, not by 5"),  # type: ignore[call-overload]
            (lambda: rl.load_tree(tmp_path / "two.rao"), rl.MissingError, "holds 2 trees: give tree=ID, one of 1, 2"),
            (lambda: rl.load_tree(tmp_path / "two.rao", tree=9), rl.MissingError, "no tree 9"),
            (lambda: rl.load_tree(tmp_path / "none.json"), rl.MissingError, "there is no file"),
            (lambda: rl.load_tree(tmp_path / "run.json"), rl.InputError, "holds no tree as `tree.save`"),
            (lambda: rl.load_tree(tmp_path / "deep.json"), rl.InputError, "nested too deep"),
            (lambda: rl.load_tree(tmp_path / "file"), rl.RunFileError, "is no run file"),
            (lambda: tree.save(tmp_path / "file" / "x.json"), rl.UnavailableError, "cannot be made"),
            (lambda: tree.save(tmp_path / "trained.rao", force=True), rl.RunFileError, "is a training"),
            (lambda: tree.save(tmp_path / "written.rao", force=True), rl.RunFileError, "being written"),
            (lambda: tree.save(tmp_path, force=True), rl.InputError, "is a folder"),
            (lambda: tree.save(tmp_path / "x.txt"), rl.InputError, "end it with .rao or .json"),
            (lambda: rl.save_tree([tree], tmp_path / "y"), rl.InputError, "saves one tree"),  # type: ignore[arg-type]
            (lambda: rl.save_tree(rl.Tree(tree.header, ()), tmp_path / "y"), rl.InputError, "still runs"),
        ]  # fmt: skip
        for call, kind, words in cases:
            with pytest.raises(kind) as problem:
                call()
            assert words in str(problem.value) and "\n" not in str(problem.value)


def test_kinds_that_labels_alone_say_are_in_the_metrics_of_evaluations_and_of_training(
    tmp_path: Path,
) -> None:
    env = rl.environments.Aggregation("easy")
    found = rl.evaluate(env, rl.load_policy("scripted"), tasks=3, store=tmp_path / "a.rao")
    told = {kind: part.to_dict() for kind, part in found.by_kind.items()}
    assert told and found.to_dict()["by_kind"] == told
    with rl.open_run(tmp_path / "a.rao") as run:
        assert run.metrics[-1]["by_kind"] == told
    groups = tuple(rl.Group(tree.task, (tree,)) for tree in found.trees)
    (step,) = told_by_kind(iter([TrainStep(1, groups, (), None, {"trees": 3})]), env)
    assert step.metrics == {"trees": 3, "by_kind": told}

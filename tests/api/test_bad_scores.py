"""A verifier that gives NaN: training goes on, and run file, page and JSON say which nodes have no score."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

import rao_lab as rl
from rao_lab.environments.textcraft.environment import TextCraft
from rao_lab.environments.textcraft.world import CraftWorld
from rao_lab.protocols import Score
from rao_lab.tree import Status, Task
from tests.support.command_line import CommandLine

SAID = "the verifier failed: success=nan is no finite number in [0, 1]"


class Broken(TextCraft):
    """Its verifier divides 0 by 0, as many do that average over nothing."""

    def open(self, task: Task) -> Any:
        world = super().open(task)

        class Averaging(CraftWorld):
            def leave(self, path: str, value: Any) -> Any:
                return Score(math.nan) if path == "0" else super().leave(path, value)

        world.__class__ = Averaging
        return world


def test_training_goes_on_and_what_is_written_can_be_read_shown_and_exported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    learner = rl.load_policy("tiny")
    config = rl.default_config(learner, steps=2, tasks_per_step=2, group_size=2, probe_tasks=0)
    steps = list(rl.train(Broken("easy"), learner, config, store=tmp_path / "a.rao"))
    assert [step.step for step in steps] == [0, 1, 2]
    lost = [tree for tree in steps[1].trees if tree.root.status is Status.ERROR]
    assert lost and all(tree.success is None and tree.root.reason.startswith(SAID) for tree in lost)
    assert any("the verifier failed: success=nan" in word for word in steps[1].warnings)

    with rl.open_run(tmp_path / "a.rao") as run:
        assert run.groups(1) == list(steps[1].groups)
        assert len(run.attributions(1)) == sum(map(len, steps[1].trees))
    shell = CommandLine(capsys)
    for suffix in ("json", "html"):
        out = tmp_path / f"a.{suffix}"
        assert shell(["export", tmp_path / "a.rao", "--format", suffix, "--out", out])[0] == 0
        assert "success=nan is no finite number" in out.read_text()
    roots = [row for row in shell.json(["credit", tmp_path / "a.rao"])["nodes"] if row["node"] == "0"]
    assert any((row["status"], row["s"], row["why_not"]) == ("error", None, "unscored") for row in roots)

"""What stops a training is what is heard, whatever else fails while the last whole step is kept."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import rao_lab as rl
from rao_lab.execution.executor import FAILED
from rao_lab.store import checkpoint_folder, open_run
from rao_lab.tree import Status
from tests.support.worlds import TASK, Lines, Shelf

ENV = rl.environments.TextCraft("easy")
SMALL: dict[str, Any] = {"tasks_per_step": 1, "group_size": 2, "probe_tasks": 0, "checkpoint_every": 3}


def steps_of(path: Path, steps: int = 3, **more: Any) -> list[int]:
    """The steps that a training of a fresh policy made."""
    learner = rl.load_policy("tiny")
    config = rl.default_config(learner, steps=steps, **SMALL)
    return [step.step for step in rl.train(ENV, learner, config, store=path, **more)]


def failing(policy: Any, tick: int) -> Any:
    """The policy; a decode step of it raises."""
    decode, made = policy.tick, []

    def broken() -> Any:
        made.append(0)
        return {}["plan"] if len(made) == tick else decode()

    policy.tick = broken
    return policy


def test_an_exception_of_a_policy_names_its_method_and_the_step(tmp_path: Path) -> None:
    path = tmp_path / "a.rao"
    learner = rl.load_policy("tiny")
    config = rl.default_config(learner, steps=3, **SMALL)
    made = rl.train(ENV, learner, config, store=path)
    assert [next(made).step, next(made).step] == [0, 1]
    failing(learner, tick=2)
    with pytest.raises(rl.CallbackError) as one:
        next(made)
    place = r"\(test_first_error\.py:\d+\)"
    assert re.fullmatch(
        rf"step 2: tiny\.tick\(\) raised KeyError\('plan'\) {place}: correct it", str(one.value)
    )
    assert isinstance(one.value.__cause__, KeyError)
    assert [each.name for each in checkpoint_folder(path).iterdir()] == ["step-1"]
    assert steps_of(path, resume=True) == [2, 3]


def test_trees_that_had_ended_are_kept_if_a_policy_raises(tmp_path: Path) -> None:
    one_turn = {"0": ["finish('ok')"]}
    path = tmp_path / "a.rao"
    with pytest.raises(rl.CallbackError, match=r"^lines\.tick\(\) raised KeyError\('plan'\) \(test_first"):
        rl.evaluate(Shelf(), failing(Lines(one_turn), 2), tasks=[TASK] * 3, batch=1, store=path)
    with open_run(path) as run:
        found = [run.tree(each.id) for each in run.trees(0)]
        assert [tree.success for tree in found] == [1.0, None]  # the other was under way,
        assert [tree.root.status for tree in found] == [Status.FINISHED, Status.CANCELLED]  # and ended there
        assert found[1].root.reason == FAILED and run.metrics[0]["success"] == 1.0
    alone = tmp_path / "one.rao"
    with pytest.raises(rl.CallbackError):
        rl.run(TASK, Shelf(), failing(Lines(one_turn), 1), store=alone)
    with open_run(alone) as run:
        assert [run.tree(each.id).root.status for each in run.trees(0)] == [Status.CANCELLED]
    without: Any = Lines(one_turn)
    without.submit = None
    with pytest.raises(rl.CallbackError, match=r"^lines\.submit\(\) raised TypeError"):
        rl.run(TASK, Shelf(), without)


def test_a_run_file_that_is_gone_is_said_beside_the_first_error_and_its_folder_is_left_alone(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.rao"

    def broken(step: rl.TrainStep) -> None:
        if step.step == 1:
            path.unlink()
            raise ValueError("the tracker is full")

    with (
        pytest.warns(UserWarning, match=r"no checkpoint: a\.rao was removed, .* is kept in .*a\.kept\.rao"),
        pytest.raises(rl.CallbackError, match="the tracker is full"),
    ):
        steps_of(path, on_step=broken)
    assert [each.name for each in tmp_path.iterdir()] == ["a.kept.rao"]
    with open_run(tmp_path / "a.kept.rao") as run:
        assert [row["step"] for row in run.metrics] == [0, 1]


@pytest.mark.parametrize("stop", [ValueError("the tracker is full"), rl.StopTraining()])
def test_a_checkpoint_that_cannot_be_written_hides_no_error_and_is_one_if_there_is_no_other(
    stop: Exception, tmp_path: Path
) -> None:
    path = tmp_path / "a.rao"

    def full(step: rl.TrainStep) -> None:
        if step.step == 1:
            checkpoint_folder(path).write_text("in the way")
            raise stop

    said = r"the checkpoint step-1 cannot be written \(.*Not a directory"
    if isinstance(stop, rl.StopTraining):
        with pytest.raises(rl.UnavailableError, match=said):
            steps_of(path, on_step=full)
    else:
        with (
            pytest.warns(UserWarning, match=f"the last whole step got no checkpoint: {said}"),
            pytest.raises(rl.CallbackError, match="the tracker is full"),
        ):
            steps_of(path, on_step=full)

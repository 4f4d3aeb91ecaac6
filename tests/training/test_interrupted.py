"""A run that is stopped in any phase goes on as if it had not been."""

from __future__ import annotations

import signal
from dataclasses import replace

import pytest

from rao_lab.training.config import LossConfig
from rao_lab.training.metrics import TrainStep
from rao_lab.training.optimizer import Optimizer
from rao_lab.training.state import new_state
from tests.support.tinymodels import SMALL, all_steps, equal, stepping, timeless, tiny_policy, weights


class Interrupt(Exception):
    """Somebody stops the run."""


@pytest.mark.parametrize("phase", ["sample", "update", "probe"])
def test_a_run_interrupted_in_any_phase_goes_on_as_if_it_had_not_been(phase, steps) -> None:
    trained = tiny_policy()
    state = new_state(trained.model, SMALL)
    seen: list[TrainStep] = []

    def stop(name: str, done: int, total: int) -> None:
        if name == phase and (state.step, len(seen)) in {(1, 2), (2, 2), (2, 3)}:
            raise Interrupt

    with pytest.raises(Interrupt):
        for step in stepping(SMALL, trained, state=state, on_phase=stop):
            seen.append(step)
    assert all(param.grad is None for param in trained.model.parameters())
    seen += all_steps(SMALL, trained, state=state)
    assert [timeless(step) for step in seen] == [timeless(step) for step in steps]


def test_a_closed_generator_leaves_a_state_to_go_on_from(steps) -> None:
    trained = tiny_policy()
    state = new_state(trained.model, SMALL)
    first = stepping(SMALL, trained, state=state)
    seen = [next(first), next(first)]
    first.close()
    assert (state.step, state.updates, state.due) == (1, 1, None)
    seen += all_steps(SMALL, trained, state=state)
    assert [timeless(step) for step in seen] == [timeless(step) for step in steps]


def test_ctrl_c_during_the_optimizer_step_comes_after_it(monkeypatch, steps) -> None:
    trained = tiny_policy()
    state = new_state(trained.model, SMALL)
    whole = Optimizer.step

    def struck(self: Optimizer, rate: float) -> None:
        if state.updates == 1:
            signal.raise_signal(signal.SIGINT)
        whole(self, rate)

    monkeypatch.setattr(Optimizer, "step", struck)
    seen = []
    with pytest.raises(KeyboardInterrupt):
        for step in stepping(SMALL, trained, state=state):
            seen.append(step)
    assert (len(seen), state.step, state.updates, trained.version) == (2, 2, 2, 2)
    monkeypatch.setattr(Optimizer, "step", whole)
    seen += all_steps(SMALL, trained, state=state)
    assert [timeless(step) for step in seen] == [timeless(step) for step in steps]


def test_several_updates_interrupted_between_are_taken_back() -> None:
    config = replace(SMALL, epochs=3, loss=LossConfig(loss="ppo_clip"))
    trained = tiny_policy()
    state = new_state(trained.model, config)
    asked = 0

    def stop(name: str, done: int, total: int) -> None:
        nonlocal asked
        asked += name == "update" and 0 < done < total and state.step == 1 and state.updates == 3 + 1
        if asked:
            raise Interrupt

    steps = stepping(config, trained, state=state, on_phase=stop)
    seen = [next(steps), next(steps)]
    before = weights(trained)
    with pytest.raises(Interrupt):
        next(steps)
    assert equal(before, weights(trained)) and (state.updates, trained.version) == (3, 3)
    seen += all_steps(config, trained, state=state)
    assert [timeless(step) for step in seen] == [timeless(step) for step in all_steps(config)]

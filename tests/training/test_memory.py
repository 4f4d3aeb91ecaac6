"""Memory that runs out: one line that says what to do, and a run that can go on."""

from __future__ import annotations

import gc
import os
import weakref
from typing import Any

import pytest
import torch

from rao_lab.base.device import choose, full_memory_says, main_memory, memory
from rao_lab.errors import ConfigError, UnavailableError
from rao_lab.policies.local.engine import Engine
from rao_lab.policies.local.slots import SlotForward
from rao_lab.training.objective import Scorer
from rao_lab.training.state import new_state
from tests.policies.local.test_engine import model
from tests.support.configs import small_config
from tests.support.hostile_values import PYTHON, outcome
from tests.support.tinymodels import TinyPolicy, all_steps, llama, stepping

TOO_MUCH = 1 << 60
"""Bytes that no machine has: the allocator itself refuses them."""


def test_memory_that_runs_out_is_one_line_and_what_was_made_is_let_go() -> None:
    alive: list[weakref.ref[torch.Tensor]] = []

    def fill() -> None:
        first = torch.zeros(1000)
        alive.append(weakref.ref(first))
        torch.empty(TOO_MUCH, dtype=torch.uint8)

    said = r"^memory is full while tests run: buy more$"
    with pytest.raises(UnavailableError, match=said) as kept, full_memory_says("tests run", "buy more"):
        fill()
    gc.collect()
    assert kept.value is not None and alive[0]() is None


@pytest.mark.parametrize("kind", [MemoryError, torch.OutOfMemoryError])
def test_both_kinds_that_are_raised_of_it_are_known(kind: type[Exception]) -> None:
    with pytest.raises(UnavailableError, match="full"), full_memory_says("tests run", "buy more"):
        raise kind("CUDA out of memory. Tried to allocate 2.00 GiB")


@pytest.mark.parametrize("problem", [RuntimeError("shapes differ"), ValueError("x"), UnavailableError("y")])
def test_other_errors_stay_what_they_are(problem: Exception) -> None:
    with pytest.raises(type(problem)) as raised, full_memory_says("tests run", "buy more"):
        raise problem
    assert raised.value is problem


def test_generation_that_fills_the_memory_says_what_to_do() -> None:
    class Greedy(SlotForward):
        def __init__(self, weights: Any) -> None:
            super().__init__(weights)
            store = self._store
            self.reserve = lambda slots, length: store.reserve(slots, TOO_MUCH >> 10)  # type: ignore[method-assign]

    engine = Engine(Greedy(model()), [])
    engine.submit((0, "0"), [20], noise=(0,), room=4, window=9)
    with pytest.raises(UnavailableError, match=r"full while tokens are generated: .*cache_gb"):
        engine.tick()


def test_an_update_that_fills_the_memory_moves_nothing_and_can_be_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = small_config(steps=1, learning_rate=0.1, tokens_per_pack=32)
    alone = TinyPolicy(llama(seed=1))
    *_, expected = stepping(config, alone)

    policy = TinyPolicy(llama(seed=1))
    state = new_state(policy.model, config)
    plain, calls = Scorer.logprobs, [0]

    def greedy(self: Scorer, *args: Any) -> torch.Tensor:
        calls[0] += 1
        if calls[0] == 2:
            torch.empty(TOO_MUCH, dtype=torch.uint8)
        return plain(self, *args)

    monkeypatch.setattr(Scorer, "logprobs", greedy)
    before = [weight.detach().clone() for weight in policy.model.parameters()]
    with pytest.raises(UnavailableError, match=r"step 1 is trained: set tokens_per_pack below 32, .*adapter"):
        all_steps(config, policy, state=state)
    assert all(map(torch.equal, before, policy.model.parameters()))
    *_, again = stepping(config, policy, state=state)
    assert again.metrics["grad_norm"] == expected.metrics["grad_norm"]
    assert all(map(torch.equal, alone.model.parameters(), policy.model.parameters()))


def test_the_memory_of_a_cpu_is_the_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sysconf")  # Windows has none
    assert memory(torch.device("cpu")) == main_memory() > 1 << 28


def test_any_value_names_a_device_or_gets_one_line() -> None:
    for value in PYTHON:
        outcome(lambda value=value: choose(value))  # type: ignore[misc]
    with pytest.raises(ConfigError, match="not on this machine"):
        choose("a GPU")

"""Benches: the folder is the list, and what is compared does the same work."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import torch

from rao_lab.environments.textcraft.environment import TextCraft
from rao_lab.errors import MissingError
from rao_lab.evaluation.evaluate import evaluate
from rao_lab.execution.limits import Limits
from rao_lab.experiments.bench import adapter, cases, credit, large, store
from rao_lab.experiments.bench.rollout import OneTurnAtATime
from rao_lab.policies.load import load_policy
from tests.support.far import FAR, Crossings, moved


def test_every_module_that_measures_is_a_bench_and_no_other() -> None:
    assert {"credit", "rollout", "store"} <= set(cases.names())
    assert not {"make_tiny", "__init__"} & set(cases.names())


def test_every_bench_says_what_it_measures() -> None:
    assert all(cases.summary(name) for name in cases.names())


def test_an_unknown_bench_is_refused_with_the_known_ones() -> None:
    with pytest.raises(MissingError, match="rollout"):
        cases.run("speed", lambda _: None)


def test_seconds_is_a_median_without_the_first_run(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    seconds = iter([100.0, 5.0, 1.0, 3.0])

    def work() -> None:
        nonlocal now
        now += next(seconds)

    monkeypatch.setattr(cases, "perf_counter", lambda: now)
    assert cases.seconds(work, repeats=3) == 3.0


def test_every_rule_is_measured_beside_the_papers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credit, "NODES", 2_000)
    monkeypatch.setattr(credit, "ROUNDS", 1)
    found = credit.measure(lambda line: None)
    assert [case.name for case in found] == [f"credit/{name}" for name in credit.RULES]
    assert all(case.ratio_to == "credit/rao" and case.median > 0 for case in found)


@pytest.mark.slow
def test_a_large_run_is_made_opened_and_painted(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("STEPS", 2), ("NODES", 5), ("REPEATS", 1)):
        monkeypatch.setattr(large, name, value)
    found = {case.name: case.median for case in large.measure(lambda line: None)}
    assert {
        "large/open",
        "large/step",
        "large/page",
        "large/click",
        "large/what-if",
        "large/Group",
    } <= found.keys()
    assert all(value > 0 for value in found.values())


def test_the_machine_is_told_without_names() -> None:
    assert set(cases.machine()) == {"device", "cores", "threads", "versions"}
    assert set(cases.machine()["versions"]) >= {"python", "torch", "system"}


@pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing.*:FutureWarning")
def test_a_model_with_an_adapter_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("peft")
    small = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 1, "vocab_size": 64}
    heads = {"num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 16}
    monkeypatch.setitem(adapter.SHAPES, "7M", small | heads)
    for name, value in {"AGENTS": 3, "PROMPT": 8, "NEW": 4, "RANK": 2, "ALONE": 1, "REPEATS": 1}.items():
        monkeypatch.setattr(adapter, name, value)
    found = {case.name: case for case in adapter._measure("7M", torch.device("cpu"), lambda _: None)}
    assert all(case.median > 0 for case in found.values())
    assert found["7M/engine"].ratio_to == "7M/generate, one by one"
    assert "7M/update, adapter" in found


def test_the_costs_of_a_run_file_are_told(tmp_path: Path) -> None:
    groups = store._groups(store._histories(store.SMALL))
    found = {case.name: case for case in store._costs(tmp_path, groups, 2)}
    assert all(case.median > 0 for case in found.values())
    assert found["2 x 384 nodes: size of the file"].median > 500
    assert found["2 x 384 nodes: whole trees of a step"].ratio


def test_generate_reads_its_prompt_on_the_models_device(random_tiny: Path) -> None:
    policy: Any = load_policy(str(random_tiny), device="cpu")
    read: list[torch.device] = []

    def generate(ids: torch.Tensor, attention_mask: torch.Tensor, **settings: Any) -> torch.Tensor:
        read.extend([ids.device, attention_mask.device])
        return torch.zeros(1, ids.shape[1] + 1, dtype=torch.long)

    with Crossings(), patch.object(policy.model, "generate", generate):
        moved(policy.model)
        evaluate(TextCraft("easy"), OneTurnAtATime(policy), tasks=1, limits=Limits(max_turns=1))
    assert set(read) == {FAR}


def test_generate_turn_by_turn_runs_whole_trees(random_tiny: Path) -> None:
    actor = OneTurnAtATime(load_policy(str(random_tiny)))
    found = evaluate(TextCraft("easy"), actor, tasks=2, limits=Limits(max_turns=2, max_new_tokens=8))
    turns = found.trees[0].root.turns
    assert len(turns) == 2
    assert len(turns[1].prompt_ids) > len(turns[0].prompt_ids)  # read anew, with what came before
    assert all(0 < len(turn.sampled_ids) <= 8 for turn in turns)

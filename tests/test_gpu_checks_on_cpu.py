"""The checks of `make test-gpu` work: they pass on the CPU, and see what they are there to see."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from rao_lab.experiments.demo import DemoConfig, beside
from rao_lab.training.metrics import TrainStep
from tests.support import gpu_checks as checks

PEFT_WARNS = pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing.*:FutureWarning")


@pytest.fixture(scope="module")
def step() -> TrainStep:
    return checks.tiny_step("cpu", torch.float32)


@pytest.mark.slow  # twenty seconds; tests/cli runs a demo, too
def test_the_demo_runs_on_a_named_device(tmp_path: Path) -> None:
    out = tmp_path / "demo.rao"
    found = checks.demo("cpu", DemoConfig(out, steps=1, tasks_per_step=1, group_size=2, tasks=1))
    assert found["steps"] == 1
    assert out.is_file() and beside(out, "-flat").is_file()


def test_the_same_gradient_has_no_gap_and_a_coarser_one_is_seen(step: TrainStep) -> None:
    expected = checks.gradient("cpu", torch.float32, step)
    assert checks.gap(checks.gradient("cpu", torch.float32, step), expected) <= checks.GRADIENT_BOUND
    assert checks.gap(checks.gradient("cpu", torch.bfloat16, step), expected) > checks.GRADIENT_BOUND


def test_float32_is_known_better_than_the_bound(step: TrainStep) -> None:
    exact = checks.gradient("cpu", torch.float64, step)
    assert checks.gap(checks.gradient("cpu", torch.float32, step), exact) < checks.GRADIENT_BOUND / 2


def test_log_probs_in_bf16_differ_by_less_than_the_bounds() -> None:
    found = checks.bf16_agreement("cpu")
    assert 0 < found["mean"] <= checks.BF16_MEAN_BOUND
    assert found["mean"] < found["max"] <= checks.BF16_MAX_BOUND


@PEFT_WARNS
def test_an_adapter_trains_and_comes_back(tmp_path: Path, random_tiny: Path) -> None:
    pytest.importorskip("peft")
    found = checks.lora("cpu", random_tiny, tmp_path)
    assert found["updates"] == 2
    assert found["adapter_moved"] == 4  # A and B of two projections of one layer
    assert found["base_moved"] == 0
    assert found["differed_before_load"] and found["same_after_load"]
    assert found["tokens_of_a_tree"] > 0


@PEFT_WARNS
@pytest.mark.parametrize("way", ["full, fp32", "full, bf16", "LoRA on bf16"])
def test_what_training_holds_is_what_the_doctor_states(way: str) -> None:
    if "LoRA" in way:
        pytest.importorskip("peft")
    found = checks.memory("cpu", way, checks.SMALL, rank=1)
    assert found["peak"] is None
    assert found["held"] == pytest.approx(found["stated"], rel=checks.HELD_TOLERANCE)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device on this machine")
def test_nothing_is_written_without_a_gpu(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="no CUDA device"):
        checks.write_gpu_json(tmp_path / "gpu.json", dict.fromkeys(checks.CHECKS))
    assert not list(tmp_path.iterdir())

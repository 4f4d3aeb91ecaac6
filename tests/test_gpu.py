"""The lab on a CUDA device (`make test-gpu`). data/bench/gpu.json says on which one they last passed.

`test_gpu_checks_on_cpu.py` runs the same functions where there is no GPU.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.profiler import ProfilerActivity, profile

from rao_lab.cli.commands.demo import demo_config
from tests.support import gpu_checks as checks

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine"),
]
PEFT_WARNS = pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing.*:FutureWarning")


@pytest.fixture(scope="module")
def figures() -> dict[str, Any]:
    """What the checks that passed have measured."""
    return {}


def test_the_demo_runs(tmp_path: Path, figures: dict[str, Any]) -> None:
    out = tmp_path / "demo.rao"
    config = demo_config(quick=True, out=out)
    found = checks.demo("cuda", config)
    assert found["steps"] == 2
    assert out.is_file()
    figures["demo"] = {name: found[name] for name in ("steps", "seconds")}


def test_the_gradient_of_a_pack_is_that_of_the_cpu(figures: dict[str, Any]) -> None:
    step = checks.tiny_step("cpu", torch.float32)
    expected = checks.gradient("cpu", torch.float32, step)
    found = checks.gap(checks.gradient("cuda", torch.float32, step), expected)
    assert found <= checks.GRADIENT_BOUND
    figures["gradient"] = {"gap": found, "bound": checks.GRADIENT_BOUND}


def test_log_probs_in_bf16_are_near_those_recorded(figures: dict[str, Any]) -> None:
    found = checks.bf16_agreement("cuda")
    assert found["mean"] <= checks.BF16_MEAN_BOUND
    assert found["max"] <= checks.BF16_MAX_BOUND
    figures["bf16"] = found | {"mean_bound": checks.BF16_MEAN_BOUND, "max_bound": checks.BF16_MAX_BOUND}


@pytest.mark.filterwarnings("ignore:.*Profiler clears events:UserWarning")
def test_attention_makes_no_plan_for_each_new_shape() -> None:
    with profile(activities=[ProfilerActivity.CPU]) as seen:
        checks.tiny_step("cuda", torch.bfloat16)
    names = {event.key for event in seen.key_averages()}
    assert any("attention" in name for name in names)
    assert not any("cudnn_attention" in name for name in names)


@PEFT_WARNS
def test_an_adapter_trains_on_a_real_model_and_comes_back(tmp_path: Path, figures: dict[str, Any]) -> None:
    pytest.importorskip("peft")
    name, folder = checks.real_model()
    found = checks.lora("cuda", folder, tmp_path)
    assert found["adapter_moved"] > 0
    assert found["base_moved"] == 0
    assert found["differed_before_load"] and found["same_after_load"]
    assert found["tokens_of_a_tree"] > 0
    figures["lora"] = {"model": name, **found}


@PEFT_WARNS
def test_peak_memory_is_within_what_the_doctor_allows(figures: dict[str, Any]) -> None:
    pytest.importorskip("peft")
    ways = ("full, fp32", "full, bf16", "LoRA on bf16")
    found = {way: checks.memory("cuda", way, checks.LARGE) for way in ways}
    for way in ways:
        assert found[way]["held"] <= found[way]["peak"] <= found[way]["allowed"], found[way]
    figures["memory"] = found


def test_the_figures_are_kept(repo: Path, figures: dict[str, Any]) -> None:
    """Last: only when asked for, and only if all checks passed."""
    if os.environ.get("RAO_WRITE_GPU_JSON") != "1":
        pytest.skip("figures are written by `make test-gpu` (RAO_WRITE_GPU_JSON=1)")
    target = repo / "data" / "bench" / "gpu.json"
    checks.write_gpu_json(target, figures)
    assert target.is_file()

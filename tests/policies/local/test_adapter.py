"""Adapters are trained alone, saved without their model, and loaded onto it again."""

from __future__ import annotations

import json
import os
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from rao_lab.cli.main import call
from rao_lab.errors import ConfigError, InputError
from rao_lab.policies.load import load_policy
from rao_lab.policies.local import llama
from rao_lab.policies.local.adapter import read
from rao_lab.policies.local.engine import Engine
from rao_lab.training import checkpoint
from rao_lab.training.config import LossConfig
from rao_lab.training.state import new_state
from tests.policies.local.test_engine import STOPS, Conversation, error_against_plain, model
from tests.support.configs import small_config
from tests.support.hostile_values import alter, outcome
from tests.support.tinymodels import all_steps, stepping

pytest.importorskip("peft")
pytestmark = pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing.*:FutureWarning")


def trained(**settings: Any) -> Any:
    """The bundled policy with an adapter that was trained for two steps."""
    policy: Any = load_policy("tiny", lora=4, device="cpu", **settings)
    config = small_config(tasks_per_step=6, group_size=4, learning_rate=0.05, logprob_bound=10.0)
    before = [param.detach().clone() for param in policy.model.parameters()]
    all_steps(config, policy)
    assert policy.version == 2
    moved = [not torch.equal(old, new) for old, new in zip(before, policy.model.parameters(), strict=True)]
    assert any(moved)
    return policy


@pytest.fixture(scope="module")
def taught() -> Any:
    """One that tests only read."""
    return trained()


def sampled(policy: Any) -> dict[tuple[int, int], list[int]]:
    return Conversation(policy._engine, nodes=4, window=120).run().tokens()


def test_a_new_adapter_changes_nothing_and_is_the_same_each_time() -> None:
    plain, one, two = (load_policy("tiny", device="cpu", **extra) for extra in ({}, {"lora": 4}, {"lora": 4}))
    assert sampled(one) == sampled(plain)
    assert repr(one) == "TransformerPolicy(tiny v0, adapter of rank 4, window=128, cpu)"
    assert repr(plain) == "TransformerPolicy(tiny v0, window=128, cpu)"
    weights = [dict(each.model.named_parameters()) for each in (one, two)]  # type: ignore[attr-defined]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    trainable = {name for name, param in weights[0].items() if param.requires_grad}
    assert trainable and all("lora_" in name for name in trainable)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=["fp32", "bf16"])
def test_an_adapter_is_saved_without_its_model_and_loads_as_a_policy(
    tmp_path: Path, dtype: torch.dtype, taught: Any
) -> None:
    policy = taught if dtype is torch.float32 else trained(dtype=dtype)
    policy.save(tmp_path / "policy")
    held = load_file(tmp_path / "policy" / "adapter_model.safetensors")
    assert all("lora_" in name and value.dtype is torch.float32 for name, value in held.items())
    assert not (tmp_path / "policy" / "config.json").exists()
    again: Any = load_policy(str(tmp_path / "policy"), device="cpu", dtype=dtype)
    assert (again.name, again.dialect, again.window) == ("tiny", "terse", 128)
    theirs = dict(again.model.named_parameters())
    assert all(torch.equal(value, theirs[name]) for name, value in policy.model.named_parameters())
    assert isinstance(again._engine.forward, llama.LlamaForward)
    assert sampled(again) == sampled(policy)
    talk = Conversation(again._engine, nodes=3, window=90).run()
    assert error_against_plain(again.model, talk.ended) < (5e-5 if dtype is torch.float32 else 0.3)


def with_random_adapters(**settings: Any) -> Any:
    """A model with an adapter that changes much; `settings` are peft's."""
    import peft

    torch.manual_seed(1)
    plain = {"r": 3, "lora_alpha": 9, "target_modules": "all-linear", "init_lora_weights": False}
    return peft.get_peft_model(model(), peft.LoraConfig(**plain | settings, task_type="CAUSAL_LM")).eval()


@pytest.mark.parametrize("joined", [True, False], ids=["joined", "apart"])
@pytest.mark.parametrize("layers", ["all-linear", ["q_proj", "v_proj", "down_proj"]], ids=["all", "some"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=["fp32", "bf16"])
def test_the_fast_forward_pass_computes_adapters_as_peft_does(
    layers: Any, dtype: torch.dtype, joined: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not joined:
        monkeypatch.setattr(llama, "JOINED_BYTES", 0)
    adapted = with_random_adapters(target_modules=layers)
    for name, weight in adapted.named_parameters():
        if "lora_" not in name:  # the adapter stays in float32, as peft keeps it
            weight.data = weight.data.to(dtype)
    assert llama.suits(adapted)
    near = 5e-5 if dtype is torch.float32 else 0.2
    engine = Engine(llama.LlamaForward(adapted), STOPS)
    before = Conversation(engine, nodes=5).run().ended
    assert error_against_plain(adapted, before) < near
    with adapted.disable_adapter():
        assert error_against_plain(adapted, before) > 0.5
    with torch.no_grad():
        for name, weight in adapted.named_parameters():
            if "lora_" in name:
                weight.mul_(1.2)
    engine.clear()
    after = Conversation(engine, nodes=5).run().ended
    assert error_against_plain(adapted, after) < near
    assert error_against_plain(adapted, before) > 0.5


@pytest.mark.filterwarnings("ignore:Already found a .peft_config.")
def test_adapters_that_are_off_merged_or_several_are_computed_as_they_are() -> None:
    import peft

    adapted = with_random_adapters()
    adapted.add_adapter("more", peft.LoraConfig(r=2, target_modules=["o_proj"], init_lora_weights=False))
    engine = Engine(llama.LlamaForward(adapted), STOPS)

    def error() -> float:
        engine.clear()
        return error_against_plain(adapted, Conversation(engine, nodes=3, turns=2).run().ended)

    assert error() < 2e-5
    adapted.base_model.set_adapter(["default", "more"])
    assert error() < 2e-5
    with adapted.disable_adapter():
        assert error() < 2e-5
    adapted.merge_adapter()
    assert error() < 2e-5


@pytest.mark.filterwarnings("ignore:.*lora_bias")
def test_other_kinds_of_adapters_run_through_their_own_forward_pass() -> None:
    import peft

    assert not llama.suits(with_random_adapters(use_dora=True))
    assert not llama.suits(with_random_adapters(lora_bias=True, bias="lora_only"))
    assert not llama.suits(with_random_adapters(target_modules=["q_proj", "lm_head"]))
    assert not llama.suits(with_random_adapters(target_modules=["q_proj", "embed_tokens"]))
    prompts = peft.PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=2)
    assert not llama.suits(peft.get_peft_model(model(), prompts))  # type: ignore[arg-type]


def test_what_kl_is_measured_against_shares_the_frozen_weights(tmp_path: Path) -> None:
    policy: Any = load_policy("tiny", lora=2, device="cpu")
    config = small_config(tasks_per_step=6, group_size=4, learning_rate=0.05, loss=LossConfig(kl=0.1))
    state = new_state(policy.model, config)
    theirs = dict(state.reference.named_parameters())
    for name, param in policy.model.named_parameters():
        assert (theirs[name].data_ptr() == param.data_ptr()) is (not param.requires_grad)
    begun = {name: value.clone() for name, value in state.reference_weights().items()}
    *_, last = stepping(config, policy, state=state)
    assert last.metrics["kl"] > 0
    assert all(torch.equal(value, begun[name]) for name, value in state.reference_weights().items())
    checkpoint.save(tmp_path / "step-2", policy, state, config)
    assert load_file(tmp_path / "step-2" / "reference.safetensors").keys() == begun.keys()
    other: Any = load_policy("tiny", lora=2, device="cpu")
    again = checkpoint.load(tmp_path / "step-2", other, config)
    assert all(torch.equal(value, begun[name]) for name, value in again.reference_weights().items())


def test_no_path_of_this_machine_is_kept_with_an_adapter(tmp_path: Path) -> None:
    policy: Any = load_policy("tiny", lora=2, device="cpu")
    policy.save(tmp_path)
    said = {path.name: path.read_text() for path in tmp_path.glob("*.json") if path.name != "tokenizer.json"}
    assert json.loads(said["adapter_config.json"])["base_model_name_or_path"] == "tiny"
    assert not [name for name, text in said.items() if str(Path.cwd()) in text or str(Path.home()) in text]


def test_peft_reads_what_is_written(tmp_path: Path, taught: Any) -> None:
    import peft

    taught.save(tmp_path)
    theirs = peft.PeftModel.from_pretrained(load_policy("tiny", device="cpu").model, tmp_path)  # type: ignore[attr-defined]
    ids = torch.arange(1, 30)[None]
    with torch.no_grad():
        assert torch.equal(theirs.eval()(input_ids=ids).logits, taught.model(input_ids=ids).logits)


def test_an_adapter_of_an_unnamed_model_is_loaded_with_its_base(random_tiny: Path, tmp_path: Path) -> None:
    policy: Any = load_policy(str(random_tiny), lora=2, device="cpu")
    policy.save(tmp_path)
    with pytest.raises(ConfigError, match=r"holds an adapter without its model: .*base="):
        load_policy(str(tmp_path))
    again = load_policy(str(tmp_path), base=str(random_tiny), device="cpu")
    assert sampled(again) == sampled(policy)
    with pytest.raises(InputError, match="this adapter belongs to another model"):
        load_policy(str(tmp_path), base="tiny", device="cpu")


def test_from_the_command_line_trained_resumed_and_run(tmp_path: Path, capsys: Any) -> None:
    run = tmp_path / "a.rao"
    small = ["tasks_per_step=1", "group_size=2", "probe_tasks=0", "learning_rate=0.01", "loss.kl=0.1"]
    sets = [part for each in small for part in ("--set", each)]
    for steps in ("1", "2"):
        assert (
            call(["train", "--set", "policy.lora=2", "--steps", steps, "--out", str(run), "--resume", *sets])
            == 0
        )
    folder = checkpoint_of(run, 2)
    assert checkpoint.verify(folder).version == 2
    assert call(["run", "--policy", str(folder / "policy"), "--json"]) == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out.splitlines()[-1])
    assert (
        call(["train", "--set", "policy.lora=3", "--steps", "3", "--out", str(run), "--resume", *sets]) == 2
    )
    assert "this run was made with lora=2 and cannot be resumed with 3" in capsys.readouterr().err
    assert (
        call(["train", "--steps", "3", "--out", str(run), "--resume", *sets]) == 0
    )  # as an adapter of rank 2
    assert checkpoint.verify(checkpoint_of(run, 3)).version == 3
    assert (
        call(["train", "--policy", "scripted", "--set", "policy.lora=3", "--out", str(tmp_path / "b.rao")])
        == 2
    )
    assert "policy 'scripted' has no setting 'lora'" in capsys.readouterr().err


def checkpoint_of(run: Path, step: int) -> Path:
    return run.with_name(run.name + ".ckpt") / f"step-{step}"


@pytest.mark.parametrize("rank", [0, -1, True, "8", 1.5, 10**9])
def test_a_rank_that_means_nothing_is_named(rank: Any) -> None:
    with pytest.raises(ConfigError, match="lora"):
        load_policy("tiny", lora=rank, device="cpu")


@pytest.mark.parametrize("tries", [24, pytest.param(300, marks=pytest.mark.slow)])
def test_forged_adapters_load_or_get_one_line(tmp_path: Path, tries: int) -> None:
    policy: Any = load_policy("tiny", lora=2, device="cpu")
    policy.save(tmp_path)
    sound = (tmp_path / "adapter_config.json").read_text()
    random = Random(0)
    lines = set()
    for _ in range(tries):
        config = json.loads(sound)
        alter(config, random)
        (tmp_path / "adapter_config.json").write_text(json.dumps(config))
        lines.add(outcome(lambda: load_policy(str(tmp_path), base="tiny", device="cpu")))
    assert len(lines) > 5
    (tmp_path / "adapter_config.json").write_text(
        json.dumps(json.loads(sound) | {"megatron_config": {"a": 1}})
    )
    with pytest.raises(InputError, match="this adapter has megatron_config, which is not read here"):
        load_policy(str(tmp_path), device="cpu")
    (tmp_path / "adapter_config.json").write_text(sound)
    weights = load_file(tmp_path / "adapter_model.safetensors")
    weights.popitem()
    save_file(weights, tmp_path / "adapter_model.safetensors")
    with pytest.raises(InputError, match="belongs to another model"):
        load_policy(str(tmp_path), device="cpu")
    (tmp_path / "adapter_model.safetensors").write_bytes(b"x")
    with pytest.raises(InputError, match="missing or cannot be read"):
        load_policy(str(tmp_path), device="cpu")


def test_a_description_that_is_too_large_or_no_file_is_refused_unread(tmp_path: Path) -> None:
    described = tmp_path / "adapter_config.json"
    described.write_text(json.dumps({"peft_type": "LORA", "note": "x" * (1 << 20)}))
    with pytest.raises(InputError, match=r"its adapter_config.json is larger than 1048576 bytes"):
        read(tmp_path)
    described.unlink()
    os.mkfifo(described)  # nobody writes: reading it would not return
    with pytest.raises(InputError, match=r"its adapter_config.json is not a file"):
        read(tmp_path)

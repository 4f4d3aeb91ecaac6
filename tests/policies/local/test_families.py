"""Small random models of other families: what is sampled is what the model computes, and it is what is trained."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from rao_lab.api.train import train
from rao_lab.environments.textcraft.environment import TextCraft
from rao_lab.errors import ConfigError, InputError, UnavailableError
from rao_lab.experiments.tiny import tokens as tiny_tokens
from rao_lab.policies.local import llama
from rao_lab.policies.local.folder import read_model
from rao_lab.policies.local.llama import LlamaForward
from rao_lab.policies.local.slots import SlotForward
from rao_lab.policies.local.transformer import TransformerPolicy
from rao_lab.training.config import LossConfig
from tests.policies.local.test_engine import Conversation, error_against_plain
from tests.support.configs import small_config, small_limits
from tests.support.tinymodels import stepping

TOKENS = tiny_tokens.LANGUAGE.build()
SIZES = {
    "vocab_size": len(TOKENS), "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
    "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 200,
    "initializer_range": 0.2, "bos_token_id": None, "eos_token_id": None, "pad_token_id": None,
}  # fmt: skip
OLD = {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 200}

FAMILIES: dict[str, tuple[str, dict[str, Any], type[Any]]] = {
    "llama, untied": ("llama", {"tie_word_embeddings": False}, LlamaForward),
    "llama, wide heads": ("llama", {"head_dim": 16, "tie_word_embeddings": True}, LlamaForward),
    "llama 3": (
        "llama",
        {
            "rope_parameters": {
                "rope_type": "llama3", "rope_theta": 10000.0, "factor": 8.0, "low_freq_factor": 1.0,
                "high_freq_factor": 4.0, "original_max_position_embeddings": 32,
            }
        },
        LlamaForward,
    ),
    "llama, dynamic": (
        "llama",
        {"rope_parameters": {"rope_type": "dynamic", "rope_theta": 10000.0, "factor": 4.0}},
        SlotForward,
    ),
    "llama, biases": ("llama", {"attention_bias": True, "mlp_bias": True}, SlotForward),
    "qwen2, tied": ("qwen2", {"tie_word_embeddings": True}, SlotForward),
    "qwen3": ("qwen3", {"head_dim": 16}, SlotForward),
    "gemma": ("gemma", {"head_dim": 16}, SlotForward),
    "mistral": ("mistral", {"sliding_window": None}, SlotForward),
    "mistral, sliding": ("mistral", {"sliding_window": 160}, SlotForward),
    "phi3, sliding": ("phi3", {"sliding_window": 160}, SlotForward),
    "gpt2": ("gpt2", OLD, SlotForward),
    "smollm3": ("smollm3", {}, SlotForward),
}  # fmt: skip


def written(folder: Path, kind: str, settings: dict[str, Any], dtype: torch.dtype = torch.float32) -> Path:
    """A model folder as others write it: several weight files, no padding token."""
    sizes = {} if kind == "gpt2" else SIZES
    config = AutoConfig.for_model(kind, **{"vocab_size": len(TOKENS), **sizes, **settings})
    config.eos_token_id = config.bos_token_id = None
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = AutoModelForCausalLM.from_config(config).to(dtype)
    tokenizer = tiny_tokens.LANGUAGE.build()
    tokenizer.pad_token = None
    model.save_pretrained(folder, max_shard_size="20KB")
    tokenizer.save_pretrained(folder)
    return folder


def loaded(folder: Path, dtype: torch.dtype = torch.float32) -> TransformerPolicy:
    """With our tokenizer for every family: for some of them transformers would use its own."""
    model, _ = read_model(folder, dtype, torch.device("cpu"))
    return TransformerPolicy(model, tiny_tokens.LANGUAGE.build(), prompt="terse")


@pytest.mark.parametrize("name", FAMILIES)
def test_what_is_sampled_is_what_the_model_says_and_what_is_trained(name: str, tmp_path: Path) -> None:
    kind, settings, runner = FAMILIES[name]
    written(tmp_path, kind, settings)
    assert len(list(tmp_path.glob("*.safetensors"))) > 1
    policy = loaded(tmp_path)
    engine = policy._engine
    assert type(engine.forward) is runner
    assert policy.window == (160 if "sliding" in name else 200)
    talk = Conversation(engine, nodes=4, prompt=70, window=policy.window).run()
    assert max(len(before) + len(turn.ids) for before, turn in talk.ended) > 80
    assert error_against_plain(policy.model, talk.ended) < 5e-5

    config = small_config(
        steps=1, tasks_per_step=1, loss=LossConfig(kl=0.1), limits=small_limits(context_window=policy.window)
    )
    *_, step = train(TextCraft("easy", preset="small"), policy, config)
    assert step.metrics["forwarded_tokens"] > 10  # with KL on, those of failures too
    assert step.metrics["logprob_difference"]["max"] < 1e-4
    before = [weight.detach().clone() for weight in policy.model.parameters()]
    *_, step = stepping(config, policy)
    assert step.metrics["grad_norm"] > 0
    assert any(map(torch.ne, map(torch.sum, before), map(torch.sum, policy.model.parameters())))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_folder_in_half_precision_runs_in_the_precision_that_is_asked_for(
    tmp_path: Path, dtype: torch.dtype
) -> None:
    written(tmp_path, "mistral", {"sliding_window": None}, torch.bfloat16)
    policy = TransformerPolicy.load(tmp_path, prompt="terse", dtype=dtype, device=torch.device("cpu"))
    assert {weight.dtype for weight in policy.model.parameters()} == {dtype}
    talk = Conversation(policy._engine, nodes=3, window=90).run()
    assert error_against_plain(policy.model, talk.ended) < (5e-5 if dtype is torch.float32 else 0.3)


def test_on_a_cpu_named_as_a_device_weights_are_float32(tmp_path: Path) -> None:
    policy = TransformerPolicy.load(
        written(tmp_path, "mistral", {"sliding_window": None}), prompt="terse", device=torch.device("cpu")
    )
    assert policy.model.dtype is torch.float32


def test_a_window_is_at_most_what_every_layer_looks_at(tmp_path: Path) -> None:
    written(tmp_path, "mistral", {"sliding_window": 50})
    assert TransformerPolicy.load(tmp_path, prompt="terse").window == 50
    with pytest.raises(ConfigError, match="window=51 but this model looks at 50 tokens"):
        TransformerPolicy.load(tmp_path, prompt="terse", window=51)


def test_a_tokenizer_that_makes_no_tokens_of_text_is_not_taken(tmp_path: Path) -> None:
    """transformers ignores the folder and reads the tokenizers of this family in its own way."""
    with pytest.raises(InputError, match="makes no tokens of a message: it belongs to another model"):
        TransformerPolicy.load(written(tmp_path, "qwen2", {}), prompt="terse")


def test_layers_of_other_kinds_are_refused_in_one_line(tmp_path: Path) -> None:
    written(tmp_path, "gemma3_text", {"head_dim": 16, "sliding_window": 16})
    with pytest.raises(UnavailableError, match="use it as an endpoint"):
        TransformerPolicy.load(tmp_path, prompt="terse")


def test_a_base_model_is_told_from_a_chat_model(tmp_path: Path) -> None:
    written(tmp_path, "mistral", {"sliding_window": None})
    (tmp_path / "chat_template.jinja").unlink()
    with pytest.raises(InputError, match=r"no chat template.*instruct"):
        TransformerPolicy.load(tmp_path, prompt="terse")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device on this machine")
@pytest.mark.parametrize("device", ["cuda", "cuda:1", "gpu", "meta", "", torch.device("cuda")])
def test_a_device_that_is_not_there_is_named(tmp_path: Path, device: Any) -> None:
    with pytest.raises(ConfigError, match=r"is not on this machine: it has only cpu"):
        TransformerPolicy.load(written(tmp_path, "mistral", {"sliding_window": None}), device=device)


def test_weights_of_a_large_model_are_not_kept_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Joined weights would add two thirds to the memory; the tokens are the same without them."""
    written(tmp_path, "llama", {})

    def tokens() -> tuple[dict[tuple[int, int], list[int]], TransformerPolicy]:
        policy = TransformerPolicy.load(tmp_path, prompt="terse", device="cpu")
        return Conversation(policy._engine, nodes=4, window=150).run().tokens(), policy

    joined, _ = tokens()
    monkeypatch.setattr(llama, "JOINED_BYTES", 0)
    apart, policy = tokens()
    assert apart == joined
    own = {weight.data_ptr() for weight in policy.model.parameters()}
    forward = policy._engine.forward
    assert isinstance(forward, LlamaForward)
    assert all(
        weight.data_ptr() in own
        for layer in forward._layers
        for weight in (*layer.qkv._weights, *layer.gate_up._weights)
    )


def test_a_layer_that_is_no_plain_one_is_not_computed_by_hand(tmp_path: Path) -> None:
    """An adapter inside the model, or packed weights: such layers do not compute with their `weight` alone."""

    class Doubled(torch.nn.Linear):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return super().forward(x) * 2

    policy = TransformerPolicy.load(written(tmp_path, "llama", {}), prompt="terse", device="cpu")
    projection = policy.model.model.layers[0].self_attn.q_proj
    projection.__class__ = Doubled
    again = TransformerPolicy(policy.model, policy.tokenizer, prompt="terse")
    assert type(again._engine.forward) is SlotForward
    talk = Conversation(again._engine, nodes=3, window=90).run()
    assert error_against_plain(again.model, talk.ended) < 5e-5


def test_the_config_of_a_folder_is_json_that_others_read(tmp_path: Path) -> None:
    policy = TransformerPolicy.load(written(tmp_path / "one", "qwen3", {"head_dim": 16}), prompt="terse")
    policy.save(tmp_path / "two")
    assert json.loads((tmp_path / "two" / "config.json").read_text())["model_type"] == "qwen3"
    again = TransformerPolicy.load(tmp_path / "two", prompt="terse")
    first, second = (
        Conversation(each._engine, nodes=3, window=90).run().tokens() for each in (policy, again)
    )
    assert first == second

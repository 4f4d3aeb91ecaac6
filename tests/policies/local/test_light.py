"""A small model as its weights alone: the same numbers, the same model, and what is left to transformers."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

import rao_lab as rl
from rao_lab.base.bundled import data_path
from rao_lab.errors import InputError
from rao_lab.policies.local.folder import read_model
from rao_lab.policies.local.light import LightLlama, read_light
from rao_lab.policies.local.transformer import TransformerPolicy

CPU, F32 = torch.device("cpu"), torch.float32


def written(policy: TransformerPolicy, whole_after: int | None = None) -> list[Any]:
    """What 24 agents write in 20 ticks; their model becomes whole in between."""
    for place in range(24):
        policy._engine.submit((place, "0"), [3, 5, 7 + place] * 9, noise=(place,), room=12, window=128)
    found = []
    for tick in range(20):
        if tick == whole_after:
            assert policy.model is policy.model
        found += [(turn.key, turn.ids, turn.logprobs) for turn in policy._engine.tick()]
    return found


def test_it_computes_what_transformers_model_computes_to_the_bit() -> None:
    light, heavy = (TransformerPolicy.load(data_path("tiny")) for _ in range(2))
    model, tokenizer = read_model(data_path("tiny"), F32, CPU)
    expected = written(TransformerPolicy(model, tokenizer))
    assert len(expected) == 24
    assert isinstance(light._model, LightLlama)
    assert written(light) == expected
    assert written(heavy, whole_after=4) == expected and not isinstance(heavy._model, LightLlama)


def test_the_whole_model_is_the_one_that_transformers_reads(tmp_path: Path) -> None:
    before = torch.random.get_rng_state()
    light, expected = TransformerPolicy.load(data_path("tiny")), read_model(data_path("tiny"), F32, CPU)[0]
    found = light.model
    assert torch.equal(torch.random.get_rng_state(), before)
    assert type(found) is type(expected) and not found.training
    assert found.lm_head.weight is found.model.embed_tokens.weight
    assert all(weight.requires_grad for weight in found.parameters())
    assert found.config.to_dict().keys() == expected.config.to_dict().keys()
    ids = torch.arange(40)[None] % 500
    logits = [model(input_ids=ids, use_cache=False).logits for model in (found, expected)]
    assert torch.equal(*logits)
    for each in logits:
        each.square().sum().backward()
    named = dict(expected.named_parameters())
    assert all(torch.equal(weight.grad, named[name].grad) for name, weight in found.named_parameters())
    light.save(tmp_path / "a")
    TransformerPolicy(expected, light.tokenizer).save(tmp_path / "b")
    files = sorted(file.name for file in (tmp_path / "b").iterdir())
    assert files == sorted(file.name for file in (tmp_path / "a").iterdir())
    assert [
        name for name in files if (tmp_path / "a" / name).read_bytes() != (tmp_path / "b" / name).read_bytes()
    ] == []
    assert isinstance(TransformerPolicy.load(tmp_path / "a")._model, LightLlama)  # a checkpoint's, too


def test_training_goes_on_in_the_weights_that_are_sampled() -> None:
    policy = TransformerPolicy.load(data_path("tiny"))
    before = written(policy)
    with torch.no_grad():
        for weight in policy.model.parameters():
            weight.mul_(0.5)
    policy.clear_cache()
    assert written(policy) != before


@pytest.mark.parametrize(
    "change",
    [
        {"attention_bias": True},
        {"rope_parameters": {"rope_theta": 10000.0, "rope_type": "linear", "factor": 2.0}},
        {"tie_word_embeddings": False},
        {"quantization_config": {}},
        {"num_key_value_heads": 3},
        {"head_dim": None},
        {"num_hidden_layers": 2},
        {"hidden_size": 64},
        {"layer_types": ["full_attention"] * 3},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_is_unusual_is_left_to_transformers(tmp_path: Path, change: dict[str, Any]) -> None:
    folder = tmp_path / "model"
    shutil.copytree(data_path("tiny"), folder)
    config = json.loads((folder / "config.json").read_text()) | change
    (folder / "config.json").write_text(json.dumps(config))
    assert read_light(folder, F32, CPU) is None


def test_damaged_weights_or_a_tokenizer_without_a_template_are_said_in_one_line(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(data_path("tiny"), folder)
    (folder / "chat_template.jinja").unlink()
    with pytest.raises(InputError, match="no chat template"):
        read_light(folder, F32, CPU)
    (folder / "model.safetensors").write_bytes(b"\x08" + bytes(7) + b"nonsense")
    with pytest.raises(InputError, match="cannot read a model here"):
        read_light(folder, F32, CPU)


def test_a_small_model_is_loaded_without_what_only_training_needs() -> None:
    script = (
        "import sys, rao_lab as rl\npolicy = rl.load_policy('tiny')\nimport torch\n"
        "print(*[name for name in ('torch._dynamo', 'sympy', 'accelerate', 'transformers.modeling_utils') "
        "if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=300, check=True
    )
    assert done.stdout.strip() == "", rl

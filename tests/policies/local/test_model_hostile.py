"""Model folders that are damaged or forged: one clear line, or a policy that runs."""

from __future__ import annotations

import json
import shutil
import struct
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from random import Random

import pytest
import torch
from safetensors.torch import load_file, save_file

from rao_lab.api.run import run
from rao_lab.environments.textcraft.environment import TextCraft
from rao_lab.errors import ConfigError, InputError, MissingError
from rao_lab.execution.limits import Limits
from rao_lab.policies.load import load_policy
from rao_lab.policies.local.transformer import TransformerPolicy
from tests.support.hostile_values import PYTHON, alter, damage, outcome

FILES = (
    *["config.json"] * 3,
    *["tokenizer.json"] * 2,
    *("tokenizer_config.json", "generation_config.json", "model.safetensors", "chat_template.jinja"),
)
LIMITS = Limits(max_turns=2, max_new_tokens=6, context_window=96, max_nodes=2)
ENV = TextCraft("easy")
TASK = ENV.tasks("train")[0]


@pytest.fixture
def folder(random_tiny: Path, tmp_path: Path) -> Path:
    """A copy of a sound model folder, to be damaged."""
    return Path(shutil.copytree(random_tiny, tmp_path / "m"))


def forge(folder: Path, random: Random) -> None:
    path = folder / random.choice(FILES)
    if path.suffix == ".json" and random.random() < 0.75:
        data = json.loads(path.read_text())
        alter(data, random)
        path.write_text(json.dumps(data))
    elif random.random() < 0.1:
        path.unlink()
    else:
        path.write_bytes(damage(path.read_bytes(), random))


def fuzz(sound: Path, scratch: Path, seeds: range) -> dict[str, int]:
    counts = {"refused": 0, "ran": 0}
    for seed in seeds:
        shutil.rmtree(scratch, ignore_errors=True)
        shutil.copytree(sound, scratch)
        forge(scratch, Random(seed))
        said = outcome(lambda: run(TASK, ENV, load_policy(str(scratch)), limits=LIMITS))
        assert said is None or scratch.name in said or "not finite" in said, said
        counts["ran" if said is None else "refused"] += 1
    return counts


def test_60_forged_model_folders_give_one_clear_line_or_run(random_tiny: Path, tmp_path: Path) -> None:
    counts = fuzz(random_tiny, tmp_path / "forged", range(60))
    assert sum(counts.values()) == 60
    assert min(counts.values()) > 10


@pytest.mark.slow
def test_900_forged_model_folders_give_one_clear_line_or_run(random_tiny: Path, tmp_path: Path) -> None:
    assert sum(fuzz(random_tiny, tmp_path / "forged", range(1000, 1900)).values()) == 900


def test_missing_weights_are_not_made_up(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    del weights["model.norm.weight"]
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(InputError, match=r"m: the weights model\.norm\.weight are missing"):
        load_policy(str(folder))


def test_weights_of_another_size_are_named(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    weights["model.norm.weight"] = torch.ones(7)
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(InputError, match=r"model\.norm\.weight are missing or of another size"):
        load_policy(str(folder))


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("num_hidden_layers", 10**9, "num_hidden_layers in its config is 1e.09, above 1000"),
        ("vocab_size", 2**40, "vocab_size in its config"),
        ("hidden_size", 2**16, r"its config describes [\d,]+ weights and its files have"),
    ],
)
def test_a_config_that_describes_a_giant_is_refused_before_it_is_built(
    folder: Path, field: str, value: int, said: str
) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, field: value}))
    with pytest.raises(InputError, match=said):
        load_policy(str(folder))


def gguf(layers: int, width: int) -> bytes:
    """A file with a tokenizer and sizes, but without a single weight."""
    tokens = ["<unk>", "<s>", '!"', *map(chr, range(33, 127))]

    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value.encode())) + value.encode()

    def listed(kind: int, values: list[bytes]) -> bytes:
        return struct.pack("<IIQ", 9, kind, len(values)) + b"".join(values)

    sizes = {
        "llama.block_count": layers,
        "llama.embedding_length": width,
        "llama.feed_forward_length": width,
        "llama.attention.head_count": 4,
        "llama.attention.head_count_kv": 4,
        "llama.context_length": 128,
        "llama.vocab_size": len(tokens),
    }
    fields = {
        "general.architecture": struct.pack("<I", 8) + text("llama"),
        "llama.attention.layer_norm_rms_epsilon": struct.pack("<If", 6, 1e-5),
        "tokenizer.ggml.model": struct.pack("<I", 8) + text("gpt2"),
        "tokenizer.ggml.tokens": listed(8, [text(token) for token in tokens]),
        "tokenizer.ggml.token_type": listed(5, [struct.pack("<i", 1)] * len(tokens)),
        "tokenizer.ggml.merges": listed(8, [text('! "')]),
        **{name: struct.pack("<II", 4, size) for name, size in sizes.items()},
    }
    body = b"".join(text(name) + value for name, value in fields.items())
    return b"GGUF" + struct.pack("<IQQ", 3, 0, len(fields)) + body


@pytest.mark.parametrize(
    ("layers", "width", "said"),
    [
        (2**31 - 1, 64, r"num_hidden_layers in its config is 2\.14748e\+09, above 1000"),
        (900, 64, r"its config describes [\d,]+ weights and its files have [\d,]+ bytes"),
        (1, 2**16, r"its config describes [\d,]+ weights and its files have [\d,]+ bytes"),
    ],
)
def test_a_gguf_file_that_describes_a_giant_is_refused_before_it_is_built(
    tmp_path: Path, layers: int, width: int, said: str
) -> None:
    path = tmp_path / "giant.gguf"
    path.write_bytes(gguf(layers, width))
    with pytest.raises(InputError, match=said):
        load_policy(str(path))


def test_weights_that_give_no_probabilities_are_said_to_be_damaged(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    weights["model.norm.weight"][:] = float("nan")
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(InputError, match="not finite: its weights are damaged"):
        load_policy(str(folder))


def test_a_tokenizer_of_another_model_is_said_to_be_one(folder: Path) -> None:
    policy = load_policy(str(folder))
    policy._vocabulary = 3  # type: ignore[attr-defined]
    with pytest.raises(InputError, match=r"its tokenizer makes id \d+ and the model knows 3 tokens"):
        run(TASK, ENV, policy, limits=LIMITS)


def test_policies_loaded_in_several_threads_at_once_are_whole(random_tiny: Path) -> None:
    """Without the lock, loading in eight threads leaves the output weights untied and newly drawn."""

    def weights(place: int) -> list[torch.Tensor]:
        model = load_policy("tiny" if place % 2 else str(random_tiny)).model  # type: ignore[attr-defined]
        assert model.lm_head.weight is model.model.embed_tokens.weight
        return [weight.detach() for weight in model.parameters()]

    alone = [weights(0), weights(1)]
    with ThreadPoolExecutor(8) as pool:
        for place, found in enumerate(pool.map(weights, range(16))):
            assert all(map(torch.equal, found, alone[place % 2]))


def test_code_that_comes_with_a_model_never_runs(folder: Path) -> None:
    trap = folder / "ran"
    (folder / "evil.py").write_text(f"open({str(trap)!r}, 'w')\nclass M: ...\nclass C: ...\n")
    config = json.loads((folder / "config.json").read_text())
    forged = {**config, "auto_map": {"AutoConfig": "evil.C", "AutoModelForCausalLM": "evil.M"}}
    for change in ({}, {"model_type": "evil"}):
        (folder / "config.json").write_text(json.dumps({**forged, **change}))
        outcome(lambda: load_policy(str(folder)))
    (folder / "pytorch_model.bin").write_bytes(b"\x80\x04cos\nsystem\n")
    (folder / "model.safetensors").unlink()
    assert outcome(lambda: load_policy(str(folder))) is not None
    assert not trap.exists()


@pytest.mark.parametrize("name", ["temperature", "prompt", "window", "forward", "clock"])
def test_settings_of_a_policy_work_or_get_one_line(random_tiny: Path, name: str) -> None:
    sound = load_policy(str(random_tiny))
    for value in PYTHON:
        outcome(partial(TransformerPolicy, sound.model, sound.tokenizer, **{name: value}))


@pytest.mark.parametrize("name", ["dtype", "device"])
def test_where_and_how_a_policy_is_loaded_works_or_gets_one_line(random_tiny: Path, name: str) -> None:
    for value in PYTHON[::5]:
        outcome(partial(load_policy, str(random_tiny), **{name: value}))


@pytest.mark.parametrize(
    ("name", "kind"),
    [("", ConfigError), ("a\0b", MissingError), ("x" * 100_000, MissingError), ("/dev/null", InputError)],
)
def test_names_that_cannot_be_paths_are_refused(name: str, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        load_policy(name)

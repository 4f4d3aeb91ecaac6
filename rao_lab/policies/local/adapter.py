"""Adapters (LoRA, by peft): a few new weights beside frozen ones. They are trained and saved alone.

A folder holds `adapter_config.json` and `adapter_model.safetensors`, as peft writes them. It names the model
it belongs to by the word that `load_policy` knows, never by a path. Only rank, alpha and the names of layers
are read from its config: such a config can name code to import, so it is treated as hostile.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from rao_lab.base.checks import number, whole
from rao_lab.base.safe_text import quoted, unquoted
from rao_lab.errors import ConfigError, InputError, UnavailableError
from rao_lab.policies.local.folder import read_object

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
MAX_ADAPTER_CONFIG_BYTES = 1 << 20
MAX_RANK = 4096
MAX_ADAPTED_LAYERS = 1000


@dataclass(frozen=True, slots=True)
class Adapter:
    """What an adapter folder says of itself."""

    rank: int
    alpha: float
    layers: str | list[str]
    """Names that the adapted layers end with, or peft's "all-linear"."""
    base: str
    """The word that its model was loaded by; empty if the folder does not say."""


def is_adapter(folder: Path) -> bool:
    return (folder / CONFIG).is_file() and not (folder / "config.json").is_file()


def words(model: Any) -> str:
    """Names the adapters of a model by their ranks, as in "adapter of rank 8"; "" if it has none."""
    ranks = [str(getattr(each, "r", "?")) for each in getattr(model, "peft_config", {}).values()]
    return ", ".join(f"adapter of rank {rank}" for rank in ranks)


def fresh(model: Any, rank: int) -> Any:
    """The model with a new adapter on every linear layer. It changes nothing until it is trained.

    Its random half is drawn from a fixed seed, so that equal runs have equal adapters.

    Raises:
        ConfigError: a rank that means nothing.
        UnavailableError: peft is not installed.
    """
    rank = whole("lora", rank, least=1, most=MAX_RANK)
    return _fit(model, Adapter(rank, 2.0 * rank, "all-linear", ""))


def load(model: Any, folder: Path) -> Any:
    """The model with the adapter of a folder, trainable.

    Raises:
        InputError: the folder is damaged, or its adapter belongs to another model.
        UnavailableError: peft is not installed.
    """
    said = unquoted(folder)
    adapted = _fit(model, read(folder))
    try:
        given = load_file(folder / WEIGHTS)
    except (OSError, SafetensorError):
        raise InputError(f"{said}: its {WEIGHTS} is missing or cannot be read") from None
    own = _weights(adapted)
    if {name: value.shape for name, value in given.items()} != {
        name: value.shape for name, value in own.items()
    }:
        raise InputError(f"{said}: this adapter belongs to another model")
    with torch.no_grad():
        for name, value in given.items():
            own[name].copy_(value)
    return adapted


def save(model: Any, folder: Path, base: str) -> None:
    """Writes the adapter of a model, without the model."""
    settings = model.peft_config[model.active_adapter]
    said = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": base,
        "r": settings.r,
        "lora_alpha": settings.lora_alpha,
        "target_modules": sorted(settings.target_modules),
        "bias": "none",
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / CONFIG).write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
    tensors = {name: value.detach().contiguous().cpu().clone() for name, value in _weights(model).items()}
    save_file(tensors, folder / WEIGHTS, {"format": "pt"})


def read(folder: Path) -> Adapter:
    """What an adapter folder says of itself.

    Raises:
        InputError: it cannot be read, or is no plain LoRA adapter.
    """
    said = unquoted(folder)
    config = read_object(folder / CONFIG, said, MAX_ADAPTER_CONFIG_BYTES)
    if config.get("peft_type") != "LORA":
        raise InputError(f"{said}: its {CONFIG} describes no LoRA adapter")
    if odd := _unknown(config):
        raise InputError(
            f"{said}: this adapter has {unquoted(odd)}, which is not read here: merge it elsewhere"
        )
    layers = config.get("target_modules")
    if not _are_names(layers):
        raise InputError(f"{said}: target_modules in its {CONFIG} is {quoted(layers)}")
    try:
        rank = whole("r", config.get("r"), least=1, most=MAX_RANK)
        alpha = number("lora_alpha", config.get("lora_alpha"), above=True)
    except ConfigError as problem:
        raise InputError(f"{said}: in its {CONFIG}, {problem}") from None
    base = config.get("base_model_name_or_path")
    return Adapter(rank, float(alpha), sorted(layers), base if isinstance(base, str) else "")


_READ = frozenset({"peft_type", "r", "lora_alpha", "target_modules", "base_model_name_or_path"})
_HARMLESS = frozenset(
    {"task_type", "inference_mode", "peft_version", "auto_mapping", "lora_dropout", "init_lora_weights"}
    | {"megatron_core", "qalora_group_size", "revision", "fan_in_fan_out"}
)
"""Fields that do not change what a trained adapter computes."""


def _unknown(config: Mapping[str, Any]) -> str:
    """The name of a field that is set and would change what the adapter computes; "" if there is none."""
    known = _READ | _HARMLESS | ({"bias"} if config.get("bias") == "none" else set())
    return next((str(name) for name, value in config.items() if value and name not in known), "")


def _are_names(layers: Any) -> TypeGuard[list[str]]:
    return (
        isinstance(layers, list)
        and 0 < len(layers) <= MAX_ADAPTED_LAYERS
        and all(isinstance(name, str) and 0 < len(name) <= 200 for name in layers)
    )


def _fit(model: Any, adapter: Adapter) -> Any:
    try:
        import peft
    except ImportError:
        raise UnavailableError("an adapter needs peft: pip install 'rao-lab[all]'") from None
    settings = peft.LoraConfig(
        r=adapter.rank, lora_alpha=adapter.alpha, target_modules=adapter.layers, task_type="CAUSAL_LM"
    )
    with torch.random.fork_rng(), _quiet():
        torch.manual_seed(0)
        try:
            return peft.get_peft_model(model, settings).eval()
        except ValueError as problem:  # no layer of these names
            raise InputError(f"this model has no layers for the adapter: {str(problem)[:200]}") from None


@contextmanager
def _quiet() -> Iterator[None]:
    """Without peft's warnings: of changes in later versions of transformers, and of what it sets by itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _weights(model: Any) -> dict[str, torch.Tensor]:
    """The adapter's weights, by the names that peft saves them under."""
    adapter = f".{model.active_adapter}."
    return {name.replace(adapter, "."): param for name, param in model.named_parameters() if adapter in name}

"""From a word to a policy: a bundled or fetched model, a folder, a hub id, a server, or the scripted policy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypedDict, Unpack

from rao_lab.base.bundled import EMBEDDED, data_path
from rao_lab.base.calls import checked_call, nearest
from rao_lab.base.early import wait_until_loaded
from rao_lab.base.safe_text import quoted, unquoted
from rao_lab.errors import ConfigError, InputError, MissingError
from rao_lab.policies.fetch import cached
from rao_lab.policies.own import is_own, own_policy
from rao_lab.prompts import Prompt, find
from rao_lab.protocols import Policy
from rao_lab.store import checkpoint_folder, checkpoint_steps

KNOWN = (
    'tiny, tiny-aggregation, smollm2, scripted, a model folder, a .gguf file, a hub id, "http://host:port/v1#model", '
    "or your own as FILE.py:NAME"
)

BUNDLED = (*EMBEDDED, "smollm2")
"""Models that RAO Lab knows by a name of its own."""

SETTINGS = {
    "scripted": ("style", "error_rate", "seed"),
    "endpoint": (
        *("prompt", "api_key_env", "concurrency", "timeout", "retries"),
        *("requests_per_minute", "prices", "logprobs"),
    ),
    "model": (
        "prompt",
        "device",
        "dtype",
        "window",
        "forward",
        "lora",
        "base",
        "cache_gb",
        "clock",
        "threads",
    ),
}
"""The settings of each kind of policy, besides its temperature."""


class PolicySettings(TypedDict, total=False):
    """What `load_policy` takes beside the temperature; which kind of policy has which is in `SETTINGS`."""

    style: str
    error_rate: float
    seed: int
    prompt: Prompt
    api_key_env: str | None
    concurrency: int
    timeout: float
    retries: int
    requests_per_minute: float | None
    prices: Mapping[str, float] | None
    logprobs: bool
    device: str | None
    dtype: str | None
    window: int | None
    forward: str
    lora: int | None
    base: str | None
    cache_gb: float | None
    clock: str | None
    threads: int | None


HUB_ID = re.compile(r"[\w-][\w.-]{0,95}/[\w-][\w.-]{0,95}", re.ASCII)
HUB = "hub:"
"""In front of a hub id that would be taken for a path."""
_FOLDERS = frozenset(
    ["checkpoints", "ckpt", "data", "model", "models", "out", "output", "outputs", "policies", "runs", "tmp"]
)
_FILE = re.compile(r"policy|step-\d+|.*\.(ckpt|gguf|rao|safetensors|bin|pt|json|html)", re.IGNORECASE)
"""What a path of two parts begins or ends with here, and a hub id does not."""


@checked_call
def load_policy(name: str, *, temperature: float | None = None, **settings: Unpack[PolicySettings]) -> Policy:
    """Loads a policy by name.

        >>> rl.load_policy("scripted", style="per_ingredient").style
        'per_ingredient'
        >>> rl.load_policy("tiny", temperature=0.5, device="cpu").window
        128

    Args:
        name: "tiny" or "tiny-aggregation" (bundled; each knows the words of one world), "smollm2" (after
            `rao-lab fetch smollm2`), "scripted" (no model), a local folder or .gguf file, the folder of a
            checkpoint ("runs/a.rao.ckpt/step-40"), a hub id ("hub:..." if a folder here is named like its first part),
            "http://host:port/v1#model", or one of your own as "FILE.py:NAME".
        temperature: of sampling outside training, if a call names no other; by default what suits a model on this
            machine, and 1 for a server. Training has its own. The scripted policy and one of your own ignore it.
        style, error_rate, seed: of the scripted policy: its way of playing, the share of turns that go wrong,
            and what keys these mistakes.
        prompt: of a model or a server: the words that its agents read if a call names no other: a name, a folder
            of template files, or a `Dialect`, as in `rl.run`.
        device, dtype: of a model: "cpu", "cuda"; "float32", "bfloat16", "float16".
        window: of a model: largest context in tokens.
        lora, base: of a model: train an adapter of this rank and not the model; the model that an adapter's
            folder belongs to.
        clock: of a model whose chat template prints the date: the day it is told, as in "2026-11-28"; by default
            the day on which it is loaded. A run records it.
        forward, cache_gb: of a model: "auto" or "model" (transformers' own pass); memory for cached contexts.
        threads: of a model on a CPU: how many threads it computes with. By default a small model has one, so that
            it computes the same on every number of cores, and a larger one the cores that are free now;
            OMP_NUM_THREADS in the environment decides otherwise. A run records them.
        api_key_env, concurrency, timeout, retries: of a server: the environment variable that holds the key,
            requests at once, seconds without a sign of life, further tries.
        requests_per_minute, prices, logprobs: of a server: how many requests may start in a minute; US dollars
            for a million tokens, as in {"in": 0.15, "out": 0.6}; whether log-probs are asked for.

    Raises:
        MissingError: there is no such policy; the message lists what there is.
        InputError: the folder holds no model that can be read.
        ConfigError: the name means nothing, or this policy does not have such a setting.
    """
    if not isinstance(name, str) or not name.strip():
        raise ConfigError(f"policy {quoted(name)}: give {KNOWN}")
    own: dict[str, Any] = {**settings}
    if is_own(name):
        if own:
            raise ConfigError(f"policy {quoted(name)} has no setting {quoted(next(iter(own)))}: it has none")
        return own_policy(name)
    _check_settings(name, own)
    if name == "scripted":
        from rao_lab.policies.scripted import ScriptedPolicy

        return ScriptedPolicy(**own)
    if _is_address(name):
        from rao_lab.policies.endpoint import EndpointPolicy

        return EndpointPolicy(name, temperature=1.0 if temperature is None else temperature, **own)
    return _load_local(name, temperature, own)


def _check_settings(name: str, settings: Mapping[str, Any]) -> None:
    kind = "scripted" if name == "scripted" else "endpoint" if _is_address(name) else "model"
    for setting in settings:
        if setting not in SETTINGS[kind]:
            near = nearest(setting, SETTINGS[kind])
            hint = f"did you mean {near!r}?" if near else f"it has {', '.join(SETTINGS[kind])}"
            raise ConfigError(f"policy {quoted(name)} has no setting {quoted(setting)}: {hint}")


def _is_address(name: str) -> bool:
    return name.startswith(("http://", "https://"))


def _load_local(name: str, temperature: float | None, settings: dict[str, Any]) -> Policy:
    if name.startswith(HUB) and _may_be_hub_id(name.removeprefix(HUB)):
        name = name.removeprefix(HUB)
    elif name not in BUNDLED and not _exists(name):
        if not _may_be_hub_id(name):
            raise MissingError(f"no policy {quoted(name)}: give {KNOWN}")
        if _looks_like_a_path(name):
            raise MissingError(
                f"there is no {unquoted(name)} here: check the path (or give {HUB}{unquoted(name)}, if the hub has it)"
            )
    if name not in BUNDLED:
        name = _model_at(name)
    wait_until_loaded()
    from rao_lab.policies.local import adapter
    from rao_lab.policies.local.transformer import TransformerPolicy

    if settings.get("prompt") is not None:
        settings["prompt"] = find(settings["prompt"])
    opened = {_place(name): name, "settings": {**settings}}
    if settings.get("prompt") is not None:
        opened["settings"]["prompt"] = settings["prompt"].name  # type: ignore[index]
    base = settings.pop("base", None)
    if name not in BUNDLED and adapter.is_adapter(Path(name)):
        said = adapter.read(Path(name)).base
        base, settings["adapter"] = base or (said if said in BUNDLED else None), Path(name)
        if base is None:
            raise ConfigError(
                f"{unquoted(name)} holds an adapter without its model: load_policy(..., base=...) names the model"
            )
        name = base
    elif base is not None:
        raise ConfigError(
            f"base={quoted(base)} has no meaning: {unquoted(name)} is a whole model, not an adapter"
        )
    settings.setdefault("name", _called(Path(name)))
    policy = TransformerPolicy.load(_folder(name), temperature=temperature, **settings)
    policy.opened = opened
    return policy


def _model_at(name: str) -> str:
    """Where the model lies: in a checkpoint's folder it is the policy in it.

    Raises:
        InputError: this is a run file, or the folder of its checkpoints; the message names the newest one.
    """
    path = Path(name)
    if not (path / "config.json").exists() and (path / "policy").is_dir():
        return str(path / "policy")
    folder = path if path.suffix == ".ckpt" else checkpoint_folder(path)
    if path == folder or path.is_file():
        steps = [each for each in checkpoint_steps(folder) if (folder / f"step-{each}" / "policy").is_dir()]
        what = "the checkpoints of a run" if path == folder else "a run"
        if steps:
            newest = unquoted(folder / f"step-{steps[-1]}")
            raise InputError(f"{unquoted(name)} is {what}, and no model: its newest checkpoint is {newest}")
        if path.suffix == ".rao":
            raise InputError(f"{unquoted(name)} is a run without checkpoints, and no model: give {KNOWN}")
    return name


def _place(name: str) -> str:
    """Where a model is found again: by a name, in a folder, or elsewhere, which a run does not record."""
    if name in BUNDLED or not _exists(name):
        return "name"
    return "elsewhere" if Path(name).is_absolute() else "folder"


def _called(path: Path) -> str:
    """The name of a policy, from where it lies; a checkpoint's policy is named by its run and step."""
    if path.name == "policy" and (path.parent / "trainer.json").is_file():
        step = path.absolute().parent
        return f"{step.parent.name.removesuffix('.ckpt')} {step.name}"
    return path.name


def _folder(name: str) -> str | Path:
    if name in EMBEDDED:
        return data_path(EMBEDDED[name])
    return cached(name) if name == "smollm2" else name


def _exists(name: str) -> bool:
    try:
        return Path(name).exists()
    except (OSError, ValueError):  # no path can look like this, or be as long
        return False


def _looks_like_a_path(name: str) -> bool:
    """Whether a name that may be a hub id is meant for this machine: the hub is then not asked."""
    folder, _, file = name.partition("/")
    return folder in _FOLDERS or _FILE.fullmatch(file) is not None or _exists(folder)


def _may_be_hub_id(name: str) -> bool:
    return HUB_ID.fullmatch(name) is not None

"""Checkpoints: all that a run needs to go on as if it had never stopped, in one folder. No pickle.

    policy/                 the policy as it saves itself: config, tokenizer, safetensors
    weights.safetensors     trained weights by name, only if policy/ does not hold them so (adapters)
    optimizer.safetensors   moments, step counts and float32 copies
    reference.safetensors   of what is trained, the weights KL is measured against, if KL is on
    trainer.json            counters, the policy's version, the training config, means of a moving baseline
    manifest.json           size and SHA-256 of every other file

A folder is written under a temporary name, brought to the disk and renamed, so that under its own name
it is whole. `verify` checks the hashes before anything of a folder is used.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from rao_lab.base.safe_text import quoted, unquoted
from rao_lab.credit.moving import means_from_json, means_to_json
from rao_lab.credit.table import Floats
from rao_lab.errors import ConfigError, InputError, MissingError, RecordError, UnavailableError
from rao_lab.protocols import TrainablePolicy
from rao_lab.training.config import TrainConfig
from rao_lab.training.state import COUNTERS, TrainState, new_state

FORMAT = 1
MAX_JSON_BYTES = 8 << 20
MAX_FILES = 1000
MAX_COUNTER = 2**53
"""Far above any run, and far enough below what a run file can hold to be counted on."""

RESUMABLE = ("steps", "checkpoint_every")
"""Fields of the config that a resumed run may change."""


@dataclass(frozen=True)
class Checkpoint:
    """What a folder says of itself."""

    folder: Path
    step: int
    version: int
    """Optimizer steps behind the weights."""
    config: TrainConfig
    counters: Mapping[str, int]
    moving: Floats | None = None
    """As `TrainState.moving`."""

    @property
    def policy(self) -> Path:
        """The model folder: loads as a policy of its own."""
        return self.folder / "policy"


def save(folder: str | Path, policy: TrainablePolicy, state: TrainState, config: TrainConfig) -> Path:
    """Writes a checkpoint of a run between two steps; an older one of this name is replaced.

    Raises:
        ConfigError: a step is half done: its probes are still due.
        UnavailableError: it cannot be written, as on a full disk; nothing half-written remains.
    """
    if state.due is not None:
        raise ConfigError(f"step {state.step} is not handed out yet: save after it was yielded")
    final = Path(folder)
    rough = final.with_name(f".{final.name}.partial")
    try:
        _remove(rough)
        rough.mkdir(parents=True)
        _write(rough, policy, state, config)
        _put_in_place(rough, final)
    except (OSError, SafetensorError) as problem:
        _remove(rough)
        raise UnavailableError(
            f"the checkpoint {final.name} cannot be written ({problem}): free some space and resume; "
            "earlier checkpoints are untouched"
        ) from problem
    except BaseException:  # interrupted
        _remove(rough)
        raise
    return final


def _write(rough: Path, policy: TrainablePolicy, state: TrainState, config: TrainConfig) -> None:
    _save_tensors(state.optimizer.tensors(), rough / "optimizer.safetensors")
    if state.reference is not None:
        _save_tensors(state.reference_weights(), rough / "reference.safetensors")
    policy.save(rough / "policy")
    weights = {name: param.detach() for name, param in state.optimizer.params.items()}
    if not weights.keys() <= _names(rough / "policy"):
        _save_tensors(weights, rough / "weights.safetensors")
    said = {
        "format": FORMAT,
        "version": policy.version,
        "counters": state.counters(),
        "config": config.to_dict(),
    }
    if state.moving is not None:
        said["moving"] = means_to_json(state.moving)
    (rough / "trainer.json").write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
    files = {path.relative_to(rough).as_posix(): _fingerprint(path) for path in _files(rough)}
    (rough / "manifest.json").write_text(json.dumps({"files": files}, indent=1) + "\n", encoding="utf-8")


def _names(policy: Path) -> set[str]:
    """Names of all tensors that a policy's folder holds."""
    found: set[str] = set()
    for path in sorted(policy.glob("*.safetensors")):
        with safe_open(path, "pt") as tensors:
            found.update(tensors.keys())
    return found


def _save_tensors(tensors: Mapping[str, Tensor], path: Path) -> None:
    # Copies, since tensors may share memory, which safetensors refuses.
    save_file({name: value.detach().contiguous().cpu().clone() for name, value in tensors.items()}, path)


def _put_in_place(rough: Path, final: Path) -> None:
    """To the disk, then to its name. A folder cannot be renamed over another: the old one steps aside."""
    for path in [*_files(rough), *sorted(path for path in rough.rglob("*") if path.is_dir()), rough]:
        _to_disk(path)
    old = final.with_name(f".{final.name}.old")
    _remove(old)
    if final.exists():
        final.rename(old)
    rough.rename(final)
    _to_disk(final.parent)
    _remove(old)


def _to_disk(path: Path) -> None:
    if sys.platform != "win32":
        handle = os.open(path, os.O_RDONLY)
    elif path.is_file():
        handle = os.open(path, os.O_RDWR)  # otherwise Windows refuses
    else:  # a folder cannot be opened there
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    elif path.exists() or path.is_symlink():
        path.unlink()


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _fingerprint(path: Path) -> dict[str, Any]:
    with path.open("rb") as stream:
        return {"bytes": path.stat().st_size, "sha256": file_digest(stream, "sha256").hexdigest()}


def verify(folder: str | Path) -> Checkpoint:
    """Reads what a checkpoint says of itself after checking every byte of it.

    Raises:
        MissingError: there is no such folder.
        InputError: it is damaged, incomplete, of a newer format, or no checkpoint.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise MissingError(f"there is no checkpoint {folder.name}")
    listed = _read_json(folder / "manifest.json").get("files")
    if not isinstance(listed, dict) or not 0 < len(listed) <= MAX_FILES:
        raise InputError(f"checkpoint {folder.name}: its manifest lists no files")
    present = {path.relative_to(folder).as_posix() for path in _files(folder)} - {"manifest.json"}
    if present != set(listed):
        odd = sorted(present ^ set(listed))[0]
        raise InputError(f"checkpoint {folder.name}: {quoted(odd)} is missing, or was not part of it")
    for name in sorted(listed):
        path = folder / name
        if path.is_symlink() or _fingerprint(path) != listed[name]:
            raise InputError(f"checkpoint {folder.name}: {unquoted(name)} is damaged")
    return _understood(folder, _read_json(folder / "trainer.json"))


def version_of(folder: str | Path) -> int | None:
    """The optimizer steps behind the weights of a checkpoint, from its own words alone; None if it has none."""
    try:
        return _understood(Path(folder), _read_json(Path(folder) / "trainer.json")).version
    except InputError:
        return None


def _understood(folder: Path, said: Mapping[str, Any]) -> Checkpoint:
    given = said.get("format")
    if given != FORMAT:
        raise InputError(f"checkpoint {folder.name} has format {quoted(given)}, this version reads {FORMAT}")
    counters, version, config = said.get("counters"), said.get("version"), said.get("config")
    if not isinstance(counters, dict) or set(counters) != set(COUNTERS) or not isinstance(config, dict):
        raise InputError(f"checkpoint {folder.name}: trainer.json lacks its counters or its config")
    for name, value in {**counters, "version": version}.items():
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_COUNTER:
            raise InputError(f"checkpoint {folder.name}: {name} is {quoted(value)}")
    try:
        settings = TrainConfig.from_dict(config)
    except ConfigError as problem:
        raise InputError(f"checkpoint {folder.name}: its config means nothing: {problem}") from problem
    try:
        moving = means_from_json(said.get("moving"))
    except RecordError as problem:
        raise InputError(f"checkpoint {folder.name}: {problem}") from None
    return Checkpoint(folder, counters["step"], int(version or 0), settings, counters, moving)


def _read_json(path: Path) -> dict[str, Any]:
    named = f"checkpoint {path.parent.name}: {path.name}"
    if path.exists() and not path.is_file():  # a pipe would be waited on
        raise InputError(f"{named} is no file")
    try:
        large = path.stat().st_size > MAX_JSON_BYTES
        found = None if large else json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as problem:
        raise InputError(f"{named} cannot be read ({type(problem).__name__})") from problem
    if large:
        raise InputError(f"{named} is larger than {MAX_JSON_BYTES} bytes")
    if not isinstance(found, dict):
        raise InputError(f"{named} is no JSON object")
    return found


def load(folder: str | Path, policy: TrainablePolicy, config: TrainConfig) -> TrainState:
    """Puts a checkpoint's weights into the policy, in place, and gives the state to go on from.

    Args:
        policy: of the same architecture as was saved; its version is set and its cache emptied.
        config: of the resumed run: the saved one, but for `RESUMABLE`.

    Raises:
        MissingError, InputError: as `verify`, or the weights are of another model.
        ConfigError: the config differs in a field that would change what follows.
    """
    found = verify(folder)
    check_same(found.config, config)
    state = new_state(policy.model, config)
    separate = found.folder / "weights.safetensors"
    weights = _load_all([separate] if separate.is_file() else sorted(found.policy.glob("*.safetensors")))
    _fill(state.optimizer.params, weights, "weights")
    if state.reference is not None:
        reference = _load_all([found.folder / "reference.safetensors"])
        _fill(state.reference_weights(), reference, "reference")
    state.optimizer.restore(_load_all([found.folder / "optimizer.safetensors"]))
    for name, value in found.counters.items():
        setattr(state, name, value)
    state.moving = found.moving
    policy.version = found.version
    policy.clear_cache()
    return state


def check_same(saved: TrainConfig, asked: TrainConfig) -> None:
    """Refuses to resume a run under other settings.

    Raises:
        ConfigError: naming the first field that differs, with both values.
    """
    before, after = _flat(saved.to_dict()), _flat(asked.to_dict())
    for name in {**before, **after}:
        if (
            name == "credit.estimator.source"
            and name in before
            and name in after
            and before[name] != after[name]
        ):
            raise ConfigError(
                f"the credit rule {unquoted(before['credit.estimator.rule'])} reads otherwise than when this run was "
                "started: give it as it was, or start another run"
            )
        if name not in RESUMABLE and before.get(name) != after.get(name):
            raise ConfigError(
                f"this run was started with {name}={quoted(before.get(name))} and cannot be resumed with "
                f"{quoted(after.get(name))}: leave it as it was, or start another run"
            )


def _flat(settings: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Nested settings by the names that `--set` gives them, such as credit.lam."""
    found: dict[str, Any] = {}
    for name, value in settings.items():
        found |= _flat(value, f"{above}{name}.") if isinstance(value, Mapping) else {above + name: value}
    return found


def _load_all(paths: list[Path]) -> dict[str, Tensor]:
    found: dict[str, Tensor] = {}
    for path in paths:
        try:
            found |= load_file(path)
        except (OSError, SafetensorError) as problem:
            raise InputError(f"{path.name} of checkpoint {path.parent.name} cannot be read") from problem
    return found


@torch.no_grad()
def _fill(params: Mapping[str, Tensor], values: Mapping[str, Tensor], what: str) -> None:
    """Copies values into weights in place, so that whoever holds the weights sees them."""
    for name, param in params.items():
        value = values.get(name)
        if value is None or value.shape != param.shape or value.dtype != param.dtype:
            raise InputError(
                f"the {what} of this checkpoint do not fit the model: {_how_to_fit(params, values)} ({name} differs)"
            )
    for name, param in params.items():
        param.copy_(values[name])


def _how_to_fit(params: Mapping[str, Tensor], values: Mapping[str, Tensor]) -> str:
    """What to load instead of a policy that has these weights."""
    ranks = [
        next((weight.shape[0] for name, weight in each.items() if ".lora_A." in name and weight.ndim), None)
        for each in (params, values)
    ]
    if ranks[0] == ranks[1]:
        return "load the policy that this run began with"
    if ranks[1] is None:
        return "this run trains the whole model: load the policy without lora"
    return f"this run trains an adapter: load the policy with lora={ranks[1]}"

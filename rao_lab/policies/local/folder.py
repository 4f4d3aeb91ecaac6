"""From a folder, a `.gguf` file or a hub id to a model and its tokenizer.

A model folder is treated as hostile. Its files are bounded before anything is built from them. Code that comes
with it is never run. Missing weights are not made up. Any error of the libraries below becomes one line that
names the folder and the reason.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from rao_lab.base.device import full_memory_says
from rao_lab.base.early import THEN, wait_until_loaded
from rao_lab.base.safe_text import one_line, quoted, unquoted
from rao_lab.errors import InputError, MissingError, RaoLabError
from rao_lab.prompts import CODE

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

MAX_CONFIG_BYTES = 8 << 20
MAX_LAYERS = 1000
"""Each layer is built as Python objects before a single weight is read."""
MAX_WIDTH = 1 << 24
"""Largest size of any kind in a config: vocabularies and hidden sizes lie far below."""
WEIGHTS_PER_BYTE = 4
"""More than any quantization packs into a byte, and tied weights may count twice."""
_LAYERS = frozenset({"num_hidden_layers", "n_layer", "n_layers", "num_layers"})
_LENGTHS = frozenset({"max_position_embeddings", "n_positions", "n_ctx"})
_UNBOUNDED = _LENGTHS | frozenset({"sliding_window", "rope_theta"})
"""Large in honest models too, and nothing of that size is built."""

ONE_AT_A_TIME = threading.Lock()
"""transformers changes settings of the whole process while it loads. Two loads at once would leave weights
untied and newly drawn."""


@contextmanager
def one_line_about(path: str | Path) -> Iterator[None]:
    """Turns any error of the libraries below into one line.

    Raises:
        InputError: it names the folder and what the library said.
    """
    try:
        yield
    except RaoLabError:
        raise
    except Exception as problem:  # other people's code reads hostile files and may raise anything
        said = one_line(str(problem).strip() or type(problem).__name__, 300)
        raise InputError(f"{unquoted(path)}: transformers cannot read a model here ({said})") from problem


def read_model(
    path: str | Path, dtype: torch.dtype, device: torch.device
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """The model, on its device, and the tokenizer. Several threads may call it; they wait for each other.

    While it runs, torch's default dtype may be that of the model. So do not load a half-precision model while
    another thread trains.

    Raises:
        MissingError: there is no such file or folder.
        InputError: it does not hold a chat model that transformers can read whole.
        UnavailableError: it is larger than the device's memory.
    """
    wait_until_loaded(THEN)
    from transformers import AutoModelForCausalLM, AutoTokenizer

    source, options = source_of(path)
    too_large = "take a smaller model, or a device with more; `rao-lab doctor` says which size fits"
    loading = full_memory_says(f"{unquoted(path)} is loaded", too_large)
    with ONE_AT_A_TIME, one_line_about(path), loading, quiet():
        if Path(source).is_dir():
            _check_size(Path(source), options, unquoted(path))
        tokenizer = AutoTokenizer.from_pretrained(source, trust_remote_code=False, **options)
        check_chat(tokenizer, path)
        model, found = AutoModelForCausalLM.from_pretrained(
            source, dtype=dtype, attn_implementation="sdpa", trust_remote_code=False,
            use_safetensors=None if options else True, output_loading_info=True,
            ignore_mismatched_sizes=True, **options,
        )  # fmt: skip
        other = [key if isinstance(key, str) else key[0] for key in found["mismatched_keys"]]
        if lacking := sorted({*found["missing_keys"], *other}):
            raise InputError(
                f"{unquoted(path)}: the weights {unquoted(', '.join(lacking))} are missing or of another size: "
                "config and weights do not belong to one model"
            )
        model = model.to(device)
        for weight in model.parameters():
            # Weights mapped from a file lie at any address, and the last bit of a product depends on that.
            weight.data = weight.data.clone()
    return model, tokenizer


def check_chat(tokenizer: PreTrainedTokenizerBase, path: str | Path) -> None:
    """Refuses a tokenizer that does not say how messages become a prompt."""
    if not tokenizer.chat_template:
        raise InputError(
            f"{unquoted(path)}: its tokenizer has no chat template, which says how messages become a prompt: "
            "take the chat (instruct) version of this model"
        )


def weights_bytes(path: str | Path) -> float:
    """What the safetensors of a local folder take on disk; infinite if there is no such folder."""
    found = [file.stat().st_size for file in Path(path).glob("*.safetensors")] if Path(path).is_dir() else []
    return sum(found) if found else inf


@contextmanager
def quiet() -> Iterator[None]:
    """Without transformers' own warnings and progress bars: what they warn of is checked here."""
    from transformers.utils import logging as transformers_logging

    before = transformers_logging.get_verbosity()
    transformers_logging.disable_progress_bar()
    transformers_logging.set_verbosity_error()
    try:
        yield
    finally:
        transformers_logging.set_verbosity(before)


def _check_size(folder: Path, options: Mapping[str, str], said: str) -> None:
    """Refuses a config that describes far more weights than the files can hold, before any is allocated."""
    from transformers import AutoConfig, AutoModelForCausalLM

    config = AutoConfig.from_pretrained(folder, trust_remote_code=False, **options)
    _check_numbers(config.to_dict(), said)  # those of a GGUF file are seen here first
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config, trust_remote_code=False)
    described = sum(weight.numel() for weight in model.parameters())
    files = [folder / name for name in options.values()] or folder.glob("*.safetensors")
    held = sum(file.stat().st_size for file in files)
    if held and described > WEIGHTS_PER_BYTE * held:
        raise InputError(
            f"{said}: its config describes {described:,} weights and its files have {held:,} bytes"
        )


def source_of(path: str | Path) -> tuple[str, dict[str, str]]:
    """What transformers is asked for: a folder or hub id, and its options, which name a GGUF file if it is one."""
    file, said = Path(path), unquoted(path)
    if file.suffix == ".gguf":
        if not file.is_file():
            raise MissingError(f"{said}: there is no such file")
        return str(file.parent), {"gguf_file": file.name}
    if file.is_dir():
        _check_config(file / "config.json", said)
    elif file.exists():
        raise InputError(f"{said} is not a model: give a folder with a config.json, or a .gguf file")
    elif file.is_absolute() or str(path).count("/") != 1:
        raise MissingError(f"{said}: there is no such folder")
    return str(path), {}


def _check_config(file: Path, said: str) -> None:
    """Bounds what a config describes before transformers builds it."""
    if not file.is_file():
        hint = ": give the policy folder in it" if (file.parent / "policy").is_dir() else ""
        raise InputError(f"{said}: a model folder has a config.json, and this one has none{hint}")
    config = read_object(file, said)
    _check_own(config.get("rao_lab", {}), said)
    _check_numbers(config, said)


def read_object(file: Path, said: str, most: int = MAX_CONFIG_BYTES) -> dict[str, Any]:
    """The JSON object in a file of at most `most` bytes.

    Raises:
        InputError: it cannot be read, or is something else.
    """
    if not file.is_file():  # a pipe would be waited on
        raise InputError(f"{said}: its {file.name} is not a file")
    if file.stat().st_size > most:
        raise InputError(f"{said}: its {file.name} is larger than {most} bytes")
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        raise InputError(f"{said}: its {file.name} is not JSON") from None
    if not isinstance(found, dict):
        raise InputError(f"{said}: its {file.name} is not a JSON object")
    return found


def _check_numbers(config: Mapping[str, Any], said: str) -> None:
    for name, value in _numbers(config):
        if name in _LENGTHS and value < 1:
            raise InputError(f"{said}: {name} in its config is {value:g}")
        most = MAX_LAYERS if name in _LAYERS else MAX_WIDTH
        if name not in _UNBOUNDED and not abs(value) <= most:
            raise InputError(f"{said}: {unquoted(name)} in its config is {value:g}, above {most}")


def _check_own(own: Any, said: str) -> None:
    """Checks what a config says to RAO Lab: the dialect and the world that its model was made for, and the window."""
    if not isinstance(own, dict) or own.get("dialect", CODE[0]) not in CODE:
        raise InputError(f"{said}: rao_lab in its config.json is {quoted(own)}: it names no dialect we know")
    window = own.get("window", 1)
    if isinstance(window, bool) or not isinstance(window, int) or window < 1:
        raise InputError(f"{said}: the window in its config.json is {quoted(window)}")
    if not isinstance(own.get("world", ""), str):
        raise InputError(f"{said}: the world in its config.json is {quoted(own['world'])}: give its name")


def _numbers(config: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """Every number in a config with its name, also in nested objects."""
    pending: list[tuple[str, Any]] = list(config.items())
    while pending:
        name, value = pending.pop()
        if isinstance(value, dict):
            pending += value.items()
        elif isinstance(value, list):
            pending += [(name, part) for part in value]
        elif isinstance(value, (int, float)):
            yield name, value

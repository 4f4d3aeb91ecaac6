"""A short training run of the embedded policy through everything, for tests that kill and resume it."""

from __future__ import annotations

import json
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import Any

import torch

import rao_lab as rl
from rao_lab.api.train import train
from rao_lab.credit import CreditConfig
from rao_lab.environments.textcraft.environment import TextCraft
from rao_lab.execution.limits import Limits
from rao_lab.store import checkpoint_folder, open_run
from rao_lab.tree.codec import tree_to_json
from tests.support.configs import small_config

LIMITS = Limits(max_depth=2, max_turns=6, max_nodes=6, max_new_tokens=24, context_window=128)
CREDIT = CreditConfig(baseline="moving", decay=0.5)
"""Of all rules, the one that carries a state from step to step."""
CONFIG = small_config(
    steps=4, learning_rate=3e-4, probe_tasks=1, probe_rollouts=2, probe_every=2, limits=LIMITS, credit=CREDIT
)
CLOCK = {"started", "ended", "sampled", "waiting_seconds"}
"""Fields that hold seconds."""


def train_to_end(file: str, workers: int = 1, count: Synchronized[int] | None = None) -> None:
    """Trains, from the newest checkpoint if there is one; `count` rises with each event of a tree."""
    torch.set_num_threads(1)
    environment, policy = TextCraft(difficulty="easy", seed=0), rl.load_policy("tiny")

    def heard(*_: object) -> None:
        if count is not None:
            count.value += 1

    steps = train(environment, policy, CONFIG, store=file, resume=True, workers=workers, on_event=heard)
    for _ in steps:
        pass


def everything(file: Path) -> dict[str, Any]:
    """All that a finished run holds, less times: trees, credit, metrics, and the bytes of its weights."""
    found: dict[str, Any] = {}
    with open_run(file) as run:
        for metrics in run.metrics:
            step = metrics["step"]
            groups = [*run.groups(step), *run.groups(step, probe=True)]
            found[f"trees {step}"] = [
                _timeless(tree_to_json(tree)) for group in groups for tree in group.trees
            ]
            if step:
                credit = run.attributions(step)
                means = b"" if credit.moving is None else credit.moving.tobytes()
                found[f"credit {step}"] = credit.c.tobytes() + means
            kept = {name: value for name, value in metrics.items() if name not in _MEASURED}
            found[f"metrics {step}"] = json.dumps(kept, sort_keys=True)
    for folder in sorted(checkpoint_folder(file).iterdir()):
        for name in ("policy/model.safetensors", "optimizer.safetensors"):
            found[f"{folder.name}/{name}"] = (folder / name).read_bytes()
    return found


_MEASURED = {"seconds", "tokens_per_second", "attempt"}


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _timeless(item) for name, item in value.items() if name not in CLOCK}
    return [_timeless(item) for item in value] if isinstance(value, list) else value

"""What each process of `test_distributed` runs under torchrun: two steps, then its weights and trees."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file

from rao_lab.credit import CreditConfig, CreditNodes
from rao_lab.errors import CallbackError
from rao_lab.training.config import LossConfig, TrainConfig
from rao_lab.training.processes import processes
from rao_lab.training.state import new_state
from rao_lab.tree.codec import tree_to_json
from tests.support.tinymodels import TinyPolicy, all_steps, llama

CONFIG = TrainConfig(
    steps=1, tasks_per_step=3, group_size=3, grad_clip=None, probe_tasks=1, probe_rollouts=2, probe_every=1
)
NORMALIZERS = [LossConfig(kl=0.1), LossConfig(normalizer="node"), LossConfig(normalizer="fixed", fixed=99.0)]


def halved(nodes: CreditNodes) -> Any:
    return (nodes.R - nodes.b) / 2


def by_chance(nodes: CreditNodes) -> Any:
    return np.random.default_rng(os.getpid()).random(len(nodes))


def cases() -> list[TrainConfig]:
    """One for each normalizer, the last by a rule of the user."""
    found = [replace(CONFIG, loss=loss) for loss in NORMALIZERS]
    return [*found[:-1], replace(found[-1], credit=CreditConfig(estimator=halved))]


def train(folder: Path, peers, config: TrainConfig) -> None:
    """Trains and writes the first moment (a tenth of the gradient), weights, trees and credit."""
    policy = TinyPolicy(llama(seed=1, dtype=torch.float64))
    state = new_state(policy.model, config)
    steps = all_steps(config, policy, state=state, peers=peers)
    save_file({k: v.clone().contiguous() for k, v in state.optimizer.tensors().items()}, folder / "optimizer")
    save_file({k: v.detach().clone() for k, v in state.optimizer.params.items()}, folder / "weights")
    said = [
        {
            "trees": [tree_to_json(tree) for tree in step.trees],
            "c": None if step.attributions is None else step.attributions.c.tolist(),
            "drift": None
            if step.attributions is None
            else [each if each == each else None for each in step.attributions.drift.astype(float).tolist()],
            "metrics": {k: v for k, v in step.metrics.items() if k != "tokens_per_second"},
        }
        for step in steps
    ]
    (folder / "steps.json").write_text(json.dumps(said))


def main(out: Path) -> None:
    with processes(timeout_minutes=2) as peers:
        for index, config in enumerate(cases()):
            folder = out / f"{index}-{peers.rank}"
            folder.mkdir(parents=True)
            train(folder, peers, config)
        try:
            train(folder, peers, replace(CONFIG, credit=CreditConfig(estimator=by_chance)))
        except CallbackError as problem:
            (out / f"refused-{peers.rank}").write_text(str(problem))


if __name__ == "__main__":
    main(Path(sys.argv[1]))

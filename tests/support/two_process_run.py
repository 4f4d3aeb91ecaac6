"""What each process of `test_together` runs: one run file written whole, and one cut and resumed."""

from __future__ import annotations

import sys
import threading
from dataclasses import replace
from pathlib import Path

import torch

import rao_lab as rl
from rao_lab.api.train import train
from rao_lab.environments.textcraft.environment import TextCraft
from rao_lab.training.metrics import TrainStep
from rao_lab.training.processes import Peers, processes
from tests.support.whole_runs import CONFIG as WHOLE

CONFIG = replace(WHOLE, steps=3, group_size=2, probe_tasks=1, probe_rollouts=1, probe_every=1)

LOADING = threading.Lock()
"""transformers loads one model at a time."""


def steps(file: Path, peers: Peers | None, until: int = CONFIG.steps) -> list[TrainStep]:
    """Trains to step `until`, from the newest checkpoint if there is one."""
    torch.set_num_threads(1)
    with LOADING:
        policy, world = rl.load_policy("tiny"), TextCraft(difficulty="easy", seed=0)
    config = replace(CONFIG, steps=until)
    return list(train(world, policy, config, store=file, resume=True, peers=peers))


def both(folder: Path, peers: Peers) -> list[TrainStep]:
    """The same run twice, the second time in two parts; the steps of the first."""
    found = steps(folder / "whole.rao", peers)
    steps(folder / "parts.rao", peers, until=2)
    steps(folder / "parts.rao", peers)
    return found


if __name__ == "__main__":
    with processes(timeout_minutes=5) as joined:
        both(Path(sys.argv[1]), joined)

"""Three runs with a fault each, and a sound one: the patients of notebook 04.

    python -m rao_lab.experiments.planted --out data/course

trains the embedded policy for a few steps, four times alike but for one fault. The files have neutral names, and
their settings name no fault: to find it is the exercise. Each keeps the metrics of every step, the trees and
credit of the first and of the last, and the probes before the first step and after the last.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rao_lab.api.resume import run_config
from rao_lab.api.train import default_config, train
from rao_lab.credit import CreditConfig
from rao_lab.environments.textcraft.environment import TextCraft
from rao_lab.experiments.pathologies import keep
from rao_lab.policies.load import load_policy
from rao_lab.store import RunWriter
from rao_lab.training.config import TrainConfig

STEPS = 6
ROLLOUT = 3
"""Place of the rollout in a noise key: seed, step, task, rollout, node, turn."""


def one_noise(policy: Any) -> None:
    """Plants a fault: all trees of a group draw the same random numbers, as if the seed were the task's alone."""
    submit = policy.submit

    def alike(request: Any) -> Any:
        noise = (*request.noise[:ROLLOUT], 0, *request.noise[ROLLOUT + 1 :])
        return submit(replace(request, noise=noise))

    policy.submit = alike


@dataclass(frozen=True, slots=True)
class Planted:
    """One run and its fault."""

    name: str
    world: Mapping[str, Any] = field(default_factory=dict)
    credit: CreditConfig = field(default_factory=CreditConfig)
    spoil: Callable[[Any], None] | None = None
    """What is done to the policy."""
    seed: int = 0


RUNS = (
    Planted("sound", seed=1),
    Planted("run_a", {"guard_own_goal": False, "guard_base_item": False}, CreditConfig(lam=3.0)),
    Planted("run_b", credit=CreditConfig(estimator="root_only")),
    Planted("run_c", spoil=one_noise),
)


def config_of(planted: Planted, steps: int = STEPS) -> TrainConfig:
    """The settings of a run: all have the same but for the rule of credit, and the seed of the sound one: so the
    notebook can mend a run under its own seed and still compare it with another sound run."""
    return default_config(
        load_policy("tiny"),
        steps=steps,
        tasks_per_step=4,
        group_size=6,
        learning_rate=3e-3,
        probe_tasks=16,
        probe_rollouts=1,
        probe_every=steps,
        seed=planted.seed,
        credit=planted.credit,
    )


def record(planted: Planted, folder: Path, steps: int = STEPS) -> Path:
    """Trains and writes one run file."""
    policy = load_policy("tiny")
    if planted.spoil is not None:
        planted.spoil(policy)
    world = TextCraft(difficulty="medium", seed=0, **planted.world)
    config = config_of(planted, steps)
    path = folder / f"{planted.name}.rao"
    path.unlink(missing_ok=True)
    with RunWriter(path, run_config(world, policy, config)) as writer:
        for step in train(world, policy, config):
            row = keep(writer, step, whole=step.step in (1, steps))
            success = row.get("success", row.get("probe_success"))
            sys.stderr.write(
                f"{planted.name} step {step.step} of {steps}: success {success}, {row.get('nodes')} nodes\n"
            )
    return path


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("data/course"))
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--only", nargs="*", choices=[planted.name for planted in RUNS])
    given = parser.parse_args(argv)
    given.out.mkdir(parents=True, exist_ok=True)
    for planted in RUNS:
        if given.only is None or planted.name in given.only:
            record(planted, given.out, given.steps)


if __name__ == "__main__":
    main()

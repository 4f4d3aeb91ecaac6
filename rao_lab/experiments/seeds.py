"""The figures of an embedded policy: trained under several seeds, evaluated on held-out tasks.

    python -m rao_lab.experiments.seeds --seeds 0 1 2 --agents recursive flat --out data/tiny/seeds.jsonl

trains from the same weights with the settings of the demo, one seed after the other. Then it evaluates at
two temperatures: 1, as in training, and the one that suits the policy otherwise. `--steps 0` evaluates the
weights as they are. Each line that is written holds one evaluation or one learning curve, and
`--table FILE` prints tables of such lines. `--policy` and `--set` try other weights and settings.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean
from typing import Any

from rao_lab.api.defaults import Suggested, suggested
from rao_lab.api.evaluate import evaluate
from rao_lab.api.settings import overrides, train_config
from rao_lab.api.train import train
from rao_lab.errors import RaoLabError
from rao_lab.evaluation.evaluate import flat_limits
from rao_lab.experiments.worlds import clean_nodes, world_of
from rao_lab.policies.load import load_policy
from rao_lab.protocols import Policy
from rao_lab.tree import AGENTS, Agent

Line = dict[str, Any]
BANDS = ("easy", "medium", "hard")
MORE = ("extreme",)
"""Evaluated as well in worlds whose extreme tasks are small."""
DEMO = {"tasks_per_step": 8, "group_size": 8}
"""Settings of the demo."""
CURVE = ("success", "scored", "nodes", "depth", "entropy", "tokens_out")
"""The metrics that are kept of each training step."""


@dataclass(frozen=True)
class Plan:
    """What is trained and evaluated for each seed and agent."""

    policy: str = "tiny"
    steps: int = 40
    changes: Mapping[str, Any] = field(default_factory=dict)
    """Settings of training that replace those of the demo."""
    tasks: int = 100
    """How many tasks of each band are evaluated."""
    split: str = "test"


def measure_seed(seed: int, agent: Agent, plan: Plan) -> Iterator[Line]:
    """Trains one agent with one seed. Yields its learning curve and its evaluations."""
    policy = load_policy(plan.policy)
    fitting = suggested(policy)
    about = {"agent": agent, "seed": seed, "steps": plan.steps}
    if plan.steps:
        began = time.monotonic()
        curve = list(_train(policy, fitting, seed, agent, plan))
        yield {"kind": "training", **about, "seconds": round(time.monotonic() - began, 1), "curve": curve}
    for temperature in dict.fromkeys((1.0, fitting.temperature or 1.0)):
        yield {"kind": "evaluation", **about} | _evaluate(policy, fitting, agent, plan, temperature)


def _train(policy: Policy, fitting: Suggested, seed: int, agent: Agent, plan: Plan) -> Iterator[Line]:
    """Trains the policy in place. Yields what is kept of each step."""
    limits = flat_limits(fitting.train_limits) if agent == "flat" else fitting.train_limits
    settings = {"agent": agent, "seed": seed, "steps": plan.steps, "limits": limits.to_dict(), **DEMO}
    config = train_config(fitting, settings, plan.changes)
    for step in train(world_of(policy).suited(fitting.player), policy, config):
        if step.step:
            row = {name: _short(step.metrics[name]) for name in CURVE}
            yield {"step": step.step, **row, "seconds": _rounded(step.seconds)}
            sys.stderr.write(f"{agent} seed {seed}: step {step.step} of {plan.steps}\n")


def _evaluate(policy: Policy, fitting: Suggested, agent: Agent, plan: Plan, temperature: float) -> Line:
    kind = world_of(policy)
    names = BANDS if kind.name == "textcraft" else BANDS + MORE
    world = kind.suited(fitting.player, difficulty=names)
    chosen = world.tasks(plan.split)[: plan.tasks * len(names)]
    found = evaluate(world, policy, agent, chosen, fitting.limits, temperature=temperature)
    bands: dict[str, Line] = {}
    for band, part in found.by_difficulty.items():
        solved = [tree for tree in found.trees if tree.task.difficulty == band and tree.success == 1.0]
        bands[band] = {
            "success": _short(part.success),
            "scored": part.scored.scored,
            "nodes": _short(part.mean_nodes),
            "nodes_solved": _short(mean(map(len, solved)) if solved else None),
            "clean_solved": _short(mean(clean_nodes(tree.task) for tree in solved) if solved else None),
            "clean": _short(mean(clean_nodes(task) for task in chosen if task.difficulty == band)),
            "depth": _short(part.mean_depth),
            "flat_ceiling": _short(part.flat_ceiling),
        }
    return {
        "temperature": temperature,
        "split": plan.split,
        "tasks": plan.tasks,
        "seconds": round(found.seconds, 1),
        "tokens": found.overall.tokens,
        "bands": bands,
    }


def table(lines: Sequence[Mapping[str, Any]]) -> str:
    """Success by band, and the nodes of a tree beside those of a clean one, with means over seeds."""
    found = [line for line in lines if line["kind"] == "evaluation"]
    names = [*BANDS, *(name for name in MORE if found and all(name in line["bands"] for line in found))]
    rows = [
        f"| | T | seeds | {' | '.join(names)} | nodes m / h | of solved m / h | clean, those m / h |",
        "|---|---|---|" + "---|" * (len(names) + 3),
    ]
    kinds = dict.fromkeys((line["agent"], line["steps"], line["temperature"]) for line in found)
    for agent, steps, temperature in sorted(kinds, key=lambda kind: (-len(kind[0]), kind[2], kind[1])):
        same = [
            line
            for line in found
            if (line["agent"], line["steps"], line["temperature"]) == (agent, steps, temperature)
        ]
        each = [(str(line["seed"]), [line]) for line in sorted(same, key=lambda line: line["seed"])]
        for name, part in each if len(each) < 2 else [*each, ("**mean**", same)]:
            cells = [_mean(part, band, "success", 2) for band in names]
            cells += [
                " / ".join(_mean(part, band, name, 1) for band in ("medium", "hard"))
                for name in ("nodes", "nodes_solved", "clean_solved")
            ]
            label = f"{agent}, {steps} steps" if steps else f"{agent}, base"
            rows.append(f"| {label} | {temperature:g} | {name} | " + " | ".join(cells) + " |")
    return "\n".join(rows)


def curves(lines: Sequence[Mapping[str, Any]], part: int = 5) -> str:
    """Learning curves and the cost of a step, as means over `part` steps and all seeds."""
    rows = [
        "| | steps | success | nodes | entropy | tokens a step | generation s | update s | tokens/s |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    found = [line for line in lines if line["kind"] == "training"]
    for agent in dict.fromkeys(line["agent"] for line in found):
        steps = [row for line in found if line["agent"] == agent for row in line["curve"]]
        for first in range(1, max(row["step"] for row in steps) + 1, part):
            chosen = [row for row in steps if first <= row["step"] < first + part]
            seconds = {
                phase: mean(row["seconds"][phase] for row in chosen) for phase in ("generation", "update")
            }
            tokens = mean(row["tokens_out"] for row in chosen)
            cells = [f"{mean(row[name] for row in chosen):.2f}" for name in ("success", "nodes", "entropy")]
            cells += [f"{tokens:.0f}", *(f"{value:.1f}" for value in seconds.values())]
            cells.append(f"{tokens / seconds['generation']:.0f}")
            rows.append(f"| {agent} | {first}-{first + part - 1} | " + " | ".join(cells) + " |")
    return "\n".join(rows)


def _mean(lines: Sequence[Mapping[str, Any]], band: str, name: str, digits: int) -> str:
    known = [line["bands"][band][name] for line in lines if line["bands"][band][name] is not None]
    return f"{mean(known):.{digits}f}" if known else "–"


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _rounded(seconds: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 3) for name, value in seconds.items()}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--agents", nargs="+", choices=AGENTS, default=list(AGENTS))
    parser.add_argument("--policy", default=Plan.policy, help="weights to start from: a name or a folder")
    parser.add_argument("--steps", type=int, default=Plan.steps, help="steps of training; 0 = none")
    parser.add_argument("--set", nargs="+", default=[], metavar="NAME=VALUE", help="settings of training")
    parser.add_argument("--tasks", type=int, default=Plan.tasks, help="tasks of each band")
    parser.add_argument("--split", default=Plan.split, help="dev to choose settings, test to report")
    parser.add_argument("--out", type=Path, help="append the JSON lines to this file")
    parser.add_argument("--table", type=Path, help="print tables of this file and do nothing else")
    given = parser.parse_args(arguments)
    if given.table is not None:
        lines = [json.loads(line) for line in given.table.read_text(encoding="utf-8").splitlines()]
        sys.stdout.write(table(lines) + "\n\n" + curves(lines) + "\n")
        return 0
    plan = Plan(given.policy, given.steps, overrides(given.set), given.tasks, given.split)
    for agent in given.agents:
        for seed in given.seeds:
            for line in measure_seed(seed, agent, plan):
                text = json.dumps(line) + "\n"
                sys.stdout.write(text)
                if given.out is not None:
                    with given.out.open("a", encoding="utf-8") as file:
                        file.write(text)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except RaoLabError as error:
        sys.exit(str(error))

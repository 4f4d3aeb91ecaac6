"""Ways in which recursive training goes wrong, recorded for teaching.

    python -m rao_lab.experiments.pathologies --out data/pathologies

trains the embedded policy for a few steps, once as it should be and then with one thing changed at a time:
guards off, lambda 1, no slack in the inventory, a learning rate far too high. Each run file keeps the
metrics of every step and the trees of a few, so that it is small enough to hand out. `README.md` beside
the run files holds the table.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rao_lab.api.defaults import suggested
from rao_lab.api.resume import run_config
from rao_lab.api.train import train
from rao_lab.credit import CreditConfig
from rao_lab.environments.textcraft.environment import TextCraft
from rao_lab.policies.load import load_policy
from rao_lab.store import RunWriter
from rao_lab.training.config import TrainConfig
from rao_lab.training.metrics import TrainStep
from rao_lab.tree import Node, Tree

STEPS = 20


@dataclass(frozen=True, slots=True)
class Case:
    """One run: what is changed, and what to look for."""

    name: str
    change: str
    look: str
    world: Mapping[str, Any] = field(default_factory=dict)
    train: Mapping[str, Any] = field(default_factory=dict)


CASES = (
    Case("as_it_should_be", "nothing", "Delegation grows, few refusals."),
    Case(
        "guards_off",
        "guard_own_goal=False, guard_base_item=False",
        "Own goals and base items are passed on: a launch pays its bonus without any work done.",
        world={"guard_own_goal": False, "guard_base_item": False},
    ),
    Case(
        "lambda_1",
        "lam=1",
        "A root can earn 2 and a leaf only 1: leaves under good roots are made less likely.",
        train={"credit": CreditConfig(lam=1.0)},
    ),
    Case(
        "no_slack",
        "slack=0",
        "One mistake eats what a sibling needs: failures that no later turn can mend.",
        world={"slack": 0},
    ),
    Case(
        "high_learning_rate",
        "learning_rate=0.01",
        "Entropy collapses or the format breaks; success falls and does not come back.",
        train={"learning_rate": 0.01},
    ),
)


def record(case: Case, folder: Path, seed: int, steps: int) -> list[dict[str, Any]]:
    """Trains one case and writes `folder/NAME.rao`. Returns the metrics of its steps."""
    policy = load_policy("tiny")
    fitting = suggested(policy)
    world = TextCraft.suited(fitting.player, **case.world)
    config = replace(
        TrainConfig(
            steps=steps,
            tasks_per_step=6,
            group_size=6,
            seed=seed,
            limits=fitting.train_limits,
            probe_tasks=2,
            probe_rollouts=2,
            probe_every=10,
        ),
        **{**fitting.train, **case.train},
    )
    path = folder / f"{case.name}.rao"
    path.unlink(missing_ok=True)
    rows = []
    about = {**run_config(world, policy, config), "case": case.name, "change": case.change}
    with RunWriter(path, about) as writer:
        for step in train(world, policy, config):
            rows.append(keep(writer, step, whole=step.step in (1, steps)))
            sys.stderr.write(f"{case.name} step {step.step} of {steps}\n")
    return rows


def keep(writer: RunWriter, step: TrainStep, *, whole: bool) -> dict[str, Any]:
    """Writes the metrics and probes of a step; if `whole`, all its trees and their credit too."""
    trees = [tree for group in step.groups for tree in group.trees]
    metrics = {**step.metrics, **delegation(trees), "trees_kept": whole}
    writer.begin_step(step.step)
    for tree in (*(trees if whole else ()), *(tree for group in step.probes for tree in group.trees)):
        writer.tree_done(tree)
    writer.end_step(step.step, step.attributions if whole else None, metrics)
    return metrics


def delegation(trees: Sequence[Tree]) -> dict[str, float | None]:
    """The shares of launched nodes that were given the whole goal of an ancestor, or only base items."""
    launched = [(tree, node) for tree in trees for node in tree.nodes if node.parent is not None]
    if not launched:
        return {"own_goal_share": None, "base_item_share": None}
    own = sum(_goal_of_ancestor(tree, node) for tree, node in launched)
    base = sum(_base_only(tree, node) for tree, node in launched)
    return {"own_goal_share": own / len(launched), "base_item_share": base / len(launched)}


def _goal_of_ancestor(tree: Tree, node: Node) -> bool:
    wanted = node.args.get("targets", {})
    above = node.path
    while above := above.rpartition(".")[0]:
        theirs = tree.node(above).args.get("targets", {})
        if theirs and all(wanted.get(item, 0) >= count for item, count in theirs.items()):
            return True
    return False


def _base_only(tree: Tree, node: Node) -> bool:
    return not any(item in tree.task.data["recipes"] for item in node.args.get("targets", {}))


COLUMNS = {
    "success": "success",
    "nodes": "nodes",
    "depth": "depth",
    "own_goal_share": "own goal",
    "base_item_share": "base items",
    "entropy": "entropy",
    "tokens_out": "tokens",
}


def table(found: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """The mean of each figure over the first and over the last quarter of the steps."""
    lines = [
        "| run | change | " + " | ".join(COLUMNS.values()) + " |",
        "|" + "---|" * (len(COLUMNS) + 2),
    ]
    for case in CASES:
        if case.name not in found:
            continue
        rows = [row for row in found[case.name] if row["step"] > 0]
        part = max(1, len(rows) // 4)
        cells = [f"{_mean(rows[:part], name)} → {_mean(rows[-part:], name)}" for name in COLUMNS]
        lines.append(f"| `{case.name}.rao` | {case.change} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _mean(rows: Sequence[Mapping[str, Any]], name: str) -> str:
    known = [row[name] for row in rows if row.get(name) is not None]
    if not known:
        return "none"
    value = sum(known) / len(known)
    return f"{value:.0f}" if value >= 100 else f"{value:.2f}"


def readme(found: Mapping[str, Sequence[Mapping[str, Any]]], seed: int, steps: int) -> str:
    """The text of the `README.md` beside the runs."""
    part = max(1, steps // 4)
    looks = "\n".join(f"- **{case.name}**: {case.look}" for case in CASES)
    return f"""# Ways in which training goes wrong

`python -m rao_lab.experiments.pathologies --seed {seed} --steps {steps}` made these runs. Each trains the embedded
policy on medium tasks, with 6 tasks a step and 6 trees for each task; one thing is changed in each run. There is only
one seed: the runs are illustrations and not measurements. They keep the metrics of every step, the trees and
credit of the first and the last step, and the probes of every tenth. To open one:
`rl.Explorer(rl.open_run("data/pathologies/guards_off.rao"))`.

The table shows the mean of the first {part} steps → the mean of the last {part}. *Own goal* and *base items*
are the shares of launched agents that were given the whole goal of an ancestor, or nothing that needs crafting.
*Tokens* are per step.

{table(found)}

What each run was expected to show (the table says what came of it):

{looks}
"""


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("data/pathologies"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--only", nargs="*", choices=[case.name for case in CASES])
    given = parser.parse_args(argv)
    given.out.mkdir(parents=True, exist_ok=True)
    chosen = [case for case in CASES if given.only is None or case.name in given.only]
    found = {case.name: record(case, given.out, given.seed, given.steps) for case in chosen}
    if given.only is None:
        (given.out / "README.md").write_text(readme(found, given.seed, given.steps), encoding="utf-8")
    sys.stdout.write(table(found) + "\n")


if __name__ == "__main__":
    main()

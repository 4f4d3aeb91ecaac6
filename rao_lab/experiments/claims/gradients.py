"""Bias and variance of the gradient under each baseline, depth weights on and off, at the weights of one checkpoint.

    python -m rao_lab.experiments.claims.gradients --policy tiny --out data/claims/gradients.json

The gradient of a batch is linear in the coefficients of its nodes. So the gradients of log-probs are taken once for
each tree and depth, and every rule is a weighted sum of them. Many rollouts of each task are sampled and divided into
independent batches, again and again. *Variance* is that of a batch's gradient, summed over all weights. *Bias* of a
baseline is how far the mean gradient with it lies from the mean gradient without one, under the same weights and
normalizer, measured along the latter and as a share of it. Leave-one-out has none with depth weights off and a fixed
normalizer (decision 11 of the method); otherwise it may have one, which shrinks with more groups in a batch.

Gradients are kept as sketches: each weight is added, with a random sign, to one of `SKETCH` sums. A sketch is linear,
and keeps lengths and angles to about 1 %.

Letters for shapes: M rows (a tree at a depth), T trees, K the sums of a sketch, B batches.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from rao_lab.api.defaults import suggested
from rao_lab.credit import CreditConfig, attribute
from rao_lab.environments.textcraft.environment import TextCraft
from rao_lab.errors import ConfigError, RaoLabError
from rao_lab.execution.executor import Executor, open_sandbox
from rao_lab.execution.limits import Limits
from rao_lab.experiments.claims.gradient_figures import Floats, Rows, compare, table
from rao_lab.policies.load import load_policy
from rao_lab.prompts import chosen
from rao_lab.protocols import Environment, TrainablePolicy
from rao_lab.training.config import LossConfig
from rao_lab.training.objective import Batch, Scorer, build_batch, loss_on_pack
from rao_lab.training.packs import pack
from rao_lab.tree import Group, Task, Tree, TreeHeader

Gradient = list[torch.Tensor | None]

SKETCH = 8192
SHAPES = ((1, 4), (1, 8), (8, 8))
"""Groups of a batch, and trees of a group."""
FEWEST = 4
"""Batches of which a spread can be told."""


class Sketch:
    """A linear map of the gradients of all weights to K sums."""

    def __init__(self, weights: Sequence[torch.Tensor], size: int = SKETCH) -> None:
        self._sizes = [weight.numel() for weight in weights]
        dice = torch.Generator().manual_seed(0)
        self._place = torch.randint(size, (sum(self._sizes),), generator=dice)
        self._sign = torch.randint(2, (sum(self._sizes),), generator=dice).float() * 2 - 1
        self._size = size

    def __call__(self, gradient: Gradient) -> NDArray[np.float32]:
        """`[K]`; None = a weight that has no part in it."""
        parts = [
            torch.zeros(size) if part is None else part.detach().float().cpu().flatten()
            for part, size in zip(gradient, self._sizes, strict=True)
        ]
        sums: NDArray[np.float32] = (
            torch.zeros(self._size).index_add_(0, self._place, torch.cat(parts) * self._sign).numpy()
        )
        return sums


def rows_of(
    policy: TrainablePolicy,
    groups: Sequence[Group],
    lam: float,
    say: Callable[[str], object] = lambda line: None,
) -> Rows:
    """Takes the gradients of all trees, depth by depth. Trees without a scored root are left out."""
    policy.model.eval()
    scorer = Scorer(policy.model)
    weights: list[torch.Tensor] = [each for each in policy.model.parameters() if each.requires_grad]
    sketch = Sketch(weights)
    kept: list[tuple[int, float, int, int, int, int]] = []
    plain: list[Any] = []
    earned: list[Any] = []
    trees = 0
    for place, group in enumerate(groups):
        for tree in group.trees:
            if tree.success is None:
                continue
            for depth, R, nodes, tokens, one, two in _depths(tree, scorer, weights, lam, policy.temperature):
                kept.append((place, R, trees, depth, nodes, tokens))
                plain.append(sketch(one))
                earned.append(sketch(two))
            trees += 1
        say(f"gradients: {place + 1} of {len(groups)} tasks")
    task, root_R, tree_of, depths, counts, lengths = (np.array(column) for column in zip(*kept, strict=True))
    first = np.flatnonzero(np.diff(tree_of, prepend=-1))
    return Rows(
        task[first], root_R[first], tree_of, depths, counts, lengths, np.stack(plain), np.stack(earned)
    )


def _depths(
    tree: Tree, scorer: Scorer, weights: list[torch.Tensor], lam: float, temperature: float
) -> Iterator[tuple[int, float, int, int, Gradient, Gradient]]:
    """For each depth with trained nodes: the depth, R of the root, the nodes, their tokens, and the two gradients."""
    group = Group(tree.task, (tree,))
    plain = attribute([group], CreditConfig(lam=lam, baseline="none", depth_weighting="none"))
    loss = LossConfig(normalizer="fixed", fixed=1.0, temperature=temperature)

    def gradient(c: Floats) -> Gradient:
        return _gradient(build_batch([group], replace(plain, c=c), loss), scorer, weights, loss)

    for depth in range(tree.depth + 1):
        mine = plain.trained & (plain.table.depth == depth)
        if mine.any():
            one = gradient(np.where(mine, 1.0, 0.0))
            least, most = plain.R[mine].min(), plain.R[mine].max()
            if least == most:
                two: Gradient = [None if part is None else part * least for part in one]
            else:
                two = gradient(np.where(mine, plain.R, 0.0))
            tokens = int(plain.table.tokens[mine].sum())
            yield depth, float(plain.R[0]), int(mine.sum()), tokens, one, two


def _gradient(batch: Batch, scorer: Scorer, weights: list[torch.Tensor], loss: LossConfig) -> Gradient:
    """Of the sum over nodes of c * log pi; nodes with c = 0 are not forwarded."""
    total: Gradient = [None] * len(weights)
    for packed in pack(batch.sequences, 4096):
        part = loss_on_pack(scorer, packed, batch, loss)
        own = torch.autograd.grad(-part.loss, weights, allow_unused=True)
        total = [
            new if old is None else old if new is None else old + new
            for old, new in zip(total, own, strict=True)
        ]
    return total


def rollouts_of(
    policy: TrainablePolicy,
    world: Environment,
    tasks: Sequence[Task],
    rollouts: int,
    limits: Limits,
    say: Callable[[str], object] = lambda line: None,
) -> list[Group]:
    """Many trees of each task, with independent noise."""
    found = []
    with open_sandbox(limits) as sandbox:
        executor = Executor(world, policy, chosen(None, policy), limits, sandbox=sandbox)
        for place, task in enumerate(tasks):
            headers = [
                executor.header(TreeHeader(task, group=place, rollout=each)) for each in range(rollouts)
            ]
            found.append(Group(task, tuple(executor.run(headers)), index=place))
            say(f"rollouts: {place + 1} of {len(tasks)} tasks")
    return found


def measure_gradients(
    name: str = "tiny",
    tasks: int = 16,
    rollouts: int = 64,
    lam: float = 0.4,
    say: Callable[[str], object] = lambda line: None,
) -> dict[str, Any]:
    """Everything, as plain JSON.

    Args:
        name: the checkpoint: a policy for `load_policy`.
        tasks: of the train split, of the difficulty that training has.
        rollouts: of each task.

    Raises:
        ConfigError: they make too few batches of a shape.
    """
    for each, size in SHAPES:
        if (tasks // each) * (rollouts // size) < FEWEST:
            raise ConfigError(
                f"{tasks} tasks with {rollouts} rollouts make fewer than {FEWEST} batches of {each} x {size} trees: "
                "give more"
            )
    policy: Any = load_policy(name, temperature=1.0, device="cpu")
    fitting = suggested(policy)
    world = TextCraft.suited(fitting.player)
    groups = rollouts_of(policy, world, world.tasks("train")[:tasks], rollouts, fitting.train_limits, say)
    rows = rows_of(policy, groups, lam, say)
    return {
        "policy": policy.name,
        "lam": lam,
        "tasks": tasks,
        "rollouts": rollouts,
        "success": float(np.mean([tree.success == 1.0 for group in groups for tree in group.trees])),
        "shapes": [
            {"groups": shape[0], "trees": shape[1], "rules": compare(rows, *shape)} for shape in SHAPES
        ],
    }


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--policy", default="tiny", help="the checkpoint: a name or a folder")
    parser.add_argument("--tasks", type=int, default=16)
    parser.add_argument("--rollouts", type=int, default=64, help="of each task")
    parser.add_argument("--lam", type=float, default=0.4)
    parser.add_argument("--out", type=Path, help="write the figures to this file, as JSON")
    given = parser.parse_args(arguments)
    found = measure_gradients(
        given.policy, given.tasks, given.rollouts, given.lam, lambda line: sys.stderr.write(line + "\n")
    )
    if given.out is not None:
        given.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(table(found) + "\n")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except RaoLabError as error:
        sys.exit(str(error))

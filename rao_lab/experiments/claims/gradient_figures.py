"""Bias and variance of a gradient under several rules, from the gradients of log-probs by tree and depth.

`gradients.py` takes those and says what is reckoned. Here is the arithmetic, without torch.

Letters for shapes: M rows (a tree at a depth), T trees, K sums of a sketch, B batches, C rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BASELINES = ("none", "leave_one_out", "group_mean")
WEIGHTS = ("none", "inverse_frequency")
NORMALIZERS = ("fixed", "token")
PARTITIONS = 20
"""How often the rollouts are divided into batches. Figures are means over these; a standard error is that of one."""


@dataclass(frozen=True)
class Rows:
    """Gradients of log-probs by tree and depth, and what credit needs to know of them."""

    task: Ints
    """[T] Of each tree."""
    root_R: Floats
    """[T] R of each tree's root."""
    tree: Ints
    """[M] From 0; all rows of a tree stand together."""
    depth: Ints
    """[M]"""
    nodes: Ints
    """[M] Trained nodes."""
    tokens: Ints
    """[M] That they generated."""
    plain: NDArray[np.float32]
    """[M, K] Sum over the nodes of the gradient of their tokens' log-probs."""
    earned: NDArray[np.float32]
    """[M, K] The same, each node times its R."""

    @cached_property
    def starts(self) -> Ints:
        """[T + 1] The first row of each tree, and the number of rows."""
        return np.searchsorted(self.tree, np.arange(len(self.task) + 1))


@dataclass(frozen=True, slots=True)
class CreditRule:
    """A baseline, weights of depths, and what the loss is divided by."""

    baseline: str
    weights: str
    normalizer: str


def coefficients(
    rows: Rows, chosen: Ints, group: Ints, rule: CreditRule, fixed: float
) -> tuple[Ints, Floats, Floats]:
    """The rows of a batch, `[m]`, and the coefficients of their `earned` and of their `plain` gradient, `[m]` each.

    Args:
        chosen: the trees of the batch.
        group: the group of each of them.
        fixed: Z of the normalizer `fixed`.
    """
    R = rows.root_R[chosen]
    sums, counts = (np.bincount(group, weights=each)[group] for each in (R, np.ones(len(R))))
    b = {
        "none": np.zeros(len(R)),
        "group_mean": sums / counts,
        "leave_one_out": (sums - R) / np.maximum(counts - 1, 1),
    }[rule.baseline]
    mine = np.concatenate([np.arange(rows.starts[tree], rows.starts[tree + 1]) for tree in chosen])
    of_row = np.repeat(b, rows.starts[chosen + 1] - rows.starts[chosen])
    w = np.ones(len(mine))
    if rule.weights == "inverse_frequency":
        N = np.bincount(rows.depth[mine], weights=rows.nodes[mine])
        w = (N.sum() / (N > 0).sum() / np.maximum(N, 1))[rows.depth[mine]]
    scale = w / (fixed if rule.normalizer == "fixed" else rows.tokens[mine].sum())
    return mine, scale, -scale * of_row


def batches(rows: Rows, groups: int, size: int, dice: np.random.Generator) -> Iterator[tuple[Ints, Ints]]:
    """Divides all trees into independent batches, each of `groups` tasks with `size` trees: the trees, and the group of
    each. What is left over is in no batch."""
    tasks = int(rows.task.max()) + 1
    piles = [dice.permutation(np.flatnonzero(rows.task == task)) for task in range(tasks)]
    for start in range(0, min(map(len, piles)) - size + 1, size):
        order = dice.permutation(tasks)
        for first in range(0, tasks - groups + 1, groups):
            chosen = [piles[task][start : start + size] for task in order[first : first + groups]]
            yield np.concatenate(chosen), np.repeat(np.arange(groups), size)


def figures_of(gradients: NDArray[np.float32]) -> dict[str, Floats]:
    """Of the gradients of one partition, `[B, C, K]`, the first rule of which has no baseline: g is a batch's gradient,
    and d how far it lies from the first rule's. `[B + 1, C]` each: of all batches, then without one of them.

    - `along`: the mean d times the first rule's mean g;
    - `signal`: the square of the length of the mean g;
    - `variance`: of g, summed over all weights.

    No batch is multiplied with itself, so noise adds nothing to the first two.
    """
    g = gradients.astype(np.float64)
    many, first = len(g), g[:, :1]
    d = g - first
    G, D, F = g.sum(0), d.sum(0), first.sum(0)
    own = {"along": (d * first).sum(2), "signal": (g * g).sum(2)}
    whole = {"along": (D * F).sum(1), "signal": (G * G).sum(1)}
    left = {  # without one batch
        "along": whole["along"] - (d * F).sum(2) - (D * first).sum(2) + own["along"],
        "signal": whole["signal"] - 2 * (g * G).sum(2) + own["signal"],
    }
    found = {}
    for name, each in own.items():
        every = (whole[name] - each.sum(0)) / (many * (many - 1))
        less = (left[name] - (each.sum(0) - each)) / ((many - 1) * (many - 2))
        found[name] = np.concatenate([every[None], less])
    squares = own["signal"]
    mean = np.concatenate([squares.mean(0)[None], (squares.sum(0) - squares) / (many - 1)])
    return {**found, "variance": mean - found["signal"]}


def compare(
    rows: Rows, groups: int, size: int, partitions: int = PARTITIONS, seed: int = 0
) -> list[dict[str, Any]]:
    """Bias and variance of every rule for batches of one shape, with standard errors (jackknife over batches)."""
    dice = np.random.default_rng(seed)
    fixed = float(np.bincount(rows.tree, weights=rows.tokens).mean() * groups * size)
    found: list[dict[str, Any]] = []
    for weights, normalizer in product(WEIGHTS, NORMALIZERS):
        rules = [CreditRule(baseline, weights, normalizer) for baseline in BASELINES]
        parts = []
        for _ in range(partitions):
            divided = batches(rows, groups, size, dice)
            parts.append(figures_of(np.stack([_batch(rows, *each, rules, fixed) for each in divided])))
        for place, rule in enumerate(rules):
            figures = {
                "bias": [part["along"][:, place] / part["signal"][:, 0] for part in parts],
                "variance": [part["variance"][:, place] / part["variance"][:, 0] for part in parts],
                "batches": [part["variance"][:, place] / part["signal"][:, place] for part in parts],
            }
            found.append(asdict(rule) | {name: _told(values) for name, values in figures.items()})
    return found


def _batch(
    rows: Rows, chosen: Ints, group: Ints, rules: Sequence[CreditRule], fixed: float
) -> NDArray[np.float32]:
    """The gradient of a batch under each rule: `[C, K]`."""
    each = [coefficients(rows, chosen, group, rule, fixed) for rule in rules]
    mine = each[0][0]
    earned, plain = (np.stack([one[part] for one in each]).astype(np.float32) for part in (1, 2))
    total: NDArray[np.float32] = earned @ rows.earned[mine] + plain @ rows.plain[mine]
    return total


def _told(values: Sequence[Floats]) -> dict[str, float]:
    """Mean over partitions, and the mean standard error of one partition; `[B + 1]` each: whole, then without one."""
    errors = [
        np.sqrt((len(each) - 2) / (len(each) - 1) * ((each[1:] - each[1:].mean()) ** 2).sum())
        for each in values
    ]
    return {
        "value": round(float(np.mean([each[0] for each in values])), 5),
        "error": round(float(np.mean(errors)), 5),
    }


def table(found: Mapping[str, Any]) -> str:
    """Markdown. Bias as a share of the mean gradient without a baseline, in per cent, with its 95 % interval."""
    lines = [
        "| batch | depth weights | Z | baseline | bias, % of the gradient | variance, of that without a baseline | "
        "variance of a batch over the square of the mean |",
        "|---|---|---|---|---|---|---|",
    ]
    for shape in found["shapes"]:
        for rule in shape["rules"]:
            bias, variance, many = (rule[name] for name in ("bias", "variance", "batches"))
            wide = 1.96 * bias["error"]
            low, high = (100 * (bias["value"] + each) for each in (-wide, wide))
            shown = [f"{shape['groups']} x {shape['trees']}"]
            shown += [rule[name].replace("_", " ") for name in ("weights", "normalizer", "baseline")]
            said = (
                "0" if rule["baseline"] == "none" else f"{100 * bias['value']:+.1f} [{low:+.1f}, {high:+.1f}]"
            )
            spread = f"{variance['value']:.2f} ± {1.96 * variance['error']:.2f}"
            lines.append(f"| {' | '.join((*shown, said, spread))} | {many['value']:.1f} |")
    return "\n".join(lines)

"""What a training step reports: `TrainStep`, and its numbers counted from trees and attributions.

Every number is plain JSON; None if there is nothing to count, never NaN. Counts are over the training trees of
the step, on all processes; names that begin with `probe_` are over its probes. `scored` roots are what `success` is a
mean of.

    success, root_R          mean over scored roots          success_by_depth, success_by_difficulty
    R                        mean over scored nodes          gradient_share_by_depth
    nodes, depth             mean and maximum of a tree      nodes_by_depth, trained_by_depth
    children                 mean of a node                  delegating: share of nodes with children
    together                 share of launched nodes that were launched beside a sibling
    by_kind                  success, nodes, depth, launches and together by kind of question, if the world has kinds
    refusals, statuses       counts by kind                  unscored, untrained (by why_not)
    signs                    trained nodes by the sign of c  zero_variance_groups: share of groups
    merge_rate               turns in a sequence             tokens_in, tokens_out, tokens_per_second
    entropy                  mean nats of trained tokens     ratio, clip_share, logprob_difference
    loss, kl, grad_norm, learning_rate              badges: how often each was given (rl.BADGES)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rao_lab.base.words import counted, fixed
from rao_lab.credit import Attributions
from rao_lab.credit.diagnose import find_badges
from rao_lab.tree import Denominator, Group, Node, Tree
from rao_lab.tree.kinds import by_kind

Column = NDArray[Any]
Metrics = dict[str, Any]
"""Plain JSON by name: a number, None, or a flat dictionary of these."""


NO_SIGN = 1e-9
"""A coefficient c that is no larger counts as 0: R - b of equal numbers may leave dust."""


@dataclass(frozen=True, eq=False)
class TrainStep:
    """One step of training, or (step 0) the probes before the first.

    >>> step.step, len(step.groups), step.metrics["trees"]
    (1, 2, 4)
    >>> step.attributions[0].node
    '0'
    """

    step: int
    groups: tuple[Group, ...]
    """What was trained on; empty in step 0."""
    probes: tuple[Group, ...]
    """Sampled after the update with fixed noise; never trained."""
    attributions: Attributions | None
    """Of `groups`, the very numbers the loss multiplied; None in step 0."""
    metrics: Metrics
    seconds: dict[str, float] = field(default_factory=dict)
    """Wall-clock time by phase: generation, credit, update, probes, total. Pauses do not count."""
    warnings: tuple[str, ...] = ()

    @property
    def trees(self) -> tuple[Tree, ...]:
        """All trees of the step, probes last."""
        return tuple(tree for group in (*self.groups, *self.probes) for tree in group.trees)

    def scalars(self) -> dict[str, float]:
        """Its metrics that are numbers, for trackers: nested ones by names with a slash, such as "refusals/depth", and
        the seconds of each phase. What is not known is left out.

        >>> step.scalars()["trees"]
        4.0
        """
        return dict(_numbers({**self.metrics, "seconds": self.seconds}))

    @property
    def tree_counts(self) -> tuple[int, int]:
        """Trees of `groups` and of `probes`."""
        trained, probes = (sum(len(each.trees) for each in of) for of in (self.groups, self.probes))
        return trained, probes

    def __repr__(self) -> str:
        """Short: a cell that ends in a list of steps shows it, and the trees of one are megabytes."""
        success = self.metrics.get("success")
        trees, scored = self.metrics.get("trees"), self.metrics.get("scored")
        learned = f", success {fixed(success, 2)}" if isinstance(success, int | float) else ""
        if learned and scored is not None and scored != trees:
            learned += f" on {scored} of {trees}"
        trained, probes = self.tree_counts
        told = [counted(trained, "tree")] if trained or not probes else []
        told += [counted(probes, "probe tree")] if probes else []
        return f"<TrainStep {self.step}: {' and '.join(told)}{learned}>"


def _numbers(values: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, float]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _numbers(value, f"{above}{name}/")
        elif isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value):
            yield above + name, float(value)


def plain(value: float | np.floating[Any] | None) -> float | None:
    """A JSON number; None for NaN and infinities."""
    return None if value is None or not isfinite(value) else float(value)


def mean(values: Iterable[float | None]) -> float | None:
    """Mean of what is not None; None if all is."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def tree_metrics(groups: Sequence[Group]) -> Metrics:
    """Success and shape of the trees of a step."""
    trees = [tree for group in groups for tree in group.trees]
    nodes = [node for tree in trees for node in tree.nodes]
    launched = [node for node in nodes if node.parent is not None]
    kinds = by_kind(trees)
    refusals: Counter[str] = Counter()
    for node in nodes:
        refusals.update(node.refusals)
    return {
        "trees": len(trees),
        "success": mean(tree.success for tree in trees),
        "scored": sum(tree.success is not None for tree in trees),
        "fraction": mean(tree.root.fraction for tree in trees),
        "success_by_difficulty": success_by_difficulty(groups),
        "nodes": mean(len(tree) for tree in trees),
        "nodes_max": max((len(tree) for tree in trees), default=None),
        "depth": mean(tree.depth for tree in trees),
        "depth_max": max((tree.depth for tree in trees), default=None),
        "nodes_by_depth": _by_depth(Counter(node.depth for node in nodes)),
        "children": mean(len(node.children) for node in nodes),
        "delegating": mean(float(bool(node.children)) for node in nodes),
        "together": mean(float(node.together) for node in launched),
        "turns": mean(len(node.turns) for node in nodes),
        "refusals": dict(sorted(refusals.items())),
        "statuses": dict(sorted(Counter(node.status.value for node in nodes).items())),
        "tokens_in": sum(node.tokens_in for node in nodes),
        "tokens_out": sum(node.tokens_out for node in nodes),
        "not_reproducible": sum(bool(tree.not_reproducible) for tree in trees),
        **({"by_kind": {kind: part.to_dict() for kind, part in kinds.items()}} if kinds else {}),
    }


def success_by_difficulty(groups: Sequence[Group]) -> dict[str, dict[str, float | int | None]]:
    """For each difficulty, mean success of the scored roots, how many they are, and how many were not scored."""
    found: dict[str, list[float | None]] = {}
    for group in groups:
        found.setdefault(group.task.difficulty, []).extend(tree.success for tree in group.trees)
    return {
        name: {
            "success": mean(values),
            "tasks": sum(value is not None for value in values),
            "unscored": values.count(None),
        }
        for name, values in sorted(found.items())
    }


def probe_metrics(probes: Sequence[Group]) -> Metrics:
    """Success and shape of the probe trees; the names say so."""
    shape = tree_metrics(probes)
    kept = (
        "success",
        "scored",
        "success_by_difficulty",
        "nodes",
        "depth",
        "children",
        "tokens_out",
        "not_reproducible",
    )
    return {f"probe_{name}": shape[name] for name in kept} | {
        "probe_success_by_task": {
            group.task.id: mean(tree.success for tree in group.trees) for group in probes
        }
    }


def credit_metrics(groups: Sequence[Group], attributions: Attributions) -> Metrics:
    """What the nodes of a step earned, and which of them are trained."""
    table, trained = attributions.table, attributions.trained
    scored = np.isfinite(table.s)
    roots = table.parent < 0
    depths = range(int(table.depth.max(initial=-1)) + 1)
    c = attributions.c[trained]
    return {
        "R": _mean(attributions.R),
        "root_R": _mean(attributions.R[roots]),
        "success_by_depth": {
            str(depth): {"success": _mean(table.s[table.depth == depth]), "nodes": count}
            for depth in depths
            if (count := int((scored & (table.depth == depth)).sum()))
        },
        "gradient_share_by_depth": {
            str(depth): plain(np.nansum(attributions.share[table.depth == depth])) for depth in depths
        },
        "trained_by_depth": _by_depth(Counter(table.depth[trained].tolist())),
        "trained_nodes": int(trained.sum()),
        "trained_tokens": int(table.tokens[trained].sum()),
        "unscored": int((~scored).sum()),
        "untrained": dict(sorted(Counter(why for why in attributions.why_not if why).items())),
        "signs": {
            "negative": int((c < -NO_SIGN).sum()),
            "zero": int((np.abs(c) <= NO_SIGN).sum()),
            "positive": int((c > NO_SIGN).sum()),
        },
        "zero_variance_groups": mean(
            _alike(attributions.R[rows & roots]) for rows in _group_rows(attributions)
        ),
        "entropy": _entropy(groups, attributions),
        "badges": find_badges(groups, attributions).counts(),
    }


def _group_rows(attributions: Attributions) -> Iterable[Column]:
    labels = attributions.table.group_of
    return (labels == place for place in range(int(labels.max(initial=-1)) + 1))


def _alike(returns: Column) -> float | None:
    """1.0 if the scored roots of a group earned the same, otherwise 0.0; None if fewer than two are scored."""
    scored = returns[np.isfinite(returns)]
    return float(np.ptp(scored) < 1e-8) if len(scored) > 1 else None


def _entropy(groups: Sequence[Group], attributions: Attributions) -> float | None:
    """Mean entropy of the distributions that trained tokens were sampled from."""
    total, count = 0.0, 0
    nodes: Iterable[Node] = (node for group in groups for tree in group.trees for node in tree.nodes)
    for node, trained in zip(nodes, attributions.trained.tolist(), strict=True):
        if trained:
            for turn in node.turns:
                total += sum(turn.entropies)
                count += len(turn.entropies)
    return plain(total / count) if count else None


def _mean(values: Column) -> float | None:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else None


def _by_depth(counts: Mapping[int, int]) -> dict[str, int]:
    return {str(depth): counts[depth] for depth in sorted(counts)}


def speeds(metrics: Metrics, seconds: Mapping[str, float]) -> Metrics:
    """Tokens generated, and forwarded for training, per second of their phase."""
    made = {"generation": metrics["tokens_out"], "training": metrics["forwarded_tokens"]}
    phases = {"generation": "generation", "training": "update"}
    return {
        name: count / seconds[phases[name]] if seconds.get(phases[name]) else None
        for name, count in made.items()
    }


def unscored_warnings(groups: Sequence[Group], probes: Sequence[Group]) -> Iterator[str]:
    """What a share of successes leaves out, and why."""
    for name, part in (("trees", groups), ("probe trees", probes)):
        found = Denominator.of(tree for group in part for tree in group.trees)
        if found.unscored:
            yield f"success is of {found.words(name)}"


def step_warnings(metrics: Metrics, bound: float, half: bool = False) -> Iterator[str]:
    """What the reader of a step should know.

    Args:
        metrics: of the step. A gradient norm may still be infinite or NaN here.
        bound: largest difference of recorded and recomputed log-probs that is not worth a word.
        half: the weights are in half precision, whose rounding makes single tokens differ by more than the
            bound in every step: then the mean is held against it.
    """
    if "trained_tokens" in metrics:
        yield from _update_warnings(metrics, bound, half)
    for name, what in (("not_reproducible", "trees"), ("probe_not_reproducible", "probe trees")):
        if metrics.get(name):
            yield (
                f"{metrics[name]} {what} are not reproducible: a wall-clock limit fired in them, or a policy or "
                "a sandbox worker was lost"
            )


def _update_warnings(metrics: Metrics, bound: float, half: bool) -> Iterator[str]:
    gap = metrics["logprob_difference"]["mean" if half else "max"]
    if gap is not None and gap > bound:
        yield (
            f"recorded and recomputed log-probs differ by {'' if half else 'up to '}{gap:.3g} nats"
            f"{' on average' if half else ''}, above the bound "
            f"{bound:g}: the update is off-policy by that much"
        )
    if not metrics["trained_tokens"]:
        yield "no node could be trained in this step: the weights did not move"
    elif metrics["signs"]["zero"] == metrics["trained_nodes"]:
        yield "every node earned what it was compared with: this step had nothing to teach"
    elif not isfinite(metrics["grad_norm"]):
        yield "the gradient was not finite: this step's update was left out"


RATIO_COLUMNS = ("tokens", "difference_sum", "difference_max", "ratio_sum", "ratio_min", "ratio_max")
"""What one process counts over its forwarded tokens, then `clipped` and `k3` (sums)."""


def ratio_row(now: Column, recorded: Column, bounds: tuple[float, float] | None, k3: Column | None) -> Column:
    """One process's counts over its recomputed and recorded log-probs, both [n]; see `RATIO_COLUMNS`."""
    if not len(now):
        return np.array([0.0, 0.0, 0.0, 0.0, np.inf, -np.inf, 0.0, 0.0])
    apart = now.astype(np.float64) - recorded.astype(np.float64)
    ratio = np.exp(apart)
    low, high = bounds or (0.0, np.inf)
    clipped = ((ratio < low) | (ratio > high)).sum()
    gap = np.abs(apart)
    total = 0.0 if k3 is None else float(k3.astype(np.float64).sum())
    shape = [len(now), gap.sum(), gap.max(), ratio.sum(), ratio.min(), ratio.max(), clipped, total]
    return np.array(shape, np.float64)


def ratio_metrics(rows: Column, clips: bool, kl: bool) -> Metrics:
    """The counts [processes, columns] as metrics over all forwarded tokens; `RATIO_COLUMNS` names the columns."""
    tokens = rows[:, 0].sum()

    def share(column: int) -> float | None:
        return plain(rows[:, column].sum() / tokens) if tokens else None

    lowest, highest = plain(rows[:, 4].min()), plain(rows[:, 5].max())
    return {
        "forwarded_tokens": int(tokens),
        "logprob_difference": {"mean": share(1), "max": plain(rows[:, 2].max()) if tokens else None},
        "ratio": {"mean": share(3), "min": lowest, "max": highest},
        "clip_share": share(6) if clips else None,
        "kl": share(7) if kl else None,
    }

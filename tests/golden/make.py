"""Writes credit.json: `python -m tests.golden.make`. Its format is described in README.md beside it."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from rao_lab.credit import WHY_NOT, Attributions, CreditConfig, NodeTable, attribute_table

HERE = Path(__file__).resolve().parent
CREDIT = HERE / "credit.json"

REFUSED: tuple[tuple[dict[str, Any], tuple[str, ...]], ...] = (
    ({"bonus": "capped_sum"}, ("bonus", "cap")),
    ({"bonus": "mean", "cap": 0.4}, ("bonus", "cap")),
    ({"bonus": "min", "cap": 0.4}, ("bonus", "cap")),
    ({"estimator": "grpo_mean"}, ("estimator", "baseline")),
    ({"estimator": "grpo_mean", "baseline": "none"}, ("estimator", "baseline")),
    ({"estimator": "tree_relative", "baseline": "none"}, ("estimator", "baseline")),
    ({"estimator": "tree_relative", "baseline": "moving"}, ("estimator", "baseline")),
    ({"estimator": "grpo_mean", "baseline": "moving"}, ("estimator", "baseline")),
    ({"baseline": "moving", "std": True}, ("baseline", "std")),
    ({"decay": 0.5}, ("decay", "baseline")),
    ({"baseline": "moving", "decay": 1.0}, ("decay",)),
    ({"lam": -0.1}, ("lam",)),
    ({"bonus": "capped_sum", "cap": -1.0}, ("cap",)),
    ({"bonus": "sum"}, ("bonus",)),
    ({"estimator": "ppo"}, ("estimator",)),
    ({"baseline": "mean"}, ("baseline",)),
    ({"depth_weighting": "depth"}, ("depth_weighting",)),
)

Row = tuple[int, int, str, int, int, float | None, str, int]
"""group, tree, path, parent row, depth, s, status, tokens."""


def legal() -> list[CreditConfig]:
    """Every combination of the named settings that means something."""
    baselines = ("leave_one_out", "group_mean", "none", "moving")
    estimators = [*product(("rao", "rao_root_adv", "root_only"), baselines)]
    estimators += [("grpo_mean", "group_mean"), *product(("tree_relative",), ("leave_one_out", "group_mean"))]
    bonuses = (("mean", None), ("min", None), ("capped_sum", 0.5))
    weightings = ("inverse_frequency", "per_group", "none")
    return [
        CreditConfig(0.4, bonus, cap, estimator, baseline, std, weighting)
        for (estimator, baseline), (bonus, cap), std, weighting in product(
            estimators, bonuses, (False, True), weightings
        )
        if not (std and baseline == "moving")
    ]


MEANS = ((), (0.6, None, 0.45))
"""Means before the step, for rules with a moving baseline: of a first step, and of a later one."""


def means(config: CreditConfig, place: int) -> np.ndarray | None:
    """The means before the step of the case at this place."""
    if config.baseline != "moving":
        return None
    return np.array([np.nan if mean is None else mean for mean in MEANS[place % 2]], np.float64)


class Batch:
    """Grows one batch of trees, all from one seed."""

    def __init__(self, name: str, seed: int) -> None:
        self.name = name
        self.rows: list[Row] = []
        self.dice = random.Random(seed)
        self.fixed_success: float | None = None
        self.tokens = True

    def group(self, label: int, sizes: list[int]) -> Batch:
        """Adds a group with one tree of about each size."""
        for tree, size in enumerate(sizes):
            self._tree(label, tree, size)
        return self

    def _tree(self, group: int, tree: int, size: int) -> None:
        children: dict[str, int] = {}
        paths = ["0"]
        while len(paths) < size:
            above = self.dice.choice([path for path in paths if path.count(".") < 4])
            paths.append(f"{above}.{children.get(above, 0)}")
            children[above] = children.get(above, 0) + 1
        paths.sort(key=lambda path: [int(part) for part in path.split(".")])
        first = len(self.rows)
        place = {path: first + index for index, path in enumerate(paths)}
        for path in paths:
            above = path.rpartition(".")[0]
            s, status = self._end(root=not above)
            spoken = self.tokens and self.dice.random() > 0.08
            count = self.dice.randint(1, 60) if spoken else 0
            self.rows.append((group, tree, path, place.get(above, -1), path.count("."), s, status, count))

    def _end(self, root: bool) -> tuple[float | None, str]:
        """How a node ended and what it scored (decision 3)."""
        chance = self.dice.random()
        if chance < 0.1:
            return None, "error"
        if chance < 0.18 and not root:
            return 0.0, "cancelled"
        if chance < 0.28:
            limits = ("turn_limit", "context_limit", "tree_limit", "timeout")
            return 0.0, self.dice.choice(limits)
        if self.fixed_success is not None:
            return self.fixed_success, "finished"
        scores: list[float | None] = [1.0, 1.0, 0.0, None, round(self.dice.random(), 3)]
        return self.dice.choice(scores), "finished"

    def table(self) -> NodeTable:
        group, tree, path, parent, depth, s, status, tokens = zip(*self.rows, strict=True)
        return NodeTable(
            group=np.array(group, np.int32),
            tree=np.array(tree, np.int32),
            path=list(path),
            parent=np.array(parent, np.int32),
            depth=np.array(depth, np.int32),
            s=np.array([np.nan if score is None else score for score in s], np.float64),
            status=list(status),
            tokens=np.array(tokens, np.int64),
        )


def batches() -> Iterator[tuple[Batch, list[CreditConfig]]]:
    """Each batch with the settings it is attributed under."""
    every = legal()
    lone = [config for config in every if config.baseline != "leave_one_out"]  # of trees that are alone
    more = [
        CreditConfig(),
        CreditConfig(lam=0.0),
        CreditConfig(lam=1.5, bonus="min", std=True),
        CreditConfig.preset("platoon_sum"),
        CreditConfig(estimator="tree_relative", std=True),
        CreditConfig(baseline="moving", decay=0.5),
    ]
    yield Batch("small: every legal combination", 1).group(0, [4, 3, 1]).group(1, [2, 6, 3]), every
    yield (
        Batch("three groups of four", 2).group(0, [9, 1, 5, 3]).group(1, [2, 2, 8, 4]).group(2, [1, 1, 1, 6]),
        [*more, *every[0::11]],
    )
    ragged = Batch("ragged groups, labels with gaps", 3)
    yield ragged.group(7, [3]).group(2, [5, 4]).group(30, [2, 7, 1, 4, 3]), [*more, *every[3::11]]
    alike = Batch("returns alike: every finished node scores 1", 4)
    alike.fixed_success = 1.0
    yield alike.group(0, [1, 1, 1]).group(1, [3, 2, 4]), [*more, *every[5::11]]
    silent = Batch("a policy without tokens", 5)
    silent.tokens = False
    yield silent.group(0, [4, 5, 2]).group(1, [3, 3, 3]), [*more, *every[7::11]]
    yield (
        Batch("one tree a group", 6).group(0, [5]).group(1, [3]).group(2, [1]),
        [more[3], more[5], *lone[0::9]],
    )
    yield (
        Batch("a wider step", 7).group(0, [12, 9, 14, 7, 3, 1, 8, 10]).group(1, [6, 4, 11, 2, 9, 3, 1, 5]),
        more,
    )


def column(values: np.ndarray) -> list[float | int | None]:
    """A column for JSON: NaN as None, whole floats without their ".0"."""
    plain = (None if value != value else value for value in values.tolist())
    return [int(value) if value is not None and value == int(value) else value for value in plain]


def case(
    table: NodeTable, config: CreditConfig, share_by: Any, moving: np.ndarray | None = None
) -> dict[str, Any]:
    found = attribute_table(table, config, share_by, moving=moving)
    known = {} if moving is None else {"moving": column(moving)}
    names = ("bonus", "R", "b", "A", "w", "c", "share")
    numbers = {name: column(getattr(found, name)) for name in names}
    ends = {"why": found.why_code.tolist(), "depth_counts": found.depth_counts.tolist()}
    return {"config": config.to_dict(), "share_by": share_by, **known, **numbers, **ends}


def children(found: Attributions) -> dict[str, Any]:
    return {name: column(getattr(found, name)) for name in ("scored_children", "child_mean", "child_min")}


def golden() -> dict[str, Any]:
    made = []
    for batch, configs in batches():
        table = batch.table()
        columns = {
            "group": table.group.tolist(),
            "tree": table.tree.tolist(),
            "path": table.path,
            "parent": table.parent.tolist(),
            "depth": table.depth.tolist(),
            "s": column(table.s),
            "status": table.status,
            "tokens": table.tokens.tolist(),
        }
        bare = attribute_table(table, CreditConfig(baseline="none"))
        cases = [
            case(table, config, ("token", "node")[i % 2], means(config, i))
            for i, config in enumerate(configs)
        ]
        made.append({"name": batch.name, "table": columns, "children": children(bare), "cases": cases})
    refused = [{"config": config, "fields": list(names)} for config, names in REFUSED]
    return {"format": 1, "why_not": list(WHY_NOT), "batches": made, "refused": refused}


def written(value: dict[str, Any]) -> str:
    """Compact JSON with one case a line, so that a change shows where it is."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return text.replace('{"config":', '\n{"config":').replace('{"name":', '\n{"name":') + "\n"


if __name__ == "__main__":
    CREDIT.write_text(written(golden()), encoding="utf-8")

"""What-if in JavaScript is the trainer's arithmetic: thousands of random batches through both."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from rao_lab.credit import WHY_NOT, CreditConfig, NodeTable, attribute_table
from rao_lab.errors import ConfigError

BATCHES = 2200


def random_table(random: Random) -> NodeTable:
    """A few groups of small trees with every kind of end, unscored roots and nodes without tokens."""
    rows: list[tuple[int, int, str, int, int, float, str, int]] = []
    sizes = random.choice([(2, 2), (3, 4), (1, 3), (4, 2)])
    tokens = random.random() < 0.9
    for group in range(sizes[0]):
        for tree in range(random.randint(1, sizes[1]) if random.random() < 0.2 else sizes[1]):
            first = len(rows)
            children: dict[int, int] = {}
            for place in range(random.randint(1, 9)):
                above = -1 if place == 0 else random.randrange(first, len(rows))
                spawn = children.get(above, 0)
                children[above] = spawn + 1
                path = "0" if above < 0 else f"{rows[above][2]}.{spawn}"
                depth = 0 if above < 0 else rows[above][4] + 1
                status = random.choices(["finished", "turn_limit", "error", "cancelled"], [8, 1, 1, 1])[0]
                s = random.choice([0.0, 1.0, 1.0, random.random()])
                score = {"turn_limit": 0.0, "cancelled": 0.0, "error": np.nan}.get(status, s)
                if random.random() < 0.05:
                    score = np.nan if status != "cancelled" else score
                count = random.choice([0, 3, 50, 700]) if tokens else 0
                rows.append((group, tree, path, above, depth, score, status, count))
    order = sorted(
        range(len(rows)), key=lambda r: (rows[r][0], rows[r][1], [*map(int, rows[r][2].split("."))])
    )
    new = {old: place for place, old in enumerate(order)}
    picked = [rows[old] for old in order]
    return NodeTable(
        group=np.array([r[0] for r in picked], np.int32),
        tree=np.array([r[1] for r in picked], np.int32),
        path=[r[2] for r in picked],
        parent=np.array([new.get(r[3], -1) for r in picked], np.int32),
        depth=np.array([r[4] for r in picked], np.int32),
        s=np.array([r[5] for r in picked]),
        status=[r[6] for r in picked],
        tokens=np.array([r[7] for r in picked], np.int64),
    )


def configs() -> list[CreditConfig]:
    found = []
    for bonus, estimator, baseline, std, weights in product(
        ("mean", "min", "capped_sum"),
        ("rao", "rao_root_adv", "grpo_mean", "root_only"),
        ("leave_one_out", "group_mean", "none"),
        (False, True),
        ("inverse_frequency", "per_group", "none"),
    ):
        cap = 0.7 if bonus == "capped_sum" else None
        try:
            found.append(CreditConfig(0.4, bonus, cap, estimator, baseline, std, weights))  # type: ignore[arg-type]
        except ConfigError:
            continue
    return found


def plain(column: np.ndarray) -> list[Any]:
    return [None if np.isnan(value) else float(value) for value in column]


def case(table: NodeTable, config: CreditConfig, share_by: str) -> dict[str, Any]:
    found = attribute_table(table, config, share_by)  # type: ignore[arg-type]
    columns = {name: plain(getattr(found, name)) for name in ("bonus", "R", "b", "A", "w", "c", "share")}
    return {"config": config.to_dict(), "share_by": share_by, **columns, "why": found.why_code.tolist()}


@pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed")
def test_both_halves_agree_to_1e9_on_thousands_of_random_batches(repo: Path, tmp_path: Path) -> None:
    random = Random(20260509)
    rules = configs()
    batches = []
    for number in range(BATCHES):
        table = random_table(random)
        config = random.choice(rules)
        config = CreditConfig(
            **{**config.to_dict(), "lam": random.choice([0.0, 0.4, 1.0, random.random() * 2])}
        )
        if config.baseline == "leave_one_out" and np.bincount(table.group_of[table.tree_starts]).max() < 2:
            continue
        item = case(table, config, random.choice(["token", "node"]))
        found = attribute_table(table, config)
        columns = {
            name: getattr(table, name).tolist() for name in ("group", "tree", "parent", "depth", "tokens")
        }
        batches.append(
            {
                "name": f"random {number}",
                "table": {**columns, "path": table.path, "s": plain(table.s), "status": table.status},
                "children": {"child_mean": plain(found.child_mean), "child_min": plain(found.child_min)},
                "cases": [item],
            }
        )
    path = tmp_path / "batches.json"
    path.write_text(json.dumps({"why_not": list(WHY_NOT), "batches": batches}))
    command = ["node", str(repo / "widgets/test/agree.js"), str(path)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ}).stdout
    found = json.loads(answer)
    assert found["wrong"] == [] and found["cases"] > 2000 and found["largest"] <= 1e-9

"""The Group view: what a group gave to the update, in numbers and in words, here and in the browser alike."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rao_lab.credit import CreditConfig
from rao_lab.tree import Group, Status
from rao_lab.views.explorer.from_records import credited_table
from rao_lab.views.explorer.group_facts import depth_facts, group_facts, roots_of
from rao_lab.views.explorer.group_words import depth_sentence, group_sentence, list_sentence
from rao_lab.views.explorer.table import StepTable
from rao_lab.views.explorer.widget import Explorer
from tests.support.trees import Plan, group_of, random_group, showcase_group, together


def root(s: float | None, *children: Plan, status: Status = Status.FINISHED) -> Plan:
    return Plan("Craft: 2x a1", s, status, launches={1: together(*children)} if children else {}, turns=2)


def odd_groups() -> list[Group]:
    """A step in which each group is another case."""
    leaf = root(1.0)
    plans: dict[str, list[Plan]] = {
        "medium 011": [root(0.0) for _ in range(8)],
        "medium 031": [root(0.0, leaf, root(0.0)) for _ in range(4)],
        "medium 040": [root(1.0, leaf)],
        "medium 041": [root(1.0, leaf), root(0.0), root(None, root(0.0), status=Status.ERROR), root(0.5)],
        "medium 042": [root(None, status=Status.ERROR) for _ in range(2)],
        "medium 072": [root(1.0), root(1.0)],
        "medium 080": [root(1.0, leaf), root(0.0)],
    }
    made = [group_of(each, name, "Craft: 2x a1", 3, 0) for name, each in plans.items()]
    probe = replace(group_of([root(0.0), root(0.0)], "medium 090", "Craft: 2x a1", 3, 0), probe=True)
    found = [showcase_group(step=3), *made, random_group(3, size=14, step=3), probe]
    return [replace(group, index=index) for index, group in enumerate(found)]


@pytest.fixture(scope="module")
def table() -> StepTable:
    return credited_table(odd_groups(), 3, CreditConfig())


def said_of(table: StepTable, task: str) -> str:
    fact = next(fact for fact in group_facts(table) if fact.task == task)
    return group_sentence(fact, table.config)


def test_a_group_says_what_it_taught_and_if_nothing_why(table: StepTable) -> None:
    nothing = "every advantage is 0, and this group taught nothing."
    assert said_of(table, "medium 011") == (
        f"All eight roots reach 0.00, and none has children: {nothing} No agent in it succeeded."
    )
    assert said_of(table, "medium 072").endswith("taught nothing. Every agent in it succeeded.")
    alike = said_of(table, "medium 031")
    assert alike.startswith(
        "All four roots reach 0.20, so no root has an advantage; 8 nodes below them have one"
    )
    assert said_of(table, "medium 040") == "Not trained: there is no other scored root to compare with."
    assert said_of(table, "medium 041").endswith("One of its roots is not scored.")
    assert said_of(table, "medium 042") == "Not trained: none is scored."
    assert "never trained" in said_of(table, "medium 090")
    plain = replace(table, credit=None)
    assert said_of(plain, "medium 031").startswith("All four trees have ended. Roots stand at their s")
    assert said_of(plain, "medium 040").startswith("Its one tree has ended.")
    said = list_sentence(group_facts(table), True)
    assert "In one of three the nodes below differ, so the group is trained all the same" in said
    assert "Four of nine groups taught nothing" in said


def test_what_a_group_makes_of_the_update_adds_up_with_what_the_depths_make(table: StepTable) -> None:
    groups, depths = group_facts(table), depth_facts(table)
    assert sum(fact.share for fact in groups) == pytest.approx(1)
    assert sum(row.share for row in depths) == pytest.approx(1)
    assert sum(row.nodes for row in depths) == sum(fact.trained for fact in groups)
    # Weights off are the shares of the rule without weights.
    config = CreditConfig(depth_weighting="none")
    bare = depth_facts(credited_table(odd_groups(), 3, config))
    assert [row.other for row in depths] == pytest.approx([row.share for row in bare])
    assert [row.share for row in depths] == pytest.approx([row.other for row in bare])


def test_the_sentence_of_the_depths_is_what_is_seen() -> None:
    from rao_lab.views.explorer.group_facts import DepthFact

    def rows(*each: tuple[int, float, float]) -> list[DepthFact]:
        return [DepthFact(d, nodes, share, off, 1, 1) for d, (nodes, share, off) in enumerate(each)]

    look = rows((128, 0.243, 0.082), (402, 0.234, 0.246), (736, 0.257, 0.496), (254, 0.266, 0.176))
    assert depth_sentence(look, True) == (
        "Without weights, depth 2 takes half of the update because it has half of the nodes. "
        "With them each depth counts about the same."
    )
    far = rows((10, 0.6, 0.9), (90, 0.4, 0.1))
    assert "depth 0 takes 90 % of the update; it has 10 % of the nodes" in depth_sentence(far, True)
    assert depth_sentence(far, True).endswith("With them depth 0 takes most, 60 %.")
    assert depth_sentence(far, False).startswith("Weights are off: depth 0 takes 60 %")
    assert "weights of depth change nothing" in depth_sentence(rows((5, 1.0, 1.0)), True)
    assert "move no weights" in depth_sentence(rows((5, 0.0, 0.0), (2, 0.0, 0.0)), True)
    assert depth_sentence([], True) == ""


def test_an_explorer_prints_its_group() -> None:
    explorer = Explorer(odd_groups(), view="group", title="runs/a.rao")
    text = str(explorer)
    assert "medium 017: Craft the following items: 2x m5_i3, 1x c3_i2" in text
    assert "  tree 2               6           2        0.20        0.95       −0.75" in text
    assert "  medium 011              0.00    8/8           alike, taught nothing" in text
    assert "because it has" in text or "it has" in text
    assert max(map(len, text.splitlines())) <= 100
    explorer.close()


@pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed")
def test_the_browser_says_the_same(repo: Path, tmp_path: Path) -> None:
    rules = [
        CreditConfig(),
        CreditConfig(estimator="root_only", baseline="group_mean", depth_weighting="none"),
        CreditConfig(estimator="grpo_mean", baseline="group_mean", std=True, depth_weighting="per_group"),
        CreditConfig(baseline="none", lam=0.0),
        CreditConfig(estimator="tree_relative"),
        CreditConfig(estimator="rao_root_adv", baseline="moving"),
        CreditConfig(estimator=lambda nodes: nodes.R - nodes.R),
    ]
    tables = [credited_table(odd_groups(), 3, rule) for rule in rules]
    tables.append(replace(tables[0], credit=None))
    file = tmp_path / "steps.json"
    file.write_text(json.dumps([_wire(table) for table in tables]))
    command = ["node", str(repo / "widgets/test/groupwords.js"), str(file)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout
    for table, theirs in zip(tables, json.loads(answer), strict=True):
        facts, depths = group_facts(table), depth_facts(table)
        assert theirs["groups"] == [group_sentence(fact, table.config) for fact in facts]
        assert theirs["list"] == list_sentence(facts, table.credit is not None)
        assert theirs["depths"] == depth_sentence(depths, table.config.depth_weighting != "none")
        ours = [[row.share, row.other] for row in depths]
        assert np.allclose(np.array(theirs["shares"]), np.array(ours))
        roots = [
            [[root.at, root.b, root.A, root.depth] for root in roots_of(table, fact.group)] for fact in facts
        ]
        got = np.array([each for group in theirs["roots"] for each in group], dtype=float)
        assert np.allclose(got, np.array([each for group in roots for each in group]), equal_nan=True)


def _wire(table: StepTable) -> dict[str, Any]:
    head, buffers = table.snapshot()
    return {"head": head, "buffers": [base64.b64encode(part).decode() for part in buffers]}

"""Claim (d): recorded trees are replayed with siblings together and one by one."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

import rao_lab as rl
from rao_lab.environments.textcraft.environment import TextCraft
from rao_lab.execution.sandbox import Sandbox
from rao_lab.experiments.claims.clock import from_columns, replay_both, serial_ratio, to_columns
from rao_lab.tree import Tree
from tests.support.growing import grow_one
from tests.support.worlds import Shelf

BOTH = (
    "import asyncio\n"
    "r = await asyncio.gather(launch_subagent('a'), launch_subagent('b'))\n"
    "finish('ok' if r[1] == 'ok' else r)"
)
FIRST = "n = put(1)\nfinish('ok' if n == 1 else 'late')"
HELPED = "n = put(1)\nif n == 1:\n    r = await launch_subagent('c')\nfinish('ok')"


@pytest.fixture(scope="module")
def tiny() -> rl.TransformerPolicy:
    return rl.load_policy("tiny", device="cpu")


@pytest.fixture(scope="module")
def shelf() -> Iterator[list[Tree]]:
    """Two trees whose second child comes first to the shelf when both run together."""
    with Sandbox(workers=1) as sandbox:
        yield [
            grow_one(
                sandbox,
                {"0": [BOTH], "0.0": [FIRST], "0.1": [second], "0.1.0": ["finish(1)"]},
                delays={"0.0": 5},
            )
            for second in (FIRST, HELPED)
        ]


def test_both_ways_decode_the_recorded_ids_and_the_ratio_is_of_their_sums(tiny: rl.TransformerPolicy) -> None:
    world = TextCraft("medium")
    tasks = [world.tasks("test")[place] for place in (8, 10)]
    trees = rl.evaluate(world, tiny, tasks=tasks, temperature=1.0, progress=False).trees
    written = tiny.written
    told: list[tuple[int, int]] = []
    alone, team = rows = replay_both(trees, world, tiny, lambda *done: told.append(done))
    assert [row.together for row in rows] == [0, 4] and told == [(1, 2), (2, 2)]
    assert [row.ticks for row in rows] == [tree.ended_tick for tree in trees]
    assert alone.serial_ticks == alone.ticks and alone.serial_seconds == alone.seconds
    assert team.ticks < team.serial_ticks <= sum(node.decode_steps for node in trees[1].nodes)
    assert all(row.same and not row.changed and row.seconds > 0 for row in rows)
    tokens = [sum(node.trainable_tokens for node in tree.nodes) for tree in trees]
    assert (
        tiny.written - written == 2 * tokens[0] + 7 * tokens[1]
    )  # one to warm up; together 1 + 3, one by one 3
    assert from_columns(json.loads(json.dumps(to_columns(rows)))) == rows
    found = serial_ratio(rows, seeds=[0, 1])
    assert found.ticks and found.seconds and (found.ticks.items, found.ticks.seeds) == (2, 2)
    assert found.ticks.value == pytest.approx((alone.ticks + team.ticks) / (alone.ticks + team.serial_ticks))
    assert found.ticks.low < found.ticks.value < found.ticks.high


def test_trees_whose_outcome_changes_with_the_order_are_counted(
    shelf: list[Tree], tiny: rl.TransformerPolicy
) -> None:
    rows = replay_both(shelf, Shelf(), tiny)
    assert [(row.same, row.changed, row.root_changed) for row in rows] == [
        (True, True, True),
        (False, True, False),
    ]
    found = serial_ratio(rows)
    assert (found.trees, found.left_out, found.changed, found.root_changed) == (1, 1, 1, 1)
    assert found.ticks and found.ticks.trees == 1
    assert "on 1 of 2 trees; " in found.words and "the order changed the outcome of 1" in found.words
    nothing = serial_ratio(rows[1:])
    assert nothing.ticks is None and nothing.words.startswith("nothing to compare of")

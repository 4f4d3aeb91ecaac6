"""A step that is told event by event ends with the columns of the finished step."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest

from rao_lab.credit import attribute
from rao_lab.training.metrics import TrainStep
from rao_lab.tree import Tree
from rao_lab.tree.fold import Fold, fold
from rao_lab.views.explorer.from_records import table_of_step
from rao_lab.views.explorer.live_step import LiveStep
from tests.support.trees import events_of, header_of, random_plan, showcase_group, showcase_plan
from tests.support.wire import column


def test_deltas_in_any_portions_give_the_columns_of_the_finished_tree() -> None:
    plan = showcase_plan()
    header = header_of("medium 017", plan.goal, 1, 0, 0)
    events = events_of(plan, header)
    live = LiveStep(1)
    rows: dict[int, list[Any]] = {}
    words: list[str] = []
    for start in range(0, len(events), 7):
        for event in events[start : start + 7]:
            live.event(header, event)
        message = live.delta()
        assert message is not None and message["seq"] == start // 7 + 1
        words += message["words"]
        for row, *values in message["rows"]:
            rows[row] = values
    assert live.delta() is None
    head, buffers = live.snapshot()
    assert sorted(rows) == [*range(14)] and words == head["words"]
    for name, values in zip(
        message["fields"], zip(*(rows[row] for row in range(14)), strict=True), strict=True
    ):
        np.testing.assert_array_equal(column(head, buffers, name), np.array(values, float))
    assert head["trees"][0]["ended"] is not None


def test_rows_of_a_live_step_keep_their_numbers_when_credit_comes() -> None:
    group = showcase_group()
    live = LiveStep(1)
    for tree, plan_seed in zip(group.trees, range(8), strict=True):
        builder = Fold(tree.header)
        for event in _events(tree, plan_seed):
            builder.add(event)
            live.event(tree.header, event)
    before = live.whole()
    live.end(table_of_step(TrainStep(1, (group,), (), attribute([group]), {})))
    after = live.whole()
    assert after.path == before.path
    assert after.columns["tree"].tolist() == before.columns["tree"].tolist()
    head, buffers = live.snapshot()
    row = [*zip(after.columns["tree"].tolist(), after.path, strict=True)].index((2, "0.1"))
    assert column(head, buffers, "A")[row] == pytest.approx(-0.5333333)


def _events(tree: Tree, seed: int) -> list[Any]:
    """Events that fold to this tree; enough of them for structure and scores."""
    from rao_lab.tree import Finished, Scored, Spawned

    made: list[Any] = []
    for node in tree.walk():
        made.append(
            Spawned(
                len(made), 0, 0.0, node.path, node.parent, node.parent_turn, 0, node.together, node.depth,
                node.goal, {}, "", 0,
            )
        )  # fmt: skip
    for node in reversed(list(tree.walk())):
        made.append(Finished(len(made), 1, 1.0, node.path, node.status, node.value, ""))
        made.append(Scored(len(made), 1, 1.0, node.path, node.success, node.success_source, None))
    return made


def test_a_tree_whose_beginning_was_missed_waits_until_it_arrives_whole() -> None:
    header = header_of("t", "make", 1, 0, 0)
    events = events_of(random_plan(Random(3), 6), header)
    live = LiveStep(1)
    for event in events[4:]:
        live.event(header, event)
    assert len(live.whole()) == 0
    live.tree(fold(header, events))
    assert len(live.whole()) == len(fold(header, events)) and live.alive == 0

"""A finished step as columns: every node, with the trainer's own credit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rao_lab.credit import CreditConfig, attribute
from rao_lab.tree import Group, Node, Status, Task, Tree, TreeHeader
from rao_lab.views.explorer.from_records import credited_table
from rao_lab.views.explorer.table import PROBE
from tests.support.trees import header_of, random_group, showcase_group, showcase_plan, tree_of, unfinished
from tests.support.wire import column


def test_a_snapshot_holds_every_node_and_the_trainers_own_credit() -> None:
    group = showcase_group()
    table = credited_table([group], 1)
    head, buffers = table.snapshot()
    found = attribute([group])
    assert head["n"] == sum(map(len, group.trees)) == 48
    assert column(head, buffers, "A").tolist() == found.A.tolist()
    assert column(head, buffers, "c").tolist() == found.c.tolist()
    assert column(head, buffers, "why").tolist() == found.why_code.tolist()
    assert column(head, buffers, "depth")[:6].tolist() == [0, 1, 2, 2, 1, 2]


def test_a_goal_travels_once_however_many_nodes_share_it() -> None:
    table = credited_table([showcase_group()], 1)
    head, _ = table.snapshot()
    assert len(head["words"]) == len(set(head["words"])) < 14


def test_a_limit_scores_zero_and_an_error_nothing() -> None:
    nodes = (
        Node("0", status=Status.TURN_LIMIT, success=None, children=("0.0",), ended=1.0),
        Node("0.0", "0", depth=1, status=Status.ERROR, success=None, ended=1.0),
    )
    tree = Tree(TreeHeader(Task("t", "g")), nodes, ended=1.0)
    head, buffers = credited_table([Group(tree.task, (tree,))], 0, CreditConfig(baseline="none")).snapshot()
    s = column(head, buffers, "s")
    assert s[0] == 0.0 and np.isnan(s[1])


def test_one_tree_alone_has_returns_and_no_advantage() -> None:
    group = Group(Task("t", "g"), (tree_of(showcase_plan()),))
    table = credited_table([group], 1)
    head, buffers = table.snapshot()
    assert np.isnan(column(head, buffers, "A")).all()
    assert column(head, buffers, "R")[0] == pytest.approx(1.4 - 0.4 / 3)
    assert set(column(head, buffers, "why").tolist()) == {5}  # no_baseline
    assert "no baseline" in head["note"]


def test_probes_are_shown_and_never_credited() -> None:
    groups = [showcase_group(), replace(random_group(3, step=1, index=0, probe=True), index=0)]
    table = credited_table(groups, 1)
    head, buffers = table.snapshot()
    probe = column(head, buffers, "tree") >= 8
    assert np.isnan(column(head, buffers, "A")[probe]).all()
    assert set(column(head, buffers, "why")[probe].tolist()) == {PROBE}
    assert not np.isnan(column(head, buffers, "A")[~probe]).any()


def test_a_tree_that_still_runs_is_shown_without_credit() -> None:
    plan = showcase_plan()
    tree = unfinished(plan, header_of("medium 017", plan.goal, 1, 0, 0), 0.4)
    group = Group(tree.task, (tree,))
    table = credited_table([group], 1)
    head, _ = table.snapshot()
    assert head["scored"] is False and head["trees"][0]["ended"] is None

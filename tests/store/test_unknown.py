"""What nobody recorded stays unknown in a run file, in the columns and in the views: never 0."""

from __future__ import annotations

from array import array
from dataclasses import replace
from pathlib import Path

import numpy as np

from rao_lab.credit import attribute, tabulate
from rao_lab.store import RunWriter, open_run
from rao_lab.tree import Group, Node, Status, Task, Tree, TreeHeader, Turn
from rao_lab.tree.codec import tree_from_json, tree_to_json
from rao_lab.views import Explorer
from rao_lab.views.explorer.from_records import credited_table
from rao_lab.views.explorer.node_text import node_text
from tests.support.wire import column


def timeless(rollout: int, success: float) -> Tree:
    """As another program may have written it: no times, no window, ids of one node and none of the other."""
    nobody = {"started": None, "waiting_seconds": None}
    ids = {"prompt_ids": array("i", [1, 2]), "sampled_ids": array("i", [3, 4, 5])}
    floats = dict.fromkeys(("logprobs", "entropies"), array("f", [-1.0, -2.0, -0.5]))
    one = Turn(1, text="a", children=("0.0",), **nobody, **ids, **floats)
    root = Node(
        *("0", None),
        turns=(one,),
        status=Status.FINISHED,
        success=success,
        success_source="verifier",
        children=("0.0",),
        started=None,
        window=-1,
    )
    child = Node(
        *("0.0", "0", 0, 1),
        depth=1,
        turns=(Turn(1, text="b", **nobody),),
        status=Status.FINISHED,
        success=1.0,
        success_source="verifier",
        started=None,
    )
    return Tree(TreeHeader(Task("t", "g"), rollout=rollout), (root, child))


def group() -> Group:
    return Group(Task("t", "g"), (timeless(0, 1.0), timeless(1, 0.0)))


def test_unknown_times_and_windows_survive_a_run_file(tmp_path: Path) -> None:
    shown = group()
    found = attribute([shown])
    with RunWriter(tmp_path / "a.rao", {"kind": "trees"}) as writer:
        writer.begin_step(0)
        for tree in shown.trees:
            writer.tree_done(tree)
        writer.end_step(0, found)
    with open_run(tmp_path / "a.rao") as run:
        assert tuple(summary.load() for summary in run.trees()) == shown.trees
        columns = run.node_table(0)
        for name in ("started", "ended", "compute_seconds", "waiting_seconds"):
            assert np.isnan(getattr(columns, name)).all(), name
        assert columns.credit_table().tokens.tolist() == tabulate([shown]).tokens.tolist() == [3, 0, 3, 0]
        kept = run.attributions(0)
        assert kept.c.tobytes() == found.c.tobytes()
    assert tree_from_json(tree_to_json(shown.trees[0])) == shown.trees[0]


def test_views_say_that_a_time_and_a_count_are_unknown() -> None:
    shown = group()
    table = credited_table([shown], 0)
    assert table.credit is not None, "a tree without times has ended all the same"
    head, buffers = table.snapshot()
    assert np.isnan(column(head, buffers, "started")).all()
    said = node_text(shown.trees[0].node("0.0"))["turns"][0]
    assert (said["started"], said["ended"], said["waiting"]) == (None, None, None)
    lines = str(shown.trees[0]).splitlines()
    assert lines[2].split()[-1] == "3" and lines[3].split()[-1] == "—"
    assert "0.0" in str(Explorer([shown]))
    assert shown.trees[0].root.compute_seconds is None
    timed = replace(shown.trees[0].root, started=0.0, turns=())
    assert timed.compute_seconds == 0.0 and timed.waiting_seconds == 0.0

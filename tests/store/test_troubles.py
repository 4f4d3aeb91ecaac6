"""Which nodes of a step were refused something or have no success, read without their trees."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rao_lab.store import Run, RunWriter, open_run, trouble_of
from rao_lab.tree import Call, Status, Tree, Turn
from rao_lab.views.explorer.from_run import RunSource
from rao_lab.views.explorer.log_answer import log_answer
from rao_lab.views.explorer.question import Asked
from rao_lab.views.explorer.source import Source
from tests.support.trees import showcase_group

REFUSED = Turn(
    1,
    calls=(
        Call("a", error="no \x1b such"),
        Call("b", error="child failed", child="0.0"),
        Call("c", result=1),
    ),
)


def recorded(path: Path) -> tuple[Run, Tree]:
    """A step of two trees: the first has a refused root, and a child whose judge was lost."""
    first, second = showcase_group(step=1).trees[:2]
    root = replace(
        first.root,
        refusals={"depth": 2, "own goal": 1},
        turns=(*first.root.turns, replace(REFUSED, index=len(first.root.turns) + 1)),
    )
    lost = [
        replace(
            node,
            success=None,
            success_source=None,
            fraction=None,
            status=Status.ERROR,
            reason="the judge was lost",
        )
        if node.path == "0.0"
        else node
        for node in first.nodes
    ]
    first = replace(first, nodes=tuple(root if node.path == "0" else node for node in lost))
    with RunWriter(path, {}) as writer:
        writer.begin_step(1)
        for tree in (first, second):
            writer.tree_done(tree)
        writer.end_step(1, None, {})
    return open_run(path), first


def test_a_run_tells_them_as_their_trees_do(tmp_path: Path) -> None:
    run, tree = recorded(tmp_path / "a.rao")
    found = run.troubles(1)
    ours = [each for each in found if each.tree_id == found[0].tree_id]
    assert ours == [each for node in tree.nodes if (each := trouble_of(found[0].tree_id, node))]
    assert (found[0].path, found[0].refusals, found[0].told) == (
        "0",
        {"depth": 2, "own goal": 1},
        ("no \x1b such",),
    )
    assert ("0.0", False, "the judge was lost") in [(each.path, each.scored, each.why) for each in found]
    assert len(run.troubles(1, most=1)) == 1


def test_the_log_of_a_step_names_task_tree_and_node_and_is_the_same_from_records(tmp_path: Path) -> None:
    run, _ = recorded(tmp_path / "a.rao")
    source = RunSource(run)
    answer, _ = log_answer(Asked(source, source.table, 1))
    group, tree, place, node, kind, count, why = answer["rows"][0]
    assert (group, tree, place, node, kind, count) == (0, 1, 0, "0", "depth", 2)
    assert "\x1b" not in why and why.startswith("no ")
    assert [0, 1, 0, "0.0", "not scored", 1, "the judge was lost"] in answer["rows"]
    assert Source.troubles(source, source.table(1), 99) == run.troubles(1)  # as of what is no file

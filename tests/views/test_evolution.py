"""The same tasks over training: which come back, what their trees are, where two part, and what travels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import rao_lab as rl
from rao_lab.store import tried_tasks
from rao_lab.tree import Group
from rao_lab.views.evolution import columns as evolution_columns
from rao_lab.views.evolution.columns import MOST_NODES, column_of, columns_of
from rao_lab.views.explorer.answers import answer
from rao_lab.views.explorer.shown import source_of
from tests.support.trees import bare_tree, random_group, showcase_group


def probes(step: int) -> list[Group]:
    """Two probe tasks with three trees each, the same tasks at every step."""
    seeds = [100 * step + 1, 100 * step + 2]
    return [
        random_group(seed, 3, 3 + step, step, 5 + place, f"medium {place:03}", probe=True)
        for place, seed in enumerate(seeds)
    ]


@pytest.fixture(scope="module")
def groups() -> list[Group]:
    return [each for step in (0, 2, 4) for each in (*probes(step), showcase_group(step=step))]


def test_a_row_a_task_and_a_column_a_step(groups: list[Group]) -> None:
    found = rl.evolution(groups)
    assert (found.steps, found.tasks) == ([0, 2, 4], ["medium 000", "medium 001"])
    assert len(found.trees) == 18
    for row in found.trees:
        tree = found.tree(row.step, row.task, row.tree)
        launched = [node for node in tree.nodes if node.parent is not None]
        assert (row.s, row.nodes, row.depth) == (tree.success, len(tree), tree.depth)
        assert row.delegating == sum(bool(node.children) for node in tree.nodes)
        assert row.together == sum(node.together for node in launched)
    for step in found.trends:
        own = [found.tree(step.step, task, tree) for task in found.tasks for tree in (1, 2, 3)]
        assert step.nodes == pytest.approx(sum(map(len, own)) / 6)
        assert step.solved == pytest.approx(sum(tree.success or 0 for tree in own) / 6)
        assert step.low is not None and step.high is not None and step.low <= step.solved <= step.high  # type: ignore[operator]


def test_without_probes_the_tasks_that_came_back_are_shown_and_what_never_did_is_said() -> None:
    again = rl.evolution([showcase_group(step=1), showcase_group(step=3)])
    assert (again.steps, again.columns.kind) == ([1, 3], "training")
    found = again.diff(1, 3)
    assert found.pairs[0].earned[0] is not None  # trained trees have a return, which probes have not
    once = rl.evolution([showcase_group(step=1)])
    assert once.steps == [] and "probe_every" in str(once)
    with pytest.raises(rl.ConfigError, match="choose one of probes, training"):
        rl.evolution([showcase_group()], of="all")


def test_trees_and_steps_that_are_not_there_are_named(groups: list[Group]) -> None:
    found = rl.evolution(groups)
    for call in (
        lambda: found.tree(1),
        lambda: found.tree(0, "medium 017"),
        lambda: found.tree(0, 7),
        lambda: found.diff(0, 2, 0, 4),
    ):
        with pytest.raises(rl.MissingError):
            call()


def test_a_long_run_leaves_out_every_second_step_and_keeps_those_it_had(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(evolution_columns, "MOST_STEPS", 4)
    kept = [evolution_columns._thinned(range(count)) for count in range(1, 20)]
    assert all(len(each) <= 5 and each[0] == 0 and each[-1] == count for count, each in enumerate(kept))
    assert kept[7] == [0, 2, 4, 6, 7] and kept[8] == [0, 4, 8]


def test_a_large_tree_sends_its_shallow_nodes_and_says_how_many_it_has() -> None:
    tree = bare_tree(3 * MOST_NODES)
    group = Group(tree.task, (tree,), tree.header.step, 0, probe=True)
    source = source_of([group])
    column = column_of(source, columns_of(source), tree.header.step)
    assert (len(column.table), column.nodes) == (MOST_NODES, (len(tree),))
    parent = column.table.columns["parent"]
    assert (parent < np.arange(len(parent))).all() and (parent[1:] >= 0).all()
    [row] = rl.evolution([group]).trees
    assert (row.nodes, row.depth) == (len(tree), tree.depth)


def test_the_text_shows_tasks_by_steps_and_where_the_first_parts(groups: list[Group]) -> None:
    explorer = rl.Explorer(groups, view="evolution", step=2)
    said = str(explorer)
    explorer.close()
    assert said.splitlines()[0] == "<Explorer: evolution>"
    assert "2 probe tasks; 3 steps" in said and "> 2" in said
    assert "tree 1: step 0 (<) against step 2 (>)" in said and "first divergence" in said
    assert all(len(line) <= 100 for line in said.splitlines())


@pytest.mark.parametrize("args", [["evolution", [""]], ["evolution_column", ["probes", 2, "medium 000"]]])
def test_answers_are_plain_and_name_their_arrays(groups: list[Group], args: list[object]) -> None:
    source = source_of(groups)
    what, given = args
    found, buffers = answer(source, source.table, {"what": what, "step": None, "args": given})
    value = found["value"]
    if what == "evolution":
        assert value["steps"] == [0, 2, 4] and value["tasks"][0]["task"] == "medium 000"
    else:
        assert len(buffers) == len(value["head"]["columns"]) and value["task"] == [0, 0, 0]
        assert len(buffers[0]) == 4 * value["head"]["n"] == 4 * sum(value["nodes"])


def test_a_pair_tells_where_the_trees_part_and_a_wrong_question_why_there_is_none(
    groups: list[Group],
) -> None:
    source = source_of(groups)

    def ask(*args: object) -> dict[str, object]:
        asked = {"what": "evolution_pair", "step": None, "args": [*args]}
        return answer(source, source.table, asked)[0]

    value = ask("probes", "medium 000", 1, 0, 4)["value"]
    assert isinstance(value, dict)
    diff = rl.evolution(groups).diff(0, 4)
    assert diff.first_action is not None
    assert (value["parting"]["a"], value["parting"]["turn"]) == (diff.first_action.a, diff.first_action.turn)
    assert [row["depth"] for row in value["rows"]] == [row.depth for row in diff.rows]
    assert "no step 3" in str(ask("probes", "medium 000", 1, 0, 3)["why"])
    assert "a text is due" in str(ask(1, 2, 3, 4, 5)["why"]) and "choose one of" in str(
        ask("x", "y", 1, 0, 4)["why"]
    )


def test_a_saved_page_carries_the_columns_and_the_pairs(groups: list[Group], tmp_path: Path) -> None:
    explorer = rl.Explorer(groups, view="evolution")
    explorer.save_html(tmp_path / "a.html")
    explorer.close()
    page = (tmp_path / "a.html").read_text()
    for key in ('evolution_column [\\"probes\\",0,', 'evolution_pair [\\"probes\\",\\"medium 001\\",1,0,4]'):
        assert key in page, key


def test_a_run_and_its_figure(groups: list[Group], tmp_path: Path) -> None:
    figure = rl.figures.evolution(rl.evolution(groups))
    assert len(figure.data) == 7  # six trends, and the interval of the first
    assert "probe_every" in rl.figures.evolution([showcase_group()]).layout.annotations[0].text


def test_a_run_file_of_the_first_format_lists_its_probes(repo: Path) -> None:
    with rl.open_run(repo / "tests/data/run_v1.rao") as run:
        found = rl.evolution(run)
        assert (found.steps, found.tasks, len(found.trees)) == ([0], ["medium 137"], 1)
        assert found.trees[0].nodes == len(found.tree(0))
        summaries = [each for each in run.trees(probe=False) if not each.fork]
        trained = {(each.step, each.task) for each in tried_tasks(run, probe=False)}
        assert trained == {(each.step, each.task) for each in summaries if each.nodes and not each.running}

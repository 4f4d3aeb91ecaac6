"""A step that lacks a tree, and a tree that lacks rows, are never read as if they were whole."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from rao_lab.api.export import credit_of, export_run
from rao_lab.credit import attribute
from rao_lab.errors import RunFileError
from rao_lab.store import RunWriter, export_copy, open_run, salvage
from rao_lab.views.explorer.from_run import RunSource
from tests.support.run_files import copy_of, forging, record
from tests.support.trees import random_group

GROUPS = [random_group(seed, size=3, nodes=4, step=3, index=seed) for seed in range(2)]
WHOLE = [tree for group in GROUPS for tree in group.trees]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    steps = {1: [random_group(5, size=2, nodes=3, step=1)], 3: GROUPS}
    steps[2] = [random_group(6, size=1, nodes=2, step=2, probe=True)]
    return record(tmp_path_factory.mktemp("whole") / "a.rao", dict(sorted(steps.items())))


def forged(whole: Path, folder: Path, *queries: str) -> Path:
    path = copy_of(whole, folder)
    with forging(path) as connection:
        for query in queries:
            assert connection.execute(query).rowcount == 1
    return path


LOST_TREES = (
    "UPDATE trees SET done = 4611686018427387904 WHERE id = 9",
    "UPDATE trees SET done = 0 WHERE id = 9",
    "UPDATE trees SET nodes = NULL WHERE id = 9",
    "UPDATE trees SET step = 4611686018427387904 WHERE id = 9",
    "UPDATE trees SET step = 1, grp = 7 WHERE id = 9",
    "UPDATE trees SET origin = 4611686018427387904 WHERE id = 9",
    "UPDATE trees SET origin = limits WHERE id = 9",
    "UPDATE trees SET probe = 1 WHERE id = 9",
    "UPDATE trees SET grp = 7 WHERE id = 9",
    "DELETE FROM trees WHERE id = 9",
)


@pytest.mark.parametrize("query", LOST_TREES)
def test_a_step_without_one_of_its_trees_gives_no_credit_and_shows_the_rest(
    whole: Path, tmp_path: Path, query: str
) -> None:
    path = forged(whole, tmp_path, query)
    report = salvage(path, tmp_path / "b.rao")
    assert any("step 3" in line or "tree 9" in line for line in report.problems)
    assert "nothing was damaged" not in str(report)
    for file in (path, tmp_path / "b.rao"):
        check_incomplete(file, tmp_path / f"{file.stem}.json")


def check_incomplete(path: Path, out: Path) -> None:
    """Step 3 has no credit by other rules, and all that is left of it can be seen; step 1 is whole."""
    with open_run(path) as run:
        for read in (run.groups, run.node_table, lambda step: credit_of(run, step, {"lam": 0.0})):
            with pytest.raises(RunFileError, match=r"step 3 of .\.rao is incomplete: (tree|group)") as caught:
                read(3)
            assert "--salvage" not in str(caught.value)
        trained = [tree for tree in run.trees(3, probe=False) if not (tree.fork or tree.running)]
        left = run.groups(3, partial=True)
        assert 5 <= sum(map(len, left)) <= len(trained)
        table = RunSource(run).table(3)
        assert (table.state, table.credit) == ("incomplete", None) and run.missing(3) in table.note
        assert len(table.trees) >= 5
        assert len(run.attributions(3)) == sum(len(tree) for tree in WHOLE)  # as its training multiplied
        assert (run.missing(1), len(run.groups(1)[0])) == ("", 2)
    assert "step 3 is incomplete, and left without credit: " in export_run(path, out)
    steps = {each["step"]: each for each in json.loads(out.read_text())["steps"]}
    assert steps[3]["groups"] and steps[3]["credit"] is None and steps[1]["credit"]


def test_a_lost_probe_is_named_at_opening_and_after_a_salvage_too(whole: Path, tmp_path: Path) -> None:
    path = forged(whole, tmp_path, "UPDATE trees SET done = 2 WHERE probe = 1")
    with open_run(path) as run:
        assert "tree 3 of step 2 cannot be read (its done is 2: 0 or 1 is due)" in run.problems
        with pytest.raises(RunFileError, match="its done is 2"):
            run.groups(2, probe=True)
    for made, source in (("b", path), ("c", tmp_path / "b.rao")):  # a salvage of a salvage knows it, too
        salvage(source, tmp_path / f"{made}.rao")
        with open_run(tmp_path / f"{made}.rao") as run:
            assert run.missing(2) == "1 tree could not be read when the file was salvaged"
            assert (RunSource(run).table(2).state, run.problems) == ("lost", [])
    with RunWriter(tmp_path / "c.rao", {}, resume=True) as writer:  # the step is made anew
        writer.rewind(1)
        writer.begin_step(2)
        writer.end_step(2)
    assert open_run(tmp_path / "c.rao").missing(2) == ""


LOST_ROWS = (
    "UPDATE tokens SET tree = 4611686018427387904 WHERE tree = 9 AND place = 0",
    "UPDATE nodes SET tree = 4611686018427387904 WHERE tree = 9 AND place = "
    "(SELECT max(place) FROM nodes WHERE tree = 9)",
    "UPDATE turns SET tree = 4611686018427387904 WHERE tree = 9 AND place = 0 AND turn = "
    "(SELECT max(turn) FROM turns WHERE tree = 9 AND place = 0)",
    "UPDATE trees SET nodes = nodes + 1 WHERE id = 9",
    "UPDATE trees SET turns = 4611686018427387904 WHERE id = 9",
    "UPDATE trees SET tokens_in = tokens_in - 1 WHERE id = 9",
    "UPDATE trees SET tokens_out = NULL WHERE id = 9",
)


@pytest.mark.parametrize("query", LOST_ROWS)
def test_a_tree_without_some_of_its_rows_is_refused(whole: Path, tmp_path: Path, query: str) -> None:
    path = forged(whole, tmp_path, query)
    with open_run(path) as run:
        with pytest.raises(RunFileError, match="tree 9"):
            run.groups(3)
        with pytest.raises(RunFileError, match="tree 9"):
            run.tree(9)
        if "trees SET tokens" not in query:  # these are of all its nodes together
            with pytest.raises(RunFileError, match="tree 9"):
                run.node(9, "0")
        if query.startswith("UPDATE trees"):  # the columns are held against the tree's counts too
            with pytest.raises(RunFileError, match="tree 9"):
                run.node_table(3, partial=True)
    report = salvage(path, tmp_path / "b.rao")
    assert (report.trees, report.lost_trees) == (8, 1)
    assert report.problems[0].startswith("tree 9 is not whole: it has ")
    check_incomplete(tmp_path / "b.rao", tmp_path / "b.json")


def test_a_step_that_was_cut_off_is_sound(tmp_path: Path) -> None:
    group = random_group(1, size=3, step=1)
    with RunWriter(tmp_path / "a.rao", {}) as writer:
        writer.begin_step(1)
        for tree in group.trees[:2]:
            writer.tree_done(tree)
    with open_run(tmp_path / "a.rao") as run:
        assert run.groups(1) == [replace(group, trees=group.trees[:2])]
        assert (run.trees(1), run.problems)[1] == []


def test_credit_of_some_groups_says_nothing_of_the_others(tmp_path: Path) -> None:
    groups = [random_group(seed, size=2, step=1, index=seed) for seed in range(2)]
    with RunWriter(tmp_path / "a.rao", {}) as writer:
        writer.begin_step(1)
        for group in groups:
            for tree in group.trees:
                writer.tree_done(tree)
        writer.end_step(1, attribute(groups[:1]))
    export_copy(tmp_path / "a.rao", tmp_path / "b.rao")
    assert open_run(tmp_path / "b.rao").groups(1) == groups

"""What is not in a run file is said by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rao_lab.credit import CreditConfig
from rao_lab.errors import ConfigError, MissingError, RunFileError, UnavailableError
from rao_lab.store import RunWriter, open_run
from tests.support.run_files import record
from tests.support.trees import random_group


def test_missing_things_are_named(tmp_path: Path) -> None:
    run = open_run(record(tmp_path / "a.rao", {1: [], 2: []}))
    with pytest.raises(MissingError, match=r"a\.rao has no step 7: it has the steps 1 to 2"):
        run.groups(7)
    with pytest.raises(MissingError, match="has no tree 5"):
        run.tree(5)
    with pytest.raises(MissingError, match=r"step 1 of a\.rao has no attributions"):
        run.attributions(1)
    with pytest.raises(RunFileError, match="no text 99"):
        run.texts([99])


def test_ids_may_be_numbers_of_numpy(tmp_path: Path) -> None:
    """As the columns carry them."""
    group = random_group(1, size=3)
    run = open_run(record(tmp_path / "a.rao", {1: [group]}))
    columns = run.node_table(1)
    assert run.tree(columns.tree_id[-1]) == group.trees[-1]
    assert run.node(columns.tree_id[0], "0") == group.trees[0].root
    for step in np.array([1]):
        assert run.groups(step) == [group]
        assert len(run.trees(step)) == 3
        assert len(run.attributions(step)) == len(run.node_table(step)) == len(columns)


@pytest.mark.parametrize("wrong", ["1", None, 1.5, [1], slice(1, 2)])
def test_what_is_no_number_names_no_step_and_no_tree(tmp_path: Path, wrong: Any) -> None:
    run = open_run(record(tmp_path / "a.rao", {1: []}))
    asked = [run.groups, run.node_table, run.attributions, run.tree, run.changes_since]
    asked += [lambda it: run.node(it, "0"), lambda it: run.texts([it])]
    for ask in asked + [run.trees] * (wrong is not None):
        with pytest.raises(MissingError, match="is named by a whole number, not by"):
            ask(wrong)


@pytest.mark.parametrize("wrong", [5, None, np.array(5), len])
def test_what_is_no_list_names_no_texts(tmp_path: Path, wrong: Any) -> None:
    run = open_run(record(tmp_path / "a.rao", {1: []}))
    with pytest.raises(MissingError, match="texts are named by a list of whole numbers, not by"):
        run.texts(wrong)


@pytest.mark.parametrize("wrong", [{"lam": 0.2}, {}, "rao", 0, CreditConfig])
def test_what_is_no_credit_config_asks_for_no_credit(tmp_path: Path, wrong: Any) -> None:
    group = random_group(1, size=3)
    run = open_run(record(tmp_path / "a.rao", {1: [group]}))
    with pytest.raises(ConfigError, match=r"by a CreditConfig, not by .*: CreditConfig\.from_dict makes one"):
        run.attributions(1, wrong)
    assert len(run.attributions(1, run.attributions(1).config)) == len(run.attributions(1))


@pytest.mark.parametrize("step", [-1, 99, 2**70])
def test_a_step_that_is_not_there_has_no_trees_either(tmp_path: Path, step: int) -> None:
    run = open_run(record(tmp_path / "a.rao", {1: [], 2: []}))
    with pytest.raises(MissingError, match="it has the steps 1 to 2"):
        run.trees(step)
    with pytest.raises(RunFileError, match="there is no text"):
        run.texts([2**70])


@pytest.mark.parametrize("path", ["0.9", "1", "", "0.1.", "\ud800", "ü", None])
def test_a_node_that_is_not_there_is_missing(tmp_path: Path, path: Any) -> None:
    run = open_run(record(tmp_path / "a.rao", {1: [random_group(1, size=2, nodes=2)]}))
    with pytest.raises(MissingError, match="no node"):
        run.node(1, path)


def test_closed_doors_say_so(tmp_path: Path) -> None:
    record(tmp_path / "a.rao", {1: []})
    with open_run(tmp_path / "a.rao") as run:
        pass
    with pytest.raises(RunFileError, match="was closed here"):
        run.groups(1)
    writer = RunWriter(tmp_path / "b.rao", {})
    writer.close()
    writer.close()
    with pytest.raises(UnavailableError, match="is closed"):
        writer.begin_step(1)

"""A run as data frames: words, keys that join, and the credit that training multiplied by."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from rao_lab.errors import ConfigError, MissingError, UnavailableError
from rao_lab.store import Run, frames, open_run


@pytest.fixture(scope="module")
def run(repo: Path) -> Run:
    return open_run(repo / "data/pathologies/as_it_should_be.rao")


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_rows_are_nodes_turns_trees_and_steps_and_they_join(run: Run, library: str) -> None:
    pytest.importorskip(library)
    nodes, turns, trees, steps = (
        run.frame(kind, library=library) for kind in ("nodes", "turns", "trees", "steps")
    )
    assert len(nodes) == sum(each.nodes for each in run.steps)
    assert len(trees) == len(run.trees()) and len(steps) == len(run.steps)
    kept: Any = {tuple(key) for key in nodes[["step", "tree", "node"]].to_numpy().tolist()}
    assert {tuple(key) for key in turns[["step", "tree", "node"]].to_numpy().tolist()} == kept
    assert sum(nodes["turns"].to_list()) == len(turns)
    assert set(nodes["tree"].to_list()) == set(trees["tree"].to_list())
    assert steps["success"].to_list()[-1] == run.metrics[-1]["success"]


def test_the_credit_is_that_of_training_and_missing_if_there_is_none(run: Run) -> None:
    pytest.importorskip("pandas")
    nodes = run.frame("nodes", steps=12)
    trained = run.attributions(12)
    own = nodes[~nodes["probe"]]
    assert own["node"].tolist() == trained.table.path
    for name in ("R", "A", "share"):
        for mine, theirs in zip(own[name], getattr(trained, name), strict=True):
            assert mine == theirs or (math.isnan(mine) and math.isnan(theirs))
    assert own["address"].tolist() == [f"12:{each.group}.{each.tree}/{each.node}" for each in trained]
    probes = nodes[nodes["probe"]]
    assert len(probes) and probes["A"].isna().all() and probes["trained"].isna().all()
    assert nodes["goal"].str.startswith("Craft").all()
    roots = run.frame("trees", steps=[12]).set_index("tree")["A"]
    for tree, A in own[own["parent"].isna()].set_index("tree")["A"].items():
        assert roots[tree] == A or (math.isnan(roots[tree]) and math.isnan(A))


def test_what_is_asked_amiss_is_said(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match=r"'leaves' is unknown: choose one of nodes, turns, trees, steps"):
        run.frame("leaves")
    with pytest.raises(ConfigError, match="choose one of pandas, polars, pyarrow"):
        run.frame(library="dask")
    with pytest.raises(MissingError, match="no step 99"):
        run.frame(steps=99)
    monkeypatch.setattr(frames, "find_spec", lambda name: None)
    with pytest.raises(UnavailableError, match="pip install pandas"):
        run.frame()

"""Controls of the claims: bases that are made, credit rules that are functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rao_lab.api.defaults import SCRIPTED, TINY, suggested
from rao_lab.api.run import run
from rao_lab.credit import CreditConfig, attribute
from rao_lab.environments.textcraft.environment import TextCraft
from rao_lab.errors import ConfigError, UnavailableError
from rao_lab.experiments.claims import bases
from rao_lab.experiments.claims.behaviour import COLUMNS, Measure, pushed_down
from rao_lab.experiments.claims.rules import node_cost, rejection
from rao_lab.experiments.tiny import make
from rao_lab.experiments.tiny.behaviour import Behaviour
from rao_lab.policies.load import load_policy
from rao_lab.tree import Group
from tests.credit.test_credit import FAMILY, TASK, node, shown, tree


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Recipes of one step, a cache of its own, and what is said."""
    brief = {
        name: replace(each, model=replace(each.model, steps=1, batch=4)) for name, each in make.BASES.items()
    }
    monkeypatch.setattr(make, "BASES", brief)
    monkeypatch.setenv("RAO_LAB_CACHE", str(tmp_path))
    return []


def test_a_base_is_made_once_and_played_in_its_own_window(short: list[str]) -> None:
    folder = bases.base("wide", short.append)
    before = make.checksum(folder), (folder / make.RECORD).stat().st_mtime_ns
    assert bases.base("wide", short.append) == folder
    assert (make.checksum(folder), (folder / make.RECORD).stat().st_mtime_ns) == before
    assert [entry.name for entry in folder.parent.iterdir()] == [folder.name]
    fitting = suggested(load_policy(str(folder), device="cpu"))
    assert fitting.limits == replace(TINY.limits, context_window=256)
    assert fitting.train_limits == replace(TINY.train_limits, context_window=256)
    assert suggested(load_policy("tiny", device="cpu")) == TINY


def test_a_changed_recipe_makes_another_base(short: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    folder = bases.base("eager", short.append)
    changed = replace(make.BASES["eager"], behaviour=Behaviour(delegate_all=0.9))
    monkeypatch.setattr(make, "BASES", {"eager": changed})
    assert bases.base("eager", short.append) != folder


def test_a_base_that_cannot_be_kept_or_is_unknown_is_refused_in_one_line(
    short: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(
        ConfigError, match="base='narrow' is unknown: choose one of tiny, tiny-aggregation, wide"
    ):
        bases.base("narrow")
    (tmp_path / "file").touch()
    monkeypatch.setenv("RAO_LAB_CACHE", str(tmp_path / "file"))
    with pytest.raises(UnavailableError, match="RAO_LAB_CACHE names another folder"):
        bases.base("eager", short.append)


def test_recipes_differ_from_the_bundled_one_in_what_they_are_for_alone() -> None:
    usual = make.BASES["tiny"]
    assert make.BASES["wide"].model == replace(usual.model, window=256)
    assert set(make.BASES["wide"].behaviour.solo_tiers) == {1, 2, 3, 4}
    assert replace(make.BASES["wide"].behaviour, solo_tiers=usual.behaviour.solo_tiers) == usual.behaviour
    assert make.BASES["eager"] == replace(usual, behaviour=replace(usual.behaviour, delegate_all=1.0))


RULES: list[tuple[Callable[..., Any], dict[str, list[Any]]]] = [
    (
        rejection,  # the one tree whose root succeeded
        {"A": [1, 1, 1, 1, *[None] * 4], "w": [1, 1, 1, 1, *[None] * 4]},
    ),
    (
        # R is 1, 1, 0, 0, -, 0, 0, .5; below are 4, 1, 0, 0, 0, 1, 0, 0 nodes; so R of roots is .8, -.05, .5
        node_cost,
        {
            "b": [*[0.225] * 5, *[0.65] * 2, 0.375],
            "A": [0.575, 0.725, -0.225, -0.225, None, -0.7, None, 0.125],
            "w": [2 / 3, 1, 2, 1, None, 2 / 3, None, 2 / 3],
        },
    ),
]


@pytest.mark.parametrize(("rule", "columns"), RULES, ids=lambda each: getattr(each, "__name__", ""))
def test_the_credit_rules_of_controls_worked_out_by_hand(
    rule: Callable[..., Any], columns: dict[str, list[Any]]
) -> None:
    found = attribute([FAMILY], CreditConfig(lam=0.0, estimator=rule))
    for name, wanted in columns.items():
        assert shown(getattr(found, name)) == wanted, name
    assert found.why_not[4] == "unscored"
    assert found.why_not[6] == "cancelled"


def test_an_agent_that_delegates_whatever_can_be_made_is_measured_as_that() -> None:
    world, policy = TextCraft("medium"), load_policy("tiny", device="cpu")
    scripted = load_policy("scripted", style="per_ingredient")
    limits = replace(SCRIPTED.limits, context_window=128)
    measure = Measure(world, policy)
    trees = [run(task, world, scripted, limits=limits, progress=False) for task in world.tasks("test")[:6]]
    found = measure(trees)
    assert found == Measure(world, policy)(trees) == measure(trees)
    cells = {name: dict(zip(COLUMNS, row, strict=True)) for name, row in found["cells"].items()}
    assert sum(cell["nodes"] for cell in cells.values()) == sum(map(len, trees))
    for name, cell in cells.items():
        assert cell["every_part"] == cell["with_parts"] == cell["delegated"], name
        assert cell["parts"] == cell["parts_delegated"] == cell["children"], name
        assert cell["succeeded"] == cell["nodes"], name
        assert (cell["delegated"] == 0) == (name.split()[1] == "1"), name
    for tier, depths in found["depths"].items():
        assert [*depths] == [str(int(tier) - 1)]
    tiers = {world.labels(tree.task)["tier"] for tree in trees}
    assert {name.split()[1] for name in cells if name.startswith("root")} == {str(tier) for tier in tiers}
    how = {kind: {name.split()[1] for name in cells if name.endswith(kind)} for kind in ("fits", "not")}
    assert how["fits"] == {*map(str, range(1, 5))} and how["not"]
    kept = {cell.split()[0] for cells in found["items"].values() for cell in cells}
    assert kept == how["fits"] & how["not"]  # tiers of which some fit and some do not


def test_leaves_that_did_well_and_are_pushed_down_are_counted() -> None:
    family = tree(node("0", 1.0, children=2), node("0.0", 1.0), node("0.1", 0.0))
    alone, lost = tree(node("0", 1.0)), tree(node("0", 0.0, children=1), node("0.0", 1.0))
    # R of the roots 1.2, 1, 0.4; b of the first tree 0.7, of a second like it 0.8 and more with more of them
    assert pushed_down(attribute([Group(TASK, (family, alone, lost))])) == {"leaves": 1, "negative": 0}
    assert pushed_down(attribute([Group(TASK, (family, family))])) == {"leaves": 2, "negative": 2}
    assert pushed_down(attribute([Group(TASK, (alone, lost))])) == {"leaves": 0, "negative": 0}

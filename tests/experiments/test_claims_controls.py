"""Controls of the claims: bases that are made, credit rules that are functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rao_lab.api.defaults import TINY, suggested
from rao_lab.credit import CreditConfig, attribute
from rao_lab.errors import ConfigError, UnavailableError
from rao_lab.experiments.claims import bases
from rao_lab.experiments.claims.rules import node_cost, rejection
from rao_lab.experiments.tiny import make
from rao_lab.experiments.tiny.behaviour import Behaviour
from rao_lab.policies.load import load_policy
from tests.credit.test_credit import FAMILY, shown


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
    with pytest.raises(ConfigError, match="base='narrow' is unknown: choose one of tiny, wide, eager"):
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

"""The demo: what it trains, and what it refuses before it begins; `make demo` runs it whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest

from rao_lab.api.defaults import TINY
from rao_lab.errors import RaoLabError
from rao_lab.experiments.demo import DemoConfig, run_demo
from rao_lab.store import open_run
from rao_lab.tree import Tree


def test_both_agents_train_on_the_same_root_tasks_with_equal_budgets() -> None:
    config = DemoConfig(Path("a.rao"), seed=4)
    team, solo = config.training(TINY, "recursive", 9), config.training(TINY, "flat", 9)
    assert solo == replace(
        team, agent="flat", limits=replace(team.limits, max_turns=team.limits.max_tree_turns)
    )


class Silent:
    """A board that fails the test if anything begins."""

    def __getattr__(self, name: str) -> NoReturn:
        raise AssertionError(f"{name}: something was run")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"steps": 0}, "steps=0 means nothing"),
        ({"out": "taken.rao"}, r"taken\.rao exists already"),
        ({"out": "half.rao"}, r"half-flat\.rao exists already"),
        ({"out": "taken.rao/below/a.rao"}, "cannot be written"),
    ],
)
def test_what_would_end_the_demo_in_the_middle_is_said_before_it_begins(
    changes: dict[str, Any], words: str, tmp_path: Path
) -> None:
    for name in ("taken.rao", "half-flat.rao"):
        (tmp_path / name).touch()
    config = DemoConfig(tmp_path / changes.pop("out", "a.rao"), **changes)
    with pytest.raises(RaoLabError, match=words):
        run_demo(config, Silent())


def test_the_demo_runs_in_a_world_that_has_an_embedded_policy(tmp_path: Path) -> None:
    with pytest.raises(RaoLabError, match="world='mail'"):
        DemoConfig(tmp_path / "a.rao", world="mail")
    small = {"steps": 1, "tasks_per_step": 1, "group_size": 2, "tasks": 1, "beside": False}
    result = run_demo(DemoConfig(tmp_path / "a.rao", "aggregation", **small), Deaf())
    assert result.world is not None and result.world.name == "aggregation"
    assert result.fits is not None and {*result.after["flat"].by_difficulty} == {"easy", "medium", "hard"}


def test_the_time_of_each_phase_follows_from_what_is_done_in_it() -> None:
    """On one core, training takes more than eight tenths; on two, what runs beside it takes no time of its own."""
    whole = DemoConfig(Path("a.rao"), beside=False)
    usual = whole.seconds(40)
    assert sum(usual.values()) == pytest.approx(226, rel=0.05)
    assert usual["train: recursive"] / sum(usual.values()) == pytest.approx(0.635, abs=0.02)
    few = whole.seconds(4)
    assert few["train: recursive"] == pytest.approx(usual["train: recursive"] / 10)
    assert few["before: flat"] == usual["before: flat"]
    two = replace(whole, beside=True).seconds(40)
    assert [name for name, seconds in two.items() if seconds] == ["train: recursive", "after: recursive"]
    assert sum(two.values()) == pytest.approx(133, rel=0.05)


class Deaf:
    """A board that shows nothing."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *said: None


def written(tree: Tree) -> tuple[float | None, list[tuple[str, list[str]]]]:
    return tree.success, [(node.path, [turn.text for turn in node.turns]) for node in tree.nodes]


@pytest.mark.slow
def test_both_agents_do_the_same_beside_each_other_and_one_after_the_other(tmp_path: Path) -> None:
    size: dict[str, Any] = {"steps": 1, "tasks_per_step": 2, "group_size": 2, "tasks": 2}
    found = []
    for beside in (True, False):
        config = DemoConfig(tmp_path / f"{beside}.rao", beside=beside, **size)
        result = run_demo(config, Deaf())
        with open_run(config.file("flat")) as run:
            trained = [written(tree) for group in run.groups(1) for tree in group.trees]
        evaluated = [
            (when, agent, [written(tree) for tree in kept.trees])
            for when, part in (("before", result.before), ("after", result.after))
            for agent, kept in part.items()
        ]
        found.append((trained, evaluated, [*result.plain["after"]], config.page.is_file()))
    assert found[0] == found[1]

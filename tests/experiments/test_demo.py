"""The demo: what it trains, and what it refuses before it begins; `make demo` runs it whole."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest

from rao_lab.api.defaults import TINY
from rao_lab.errors import RaoLabError
from rao_lab.experiments.demo import DemoConfig, run_demo


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
        ({"out": "taken.rao/below/a.rao"}, "cannot be written to"),
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


def test_the_time_of_each_phase_follows_from_what_is_done_in_it() -> None:
    """Of the time on two cores, training takes seven tenths; each evaluation is made at two temperatures."""
    whole = DemoConfig(Path("a.rao"))
    usual = whole.seconds(40)
    assert sum(usual.values()) == pytest.approx(209, rel=0.05)
    assert usual["train: recursive"] / sum(usual.values()) == pytest.approx(0.52, abs=0.02)
    few = whole.seconds(4)
    assert few["train: recursive"] == usual["train: recursive"] / 10
    assert few["before: flat"] == usual["before: flat"]

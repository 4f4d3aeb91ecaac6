"""What objects show at the end of a cell: short, true, escaped."""

from __future__ import annotations

from typing import Any

import pytest

import rao_lab as rl
from tests.support.trees import showcase_group


@pytest.fixture(scope="module")
def shown() -> dict[str, Any]:
    env = rl.environments.TextCraft(difficulty="medium")

    def add(a: int, b: int) -> int:
        """Adds."""
        return a + b

    policy = rl.load_policy("scripted")
    return {
        "credit": rl.attribute([showcase_group()]),
        "comparison": rl.compare(env, policy, tasks=2),
        "evaluation": rl.evaluate(env, policy, tasks=2),
        "scripted": policy,
        "server": rl.load_policy("http://localhost:9/v1#<b>model</b>"),
        "tiny": rl.load_policy("tiny"),
        "textcraft": env,
        "own": rl.environment([rl.Task("t", "add 1 and 2")], [add]),
        "config": rl.TrainConfig(steps=7),
        "limits": rl.Limits(),
    }


KNOWN = {
    "credit": ["48 nodes", "mean R", "share"],
    "comparison": ["recursive", "flat", ">95 % interval<", ">nodes a tree<", ">tokens, all<"],
    "evaluation": ["recursive", "success", ">success where it fits<", ">mean depth<"],
    "scripted": ["no model"],
    "server": ["&lt;b&gt;model", "requests at once"],
    "tiny": ["weights", "window", "float32"],
    "textcraft": ["medium", "guard"],
    "own": ["add(a: int, b: int)"],
    "config": ["steps", "learning_rate", "bold: not the default"],
    "limits": ["as usual", "max_depth"],
}


@pytest.mark.parametrize("name", KNOWN)
def test_a_cell_shows_a_short_table(shown: dict[str, Any], name: str) -> None:
    page = shown[name]._repr_html_()
    for words in KNOWN[name]:
        assert words in page
    assert "<b>model" not in page and "object at 0x" not in page and len(page) < 12_000
    assert len(repr(shown[name])) < 600


def test_settings_are_told_by_what_is_not_usual() -> None:
    assert repr(rl.CreditConfig()) == "CreditConfig()"
    config = rl.TrainConfig(steps=7, credit=rl.CreditConfig(lam=0.1))
    assert repr(config) == "TrainConfig(steps=7, credit=CreditConfig(lam=0.1))"


def test_credit_prints_a_line_a_depth() -> None:
    found = rl.attribute([showcase_group()])
    lines = str(found).splitlines()
    assert lines[0].startswith("Credit of step") and "48 nodes" in lines[0]
    shares = [float(line.split()[-1]) for line in lines[2 : 3 + int(found.table.depth.max())]]
    assert abs(sum(shares) - 1) < 0.01

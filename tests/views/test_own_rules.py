"""Rules of the user in the what-if bar: the kernel's answer is the credit itself, and a page carries it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rao_lab as rl
from rao_lab.credit import CreditConfig, CreditNodes, attribute
from rao_lab.errors import ConfigError
from rao_lab.store import open_run
from rao_lab.views.explorer.answers import answer, key_of
from rao_lab.views.explorer.from_run import RunSource
from rao_lab.views.explorer.own_rules import COLUMNS, offered_rules
from tests.support.trees import random_group, showcase_group


def same_goal(nodes: CreditNodes) -> Any:
    """Needs goals, which a stored credit does not hold."""
    assert (nodes.goal >= 0).all()
    peers = nodes.others_mean(nodes.R, nodes.goal)
    b = np.where(np.isnan(peers), nodes.b, peers)
    return {"A": nodes.R - b, "b": b}


def spoiled(nodes: CreditNodes) -> Any:
    raise ValueError("no idea")


RULES = {"mine": same_goal, "spoiled": spoiled}


def asked(source: Any, *args: str, step: int = 1) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    message = {"key": "k", "mark": 0, "what": "rule", "step": step, "args": list(args)}
    found, buffers = answer(source, source.table, message)
    kinds = [*(("f8", name) for name in COLUMNS), ("u1", "why")]
    return found, {
        name: np.frombuffer(raw, f"<{kind}") for (kind, name), raw in zip(kinds, buffers, strict=False)
    }


@pytest.fixture
def run(tmp_path: Path) -> Any:
    policy = rl.load_policy("tiny")
    env = rl.environments.TextCraft(difficulty="easy", seed=0)
    config = rl.default_config(policy, steps=1, tasks_per_step=2, group_size=3, probe_tasks=1)
    list(rl.train(env, policy, config, store=tmp_path / "a.rao"))
    with open_run(tmp_path / "a.rao") as opened:
        yield opened


def test_a_kernel_answers_with_the_credit_of_the_rule_in_the_rows_of_the_view(run: Any) -> None:
    source = RunSource(run)
    source.rules = offered_rules(RULES)
    table = source.table(1)
    for changes in ({}, {"lam": 0.9, "depth_weighting": "none"}):
        found, columns = asked(source, "mine", json.dumps(changes) if changes else "")
        assert found["value"] == {"rule": "mine"} and "why" not in found
        told = attribute(run.groups(1), CreditConfig(**{"estimator": same_goal, **changes}))
        expected = {(row.group, row.tree, row.node): row for row in told}
        for row, path in enumerate(table.path):
            tree = table.trees[int(table.columns["tree"][row])]
            place = table.places.get(tree.id)
            if place is None:
                assert columns["why"][row] == 9 and np.isnan(columns["A"][row])  # a probe
                continue
            one = expected[(*place, path)]
            for name in COLUMNS:
                value = getattr(one, name)
                assert np.isnan(columns[name][row]) if value is None else columns[name][row] == value
    assert asked(source, "spoiled", "")[0]["why"].startswith("the credit rule spoiled raised")
    assert asked(source, "other", "")[0]["why"].startswith("this Explorer has no rule 'other'")
    assert "no change of a rule" in asked(source, "mine", '{"estimator": "rao"}')[0]["why"]
    assert "lam" in asked(source, "mine", '{"lam": -1}')[0]["why"]


def test_a_saved_page_carries_what_a_rule_says_of_the_recorded_rollouts(tmp_path: Path) -> None:
    group = showcase_group()
    explorer = rl.Explorer([group, random_group(3, step=1, index=1)], rules={"mine": same_goal})
    try:
        assert explorer.rules == ["mine"]
        explorer.save_html(tmp_path / "a.html")
    finally:
        explorer.close()
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert json.dumps(key_of("rule", ["mine", ""])) in page


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ([same_goal], "no mapping"),
        ({"rao": same_goal}, "as an estimator is"),
        ({"": same_goal}, "give a short name"),
        ({"mine": "rao"}, "give a function"),
    ],
)
def test_what_is_no_rule_is_refused(rules: Any, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        rl.Explorer(showcase_group(), rules=rules)

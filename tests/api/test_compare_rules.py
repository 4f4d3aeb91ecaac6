"""Rules of credit on the same rollouts: the figures, the gradients, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rao_lab as rl
from rao_lab.api.rules import means_before
from rao_lab.credit import CreditConfig, CreditNodes, attribute
from rao_lab.credit.compare import figures
from rao_lab.errors import CallbackError, ConfigError, MissingError, RaoLabError
from rao_lab.training.rule_gradients import rule_gradients
from tests.credit.test_credit import FAMILY, roots
from tests.support.tinymodels import SMALL, all_steps, stepping, tiny_policy

NAMES = ("rao", "rao_root_adv", "grpo_mean", "root_only", "tree_relative", "moving", "platoon_sum")


def sign(A: float) -> str:
    return "none" if A != A else "0" if abs(A) < 1e-12 else "+" if A > 0 else "-"


def test_the_figures_are_those_that_a_plain_count_gives() -> None:
    pairs = {name: attribute([FAMILY], rule) for name, rule in {
        "paper": CreditConfig(), "siblings": CreditConfig(estimator="tree_relative"), "other": CreditConfig(lam=0)
    }.items()}  # fmt: skip
    for name in ("siblings", "other"):
        found = figures(pairs["paper"], pairs[name])
        one, two = ([sign(A) for A in pairs[each].A.tolist()] for each in ("paper", name))
        either = [(a, b) for a, b in zip(one, two, strict=True) if (a, b) != ("none", "none")]
        both = [(a, b) for a, b in either if "none" not in (a, b)]
        assert found.signs_changed == sum(a != b for a, b in either) / len(either)
        assert found.turned == sum({a, b} == {"+", "-"} for a, b in both) / len(both)
        assert found.silent == sum(b in ("0", "none") for b in two) / len(two)
        A = pairs[name].A[~np.isnan(pairs[name].A)]
        assert found.variance_A == pytest.approx(float(np.mean(A**2) - np.mean(A) ** 2))
        shares = [0.0] * 3
        for row, share in enumerate(pairs[name].share.tolist()):
            shares[pairs[name].table.depth[row]] += 0.0 if share != share else share
        assert found.share_by_depth == pytest.approx(shares)
    # A by the paper .95, .75, -.25, -.25, -.85, -.1; by siblings .95, 1, none, -1, -.85, -.1: of the five, ranks
    # 5, 4, 2, 1, 3 and 4, 5, 1, 2, 3, so 1 - 6 * (1 + 1 + 1 + 1) / (5 * 24) = 0.8
    assert figures(pairs["paper"], pairs["siblings"]).rank == pytest.approx(0.8)


def test_groups_are_compared_by_all_rules_that_have_a_name() -> None:
    found = rl.compare_rules([FAMILY])
    assert found.names == NAMES and found.steps == (0,)
    assert found.notes[0].startswith("moving: these trees come without earlier steps")
    assert found.over("rao", "signs_changed").value == 0.0
    lines = str(found).splitlines()
    assert lines[3].split()[:3] == ["rule", "signs", "changed"] and lines[4].split()[:2] == ["rao", "-"]
    assert all(len(line) < 130 for line in lines)
    html = found._repr_html_()
    assert "<script" not in html and all(name in html for name in NAMES)
    figure = found.figure()
    assert [trace.name for trace in figure.data if trace.showlegend] == ["depth 0", "depth 1", "depth 2"]


def test_a_rule_of_the_user_stands_beside_the_others_and_hostile_names_are_shown_plainly() -> None:
    def mine(nodes: CreditNodes) -> Any:
        return nodes.R - nodes.mean(nodes.R, nodes.depth)

    found = rl.compare_rules([FAMILY], {"rao": "rao", "<b>\x1b[31m": mine})
    assert "\x1b" not in str(found) and "<b>" not in found._repr_html_() and "\x1b" not in found._repr_html_()
    assert rl.compare_rules([FAMILY], ["rao", mine]).names == ("rao", "mine")


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ("rao", "no list of rules"),
        (["rao"], "two at least"),
        (["rao", "best"], "'best' is no rule: give one of recorded, rao, "),
        (["rao", "rao"], "two rules are called 'rao'"),
        (["recorded", "rao"], "without recorded credit"),
        (["rao", 3], "3 is no rule"),
    ],
)
def test_what_is_no_rule_is_refused(rules: Any, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        rl.compare_rules([FAMILY], rules)


def test_what_is_no_rollout_is_refused_and_a_rule_that_raises_is_named() -> None:
    for given in ("a.rao", 3, [], [replace(FAMILY, probe=True)]):
        with pytest.raises(RaoLabError):
            rl.compare_rules(given)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="step=1 has a meaning only for a run"):
        rl.compare_rules([FAMILY], step=1)

    def spoiled(nodes: CreditNodes) -> Any:
        raise KeyError("x")

    with pytest.raises(CallbackError, match="the credit rule spoiled raised"):
        rl.compare_rules([FAMILY], ["rao", spoiled])


def test_steps_of_training_are_averaged_with_intervals() -> None:
    steps = [step for step in all_steps(SMALL) if step.groups]
    found = rl.compare_rules(steps, ["recorded", "grpo_mean"])
    assert found.steps == (1, 2, 3)
    values = found.values("grpo_mean", "variance_A")
    over = found.over("grpo_mean", "variance_A")
    assert over.value == pytest.approx(np.mean(values))
    assert over.half == pytest.approx(4.302653 * np.std(values, ddof=1) / 3**0.5, rel=1e-5)


def test_the_first_gradient_is_that_of_training_and_a_rule_turned_round_has_the_opposite_one() -> None:
    first = next(step for step in stepping(SMALL, tiny_policy()) if step.groups)
    rules = [
        first.attributions,
        attribute(first.groups, lambda nodes: 2 * (nodes.R - nodes.b)),
        attribute(first.groups, lambda nodes: nodes.b - nodes.R),
        attribute(first.groups, lambda nodes: 0 * nodes.R),
    ]
    policy = tiny_policy()
    found = rule_gradients(policy, first.groups, rules, SMALL.loss)
    assert found.norms[0] == pytest.approx(first.metrics["grad_norm"], rel=1e-4)
    assert found.norms[1] == pytest.approx(2 * found.norms[0], rel=1e-4)
    assert found.cosines == (1.0, pytest.approx(1.0, abs=1e-5), pytest.approx(-1.0, abs=1e-5), None)
    assert found.difference is not None and found.difference < 1e-4
    assert found.halves is not None and -1 <= found.halves < 1
    assert all(weight.grad is None for weight in policy.model.parameters())
    with pytest.raises(ConfigError, match="gradient=True needs a run"):
        rl.compare_rules(first, ["recorded", "rao"], gradient=True)
    with pytest.raises(ConfigError, match="no weights to train"):
        rl.compare_rules(first, ["recorded", "rao"], gradient=rl.load_policy("scripted"))


def test_of_a_run_the_moving_means_go_on_from_step_to_step(tmp_path: Path) -> None:
    policy = rl.load_policy("tiny")
    env = rl.environments.TextCraft(difficulty="easy", seed=0)
    config = rl.default_config(policy, steps=3, tasks_per_step=2, group_size=2, probe_tasks=0)
    list(rl.train(env, policy, config, store=tmp_path / "a.rao"))
    with rl.open_run(tmp_path / "a.rao") as run:
        both = rl.compare_rules(run, ["recorded", "moving"], step="all")
        assert both.steps == (1, 2, 3)
        for place, step in enumerate(both.steps):
            alone = rl.compare_rules(run, ["recorded", "moving"], step=step)
            assert alone.figures["moving"][0] == both.figures["moving"][place]
        moving = CreditConfig(baseline="moving")
        first = attribute(run.groups(1), moving)
        assert means_before(run, 2, moving).tolist() == first.moving_after.tolist()
        kept = rl.compare_rules(run, ["recorded", "rao"], step=2, gradient=True)
        assert kept.gradients[0].norms[0] == pytest.approx(run.metrics[2]["grad_norm"], rel=1e-3)
        assert "gradient cosine" in str(kept)
        with pytest.raises(MissingError):
            rl.compare_rules(run, step=9)


def test_groups_of_another_step_are_not_mixed() -> None:
    found = rl.compare_rules([replace(FAMILY, step=2), replace(roots(0.0, 1.0), step=1)], ["rao", "none"])
    assert found.steps == (1, 2) and [each.nodes for each in found.figures["rao"]] == [2, 8]

"""Rules beside the paper's: siblings compared, a moving baseline, and functions of the user."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from rao_lab.credit import CreditConfig, CreditNodes, Rule, attribute
from rao_lab.errors import CallbackError, ConfigError, RaoLabError
from rao_lab.tree import Group, Status
from tests.credit.test_credit import FAMILY, TASK, node, roots, shown, tree
from tests.golden.make import column

LOO = CreditConfig(estimator="tree_relative")


def test_siblings_are_compared_with_each_other_and_roots_with_roots() -> None:
    # 0.0 (R 1) and 0.1 (R 0) against each other; 0.0.0 has no sibling; 0.2 is not scored; b of roots as in rao
    found = attribute([FAMILY], LOO)
    assert shown(found.b) == [0.25, 0, None, 1, 0.5, 0.85, None, 0.6]
    assert shown(found.A) == [0.95, 1, None, -1, None, -0.85, None, -0.1]
    words = [None, None, "no_sibling", None, "unscored", None, "cancelled", None]
    assert found.why_not == words


def test_the_mean_of_siblings_counts_the_own_one_and_an_only_child_has_none() -> None:
    found = attribute([FAMILY], replace(LOO, baseline="group_mean"))
    assert shown(found.b) == [1.7 / 3, 0.5, None, 0.5, 0.5, 1.7 / 3, None, 1.7 / 3]
    assert found.why_not[2] == "no_sibling"


def test_who_was_cancelled_is_in_no_siblings_baseline() -> None:
    """Otherwise launching many and awaiting one would make that one look good."""
    many = tree(
        node("0", 1.0, children=3),
        node("0.0", 1.0),
        node("0.1", None, tokens=3, status=Status.CANCELLED),
        node("0.2", None, tokens=3, status=Status.CANCELLED),
    )
    found = attribute([Group(TASK, (many, *roots(0.0).trees))], LOO)
    assert found.why_not == [None, "no_sibling", "cancelled", "cancelled", None]


def test_a_moving_baseline_is_a_mean_over_earlier_steps_at_each_depth() -> None:
    config = CreditConfig(baseline="moving", decay=0.5)
    first = attribute([FAMILY], config)
    # mean R: depth 0 of 1.2, 0, 0.5; depth 1 of 1, 0 (the cancelled one is left out); depth 2 of 0
    means = [1.7 / 3, 0.5, 0.0]
    assert first.moving is not None and len(first.moving) == 0
    assert shown(first.b) == [means[depth] for depth in first.table.depth]
    assert column(first.moving_after) == pytest.approx(means)
    shallow = attribute([roots(1.0, 0.0, 0.0)], config, moving=first.moving_after)
    assert shown(shallow.b) == [means[0]] * 3
    assert shown(shallow.A) == [1 - means[0], -means[0], -means[0]]
    # depth 0 moves half way to 1/3; what did not occur stays
    assert column(shallow.moving_after) == pytest.approx([means[0] / 2 + 1 / 6, 0.5, 0.0])


def test_a_moving_baseline_needs_no_second_tree_and_by_root_it_is_that_of_roots() -> None:
    lone = Group(TASK, FAMILY.trees[:1])
    found = attribute(
        [lone], CreditConfig(estimator="rao_root_adv", baseline="moving"), moving=np.array([0.2, 9])
    )
    assert shown(found.A) == [1.0, 1.0, 1.0, 1.0, None]


def test_means_without_a_moving_baseline_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"moving=.*baseline='leave_one_out'"):
        attribute([FAMILY], moving=np.array([0.5]))


# Rules of the user


def own_and_root(nodes: CreditNodes) -> Any:
    """Half what a node did better than its siblings, half what its root did better than other roots."""
    alone = np.where(nodes.parent < 0, nodes.group, nodes.groups + nodes.parent)
    siblings = nodes.R - nodes.others_mean(nodes.R, alone)
    root = (nodes.R - nodes.b)[nodes.root]
    return np.where(np.isnan(siblings), root, (siblings + root) / 2)


def test_a_function_of_columns_is_a_rule() -> None:
    found = attribute([FAMILY], own_and_root)
    # roots: A of rao. 0.0: (1 + 0.95) / 2; 0.0.0: its root's; 0.1: (-1 + 0.95) / 2
    assert shown(found.A) == [0.95, 0.975, 0.95, -0.025, None, -0.85, None, -0.1]
    assert np.isnan(found.b).all()  # it did not say
    assert found.config == CreditConfig(estimator=own_and_root)
    assert found.w[found.trained].sum() == pytest.approx(found.trained.sum())


def test_a_rule_may_give_b_and_w_and_leave_nodes_out() -> None:
    def rule(nodes: CreditNodes) -> Any:
        A = np.where(nodes.depth == 1, np.nan, nodes.R - 0.5)
        return {"A": A, "b": np.full(len(nodes), 0.5), "w": 1.0 + nodes.depth}

    found = attribute([FAMILY], rule)
    assert shown(found.A) == [0.7, None, -0.5, None, None, -0.5, None, 0]
    assert shown(found.w) == [1, None, 3, None, None, 1, None, 1]
    assert found.why_not == [None, "by_rule", None, "by_rule", "unscored", None, "cancelled", None]
    assert shown(found.b) == [0.5] * 8


def test_a_rule_sees_goals_as_numbers_and_cannot_write() -> None:
    seen = []

    def rule(nodes: CreditNodes) -> Any:
        seen.append(nodes.goal.tolist())
        nodes.R[0] = 1.0
        return nodes.R

    twice = Group(TASK, tuple(tree(replace(node("0", 1.0), goal=goal)) for goal in ("a", "b", "a")))
    with pytest.raises(CallbackError, match=r"the credit rule rule raised.*read-only"):
        attribute([twice], rule)
    assert seen == [[0, 1, 0]]


@pytest.mark.parametrize(
    ("returned", "words"),
    [
        (lambda nodes: 1 / 0, "the credit rule spoiled raised .*division by zero"),
        (
            lambda nodes: nodes.A / 2,
            "attribute 'A'.*nodes have group, tree, .*, R, b, .* the rule itself gives A",
        ),
        (lambda nodes: nodes.R[:-1], r"A of shape \[7\]: give one number a node, \[8\]"),
        (lambda nodes: np.full(8, np.inf), r"A=inf for node 0 \(row 0\)"),
        (lambda nodes: ["x"] * 8, "give 8 numbers"),
        (lambda nodes: None, "returned None: it must return the advantage"),
        (lambda nodes: 0.5, r"A of shape \[\]"),
        (lambda nodes: nodes.R + 1j, "give 8 numbers"),
        (lambda nodes: {"advantage": nodes.R}, "the fields .*advantage"),
        (lambda nodes: {"A": nodes.R, "w": -nodes.R}, "w=-1.2 for node 0"),
        (lambda nodes: {"A": nodes.R, "w": nodes.R * np.nan}, "an A and no w"),
    ],
)
def test_what_is_no_credit_is_said_in_one_line(returned: Callable[[CreditNodes], Any], words: str) -> None:
    def spoiled(nodes: CreditNodes) -> Any:
        return returned(nodes)

    with pytest.raises(CallbackError, match=words) as caught:
        attribute([FAMILY], spoiled)
    assert "\n" not in str(caught.value)


def test_a_record_keeps_a_rule_by_name_and_text_and_cannot_run_it() -> None:
    config = CreditConfig(lam=0.2, estimator=own_and_root)
    again = CreditConfig.from_dict(json.loads(json.dumps(config.to_dict())))
    assert again == config and again.estimator_name == "own_and_root"
    assert again.rule is not None and again.rule.function is None and len(again.rule.source) == 16
    with pytest.raises(ConfigError, match="own_and_root is a function, which a run file does not hold"):
        attribute([FAMILY], again)


def test_another_text_is_another_rule() -> None:
    one = Rule.of(lambda nodes: nodes.R)
    other = Rule.of(lambda nodes: nodes.s)
    assert one.name == other.name == "lambda" and one != other


@pytest.mark.parametrize(
    "given", [{"estimator": 3}, {"estimator": {"name": "x"}}, {"estimator": own_and_root, "std": True}]
)
def test_what_is_no_rule_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="estimator"):
        CreditConfig(**given)
    with pytest.raises(RaoLabError):
        attribute([FAMILY], dict)  # type: ignore[arg-type]

"""Credit against trees worked out by hand, against a plain computation, and against expectation."""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from itertools import combinations_with_replacement, pairwise
from math import comb, exp, factorial, prod
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rao_lab.credit import (
    WHY_NOT,
    CreditConfig,
    NodeTable,
    attribute,
    attribute_table,
    signal,
    tabulate,
)
from rao_lab.errors import ConfigError, InputError, MissingError, RecordError
from rao_lab.tree import Group, Node, Status, Task, Tree, TreeHeader, Turn
from tests.golden.make import CREDIT, REFUSED, column, golden, legal
from tests.plain_credit import plain_credit

TASK = Task("t", "goal")


def node(
    path: str, s: float | None, tokens: int = 10, status: Status = Status.FINISHED, children: int = 0
) -> Node:
    return Node(
        path,
        parent=path.rpartition(".")[0] or None,
        depth=path.count("."),
        status=status,
        success=s,
        children=tuple(f"{path}.{index}" for index in range(children)),
        turns=(Turn(1, sampled_ids=array("i", [1] * tokens)),),
    )


def tree(*nodes: Node) -> Tree:
    return Tree(TreeHeader(TASK), nodes)


def roots(*successes: float | None) -> Group:
    """A group of trees that are only roots."""
    return Group(TASK, tuple(tree(node("0", s)) for s in successes))


# The trees that most tests share, with lam = 0.4:
#
#   tree 0: 0       s 1, children 1 and 0 and one not scored: mean (1 + 0) / 2 = 1/2   R = 1.2
#           0.0     s 1, child 0                                                       R = 1
#           0.0.0   s 0                                                                R = 0
#           0.1     s 0, out of turns                                                  R = 0
#           0.2     worker lost: s None                                                R = None
#   tree 1: 0       s 0, child cancelled: 0                                            R = 0
#           0.0     cancelled, s 0                                                     R = 0
#   tree 2: 0       s 1/2                                                              R = 0.5
FAMILY = Group(
    TASK,
    (
        tree(
            node("0", 1.0, 10, children=3),
            node("0.0", 1.0, 20, children=1),
            node("0.0.0", 0.0, 10),
            node("0.1", 0.0, 40, Status.TURN_LIMIT),
            node("0.2", None, 15, Status.ERROR),
        ),
        tree(node("0", 0.0, 20, children=1), node("0.0", 0.0, 5, Status.CANCELLED)),
        tree(node("0", 0.5, 30)),
    ),
)


def shown(values: np.ndarray) -> list[Any]:
    return [value if value is None else pytest.approx(value, abs=1e-12) for value in column(values)]


def test_the_paper_on_a_family_of_three_trees() -> None:
    found = attribute([FAMILY])
    assert found.table.path == ["0", "0.0", "0.0.0", "0.1", "0.2", "0", "0.0", "0"]
    assert found.table.parent.tolist() == [-1, 0, 1, 0, 0, -1, 5, -1]
    assert column(found.child_mean) == [0.5, 0, 0, 0, 0, 0, 0, 0]
    assert column(found.child_min) == [0, 0, None, None, None, 0, None, None]
    assert found.scored_children.tolist() == [2, 1, 0, 0, 0, 1, 0, 0]
    assert shown(found.R) == [1.2, 1, 0, 0, None, 0, 0, 0.5]
    # b: (0 + 0.5) / 2, (1.2 + 0.5) / 2, (1.2 + 0) / 2
    assert shown(found.b) == [0.25] * 5 + [0.85] * 2 + [0.6]
    assert shown(found.A) == [0.95, 0.75, -0.25, -0.25, None, -0.85, None, -0.1]
    # N = 3, 2, 1: alpha = 6 / 3 = 2, so w = 2/3, 1, 2 and 3 * 2/3 + 2 * 1 + 1 * 2 = 6
    assert found.depth_counts.tolist() == [3, 2, 1]
    assert shown(found.w) == [2 / 3, 1, 2, 1, None, 2 / 3, None, 2 / 3]
    assert shown(found.c) == [0.95 * 2 / 3, 0.75, -0.5, -0.25, None, -0.85 * 2 / 3, None, -0.1 * 2 / 3]
    # |c| * T = 19/3, 15, 5, 10, 34/3, 2, in all 149/3
    assert shown(found.share) == [19 / 149, 45 / 149, 15 / 149, 30 / 149, None, 34 / 149, None, 6 / 149]
    assert found.why_not == [None, None, None, None, "unscored", None, "cancelled", None]


def test_share_under_a_loss_that_averages_nodes_first() -> None:
    # |c| = 38, 45, 30, 15, 34, 4 sixtieths, in all 166
    found = attribute([FAMILY], share_by="node")
    assert shown(found.share) == [38 / 166, 45 / 166, 30 / 166, 15 / 166, None, 34 / 166, None, 4 / 166]


@pytest.mark.parametrize(
    ("config", "bonus", "R"),
    [
        (CreditConfig(bonus="min"), 0.0, 1.0),  # one of its children failed
        (CreditConfig(bonus="capped_sum", cap=9.0), 0.4, 1.4),  # 0.4 * (1 + 0)
        (CreditConfig(bonus="capped_sum", cap=0.3), 0.3, 1.3),
        (CreditConfig(lam=0.0), 0.0, 1.0),
        (CreditConfig(lam=1.0), 0.5, 1.5),
    ],
)
def test_second_terms_of_the_return(config: CreditConfig, bonus: float, R: float) -> None:
    root = attribute([FAMILY], config).find(0, 0, "0")
    assert (root.bonus, root.R, root.child_mean, root.child_min) == pytest.approx((bonus, R, 0.5, 0.0))


def test_rao_root_adv_gives_every_node_the_advantage_of_its_root() -> None:
    found = attribute([FAMILY], CreditConfig(estimator="rao_root_adv"))
    assert shown(found.A) == [0.95, 0.95, 0.95, 0.95, None, -0.85, None, -0.1]
    assert shown(found.R) == [1.2, 1, 0, 0, None, 0, 0, 0.5]


def test_root_only_trains_roots_and_says_so() -> None:
    found = attribute([FAMILY], CreditConfig(estimator="root_only"))
    assert shown(found.A) == [0.95, None, None, None, None, -0.85, None, -0.1]
    assert shown(found.w) == [1, None, None, None, None, 1, None, 1]
    words = [None, "not_root", "not_root", "not_root", "unscored", None, "cancelled", None]
    assert found.why_not == words


def test_grpo_mean_compares_with_all_scored_nodes_of_the_group() -> None:
    # (1.2 + 1 + 0 + 0 + 0 + 0 + 0.5) / 7 = 2.7 / 7, the cancelled node's 0 among them
    found = attribute([FAMILY], CreditConfig(estimator="grpo_mean", baseline="group_mean"))
    m = 2.7 / 7
    assert shown(found.b) == [m] * 8
    assert shown(found.A) == [1.2 - m, 1 - m, -m, -m, None, -m, None, 0.5 - m]


def test_group_mean_counts_the_own_root() -> None:
    found = attribute([FAMILY], CreditConfig(baseline="group_mean"))
    assert shown(found.b) == [1.7 / 3] * 8


def test_without_a_baseline_the_advantage_is_the_return() -> None:
    found = attribute([FAMILY], CreditConfig(baseline="none"))
    assert column(found.b) == [0] * 8
    assert shown(found.A) == [1.2, 1, 0, 0, None, 0, None, 0.5]


def test_std_divides_by_the_spread_of_the_compared_roots() -> None:
    # R of the roots 1.2, 0, 0.5: mean 17/30, deviations 19/30, -17/30, -2/30: (361 + 289 + 4) / 900 / 3
    spread = (654 / 2700) ** 0.5
    found = attribute([FAMILY], CreditConfig(std=True))
    plain = attribute([FAMILY])
    assert shown(found.A) == [None if a is None else a / spread for a in column(plain.A)]


def test_std_of_returns_alike_divides_by_nothing() -> None:
    # R of the roots is 1 in both trees, so b = 1 and the spread 0; the failed child keeps A = -1.
    group = Group(TASK, (tree(node("0", 1.0, children=1), node("0.0", 0.0)), tree(node("0", 1.0))))
    assert shown(attribute([group], CreditConfig(std=True)).A) == [0, -1, 0]


@pytest.mark.parametrize("R", [0.1, 1 / 3, 0.7])
def test_equal_returns_give_an_advantage_of_exactly_zero(R: float) -> None:
    assert attribute([roots(*[R] * 7)]).A.tolist() == [0.0] * 7


def test_per_group_weights_count_inside_each_group() -> None:
    # group 0: N = 3, 2, 1 as above. group 1: N = 2, 1: alpha = 3/2, w = 3/4 and 3/2
    other = Group(TASK, (tree(node("0", 1.0, children=1), node("0.0", 1.0)), tree(node("0", 0.0))))
    found = attribute([FAMILY, other], CreditConfig(depth_weighting="per_group"))
    assert shown(found.w) == [2 / 3, 1, 2, 1, None, 2 / 3, None, 2 / 3, 0.75, 1.5, 0.75]


def test_inverse_frequency_counts_over_the_whole_batch() -> None:
    # N = 3 + 2, 2 + 1, 1: alpha = 9 / 3 = 3, w = 3/5, 1, 3
    other = Group(TASK, (tree(node("0", 1.0, children=1), node("0.0", 1.0)), tree(node("0", 0.0))))
    found = attribute([FAMILY, other])
    assert shown(found.w) == [0.6, 1, 3, 1, None, 0.6, None, 0.6, 0.6, 1, 0.6]


def test_platoon_sum_is_a_capped_sum_against_the_mean_of_all_roots() -> None:
    # three children succeed: min(0.2 * 3, 0.4) = 0.4, so R = 1.4 against 0: b = 0.7 for both
    busy = tree(node("0", 1.0, children=3), *(node(f"0.{index}", 1.0) for index in range(3)))
    group = Group(TASK, (busy, tree(node("0", 0.0))))
    found = attribute([group], CreditConfig.preset("platoon_sum"))
    assert shown(found.A) == [0.7, 0.3, 0.3, 0.3, -0.7]
    assert column(found.w) == [1] * 5


def test_weights_of_several_processes_are_those_of_their_union() -> None:
    other = Group(TASK, (tree(node("0", 1.0, children=1), node("0.0", 1.0)), tree(node("0", 0.0))))
    union = attribute([FAMILY, other])
    tables = [tabulate([FAMILY]), tabulate([other])]
    counts = [attribute_table(table, CreditConfig()).depth_counts for table in tables]
    total = np.array([counts[0][0] + counts[1][0], counts[0][1] + counts[1][1], counts[0][2]])
    parts = [attribute_table(table, CreditConfig(), depth_counts=total) for table in tables]
    assert np.concatenate([part.c for part in parts]).tolist() == pytest.approx(union.c.tolist(), nan_ok=True)


def test_counts_smaller_than_the_own_nodes_are_refused() -> None:
    with pytest.raises(RecordError, match="over all processes"):
        attribute_table(tabulate([FAMILY]), CreditConfig(), depth_counts=np.array([3, 2]))


# None, limits and cancellations


def test_an_unscored_root_is_in_no_baseline_and_its_children_are_still_trained() -> None:
    group = Group(
        TASK,
        (tree(node("0", None, status=Status.ERROR, children=1), node("0.0", 1.0)), *roots(0.2, 0.6).trees),
    )
    found = attribute([group])
    # b: (0.2 + 0.6) / 2; then only the other scored root: 0.6 and 0.2
    assert shown(found.b) == [0.4, 0.4, 0.6, 0.2]
    assert shown(found.A) == [None, 0.6, -0.4, 0.4]
    assert found.why_not == ["unscored", None, None, None]


def test_root_advantages_need_the_root() -> None:
    group = Group(
        TASK, (tree(node("0", None, status=Status.ERROR, children=1), node("0.0", 1.0)), *roots(0.2).trees)
    )
    found = attribute([group], CreditConfig(estimator="rao_root_adv", baseline="group_mean"))
    assert found.why_not == ["unscored", "root_unscored", None]


def test_without_another_scored_root_no_node_of_the_tree_is_trained() -> None:
    group = Group(TASK, (tree(node("0", 1.0, children=1), node("0.0", 0.0)), *roots(None).trees))
    found = attribute([group, roots(0.0, 1.0)])
    assert found.why_not == ["no_baseline", "no_baseline", "unscored", None, None]
    assert found.depth_counts.tolist() == [2]


def test_a_node_without_tokens_is_not_trained_but_stands_in_the_baseline() -> None:
    group = Group(TASK, (tree(node("0", 1.0, tokens=0)), *roots(0.0).trees))
    found = attribute([group])
    assert found.why_not == ["no_tokens", None]
    assert shown(found.A) == [None, -1]


def test_a_policy_without_tokens_is_attributed_as_if_each_node_had_some() -> None:
    group = Group(TASK, (tree(node("0", 1.0, tokens=0)), tree(node("0", 0.0, tokens=0))))
    found = attribute([group])
    assert found.trained.all()
    assert column(found.share) == [0.5, 0.5]


@pytest.mark.parametrize(
    "status", [Status.TURN_LIMIT, Status.CONTEXT_LIMIT, Status.TREE_LIMIT, Status.TIMEOUT]
)
def test_a_limit_scores_zero_whatever_the_world_looks_like(status: Status) -> None:
    assert signal(status, 1.0) == signal(status, None) == 0.0


def test_an_error_is_not_scored_and_a_cancelled_node_scores_zero() -> None:
    assert signal(Status.ERROR, 0.0) is None
    assert signal(Status.CANCELLED, None) == 0.0
    assert signal(Status.FINISHED, None) is None
    assert signal(Status.FINISHED, 0.5) == 0.5


def test_launching_many_and_awaiting_one_does_not_pay() -> None:
    one = tree(node("0", 1.0, children=1), node("0.0", 1.0))
    many = tree(
        node("0", 1.0, children=2), node("0.0", 1.0), node("0.1", None, tokens=3, status=Status.CANCELLED)
    )
    found = attribute([Group(TASK, (one, many))])
    assert shown(found.R[[0, 2]]) == [1.4, 1.2]


def test_a_group_whose_roots_scored_alike_still_trains_its_children() -> None:
    grown = tree(node("0", 1.0, children=1), node("0.0", 0.0))
    assert shown(attribute([Group(TASK, (grown, *roots(1.0).trees))]).A) == [0, -1, 0]


# Configurations


@pytest.mark.parametrize(("config", "names"), REFUSED, ids=lambda value: str(value))
def test_settings_that_mean_nothing_are_refused_by_name(
    config: dict[str, Any], names: tuple[str, ...]
) -> None:
    with pytest.raises(ConfigError) as caught:
        CreditConfig(**config)
    assert all(name in str(caught.value) for name in names)


@pytest.mark.parametrize(
    "config",
    [
        {"lam": float("nan")},
        {"lam": float("inf")},
        {"lam": "1"},
        {"lam": True},
        {"std": 1},
        {"bonus": ["mean"]},
    ],
)
def test_values_of_another_kind_are_refused(config: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(config))):
        CreditConfig(**config)


def test_one_tree_a_group_is_an_error_and_not_a_silent_zero() -> None:
    with pytest.raises(ConfigError, match=r"leave_one_out.*G is 1"):
        attribute([roots(1.0), roots(0.0)])
    assert attribute([roots(1.0)], CreditConfig(baseline="none")).trained.all()


def test_group_size_can_be_checked_before_anything_is_sampled() -> None:
    CreditConfig().check_group_size(2)
    CreditConfig(baseline="none").check_group_size(1)
    with pytest.raises(ConfigError, match="G is 1"):
        CreditConfig().check_group_size(1)


def test_a_lone_tree_among_larger_groups_has_no_baseline() -> None:
    assert attribute([roots(1.0), roots(0.0, 1.0)]).why_not == ["no_baseline", None, None]


@pytest.mark.parametrize("config", [*legal(), CreditConfig.preset("rao"), CreditConfig.preset("platoon_sum")])
def test_a_config_survives_json(config: CreditConfig) -> None:
    assert CreditConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_unknown_names_are_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"no field 'lambda'.*lam"):
        CreditConfig.from_dict({"lambda": 0.4})
    with pytest.raises(MissingError, match="platoon_sum"):
        CreditConfig.preset("grpo")


def test_probe_groups_get_no_credit() -> None:
    with pytest.raises(InputError, match="probes"):
        attribute([replace(roots(0.0, 1.0), probe=True)])


def test_share_by_something_else_is_refused() -> None:
    with pytest.raises(ConfigError, match="share_by"):
        attribute([FAMILY], share_by="tree")  # type: ignore[arg-type]


# Records and lookup


def test_a_record_shows_one_row_in_plain_values() -> None:
    record = attribute([replace(FAMILY, index=5)]).find(5, 0, "0.0.0")
    assert (record.group, record.tree, record.node, record.parent) == (5, 0, "0.0.0", "0.0")
    assert (record.depth, record.status, record.lam) == (2, "finished", 0.4)
    assert (record.s, record.child_mean, record.child_min, record.bonus) == (0.0, 0.0, None, 0.0)
    assert (record.R, record.b, record.A, record.w, record.c) == pytest.approx((0.0, 0.25, -0.25, 2.0, -0.5))
    assert (record.trained, record.why_not) == (True, None)


def test_records_come_in_row_order_and_none_is_none() -> None:
    found = attribute([FAMILY])
    records = list(found)
    assert [record.node for record in records] == found.table.path
    assert len(found) == len(records) == 8
    lost = found[4]
    assert (lost.s, lost.R, lost.A, lost.w, lost.c, lost.share, lost.trained) == (None,) * 6 + (False,)
    assert found[-1] == records[-1]


def test_of_tree_gives_the_records_of_one_tree_by_path() -> None:
    found = attribute([FAMILY])
    assert list(found.of_tree(0, 1)) == ["0", "0.0"]
    assert list(found.of_tree(0, 2)) == ["0"]


def test_what_is_not_there_is_said() -> None:
    found = attribute([FAMILY])
    for ask in (lambda: found.find(0, 0, "0.9"), lambda: found.find(3, 0, "0"), lambda: found.of_tree(0, 3)):
        with pytest.raises(MissingError):
            ask()
    with pytest.raises(IndexError):
        found[8]


def test_groups_with_the_same_index_are_told_apart_by_their_place() -> None:
    found = attribute([roots(0.0, 1.0), roots(1.0, 1.0)])
    assert found.table.group.tolist() == [0, 0, 1, 1]
    assert shown(found.A) == [-1, 1, 0, 0]


def test_nothing_gives_nothing() -> None:
    found = attribute([])
    assert (len(found), list(found), found.depth_counts.tolist()) == (0, [], [])


def test_a_tree_that_has_not_started_adds_no_rows() -> None:
    assert len(attribute([Group(TASK, (tree(), *roots(0.0, 1.0).trees))])) == 2


# Tables that contradict themselves


def changed(**columns: Any) -> NodeTable:
    return replace(tabulate([FAMILY]), **columns)


@pytest.mark.parametrize(
    ("make", "rule"),
    [
        (lambda: changed(s=np.full(8, 1.5)), "success"),
        (lambda: changed(depth=np.zeros(8, np.int32)), "depth"),
        (lambda: changed(parent=np.array([-1, 0, 1, 0, 0, -1, 7, -1], np.int32)), "above its child"),
        (lambda: changed(parent=np.array([-1, 0, 1, 0, 0, -1, 0, -1], np.int32)), "same tree"),
        (lambda: changed(parent=np.array([-1, 0, 1, -1, 0, -1, 5, -1], np.int32)), "no other"),
        (lambda: changed(tokens=np.full(8, -1)), "tokens"),
        (lambda: changed(tokens=np.zeros(7, np.int64)), "length"),
        (lambda: changed(tree=np.array([0, 0, 0, 0, 0, 1, 1, 0], np.int32)), "stand together"),
    ],
)
def test_a_table_that_contradicts_itself_is_refused(make: Callable[[], NodeTable], rule: str) -> None:
    with pytest.raises(RecordError, match=rule):
        attribute_table(make(), CreditConfig())


# Golden answers: the plain computation agrees with every number, and the file is fresh


@cache
def stored() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(CREDIT.read_text(encoding="utf-8"))
    return found


def close(found: list[Any], expected: list[Any]) -> bool:
    return len(found) == len(expected) and all(
        (a is None) == (b is None) and (a is None or abs(a - b) < 1e-12)
        for a, b in zip(found, expected, strict=True)
    )


@pytest.mark.parametrize("place", range(len(stored()["batches"])))
def test_golden_numbers_are_those_of_the_plain_computation(place: int) -> None:
    batch = stored()["batches"][place]
    for case in batch["cases"]:
        plain = plain_credit(batch["table"], case["config"], case["share_by"])
        for name, values in {**batch["children"], **case}.items():
            if name in plain:
                assert close(values, plain[name]), (case["config"], name)
        assert [WHY_NOT[code] for code in case["why"]] == plain["why_not"], case["config"]


def test_the_golden_file_is_what_the_command_writes() -> None:
    made = json.loads(json.dumps(golden()))
    assert made["refused"] == stored()["refused"]
    assert made["why_not"] == stored()["why_not"]
    for fresh, old in zip(made["batches"], stored()["batches"], strict=True):
        assert fresh["table"] == old["table"]
        for one, other in zip(fresh["cases"], old["cases"], strict=True):
            assert (one["config"], one["why"]) == (other["config"], other["why"])
            assert all(close(one[name], other[name]) for name in ("bonus", "R", "b", "A", "w", "c", "share"))


def test_golden_cases_hold_every_word_and_every_legal_combination() -> None:
    cases = [case for batch in stored()["batches"] for case in batch["cases"]]
    assert {code for case in cases for code in case["why"]} == set(range(len(WHY_NOT)))
    asked = [case["config"] for case in cases]
    assert all(config.to_dict() in asked for config in legal())


# Properties


@st.composite
def tables(draw: st.DrawFn) -> NodeTable:
    """Forests of 1 to 3 groups with 2 to 4 trees each."""
    columns: list[tuple[Any, ...]] = []
    for group in range(draw(st.integers(1, 3))):
        for place in range(draw(st.integers(2, 4))):
            columns += draw(grown(group, place, len(columns)))
    group, tree_, path, parent, depth, s, status, tokens = zip(*columns, strict=True)
    return NodeTable(
        np.array(group, np.int32),
        np.array(tree_, np.int32),
        list(path),
        np.array(parent, np.int32),
        np.array(depth, np.int32),
        np.array([np.nan if value is None else value for value in s]),
        list(status),
        np.array(tokens, np.int64),
    )


@st.composite
def grown(draw: st.DrawFn, group: int, place: int, first: int) -> list[tuple[Any, ...]]:
    paths = ["0"]
    for _ in range(draw(st.integers(0, 5))):
        above = draw(st.sampled_from(paths))
        paths.append(f"{above}.{sum(path.rpartition('.')[0] == above for path in paths)}")
    paths.sort(key=lambda path: [int(part) for part in path.split(".")])
    rows = []
    for path in paths:
        above = path.rpartition(".")[0]
        ended = draw(st.sampled_from(["finished", "finished", "error", "cancelled" if above else "timeout"]))
        success = draw(st.sampled_from([None, 0.0, 0.25, 1.0]))
        parent = first + paths.index(above) if above else -1
        s, tokens = signal(ended, success), draw(st.integers(0, 3))
        rows.append((group, place, path, parent, path.count("."), s, ended, tokens))
    return rows


configs = st.sampled_from(legal())


def as_columns(table: NodeTable) -> dict[str, list[Any]]:
    names = ("group", "tree", "parent", "depth", "s", "tokens")
    return {"path": table.path, "status": table.status, **{n: column(getattr(table, n)) for n in names}}


@settings(deadline=None)
@given(tables(), configs, st.sampled_from(["token", "node"]))
def test_columns_agree_with_the_plain_computation(
    table: NodeTable, config: CreditConfig, share_by: Any
) -> None:
    found = attribute_table(table, config, share_by)
    plain = plain_credit(as_columns(table), config.to_dict(), share_by)
    assert found.why_not == plain.pop("why_not")
    for name, values in plain.items():
        assert close(column(getattr(found, name)), values), name


@settings(deadline=None)
@given(tables(), configs)
def test_weights_add_up_to_the_number_of_trained_nodes(table: NodeTable, config: CreditConfig) -> None:
    found = attribute_table(table, config)
    assert found.w[found.trained].sum() == pytest.approx(found.trained.sum())
    assert found.depth_counts.sum() == found.trained.sum()
    if found.trained.any():
        assert found.share[found.trained].sum() == pytest.approx(1) or not found.c[found.trained].any()


@settings(deadline=None)
@given(tables(), configs)
def test_none_never_leaks(table: NodeTable, config: CreditConfig) -> None:
    found = attribute_table(table, config)
    for name in ("A", "w", "c", "share"):
        assert (np.isnan(getattr(found, name)) == ~found.trained).all(), name
    assert (np.isnan(found.R) == np.isnan(found.s)).all()
    assert not np.isnan(found.bonus).any()
    for record in found:
        assert not any(
            value != value for value in (record.R, record.b, record.A, record.c) if value is not None
        )
        assert record.trained == (record.why_not is None) == (record.c is not None)


@settings(deadline=None)
@given(tables(), configs)
def test_tokens_of_an_unscored_node_reach_no_number(table: NodeTable, config: CreditConfig) -> None:
    silent = np.isnan(table.s)
    if table.tokens[~silent].any():
        longer = replace(table, tokens=np.where(silent, table.tokens + 1, table.tokens))
        found, other = attribute_table(table, config), attribute_table(longer, config)
        assert other.share.tolist() == pytest.approx(found.share.tolist(), nan_ok=True)
        assert other.c.tolist() == pytest.approx(found.c.tolist(), nan_ok=True)


@settings(deadline=None)
@given(tables(), configs, st.randoms(use_true_random=False))
def test_permuting_rollouts_permutes_the_results(table: NodeTable, config: CreditConfig, dice: Any) -> None:
    found = attribute_table(table, config)
    starts = [*table.tree_starts.tolist(), len(table)]
    blocks = [range(a, b) for a, b in pairwise(starts)]
    by_group: dict[int, list[range]] = {}
    for block in blocks:
        by_group.setdefault(int(table.group[block.start]), []).append(block)
    order = [*by_group.values()]
    dice.shuffle(order)
    for inside in order:
        dice.shuffle(inside)
    rows = [row for inside in order for block in inside for row in block]
    moved = attribute_table(permuted(table, rows), config)
    for name in ("R", "b", "A", "w", "c", "share"):
        assert getattr(moved, name).tolist() == pytest.approx(
            getattr(found, name)[rows].tolist(), nan_ok=True
        )
    assert moved.why_code.tolist() == found.why_code[rows].tolist()


def permuted(table: NodeTable, rows: list[int]) -> NodeTable:
    place = {row: index for index, row in enumerate(rows)}
    return NodeTable(
        table.group[rows],
        table.tree[rows],
        [table.path[row] for row in rows],
        np.array([place.get(int(table.parent[row]), -1) for row in rows], np.int32),
        table.depth[rows],
        table.s[rows],
        [table.status[row] for row in rows],
        table.tokens[rows],
    )


def test_a_million_nodes_are_arrays() -> None:
    trees, size = 20_000, 50
    rows = np.arange(trees * size)
    within = rows % size
    parent = np.where(within == 0, -1, rows - within)
    table = NodeTable(
        group=(rows // size // 8).astype(np.int32),
        tree=(rows // size % 8).astype(np.int32),
        path=["0"] * len(rows),
        parent=parent.astype(np.int32),
        depth=(within > 0).astype(np.int32),
        s=(within % 2).astype(np.float64),
        status=["finished"] * len(rows),
        tokens=np.ones(len(rows), np.int64),
    )
    found = attribute_table(table, CreditConfig())
    # root: 25 of its 49 children succeed; all roots alike, so a failed child has A = -b, another 1 - b
    b = 0.4 * 25 / 49
    assert shown(found.A[:3]) == [0, 1 - b, -b]
    assert shown(found.w[:2]) == [25, 25 / 49]
    assert found.depth_counts.tolist() == [trees, trees * 49]


# Expectation: a small bandit tree enumerated exactly (method, decision 11)
#
# The root delegates with probability P = sigma(0.2), else works alone with s = 0.3; its child succeeds
# with Q = sigma(0.4), and a delegating root's s is its child's. G = 4 trees a group, lam = 0.4. A tree
# is one of three outcomes, so a group is how often each occurs, and a batch is a bag of such groups.

P, Q, G = 1 / (1 + exp(-0.2)), 1 / (1 + exp(-0.4)), 4
ALONE, GOOD, BAD = (0.3,), (1.0, 1.0), (0.0, 0.0)
OUTCOMES = ((ALONE, 1 - P), (GOOD, P * Q), (BAD, P * (1 - Q)))
COMPOSITIONS = [(a, g, G - a - g) for a in range(G + 1) for g in range(G + 1 - a)]


def chance_of(composition: tuple[int, ...]) -> float:
    ways = comb(G, composition[0]) * comb(G - composition[0], composition[1])
    return ways * prod(p**k for (_, p), k in zip(OUTCOMES, composition, strict=True))


def bandit_table(batch: tuple[tuple[int, ...], ...]) -> NodeTable:
    trees = [
        (group, outcome)
        for group, composition in enumerate(batch)
        for (outcome, _), count in zip(OUTCOMES, composition, strict=True)
        for outcome in [outcome] * count
    ]
    group, place, s, depth = [], [], [], []
    for index, (label, outcome) in enumerate(trees):
        group += [label] * len(outcome)
        place += [index % G] * len(outcome)
        s += outcome
        depth += range(len(outcome))
    parent = [-1 if d == 0 else row - 1 for row, d in enumerate(depth)]
    return NodeTable(
        np.array(group, np.int32),
        np.array(place, np.int32),
        ["0.0" if d else "0" for d in depth],
        np.array(parent, np.int32),
        np.array(depth, np.int32),
        np.array(s),
        ["finished"] * len(s),
        np.ones(len(s), np.int64),
    )


@cache
def expected_gradient(
    groups: int, baseline: Any, weighting: Any, counted: bool = False
) -> tuple[float, float]:
    """Expected gradient to the root's and to the child's logit, per group; `counted`: Z = nodes."""
    config = CreditConfig(baseline=baseline, depth_weighting=weighting)
    root = child = total = 0.0
    for batch in combinations_with_replacement(COMPOSITIONS, groups):
        repeats = prod(factorial(batch.count(one)) for one in set(batch))
        chance = factorial(groups) / repeats * prod(map(chance_of, batch))
        found = attribute_table(bandit_table(batch), config)
        scale = chance / (len(found) if counted else groups)
        is_child = found.table.depth == 1
        delegated = found.scored_children[~is_child] > 0
        root += scale * float(found.c[~is_child] @ (delegated - P))
        child += scale * float(found.c[is_child] @ (found.s[is_child] - Q))
        total += chance
    assert total == pytest.approx(1, abs=1e-12)
    return root, child


@pytest.mark.parametrize("groups", [1, 2])
def test_leave_one_out_leaves_the_expected_gradient_unchanged(groups: int) -> None:
    without = expected_gradient(groups, "none", "none")
    with_baseline = expected_gradient(groups, "leave_one_out", "none")
    assert with_baseline == pytest.approx(without, abs=1e-12)
    # 4 P (1 - P) (1.4 Q - 0.3) for the root; 4 P Q (1 - Q) for the child, whose own s is all it moves
    assert without == pytest.approx((4 * P * (1 - P) * (1.4 * Q - 0.3), 4 * P * Q * (1 - Q)), abs=1e-12)
    assert round(without[0], 5) == 0.53282


def test_a_mean_that_counts_the_own_root_shrinks_its_gradient() -> None:
    # R - mean of all = (1 - 1/G) (R - mean of the others)
    without = expected_gradient(1, "none", "none")[0]
    assert expected_gradient(1, "group_mean", "none")[0] == pytest.approx(without * (1 - 1 / G), abs=1e-12)


# Per group of the batch, without and with the leave-one-out baseline, for 1, 2 and 3 groups.
BIASED = {
    ("inverse_frequency", False): [(0.46645, 0.40625), (0.44589, 0.40957), (0.43524, 0.41068)],
    ("none", True): [(0.07312, 0.08857), (0.0798, 0.08753), (0.08191, 0.08705)],
}


@pytest.mark.parametrize(("weighting", "counted"), BIASED)
def test_what_counts_the_batch_biases_the_gradient_less_with_more_groups(
    weighting: str, counted: bool
) -> None:
    """The baseline moves it by 12.9, 8.1, 5.6 % (weights) and 21.1, 9.7, 6.3 % (counted normalizer)."""
    gaps = []
    for groups, expected in enumerate(BIASED[weighting, counted], 1):
        bare, held = (expected_gradient(groups, b, weighting, counted)[0] for b in ("none", "leave_one_out"))
        assert (round(bare, 5), round(held, 5)) == expected
        gaps.append(abs(held - bare) / bare)
    assert gaps[0] > gaps[1] > gaps[2] > 0


def test_weights_counted_inside_a_group_stay_as_biased_with_more_groups() -> None:
    one = expected_gradient(1, "leave_one_out", "per_group")
    assert expected_gradient(2, "leave_one_out", "per_group") == pytest.approx(one, abs=1e-12)
    assert round(one[0], 5) == 0.40625

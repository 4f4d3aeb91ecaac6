"""Credit of trees that are worked out by hand."""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from rao_lab.credit import CreditConfig, NodeTable, attribute, attribute_table, signal, tabulate
from rao_lab.errors import ConfigError, InputError, MissingError, RecordError
from rao_lab.tree import Group, Node, Status, Task, Tree, TreeHeader, Turn
from tests.golden.make import REFUSED, column, legal

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
    """A group of trees that have only a root."""
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


def test_json_has_null_where_there_is_no_number() -> None:
    made = json.loads(json.dumps(attribute([FAMILY]).to_json(), allow_nan=False))
    assert made["config"] == CreditConfig().to_dict()
    assert made["nodes"][4] == {
        "group": 0,
        "tree": 0,
        "node": "0.2",
        "parent": "0",
        "depth": 1,
        "status": "error",
        "s": None,
        "child_mean": 0.0,
        "child_min": None,
        "bonus": 0.0,
        "R": None,
        "b": 0.25,
        "A": None,
        "w": None,
        "c": None,
        "share": None,
        "trained": False,
        "why_not": "unscored",
    }


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

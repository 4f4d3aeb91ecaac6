"""Records: what a node and a tree say of themselves, and which contradictions are refused."""

from __future__ import annotations

from array import array
from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rao_lab.errors import MissingError, RecordError
from rao_lab.tree import (
    LIMIT_STATUSES,
    Group,
    Node,
    Status,
    Task,
    Tree,
    TreeHeader,
    Turn,
    child_path,
    path_key,
    validate,
)


def ids(count: int) -> array[int]:
    return array("i", range(count))


def node(path: str, children: int = 0, **fields: Any) -> Node:
    return Node(
        path,
        parent=path.rpartition(".")[0] or None,
        depth=path.count("."),
        children=tuple(child_path(path, index) for index in range(children)),
        **fields,
    )


HEADER = TreeHeader(Task("t", "goal"))
FAMILY = Tree(
    HEADER, (node("0", 2, success=0.5, success_source="verifier"), node("0.0", 1), node("0.0.0"), node("0.1"))
)


def test_paths_sort_as_the_tree_reads() -> None:
    paths = ["0.10", "0", "0.2", "0.2.1", "0.10.0"]
    assert sorted(paths, key=path_key) == ["0", "0.2", "0.2.1", "0.10", "0.10.0"]


def test_walk_gives_parents_first_and_siblings_in_spawn_order() -> None:
    assert [found.path for found in FAMILY.walk()] == ["0", "0.0", "0.0.0", "0.1"]
    assert [found.path for found in FAMILY.walk("0.0")] == ["0.0", "0.0.0"]


def test_a_tree_knows_its_root_depth_size_and_success() -> None:
    assert (FAMILY.root.path, FAMILY.depth, len(FAMILY), FAMILY.success) == ("0", 2, 4, 0.5)
    assert [child.path for child in FAMILY.children("0")] == ["0.0", "0.1"]
    assert FAMILY.task is HEADER.task
    assert FAMILY.has("0.1") and not FAMILY.has("0.2")


def test_a_missing_node_is_named_with_the_closest_that_exists() -> None:
    with pytest.raises(MissingError, match=r"'0\.0\.7\.1'.*closest ancestor here is 0\.0$"):
        FAMILY.node("0.0.7.1")
    with pytest.raises(MissingError, match='the root is "0"'):
        FAMILY.node("7")


def test_a_tree_that_has_not_started_says_so() -> None:
    empty = Tree(HEADER, ())
    assert (len(empty), empty.depth, empty.success) == (0, 0, None)
    with pytest.raises(RecordError, match="not been spawned"):
        _ = empty.root


def test_records_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        FAMILY.root.success = 1.0  # type: ignore[misc]


def test_a_group_has_the_length_of_its_trees() -> None:
    assert len(Group(HEADER.task, (FAMILY, FAMILY))) == 2


def test_a_cell_that_ends_in_records_shows_a_line_and_no_texts() -> None:
    hostile = Task("t\nu\x1b[31m", "goal")
    trees = (FAMILY, replace(FAMILY, header=TreeHeader(hostile)), Tree(HEADER, ()))
    assert repr(trees[0]) == "<Tree of t: 4 nodes, depth 2, success 0.5>"
    assert repr(trees[2]) == "<Tree of t: 0 nodes, depth 0>"
    group = Group(HEADER.task, trees, step=3, index=1)
    assert repr(group) == "<Group 1 of step 3: 3 trees of t>"
    assert repr(trees[1]).isprintable() and repr(Group(hostile, trees)).isprintable()


def test_a_status_ends_a_node_or_does_not() -> None:
    assert [status for status in Status if not status.ended] == [Status.RUNNING, Status.WAITING]
    assert all(status.ended for status in LIMIT_STATUSES)
    assert {Status.FINISHED, Status.ERROR, Status.CANCELLED}.isdisjoint(LIMIT_STATUSES)


# A node of three turns: the second continues the first, the third starts anew.
#   turn 1  prompt 100, sampled 20          held 120
#   turn 2  continues with 30, sampled 10   held 160
#   turn 3  anew with 90, sampled 5         held 95
TURNS = (
    Turn(
        1,
        prompt_ids=ids(100),
        sampled_ids=ids(20),
        started=1.0,
        ended=4.0,
        waiting_seconds=1.0,
        decode_steps=20,
    ),
    Turn(2, continues=True, prompt_ids=ids(30), sampled_ids=ids(10), started=4.0, ended=5.0, decode_steps=10),
    Turn(3, prompt_ids=ids(90), sampled_ids=ids(5), started=5.0, decode_steps=5),
)


def test_a_node_sums_its_turns() -> None:
    busy = node("0", turns=TURNS)
    assert (busy.tokens_in, busy.tokens_out) == (220, 35)
    assert busy.peak_context == 160
    assert busy.decode_steps == 35
    # 3 s less 1 s of waiting, then 1 s; the running turn counts nothing yet
    assert (busy.compute_seconds, busy.waiting_seconds) == (3.0, 1.0)


def test_the_compute_of_a_running_turn_is_not_known() -> None:
    assert TURNS[2].compute_seconds is None
    assert replace(TURNS[0], waiting_seconds=9.0).compute_seconds == 0.0


def test_a_tree_without_contradictions_is_valid() -> None:
    validate(FAMILY)
    validate(Tree(HEADER, ()))


class _Unsearched(tuple[str, ...]):
    """Children that may only be looked up by their place."""

    def __contains__(self, child: object) -> bool:
        raise AssertionError("30,000 children, each searched for among all, take minutes")


def test_the_children_of_a_wide_node_are_not_searched() -> None:
    root = node("0", 3000)
    wide = replace(root, children=_Unsearched(root.children))
    validate(Tree(HEADER, (wide, *(node(path) for path in root.children))))


SOUND = node("0", 1)
TOKENS = Turn(1, sampled_ids=ids(2), logprobs=array("f", [0.0]), entropies=array("f", [0.0, 0.0]))


@pytest.mark.parametrize(
    ("nodes", "rule"),
    [
        ((SOUND, node("0.0"), node("0.0")), "twice"),
        ((node("0", 2), node("0.1"), node("0.0")), "path order"),
        ((SOUND, replace(node("0.0"), parent="1")), "parent is '1', its path says '0'"),
        ((SOUND, replace(node("0.0"), depth=2)), "depth is 2, its path says 1"),
        ((node("0"), node("0.0")), "does not list it"),
        ((node("0.0"),), "does not list it"),
        ((SOUND, node("0.0"), node("0.7")), "does not list it"),
        ((SOUND, node("0.0"), node("0.00")), "in path order|does not list it|twice"),
        ((SOUND,), "child 0 is '0.0'"),
        ((replace(SOUND, children=("0.1",)), node("0.1")), "child 0 is '0.1'"),
        ((node("0", turns=(Turn(2),)),), "numbered 1, 2, 3"),
        ((node("0", turns=(TOKENS,)),), "2 ids but 1 log-probs"),
        ((node("0", success=1.5),), r"outside \[0, 1\]"),
        ((node("0", success=float("nan")),), r"outside \[0, 1\]"),
        ((node("0", success_source="judge"),), "not scored, yet"),
    ],
)
def test_contradictions_are_refused_by_name(nodes: tuple[Node, ...], rule: str) -> None:
    with pytest.raises(RecordError, match=rule):
        validate(Tree(HEADER, nodes))


@given(st.lists(st.lists(st.integers(0, 30), max_size=5), max_size=20))
def test_a_parent_sorts_right_before_its_subtree(tails: list[list[int]]) -> None:
    paths = [".".join(map(str, [0, *tail])) for tail in tails]
    for path in paths:
        assert all(path_key(path) < path_key(child_path(path, index)) for index in (0, 11))
        assert path_key(child_path(path, 2)) < path_key(child_path(path, 10))

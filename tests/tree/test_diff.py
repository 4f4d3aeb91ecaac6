"""Two trees aligned: which node is which, where they part, and the whole picture."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import pairwise
from random import Random
from types import SimpleNamespace

import pytest

from rao_lab.base.safe_text import cells
from rao_lab.errors import InputError
from rao_lab.tree import Call, Node, Status, Task, Tree, TreeHeader, Turn, child_path, path_key
from rao_lab.tree.align import MOST_COMPARED, align
from rao_lab.tree.diff import diff_trees
from rao_lab.views.diff.html import diff_html

HEADER = TreeHeader(Task("t", "Do: all"), policy="p")


def turn(index: int, code: str, tick: int, **more: object) -> Turn:
    made = Turn(
        index, code=code, text=f"```{code}```", started_tick=tick, sampled_tick=tick + 1, ended_tick=tick + 2
    )
    return replace(made, **more)  # type: ignore[arg-type]


def node(path: str, goal: str, *turns: Turn, children: int = 0, s: float = 1.0) -> Node:
    kids = tuple(child_path(path, at) for at in range(children))
    parent = path.rpartition(".")[0] or None
    place = int(path.rpartition(".")[2])
    return Node(
        path, parent, place, depth=path.count("."), goal=f"Do: {goal}", turns=turns, children=kids, success=s,
        status=Status.FINISHED,
    )  # fmt: skip


# The alignment, one line a case: what pairs with what, and by which likeness.
@pytest.mark.parametrize(
    ("first", "second", "pairs"),
    [
        ("a b c", "a b c", "0-0 equal, 1-1 equal, 2-2 equal"),
        ("y x", "x y x", "0-1 equal, 1-2 equal"),  # the longest, though x could pair sooner
        ("a b", "b a", "1-0 equal"),  # pairs never cross
        ("a b c", "a c", "0-0 equal, 2-1 equal"),
        ("2x_bolt", "3_x_bolt", "0-0 numbers"),
        ("a6", "a1", ""),  # a name that ends in a digit is no number
        ("2x_bolt 1x_nut", "5x_bolt 2x_bolt 1x_nut", "0-1 equal, 1-2 equal"),  # equal goals come first
        ("sum_the_list", "now_sum_the_long_list", "0-0 words"),
        ("sum_the_list", "weigh_it", ""),
        ("bolt", "bolt|you_have:_iron", "0-0 line"),
        ("", "a", ""),
    ],
)
def test_goals_are_aligned_in_order(first: str, second: str, pairs: str) -> None:
    lists = [[goal.replace("_", " ").replace("|", "\n") for goal in text.split()] for text in (first, second)]
    assert ", ".join(f"{i}-{j} {likeness}" for i, j, likeness in align(*lists)) == pairs


def test_an_alignment_never_crosses_and_keeps_what_is_equal_at_both_ends() -> None:
    random = Random(3)
    for size in (7, 40, int(MOST_COMPARED**0.5) + 60):
        one, two = ([f"item {random.choice('abcdefgh')}" for _ in range(size)] for _ in range(2))
        one[:2], two[:2] = ["start", "go"], ["start", "go"]
        found = align(one, two)
        assert all(i < k and j < m for (i, j, _), (k, m, _) in pairwise(found))
        assert found[:2] == [(0, 0, "equal"), (1, 1, "equal")]


def trees() -> tuple[Tree, Tree]:
    """The children part at tick 6 (another action); the root's result of tick 4 is the same."""
    launch = turn(1, "launch()", 0, calls=(Call("look", result=3),))
    a = Tree(
        HEADER,
        (
            node("0", "all", launch, turn(2, "finish(1)", 9), children=2),
            node("0.0", "2x bolt", turn(1, "make(2)", 3)),
            node("0.1", "nut", turn(1, "make(1)", 3)),
        ),
    )
    b = Tree(
        replace(HEADER, rollout=1, step=2),
        (
            node("0", "all", launch, turn(2, "finish(0)", 20), children=3, s=0.0),
            node("0.0", "paint", turn(1, "paint()", 3), children=1),
            node("0.0.0", "red", turn(1, "red()", 4)),
            node("0.1", "3x bolt", turn(1, "make(3)", 8), s=0.0),
            node("0.2", "nut", replace(turn(1, "make(1)", 3), text="Well, ```make(1)```")),
        ),
    )
    return a, b


@pytest.fixture(autouse=True)
def as_wide_as_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A notebook's kernel that ran in this process before would have narrower lines."""
    monkeypatch.setattr("rao_lab.tree.diff.usual_width", lambda: 100)


def test_two_trees_part_at_the_earliest_turn_of_the_first_clock() -> None:
    found = diff_trees(*trees())
    assert found.first is not None and found.first_action is not None
    # Both children part at tick 4, before the root's second turn; path order decides.
    assert (found.first.a, found.first.b, found.first.turn, found.first.what) == ("0.0", "0.1", 1, "code")
    assert (found.first.left, found.first.right) == ("make(2)", "make(3)")
    assert found.first_action is found.first
    assert [each.path for each in found.only_b] == ["0.0"] and not found.only_a
    assert [(row.a and row.a.path, row.b and row.b.path, row.goals) for row in found.rows] == [
        ("0", "0", "equal"),
        (None, "0.0", None),
        (None, "0.0.0", None),
        ("0.0", "0.1", "numbers"),
        ("0.1", "0.2", "equal"),
    ]
    assert [parting.what for parting in found.rows[4].partings] == ["words"]
    assert str(found).splitlines() == [
        "s 1.00 · 3 nodes · p · seed 0                      s 0.00 · 5 nodes · p · tree 2:0.1",
        "3 nodes in both (0 the same) · 0 only left, 2 only right · another s or R at 2 nodes",
        "first divergence: node 0.0 (at the right 0.1), turn 1: another action",
        "  < make(2)",
        "  > make(3)",
        "",
        "                                  s turns tokens                                     s turns tokens",
        "✓ 0  all                       1.00     2      — ~ ✗ 0  all                       0.00     2      —",
        "                                                 >   ✓ 0.0  paint                 1.00     1      —",
        "                                                 >     ✓ 0.0.0  red               1.00     1      —",
        "  ✓ 0.0  2x bolt               1.00     1      — #   ✗ 0.1  3x bolt               0.00     1      —",
        "  ✓ 0.1  nut                   1.00     1      — ~   ✓ 0.2  nut                   1.00     1      —",
    ]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"code": "launch(2)"}, "code"),
        ({"text": "so: ```launch()```"}, "words"),
        ({"output": "7"}, "results"),
        ({"calls": (Call("look", result=4),)}, "results"),
        ({"messages": ()}, None),  # what was read is not compared
        ({"logprobs": (), "started": 3.0}, None),
    ],
)
def test_what_differs_in_a_turn(change: dict[str, object], what: str | None) -> None:
    a, _ = trees()
    root = replace(a.root, turns=(replace(a.root.turns[0], **change), *a.root.turns[1:]))  # type: ignore[arg-type]
    found = diff_trees(a, replace(a, nodes=(root, *a.nodes[1:])))
    assert (found.first and found.first.what) == what
    assert (found.first_action is None) is (what in (None, "words"))
    shorter = replace(a.root, turns=a.root.turns[:1])
    ended = diff_trees(a, replace(a, nodes=(shorter, *a.nodes[1:]))).first
    assert ended and (ended.what, ended.turn, ended.right) == ("ended", 2, "")


def test_a_fork_parts_at_the_launch_of_what_it_told_otherwise_and_lacks_no_R() -> None:
    a, _ = trees()
    a = replace(a, header=replace(HEADER, step=12, group=2, rollout=1))
    earned = {each.path: SimpleNamespace(R=1.0, A=0.5) for each in a.nodes}
    for edit, change, what in (
        ({"goal": "x"}, {"goal": "something else altogether"}, "goal"),
        ({"prompt": "p"}, {"template": "p"}, "prompt"),
        ({"action": "x"}, {}, None),
    ):
        origin = {"node": "0.1", "edit": edit, "repeat": 1}
        told = replace(a.node("0.1"), **change)  # type: ignore[arg-type]
        # The root writes something else afterwards: the launch comes before.
        root = replace(a.root, turns=(a.root.turns[0], replace(a.root.turns[1], code="finish(2)")))
        fork = Tree(replace(a.header, origin=origin), (root, a.node("0.0"), told))
        found = diff_trees(a, fork, earned)  # type: ignore[arg-type]
        first = found.first_action
        assert first is not None and len(found.pairs) == 3
        assert (first.a, first.turn, first.what) == (("0.1", 0, what) if what else ("0", 2, "code"))
        lines = str(found).splitlines()
        assert "tree 12:2.1" in lines[0] and "s 1.00 · fork 2 of tree 12:2.1 · 3 nodes" in lines[0]
        assert f"({1 if what else 2} the same)" in lines[1] and "another s or R" not in lines[1]
        assert (
            f"first divergence: node {'0.1, launch: it was told' if what else '0, turn 2: another'}"
            in str(found)
        )
        page = diff_html(found, "k")
        assert "fork 2 of tree 12:2.1" in page and ("node 0.1, launch" in page) is bool(what)


def test_trees_of_two_tasks_say_so() -> None:
    a, b = trees()
    assert "two different tasks" not in str(diff_trees(a, b))
    other = diff_trees(a, replace(b, header=replace(b.header, task=Task("u", "Do: all"))))
    assert str(other).splitlines()[2] == "two different tasks: t and u"
    assert "two different tasks: t and u" in diff_html(other, "k")


def test_a_tree_without_nodes_and_what_is_no_tree_are_refused_in_one_line() -> None:
    a, _ = trees()
    for other, words in ((Tree(HEADER, ()), "has no nodes yet"), ("0.1", "give a tree")):
        with pytest.raises(InputError, match=words):
            diff_trees(a, other)  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", [pytest.param("star", marks=pytest.mark.slow), "bushy"])
def test_30_000_nodes_against_30_000_take_seconds_and_the_text_stays_short(shape: str) -> None:
    made = [_large(shape, seed) for seed in (1, 2)]
    began = time.process_time()
    found = diff_trees(*made)
    text = str(found)
    assert time.process_time() - began < 20  # about 3 alone
    assert (
        sum(row.a is not None for row in found.rows) == sum(row.b is not None for row in found.rows) == 30_000
    )
    assert len(text.splitlines()) < 220 and max(map(cells, text.splitlines())) <= 100


def _large(shape: str, seed: int) -> Tree:
    random = Random(seed)
    kids: dict[str, int] = {"0": 0}
    paths = ["0"]
    for _ in range(29_999):
        parent = "0" if shape == "star" else paths[random.randrange(max(0, len(paths) - 300), len(paths))]
        parent = parent if parent.count(".") < 150 else "0"
        paths.append(child_path(parent, kids[parent]))
        kids[parent] += 1
        kids[paths[-1]] = 0
    words = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta"]
    goals = [" ".join(random.choices(words, k=4)) for _ in paths]
    nodes = [node(path, goal, children=kids[path]) for path, goal in zip(paths, goals, strict=True)]
    return Tree(HEADER, tuple(sorted(nodes, key=lambda each: path_key(each.path))))

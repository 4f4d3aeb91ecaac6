"""The whole text picture of a tree, and its graph field by field."""

from __future__ import annotations

from array import array
from dataclasses import replace
from typing import Any

import pytest

from rao_lab.base.safe_text import cells
from rao_lab.credit import attribute
from rao_lab.errors import MissingError
from rao_lab.tree import Group, Node, Status, Task, Tree, TreeHeader, Turn, child_path
from rao_lab.tree.text import mark, node_label, preamble, short_goal, signed, signed_interval, text_tree

TASK = Task("t17", "Craft the following items: 2x m5_i3", difficulty="medium")
HEADER = TreeHeader(TASK, step=4, policy="tiny", policy_version=3)


def node(
    path: str, s: float | None = 1.0, goal: str = "1x a", children: int = 0, tokens: int = 10, **more: Any
) -> Node:
    return Node(
        path,
        parent=path.rpartition(".")[0] or None,
        depth=path.count("."),
        goal=f"Craft the following items: {goal}",
        status=more.pop("status", Status.FINISHED),
        success=s,
        success_source=None if s is None else "verifier",
        children=tuple(child_path(path, index) for index in range(children)),
        turns=(Turn(1, sampled_ids=array("i", [1] * tokens)),) if tokens else (),
        **more,
    )


BUSY = Tree(
    HEADER,
    (
        node("0", 1.0, "2x m5_i3, 1x c3_i2", 4, 1520),
        node("0.0", 0.5, "1x m4_i2", 1, together=True),
        node("0.0.0", 0.0, "4x b1_i1", refusals={"own_goal": 2}),
        node("0.1", 0.0, "1x m4_i1", status=Status.TURN_LIMIT, together=True),
        node("0.2", 0.0, "9x b2_i2", status=Status.CANCELLED, reason="its parent ended first"),
        node("0.3", None, "1x m3_i3", tokens=0, status=Status.ERROR, reason="worker lost"),
    ),
)
OTHER = Tree(replace(HEADER, rollout=1), (node("0", 0.0, "2x m5_i3, 1x c3_i2", 0, 30),))


def test_a_node_that_ran_into_a_limit_says_how_its_last_turn_failed() -> None:
    error = "SyntaxError: unexpected EOF while parsing\n(line 2: finish('done'))"
    failed = replace(node("0", 0.0, status=Status.TURN_LIMIT), turns=(Turn(1), Turn(2, error=error)))
    assert "turn limit, last error SyntaxError: unexpected EOF while parsing" in text_tree(
        Tree(HEADER, (failed,)), width=100
    )
    mended = replace(failed, turns=(Turn(1, error=error), Turn(2)))
    finished = replace(failed, status=Status.FINISHED)
    full = replace(failed, status=Status.CONTEXT_LIMIT)
    assert "error" not in "".join(text_tree(Tree(HEADER, (each,))) for each in (mended, finished, full))
    refused = replace(failed, refusals={"own_goal": 2})
    assert "turn limit, refused x2, last error Syntax" in text_tree(Tree(HEADER, (refused,)), width=84)


def test_the_picture_of_a_tree() -> None:
    assert text_tree(BUSY, width=80).splitlines() == [
        "task t17 · medium · recursive · tiny v3 · step 4",
        "                                                  s  turns  tokens",
        "✓ 0  2x m5_i3, 1x c3_i2                        1.00      1   1,520",
        "├═ ◐ 0.0  1x m4_i2                             0.50      1      10",
        "│  └─ ✗ 0.0.0  4x b1_i1 — refused own_goal x2  0.00      1      10",
        "├═ ▣ 0.1  1x m4_i1 — turn limit                0.00      1      10",
        "├─ ⊘ 0.2  9x b2_i2 — cancelled                 0.00      1      10",
        "└─ △ 0.3  1x m3_i3 — error: worker lost           —      0       0",
        "6 nodes · depth 2 · 5 turns · 1,560 tokens · ═ together",
    ]


# R of the root: 1 + 0.4 * (0.5 + 0 + 0) / 3 = 1.0667; b = 0, the other root. No score, no number.
def test_the_picture_with_credit() -> None:
    found = attribute([Group(TASK, (BUSY, OTHER))])
    assert text_tree(BUSY, found, width=80).splitlines()[1:8] == [
        "                                                  s     R      A  turns  tokens",
        "✓ 0  2x m5_i3, 1x c3_i2                        1.00  1.07  +1.07      1   1,520",
        "├═ ◐ 0.0  1x m4_i2                             0.50  0.50  +0.50      1      10",
        "│  └─ ✗ 0.0.0  4x b1_i1 — refused own_goal x2  0.00  0.00  +0.00      1      10",
        "├═ ▣ 0.1  1x m4_i1 — turn limit                0.00  0.00  +0.00      1      10",
        "├─ ⊘ 0.2  9x b2_i2 — cancelled                 0.00  0.00      —      1      10",
        "└─ △ 0.3  1x m3_i3 — error: worker lost           —     —      —      0       0",
    ]
    assert "−1.07" in text_tree(OTHER, found)


def test_refusals_are_summed_up_before_a_goal_is_cut() -> None:
    kinds = {"own_goal": 2, "missing": 4, "wrong_ingredients": 1}
    tree = Tree(HEADER, (node("0", 0.0, "2x m5_i3, 1x c3_i2", status=Status.TURN_LIMIT, refusals=kinds),))
    lines = [text_tree(tree, width=width).splitlines()[2] for width in (100, 72, 56)]
    assert (
        "— turn limit, refused own_goal x2, refused missing x4, refused wrong_ingredients x1" not in lines[1]
    )
    assert "▣ 0  2x m5_i3, 1x c3_i2 — turn limit, refused x7" in lines[1]
    assert lines[2].startswith("▣ 0  2x m5_i3") and "turn limit" in lines[2]
    assert all(cells(line) <= width for line, width in zip(lines, (100, 72, 56), strict=True))


def test_a_tool_that_raised_has_failed_and_was_not_refused() -> None:
    kinds = {"tool_raised": 2, "bad_call": 1, "tool_seconds": 1}
    tree = Tree(HEADER, (node("0", 0.0, refusals=kinds),))
    assert "failed tool_raised x2, refused bad_call x1, failed tool_seconds x1" in text_tree(tree, width=100)
    assert "— failed x3, refused x1" in text_tree(tree, width=60)


def test_the_same_picture_in_ascii() -> None:
    assert text_tree(BUSY, width=60, plain=True).splitlines() == [
        "task t17 - medium - recursive - tiny v3 - step 4",
        "                                            s  turns  tokens",
        "+ 0  2x m5_i3, 1x c3_i2                  1.00      1   1,520",
        "|= ~ 0.0  1x m4_i2                       0.50      1      10",
        "|  `- x 0.0.0  4x b1_i1 - refused x2     0.00      1      10",
        "|= # 0.1  1x m4_i1 - turn limit          0.00      1      10",
        "|- / 0.2  9x b2_i2 - cancelled           0.00      1      10",
        "`- ! 0.3  1x m3_i3 - error: worker lost     -      0       0",
        "6 nodes - depth 2 - 5 turns - 1,560 tokens - = together",
    ]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (64, "returned 64"),
        ("64", "returned '64'"),
        ([1, "a"], "returned [1, 'a']"),
        ("one\n\x1b[2Jtwo", r"returned 'one\n\x1b[2Jtwo'"),
        ("x" * 900, "returned '" + "x" * 69 + "…"),
    ],
)
def test_the_last_line_says_what_the_root_returned(value: object, said: str) -> None:
    assert text_tree(Tree(HEADER, (node("0", value=value),)), width=80).splitlines()[-1] == said


def test_a_root_that_returned_nothing_gets_no_line() -> None:
    late = node("0", 0.0, status=Status.TURN_LIMIT, value=64)
    for root in (late, node("0"), replace(late, status=Status.RUNNING)):
        assert "returned" not in text_tree(Tree(HEADER, (root,)))


def test_print_shows_the_picture() -> None:
    assert str(BUSY) == text_tree(BUSY)


def test_print_keeps_to_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    long = replace(BUSY.root, goal="Craft the following items: " + "2x k2_i7, " * 20)
    tree = Tree(HEADER, (replace(long, children=()),))
    for columns, widest in (("60", 60), ("80", 80), ("240", 100)):
        monkeypatch.setenv("COLUMNS", columns)
        assert max(map(len, str(tree).splitlines())) == widest


def test_print_fits_a_narrow_cell_of_a_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setattr("rao_lab.base.width.in_notebook", lambda: True)
    wide = Tree(TreeHeader(Task("t", "goal")), (node("0", goal="wide " * 40),))
    for drawn in (str(wide), str(wide.timeline())):
        assert max(map(cells, drawn.splitlines())) <= 72


def test_credit_of_one_tree_may_come_as_a_mapping() -> None:
    found = attribute([Group(TASK, (BUSY, OTHER))])
    assert text_tree(BUSY, found.of_tree(0, 0)) == text_tree(BUSY, found)
    assert "—      1" in text_tree(OTHER, {})


def test_credit_of_other_trees_is_refused() -> None:
    found = attribute([Group(TASK, (BUSY, OTHER))])
    with pytest.raises(MissingError, match=r"other trees than .*tree 0.7"):
        text_tree(replace(BUSY, header=replace(HEADER, rollout=7)), found)


def test_a_node_that_is_not_trained_says_why() -> None:
    silent = replace(OTHER, nodes=(node("0", 1.0, tokens=0),))
    found = attribute([Group(TASK, (BUSY, silent))])
    assert "not trained: no tokens" in text_tree(silent, found)


@pytest.mark.parametrize(
    ("status", "s", "sign"),
    [
        (Status.FINISHED, 1.0, "✓"),
        (Status.FINISHED, 0.4, "◐"),
        (Status.FINISHED, 0.0, "✗"),
        (Status.FINISHED, None, "?"),
        (Status.TIMEOUT, 0.0, "▣"),
        (Status.CONTEXT_LIMIT, 0.0, "▣"),
        (Status.ERROR, None, "△"),
        (Status.CANCELLED, 0.0, "⊘"),
        (Status.RUNNING, None, "◌"),
        (Status.WAITING, None, "‖"),
    ],
)
def test_each_end_has_its_mark(status: Status, s: float | None, sign: str) -> None:
    assert mark(node("0", s, status=status)) == sign


def test_a_live_tree_says_that_it_runs() -> None:
    live = Tree(HEADER, (node("0", None, status=Status.RUNNING, tokens=0),))
    assert text_tree(live).splitlines()[2:] == [
        "◌ 0  1x a — running  —      0       0",
        "1 node · depth 0 · 0 turns · running",
    ]
    assert text_tree(Tree(HEADER, ())).splitlines()[-1] == "no nodes yet"


def test_a_tree_that_need_not_come_again_says_why() -> None:
    assert "not reproducible: a timeout fired" in str(replace(OTHER, not_reproducible="a timeout fired"))


def test_hostile_words_cannot_act() -> None:
    bad = "\x1b]0;title\x07\u202e\n\n" * 20
    nodes = (
        node("0", 1.0, bad, 1, refusals={bad: 1}),
        node("0.0", None, bad, status=Status.ERROR, reason=bad),
    )
    header = replace(HEADER, task=Task(bad, bad, difficulty=bad), policy=bad, agent=bad)
    text = text_tree(Tree(header, nodes, not_reproducible=bad))
    assert not set(text) & {"\x1b", "\x07", "\u202e"}
    assert len(text.splitlines()) == 5


@pytest.mark.parametrize("width", [20, 40, 80, 200])
@pytest.mark.parametrize("plain", [False, True])
def test_no_line_is_wider_than_asked(width: int, plain: bool) -> None:
    wide = replace(BUSY.nodes[2], goal="日本" * 100)
    tree = replace(BUSY, nodes=(*BUSY.nodes[:2], wide, *BUSY.nodes[3:]))
    text = text_tree(tree, width=width, plain=plain)
    assert all(cells(line) <= width for line in text.splitlines())
    assert text.isascii() or not plain


def test_of_a_large_tree_the_shallow_nodes_are_drawn_and_the_rest_counted() -> None:
    small = text_tree(BUSY, most=3)
    assert [line.split("  ")[0] for line in small.splitlines()[2:5]] == ["✓ 0", "├═ ◐ 0.0", "├═ ▣ 0.1"]
    assert "… 2 more below" in small.splitlines()[2]
    assert "… 1 more below" in small.splitlines()[3]
    assert small.splitlines()[-1].startswith("6 nodes")


def test_a_deep_chain_is_drawn_at_one_indent_with_its_depth() -> None:
    path, nodes = "0", []
    for _ in range(60):
        nodes.append(node(path, children=1))
        path = child_path(path, 0)
    nodes.append(node(path))
    tree = Tree(HEADER, tuple(nodes))
    lines = text_tree(tree, width=200).splitlines()
    assert lines[-2].startswith("…60 deep")
    assert all(cells(line) <= 200 for line in lines)


def test_numbers_always_show_their_sign() -> None:
    assert [signed(value) for value in (0.5, -0.5, 0.0, -0.001)] == ["+0.50", "−0.50", "+0.00", "+0.00"]


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        ((-0.0453, -0.0871, -0.0043), "−0.045 [−0.087, −0.004]"),
        ((-0.0353, -0.0659, -0.0008), "−0.035 [−0.066, −0.001]"),
        ((0.05, 0.0002, 0.09), "+0.0500 [+0.0002, +0.0900]"),
        ((-0.0453, -0.0871, -0.0143), "−0.05 [−0.09, −0.01]"),
        ((0.0, -0.004, 0.004), "+0.00 [+0.00, +0.00]"),
        ((0.05, 0.0, 0.09), "+0.05 [+0.00, +0.09]"),
    ],
)
def test_an_interval_that_excludes_0_shows_it(seen: tuple[float, float, float], said: str) -> None:
    assert signed_interval(*seen) == said


def test_goals_lose_the_words_that_all_of_their_tree_begin_with() -> None:
    def goals(*given: str) -> list[str]:
        nodes = [Node(f"0.{at}", goal=goal) for at, goal in enumerate(given)]
        return [short_goal(each, preamble(nodes)) for each in nodes]

    assert goals("Craft the following items: 2x a, 1x b") == ["2x a, 1x b"]
    assert goals("Add up: 1, 2", "Add up: 1\nNote: not 2") == ["1, 2", "1 ⏎ Note: not 2"]
    assert goals("Add up: 1", "Find: the sender") == ["Add up: 1", "Find: the sender"]
    assert goals("Add up: 1", "Add up:") == ["Add up: 1", "Add up:"]
    assert goals("Find the\nsender: one") == ["Find the ⏎ sender: one"]
    assert preamble([]) == ""


def test_a_node_is_named_by_its_goal_or_else_by_its_path() -> None:
    assert node_label(Node("0.1", goal="x" * 100)) == "x" * 39 + "…"
    assert node_label(Node("0.1", parent="0")) == "0.1"


def test_a_count_that_python_does_not_print_does_not_end_the_picture() -> None:
    node = Node("0", status=Status.FINISHED, refusals={"depth": 10**5000})
    assert "refused depth xa int too long to print" in str(Tree(TreeHeader(Task("t", "g")), (node,)))

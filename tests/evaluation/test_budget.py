"""What solutions needed: turns, contexts, and the share that fits."""

from __future__ import annotations

from array import array
from dataclasses import replace

from rao_lab.evaluation.budget import Needs, context_tokens, needs, needs_by_band, needs_text
from rao_lab.execution.limits import Limits
from rao_lab.tree import Message, Node, Status, Task, Tree, TreeHeader, Turn


def turn(index: int, chars: int, tokens: int = 0) -> Turn:
    """`chars` of text, half read and half written; `tokens` likewise."""
    return Turn(
        index,
        continues=index > 1,
        messages=(Message("user", "m" * (chars // 2)),),
        text="t" * (chars - chars // 2),
        prompt_ids=array("i", [1] * (tokens // 2)),
        sampled_ids=array("i", [1] * (tokens - tokens // 2)),
    )


def tree(turns: int, chars: int, success: float = 1.0, band: str = "easy", **node: int) -> Tree:
    root = Node(
        "0",
        turns=tuple(turn(index + 1, chars) for index in range(turns)),
        status=Status.FINISHED,
        success=success,
        **node,  # type: ignore[arg-type]
    )
    return Tree(TreeHeader(Task("t", "g", band)), (root,), ended=1.0)


def test_median_most_and_share_by_hand() -> None:
    trees = [tree(1, 40), tree(3, 40), tree(8, 400)]
    assert needs(trees, Limits(max_turns=4, max_tree_turns=4, context_window=100)) == Needs(
        solved=3, median_turns=3, max_turns=8, median_context=30, max_context=800, fit=2 / 3, estimated=True
    )


def test_what_was_not_solved_is_not_counted() -> None:
    found = needs([tree(1, 40), tree(50, 4000, success=0.0)], Limits())
    assert (found.solved, found.max_turns, found.fit) == (1, 1, 1.0)


def test_the_window_alone_and_the_turns_of_a_node_alone_can_be_too_small() -> None:
    trees = [tree(2, 400), tree(5, 4)]
    assert needs(trees, Limits(context_window=150)).fit == 0.5
    assert needs(trees, Limits(max_turns=4)).fit == 0.5


def test_recorded_tokens_are_counted_if_there_are_any() -> None:
    node = Node("0", turns=(turn(1, 9999, 10), turn(2, 9999, 6)), window=100)
    assert context_tokens(node) == 16
    assert context_tokens(replace(node, window=0)) == 5000


def test_nothing_solved_has_no_numbers_and_says_so() -> None:
    found = needs([tree(1, 4, success=0.0)], Limits())
    assert (found.solved, found.median_turns, found.fit) == (0, None, None)
    assert (
        needs_text(found, {}, Limits()) == "budget of the solutions: unknown, since no tree solved its task"
    )


def test_bands_are_rows() -> None:
    trees = [tree(1, 40), tree(3, 40, band="hard")]
    limits = Limits(max_turns=2, max_tree_turns=9, context_window=99)
    text = needs_text(needs(trees, limits), needs_by_band(trees, limits, ("easy", "hard")), limits)
    assert "9 turns a tree, 2 a node, 99 tokens a context, at 4 characters a token" in text
    assert [line.split() for line in text.splitlines()[2:]] == [
        ["all", "2", "2", "3", "20", "30", "50%"],
        ["easy", "1", "1", "1", "10", "10", "100%"],
        ["hard", "1", "3", "3", "30", "30", "0%"],
    ]

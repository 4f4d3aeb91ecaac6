"""A row a tree: what became of each task, what it is about, and what it cost."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

import rao_lab as rl
from rao_lab.environments.textcraft.environment import TextCraft
from rao_lab.errors import CallbackError
from rao_lab.evaluation.ceiling import flat_fits, flat_tokens
from rao_lab.evaluation.evaluate import evaluate
from rao_lab.evaluation.rows import labels_of, task_rows
from rao_lab.tree import Task
from tests.support.worlds import Lines, Shelf


def test_a_row_says_what_the_tree_says() -> None:
    env, policy = TextCraft("easy,medium"), rl.load_policy("tiny", device="cpu")
    fits = flat_fits(env, policy)
    found = evaluate(env, policy, tasks=6, fits=fits)
    rows = task_rows(found, env, fits)
    assert [row.task for row in rows] == [tree.task.id for tree in found.trees]
    for row, tree in zip(rows, found.trees, strict=True):
        assert (row.success, row.nodes, row.depth) == (tree.success, len(tree), tree.depth)
        assert row.root_delegated == (len(tree) > 1)
        assert row.generated_tokens == sum(node.tokens_out for node in tree.nodes) > 0
        assert (row.ticks, row.seconds, row.attempt) == (tree.ended_tick, tree.ended, 0)
        assert row.flat_tokens == flat_tokens(tree.task, env, policy)
        assert set(row.to_dict()) == set(row.__slots__)
    assert json.loads(json.dumps([row.to_dict() for row in rows]))[0]["labels"] == rows[0].labels


def test_textcraft_labels_a_task_by_its_item_in_the_book_and_that_items_tier() -> None:
    one, two = TextCraft("all"), TextCraft("easy", targets=2)
    for env, task in [(each, task) for each in (one, two) for task in each.tasks("test")[:6]]:
        tiers = {item: tier for tier, items in enumerate(env.book.tiers) for item in items}
        wanted = {
            "item": "+".join(sorted(task.data["origin"])),
            "tier": max(tiers[item] for item in task.data["origin"]),
        }
        assert labels_of(task, env) == wanted


def test_what_nobody_knows_is_none_and_not_0() -> None:
    found = evaluate(Shelf(), Lines({"0": ['finish("ok")']}), tasks=[Task("t", "g")])
    (row,) = task_rows(found, Shelf(), lambda task, window: True)
    assert (row.labels, row.flat_tokens, row.generated_tokens) == ({}, None, None)


@pytest.mark.parametrize("given", [{"item": 1.5}, [("item", "a")], {1: "a"}, None, RuntimeError("no book")])
def test_labels_of_a_users_environment_are_checked(given: Any) -> None:
    class Own(Shelf):
        def labels(self, task: Task) -> Mapping[str, str | int]:
            if isinstance(given, Exception):
                raise given
            return given  # type: ignore[no-any-return]

    with pytest.raises(CallbackError, match=r"labels of task t1.*(correct labels|return a dict)"):
        labels_of(Task("t1", "g"), Own())

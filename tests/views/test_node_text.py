"""The texts of one node: what the model read, what it wrote, and its values."""

from __future__ import annotations

from array import array
from typing import Any

import pytest

from rao_lab.tree import Turn
from rao_lab.views.explorer.node_text import context_parts, node_text, show_value
from rao_lab.views.explorer.widget import Explorer
from tests.support.trees import decode, showcase_group, showcase_plan, tree_of
from tests.support.wire import Wire


def test_texts_come_on_demand_with_what_the_model_read() -> None:
    wire = Wire(Explorer(showcase_group(), tokenizer=decode))
    message, _ = wire.ask(type="texts", key="k", revision=7, step=1, tree=2, path="0.1")
    node = message["node"]
    assert (message["key"], message["revision"], len(node["turns"])) == ("k", 7, 3)
    assert node["turns"][1]["children"] == ["0.1.0", "0.1.1", "0.1.2"]
    kinds = [part["kind"] for part in node["turns"][1]["context"]]
    assert kinds == ["kept", "new", "wrote"]
    assert "".join(text for text, _ in node["turns"][0]["context"][0]["pieces"]).startswith(
        "<|im_start|>system"
    )


def test_a_context_that_was_cut_says_what_was_kept_cut_and_new() -> None:
    turn = Turn(2, continues=False, prompt_ids=array("i", [1, 2, 9, 4, 5]), sampled_ids=array("i", [6]))
    parts, held = context_parts(
        turn, array("i", [1, 2, 3, 3, 4, 5]), lambda ids: [(str(i), False) for i in ids]
    )
    assert [(part["kind"], part["tokens"]) for part in parts or []] == [
        ("kept", 2), ("cut", 2), ("new", 1), ("kept", 2), ("wrote", 1),
    ]  # fmt: skip
    assert held.tolist() == [1, 2, 9, 4, 5, 6]


def test_a_policy_without_tokens_shows_its_messages() -> None:
    tree = tree_of(showcase_plan(), tokens=False)
    text = node_text(tree.root, decode)
    assert not text["has_tokens"] and not text["decoded"]
    assert text["turns"][0]["messages"][0]["role"] == "system"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"a": (1,), 2: {3}}, "{'a': (1,), 2: {3}}"),
        ([None, True, 1.5, b"x"], "[None, True, 1.5, b'x']"),
        ("x" * 100, "'" + "x" * 39 + "…"),
    ],
)
def test_values_are_written_as_python_writes_them(value: Any, shown: str) -> None:
    assert show_value(value, 41) == shown


def test_deep_and_huge_values_cost_little() -> None:
    deep: Any = 1
    for _ in range(5000):
        deep = [deep]
    assert len(show_value(deep, 100)) < 120
    assert len(show_value(list(range(10**6)), 200)) <= 200
    assert len(show_value(10**5000, 200)) <= 200

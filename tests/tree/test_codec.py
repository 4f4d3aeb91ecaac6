"""Records survive JSON exactly; what is malformed is refused in one line that says where."""

from __future__ import annotations

import json
import math
import re
import typing
from array import array
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rao_lab.base.checks import MOST
from rao_lab.errors import InputError, RaoLabError, RecordError
from rao_lab.tree import (
    Call,
    Event,
    Group,
    Message,
    Node,
    Status,
    Task,
    Tree,
    TreeHeader,
    Turn,
    child_path,
    codec,
)
from rao_lab.tree.values import decode, dumps, loads
from tests.tree.test_fold import EXPECTED, STORY
from tests.tree.test_values import same, texts, values

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["$", "v", "a", "path", "nodes"]), inner, max_size=3)
        | st.fixed_dictionaries(
            {
                "$": st.sampled_from(["tuple", "set", "dict", "bytes", "str", "int", "float", "i32"]),
                "v": inner,
            }
        )
    ),
    max_leaves=8,
)
READERS = [
    decode,
    codec.tree_from_json,
    codec.node_from_json,
    codec.turn_from_json,
    codec.header_from_json,
    codec.task_from_json,
    codec.group_from_json,
    codec.event_from_json,
]


@given(json_values, st.sampled_from(READERS))
def test_any_json_is_read_or_refused(data: Any, read: Any) -> None:
    try:
        read(data)
    except RaoLabError as error:
        assert len(str(error)) < 1_000


@pytest.mark.parametrize("event", STORY, ids=lambda event: type(event).__name__)
def test_events_survive_json(event: Event) -> None:
    data = loads(dumps(codec.event_to_json(event)))
    assert codec.event_from_json(data) == event


def test_events_are_named_in_snake_case() -> None:
    names = {codec.event_to_json(event)["event"] for event in STORY}
    assert names == {"spawned", "turn_started", "acted", "turn_ended", "refused", "finished", "scored"}


def through(tree: Tree) -> Tree:
    return codec.tree_from_json(loads(dumps(codec.tree_to_json(tree))))


def test_a_tree_survives_json() -> None:
    assert through(EXPECTED) == EXPECTED


def test_fields_with_their_default_are_left_out() -> None:
    assert codec.task_to_json(Task("a", "b")) == {"id": "a", "goal": "b"}
    assert codec.node_to_json(Node("0")) == {"path": "0"}
    assert codec.turn_to_json(Turn(1)) == {"index": 1}


def test_a_group_survives_json() -> None:
    group = Group(EXPECTED.task, (EXPECTED, replace(EXPECTED, ended=None)), step=3, index=2, probe=True)
    assert codec.group_from_json(loads(dumps(codec.group_to_json(group)))) == group


def test_token_arrays_survive_bit_for_bit() -> None:
    odd = array("f", [float("nan"), float("-inf"), -0.0, 1e-45, -1.1])
    turn = Turn(1, sampled_ids=array("i", [-(2**31), 2**31 - 1, 0, 1, 2]), logprobs=odd, entropies=odd)
    back = codec.turn_from_json(loads(dumps(codec.turn_to_json(turn))))
    assert back.logprobs.tobytes() == odd.tobytes()
    assert back.sampled_ids == turn.sampled_ids


FIELD_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "Any": values,
    "str": texts,
    "str | None": st.none() | texts,
    "bool": st.booleans(),
    "int": st.integers(-MOST, MOST),
    "int | None": st.none() | st.integers(-MOST, MOST),
    "float": st.floats(-1e12, 1e12),
    "float | None": st.none() | st.floats(-1e12, 1e12),
    "Mapping[str, Any]": st.dictionaries(texts, values, max_size=3),
    "Mapping[str, Any] | None": st.none() | st.dictionaries(texts, values, max_size=3),
    "Mapping[str, int]": st.dictionaries(texts, st.integers(0, 9), max_size=3),
    "Status": st.sampled_from(Status),
    "tuple[Any, ...]": st.lists(values, max_size=3).map(tuple),
    "tuple[str, ...]": st.lists(texts, max_size=3).map(tuple),
    "array[int]": st.lists(st.integers(-(2**31), 2**31 - 1), max_size=5).map(lambda ids: array("i", ids)),
    "array[float]": st.lists(st.floats(width=32, allow_nan=False), max_size=5).map(lambda xs: array("f", xs)),
}


RANGES = {
    "seed": st.integers(-(2**70), 2**70),
    "success": st.none() | st.floats(0.0, 1.0),
    "read": st.integers(0, MOST),
    "wrote": st.integers(0, MOST),
}


def records(cls: Any, **fixed: Any) -> st.SearchStrategy[Any]:
    inner = {
        "tuple[Message, ...]": lambda: st.lists(records(Message), max_size=2).map(tuple),
        "tuple[Call, ...]": lambda: st.lists(records(Call), max_size=2).map(tuple),
        "tuple[Turn, ...]": lambda: st.lists(records(Turn), max_size=2).map(tuple),
        "Task": lambda: records(Task),
    }
    made = {}
    for item in fields(cls):
        drawn = FIELD_VALUES[item.type] if item.type in FIELD_VALUES else inner[item.type]()
        made[item.name] = fixed.get(item.name, RANGES.get(item.name, drawn))
    return st.builds(cls, **made)


EVENTS = list(typing.get_args(Event))


@settings(max_examples=30)
@given(st.one_of(records(Node, path=st.just("0")), records(Turn), records(TreeHeader), records(Task)))
def test_any_record_survives_json(record: Any) -> None:
    name = {Node: "node", Turn: "turn", TreeHeader: "header", Task: "task"}[type(record)]
    data = getattr(codec, f"{name}_to_json")(record)
    back = getattr(codec, f"{name}_from_json")(loads(dumps(data)))
    for item in fields(record):
        assert alike(getattr(back, item.name), getattr(record, item.name)), item.name


def alike(a: Any, b: Any) -> bool:
    """`same` inside records too."""
    if isinstance(a, (Turn, Call, Message, Task)):
        return type(a) is type(b) and all(alike(getattr(a, f.name), getattr(b, f.name)) for f in fields(a))
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(map(alike, a, b))
    return same(a, b)


@settings(max_examples=30)
@given(st.sampled_from(EVENTS).flatmap(lambda cls: records(cls, node=st.just("0.2"))))
def test_any_event_survives_json(event: Event) -> None:
    back = codec.event_from_json(loads(dumps(codec.event_to_json(event))))
    assert all(alike(getattr(back, item.name), getattr(event, item.name)) for item in fields(event))


def test_minus_zero_and_whole_numbers_keep_their_kind() -> None:
    node = Node("0", started=-0.0, ended=3)
    back = codec.node_from_json(codec.node_to_json(node))
    assert math.copysign(1, back.started) == -1
    assert type(back.ended) is int


def test_a_chain_of_many_nodes_is_read_without_recursion() -> None:
    nodes, path = [], "0"
    for _ in range(150):
        below = child_path(path, 0)
        nodes.append(Node(path, path.rpartition(".")[0] or None, depth=path.count("."), children=(below,)))
        path = below
    nodes.append(Node(path, path.rpartition(".")[0], depth=path.count(".")))
    tree = Tree(EXPECTED.header, tuple(nodes))
    assert through(tree) == tree


NODE = {"path": "0"}
SHORT = {"index": 1, "logprobs": {"$": "f32", "v": "AAA="}}
ESCAPE = {"event": "refused", "seq": 0, "tick": 0, "time": 0.0, "node": "../0", "turn": 1}
HEADER = {"task": {"id": "t", "goal": "g"}}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, "a tree must be a JSON object, not None"),
        ({"header": HEADER}, "a tree needs the field 'nodes'"),
        ({"header": {"task": {}}, "nodes": []}, "tree.header: treeheader.task: a task needs the field 'id'"),
        ({"header": HEADER, "nodes": [], "extra": 1}, "a tree has no field 'extra'"),
        ({"header": HEADER, "nodes": {}}, "tree.nodes: a list is expected"),
        ({"header": HEADER, "nodes": [{"path": 3}]}, "node.path: text is expected, not 3"),
        (
            {"header": HEADER, "nodes": [{"path": "0", "depth": True}]},
            "node.depth: a whole number from -2.14748e+09 to 2.14748e+09 is expected, not True",
        ),
        ({"header": HEADER, "nodes": [{"path": "0", "status": "asleep"}]}, "'asleep' is not a status"),
        ({"header": HEADER, "nodes": [{"path": "0", "status": ["x"]}]}, "is not a status"),
        ({"header": HEADER, "nodes": [{"path": "x.y"}]}, "is not the path of a node"),
        ({"header": HEADER, "nodes": [{"path": "0.٣"}]}, "is not the path of a node"),
        ({"header": HEADER, "nodes": [{"path": "0" + ".0" * 5_000}]}, "is not the path of a node"),
        ({"header": HEADER, "nodes": [{"path": "0", "refusals": {"a": "b"}}]}, "counts is expected"),
        ({"header": HEADER, "nodes": [{"path": "0", "refusals": {"a": 2**62}}]}, "counts is expected"),
        (
            {"header": HEADER, "nodes": [{"path": "0", "success": 1e308}]},
            "a number from 0 to 1 or null is expected",
        ),
        (
            {"header": HEADER, "nodes": [{"path": "0", "parent_turn": 2**62}]},
            "node.parent_turn: a whole number",
        ),
        ({"header": HEADER, "nodes": [{"path": "0", "args": {"$": "dict", "v": [[1, 2]]}}]}, "names as keys"),
        (
            {"header": HEADER, "nodes": [{"path": "0", "turns": [{"index": 1, "sampled_ids": [1]}]}]},
            "node.turns: turn.sampled_ids: a tagged value must be",
        ),
        (
            {"header": HEADER, "nodes": [{"path": "0", "goal": {"$": "int", "v": "0x" + "f" * 19_000}}]},
            "a value with the tag 'int' cannot be read",
        ),
        ({"header": HEADER, "nodes": [{"path": "0", "turns": [SHORT]}]}, "an array of f32 is expected"),
    ],
)
def test_malformed_trees_are_refused_with_the_place(data: Any, message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        codec.tree_from_json(data)


def test_a_tree_that_contradicts_itself_is_refused() -> None:
    with pytest.raises(RecordError, match="does not list it"):
        codec.tree_from_json({"header": HEADER, "nodes": [NODE, {"path": "0.0", "parent": "0", "depth": 1}]})


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "an event must be a JSON object"),
        ({}, "is not an event: choose one of spawned"),
        ({"event": {}}, "is not an event"),
        ({"event": "scored", "seq": 0}, "needs the field 'tick'"),
        ({**ESCAPE, "kind": "x", "message": ""}, "is not the path"),
    ],
)
def test_malformed_events_are_refused(data: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        codec.event_from_json(data)


def test_the_text_of_a_tree_is_ascii_safe_json() -> None:
    text = dumps(codec.tree_to_json(EXPECTED))
    assert json.loads(text)["header"]["task"] == {"id": "t", "goal": "goal"}
    assert text.isascii()

"""Values from a child to its parent, out of the tree, into the run file and back."""

from __future__ import annotations

from array import array
from pathlib import Path
from typing import Any

import pytest

from rao_lab.execution.executor import Executor
from rao_lab.execution.sandbox import MAX_VALUE_DEPTH, MAX_VALUE_ITEMS, MAX_VALUE_SIZE, Sandbox
from rao_lab.prompts import find
from rao_lab.protocols import TurnReply, TurnRequest
from rao_lab.store import RunWriter, open_run
from rao_lab.tree import TreeHeader
from tests.support.promises import LIMITS, grow
from tests.support.worlds import TASK, Lines, Shelf


def nested(levels: int) -> Any:
    value: Any = []
    for _ in range(levels - 1):
        value = [value]
    return value


LONGEST = MAX_VALUE_SIZE - 3 * 8
"""Characters of the longest text that passes: what holds the arguments counts too."""
MOST = MAX_VALUE_ITEMS - 4
DEEPEST = MAX_VALUE_DEPTH - 2
VALUES: dict[str, tuple[str, Any]] = {
    source: (f"v = {source}", eval(source))  # noqa: S307 - the literals just below
    for source in (
        "None", "True", "0", "-7", "2 ** 13999", "1.5", "-0.0", "1e308 * 10", "''", "'αβ\\x00\\u202e'",
        "b'\\x00\\xff'", "[]", "()", "{}", "set()", "frozenset()", "(1, (2.0, '3'), [4])",
        "{1, 'a', (2, b'b')}", "frozenset([1, 2])", "{(1, 2): 'x', None: 1, 1.5: b'k', True: []}",
        "[{'a': {'b': [1, {'c': (None,)}]}}]", "{'$': 'tuple', 'v': [1]}", "{'failed': 'not really'}",
    )
}  # fmt: skip
VALUES |= {
    "nan": ("v = 1e308 * 10 - 1e308 * 10", float("nan")),
    # The parent's turn has passed the arguments of its launch as well.
    "longest text": (f"v = 'x' * {LONGEST - 25}", "x" * (LONGEST - 25)),
    "longest bytes": (f"v = b'\\x01' * {LONGEST - 25}", b"\x01" * (LONGEST - 25)),
    "most items": (f"v = list(range({MOST}))", list(range(MOST))),
    "deepest": (f"v = []\nfor _ in range({DEEPEST - 1}):\n    v = [v]", nested(DEEPEST)),
}


class ByTree(Lines):
    """The child of each tree has a text of its own."""

    def __init__(self, root: str, children: list[str]) -> None:
        super().__init__({"0": [root]})
        self.children = children

    def _reply(self, request: TurnRequest) -> TurnReply:
        index, path = request.key
        if path == "0":
            return super()._reply(request)
        return TurnReply(request.key, self.children[index], prompt_ids=array("i"))


def same(left: Any, right: Any) -> bool:
    """Equal in every type and bit, NaN included."""
    if type(left) is not type(right):
        return False
    if isinstance(left, (list, tuple)):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return len(left) == len(right) and all(
            same(a, b) and same(left[a], right[b]) for a, b in zip(left, right, strict=True)
        )
    if isinstance(left, float):
        return left.hex() == right.hex()
    return bool(left == right)


def test_values_of_every_kind_reach_the_parent_and_the_run_file_and_come_back(tmp_path: Path) -> None:
    code = "v = await launch_subagent('a')\nfinish(v)"
    policy = ByTree(code, [f"{source}\nfinish(v)" for source, _ in VALUES.values()])
    headers = [TreeHeader(TASK, step=1, group=group) for group in range(len(VALUES))]
    with Sandbox(seconds=60.0) as own, RunWriter(tmp_path / "a.rao", {}) as writer:
        writer.begin_step(1)
        executor = Executor(
            Shelf(), policy, find("terse"), LIMITS, sandbox=own,
            on_event=lambda index, event: writer.event(index, headers[index], event),
        )  # fmt: skip
        trees = executor.run(headers)
        for tree in trees:
            writer.tree_done(tree)
        writer.end_step(1)
    stored = [group.trees[0] for group in open_run(tmp_path / "a.rao").groups(1)]
    for (name, (_, value)), made, kept in zip(VALUES.items(), trees, stored, strict=True):
        for tree in (made, kept):
            launch = tree.root.turns[0].calls[0]
            values = (tree.node("0.0").value, launch.result, tree.root.value)
            assert all(same(found, value) for found in values), name


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (f"v = 'x' * {LONGEST + 1}", "too large"),
        (f"v = list(range({MOST + 1}))", "too large"),
        (f"v = []\nfor _ in range({DEEPEST}):\n    v = [v]", "nested too deep"),
        ("v = 2 ** 14000", "bits"),
        ("v = len", "pass None, bool"),
    ],
)
def test_one_more_is_refused_and_the_node_goes_on(sandbox: Sandbox, made: str, words: str) -> None:
    texts = {"0": ["finish(await launch_subagent('a'))"], "0.0": [f"{made}\nfinish(v)", "finish('less')"]}
    tree = grow(sandbox, Lines(texts)).tree
    assert words in (tree.node("0.0").turns[0].error or "")
    assert tree.root.value == "less"

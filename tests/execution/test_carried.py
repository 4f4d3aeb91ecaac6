"""What the agents of one tree hand about is bounded together, and what was recorded can be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from rao_lab.errors import ConfigError, InputError
from rao_lab.execution.carried import FULL, Carried, refused, weight
from rao_lab.execution.limits import Limits
from rao_lab.execution.sandbox import Sandbox
from rao_lab.protocols import Refusal
from rao_lab.store import RunWriter, open_run
from rao_lab.store.columns.bytes import pack
from rao_lab.store.rows.texts import to_json
from rao_lab.tree import Call, Node, Status, Tree, Turn
from tests.support.promises import grow
from tests.support.trees import header_of
from tests.support.worlds import Lines, Shelf, ShelfWorld

MB = 2**20


class Refusing(ShelfWorld):
    def call(self, path: str, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        raise Refusal("full", "the shelf is full")


class Generous(ShelfWorld):
    def call(self, path: str, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        return "y" * args[0]


class ShelfOf(Shelf):
    def __init__(self, world: type[ShelfWorld]) -> None:
        super().__init__()
        self.world = world

    def open(self, task: Any) -> ShelfWorld:
        return self.world()


@pytest.fixture(scope="module")
def printing() -> Iterator[Sandbox]:
    """It keeps all that is printed."""
    with Sandbox(output_chars=2 * MB) as own:
        yield own


def kept(tree: Tree) -> int:
    """Bytes of all that its agents handed about."""
    return sum(
        weight(node.value)
        + weight((node.goal, dict(node.args)))
        + sum(
            weight(turn.output) + sum(weight((c.args, dict(c.kwargs), c.result)) for c in turn.calls)
            for turn in node.turns
        )
        for node in tree.nodes
    )


def read_back(tree: Tree, folder: Path) -> Tree:
    with RunWriter(folder / "a.rao", {}) as writer:
        writer.begin_step(0)
        writer.tree_done(tree)
        writer.end_step(0)
    with open_run(folder / "a.rao") as run:
        assert len(run.groups(0)[0]) == 1
        return run.tree(1)


def test_refused_calls_do_not_keep_large_arguments(sandbox: Sandbox, tmp_path: Path) -> None:
    """8 MB in each of 400 turns were 3 GB of this process, and 2.9 GB of everyone who read the file."""
    code = "for n in range(7):\n  try: put('x' * 1_000_000, n)\n  except RuntimeError: pass"
    shelf = ShelfOf(Refusing)
    tree = grow(sandbox, Lines({"0": [code] * 3 + ["finish('ok')"]}), shelf).tree
    calls = [call for turn in tree.root.turns for call in turn.calls]
    assert len(calls) == 21 and tree.root.refusals == {"full": 21}
    assert calls[3].args[1] == 3 and "(1.0 MiB, not kept)" in calls[3].args[0]
    assert calls[3].error == "the shelf is full"
    assert kept(tree) < 10_000
    assert read_back(tree, tmp_path) == tree


def test_a_small_refused_call_is_kept_as_it_was() -> None:
    call = Call("put", (1, "x" * 200), {"to": ["a", 2]})
    assert refused(call, "no") == Call("put", (1, "x" * 200), {"to": ["a", 2]}, error="no")


def test_children_that_finish_with_much_leave_a_tree_that_can_be_read(tmp_path: Path) -> None:
    """Eight of them were a body that the reader refused: the sound run was called damaged for ever."""
    gather = ", ".join(["launch_subagent('a')"] * 8)
    texts = {"0": [f"import asyncio\nr = await asyncio.gather({gather})\nfinish('ok')"]}
    texts |= {f"0.{n}": [f"finish('{n}' * 7_900_000)", "finish('less')"] for n in range(8)}
    with Sandbox(memory_mb=512) as roomy:
        tree = grow(roomy, Lines(texts)).tree
    assert kept(tree) <= 32 * MB
    assert [len(tree.node(f"0.{n}").value) for n in range(8)] == [7_900_000, 7_900_000, *[4] * 6]
    told = tree.node("0.2").turns[0].error or ""
    assert "finish(...) takes 15.1 MiB, and 1.9 MiB are left of the 32 MiB" in told and "pass less" in told
    assert tree.root.status is Status.FINISHED
    assert read_back(tree, tmp_path) == tree


def test_results_are_counted_with_all_else(printing: Sandbox) -> None:
    code = "for n in range(200):\n  try: put(400_000)\n  except RuntimeError as error: print(error)"
    limits = {"max_value_mb": 1, "max_output_chars": 2 * MB}
    tree = grow(
        printing, Lines({"0": [code, "print('z' * 1_900_000)", "finish(1)"]}), ShelfOf(Generous), **limits
    ).tree
    first = tree.root.turns[0]
    results = [call.result for call in first.calls if call.error is None]
    assert len(results) == 2 and tree.root.refusals == {"values": 198}
    assert "the result of put takes 0.4 MiB, and " in (first.calls[-1].error or "")
    assert first.calls[-1].args == (400_000,)
    assert 0 < len(tree.root.turns[1].output) < 300_000
    assert kept(tree) <= MB + 100_000
    assert tree.root.status in (Status.TREE_LIMIT, Status.FINISHED)


def test_arguments_of_launches_count_twice_because_the_child_keeps_them(sandbox: Sandbox) -> None:
    both = "launch_subagent('g' * 300_000), launch_subagent('h' * 300_000)"
    code = f"import asyncio\nr = await asyncio.gather({both})\nfinish(r[1])"
    again = "await launch_subagent('i' * 300_000)"
    tree = grow(
        sandbox,
        Lines({"0": [code], "0.0": [again, "finish('ok')"]}),
        max_value_mb=1,
    ).tree
    calls = tree.root.turns[0].calls
    assert (calls[0].child, calls[1].child) == ("0.0", None)
    assert "launch_subagent(...) takes 0.3 MiB, and 0.1 MiB are left" in tree.root.value["failed"]
    assert len(tree) == 2 and "not kept" in calls[1].args[0]
    assert "launch_subagent(...) takes 0.3 MiB" in (tree.node("0.0").turns[0].error or "")


def test_a_node_ends_if_nothing_is_left(printing: Sandbox) -> None:
    code = "print('z' * 1_048_500)"
    limits = {"max_value_mb": 1, "max_output_chars": 2 * MB}
    tree = grow(printing, Lines({"0": [code, code, "print('z' * 50)", code]}), **limits).tree
    assert (tree.root.status, tree.root.success) == (Status.TREE_LIMIT, 0.0)
    assert tree.root.reason == FULL


def test_what_compresses_to_nothing_can_still_be_read(tmp_path: Path) -> None:
    """Texts that take the most in JSON and the least in the file."""
    calls = tuple(Call("put", ("\0" * 8 * MB,)) for _ in range(2))
    node = Node("0", turns=(Turn(1, calls=calls),), status=Status.FINISHED, value=None)
    tree = Tree(header_of("task", "goal", 0, 0, 0), (node,))
    assert read_back(tree, tmp_path) == tree


def test_a_body_that_no_reader_would_take_is_not_written() -> None:
    with pytest.raises(InputError, match="300 MiB in one piece cannot be recorded"):
        pack(bytes(300 * MB))


@pytest.mark.parametrize(
    "value",
    [
        (),
        [()] * 10,
        {1: 2},
        {(): {}},
        "",
        2**60,
        2**13_999,
        1e-300,
        b"",
        None,
        "\0" * 9,
        "é" * 9,
        "\U0001f600" * 9,
        "\ud800" * 9,
        '"' * 9,
    ],
)
def test_the_weight_is_at_least_a_sixth_of_what_is_written(value: Any) -> None:
    many = [value] * 1000
    assert 6 * weight(many) >= len(to_json(many))


def test_the_budget_is_a_limit_like_the_others() -> None:
    assert Limits().max_value_mb == 32
    with pytest.raises(ConfigError, match="max_value_mb=41 means nothing: give 1 to 40"):
        Limits(max_value_mb=41)
    carried = Carried(1)
    with pytest.raises(Refusal, match=r"it takes 2\.0 MiB, and 1\.0 MiB are left"):
        carried.take("it", "x" * 2 * MB)
    assert carried.left == MB


class Keyed(Lines):
    def without_key(self, text: str) -> str:
        return text.replace("sk-secret", "***")


def test_a_key_that_code_puts_together_is_not_recorded(sandbox: Sandbox, tmp_path: Path) -> None:
    code = (
        "k = 'sk-' + 'secret'\nprint('it is', k)\nr = await launch_subagent('say ' + k)\nraise ValueError(k)"
    )
    last = "finish({('sk-' + 'secret',): ['sk-' + 'secret', 1]})"
    texts = {"0": [code, last], "0.0": ["finish(['sk-' + 'secret'])"]}
    tree = grow(sandbox, Keyed(texts)).tree
    assert "secret" not in str(tree.nodes).replace("'secret'", "")
    assert tree.root.value == {("***",): ["***", 1]}
    assert tree.root.turns[0].output == "it is ***\n"
    assert (tree.node("0.0").goal, tree.node("0.0").value) == ("say ***", ["***"])
    read_back(tree, tmp_path)
    assert b"sk-secret" not in (tmp_path / "a.rao").read_bytes()

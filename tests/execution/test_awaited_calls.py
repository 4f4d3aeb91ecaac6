"""Async functions of a world that is not told of calls that come together: they are called one by one, in order."""

from __future__ import annotations

from collections.abc import Sequence

import rao_lab as rl
from rao_lab.protocols import Function
from tests.support.worlds import TASK, Lines, Shelf, ShelfWorld

CODE = """import asyncio
a, b, r = await asyncio.gather(put(1), put(-1), launch_subagent('part'), return_exceptions=True)
c = await put(2)
finish([a, str(b), r, c])"""


class LateWorld(ShelfWorld):
    def functions(self) -> Sequence[Function]:
        return (Function("put", "put(n: int) -> int", "Adds n and returns the total.", is_async=True),)


class Late(Shelf):
    def open(self, task: rl.Task) -> ShelfWorld:
        self.worlds.append(LateWorld())
        return self.worlds[-1]


def test_an_async_function_of_a_world_is_called_when_it_is_awaited_and_is_no_launch() -> None:
    env = Late()
    tree = rl.run(TASK, env, Lines({"0": [CODE], "0.0": ["finish(await put(5))"]}))
    assert tree.root.value == [1, "put(-1): give a number of 0 or more", 6, 8]
    assert env.worlds[0].log == [("0", 0), ("0", 1), ("0.0", 0), ("0.0", 5), ("0", 2)]
    assert tree.root.refusals == {"negative": 1}
    first, refused, launched, last = tree.root.turns[0].calls
    assert (first.result, refused.error, launched.child, last.result) == (
        1,
        "put(-1): give a number of 0 or more",
        "0.0",
        8,
    )
    flat = rl.run(TASK, env, Lines({"0": ["put(1)", "finish(await put(3))"]}), agent="flat")
    assert flat.root.value == 3
    assert flat.root.turns[0].calls[0].error == "put(...) does nothing until it is awaited: you forgot await"

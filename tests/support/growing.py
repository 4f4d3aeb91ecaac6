"""Grows trees from given lines, and checks that their events fold to them."""

from __future__ import annotations

from typing import Any

from rao_lab.execution.executor import Executor
from rao_lab.execution.limits import Limits
from rao_lab.execution.sandbox import Sandbox
from rao_lab.prompts import find
from rao_lab.tree import Event, Tree, TreeHeader, validate
from rao_lab.tree.fold import fold
from tests.support.worlds import TASK, Lines, Shelf


def grow(sandbox: Sandbox, texts: dict[str, list[str]], trees: int = 1, **options: Any) -> list[Tree]:
    limits = options.pop("limits", Limits())
    policy = options.pop("policy", None) or Lines(texts, options.pop("delays", None))
    events: list[list[Event]] = [[] for _ in range(trees)]
    executor = Executor(
        Shelf(),
        policy,
        find(options.pop("words", "terse")),
        limits,
        sandbox=sandbox,
        on_event=lambda index, event: events[index].append(event),
        **options,
    )
    headers = [TreeHeader(TASK, seed=7, rollout=index) for index in range(trees)]
    grown = executor.run(headers)
    for tree, heard in zip(grown, events, strict=True):
        validate(tree)
        assert fold(tree.header, heard, tree.not_reproducible) == tree
    return grown


def grow_one(sandbox: Sandbox, texts: dict[str, list[str]], **options: Any) -> Tree:
    return grow(sandbox, texts, **options)[0]


TWO_CHILDREN = (
    "import asyncio\n"
    "r = await asyncio.gather(launch_subagent('a'), launch_subagent('b'))\n"
    "finish('ok' if r == [1, {'x': [2]}] else r)"
)

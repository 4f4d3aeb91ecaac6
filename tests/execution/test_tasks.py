"""Tasks and gathers that return exceptions: the same launches in the same order as without them, and true words for
launches that came to nothing."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from rao_lab.execution.limits import Limits
from rao_lab.execution.sandbox import Sandbox
from rao_lab.tree import Node, Status, Tree
from tests.support.growing import grow_one

FUNCTIONS = """
import asyncio
async def one(x):
    return await launch_subagent(x)
async def two(x):
    a = await launch_subagent(x)
    return [a, await launch_subagent(x + 'again')]
async def both(x):
    return await asyncio.gather(one(x), two(x))
def plain(x):
    return launch_subagent(x)
"""
LIMITS = Limits(max_children=40, max_nodes=60)


def written(random: Random, tasks: bool, caught: bool) -> str:
    """A program of gathers in sequence; the same one for a seed, with tasks or without."""
    code = FUNCTIONS + "r = []\n"
    for _ in range(random.randint(1, 3)):
        calls = [
            f"{random.choice(['one', 'two', 'both', 'plain'])}('g{random.randint(0, 9)}')" for _ in range(3)
        ]
        made = [f"asyncio.create_task({call})" if tasks else call for call in calls]
        last = ", return_exceptions=True" if caught else ""
        code += f"ts = [{', '.join(made)}]\nr.append(await asyncio.gather(*ts{last}))\n"
    return code + "finish(r)"


def shape(tree: Tree) -> list[Node]:
    """The tree's nodes without what the root wrote and without wall-clock times."""
    return [replace(node, turns=(), started=0.0, ended=0.0) for node in tree.nodes]


def grown(seed: int, sandbox: Sandbox, tasks: bool, caught: bool) -> Tree:
    random = Random(seed)
    code = written(Random(seed), tasks, caught)
    paths = [f"0.{index}" for index in range(40)]
    texts = {"0": [code], **{path: [f"finish({path!r})"] for path in paths}}
    delays = {path: random.randint(1, 6) for path in paths}
    return grow_one(sandbox, texts, limits=LIMITS, delays=delays)


@pytest.mark.parametrize("seed", range(12))
def test_tasks_and_caught_exceptions_change_neither_the_order_nor_the_tree(
    seed: int, sandbox: Sandbox
) -> None:
    plain = grown(seed, sandbox, tasks=False, caught=False)
    assert plain.root.status is Status.FINISHED and len(plain) > 3
    for tasks, caught in ((True, False), (False, True), (True, True)):
        for _ in range(2):
            assert shape(grown(seed, sandbox, tasks, caught)) == shape(plain)


def test_tasks_of_launches_run_together(sandbox: Sandbox) -> None:
    code = (
        "import asyncio\nt = asyncio.create_task(launch_subagent('a'))\nu = asyncio.create_task(launch_subagent('b'))\n"
        "finish([await t, await u])"
    )
    tree = grow_one(sandbox, {"0": [code], "0.0": ["finish(1)"], "0.1": ["finish(2)"]})
    assert tree.root.value == [1, 2] and all(node.together for node in tree.children("0"))


FAILING = "import asyncio\nasync def bad():\n    put(-1)\nasync def good():\n    return await launch_subagent('a')\n"


def told(sandbox: Sandbox, code: str) -> tuple[str, dict[str, int]]:
    tree = grow_one(sandbox, {"0": [code, "finish('ok')"]})
    assert len(tree) == 1
    return tree.root.turns[0].calls[-1].error or "", dict(tree.root.refusals)


@pytest.mark.parametrize(
    "code",
    [
        "try:\n    await asyncio.gather(good(), bad())\nexcept Exception:\n    pass",
        "r = await asyncio.gather(asyncio.gather(good(), bad()), return_exceptions=True)",
    ],
)
def test_a_launch_beside_one_that_failed_is_not_called_forgotten(code: str, sandbox: Sandbox) -> None:
    tree = grow_one(sandbox, {"0": [FAILING + code, "finish('ok')"]})
    launch = next(call for call in tree.root.turns[0].calls if call.name == "launch_subagent")
    assert launch.error is not None and "forgot" not in launch.error
    assert "was not started: it was not awaited, or what awaited it failed first" in launch.error
    assert tree.root.refusals == {"negative": 1, "not_started": 1}


def test_a_launch_beside_one_that_failed_and_ended_the_code_is_told_so(sandbox: Sandbox) -> None:
    tree = grow_one(sandbox, {"0": [FAILING + "await asyncio.gather(good(), bad())", "finish('ok')"]})
    launch = next(call for call in tree.root.turns[0].calls if call.name == "launch_subagent")
    assert launch.error == "launch_subagent(...) was not started: your code stopped first"


def test_a_launch_that_nothing_awaits_is_still_called_forgotten(sandbox: Sandbox) -> None:
    assert "you forgot await" in told(sandbox, "launch_subagent('a')")[0]


def test_what_of_code_did_nothing_is_told_with_what_it_printed(sandbox: Sandbox) -> None:
    block = "```python\nasync def main():\n    print(await launch_subagent('a'))\nmain()\n```"
    tree = grow_one(sandbox, {"0": [block, "```python\nfinish('ok')\n```"]}, words="codeact")
    said = tree.root.turns[1].messages[0].content
    assert said.startswith(
        "The code ran and printed nothing.\n\nNote: main(...) does nothing until it is awaited"
    )

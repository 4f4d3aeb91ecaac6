"""Serial awaits, on trees that the executor recorded from code in all its usual forms."""

from __future__ import annotations

from collections.abc import Iterator
from time import monotonic

import pytest

from rao_lab.execution.sandbox import Sandbox
from rao_lab.tree import Tree
from rao_lab.tree.launch_code import dropped, launches_freely, statements
from rao_lab.tree.serial import serial_awaits
from tests.support.promises import grow
from tests.support.worlds import Lines


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(workers=1) as opened:
        yield opened


def recorded(sandbox: Sandbox, *turns: str, children: tuple[str, ...] = ("finish('ok')",) * 3) -> Tree:
    texts = {"0": [*turns, "finish('ok')"], **{f"0.{place}": [text] for place, text in enumerate(children)}}
    return grow(sandbox, Lines(texts)).tree


INDEPENDENT = {
    "one after another": "x = await launch_subagent('a1')\ny = await launch_subagent('b2')\nprint(x, y)",
    "a word of the same name": "one = await launch_subagent('a1')\ntwo = await launch_subagent('one b2')\nprint(two)",
    "nothing kept": "await launch_subagent('a1')\nawait launch_subagent('b2')",
    "in a loop": "z = []\nfor x in ['a1', 'b2']:\n    r = await launch_subagent(x)\n    z.append(r)\nprint(z)",
    "put into a list": "out = []\nfor item in ['a1', 'b2']:\n    out.append(await launch_subagent(item))",
    "a comprehension": "out = [await launch_subagent(item) for item in ['a1', 'b2']]\nprint(out)",
    "looked at afterwards": "x = await launch_subagent('a1')\ny = await launch_subagent('b2')\nif x:\n    print(y)",
}
DEPENDENT = {
    "together": "import asyncio\nawait asyncio.gather(launch_subagent('a1'), launch_subagent('b2'))",
    "passed on": "x = await launch_subagent('a1')\nawait launch_subagent('b2' + str(x))",
    "in an f-string": "x = await launch_subagent('a1')\nawait launch_subagent(f'b2 {x}')",
    "by way of another name": "x = await launch_subagent('a1')\nz = [x]\nawait launch_subagent('b2' + str(z))",
    "by way of a list": "z = []\nz.append(await launch_subagent('a1'))\nawait launch_subagent('b2' + str(z))",
    "beside another argument": "x = await launch_subagent('a1')\nawait launch_subagent('b2' + str(x), turns=2)",
    "only if it went well": "x = await launch_subagent('a1')\nif x == 'ok':\n    await launch_subagent('b2')",
    "until one is right": "for x in ['a1', 'b2']:\n    r = await launch_subagent(x)\n    if r == 'no':\n        break",
    "the same name again": "x = await launch_subagent('a1')\nx = await launch_subagent('b2' + str(x))",
    "the same goal again": "for i in range(2):\n    r = await launch_subagent('a1')",
}


@pytest.mark.parametrize("name", INDEPENDENT)
def test_children_that_wait_for_nothing_are_a_pair(sandbox: Sandbox, name: str) -> None:
    (pair,) = serial_awaits(recorded(sandbox, INDEPENDENT[name]))
    assert (pair.earlier, pair.later, pair.saved) == ("0.0", "0.1", 1)


@pytest.mark.parametrize("name", DEPENDENT)
def test_a_launch_that_needs_what_the_other_returned_is_none(sandbox: Sandbox, name: str) -> None:
    tree = recorded(sandbox, DEPENDENT[name])
    assert len(tree) == 3 and serial_awaits(tree) == []


def test_between_turns_they_are_a_pair_if_the_parent_learned_nothing(sandbox: Sandbox) -> None:
    first, second = "print('a1 b2')", "await launch_subagent('a1')"
    third = "await launch_subagent('b2')"
    quiet, telling = ("finish('ok')",) * 2, ("finish('unknown')", "finish('ok')")
    assert len(serial_awaits(recorded(sandbox, first, second, third, children=quiet))) == 1
    assert serial_awaits(recorded(sandbox, first, second, third, children=quiet), across_turns=False) == []
    failed = ("finish('bad')", "finish('ok')")
    for turns, children in (
        ((first, second, third), failed),  # then it does something else
        ((first, second, third), telling),  # its answer may have led to the next
        ((second, third), quiet),  # b2 was not known before
        ((first, f"{second}\nput(1)", third), quiet),  # it did something in between
    ):
        assert serial_awaits(recorded(sandbox, *turns, children=children)) == []


def test_what_builds_on_the_other_may_wait(sandbox: Sandbox) -> None:
    code = "await launch_subagent('a1')\nawait launch_subagent('b2')"
    assert serial_awaits(
        recorded(sandbox, code, children=("finish('ok')", "print('a1')\nput(1)\nfinish('ok')"))
    )
    assert serial_awaits(recorded(sandbox, code.replace("'b2'", "'b2 of a1'"))) == []
    child = "await launch_subagent('a1')\nfinish('ok')"
    texts = {"0": [code, "finish('ok')"], "0.0": ["finish('ok')"], "0.1": [child], "0.1.0": ["finish('ok')"]}
    assert serial_awaits(grow(sandbox, Lines(texts)).tree) == []


def test_values_that_no_code_names_are_dropped() -> None:
    cases = {
        "await launch_subagent('a')": [True],
        "import asyncio\nawait asyncio.gather(launch_subagent('a'),\n  launch_subagent('b'))": [True, True],
        "x = await launch_subagent('a')": [True],
        "x = await launch_subagent('a')\nprint(x)": [False],
        "x = await launch_subagent('a')\nprint(f'{x}')": [False],
        "x = await launch_subagent('a')\nprint('x')": [True],
        "x = await launch_subagent('a')\nprint(rf'{x}')": [False],
        "print(await launch_subagent('a'))": [False],
        "x, y = await asyncio.gather(launch_subagent('a'), launch_subagent('b'))\nprint(y)": [False, False],
        "x = await launch_subagent('a')\ny = await launch_subagent('b')\nprint(y)": [True, False],
        "x = show(await launch_subagent('a'))": [False],
        "x = await launch_subagent('a')\nprint(locals())": [False],
        "for i in [1, 2]:\n    await launch_subagent('a')": [True, True],
        "finish(await launch_subagent('a'))": [False],
    }
    for code, flags in cases.items():
        assert dropped(code, [], len(flags)) == flags, code
    assert dropped("x = await launch_subagent('a')", ["print(x)"], 1) == [False]


def test_hostile_code_is_read_quickly() -> None:
    started = monotonic()
    assert len(statements("x = " + "(" * 19_000)) == 1
    many = "\n".join(f"x{place} = launch_subagent(1)" for place in range(700))
    assert dropped(many, [many] * 9, 700) == [False] * 700
    chain = (
        "\n".join(f"a{place} = a{place + 1}" for place in range(1500)) + "\na1500 = await launch_subagent(1)"
    )
    assert not launches_freely(chain)
    assert dropped("launch_subagent(" * 1200, [], 1200) == [False] * 1200
    assert monotonic() - started < 2

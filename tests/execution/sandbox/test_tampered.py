"""What comes back to the sandbox from this side: spoilt sessions, answers, errors and code."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from rao_lab.errors import RecordError
from rao_lab.execution.sandbox import CallError, Sandbox
from tests.support.sandboxes import Node, awaiting, ended, plain_only, raising


def spoil(dump: bytes, noise: random.Random) -> bytes:
    spoilt = bytearray(dump)
    for _ in range(noise.randint(1, 4)):
        spoilt[noise.randrange(len(spoilt))] = noise.randrange(256)
    return bytes(spoilt[: noise.choice((len(spoilt), noise.randrange(len(spoilt))))])


def test_a_spoilt_session_costs_its_node_and_nothing_else(hurried: Sandbox) -> None:
    node = Node(hurried, on_call=plain_only)
    whole = node.run("x = [1, 'a', {2: 3}]\ndef f(n): return n + 1").state
    assert whole is not None
    noise = random.Random(0)
    for _ in range(150):
        node.state = spoil(whole, noise)
        ended(node.start("f(len(x))"))
    node.state = whole
    assert node.run("print(f(len(x)))").output == "4\n"


def test_a_spoilt_pause_costs_its_node_and_nothing_else(hurried: Sandbox) -> None:
    node = Node(hurried, on_call=plain_only)
    step = awaiting(node.start("x = [1, 'a']\ny = await launch(x)\nprint(y)"))
    noise = random.Random(0)
    for _ in range(150):
        spoilt = replace(step.paused, dump=spoil(step.paused.dump, noise))
        node.go_on(replace(step, paused=spoilt), {0: "value"})
    assert ended(node.go_on(step, {0: "value"})).output == "value\n"


@pytest.mark.parametrize("state", [b"", b"x", b"\0" * 1000, bytes(range(256)) * 10])
def test_bytes_that_are_no_session_lose_the_node(state: bytes, sandbox: Sandbox) -> None:
    node = Node(sandbox)
    node.state = state
    end = node.run("print(1)")
    assert end.lost
    assert end.error is not None


@pytest.mark.parametrize("answers", [{}, {1: 1}, {0: 1, 1: 1}, {-1: 1}])
def test_an_answer_nobody_awaits_is_a_bug(answers: dict[int, Any], sandbox: Sandbox) -> None:
    node = Node(sandbox)
    step = awaiting(node.start("await launch()"))
    with pytest.raises(RecordError):
        node.go_on(step, answers)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (CallError("no", "ValueError"), "ValueError: no"),
        (CallError("no", "Bogus"), "RuntimeError: no"),
        (CallError("\ud800"), "RuntimeError: ?"),
        (CallError("x" * 10**6), "RuntimeError: xxx"),
    ],
)
def test_an_error_of_any_shape_reaches_the_code(error: CallError, told: str, sandbox: Sandbox) -> None:
    said = Node(sandbox, on_call=raising(error)).run("get()").error
    assert said is not None
    assert said.startswith(told)


@pytest.mark.parametrize(
    "code", ["\x00", "\ud800", "x = 1\x00", "\x1b[2J", "(" * 5000, "\\", "\ufeff(", "=" * 99_999]
)
def test_code_of_any_characters_is_answered(code: str, sandbox: Sandbox) -> None:
    end = Node(sandbox).run(code)
    assert not end.lost
    assert end.error is not None
    assert end.error.startswith("SyntaxError")


def test_code_that_is_too_long_does_not_run(sandbox: Sandbox) -> None:
    end = Node(sandbox).run("print(1)\n" * 20_000)
    assert (end.output, end.stopped) == ("", "values")

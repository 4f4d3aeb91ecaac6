"""No hostile code gets out of the sandbox, and none stops the run (the table is `hostile_code.py`)."""

from __future__ import annotations

import random
import socket
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from rao_lab.errors import InputError, RecordError
from rao_lab.execution.sandbox import MAX_VALUE_SIZE, Awaiting, CallError, Ended, Sandbox, check_plain
from tests.support.hostile_code import ATTEMPTS

FUNCTIONS = {"get": False, "finish": False, "launch": True}
SECRET = "the-secret-of-the-host"
ROWS = [(kind, expected, code) for kind, rows in ATTEMPTS.items() for expected, code in rows]


@dataclass(frozen=True)
class Host:
    """What an attempt could reach for."""

    secret: Path
    port: int

    def aim(self, code: str) -> str:
        found = {"{secret}": self.secret, "{folder}": self.secret.parent, "{port}": self.port}
        for name, value in found.items():
            code = code.replace(name, str(value))
        return code


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """A file, an environment variable and a port; afterwards none of them has been touched."""
    secret = tmp_path_factory.mktemp("host") / "secret"
    secret.write_text(SECRET)
    patch = pytest.MonkeyPatch()
    patch.setenv("RAO_SECRET", SECRET)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield Host(secret, listener.getsockname()[1])
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()
    patch.undo()
    assert secret.read_text() == SECRET
    assert list(secret.parent.iterdir()) == [secret]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(seconds=5.0, memory_mb=32) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def hurried() -> Iterator[Sandbox]:
    """For code that computes for ever."""
    with Sandbox(seconds=0.1, memory_mb=32) as sandbox:
        yield sandbox


def answer(name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    """Nothing but plain values reaches the host."""
    assert name == "get"
    check_plain((args, dict(kwargs)), name)


def follow(sandbox: Sandbox, step: Awaiting | Ended) -> Ended:
    """Answers every launch with 1; code that awaits for ever is stopped by the limit on calls."""
    for _ in range(300):
        if isinstance(step, Ended):
            return step
        for launched in step.launched:
            check_plain((launched.args, dict(launched.kwargs)), launched.name)
        step = sandbox.resume(step.paused, {step.pending[0]: 1}, FUNCTIONS, answer, clock=6.0)
    raise AssertionError("it awaits for ever")


def outcome(ended: Ended) -> str:
    if ended.finished:
        return "finishes"
    if ended.stopped:
        return f"limit {ended.stopped}"
    return "harmless" if ended.error is None else ended.error.partition(":")[0].split(" (")[0]


@pytest.mark.parametrize(
    ("kind", "expected", "code"), ROWS, ids=[f"{k}-{i}" for i, (k, _, _) in enumerate(ROWS)]
)
def test_attempt_comes_to_nothing(
    kind: str, expected: str, code: str, host: Host, sandbox: Sandbox, hurried: Sandbox
) -> None:
    used = hurried if expected.startswith("limit seconds") and kind == "time" else sandbox
    ended = follow(used, used.run(None, host.aim(code), FUNCTIONS, answer, seed=1, clock=5.0))

    assert not ended.lost
    if expected.startswith("limit"):
        assert ended.stopped in expected.split()[1:], ended
    else:
        assert outcome(ended) == expected, ended
    shown = f"{ended.output} {ended.error} {ended.value!r}"
    assert SECRET not in shown
    assert sys.prefix not in shown.replace(host.aim(code), "")
    assert len(ended.output) <= 4000
    assert len(ended.error or "") < 1200
    if not ended.finished:
        after = used.run(ended.state, "print('alive')", FUNCTIONS, answer, seed=1, clock=7.0)
        assert isinstance(after, Ended)
        assert after.output == "alive\n"


def test_the_table_is_large_and_has_no_row_twice() -> None:
    assert len(ROWS) == len({code for _, _, code in ROWS}) >= 200
    assert set(ATTEMPTS) >= {
        "file",
        "network",
        "process",
        "host",
        "introspection",
        "memory",
        "time",
        "output",
    }
    assert set(ATTEMPTS) >= {"suspension", "recursion", "value", "hash"}


# Tampered values: what comes back to the sandbox from this side.


def spoil(dump: bytes, noise: random.Random) -> bytes:
    spoilt = bytearray(dump)
    for _ in range(noise.randint(1, 4)):
        spoilt[noise.randrange(len(spoilt))] = noise.randrange(256)
    return bytes(spoilt[: noise.choice((len(spoilt), noise.randrange(len(spoilt))))])


def test_a_spoilt_session_costs_its_node_and_nothing_else(hurried: Sandbox) -> None:
    begun = hurried.run(
        None, "x = [1, 'a', {2: 3}]\ndef f(n): return n + 1", FUNCTIONS, answer, seed=1, clock=0
    )
    assert isinstance(begun, Ended)
    assert begun.state is not None
    noise = random.Random(0)
    for _ in range(150):
        ended = hurried.run(spoil(begun.state, noise), "f(len(x))", FUNCTIONS, answer, seed=1, clock=0)
        assert isinstance(ended, Ended)


def test_a_spoilt_pause_costs_its_node_and_nothing_else(hurried: Sandbox) -> None:
    step = hurried.run(
        None, "x = [1, 'a']\ny = await launch(x)\nprint(y)", FUNCTIONS, answer, seed=1, clock=0
    )
    assert isinstance(step, Awaiting)
    noise = random.Random(0)
    for _ in range(150):
        spoilt = replace(step.paused, dump=spoil(step.paused.dump, noise))
        hurried.resume(spoilt, {0: "value"}, FUNCTIONS, answer, clock=0)
    ended = hurried.resume(step.paused, {0: "value"}, FUNCTIONS, answer, clock=0)
    assert isinstance(ended, Ended)
    assert ended.output == "value\n"


@pytest.mark.parametrize("state", [b"", b"x", b"\0" * 1000, bytes(range(256)) * 10])
def test_bytes_that_are_no_session_lose_the_node(state: bytes, sandbox: Sandbox) -> None:
    ended = sandbox.run(state, "print(1)", FUNCTIONS, answer, seed=1, clock=0)
    assert isinstance(ended, Ended)
    assert ended.lost
    assert ended.error is not None


class Sly(str):
    """A text that is more than a text."""


NOT_PLAIN = [
    object(),
    Sly("x"),
    [Sly("x")],
    {Sly("k"): 1},
    print,
    Path(),
    1j,
    ...,
    range(3),
    1 << 20_000,
    [[object()]],
]


@pytest.mark.parametrize("value", NOT_PLAIN, ids=lambda value: type(value).__name__)
def test_a_value_that_is_not_plain_does_not_go_in(value: Any, sandbox: Sandbox) -> None:
    def give(name: str, args: Any, kwargs: Any) -> Any:
        return value

    with pytest.raises(InputError, match="the result of get"):
        sandbox.run(None, "get()", FUNCTIONS, give, seed=1, clock=0)
    step = sandbox.run(None, "await launch()", FUNCTIONS, answer, seed=1, clock=0)
    assert isinstance(step, Awaiting)
    with pytest.raises(InputError, match="the answer to call 0"):
        sandbox.resume(step.paused, {0: value}, FUNCTIONS, answer, clock=0)


@pytest.mark.parametrize("answers", [{}, {1: 1}, {0: 1, 1: 1}, {-1: 1}])
def test_an_answer_nobody_awaits_is_a_bug(answers: dict[int, Any], sandbox: Sandbox) -> None:
    step = sandbox.run(None, "await launch()", FUNCTIONS, answer, seed=1, clock=0)
    assert isinstance(step, Awaiting)
    with pytest.raises(RecordError):
        sandbox.resume(step.paused, answers, FUNCTIONS, answer, clock=0)


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
    def refuse(name: str, args: Any, kwargs: Any) -> Any:
        raise error

    ended = sandbox.run(None, "get()", FUNCTIONS, refuse, seed=1, clock=0)
    assert isinstance(ended, Ended)
    assert ended.error is not None
    assert ended.error.startswith(told)


@pytest.mark.parametrize(
    "code", ["\x00", "\ud800", "x = 1\x00", "\x1b[2J", "(" * 5000, "\\", "\ufeff(", "=" * 99_999]
)
def test_code_of_any_characters_is_answered(code: str, sandbox: Sandbox) -> None:
    ended = sandbox.run(None, code, FUNCTIONS, answer, seed=1, clock=0)
    assert isinstance(ended, Ended)
    assert not ended.lost
    assert ended.error is not None
    assert ended.error.startswith("SyntaxError")


def test_code_that_is_too_long_does_not_run(sandbox: Sandbox) -> None:
    ended = sandbox.run(None, "print(1)\n" * 20_000, FUNCTIONS, answer, seed=1, clock=0)
    assert isinstance(ended, Ended)
    assert (ended.output, ended.stopped) == ("", "values")


def test_arguments_of_one_turn_are_bounded_together(sandbox: Sandbox) -> None:
    given: list[int] = []

    def weigh(name: str, args: tuple[Any, ...], kwargs: Any) -> None:
        given.append(len(args[0]))

    code = "for _ in range(100):\n  try: get('x' * 1_000_000)\n  except TypeError: pass"
    sandbox.run(None, code, FUNCTIONS, weigh, seed=1, clock=0)
    assert 0 < sum(given) <= MAX_VALUE_SIZE

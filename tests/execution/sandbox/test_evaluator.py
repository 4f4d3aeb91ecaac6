"""The evaluator of literal code tells the same as the interpreter: both run the same code, with the same answers."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, get_args
from unittest.mock import patch

import pytest
from pydantic_monty import ExcType

import rao_lab as rl
from rao_lab.environments.textcraft.environment import TextCraft
from rao_lab.errors import InputError
from rao_lab.execution.sandbox import Awaiting, CallError, Sandbox
from rao_lab.execution.sandbox.literal import IMPORTED, MAX_LITERAL_CHARS, read_literal
from rao_lab.store import open_run
from tests.conftest import REPO

FUNCTIONS = {"get": False, "list_all": False, "launch": True, "ask": True, "finish": False}
WRITTEN = {"get_info": False, "craft": False, "launch_subagent": True, "finish": False}
"""The functions that the tiny model's code calls."""
VALUES = [
    None,
    True,
    0,
    -7,
    2.5,
    float("nan"),
    "",
    "é\u2028x",
    b"b",
    [],
    [1, "a"],
    (2,),
    {3},
    frozenset({4}),
    {"a": 1},
]
VALUES += [2**200, {"half a character": "\ud800"}, {(): [{"a"}]}]
ERRORS = [*get_args(ExcType), "Nonsense"]
MESSAGES = [
    "",
    "there is none",
    "two\nlines",
    "\ud800",
    "x" * 700,
    "memory limit exceeded: 1",
    "feed time limit exceeded",
]
TEXTS = [
    "",
    "a",
    "iron bar",
    "<coroutine external_future(",
    "é\u2028\x85\x0b\x1c\x0c",
    "#",
    "(",
    "'",
    "heavy",
]
SUSPENSIONS = 8


@pytest.fixture(scope="module")
def few() -> Iterator[Sandbox]:
    """Its code may ask seldom, and sessions are small."""
    with Sandbox(suspensions=SUSPENSIONS, memory_mb=16) as sandbox:
        yield sandbox


def told(
    sandbox: Sandbox, code: str, functions: dict[str, bool], seed: int, state: bytes | None = None
) -> tuple[list[Any], bytes | None]:
    """All that is told of a snippet and all that it asks, with answers that depend on the seed alone; what it
    leaves."""
    draw = random.Random(seed)
    heard: list[Any] = []

    def answer() -> Any:
        if draw.random() < 0.8:
            return draw.choice(VALUES)
        return CallError(draw.choice(MESSAGES), draw.choice(ERRORS))

    def on_call(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        heard.append(repr((name, args, kwargs)))
        found = answer()
        if isinstance(found, CallError):
            raise found
        return found

    def fits(what: str, arguments: Any) -> str | None:
        heard.append(repr((what, arguments)))
        return f"{what} is heavy" if "heavy" in repr(arguments) else None

    step = sandbox.run(state, code, functions, on_call, seed=seed, clock=0.0, fits=fits)
    while isinstance(step, Awaiting):
        paused, pending = step.paused, step.pending
        heard.append(repr((step.launched, pending, step.output, paused.suspensions, paused.carried)))
        for _ in range(draw.choice([1, 1, 2])):  # resumed twice, it goes on twice
            some = draw.sample(pending, draw.randint(1, len(pending)))
            step = sandbox.resume(
                paused, {call: answer() for call in some}, functions, on_call, clock=1.0, fits=fits
            )
            heard.append(type(step).__name__)
    heard.append((step.output, step.truncated, step.error, step.note, step.stopped, step.lost, step.finished))
    heard.append(repr((step.value, step.never_awaited, step.unanswered, step.suspensions)))
    return heard, step.state


SHOWS = "x = get(1)\nprint(asyncio.gather, x)\n"
"""What a session has of `asyncio` is told by code that is not literal."""


def differs(sandbox: Sandbox, codes: Sequence[str], functions: dict[str, bool], seed: int) -> bool:
    """Whether the interpreter tells anything else of literal code, one after another in one session."""
    state, interpreted = None, None
    for code in [*codes, *[SHOWS] * (seed % 5 == 0)]:
        found, state = told(sandbox, code, functions, seed, state)
        with patch("rao_lab.execution.sandbox.pool.read_literal", return_value=None):
            expected, interpreted = told(sandbox, code, functions, seed, interpreted)
        if found != expected:
            return True
    return False


def atom(draw: random.Random) -> str:
    text = draw.choice(TEXTS)
    mark = "'" if '"' in text else '"' if "'" in text else draw.choice("'\"")
    number = draw.choice(["0", "-0", "7", "-12", "9" * 18, "1.50", "-0.0", f"{'9' * 18}.{'9' * 18}"])
    return draw.choice([mark + text + mark, mark + text + mark, number, "True", "False", "None"])


def value(draw: random.Random, depth: int = 2) -> str:
    if not depth or draw.random() < 0.5:
        return atom(draw)
    parts = [value(draw, depth - 1) for _ in range(draw.randint(0, 3))]
    kind = draw.choice(["[]", "()", "{}"])
    if kind == "{}":
        parts = [f"'{draw.choice('abc')}'{gap(draw)}:{gap(draw)}{part}" for part in parts]
    return kind[0] + joined(draw, parts) + kind[1]


def gap(draw: random.Random) -> str:
    return draw.choice(["", "", "", " ", "\n", " \n  "])


def joined(draw: random.Random, parts: list[str]) -> str:
    text = "".join(f"{gap(draw)}{part}{gap(draw)}," for part in parts)
    return text + gap(draw) if draw.random() < 0.2 else text[:-1]


def call(draw: random.Random, names: Sequence[str]) -> str:
    parts = [value(draw) for _ in range(draw.choice([0, 1, 1, 2, 3]))]
    words = draw.sample(["a", "to", "_x", "type"], draw.choice([0, 0, 0, 1, 2]))
    parts += [f"{word}{draw.choice(['=', ' = '])}{value(draw)}" for word in words]
    return f"{draw.choice(names)}({joined(draw, parts)})"


def statement(draw: random.Random, imported: bool) -> str:
    if imported and draw.random() < 0.5:
        calls = [call(draw, ["launch", "ask"]) for _ in range(draw.randint(1, 3))]
        line = f"await asyncio.gather({joined(draw, calls)})"
    else:
        line = draw.choice(["", "", "await "]) + call(draw, [*FUNCTIONS, "launch", "get"])
    return line + draw.choice(["", "", " "]) + "\n" * draw.choice([1, 1, 1, 2])


def program(draw: random.Random, imported: bool = False) -> str:
    begins = draw.choice(["", "", "\n"])
    if draw.random() < 0.5:
        begins, imported = begins + "import asyncio" + draw.choice(["\n", " \n\n"]), True
    lines = draw.choice([0, 1, 1, 2, 3, 4, SUSPENSIONS, SUSPENSIONS + 1])
    return begins + "".join(statement(draw, imported) for _ in range(lines))


def check_programs(sandbox: Sandbox, seeds: range) -> None:
    awaited = failed = 0
    for seed in seeds:
        draw = random.Random(seed)
        first = program(draw)
        second = program(draw, imported="import asyncio" in first)
        if max(len(first), len(second)) > MAX_LITERAL_CHARS:
            continue
        assert read_literal(None, first, FUNCTIONS) and read_literal(IMPORTED, second, FUNCTIONS), (
            first,
            second,
        )
        assert not differs(sandbox, [first, second], FUNCTIONS, seed), (seed, first, second)
        heard, _ = told(sandbox, first, FUNCTIONS, seed)
        awaited += "Ended" in heard[:-1]
        failed += heard[-2][2] is not None
    assert awaited > len(seeds) / 10 and failed > len(seeds) / 10


def test_random_programs(few: Sandbox) -> None:
    check_programs(few, range(150))


@pytest.mark.slow
@pytest.mark.parametrize("part", range(25))
def test_a_hundred_thousand_random_programs(few: Sandbox, part: int) -> None:
    """Two a time, one after the other in one session."""
    check_programs(few, range(2000 * part + 150, 2000 * (part + 1) + 150))


def codes(files: list[Path], most: int) -> list[str]:
    """Literal code of recorded trees, each once."""
    found: dict[str, None] = {}
    for file in files:
        with open_run(file) as run:
            for tree in run.trees():
                turns = (turn for node in tree.load().nodes for turn in node.turns)
                found.update(
                    (turn.code, None) for turn in turns if read_literal(IMPORTED, turn.code, WRITTEN)
                )
                if len(found) >= most:
                    return list(found)[:most]
    return list(found)


def test_code_that_the_tiny_model_wrote(few: Sandbox) -> None:
    found = codes([REPO / "data/pathologies/no_slack.rao"], 150)
    assert len(found) == 150
    assert [code for seed, code in enumerate(found) if differs(few, [code], WRITTEN, seed)] == []


@pytest.mark.slow
def test_all_code_that_the_tiny_model_wrote(few: Sandbox, tmp_path: Path) -> None:
    """What is kept, and what it writes in a run of its own."""
    policy = rl.load_policy("tiny")
    sampled = tmp_path / "sampled.rao"
    for _ in rl.train(
        TextCraft(difficulty="medium", seed=3), policy, rl.default_config(policy, steps=2), store=sampled
    ):
        pass
    found = codes([*sorted((REPO / "data/pathologies").glob("*.rao")), sampled], 1_000_000)
    assert len(found) > 2000
    assert [code for seed, code in enumerate(found) if differs(few, [code], WRITTEN, seed)] == []


def raising(error: Exception) -> Callable[..., Any]:
    def raise_it(*_: Any) -> Any:
        raise error

    return raise_it


@pytest.mark.parametrize("interpreted", [False, True])
@pytest.mark.parametrize("error", [InputError("a bug"), KeyboardInterrupt(), ZeroDivisionError()])
def test_a_fault_of_the_world_is_raised(few: Sandbox, error: Exception, interpreted: bool) -> None:
    code = "get(1)" + "\nx = 1" * interpreted
    with pytest.raises(type(error)):
        few.run(None, code, FUNCTIONS, raising(error), seed=1, clock=0.0)
    with pytest.raises(InputError, match="the result of get holds a object"):
        few.run(None, code, FUNCTIONS, lambda *_: object(), seed=1, clock=0.0)


def test_a_function_that_is_gone_when_code_goes_on_is_not_defined(few: Sandbox) -> None:
    step = few.run(None, "await launch()\nget()", FUNCTIONS, raising(AssertionError()), seed=1, clock=0.0)
    assert isinstance(step, Awaiting)
    ended = few.resume(step.paused, {0: 1}, {"launch": True}, raising(AssertionError()), clock=0.0)
    assert ended.error == "NameError: name 'get' is not defined (line 2: get())"


def test_literal_code_takes_no_worker() -> None:
    sandbox = Sandbox()
    with patch.object(Sandbox, "open", side_effect=AssertionError("a worker was started")):
        step = sandbox.run(
            None, "get(1)\nawait launch()\nfinish(2)", FUNCTIONS, lambda *_: None, seed=1, clock=0.0
        )
        assert isinstance(step, Awaiting) and step.paused.dump == b""
        ended = sandbox.resume(step.paused, {1: 0}, FUNCTIONS, lambda *_: None, clock=0.0)
    assert (ended.value, ended.state) == (2, None)

"""Functions as tools: what a model is told, which calls are let through, and what cannot be a tool."""

from __future__ import annotations

import asyncio
import collections
import enum
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, Optional

import numpy as np
import pytest

import rao_lab as rl
from rao_lab.views.progress import Progress
from tests.support.written import Written


def play(code: str | list[str], *tools: Callable[..., Any], **settings: Any) -> rl.Tree:
    """The root runs the code, with these tools; and then finishes, if it has not."""
    env = rl.environment([{"goal": "Play.", "id": "play", "key": 7}], tools, **settings)
    turns = [code] if isinstance(code, str) else code
    return rl.run(env.tasks("test")[0], env, Written([*turns, "finish(None)"]))


def told(*tools: Callable[..., Any]) -> str:
    [system, _] = play("finish(0)", *tools).root.turns[0].messages
    return system.content


def count(text: str, least: int = 1, *, exact: bool = False) -> dict[str, int]:
    """How often each word
    comes in a text."""
    return collections.Counter(word for word in text.split() if len(word) >= least)


def nothing() -> None: ...


def odd(
    pair: tuple[int, str],
    many: tuple[int, ...] = (),
    kind: Literal["a", 1] | None = None,
    rest: Optional[list[dict[str, float]]] = None,  # noqa: UP045 - that is how some write it
    place: Any = Path("/a/path"),
) -> list: ...


def of_task(key: str, task: rl.Task) -> Any:
    """What the task knows."""
    return task.data[key]


@pytest.mark.parametrize(
    ("tool", "line"),
    [
        (
            count,
            "- `count(text: str, least: int = 1, *, exact: bool = False) -> dict[str, int]`: "
            "How often each word comes in a text.",
        ),
        (nothing, "- `nothing() -> None`: No description."),
        (
            odd,
            "- `odd(pair: tuple[int, str], many: tuple[int, ...] = (), kind: Literal['a', 1] | None = None, "
            "rest: list[dict[str, float]] | None = None, place: Any = ...) -> list`: No description.",
        ),
        (of_task, "- `of_task(key: str) -> Any`: What the task knows."),
    ],
)
def test_a_model_reads_the_signature_and_the_docstring(tool: Callable[..., Any], line: str) -> None:
    assert line in told(tool)


class Level(enum.IntEnum):
    HIGH = 3


class Word(str, enum.Enum):  # noqa: UP042 - its str() is not its text
    YES = "yes"


def echo(value: Any) -> Any:
    return value


def total(numbers: list[float]) -> float:
    return np.float64(sum(numbers))


def level(name: Literal["high"]) -> int:
    return Level.HIGH


def word() -> Any:
    return {
        "word": Word.YES,
        "many": np.int64(3),
        "one": np.bool_(True),
        "pair": collections.namedtuple("P", "x")(1),
    }


async def later(number: float) -> float:
    await asyncio.sleep(0)
    return number * 2


def around(number: float) -> Any:
    return later(number)


class Desk:
    """Functions that share something."""

    def __init__(self) -> None:
        self.notes = ["first"]

    def note(self, text: str) -> list[str]:
        """Keeps a note."""
        self.notes.append(text)
        return self.notes


@lru_cache
def kept(number: int) -> int:
    return number


@pytest.mark.parametrize(
    ("tool", "call", "result"),
    [
        (Desk().note, "note('second')", ["first", "second"]),
        (kept, "kept(3)", 3),
        (count, "count('to be to do', 2)", {"to": 2, "be": 1, "do": 1}),
        (total, "total([1, 2.5])", 3.5),
        (level, "level('high')", 3),
        (word, "word()", {"word": "yes", "many": 3, "one": True, "pair": (1,)}),
        (echo, "echo([(1, None), {2}, {'a': b'c'}])", [(1, None), {2}, {"a": b"c"}]),
        (later, "later(2)", 4.0),
        (around, "around(number=2)", 4.0),
        (of_task, "of_task('key')", 7),
    ],
)
def test_a_call_comes_back_in_plain_types(tool: Callable[..., Any], call: str, result: Any) -> None:
    tree = play(f"finish({call})", tool)
    assert tree.root.value == result
    assert type(tree.root.value) is type(result)
    assert tree.root.turns[0].calls[0].result == result


def boom(text: str) -> None:
    raise ValueError(f"no such thing: {text}\nTraceback of many lines")


def opens() -> str:
    return Path("/home/someone/secrets/data.csv").read_text()


def frame() -> Any:
    return [object()]


def wrong() -> int:
    return "one"  # type: ignore[return-value]


def parts() -> dict[str, list[int]]:
    return {"a": [1, "x"]}  # type: ignore[list-item]


def endless() -> Any:
    made: list[Any] = []
    made.append(made)
    return made


def says_no(shelf: int) -> str:
    raise rl.Refusal("no_shelf", f"there is no shelf {shelf}: there are 1 to 9")


async def cancelled() -> None:
    raise asyncio.CancelledError


BAD_CALLS = [
    (count, "count(3)", "bad_call", "count: text must be str; got 3; write count(text: str, "),
    (count, "count('a', True)", "bad_call", "least must be int; got True"),
    (count, "count()", "bad_call", "missing a required argument: 'text'"),
    (count, "count('a', 1, True)", "bad_call", "too many positional arguments"),
    (count, "count('a', most=3)", "bad_call", "unexpected keyword argument 'most'"),
    (total, "total([1, 'x'])", "bad_call", "numbers must be list[float]; got a list of 2 with 'x' at [1]"),
    (odd, "odd([1, 'a'])", "bad_call", "pair must be tuple[int, str]; got a list of 2"),
    (odd, "odd((1, 'a'), kind='b')", "bad_call", "kind must be Literal['a', 1] | None; got 'b'"),
    (of_task, "of_task('key', task=1)", "bad_call", "unexpected keyword argument 'task'"),
    (of_task, "of_task('no')", "tool_raised", "of_task raised KeyError: 'no'"),
    (boom, "boom('x')", "tool_raised", "boom raised ValueError: no such thing: x"),
    (opens, "opens()", "tool_raised", "No such file or directory: '.../data.csv'"),
    (cancelled, "cancelled()", "tool_raised", "cancelled raised CancelledError"),
    (frame, "frame()", "tool_result", "the result of frame holds a object: only None, bool, int"),
    (wrong, "wrong()", "tool_result", "the result of wrong must be int; got 'one'"),
    (parts, "parts()", "tool_result", "the result of parts must be dict[str, list[int]]; got "),
    (endless, "endless()", "tool_result", "the result of endless is nested too deep, or holds itself"),
    (says_no, "says_no(12)", "no_shelf", "there is no shelf 12: there are 1 to 9"),
    (count, "other(1)", "", "name 'other' is not defined"),
]


@pytest.mark.parametrize(("tool", "call", "kind", "message"), BAD_CALLS, ids=[case[1] for case in BAD_CALLS])
def test_a_call_that_fails_is_data_for_the_model(
    tool: Callable[..., Any], call: str, kind: str, message: str
) -> None:
    tree = play(f"print({call})", tool)
    assert tree.root.status == rl.Status.FINISHED
    assert tree.root.refusals == ({kind: 1} if kind else {})
    assert message in (tree.root.turns[0].error or "")
    assert "/home" not in str(tree.root.turns)
    assert "Traceback of" not in (tree.root.turns[0].error or "")


def test_what_a_tool_changes_afterwards_changes_no_record() -> None:
    kept: list[int] = []

    def note(number: int) -> list[int]:
        kept.append(number)
        return kept

    def spoil(numbers: Any) -> int:
        numbers.clear()
        return 0

    tree = play("note(1)\nspoil([1, 2])\nfinish(note(2))", note, spoil)
    first, second, last = tree.root.turns[0].calls
    assert (first.result, second.args, last.result) == ([1], ([1, 2],), [1, 2])


def test_a_tool_that_does_not_return_is_given_up_and_the_tree_goes_on() -> None:
    let_go = threading.Event()

    def hang() -> int:
        let_go.wait(20)
        return 1

    def quick() -> int:
        return 2

    env = rl.environment(["Play."], [hang, quick], seconds=0.1, reproducible=True)
    [task] = env.tasks("test")
    began = time.monotonic()
    tree = rl.run(task, env, Written(["hang()", "hang()", "finish(quick())"]))
    again = rl.run(task, env, Written(["hang()", "finish(quick())"]))
    assert time.monotonic() - began < 10
    assert [tree.root.value, again.root.value] == [2, 2]
    assert "hang did not return within 0.1 s: go on without it" in (tree.root.turns[0].error or "")
    assert "hang did not return before" in (tree.root.turns[1].error or "")
    assert tree.root.refusals == {"tool_seconds": 2}
    assert tree.not_reproducible == "hang ran into its limit in seconds at node 0"
    let_go.set()
    deadline = time.monotonic() + 10
    while (
        rl.run(task, env, Written(["finish(hang())"])).root.value != 1
    ):  # it has returned: it may be called again
        assert time.monotonic() < deadline


def test_a_tool_is_bounded_by_the_time_of_its_tree_and_named_while_it_runs() -> None:
    let_go = threading.Event()

    def hang() -> None:
        let_go.wait(20)

    async def hang_async() -> None:
        await asyncio.sleep(20)

    env = rl.environment(["Play."], [hang, hang_async], reproducible=True)
    policy = Written(["hang()"])
    watch = Progress(policy, environment=env)
    seen: set[str] = set()
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.02):
            seen.add(watch.line())

    looks = threading.Thread(target=look)
    looks.start()
    began = time.monotonic()
    try:
        for name in ("hang", "hang_async"):
            limits = rl.Limits(tree_seconds=0.5)
            tree = rl.run(env.tasks("test")[0], env, Written([f"{name}()"]), limits=limits)
            assert f"{name} did not return within 0." in (tree.root.turns[0].error or "")
            assert tree.root.status == "timeout"
    finally:
        let_go.set()
        over.set()
        looks.join()
    assert time.monotonic() - began < 10
    assert any("(running hang)" in line for line in seen) and any(
        "(running hang_async)" in line for line in seen
    )


def test_a_call_that_runs_at_ctrl_c_is_kept_as_one_that_did_not_return() -> None:
    def stop(why: str) -> None:
        signal.raise_signal(signal.SIGINT)
        time.sleep(5)

    env = rl.environment(["Play."], [stop], reproducible=True)
    with pytest.raises(rl.Interrupted) as stopped:
        rl.run(env.tasks("test")[0], env, Written(["stop('now')"]))
    (turn,) = stopped.value.tree.root.turns
    assert [(call.name, call.args, call.error) for call in turn.calls] == [
        ("stop", ("now",), "it had not returned when the run was stopped")
    ]
    assert turn.error == "stopped while its code ran: the run was stopped"


@pytest.mark.parametrize("blocks", [False, True])
def test_an_async_tool_that_does_not_return_is_given_up_too(blocks: bool) -> None:
    let_go = threading.Event()

    async def hang() -> int:
        if blocks:  # it holds up the loop on which it runs
            let_go.wait(20)
        await asyncio.sleep(20)
        return 1

    tree = play(["hang()", "finish(later(1))"], hang, later, seconds=0.1)
    let_go.set()
    assert tree.root.value == 2.0
    assert tree.root.refusals == {"tool_seconds": 1}


def test_calls_run_in_one_thread_one_at_a_time_unless_parallel_is_chosen() -> None:
    """What belongs to a thread lasts; and with `parallel` the calls of trees that run at once meet."""
    connection: list[sqlite3.Connection] = []

    def query(sql: str) -> list[tuple[Any, ...]]:
        connection[:] = connection or [sqlite3.connect(":memory:")]
        return connection[0].execute(sql).fetchall()

    tree = play("query('create table t (x)')\nfinish(query('select 1'))", query)
    assert tree.root.value == [(1,)]

    def met(parallel: bool) -> int:
        inside, most = [0], [0]
        lock = threading.Lock()

        def meet() -> None:
            with lock:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
            time.sleep(0.2)
            with lock:
                inside[0] -= 1

        env = rl.environment(["Play."], [meet], parallel=parallel)
        limits = rl.Limits()
        from rao_lab.execution.executor import open_sandbox

        with open_sandbox(limits, workers=2) as sandbox:
            runner = rl.Executor(
                env, Written(["meet()", "finish(1)"]), rl.prompts.find("codeact"), limits, sandbox=sandbox
            )
            [task] = env.tasks("test")
            runner.run([rl.TreeHeader(task, rollout=place) for place in range(2)])
        return most[0]

    assert (met(parallel=False), met(parallel=True)) == (1, 2)


GATHER = "import asyncio\nfinish(await asyncio.gather({}))"


def test_async_tools_that_a_node_awaits_together_run_together_if_parallel_is_chosen() -> None:
    waiting = [0, 0]  # now, at most

    async def fetch(page: int) -> str:
        """A page."""
        waiting[0] += 1
        waiting[1] = max(waiting)
        await asyncio.sleep(0.1)
        waiting[0] -= 1
        if page == 2:
            raise ValueError("no page 2")
        return f"page {page}"

    tree = play(
        GATHER.format("fetch(1), fetch('x'), fetch(2), fetch(3), return_exceptions=True"),
        fetch,
        parallel=True,
    )
    assert waiting[1] == 3
    assert [(call.result, call.error) for call in tree.root.turns[0].calls] == [
        ("page 1", None),
        (None, "fetch: page must be int; got 'x'; write fetch(page: int) -> str"),
        (None, "fetch raised ValueError: no page 2"),
        ("page 3", None),
    ]
    assert tree.root.refusals == {"bad_call": 1, "tool_raised": 1}
    assert "- `await fetch(page: int) -> str`: A page." in tree.root.turns[0].messages[0].content
    tree = play(["print(1)\nfetch(1)", "finish(await fetch(1))"], fetch, parallel=True)
    assert "fetch(...) does nothing until it is awaited" in tree.root.turns[1].messages[0].content
    assert tree.root.value == "page 1"
    mixed = GATHER.format("fetch(1), launch_subagent('a part')")
    assert play(mixed, fetch, parallel=True).root.value == ["page 1", "done"]
    assert play("finish(fetch(1))", fetch).root.value == "page 1"  # otherwise it is called like the others


def test_awaited_tools_that_do_not_return_are_given_up_together() -> None:
    async def hang(seconds: float) -> str:
        await asyncio.sleep(seconds)
        return "back"

    began = time.monotonic()
    code = GATHER.format("hang(30), hang(0), hang(30), return_exceptions=True").replace("finish", "print")
    tree = play([code, "finish(await hang(0))"], hang, parallel=True, seconds=0.3, reproducible=True)
    assert time.monotonic() - began < 10
    assert [call.result for call in tree.root.turns[0].calls] == [None, "back", None]
    assert "hang did not return before" in (tree.root.turns[1].error or "")
    assert tree.not_reproducible.startswith("hang ran into its limit in seconds")


def test_a_stop_passes_and_an_exit_is_an_error_of_its_tool() -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    async def leave() -> None:
        raise SystemExit(3)

    with pytest.raises(KeyboardInterrupt):
        play("stop()", stop)
    assert play("leave()", leave).root.refusals == {"tool_raised": 1}


def no_annotation(text): ...  # type: ignore[no-untyped-def]


def a_path(place: Path) -> str: ...


def gives_rows() -> Iterator[str]: ...


def any_number(*texts: str) -> str: ...


def unknown(text: Nowhere) -> str: ...  # type: ignore[name-defined]  # noqa: F821


def finish(value: str) -> str: ...


class Shadowing:
    @staticmethod
    def len(text: str) -> int: ...


@pytest.mark.parametrize(
    ("tools", "message"),
    [
        ([no_annotation], "tool no_annotation: parameter text has no annotation: write text: str, or Any"),
        (
            [a_path],
            "tool a_path: parameter place is annotated pathlib.Path: what a model passes and gets is of int,",
        ),
        ([gives_rows], "tool gives_rows: its result is annotated collections.abc.Iterator[str]"),
        ([any_number], "tool any_number: *texts: str takes any number of arguments"),
        ([unknown], "tool unknown: its annotations cannot be read: NameError: name 'Nowhere' is not defined"),
        ([finish], "a tool is named 'finish', which is taken"),
        ([Shadowing.len], "a tool is named 'len', which is taken"),
        ([lambda text: text], "a tool is named '<lambda>', which is no name"),
        ([count, count], "two tools are named count"),
        ([Path], "tools hold <class 'pathlib.Path'>: a tool is a function"),
        (["count"], "tools hold 'count': a tool is a function"),
        (count, "is no list of functions: give tools=[f, g]"),
        ("count", "tools='count' is no list of functions"),
    ],
)
def test_what_cannot_be_a_tool_is_refused_in_one_line(tools: Any, message: str) -> None:
    with pytest.raises(rl.ConfigError) as problem:
        rl.environment(["Play."], tools)
    assert message in str(problem.value)
    assert "\n" not in str(problem.value)


def test_that_tools_run_outside_the_sandbox_is_said_once() -> None:
    with pytest.warns(UserWarning, match="tools run outside the sandbox, in this process") as said:
        play(["nothing()", "nothing()"], nothing)
    assert [(str(each.message)[:5], each.filename) for each in said] == [("tools", "rao_lab")]


def test_trees_with_tools_are_marked_unless_the_user_says_that_they_are_reproducible() -> None:
    assert "may answer otherwise" in play("1", nothing).not_reproducible
    assert play("1", nothing, reproducible=True).not_reproducible == ""
    assert play("1").not_reproducible == ""

"""A world that raises is a bug of its author: the error names environment, method, function and node."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

import rao_lab as rl
from rao_lab.base.own_code import own_code
from rao_lab.protocols import Refusal
from tests.support.worlds import TASK, Lines, Shelf, ShelfWorld

CODE = {"0": ["await launch_subagent('sub', turns=2)\nfinish('ok')"], "0.0": ["put(1)\nfinish('ok')"]}


def broken_world(method: str, path: str | None, error: BaseException) -> Shelf:
    """A shelf whose method raises, for one node if that is given."""

    class Broken(ShelfWorld):
        pass

    def fail(self: Any, *given: Any) -> Any:
        if path is None or given[0] == path:
            raise error
        return getattr(ShelfWorld, method)(self, *given)

    setattr(Broken, method, fail)

    class BrokenShelf(Shelf):
        def open(self, task: rl.Task) -> ShelfWorld:
            return Broken()

    return BrokenShelf()


class Unopened(Shelf):
    def open(self, task: rl.Task) -> ShelfWorld:
        raise KeyError("shelves")


class Untasked(Shelf):
    def tasks(self, split: str) -> Sequence[rl.Task]:
        raise KeyError(split)


PLACES = [
    ("call", "0.0", "Broken.call in put(...) at node 0.0 of task shelf-1"),
    ("admit", "0", "Broken.admit in launch_subagent(...) at node 0 of task shelf-1"),
    ("enter", "0.0", "Broken.enter at node 0.0 of task shelf-1"),
    ("root", None, "Broken.root of task shelf-1"),
    ("functions", None, "Broken.functions of task shelf-1"),
]


@pytest.mark.parametrize(("method", "path", "said"), PLACES, ids=[each[0] for each in PLACES])
def test_a_world_that_raises_is_named(method: str, path: str | None, said: str) -> None:
    world = broken_world(method, path, ZeroDivisionError("no shelf"))
    with pytest.raises(rl.CallbackError) as caught:
        rl.run(TASK, world, Lines(CODE))
    assert f"environment shelf: {said} raised ZeroDivisionError('no shelf')" in str(caught.value)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_so_is_an_environment() -> None:
    with pytest.raises(
        rl.CallbackError,
        match=r"shelf: open\(task\) of task shelf-1 raised KeyError\('shelves'\) \(test_blame",
    ):
        rl.run(TASK, Unopened(), Lines(CODE))  # and the line
    with pytest.raises(rl.CallbackError, match=r"shelf: tasks\('test'\) raised KeyError"):
        rl.evaluate(Untasked(), Lines(CODE), tasks=2)


def test_a_refusal_where_nobody_can_be_refused_is_a_fault() -> None:
    with pytest.raises(rl.CallbackError, match=r"Broken\.root of task shelf-1 raised Refusal"):
        rl.run(TASK, broken_world("root", None, Refusal("no", "not today")), Lines(CODE))


def test_an_interrupt_passes_through() -> None:
    with pytest.raises(KeyboardInterrupt):
        rl.run(TASK, broken_world("enter", "0.0", KeyboardInterrupt()), Lines(CODE))


def exits(*_: Any) -> Any:
    raise SystemExit(3)


def test_an_exit_is_an_exception_like_others(tmp_path: Path) -> None:
    world = broken_world("call", "0.0", SystemExit(3))
    with pytest.raises(
        rl.CallbackError, match=r"put\(\.\.\.\) at node 0\.0 of task shelf-1 raised SystemExit\(3\)"
    ):
        rl.run(TASK, world, Lines(CODE))
    root = rl.run(TASK, broken_world("leave", None, SystemExit(3)), Lines(CODE)).root
    assert root.success is None and "the verifier raised SystemExit(3)" in root.reason

    def leaves(name: str) -> str:
        """Ends the program."""
        raise SystemExit(3)

    tools = rl.environment(["Leave."], [leaves], name="leaves")
    with pytest.raises(Refusal, match=r"leaves raised SystemExit: 3"):
        tools.open(tools.tasks("test")[0]).call("0", "leaves", ["now"], {})
    (tmp_path / "ends.py").write_text("import sys\nsys.exit(3)\n")
    with pytest.raises(rl.InputError, match=r"ends\.py cannot be imported: SystemExit: 3"):
        own_code(str(tmp_path / "ends.py"))
    with pytest.raises(SystemExit):  # a listener may end the program
        rl.run(TASK, Shelf(), Lines(CODE), on_tick=exits)


def fail(*_: Any) -> None:
    raise ValueError("mine")


def learn(**options: Any) -> Any:
    learner = rl.load_policy("tiny")
    config = rl.default_config(learner, steps=1, tasks_per_step=1, group_size=2, probe_tasks=0)
    return list(rl.train(rl.environments.TextCraft("easy"), learner, config, **options))


def forked(**heard: Any) -> Any:
    world, policy = Shelf(), Lines(CODE)
    tree = rl.run(TASK, world, policy)
    again = {"rest": "continued", "policy": policy, "environment": world, "repeats": 1}
    return rl.fork(tree, "0", 1, action="finish('ok')", **again, **heard)  # type: ignore[arg-type]


def benched(**heard: Any) -> Any:
    prompts = ["codeact", "terse"]
    return rl.prompt_bench(prompts, [TASK], Lines(CODE), 1, environment=Shelf(), **heard)


LISTENERS: list[tuple[str, Callable[..., Any]]] = [
    ("on_tick", lambda **heard: rl.run(TASK, Shelf(), Lines(CODE), **heard)),
    ("on_event", lambda **heard: rl.run(TASK, Shelf(), Lines(CODE), **heard)),
    ("on_tick", lambda **heard: rl.evaluate(Shelf(), Lines(CODE), tasks=[TASK], **heard)),
    ("on_trees", lambda **heard: rl.evaluate(Shelf(), Lines(CODE), tasks=[TASK], **heard)),
    ("fits", lambda **heard: rl.compare(Shelf(), Lines(CODE), tasks=[TASK], **heard)),
    ("on_forks", forked),
    ("on_tick", benched),
    ("on_event", benched),
    ("on_result", benched),
    ("on_tick", learn),
    ("on_phase", learn),
    ("on_event", learn),
]


@pytest.mark.parametrize(("name", "call"), LISTENERS)
def test_a_listener_that_raises_is_named(name: str, call: Callable[..., Any]) -> None:
    with pytest.raises(rl.CallbackError, match=rf"{name} raised ValueError\('mine'\)") as caught:
        call(**{name: fail})
    assert isinstance(caught.value.__cause__, ValueError)

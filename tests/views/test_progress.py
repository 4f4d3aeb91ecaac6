"""The line that says what runs."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

import rao_lab as rl
from rao_lab.views import progress
from rao_lab.views.progress import Progress, in_notebook, in_terminal

ENV = rl.environments.TextCraft(difficulty="hard")
POLICY = rl.load_policy("scripted")
TASK = ENV.tasks("test")[0]


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Writer:
    """A policy that only counts."""

    written = 100


def test_the_line_says_what_is_awaited_and_how_fast_it_is_written() -> None:
    clock, writer, lines = Clock(), Writer(), []
    shown = Progress(writer, clock=clock)  # type: ignore[arg-type]

    def hear(event: Any) -> None:
        shown.event(0, event)
        clock.now += 1
        writer.written += 7
        lines.append(shown.line())

    tree = rl.run(TASK, ENV, POLICY, on_event=hear)
    assert lines[1].startswith("0:02 · 1 node (awaiting 0, ") and lines[1].endswith(
        ", turn 1) · 14 tokens, 7/s"
    )
    turns = sum(len(node.turns) for node in tree.nodes)
    assert f"{len(tree)} nodes · {turns} turns" in lines[-1]
    assert any(" replies awaited)" in line for line in lines) or not any(node.together for node in tree.nodes)


def test_several_trees_are_counted_as_they_end() -> None:
    shown = Progress(POLICY, trees=3)
    rl.evaluate(ENV, POLICY, tasks=3, on_event=shown.event)
    assert "3 of 3 trees" in shown.line()


def test_a_log_gets_a_line_now_and_then_and_a_terminal_one_that_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "LOG_SECONDS", 0.0)
    for terminal in (False, True):
        target = io.StringIO()
        console = Console(file=target, force_terminal=terminal, width=200)
        with in_terminal(console, Progress(POLICY)) as shown:
            rl.run(
                TASK,
                ENV,
                POLICY,
                on_event=lambda event, shown=shown: shown.event(0, event),
                on_tick=shown.ticked(),
            )
        assert ("1 node (awaiting 0, " in target.getvalue()) is not terminal or terminal
        assert ("\x1b[" in target.getvalue()) is terminal


def test_a_notebook_shows_one_line_that_is_updated(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []

    class Handle:
        def update(self, line: dict[str, str], raw: bool) -> None:
            drawn.append(line["text/plain"])

    def display(line: dict[str, str], **options: Any) -> Handle:
        drawn.append(line["text/plain"])
        return Handle()

    monkeypatch.setattr(progress, "notebook_display", lambda: display)
    with in_notebook(POLICY):
        pass
    rl.run(TASK, ENV, POLICY)
    assert drawn == [], "what is quick shows nothing"
    monkeypatch.setattr(progress, "AFTER_SECONDS", 0.0)
    monkeypatch.setattr(progress, "NOTEBOOK_SECONDS", 0.0)
    tree = rl.run(TASK, ENV, POLICY)
    assert f"{len(tree)} nodes" in drawn[-1] and len(drawn) > 2
    drawn.clear()
    rl.run(TASK, ENV, POLICY, progress=False)
    assert drawn == []


def test_trees_that_ran_before_count() -> None:
    shown = Progress(POLICY, 60)
    heard: list[tuple[int, int]] = []
    shown.told(lambda *both: heard.append(both))(8, 60)
    assert "8 of 60 trees" in shown.line() and heard == [(8, 60)]

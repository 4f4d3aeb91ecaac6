"""What runs now, in one line: trees, nodes, replies that are awaited, tokens and their rate.

The line is the same in a terminal, in a log and in a notebook, which show it in their own ways.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rao_lab.base.safe_text import one_line
from rao_lab.base.words import counted
from rao_lab.protocols import Policy
from rao_lab.tree import ROOT, Acted, Event, Finished, Spawned, TurnStarted

if TYPE_CHECKING:
    from rich.console import Console

AFTER_SECONDS = 2.0
"""A notebook shows nothing of what takes less."""
NOTEBOOK_SECONDS = 0.5
"""Between two pictures of the line in a notebook."""
LOG_SECONDS = 30.0
"""Between two lines in a log."""
RATE_SECONDS = 5.0
"""Tokens a second are those of so many last seconds."""
GOAL_CELLS = 32
WAIT_CELLS = 56

OnTick = Callable[[int], None]
OnTrees = Callable[[int, int], None]
OnTree = Callable[[int, Event], None]
"""As the executor calls it: with the place of a tree and its event."""


class Progress:
    """Counts what it hears of running trees; `line` may be called from another thread.

    Args:
        policy: if it has `written`, tokens of turns that are under way count too; if `held_up`, why it waits is said.
        environment: if it has `running`, functions of its own that run now are named.
        judge: if it has `waiting`, verdicts that are awaited are counted.
        trees: how many there are in all; 1 = that needs no word.
    """

    def __init__(
        self,
        policy: Policy,
        trees: int = 1,
        clock: Callable[[], float] = time.monotonic,
        environment: object = None,
        judge: object = None,
    ) -> None:
        self._policy = policy
        self._judge = judge
        self._environment = environment
        self._trees = trees
        self._clock = clock
        self._began = clock()
        self._before = self._counter()
        self._lock = threading.Lock()
        self._nodes = self._ended = self._turns = self._sampled = 0
        self._over = 0
        """Trees that have ended, as far as it is told."""
        self._goals: dict[tuple[int, str], str] = {}
        """Running nodes -> goal."""
        self._awaited: dict[tuple[int, str], int] = {}
        """Nodes whose reply is awaited -> its turn."""
        self._seen: deque[tuple[float, int]] = deque()
        """(time, tokens) of the last seconds."""
        self.on_change: Callable[[], None] | None = None
        """Called at every tick: shows the line, if it is time."""

    def heard(self, listener: OnTree | None = None) -> OnTree:
        """An `on_event` that counts, and hands on to another."""

        def hear(tree: int, event: Event) -> None:
            self.event(tree, event)
            if listener is not None:
                listener(tree, event)

        return hear

    def ticked(self, listener: OnTick | None = None) -> OnTick:
        """An `on_tick` that shows the line if it is time, and hands on to another."""

        def tick(number: int) -> None:
            if self.on_change is not None:
                self.on_change()
            if listener is not None:
                listener(number)

        return tick

    def event(self, tree: int, event: Event) -> None:
        key = tree, event.node
        with self._lock:
            match event:
                case Spawned():
                    self._nodes += 1
                    self._goals[key] = event.goal
                case TurnStarted():
                    self._awaited[key] = event.turn
                case Acted():
                    self._turns += 1
                    self._sampled += len(event.sampled_ids) or event.wrote
                    self._awaited.pop(key, None)
                case Finished():
                    self._ended += event.node == ROOT
                    self._goals.pop(key, None)
                    self._awaited.pop(key, None)

    def told(self, listener: OnTrees | None = None) -> OnTrees:
        """An `on_trees` that counts trees that ran before, too, and hands on to another."""

        def tell(over: int, of: int) -> None:
            with self._lock:
                self._over = over
            if listener is not None:
                listener(over, of)

        return tell

    @property
    def seconds(self) -> float:
        return self._clock() - self._began

    def line(self) -> str:
        """What runs now."""
        with self._lock:
            tokens = max(self._sampled, self._counter() - self._before)
            words = [_clock(self.seconds)]
            if self._trees > 1:
                words.append(f"{max(self._ended, self._over):,} of {self._trees:,} trees")
            words.append(counted(self._nodes, "node") + self._where())
            words += [counted(self._turns, "turn")] if self._turns else []
            if tokens:
                words.append(counted(tokens, "token") + self._rate(tokens))
            return " \u00b7 ".join(words)

    def _counter(self) -> int:
        """Tokens that the policy wrote since it was made, as far as it says so."""
        return int(getattr(self._policy, "written", 0))

    def _where(self) -> str:
        """Verdicts that are awaited, functions that run, or why all wait; otherwise how many replies, and whose."""
        if waiting := getattr(self._judge, "waiting", 0):
            return f" ({counted(waiting, 'verdict')} awaited)"
        if running := getattr(self._environment, "running", ()):
            return f" (running {one_line(', '.join(running), GOAL_CELLS)})"
        if held_up := getattr(self._policy, "held_up", ""):
            return f" ({one_line(held_up, WAIT_CELLS)})"
        if len(self._awaited) == 1:
            (key,) = self._awaited
            words, colon, after = self._goals.get(key, "").partition(": ")
            goal = one_line(after if colon and after else words, GOAL_CELLS)
            return f" (awaiting {key[1]}, {goal}, turn {self._awaited[key]})"
        return f" ({len(self._awaited):,} replies awaited)" if self._awaited else ""

    def _rate(self, tokens: int) -> str:
        now = self._clock()
        self._seen.append((now, tokens))
        while len(self._seen) > 2 and self._seen[1][0] <= now - RATE_SECONDS:
            self._seen.popleft()
        first, before = self._seen[0]
        return f", {(tokens - before) / (now - first):,.0f}/s" if now - first >= 0.5 else ""


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


@contextmanager
def in_terminal(console: Console, progress: Progress) -> Iterator[Progress]:
    """A terminal shows the line while it lasts; a log gets it now and then, if it lasts long."""
    from rich.live import Live
    from rich.text import Text

    if console.is_terminal:
        show = lambda: Text(progress.line(), no_wrap=True, overflow="ellipsis")  # noqa: E731 - one expression
        with Live(get_renderable=show, console=console, refresh_per_second=4, transient=True):
            yield progress
        return
    in_log(console, progress)
    yield progress


def in_log(console: Console, progress: Progress) -> None:
    """A log gets the line now and then, if it lasts long; a terminal is left alone."""
    if not console.is_terminal:
        show = lambda: console.print(progress.line(), markup=False, highlight=False, soft_wrap=True)  # noqa: E731
        progress.on_change = _Paced(LOG_SECONDS, LOG_SECONDS, show)


@contextmanager
def in_notebook(
    policy: Policy, trees: int = 1, environment: object = None, judge: object = None
) -> Iterator[Progress]:
    """A notebook shows the line, if it lasts longer than a moment; elsewhere nothing is shown."""
    progress = Progress(policy, trees, environment=environment, judge=judge)
    display = notebook_display()
    if display is not None:
        handle: list[Any] = []

        def show() -> None:
            line = {"text/plain": progress.line()}
            if handle:
                handle[0].update(line, raw=True)
            else:
                handle.append(display(line, raw=True, display_id=True))

        progress.on_change = _Paced(AFTER_SECONDS, NOTEBOOK_SECONDS, show)
        try:
            yield progress
        finally:
            if handle:
                show()
        return
    yield progress


class _Paced:
    """Calls a function at most so often, and not before it is worth while."""

    def __init__(self, first: float, apart: float, show: Callable[[], None]) -> None:
        self._next = time.monotonic() + first
        self._apart = apart
        self._show = show

    def __call__(self) -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + self._apart
            self._show()


def notebook_display() -> Callable[..., Any] | None:
    """IPython's `display`, if this is the kernel of a notebook."""
    loaded = sys.modules.get("IPython")
    shell = None if loaded is None else loaded.get_ipython()
    if shell is None or not hasattr(shell, "kernel"):
        return None
    from IPython.display import display

    return display

"""A prompt bench in the cell that runs it: its tables as they fill, and a line that says what runs now."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from rao_lab.evaluation.prompt_bench import Bench
from rao_lab.protocols import Policy
from rao_lab.views.bench.html import bench_sheet
from rao_lab.views.progress import OnTick, OnTree, Progress, notebook_display

APART_SECONDS = 1.0
"""Between two pictures."""


class LiveSheet:
    """Shows a bench while it runs; without a notebook, nothing is shown.

    Args:
        display: IPython's, or None.
    """

    def __init__(self, policy: Policy, trees: int, display: Callable[..., Any] | None) -> None:
        self._progress = Progress(policy, trees)
        self._display = display
        self._handle: Any = None
        self._bench: Bench | None = None
        self._key = f"bench{uuid4().hex[:8]}"
        self._next = 0.0

    def result(self, bench: Bench) -> None:
        """The bench so far."""
        self._bench = bench
        self._next = 0.0
        self._draw()

    def heard(self, listener: OnTree | None) -> OnTree | None:
        """An `on_event` that also tells what runs."""
        return listener if self._display is None else self._progress.heard(listener)

    def ticked(self, listener: OnTick | None) -> OnTick | None:
        """An `on_tick` that also draws, if it is time."""
        if self._display is not None:
            self._progress.on_change = self._draw
            return self._progress.ticked(listener)
        return listener

    def close(self) -> None:
        """Takes the picture away: the cell shows what it returns."""
        if self._handle is not None:
            self._handle.update({"text/plain": ""}, raw=True)

    def _draw(self) -> None:
        if self._display is None or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + APART_SECONDS
        line = self._progress.line()
        data = {"text/plain": line}
        if self._bench is not None:
            data["text/html"] = bench_sheet(self._bench, self._key, 0, line)[0]
        if self._handle is None:
            self._handle = self._display(data, raw=True, display_id=True)
        else:
            self._handle.update(data, raw=True)


@contextmanager
def live_sheet(policy: Policy, trees: int, progress: bool) -> Iterator[LiveSheet]:
    """Inside, a notebook shows the bench as it grows; after an error the last picture stays."""
    sheet = LiveSheet(policy, trees, notebook_display() if progress else None)
    yield sheet
    sheet.close()

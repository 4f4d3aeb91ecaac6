"""Templates rendered in a process of their own, with bounds on time and size: of models, and of prompts.

The process hears no Ctrl-C of the terminal or the notebook, has an empty environment, and ends with the object
that started it. It is started when something is first rendered, and again if it was lost.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import IO, Any

from rao_lab.base import jinja_worker
from rao_lab.base.safe_text import one_line, quoted
from rao_lab.errors import InputError

START_SECONDS = 30.0
"""To start the process; a busy machine may take a while."""
RENDER_SECONDS = 5.0
"""To read the templates, and for each text. Honest templates take a millisecond."""
GRACE_SECONDS = 1.0
"""To stop by itself and say where, if time has run out."""
MOST_LOST = 2
"""Times that one renderer may run out of time or be lost before it renders no more."""


class RenderError(InputError):
    """Templates cannot be rendered.

    Attributes:
        refused: they say so themselves, or use what there is not; otherwise they took too long or too much.
        problem: what is wrong, without the name of what was to be rendered.
    """

    def __init__(self, said: str, refused: bool = False, problem: str = "") -> None:
        super().__init__(said)
        self.refused = refused
        self.problem = problem


class Renderer:
    """Templates that are read once and rendered often. Equal variables give equal texts.

    Args:
        files: Jinja by name; one may include another.
        of: what they are, for errors.
        most: characters of one text.
        variables: known to every file.
        day: what `strftime_now` tells, as in "2026-11-28"; None = there is no clock.
        strict: a name that does not exist is an error; and an error names its file and line.
    """

    def __init__(
        self,
        files: Mapping[str, str],
        of: str,
        *,
        most: int,
        variables: Mapping[str, Any] | None = None,
        day: str | None = None,
        strict: bool = False,
    ) -> None:
        self._of, self._most, self._strict = of, most, strict
        self._setup = {"files": dict(files), "variables": dict(variables or {}), "day": day, "strict": strict}
        self._worker: _Worker | None = None
        self._lost = 0
        self._one_at_a_time = threading.Lock()

    def __call__(self, names: Sequence[str], variables: Mapping[str, Any]) -> list[str]:
        """The text of each of these files.

        Raises:
            RenderError: one refuses these variables, or takes too long or too much.
        """
        seconds = RENDER_SECONDS
        with self._one_at_a_time:
            if self._lost >= MOST_LOST:
                raise RenderError(f"{self._of} was given up: it took too long {MOST_LOST} times")
            if self._worker is None:
                self._worker = _Worker(8 * self._most)
                self._ask({}, START_SECONDS)
                self._ask({**self._setup, "seconds": seconds, "most": self._most}, seconds)
            return self._ask([list(names), dict(variables)], seconds)

    def retry(self) -> None:
        """What was given up is tried again."""
        self._lost = 0

    def close(self) -> None:
        """Ends the process; another one starts if one is needed again."""
        with self._one_at_a_time:
            self._end()

    def _ask(self, what: Any, seconds: float) -> list[str]:
        assert self._worker is not None
        refused = False
        try:
            answer = self._worker.ask(what, seconds + GRACE_SECONDS)
            if "texts" in answer:
                return [str(text) for text in answer["texts"]]
            problem, refused = one_line(str(answer["error"]), 200), "slow" not in answer
            if self._strict:
                problem = _at(answer) + problem
        except TimeoutError:
            problem = f"it takes more than {seconds:g} s"
        except (OSError, ValueError, EOFError, KeyError):
            problem = "the process that renders it was lost"
        except BaseException:  # an interrupt: what it answers now would be taken for the next answer
            self._end()
            raise
        self._lost += not refused
        if not refused or not isinstance(what, list):  # otherwise it goes on with the next
            self._end()
        raise RenderError(f"{self._of} cannot be rendered: {problem}", refused, problem)

    def _end(self) -> None:
        if self._worker is not None:
            self._worker.end()
            self._worker = None


def _at(answer: Mapping[str, Any]) -> str:
    """Where an error is, if that is known."""
    file, line = answer.get("file"), answer.get("line")
    said = f" line {quoted(line)}" if line else ""
    return f"{one_line(str(file), 80)}{said}: " if file else ""


class _Worker:
    """The process."""

    def __init__(self, most: int) -> None:
        script = Path(jinja_worker.__file__)
        path = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONHASHSEED": "0"}
        needed = {name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ}  # by Windows
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=path | needed,
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),  # the same on Windows
        )
        self._lines: SimpleQueue[bytes] = SimpleQueue()
        heard = (self._process.stdout, most, self._lines)
        threading.Thread(target=_hear, args=heard, daemon=True).start()
        self.end = weakref.finalize(self, _end, self._process)

    def ask(self, what: Any, seconds: float) -> dict[str, Any]:
        """Raises TimeoutError, OSError, EOFError or ValueError if no sound answer comes in time."""
        until = time.monotonic() + seconds
        sent = self._process.stdin
        assert sent is not None
        sent.write(json.dumps(what, default=str).encode() + b"\n")
        sent.flush()
        try:
            answer = self._lines.get(timeout=max(0.0, until - time.monotonic()))
        except Empty:
            raise TimeoutError from None
        if not answer.endswith(b"\n"):
            raise EOFError
        found = json.loads(answer)
        if not isinstance(found, dict):
            raise ValueError
        return found


def _hear(stream: IO[bytes], most: int, lines: SimpleQueue[bytes]) -> None:
    """Hands lines on, from a thread of its own: Windows cannot wait for a pipe and a time at once.

    The last one has no end: the process has ended, or wrote more than `most` bytes."""
    with stream:
        while (line := stream.readline(most)).endswith(b"\n"):
            lines.put(line)
    lines.put(line)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    with suppress(OSError):  # what was not read any more
        process.stdin.close()  # type: ignore[union-attr]
    process.wait()

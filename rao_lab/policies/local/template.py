"""A model's chat template, rendered in a process of its own, with bounds on time and size.

The process hears no Ctrl-C of the terminal or the notebook, has an empty environment, and ends with the object
that started it. It is started when a conversation is first rendered, and again if it was lost.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from rao_lab.base.safe_text import one_line, quoted, unquoted
from rao_lab.errors import ConfigError, InputError
from rao_lab.policies.local import template_worker
from rao_lab.tree import Message

START_SECONDS = 30.0
"""To start the process; a busy machine may take a while."""
READ_SECONDS = 10.0
"""To read the template."""
RENDER_SECONDS = 5.0
"""For one conversation. Honest templates take a millisecond."""
MOST_SOURCE = 1 << 20
"""Characters of a template."""
MOST_ANSWER = 8 * template_worker.MOST_RENDERED
"""Bytes of an answer: a character may become a long escape."""
MOST_LOST = 2
"""Processes that one template may lose before it is not rendered any more."""


class TemplateError(InputError):
    """A chat template cannot render a conversation.

    Attributes:
        refused: it says so itself; otherwise it took too long or too much.
    """

    def __init__(self, problem: str, refused: bool = False) -> None:
        super().__init__(problem)
        self.refused = refused


class Template:
    """A chat template.

    Args:
        source: Jinja.
        variables: the tokenizer's special tokens by name.
        day: the date it is told if it asks for the time, as in "2026-11-28".
        of: the name of its model, for errors.

    Raises:
        InputError: it is too long.
    """

    def __init__(self, source: str, variables: Mapping[str, Any], day: str, of: str = "policy") -> None:
        self._name = f"{unquoted(of)}: its chat template"
        if len(source) > MOST_SOURCE:
            raise TemplateError(f"{self._name} has more than {MOST_SOURCE} characters")
        self.asks_the_day = "strftime_now" in source
        self._setup = {"template": source, "variables": dict(variables), "day": day}
        self._worker: _Worker | None = None
        self._lost = 0
        self._one_at_a_time = threading.Lock()

    def __call__(self, messages: Sequence[Message], opening: bool) -> str:
        """The conversation as text; `opening` asks for the opening of a reply at its end.

        Raises:
            TemplateError: it refuses this conversation, or takes too long or too much.
        """
        plain = [{"role": message.role, "content": message.content} for message in messages]
        asked = {"messages": plain, "add_generation_prompt": opening, "tools": None, "documents": None}
        with self._one_at_a_time:
            if self._lost >= MOST_LOST:
                raise TemplateError(f"{self._name} was given up: it took too long {MOST_LOST} times")
            if self._worker is None:
                self._worker = _Worker()
                self._ask({}, START_SECONDS)
                self._ask(self._setup, READ_SECONDS)
            return self._ask(asked, RENDER_SECONDS)

    def close(self) -> None:
        """Ends the process; another one starts if one is needed again."""
        with self._one_at_a_time:
            self._end()

    def _ask(self, what: Mapping[str, Any], seconds: float) -> str:
        assert self._worker is not None
        try:
            answer = self._worker.ask(what, seconds)
            if "text" in answer:
                return str(answer["text"])
            problem, refused = one_line(str(answer["error"]), 200), True
        except TimeoutError:
            problem, refused = f"it takes more than {seconds:g} s", False
        except (OSError, ValueError, EOFError):
            problem, refused = "the process that renders it was lost", False
        self._lost += not refused
        if not refused or what is self._setup:
            self._end()
        raise TemplateError(f"{self._name} cannot be rendered: {problem}", refused)

    def _end(self) -> None:
        if self._worker is not None:
            self._worker.end()
            self._worker = None


class _Worker:
    """The process."""

    def __init__(self) -> None:
        script = Path(template_worker.__file__)
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONHASHSEED": "0"},
            start_new_session=True,
        )
        self.end = weakref.finalize(self, _end, self._process)

    def ask(self, what: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        """Raises TimeoutError, OSError, EOFError or ValueError if no sound answer comes in time."""
        until = time.monotonic() + seconds
        sent, received = self._process.stdin, self._process.stdout
        assert sent is not None and received is not None
        sent.write(json.dumps(what, default=str).encode() + b"\n")
        sent.flush()
        answer = bytearray()
        while not answer.endswith(b"\n"):
            if not select.select([received], [], [], max(0.0, until - time.monotonic()))[0]:
                raise TimeoutError
            part = os.read(received.fileno(), 1 << 16)
            answer += part
            if not part or len(answer) > MOST_ANSWER:
                raise EOFError
        found = json.loads(answer)
        assert isinstance(found, dict)
        return found


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.communicate()


def today() -> str:
    """This day, as templates are told it."""
    return date.today().isoformat()


def checked_day(day: Any) -> str:
    """The day as it was given.

    Raises:
        ConfigError: it is none.
    """
    try:
        return date.fromisoformat(day).isoformat()
    except (TypeError, ValueError):
        raise ConfigError(f'clock={quoted(day)} is no day: write it as in "{unquoted(today())}"') from None

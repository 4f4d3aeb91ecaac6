"""An answer that comes in pieces, as server-sent events: put together as if it had come whole.

A server may send anything: pieces that are no JSON, an error instead of a piece, an end in the middle.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from rao_lab.policies.reasoned import FIELDS

KIND = "text/event-stream"
_DONE = b"[DONE]"


class Pieces:
    """The pieces of one answer so far.

    Args:
        told: called for each piece with text, about one token each.
        most: characters of text after which no more are read.
    """

    def __init__(self, told: Callable[[], None], most: int) -> None:
        self._told = told
        self._most = most
        self._line = b""
        self._texts: dict[str, list[Any]] = {}
        self._more: dict[str, Any] = {}
        """Fields of the answer beside its choices, such as usage and error."""
        self._choice: dict[str, Any] | None = None
        """None = no piece held a choice so far."""
        self._logprobs: list[Any] = []
        self._length = 0
        self.done = False
        """No more is wanted: the server said so, or has sent too much."""
        self.broken = False
        """A piece was no JSON."""

    def add(self, raw: bytes) -> None:
        """Takes what came over the line, cut anywhere."""
        *lines, self._line = (self._line + raw).split(b"\n")
        for line in lines:
            self._take(line.strip())

    def body(self) -> bytes | None:
        """The whole answer, as a server that does not stream would send it; None if it broke off."""
        self._take(self._line.strip())
        ended = self.done or "finish_reason" in (self._choice or {}) or "error" in self._more
        if self.broken or not ended:
            return None
        if self._choice is None:
            return json.dumps({"choices": [], **self._more}).encode()
        message = {"role": "assistant", **{name: _joined(parts) for name, parts in self._texts.items()}}
        choice = {**self._choice, "message": message}
        if self._logprobs:
            choice["logprobs"] = {"content": self._logprobs}
        return json.dumps({"choices": [choice], **self._more}).encode()

    def _take(self, line: bytes) -> None:
        if self.done or not line.startswith(b"data:"):
            return  # a comment, the name of an event, or the blank line between two
        payload = line[5:].strip()
        if payload == _DONE:
            self.done = True
            return
        try:
            said = json.loads(payload)
        except (ValueError, RecursionError):
            said, self.broken, self.done = None, True, True
        if isinstance(said, dict):
            self._merge(said)

    def _merge(self, said: dict[str, Any]) -> None:
        for name in ("usage", "error", "object"):
            if said.get(name):
                self._more[name] = said[name]
        choices = said.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else None
        if not isinstance(choice, dict):
            return
        self._choice = self._choice or {}
        for name in ("finish_reason", "error"):
            if choice.get(name):
                self._choice[name] = choice[name]
        content = choice["logprobs"].get("content") if isinstance(choice.get("logprobs"), dict) else None
        self._logprobs += content if isinstance(content, list) else []
        delta = choice.get("delta", choice.get("message"))
        if isinstance(delta, dict):
            self._write(delta)

    def _write(self, delta: dict[str, Any]) -> None:
        wrote = False
        if isinstance(delta.get("content"), str):
            self._texts.setdefault("content", [])  # an empty text is one, too
        for name in ("content", *FIELDS, "tool_calls", "refusal"):
            if delta.get(name):
                self._texts.setdefault(name, []).append(delta[name])
                wrote = wrote or name != "tool_calls"
        if wrote:
            self._told()
        content = delta.get("content")
        self._length += len(content) if isinstance(content, str) else 0
        if self._length > self._most:
            self._choice, self.done = {**(self._choice or {}), "finish_reason": "length"}, True


def _joined(parts: list[Any]) -> Any:
    """Texts as one text; anything else as a list of parts."""
    if all(isinstance(part, str) for part in parts):
        return "".join(parts)
    found: list[Any] = []
    for part in parts:
        if isinstance(part, list):
            found += part
        else:
            found.append({"type": "text", "text": part} if isinstance(part, str) else part)
    return found


def put_together(raw: Iterable[bytes], told: Callable[[], None], most: int) -> bytes | None:
    """The whole answer that these bytes are the pieces of; None if it broke off."""
    pieces = Pieces(told, most)
    for part in raw:
        pieces.add(part)
        if pieces.done:
            break
    return pieces.body()

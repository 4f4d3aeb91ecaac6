"""Messages in the attributes of GenAI spans: values, or JSON text, of parts with a type each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rao_lab.errors import InputError
from rao_lab.store.formats.fields import Otel as F
from rao_lab.store.formats.reading import At, Notes, a_list, named, parse, plain, text
from rao_lab.store.formats.spans import Span
from rao_lab.tree import Call, Message

SAID = "said"
"""Beside a message that a model wrote: its text as it stands among the messages of the next chat."""


def chat_messages(span: Span, notes: Notes) -> tuple[list[Message], Mapping[str, Any]]:
    """What the model read, and what it wrote as a chat message of an assistant."""
    said = dict(span.attributes)
    for name, data in span.events:  # contents may be kept in an event beside the span
        if name == F.DETAILS:
            said = {**data, **said}
    system = _json(said.get(F.SYSTEM), span.at)
    read = [Message("system", words)] if (words := _words(system, span.at, notes)) else []
    for each in map(named, a_list(_json(said.get(F.INPUT), span.at), span.at, F.INPUT)):
        role = text(each.get("role"), span.at, "role") or "user"
        read.append(Message(role, _words(each.get("parts", each.get("content")), span.at, notes)))
    wrote = named(next(iter(a_list(_json(said.get(F.OUTPUT), span.at), span.at, F.OUTPUT)), None))
    parts = wrote.get("parts", wrote.get("content"))
    return read, {**_assistant(parts, span.at, notes), SAID: _words(parts, span.at, Notes())}


def _json(value: Any, at: At) -> Any:
    """A value as it is; of text, the JSON that it holds, if it does."""
    if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
        try:
            return parse(value, at)
        except InputError:
            return value
    return value


def _words(parts: Any, at: At, notes: Notes) -> str:
    """The text of a message: of its parts, those that are text, and what tools answered."""
    if parts is None or isinstance(parts, str):
        return text(parts, at, "content")
    said = []
    for part in map(named, a_list(parts, at, "parts")):
        kind = text(part.get("type"), at, "type")
        words = part.get("content", part.get("response", part.get("result")))
        if kind == "tool_call":
            said.append(f"[calls {text(part.get('name'), at, 'name')}]")
        elif words is None:
            notes.add(f"parts of messages that are no text: {kind[:40]}")
            said.append(f"[{kind[:40]}]")
        else:
            said.append(words if isinstance(words, str) else str(plain(words, at, "content")))
    return "\n".join(said)


def _assistant(parts: Any, at: At, notes: Notes) -> Mapping[str, Any]:
    if parts is None or isinstance(parts, str):
        return {"role": "assistant", "content": parts}
    calls = []
    said: list[Any] = []
    for part in map(named, a_list(parts, at, "parts")):
        if part.get("type") == "tool_call":
            calls.append({"id": part.get("id"), "name": part.get("name"), "arguments": part.get("arguments")})
        elif part.get("type") == "reasoning":
            said.append({"type": "reasoning", "reasoning": part.get("content")})
        else:
            said.append({"type": "text", "text": _words([part], at, notes)})
    return {"role": "assistant", "content": said, "tool_calls": calls}


def call_of(span: Span, notes: Notes) -> tuple[str, Call]:
    """A tool span as a call, and the id of the call."""
    del notes
    said = span.attributes
    given = plain(_json(said.get(F.ARGUMENTS), span.at), span.at, F.ARGUMENTS)
    arguments = named(given)
    name = text(said.get(F.TOOL_NAME), span.at, F.TOOL_NAME) or span.name
    failed = span.failed or F.ERROR in said
    error = (span.message or str(said.get(F.ERROR, "it failed"))[:400]) if failed else None
    result = plain(_json(said.get(F.RESULT), span.at), span.at, F.RESULT)
    args = () if arguments or given in (None, {}) else (given,)
    call_id = said.get(F.TOOL_CALL)
    return (
        call_id if isinstance(call_id, str) else "",
        Call(name, args, dict(arguments), None if failed else result, error),
    )

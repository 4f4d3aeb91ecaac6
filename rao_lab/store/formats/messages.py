"""A conversation as turns: chat messages with tool calls, in the shape of OpenAI, verifiers, kani or Inspect.

A turn is one message of the assistant with what was new to it before, and with its tool calls and their results. The
results are in the next turn's new messages, too, for the model read them there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from rao_lab.errors import InputError
from rao_lab.store.formats.found import FoundTurn
from rao_lab.store.formats.reading import At, Notes, a_list, an_object, named, parse, plain, text
from rao_lab.tree import Call, Message

MOST_MESSAGES = 100_000
_THOUGHT = ("reasoning_content", "reasoning", "thinking")
Resolve = Callable[[str], str]
"""A text as it is, or what it stands for: Inspect keeps long texts apart."""


def as_it_is(words: str) -> str:
    return words


@dataclass(slots=True)
class Conversation:
    """The turns of one agent, and which call is which."""

    turns: list[FoundTurn] = field(default_factory=list)
    fresh: list[Message] = field(default_factory=list)
    """Messages after the last turn: new to a turn that never came."""
    calls: dict[str, tuple[int, int]] = field(default_factory=dict)
    """By its id: the turn of a tool call, from 0, and its place among the calls of that turn."""

    @property
    def goal(self) -> str:
        """The first message of a user; none = the first of whoever."""
        read = [message for turn in self.turns for message in turn.messages] + self.fresh
        asked = next((message for message in read if message.role == "user"), read[0] if read else None)
        return "" if asked is None else asked.content

    @property
    def answer(self) -> str | None:
        """What the last turn said, if it made no call; None = nothing came to an end here."""
        if not self.turns or self.turns[-1].calls or self.fresh:
            return None
        return self.turns[-1].text

    def launches(self, call: str, child: str) -> int | None:
        """Notes that a call launched a child; its turn, from 1. None: there is no such call."""
        if call not in self.calls:
            return None
        turn, place = self.calls[call]
        calls = self.turns[turn].calls
        calls[place] = replace(calls[place], child=child)
        return turn + 1


def conversation(
    messages: Sequence[Any], at: At, notes: Notes, resolve: Resolve = as_it_is, *, sampled: bool = True
) -> Conversation:
    """The turns of a list of messages.

    Args:
        sampled: messages of the assistant were written by the model; otherwise all of them were only read.

    Raises:
        InputError: something in it is no message.
    """
    found = Conversation()
    if len(messages) > MOST_MESSAGES:
        raise InputError(f"{at}: {len(messages):,} messages: at most {MOST_MESSAGES:,} are read")
    for number, each in enumerate(messages, 1):
        add(found, an_object(each, at), at.within(f"message {number}"), notes, resolve, sampled=sampled)
    return found


def add(
    found: Conversation,
    message: Mapping[str, Any],
    at: At,
    notes: Notes,
    resolve: Resolve = as_it_is,
    *,
    sampled: bool = True,
) -> FoundTurn | None:
    """Adds one message; the turn that it is, if the model wrote it."""
    role = text(message.get("role"), at, "role")
    if not role:
        raise at.wrong("a message needs a role", message)
    said, thought = _content(message.get("content"), at, notes, resolve)
    if role == "assistant" and sampled:
        return _turn(found, message, said, thought, at, resolve)
    if role in ("tool", "function"):
        _result(found, message, said, at, notes)
    found.fresh.append(Message(role, said))
    return None


def _turn(
    found: Conversation, message: Mapping[str, Any], said: str, thought: str, at: At, resolve: Resolve
) -> FoundTurn:
    apart = next((message[name] for name in _THOUGHT if isinstance(message.get(name), str)), "")
    turn = FoundTurn(
        messages=found.fresh,
        continues=bool(found.turns),
        text=said,
        thought="\n".join(filter(None, (resolve(apart), thought))),
    )
    found.fresh = []
    for place, each in enumerate(a_list(message.get("tool_calls"), at, "tool_calls")):
        call_id, call = _call(an_object(each, at), at, resolve)
        if call_id:
            found.calls[call_id] = len(found.turns), place
        turn.calls.append(call)
    if isinstance(message.get("function_call"), dict):  # before there were tool calls
        name, call = _call({"function": message["function_call"]}, at, resolve)
        found.calls[name or f"function {call.name}"] = len(found.turns), len(turn.calls)
        turn.calls.append(call)
    found.turns.append(turn)
    return turn


def _call(data: Mapping[str, Any], at: At, resolve: Resolve) -> tuple[str, Call]:
    """A tool call and its id. The name and the arguments stand in it, or in its "function"; arguments may be JSON."""
    inner = data.get("function")
    fields = inner if isinstance(inner, dict) else data
    name = inner if isinstance(inner, str) else text(fields.get("name"), at, "the name of a tool call")
    given = fields.get("arguments", fields.get("args"))
    if isinstance(given, str):
        try:
            given = parse(given, at, nan=True) if given.strip() else {}
        except InputError:  # a model may write anything
            return text(data.get("id"), at, "id"), Call(name or "call", (given,))
    given = _resolved(plain(given, at, "arguments"), resolve)
    arguments = named(given)
    args = () if arguments or given in (None, {}) else (given,)
    return text(data.get("id"), at, "id"), Call(name or "call", args, dict(arguments))


def _resolved(value: Any, resolve: Resolve) -> Any:
    if isinstance(value, dict):
        return {name: resolve(each) if isinstance(each, str) else each for name, each in value.items()}
    return value


def _result(found: Conversation, message: Mapping[str, Any], said: str, at: At, notes: Notes) -> None:
    """Gives the result of a tool to the call that asked for it."""
    name = message.get("tool_call_id") or message.get("id") or f"function {message.get('name')}"
    place = found.calls.get(name) if isinstance(name, str) else None
    if place is None:
        notes.add("results of tools without a call that they belong to")
        return
    turn, number = place
    calls = found.turns[turn].calls
    failed = message.get("error") or (message.get("is_tool_call_error") is True and said)
    if isinstance(failed, dict):
        failed = failed.get("message")
    error = text(failed, at, "error") if failed else None
    calls[number] = replace(calls[number], result=None if error else said, error=error or None)


def _content(content: Any, at: At, notes: Notes, resolve: Resolve) -> tuple[str, str]:
    """The text of a message, and the reasoning in it. What is no text is named in brackets."""
    if content is None or isinstance(content, str):
        return resolve(text(content, at, "content")), ""
    said: list[str] = []
    thought: list[str] = []
    for part in a_list(content, at, "content"):
        if isinstance(part, str):
            said.append(resolve(part))
            continue
        part = an_object(part, at)
        kind = part.get("type", part.get("__kani_messagepart_type__", "part"))
        words = next(
            (part[name] for name in ("text", "content", "refusal") if isinstance(part.get(name), str)), None
        )
        if kind == "reasoning":
            thought.append(resolve(text(part.get("reasoning", words), at, "reasoning")))
        elif words is not None:
            said.append(resolve(text(words, at, "content")))
        else:
            notes.add(f"parts of messages that are no text: {str(kind)[:40]}")
            said.append(f"[{str(kind)[:40]}]")
    return "\n".join(said), "\n".join(thought)

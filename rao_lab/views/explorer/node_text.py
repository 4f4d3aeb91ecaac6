"""What one node said and read, as the inspector shows it: plain text, cut if it is very long.

The context is what the model read. If its token ids can be decoded, each turn has its pieces: what is new,
what was kept from the turn before and what was cut out of it. A turn is `rewritten` if the chat template changed
what came before, so that the model read all of it anew.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from typing import Any

from rao_lab.tree import Call, Node, Turn
from rao_lab.views.explorer.decoder import Decoder

TEXT_LIMIT = 60_000
"""Characters of one text that are shown; more is said to be cut."""
PIECE_LIMIT = 6_000
"""Tokens of one part of the context that are shown."""
VALUE_LIMIT = 4_000
CALL_LIMIT = 2_000


def node_text(node: Node, decode: Decoder | None = None, limit: int = TEXT_LIMIT) -> dict[str, Any]:
    """Everything the inspector shows of a node, as JSON."""
    cutter = _Cutter(limit)
    held: array[int] = array("i")
    turns = []
    for turn in node.turns:
        rewritten = len(held) > 0 and not turn.continues
        parts, held = context_parts(turn, held, decode)
        turns.append({**_turn_text(turn, len(held), parts, cutter), "rewritten": rewritten})
    has_tokens = any(turn.prompt_ids or turn.sampled_ids for turn in node.turns)
    return {
        "goal": cutter(node.goal),
        "args": show_value(dict(node.args), VALUE_LIMIT) if node.args else "",
        "value": show_value(node.value, VALUE_LIMIT) if node.status == "finished" else "",
        "returned": node.status == "finished",
        "reason": cutter(node.reason),
        "source": clean(node.success_source or "") + _reward(node),
        "fraction": node.fraction,
        "refusals": {clean(kind)[:80]: times for kind, times in node.refusals.items()},
        "template": clean(node.template)[:80],
        "has_tokens": has_tokens,
        "decoded": has_tokens and decode is not None,
        "turns": turns,
        "note": cutter.note,
    }


def _reward(node: Node) -> str:
    return "" if node.reward is None else f", reward {node.reward:g}"


class _Cutter:
    """Cuts long texts and remembers how much it left out."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.left_out = 0

    def __call__(self, text: str) -> str:
        if len(text) <= self.limit:
            return clean(text)
        self.left_out += len(text) - self.limit
        return clean(text[: self.limit]) + "\u2026"

    @property
    def note(self) -> str:
        return f"{self.left_out:,} characters are left out here" if self.left_out else ""


def _has_surrogate(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False


def _turn_text(turn: Turn, held: int, parts: list[dict[str, Any]] | None, cut: _Cutter) -> dict[str, Any]:
    return {
        "index": turn.index,
        "messages": [
            {"role": cut(message.role), "content": cut(message.content)} for message in turn.messages
        ],
        "thought": cut(turn.thought),
        "code": cut(turn.code),
        "text": cut(turn.text) if not turn.code else "",
        "stop": clean(turn.stop)[:80],
        "output": cut(turn.output),
        "error": None if turn.error is None else cut(turn.error),
        "calls": [_call_text(call) for call in turn.calls],
        "children": list(turn.children),
        "started": turn.started,
        "sampled": turn.sampled,
        "ended": turn.ended,
        "waiting": turn.waiting_seconds,
        "read": turn.tokens_in,
        "wrote": turn.tokens_out,
        "logprob": turn.logprob,
        "held": held,
        "version": turn.policy_version,
        "context": parts,
    }


def _call_text(call: Call) -> dict[str, Any]:
    args = [show_value(arg, CALL_LIMIT) for arg in call.args]
    args += [f"{name}={show_value(value, CALL_LIMIT)}" for name, value in call.kwargs.items()]
    return {
        "name": clean(call.name),
        "args": clean(", ".join(args))[:CALL_LIMIT],
        "result": show_value(call.result, CALL_LIMIT),
        "error": None if call.error is None else clean(call.error)[:CALL_LIMIT],
        "child": call.child,
    }


def context_parts(
    turn: Turn, held: array[int], decode: Decoder | None
) -> tuple[list[dict[str, Any]] | None, array[int]]:
    """What happened to the context in this turn, and the ids in the window at its end.

    A turn that continues adds to what is held. Otherwise all was read again: what the old and the new
    context share at both ends was kept, what lies between was cut out and put in.
    """
    parts: list[dict[str, Any]] = []
    if turn.continues or not held:
        if held:
            parts.append({"kind": "kept", "tokens": len(held), "pieces": []})
        parts.append(_part("new", turn.prompt_ids, decode))
        now = held + turn.prompt_ids
    else:
        now = turn.prompt_ids
        front = shared(held, now)
        back = min(shared(held[::-1], now[::-1]), len(held) - front, len(now) - front)
        parts.append({"kind": "kept", "tokens": front, "pieces": []})
        parts.append(_part("cut", held[front : len(held) - back], decode))
        parts.append(_part("new", now[front : len(now) - back], decode))
        parts.append({"kind": "kept", "tokens": back, "pieces": []})
    parts.append(_part("wrote", turn.sampled_ids, decode))
    shown = [part for part in parts if part["tokens"]]
    return (shown if decode is not None and shown else None), now + turn.sampled_ids


def shared(first: array[int], second: array[int]) -> int:
    """How many ids the two begin with in common."""
    if first[: len(second)] == second[: len(first)]:
        return min(len(first), len(second))
    return next(place for place, (a, b) in enumerate(zip(first, second, strict=False)) if a != b)


def _part(kind: str, ids: array[int], decode: Decoder | None) -> dict[str, Any]:
    if decode is None:
        return {"kind": kind, "tokens": len(ids), "pieces": []}
    pieces = [[clean(text), int(special)] for text, special in decode(ids[:PIECE_LIMIT])]
    return {"kind": kind, "tokens": len(ids), "pieces": pieces}


def clean(text: str) -> str:
    """The text with lone surrogates as escapes, so that it travels as UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8") if _has_surrogate(text) else text


def show_value(value: Any, limit: int) -> str:
    """A plain value as Python would write it, cut at `limit` and at a depth of 12."""
    text = _show(value, 12, limit)
    return clean(text if len(text) <= limit else text[: limit - 1] + "\u2026")


def _show(value: Any, depth: int, limit: int) -> str:
    if isinstance(value, str):
        return repr(value if len(value) <= limit else value[:limit] + "\u2026")
    if isinstance(value, bytes):
        return repr(value[:limit])
    if value is None or isinstance(value, bool | int | float):
        return (
            repr(value)
            if not isinstance(value, int) or abs(value) < 10**300
            else "an integer of over 300 digits"
        )
    if depth == 0:
        return "\u2026"
    if isinstance(value, Mapping):
        inner = _join((f"{_show(key, 1, 200)}: " for key in value), value.values(), depth, limit)
        return f"{{{inner}}}"
    if isinstance(value, list | tuple | set | frozenset):
        inner = _join(("" for _ in value), value, depth, limit)
        marks = {list: "[]", tuple: "()", set: "{}"}.get(type(value), "{}")
        return f"{marks[0]}{inner}{',' if isinstance(value, tuple) and len(value) == 1 else ''}{marks[1]}"
    return f"<{type(value).__name__}>"


def _join(labels: Any, values: Any, depth: int, limit: int) -> str:
    """Parts until the limit is used up: a huge value costs no more than a small one."""
    parts: list[str] = []
    room = limit
    for label, value in zip(labels, values, strict=True):
        if room <= 0:
            parts.append("\u2026")
            break
        parts.append(label + _show(value, depth - 1, max(8, room)))
        room -= len(parts[-1]) + 2
    return ", ".join(parts)

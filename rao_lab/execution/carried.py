"""The bytes that the agents of one tree may hand about: arguments, results, prints and values, counted together.

Each of them is bounded by itself, but a tree has hundreds of turns and a turn hundreds of calls. All of it is kept
in memory until the tree is recorded, and whoever reads the run file needs that memory again. So a tree has one
budget. What would exceed it is refused when it comes, with words for the model, and what was let in is never
cut afterwards: every tree that is recorded can be read.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from rao_lab.base.safe_text import quoted
from rao_lab.protocols import Refusal
from rao_lab.tree import Call

KEPT_OF_REFUSED = 1000
"""Bytes of arguments above which a refused call is kept in a shortened form."""
_SHOWN = 8
"""Arguments that a shortened form shows."""
_CONTAINERS = frozenset({list, tuple, set, frozenset, dict})
FULL = "the tree's agents have handed about all the bytes that they may"


def weight(value: Any) -> int:
    """Bytes of a plain value, at least a sixth of what it takes in a run file before it is compressed."""
    total = 0
    stack = [value]
    while stack:
        part = stack.pop()
        kind = type(part)
        total += 8
        if kind is str:
            total += len(part) if part.isascii() else len(part.encode("utf-8", "surrogatepass"))
        elif kind is bytes:
            total += len(part)
        elif kind is int:
            total += part.bit_length() // 8
        elif kind in _CONTAINERS:
            total += 16
            stack.extend(part)
            if kind is dict:
                stack.extend(part.values())
    return total


class Carried:
    """What is left of a tree's budget of bytes. It only counts."""

    def __init__(self, limit_mb: int) -> None:
        self.left = limit_mb << 20
        self._of = f"{limit_mb} MiB that all agents of this task may pass, print and return"

    @property
    def full(self) -> bool:
        """Whether no call worth making fits any more."""
        return self.left < KEPT_OF_REFUSED

    def complaint(self, what: str, value: Any) -> str | None:
        """Why the value does not fit any more, in words for the model; None if it fits."""
        size = weight(value)
        return None if size <= self.left else self._too_much(what, size)

    def _too_much(self, what: str, size: int) -> str:
        return f"{what} takes {_said(size)}, and {_said(max(0, self.left))} are left of the {self._of}: pass less"

    def spend(self, *values: Any) -> None:
        """Values that came in; the caller has asked whether they fit."""
        self.left -= sum(map(weight, values))

    def take(self, what: str, value: Any) -> None:
        """Spends what a value takes.

        Raises:
            Refusal: of kind values; it does not fit, and nothing is spent.
        """
        size = weight(value)
        if size > self.left:
            raise Refusal("values", self._too_much(what, size))
        self.left -= size

    def printed(self, output: str) -> str:
        """What is kept of a turn's output."""
        if output:
            kept = output if self.complaint("", output) is None else output[: max(0, self.left // 4)]
            self.spend(kept)
            return kept
        return output


def refused(call: Call, error: str) -> Call:
    """A call that came to nothing: large arguments are not kept whole."""
    if weight((call.args, dict(call.kwargs))) <= KEPT_OF_REFUSED:
        return replace(call, error=error)
    args = [_short(each) for each in call.args[:_SHOWN]]
    if len(call.args) > _SHOWN:
        args.append(f"... ({len(call.args)} arguments)")
    names = list(call.kwargs)[:_SHOWN]
    kwargs = {name[:100]: _short(call.kwargs[name]) for name in names}
    return replace(call, args=tuple(args), kwargs=kwargs, error=error)


def _short(value: Any) -> Any:
    size = weight(value)
    return value if size <= KEPT_OF_REFUSED // _SHOWN else f"{quoted(value)} ({_said(size)}, not kept)"


def _said(size: int) -> str:
    return f"{size:,} bytes" if size < 100_000 else f"{size / 2**20:.1f} MiB"

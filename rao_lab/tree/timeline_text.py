"""A timeline in characters: a line for each node, its time from left to right, and what the picture comes to.

    █ critical path   ▒ decodes   ▪ runs code   · waits for children

Each line fits the width. Nothing that a model said can act on the terminal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from rao_lab.base.safe_text import cells, shorten
from rao_lab.base.width import usual_width
from rao_lab.base.words import counted
from rao_lab.tree.node import Node
from rao_lab.tree.text import mark, preamble, short_goal
from rao_lab.tree.times import Bar, Leg, Times

MOST_ROWS = 60
MOST_HOPS = 24
LEAST_LABEL, MOST_LABEL = 12, 34
KEY = "█ critical path   ▒ decodes   ▪ runs code   · waits for children"
UNKNOWN = "nobody recorded when these nodes ran: there is no time to draw"
_ASCII = str.maketrans("█▒▪·│→×↳", "#=+.|>x>")


@dataclass(frozen=True, slots=True)
class Scale:
    """How times of a clock are written."""

    steps: bool
    """It counts decode steps; otherwise seconds."""

    def __call__(self, time: float) -> str:
        return counted(round(time), "step") if self.steps else duration(time)


def duration(seconds: float) -> str:
    """A time in a few characters.

    >>> duration(0.0042), duration(1.5), duration(754)
    ('4.2 ms', '1.50 s', '12 min 34 s')
    """
    if seconds < 0.0995:
        return f"{seconds * 1000:.{1 if seconds < 0.00995 else 0}f} ms"
    if seconds < 120:
        return f"{seconds:.{2 if seconds < 9.95 else 1}f} s"
    return f"{int(seconds) // 60} min {int(seconds) % 60} s"


def picture(nodes: Sequence[Node], times: Times, scale: Scale, width: int | None) -> Iterator[str]:
    """The lanes under their axis, of a large tree those that matter most."""
    width = width or usual_width()
    shown = nodes_shown(nodes, times)
    without = preamble(nodes)
    labels = {at: f"{mark(nodes[at])} {nodes[at].path}  {short_goal(nodes[at], without)}" for at in shown}
    label = max(LEAST_LABEL, min(MOST_LABEL, width // 3, max(map(cells, labels.values()))))
    room = max(10, width - label - 2)
    critical: dict[int, list[Leg]] = {}
    for leg in times.path:
        critical.setdefault(leg.node, []).append(leg)
    axis, ticks = _axis(times.end, room, scale)
    yield f"{'':{label}}  {axis}".rstrip()
    for at in shown:
        head = shorten(labels[at], label)
        row = _row(times.bars[at], critical.get(at, ()), times.end, room, ticks)
        yield f"{head}{' ' * (label - cells(head))}  {row}".rstrip()
    yield f"{'':{max(0, min(label + 2, width - cells(KEY)))}}{shorten(KEY, width)}"
    if len(shown) < len(nodes):
        hidden = len(nodes) - len(shown)
        yield f"{hidden:,} of {len(nodes):,} nodes not drawn: the deepest beside the critical path"


def nodes_shown(nodes: Sequence[Node], times: Times) -> list[int]:
    """The lanes that are drawn: of a large tree those of the critical path first, then the shallow ones."""
    if len(nodes) <= MOST_ROWS:
        return [*range(len(nodes))]
    critical = {leg.node for leg in times.path}
    order = sorted(range(len(nodes)), key=lambda at: (at not in critical, nodes[at].depth, at))
    return sorted(order[:MOST_ROWS])


def _row(bars: Iterable[Bar], critical: Iterable[Leg], end: float, room: int, ticks: set[int]) -> str:
    """What took most of the time that each character stands for."""
    took: list[dict[str, float]] = [{} for _ in range(room)]
    for sign, parts in (("", bars), ("█", critical)):
        for part in parts:
            if sign and part.kind != "generation":
                continue
            kind = sign or {"generation": "▒", "code": "▪", "waiting": "·"}[part.kind]
            low, high = part.start / end * room, part.end / end * room
            for column in range(max(0, int(low)), min(room, int(high) + 1)):
                over = min(high, column + 1) - max(low, column)
                if over > 0 or (high == low and column == int(low)):
                    took[column][kind] = took[column].get(kind, 0.0) + over + (over if sign else 0.0) * 1e-6
    rest = ("│" if column in ticks else " " for column in range(room))
    return "".join(max(each, key=each.__getitem__) if each else gap for each, gap in zip(took, rest))


def _axis(end: float, room: int, scale: Scale) -> tuple[str, set[int]]:
    """Round times above the columns that stand for them, and those columns."""
    step = round_step(end, max(1, room // 14))
    line, ticks, at = "", set(), 0
    while at * step <= end:
        column = int(at * step / end * room)
        words = f"{at * step:,.0f}" if scale.steps else duration(at * step) if at else "0 s"
        words += " steps" if scale.steps and not at else ""
        if column >= len(line) + bool(line) and column + len(words) <= room:
            line += " " * (column - len(line)) + words
            ticks.add(column)
        at += 1
    return line, ticks


def round_step(end: float, most: int) -> float:
    """The smallest of 1, 2, 5, 10, 20 ... that has at most `most` multiples up to `end`."""
    size = 1e-9
    while True:
        for factor in (1, 2, 5):
            if size * factor * most >= end:
                return size * factor
        size *= 10


def hops(nodes: Sequence[Node], path: Sequence[Leg]) -> str:
    """The nodes that the critical path comes through, in order."""
    found = [nodes[node].path for node, _ in groupby(leg.node for leg in path)]
    if len(found) > MOST_HOPS:
        half = MOST_HOPS // 2
        found = [*found[:half], f"({len(found) - MOST_HOPS:,} more)", *found[-half:]]
    return " → ".join(found)


def in_ascii(text: str) -> str:
    """Without characters that a plain terminal lacks."""
    return text.translate(_ASCII).encode("ascii", "backslashreplace").decode("ascii")

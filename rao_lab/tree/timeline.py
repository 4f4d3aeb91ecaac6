"""The timeline of a tree: who computed when, who waited for whom, and what nothing could have shortened.

There are two clocks: seconds, as they went by here, and decode steps, which count tokens as if every agent had
decoded at once. A tree from elsewhere may know one, or none: what is not known is not drawn, and never 0.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import nan
from textwrap import wrap
from typing import Any, Literal, NamedTuple, Protocol

from rao_lab.base.checks import choice
from rao_lab.base.lazy import later
from rao_lab.base.width import usual_width
from rao_lab.base.words import counted, fixed
from rao_lab.tree.node import Node, Recorded, Turn
from rao_lab.tree.timeline_text import UNKNOWN, Scale, hops, in_ascii, picture
from rao_lab.tree.times import Lane, Span, Times

Clock = Literal["seconds", "steps"]
CLOCKS: tuple[Clock, ...] = ("seconds", "steps")
MOST_LISTED = 8


class Serial(Protocol):
    """Two children that could have run together; see `rao_lab.tree.serial`, which needs whole trees."""

    @property
    def earlier(self) -> str: ...
    @property
    def later(self) -> str: ...
    @property
    def saved(self) -> int: ...


class Blocked(NamedTuple):
    """A wait of a node for the child that kept it longest."""

    node: str
    turn: int
    time: float
    """How long it waited, on the clock that was asked for."""
    child: str
    alone: float
    """For how much of that time this child was the only one that was awaited."""


class Share(NamedTuple):
    """What a node has of the critical path."""

    node: str
    time: float
    """On the clock that was asked for."""
    steps: int
    """Decode steps."""


@dataclass(frozen=True, eq=False)
class Timeline:
    """When each node of a tree computed and when it waited.

    >>> line = tree.timeline()
    >>> line.steps, line.critical_steps, line.speed_up
    (785, 785, 1.0)
    >>> [share.node for share in line.critical("steps")], line.blocked("steps")[0].child
    (['0', '0.0', '0.0.0', '0.0.0.0'], '0.0')

    `print(line)` draws it, a node a line.
    """

    tree: Recorded

    @cached_property
    def seconds(self) -> Times:
        """On the clock of the machine."""
        return Times([_lane(node, self._places, "seconds") for node in self.tree.nodes])

    @cached_property
    def decoding(self) -> Times:
        """On the clock that counts decode steps; not known if a turn took more of them than that clock passed by, as
        with a server, which decodes on its own clock."""
        if any(_late(turn) for node in self.tree.nodes for turn in node.turns):
            return Times(())
        return Times([_lane(node, self._places, "steps") for node in self.tree.nodes])

    @cached_property
    def _places(self) -> dict[str, int]:
        return {node.path: place for place, node in enumerate(self.tree.nodes)}

    @property
    def clocks(self) -> tuple[Clock, ...]:
        """Those that are known."""
        return tuple(clock for clock in CLOCKS if self.on(clock).known)

    @property
    def _first(self) -> Clock:
        return self.clocks[0] if self.clocks else "seconds"

    def on(self, clock: Clock = "seconds") -> Times:
        """The lanes of the nodes, in path order, on one clock.

        Raises:
            ConfigError: no such clock.
        """
        choice("clock", clock, CLOCKS)
        return self.seconds if clock == "seconds" else self.decoding

    @property
    def _best(self) -> Times:
        """The clock whose critical path counts decode steps."""
        return self.decoding if self.decoding.known else self.seconds

    @property
    def steps(self) -> int:
        """Decode steps of all nodes together; 0 = not known."""
        return sum(node.decode_steps for node in self.tree.nodes)

    @property
    def critical_steps(self) -> int:
        """Decode steps on the critical path; 0 = not known."""
        return self._best.path_steps

    @property
    def speed_up(self) -> float | None:
        """Ideal: decode steps of all nodes for each one on the critical path. None if they are not known. It is not
        measured: a batch of agents decodes more slowly than one, and code takes time as well."""
        return self._best.speed_up

    def critical(self, clock: Clock = "seconds") -> list[Share]:
        """The nodes on the critical path in the order in which it comes to them first, and how long each holds it."""
        times = self.on(clock)
        held: Counter[int] = Counter()
        turns: dict[int, set[int]] = {}
        for leg in times.path:
            held[leg.node] += 0
            held[leg.node] += leg.end - leg.start  # type: ignore[assignment]
            turns.setdefault(leg.node, set()).update({leg.turn} if leg.kind == "generation" else ())
        nodes = self.tree.nodes
        return [
            Share(nodes[at].path, time, sum(nodes[at].turns[turn - 1].decode_steps for turn in turns[at]))
            for at, time in held.items()
        ]

    def blocked(self, clock: Clock = "seconds") -> list[Blocked]:
        """Every wait, the longest first: who waited, for how long, and for which child in the end."""
        nodes = self.tree.nodes
        found = [
            Blocked(node.path, wait.turn, wait.end - wait.start, nodes[wait.child].path, wait.alone)
            for node, waits in zip(nodes, self.on(clock).waits)
            for wait in waits
        ]
        return sorted(found, key=lambda each: -each.time)

    @cached_property
    def serial(self) -> Sequence[Serial]:
        """Children that ran one after another although the later one did not need the earlier one, in pairs; see
        `rao_lab.tree.serial`."""
        found: Sequence[Serial] = later("rao_lab.tree.serial", "serial_awaits")(self.tree)
        return found

    def to_dict(self) -> dict[str, Any]:
        """The figures and lists above as plain data, those of each clock that is known by its name."""
        return {
            "steps": self.steps,
            "critical_steps": self.critical_steps,
            "speed_up": self.speed_up,
            "serial": [
                {"earlier": each.earlier, "later": each.later, "saved": each.saved} for each in self.serial
            ],
            "clocks": {
                clock: {
                    "end": self.on(clock).end,
                    "critical": [share._asdict() for share in self.critical(clock)],
                    "waits": [wait._asdict() for wait in self.blocked(clock)],
                }
                for clock in self.clocks
            },
        }

    def text(self, clock: Clock | None = None, width: int | None = None, plain: bool = False) -> str:
        """The picture in characters.

        Args:
            clock: by default seconds, if they are known.
            width: cells of a line; by default those of the terminal, at most 100; 72 in a notebook.
            plain: ASCII only.

        Raises:
            ConfigError: no such clock.
        """
        lines = [*self._lines(clock or self._first, width)]
        return in_ascii("\n".join(lines)) if plain else "\n".join(lines)

    def _lines(self, clock: Clock, width: int | None) -> Iterator[str]:
        nodes, times, scale = self.tree.nodes, self.on(clock), Scale(clock == "steps")
        if not times.known:
            begun = bool(nodes) and not nodes[0].status.ended
            yield "this tree has just begun: no time has passed yet" if begun else UNKNOWN
            return
        width = usual_width() if width is None else width
        yield from self._head(scale(times.end), width)
        yield from picture(nodes, times, scale, width)
        for line in self._found(clock, times, scale):
            yield from _within(line, width)

    def _found(self, clock: Clock, times: Times, scale: Scale) -> Iterator[str]:
        """What is said below the picture."""
        nodes = self.tree.nodes
        yield f"critical path: {hops(nodes, times.path)}"
        for share in sorted(self.critical(clock), key=lambda each: -each.time)[:MOST_LISTED]:
            steps = f", {counted(share.steps, 'decode step')}" if share.steps and not scale.steps else ""
            yield f"  {share.node}  {scale(share.time)}{steps}"
        waits = self.blocked(clock)[:MOST_LISTED]
        if waits:
            yield "waits:"
        for wait in waits:
            alone = f", {scale(wait.alone)} of it for {wait.child} alone" if wait.alone < wait.time else ""
            yield f"  {wait.node} waited {scale(wait.time)} in turn {wait.turn} for {wait.child}{alone}"

        if self.serial:
            yield "one after another, though the later one did not need the earlier one:"
        for pair in self.serial[:MOST_LISTED]:
            saved = counted(pair.saved, "decode step")
            yield f"  {pair.earlier}, then {pair.later}: together they would have saved {saved}"

    def _head(self, end: str, width: int) -> list[str]:
        """The first line; its parts below each other if it is too wide."""
        size = f"{counted(len(self.tree.nodes), 'node')} · {end}"
        parts = [size, *self.ideal()]
        whole = " · ".join(parts)
        return [whole] if len(whole) <= width else [line for part in parts for line in _within(part, width)]

    def ideal(self) -> list[str]:
        """The ideal speed-up with its two figures, in words; nothing if it is not known."""
        best = self.speed_up
        if best is None:
            return []
        critical = f"{self.critical_steps:,} on the critical path"
        return [
            f"ideal speed-up {fixed(best, 2)}× ({counted(self.steps, 'decode step')} of all nodes / {critical})"
        ]

    def __str__(self) -> str:
        return self.text()

    _repr_html_ = later("rao_lab.views.explorer.timeline_svg", "timeline_html")

    def __repr__(self) -> str:
        best = "" if self.speed_up is None else f", ideal speed-up {fixed(self.speed_up, 2)}"
        return f"<Timeline of {len(self.tree.nodes)} nodes{best}>"


def _within(line: str, width: int) -> list[str]:
    """A line of words, broken between them if it is too wide."""
    return wrap(line, width, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)


def _late(turn: Turn) -> bool:
    return turn.sampled_tick is not None and turn.sampled_tick - turn.started_tick < turn.decode_steps


def _lane(node: Node, places: Mapping[str, int], clock: Clock) -> Lane:
    own = (node.started, node.ended) if clock == "seconds" else (node.started_tick, node.ended_tick)
    return Lane(
        parent=-1 if node.parent is None else places[node.parent],
        turn=node.parent_turn or 0,
        started=_time(own[0]),
        ended=_time(own[1]),
        live=not node.status.ended,
        turns=[_span(turn, clock) for turn in node.turns],
    )


def _span(turn: Turn, clock: Clock) -> Span:
    if clock == "seconds":
        return Span(_time(turn.started), _time(turn.sampled), _time(turn.ended), turn.decode_steps)
    return Span(_time(turn.started_tick), _time(turn.sampled_tick), _time(turn.ended_tick), turn.decode_steps)


def _time(time: float | None) -> float:
    return nan if time is None or time < 0 else float(time)

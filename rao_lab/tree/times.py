"""When the nodes of one tree computed and when they waited, on one clock, and the chain that nothing could shorten.

A lane is a node. Its turns are generation, then code; while code awaits children it waits. The critical path is
found backwards from the root's end: through what the node itself did, and at each wait into the child that ended
last. So it has no gap but for waits that no child explains, and shortening anything else shortens nothing.

The other half is `widgets/src/timeline/times.js`; `tests/golden/timeline.json` holds both to the same answers.
A time that is not known is NaN.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite, nan
from typing import Literal, NamedTuple

Kind = Literal["generation", "code", "waiting"]


class Span(NamedTuple):
    """One turn on one clock."""

    started: float
    sampled: float
    """When generation ended, NaN while it runs, and if nobody knows."""
    ended: float
    """When its code ended, NaN while it runs or waits."""
    steps: int
    """Decode steps that it took."""


class Lane(NamedTuple):
    """One node on one clock."""

    parent: int
    """Its lane; -1 for the root."""
    turn: int
    """The parent's turn that launched it, from 1; 0 for the root."""
    started: float
    ended: float
    """NaN while it runs, and if nobody knows."""
    live: bool
    turns: Sequence[Span]


class Bar(NamedTuple):
    """What a node did without a break."""

    kind: Kind
    turn: int
    start: float
    end: float


class Wait(NamedTuple):
    """A node's code awaited children."""

    turn: int
    start: float
    end: float
    child: int
    """The lane of the child that ended last: without it the node would have gone on sooner."""
    alone: float
    """For how long it was the only one that was awaited: the time that it alone blocked its parent."""


class Leg(NamedTuple):
    """A part of the critical path."""

    node: int
    kind: Kind
    turn: int
    start: float
    end: float


@dataclass(frozen=True)
class Times:
    """The lanes of a tree, in path order: a parent before its children."""

    lanes: Sequence[Lane]

    @cached_property
    def end(self) -> float:
        """The last time that is known: of a tree that runs, now."""
        known = [0.0]
        for lane in self.lanes:
            known += [lane.started, lane.ended]
            known += [time for span in lane.turns for time in span[:3]]
        return max(time for time in known if isfinite(time))

    @property
    def known(self) -> bool:
        """Somebody kept this clock."""
        return bool(self.lanes) and isfinite(self.lanes[0].started) and self.end > 0

    @cached_property
    def ends(self) -> list[float]:
        """Of each lane: when it ended, or now; of a node whose end nobody knows, the last that is known of it."""
        found = []
        for lane in self.lanes:
            known = [time for span in lane.turns for time in span[:3] if isfinite(time)]
            last = self.end if lane.live else max([lane.started, *known])
            found.append(lane.ended if isfinite(lane.ended) else last)
        return found

    @cached_property
    def _launched(self) -> dict[tuple[int, int], list[int]]:
        """The children of each lane and turn whose times are known, in launch order."""
        found: dict[tuple[int, int], list[int]] = {}
        for place, lane in enumerate(self.lanes):
            if lane.parent >= 0 and isfinite(lane.started):
                found.setdefault((lane.parent, lane.turn), []).append(place)
        return found

    @cached_property
    def waits(self) -> list[list[Wait]]:
        """Of each lane, in order."""
        return [
            [
                wait
                for turn, span in enumerate(lane.turns, start=1)
                for wait in self._waits(span, turn, self._launched.get((place, turn), ()), self.ends[place])
            ]
            for place, lane in enumerate(self.lanes)
        ]

    def _waits(self, span: Span, turn: int, children: Sequence[int], last: float) -> list[Wait]:
        """Children that ran at the same time were awaited in one wait."""
        found: list[list[int]] = []
        until = nan
        for child in sorted(children, key=lambda each: self.lanes[each].started):
            if found and self.lanes[child].started < until:
                found[-1].append(child)
            else:
                found.append([child])
                until = nan
            until = max(self.ends[child], until if isfinite(until) else self.ends[child])
        low = next(filter(isfinite, (span.sampled, span.started)), last)
        high = span.ended if isfinite(span.ended) else last
        return [
            wait
            for together in found
            if (wait := self._wait(turn, together, low, high)) is not None and wait.end > wait.start
        ]

    def _wait(self, turn: int, together: Sequence[int], low: float, high: float) -> Wait | None:
        child = max(together, key=lambda each: (self.ends[each], each))
        start = min(max(low, self.lanes[together[0]].started), high)
        end = min(max(start, self.ends[child]), high)
        others = [self.ends[each] for each in together if each != child]
        alone = end - min(end, max([start, self.lanes[child].started, *others]))
        return Wait(turn, start, end, child, alone)

    @cached_property
    def bars(self) -> list[list[Bar]]:
        """Of each lane, in order, without those that took no time."""
        return [self._bars(place) for place in range(len(self.lanes))]

    def _bars(self, place: int) -> list[Bar]:
        lane, last = self.lanes[place], self.ends[place]
        waits: dict[int, list[Wait]] = {}
        for wait in self.waits[place]:
            waits.setdefault(wait.turn, []).append(wait)
        bars: list[Bar] = []
        for turn, span in enumerate(lane.turns, start=1):
            if not isfinite(span.started):
                continue
            own = waits.get(turn, ())
            # If nobody says when generation ended, it is what is not known to be a wait.
            ends = (span.sampled, own[0].start if own else nan, span.ended)
            at = next(filter(isfinite, ends), last)
            bars.append(Bar("generation", turn, span.started, at))
            for wait in own:
                bars += [Bar("code", turn, at, wait.start), Bar("waiting", turn, wait.start, wait.end)]
                at = wait.end
            bars.append(Bar("code", turn, at, span.ended if isfinite(span.ended) else last))
        return [bar for bar in bars if bar.end > bar.start]

    @cached_property
    def path(self) -> list[Leg]:
        """The critical path, from the start to the end of the root; empty if the clock is not known."""
        if not self.known:
            return []
        found: list[Leg] = []
        node, at = 0, self.ends[0]
        place = len(self.bars[0]) - 1
        while True:
            bars = self.bars[node]
            while place >= 0 and bars[place].start >= at:
                place -= 1
            if place < 0:  # the node begins here: what went before is its parent's
                lane = self.lanes[node]
                if lane.parent < 0:
                    return found[::-1]
                at = min(at, lane.started)
                node, place = lane.parent, len(self.bars[lane.parent]) - 1
                continue
            bar = bars[place]
            end = min(at, bar.end)
            child = self._blocked_by(node, bar, end) if bar.kind == "waiting" else -1
            if child >= 0:
                node, at, place = child, min(end, self.ends[child]), len(self.bars[child]) - 1
                continue
            found.append(Leg(node, bar.kind, bar.turn, bar.start, end))
            at = bar.start

    def _blocked_by(self, node: int, bar: Bar, end: float) -> int:
        """The child that ended last in a wait, of those that began before its end and had ended by then; -1: none."""
        best = -1
        for child in self._launched.get((node, bar.turn), ()):
            ended = self.ends[child]
            begun = bar.start <= self.lanes[child].started < end
            if begun and ended <= end and (best < 0 or ended >= self.ends[best]):
                best = child
        return best

    @property
    def steps(self) -> int:
        """Decode steps of all nodes together."""
        return sum(span.steps for lane in self.lanes for span in lane.turns)

    @cached_property
    def path_steps(self) -> int:
        """Decode steps of the turns whose generation lies on the critical path."""
        turns = {(leg.node, leg.turn) for leg in self.path if leg.kind == "generation"}
        return sum(self.lanes[node].turns[turn - 1].steps for node, turn in turns)

    @property
    def speed_up(self) -> float | None:
        """Ideal: how many times longer it had taken if one node had run after the other, if only decode steps took
        time. None if they are not known."""
        return self.steps / self.path_steps if self.path_steps else None

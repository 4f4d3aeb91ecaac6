"""The shortest flat play that we know of an agent that guesses nothing: it reads every line that its question is about,
once. If `find` tells which lines these are, it reads them alone."""

from __future__ import annotations

from collections.abc import Sequence

from rao_lab.environments.aggregation.world import MAX_FOUND, Source
from rao_lab.tree import Call

MAX_CHARS = 4_000_000
"""Characters after which a plan is cut: no window holds them."""
OVERHEAD = 20
"""Characters that a call costs beside its text and its result, about."""


def flat_plan(source: Source, asked: str, at_once: int, searches: Sequence[str] | None) -> list[list[Call]]:
    """The calls, one a turn.

    Args:
        searches: texts that `find` finds in the lines that the question is about, and in no others; None = it is about
            all lines.
    """
    plan = _reads(source, range(len(source.lines)), at_once)
    if searches is not None:
        finds, found = _finds(source, searches)
        plan = min(plan, [*finds, *_reads(source, sorted(found), at_once)], key=_cost)
    answer = source.answer(asked, 0, len(source.lines))
    return [[call] for call in (*plan, Call("finish", (None if answer is None else answer.wanted,)))]


def _reads(source: Source, numbers: Sequence[int], at_once: int) -> list[Call]:
    """Reads these lines and no others."""
    calls, place, chars = [], 0, 0
    while place < len(numbers) and chars < MAX_CHARS:
        start = end = numbers[place]
        while place < len(numbers) and numbers[place] == end and end - start < at_once:
            place, end = place + 1, end + 1
        lines = list(source.lines[start:end])
        chars += sum(map(len, lines))
        calls.append(Call("read", (start, end), result=lines))
    return calls


def _finds(source: Source, searches: Sequence[str]) -> tuple[list[Call], set[int]]:
    calls, found = [], set()
    for search in searches:
        places = [n for n, line in enumerate(source.lines) if search.lower() in line.lower()]
        found.update(places)
        for first in range(0, max(1, len(places)), MAX_FOUND):
            start = places[first - 1] + 1 if first else 0
            args = (search, start) if start else (search,)
            calls.append(Call("find", args, result=places[first : first + MAX_FOUND]))
    return calls, found


def _cost(calls: Sequence[Call]) -> int:
    return sum(OVERHEAD + len(str(call.args)) + len(str(call.result)) for call in calls)

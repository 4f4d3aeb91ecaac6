"""Which children of one node are which of another's: lists of goals, aligned in spawn order.

An alignment is a set of pairs that do not cross: if i < i' then j < j'. It is found in four rounds. Each round
aligns, between the pairs that earlier rounds made, the goals that are still free:

    equal      the same text, but for blanks
    line       the same first line, to which one of them adds more
    numbers    the same text but for its numbers: "2x bolt" and "3 x bolt", not "a6" and "a1"
    words      at least half of the words in common (Dice's coefficient)

The first three rounds take a longest common subsequence. Where that would compare more than `MOST_COMPARED` goals
with one another, the k-th goal of a kind is paired with the k-th of the other list, and the longest run of such
pairs that do not cross is kept. The last round takes the pairs with the largest sum of likenesses; it leaves longer
stretches alone. So 30,000 children take a second, however they differ.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal

Likeness = Literal["equal", "line", "numbers", "words"]
Pair = tuple[int, int, Likeness]
"""A place in the first list, one in the second, and what the two goals have in common."""

MOST_COMPARED = 10_000
"""Comparisons that one stretch of free goals may take: 100 children against 100."""
LEAST_ALIKE = 0.5
_NUMBER = re.compile(r"(?<!\w)\d+(?:[.,]\d+)*(?:\s?x\b)?")
"""A number that begins a word, such as 2, 2.5, 2x or 2 x. A name that ends in digits is a name."""


def align(first: Sequence[str], second: Sequence[str]) -> list[Pair]:
    """The pairs of two lists of goals, in order.

    >>> align(["2x bolt", "sum the list"], ["weigh it", "3x bolt", "now sum the whole list"])
    [(0, 1, 'numbers'), (1, 2, 'words')]
    """
    pairs: list[Pair] = []
    for likeness, key in _ROUNDS:
        keys = [key(goal) for goal in first], [key(goal) for goal in second]
        pairs = _between(pairs, len(first), len(second), partial(_same, *keys, likeness))
    words = [_words(goal) for goal in first], [_words(goal) for goal in second]
    return _between(pairs, len(first), len(second), partial(_alike, *words))


def plain(goal: str) -> str:
    """The goal with single blanks."""
    return " ".join(goal.split())


def first_line(goal: str) -> str:
    """The first line that says something, with single blanks."""
    return plain(goal.strip().partition("\n")[0])


def numberless(goal: str) -> str:
    """The goal in small letters, with # for its numbers and without blanks."""
    return "".join(_NUMBER.sub("#", goal.lower()).split())


_ROUNDS: tuple[tuple[Likeness, Callable[[str], str]], ...] = (
    ("equal", plain),
    ("line", first_line),
    ("numbers", numberless),
)


def _words(goal: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", _NUMBER.sub(" ", goal.lower())))


def _between(
    pairs: Sequence[Pair], first: int, second: int, find: Callable[[range, range], list[Pair]]
) -> list[Pair]:
    """The pairs, with those that `find` makes in each stretch between two of them."""
    made: list[Pair] = []
    at = bt = 0
    for a, b, likeness in [*pairs, (first, second, None)]:
        if at < a and bt < b:
            made += find(range(at, a), range(bt, b))
        if likeness is not None:
            made.append((a, b, likeness))
        at, bt = a + 1, b + 1
    return made


def _same(one: Sequence[str], two: Sequence[str], likeness: Likeness, a: range, b: range) -> list[Pair]:
    """The common subsequence of two stretches: the longest, if they are short enough to compare all with all."""
    first, second = one[a.start : a.stop], two[b.start : b.stop]
    head = _shared(first, second)
    tail = _shared(first[head:][::-1], second[head:][::-1])
    i, j = len(first) - tail, len(second) - tail
    inner = first[head:i], second[head:j]
    middle = (_longest if len(inner[0]) * len(inner[1]) <= MOST_COMPARED else _kth_with_kth)(*inner)
    found = [
        *((at, at) for at in range(head)),
        *((head + x, head + y) for x, y in middle),
        *((i + at, j + at) for at in range(tail)),
    ]
    return [(a.start + x, b.start + y, likeness) for x, y in found]


def _shared(one: Sequence[str], two: Sequence[str]) -> int:
    """How many items both lists begin with."""
    return next((at for at, (x, y) in enumerate(zip(one, two)) if x != y), min(len(one), len(two)))


def _longest(one: Sequence[str], two: Sequence[str]) -> list[tuple[int, int]]:
    return _heaviest(len(one), len(two), lambda i, j: float(one[i] == two[j]))


def _heaviest(first: int, second: int, weight: Callable[[int, int], float]) -> list[tuple[int, int]]:
    """Pairs that do not cross and have the largest sum of weights; a weight of 0 is no pair."""
    weights = [[weight(i, j) for j in range(second)] for i in range(first)]
    best = [[0.0] * (second + 1) for _ in range(first + 1)]  # of what follows (i, j)
    for i in range(first - 1, -1, -1):
        below, here, row = best[i + 1], best[i], weights[i]
        for j in range(second - 1, -1, -1):
            joined = below[j + 1] + row[j] if row[j] else 0.0
            here[j] = max(joined, below[j], here[j + 1])
    pairs, i, j = [], 0, 0
    while i < first and j < second:
        if weights[i][j] and best[i][j] == best[i + 1][j + 1] + weights[i][j]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return pairs


def _kth_with_kth(one: Sequence[str], two: Sequence[str]) -> list[tuple[int, int]]:
    places: defaultdict[str, list[int]] = defaultdict(list)
    for j in range(len(two) - 1, -1, -1):
        places[two[j]].append(j)
    pairs = [(i, places[key].pop()) for i, key in enumerate(one) if places.get(key)]
    return [pairs[at] for at in _rising([j for _, j in pairs])]


def _rising(values: Sequence[int]) -> list[int]:
    """Places of a longest rising subsequence of distinct numbers."""
    ends: list[int] = []  # the smallest last value of a rising subsequence of each length
    last: list[int] = []  # its place
    before: list[int] = []
    for at, value in enumerate(values):
        length = bisect_left(ends, value)
        before.append(last[length - 1] if length else -1)
        ends[length : length + 1] = [value]
        last[length : length + 1] = [at]
    found, at = [], last[-1] if last else -1
    while at >= 0:
        found.append(at)
        at = before[at]
    return found[::-1]


def _alike(one: Sequence[Counter[str]], two: Sequence[Counter[str]], a: range, b: range) -> list[Pair]:
    if len(a) * len(b) > MOST_COMPARED:
        return []

    def likeness(i: int, j: int) -> float:
        left, right = one[a.start + i], two[b.start + j]
        all_words = left.total() + right.total()
        share = 2 * (left & right).total() / all_words if all_words else 0.0
        return share if share >= LEAST_ALIKE else 0.0

    return [(a.start + i, b.start + j, "words") for i, j in _heaviest(len(a), len(b), likeness)]

"""The stock that a whole tree shares, and who changed it.

A node succeeds by what it and its descendants produced minus what they consumed. So every change carries the
path of the node that made it, and counts for that node and all nodes above it. "Stock now minus stock at the
start" would be wrong: siblings that run at the same time change the stock too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from rao_lab.errors import RecordError


@dataclass(frozen=True, slots=True)
class Change:
    """The node at `path` produced `count` of an item; below 0, it consumed them."""

    path: str
    item: str
    count: int


class Stock:
    """How many there are of each item, and how many of them each node has made or used."""

    def __init__(self, stock: Mapping[str, int]) -> None:
        self._stock = Counter(stock)
        self._accounts: dict[str, Counter[str]] = {}
        self.changes: list[Change] = []
        """Every change, in the order it happened."""

    @property
    def counts(self) -> dict[str, int]:
        """What is there now, without zeros."""
        return {item: count for item, count in self._stock.items() if count}

    def have(self, item: str) -> int:
        return self._stock[item]

    def open(self, path: str) -> None:
        """A node starts.

        Raises:
            RecordError: it has started before.
        """
        if path in self._accounts:
            raise RecordError(f"node {path!r} has an account already: a world serves one tree, once")
        self._accounts[path] = Counter()

    def book(self, path: str, changes: Mapping[str, int]) -> None:
        """Books changes made by an open node.

        Raises:
            RecordError: the node never started, or fewer than 0 of an item would be left.
        """
        if path not in self._accounts:
            raise RecordError(f"node {path!r} changes the stock but never started")
        for item, count in changes.items():
            if self._stock[item] + count < 0:
                raise RecordError(f"node {path!r} takes {-count} {item!r} of {self._stock[item]}")
        for item, count in changes.items():
            self._stock[item] += count
            self.changes.append(Change(path, item, count))
        above = path
        while above:
            account = self._accounts.get(above)
            if account is not None:
                for item, count in changes.items():
                    account[item] += count
            above = above.rpartition(".")[0]

    def net(self, path: str, item: str) -> int:
        """Produced minus consumed so far by the node and its descendants since it started.

        Raises:
            RecordError: the node never started.
        """
        if path not in self._accounts:
            raise RecordError(f"node {path!r} has no account: it never started")
        return self._accounts[path][item]

"""The kept rows of all units, asked for by arm, band, temperature, window and recipe book."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from rao_lab.experiments.claims.arms import ARMS, BANDS
from rao_lab.experiments.claims.rows import Kept


class Row(NamedTuple):
    """One tree of an evaluation."""

    seed: int
    band: str
    task: int
    """Its number in the band."""
    item: str
    tier: int
    success: float | None
    status: str
    nodes: int
    depth: int
    delegated: int
    """Whether the root launched a child."""
    flat_tokens: int | None
    tokens: int
    turns: int
    ticks: int | None

    @property
    def key(self) -> tuple[int, str, int]:
        """Equal for trees of two arms that are compared: the same seed and task."""
        return self.seed, self.band, self.task


class Known:
    """What there is of each arm, over its seeds."""

    def __init__(self, kept: Iterable[Kept]) -> None:
        self._of: dict[str, dict[int, Kept]] = {}
        for each in kept:
            asked = each["asked"]
            self._of.setdefault(asked["arm"]["name"], {})[asked["seed"]] = each
        self.rows = cache(self._rows)

    @property
    def arms(self) -> list[str]:
        return [name for name in ARMS if name in self._of]

    def seeds(self, *arms: str) -> list[int]:
        """The seeds that all of these arms have; of all arms together, if none is named."""
        if not arms:
            return sorted({seed for found in self._of.values() for seed in found})
        return sorted(set.intersection(*({*self._of.get(arm, ())} for arm in arms)))

    def kept(self, arm: str) -> Mapping[int, Kept]:
        return self._of.get(arm, {})

    @property
    def scale(self) -> Mapping[str, Any]:
        """Of the first unit; empty if there is none."""
        return next((each["asked"]["scale"] for found in self._of.values() for each in found.values()), {})

    def _rows(
        self,
        arm: str,
        bands: Sequence[str] = BANDS,
        temperature: float = 1.0,
        window: int | None = None,
        book: int = 0,
    ) -> Mapping[tuple[int, str, int], Row]:
        """The trees of an arm, by seed and task; nothing if it was not looked at so.

        Args:
            window: None = that of its base.
        """
        found = {}
        for seed, kept in self.kept(arm).items():
            wanted = (temperature, window or ARMS[arm].window, book)
            for each in kept["evaluations"]:
                if (each["temperature"], each["window"], each["book"]) == wanted:
                    for band in bands:
                        for row in _rows_of(seed, band, each["bands"].get(band, {})):
                            found[row.key] = row
        return found


def _rows_of(seed: int, band: str, columns: Mapping[str, Sequence[Any]]) -> Iterable[Row]:
    names = Row._fields[2:]
    return (
        Row(seed, band, *values) for values in zip(*(columns.get(name, ()) for name in names), strict=True)
    )

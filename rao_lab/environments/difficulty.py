"""Names of difficulties, in order."""

from __future__ import annotations

from collections.abc import Iterable

DIFFICULTIES = ("easy", "medium", "hard", "extreme")


def easiest_first(names: Iterable[str]) -> list[str]:
    """Names of difficulties, each once: those of the field from easy to extreme, then others as they came."""
    rank = {name: at for at, name in enumerate(DIFFICULTIES)}
    return sorted(dict.fromkeys(names), key=lambda name: rank.get(name, len(rank)))

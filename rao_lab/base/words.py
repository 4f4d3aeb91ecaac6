"""Numbers with their nouns."""

from __future__ import annotations


def counted(number: int, thing: str, things: str | None = None) -> str:
    """A number with its noun, in the singular or the plural.

    >>> counted(1, "node"), counted(2000, "node"), counted(0, "try", "tries")
    ('1 node', '2,000 nodes', '0 tries')
    """
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"

"""How many tokens a reply can have had."""

from __future__ import annotations


def most_tokens(text: str, thought: str, told: int) -> int:
    """The tokens that were told; if none were (0), the most that there can be: a token has a byte at least.

    >>> most_tokens("hello", "", 2), most_tokens("hello", "", 0)
    (2, 5)
    """
    return told or len(f"{text}{thought}".encode("utf-8", "replace"))

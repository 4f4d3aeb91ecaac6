"""What a server was asked and what it counted, in words."""

from __future__ import annotations

from collections.abc import Mapping

from rao_lab.base.words import counted
from rao_lab.tree.told_counts import spent_words


def usage_words(usage: Mapping[str, float]) -> str:
    """What a server was asked and what it counted, in words."""
    words = [counted(int(usage["requests"]), "request")]
    words += [f"{int(usage['retries']):,} of them tried again"] if usage.get("retries") else []
    return ", ".join([*words, *spent_words(usage)])

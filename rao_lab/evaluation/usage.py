"""What a server was asked and what it counted, in words."""

from __future__ import annotations

from collections.abc import Mapping

from rao_lab.base.safe_text import one_line
from rao_lab.base.words import counted
from rao_lab.tree.told_counts import spent_words


def usage_words(usage: Mapping[str, float]) -> str:
    """What a server was asked and what it counted, in words."""
    return ", ".join([_asked(usage), *spent_words(usage)])


def retries_words(usage: Mapping[str, Mapping[str, float]]) -> str:
    """How often a failing server was asked again for each variant; "" if it never was."""
    if not any(each.get("retries") for each in usage.values()):
        return ""
    said = "; ".join(f"{one_line(name, 24)}: {_asked(each)}" for name, each in usage.items())
    return f"the server was failing, and time a tree includes its failures: {said}"


def _asked(usage: Mapping[str, float]) -> str:
    words = [counted(int(usage["requests"]), "request")]
    words += [f"{int(usage['retries']):,} of them tried again"] if usage.get("retries") else []
    return ", ".join(words)

"""What a server was asked and what it counted, in words."""

from __future__ import annotations

from collections.abc import Mapping

from rao_lab.base.words import counted


def usage_words(usage: Mapping[str, float]) -> str:
    """What a server was asked and what it counted, in words."""
    words = [counted(int(usage["requests"]), "request")]
    words += [f"{int(usage['retries']):,} of them tried again"] if usage.get("retries") else []
    counts = {"read": int(usage.get("prompt_tokens", 0)), "written": int(usage.get("completion_tokens", 0))}
    told = [f"{counted(count, 'token')} {what}" for what, count in counts.items()]
    words += told if any(counts.values()) else ["tokens not told"]
    return ", ".join([*words, *([f"{usage['cost']:.4f} US dollars"] if "cost" in usage else [])])

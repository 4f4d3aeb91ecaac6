"""Token ids and what is known of each, as foreign files hold them."""

from __future__ import annotations

import math
from array import array
from typing import Any

from rao_lab.base.safe_text import quoted
from rao_lab.errors import InputError
from rao_lab.store.formats.found import FoundNode, FoundTurn
from rao_lab.store.formats.reading import At
from rao_lab.tree.ranges import COUNT

MOST_TOKENS = 10_000_000
"""In one list."""


def ids_of(value: Any, at: At, what: str) -> array[int]:
    """A list of token ids; none = an empty one."""
    if value is None:
        return array("i")
    if not isinstance(value, list) or len(value) > MOST_TOKENS:
        raise at.wrong(f"{what} must be a list of at most {MOST_TOKENS:,} token ids", value)
    if odd := next((each for each in value if not COUNT.holds(each)), None):
        raise at.wrong(f"{what} must hold token ids", odd)
    try:
        return array("i", value)
    except (TypeError, OverflowError):
        raise at.wrong(f"{what} must hold token ids", value) from None


def numbers_of(value: Any, size: int, at: At, what: str) -> array[float]:
    """One number a token; what the file does not say is NaN.

    Raises:
        InputError: another count of numbers, or no finite ones.
    """
    if not value:
        return array("f", [math.nan]) * size
    if not isinstance(value, list) or len(value) != size:
        many = len(value) if isinstance(value, list) else quoted(value)
        raise InputError(f"{at}: {what} must hold one number for each of {size:,} sampled tokens, not {many}")
    found = array("f")
    for each in value:
        if each is None:
            each = math.nan
        elif isinstance(each, bool) or not isinstance(each, int | float) or not abs(each) <= 1e12:
            raise at.wrong(f"{what} must hold finite numbers", each)
        found.append(each)
    return found


def with_ids(
    node: FoundNode,
    turn: FoundTurn,
    held: array[int],
    prompt: array[int],
    sampled: array[int],
    logprobs: array[float],
    entropies: array[float] | None = None,
) -> array[int]:
    """Gives a turn its ids; returns what the window holds after it.

    Args:
        held: what the window held before.
        prompt: all that the model read.
    """
    if not sampled:
        return held
    turn.continues = bool(held) and prompt[: len(held)] == held
    turn.prompt_ids = prompt[len(held) :] if turn.continues else prompt
    turn.sampled_ids, turn.logprobs = sampled, logprobs
    turn.entropies = array("f", [math.nan]) * len(sampled) if entropies is None else entropies
    turn.read = turn.wrote = 0  # the ids are what counts
    node.window = -1  # nobody says how large it is
    return prompt + sampled

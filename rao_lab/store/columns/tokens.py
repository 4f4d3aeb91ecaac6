"""The token arrays of a node's turns as bytes: four lengths a turn, then all ids, then all floats."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rao_lab.errors import RunFileError
from rao_lab.store.columns.bytes import from_planes, to_planes

TokenArrays = tuple["array[int]", "array[int]", "array[float]", "array[float]"]
"""Of one turn: prompt ids `[P]`, sampled ids, log-probs and entropies `[T]`."""

TURN_HEAD = 16
"""Bytes of the lengths of one turn."""


def join_tokens(turns: Sequence[TokenArrays]) -> bytes:
    """The token arrays of a node's turns, bit for bit."""
    lengths = np.array([[len(part) for part in turn] for turn in turns], "<i4")
    ids = b"".join(part.tobytes() for turn in turns for part in turn[:2])
    floats = b"".join(part.tobytes() for turn in turns for part in turn[2:])
    planes = [
        to_planes(np.frombuffer(part, native).astype(stored))
        for part, native, stored in ((ids, "=i4", "<i4"), (floats, "=f4", "<f4"))
    ]
    return lengths.tobytes() + b"".join(planes)


def split_tokens(raw: bytes, turns: int) -> list[TokenArrays]:
    """The inverse of `join_tokens`.

    Raises:
        RunFileError: the lengths do not fit the bytes.
    """
    lengths = _lengths(raw, turns)
    many_ids, many_floats = int(lengths[:, :2].sum()), int(lengths[:, 2:].sum())
    if (lengths < 0).any() or len(raw) != TURN_HEAD * turns + 4 * many_ids + 4 * many_floats:
        raise RunFileError("the token arrays of a node have other lengths than they say")
    start = TURN_HEAD * turns
    ids = array("i", from_planes(raw, "<i4", many_ids, start).astype("=i4").tobytes())
    start += 4 * many_ids
    floats = array("f", from_planes(raw, "<f4", many_floats, start).astype("=f4").tobytes())
    result: list[TokenArrays] = []
    i = f = 0
    for prompt, sampled, logprobs, entropies in lengths.tolist():
        middle, floor = i + prompt, f + logprobs
        result.append(
            (
                ids[i:middle],
                ids[middle : middle + sampled],
                floats[f:floor],
                floats[floor : floor + entropies],
            )
        )
        i, f = middle + sampled, floor + entropies
    return result


def token_counts(raw: bytes, turns: int) -> list[tuple[int, int]]:
    """How many ids each turn of a node read and wrote: `raw` may end after the heads of the turns.

    Raises:
        RunFileError: cut off, or no lengths.
    """
    lengths = _lengths(raw, turns).tolist()
    if any(min(each) < 0 or (each[1] and not each[1] == each[2] == each[3]) for each in lengths):
        raise RunFileError("the token arrays of a node have lengths that contradict each other")
    return [(read, wrote) for read, wrote, _, _ in lengths]


def _lengths(raw: bytes, turns: int) -> NDArray[np.int64]:
    if turns < 0 or len(raw) < TURN_HEAD * turns:
        raise RunFileError(f"the token arrays of {turns} turns are cut off")
    return np.frombuffer(raw, "<i4", 4 * turns).astype(np.int64).reshape(turns, 4)

"""Bytes in and out of the file: compressed, and never unpacked beyond what was promised and allowed.

A body is stored raw where compression does not pay, which shows in its length being its `size`.
"""

from __future__ import annotations

import sqlite3
import zlib
from array import array
from collections.abc import Sequence
from typing import Self

import numpy as np

from rao_lab.errors import RunFileError

MAX_BODY = 256 * 2**20
"""Bytes one body may unpack to: a hundred times the largest step of columns seen."""
MAX_TOTAL = 2 * 2**30
"""Bytes one reading operation may unpack to in all."""
MOST_RATIO = 200
"""... and how many times the size of the file, beyond `SPARE`: a hundred times what honest texts need."""
SPARE = 64 * 2**20
_RAW_BELOW = 100

TokenArrays = tuple["array[int]", "array[int]", "array[float]", "array[float]"]
"""prompt ids, sampled ids, log-probs, entropies of one turn."""


class Allowance:
    """Counts what a reading operation unpacks, so that a small file cannot fill the memory."""

    def __init__(self, total: int) -> None:
        self.left = total

    @classmethod
    def of(cls, connection: sqlite3.Connection) -> Self:
        """What one reading operation of this file may unpack."""
        (pages,), (size,) = (
            connection.execute(f"PRAGMA {name}").fetchone() for name in ("page_count", "page_size")
        )
        return cls(min(MAX_TOTAL, SPARE + MOST_RATIO * pages * size))

    def take(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise RunFileError(
                "it would unpack to more than is allowed at once: damaged, or read it in parts"
            )


def pack(raw: bytes) -> tuple[int, bytes]:
    """(size, body) as stored."""
    if len(raw) < _RAW_BELOW:
        return len(raw), raw
    small = zlib.compress(raw, 6)
    return len(raw), small if len(small) < len(raw) else raw


def unpack(size: object, body: object, allowance: Allowance) -> bytes:
    """The inverse of `pack`.

    Raises:
        RunFileError: the body is not what its size says, or exceeds a bound.
    """
    if not isinstance(size, int) or not isinstance(body, bytes) or not len(body) <= size <= MAX_BODY:
        raise RunFileError(f"a stored body claims {size!r:.20} bytes")
    allowance.take(size)
    if len(body) == size:
        return body
    stream = zlib.decompressobj()
    try:
        raw = stream.decompress(body, size + 1)
    except zlib.error as error:
        raise RunFileError(f"a stored body does not unpack ({error})") from None
    if len(raw) != size or not stream.eof:
        raise RunFileError(f"a stored body does not unpack to its {size} bytes")
    return raw


def join_tokens(turns: Sequence[TokenArrays]) -> bytes:
    """The token arrays of a node's turns: four lengths a turn, then all ids, then all floats.

    Bytes of equal weight stand together, so that the zeros of small ids and the like exponents of
    log-probs compress; floats keep every bit.
    """
    lengths = np.array([[len(part) for part in turn] for turn in turns], "<i4")
    ids = b"".join(part.tobytes() for turn in turns for part in turn[:2])
    floats = b"".join(part.tobytes() for turn in turns for part in turn[2:])
    return lengths.tobytes() + _planes(ids, "=i4", "<i4") + _planes(floats, "=f4", "<f4")


def split_tokens(raw: bytes, turns: int) -> list[TokenArrays]:
    """The inverse of `join_tokens`.

    Raises:
        RunFileError: the lengths do not fit the bytes.
    """
    if turns < 0 or len(raw) < 16 * turns:
        raise RunFileError(f"the token arrays of {turns} turns are cut off")
    lengths = np.frombuffer(raw, "<i4", 4 * turns).astype(np.int64).reshape(turns, 4)
    ids_end = 16 * turns + 4 * int(lengths[:, :2].sum())
    if (lengths < 0).any() or len(raw) != ids_end + 4 * int(lengths[:, 2:].sum()):
        raise RunFileError("the token arrays of a node have other lengths than they say")
    ids = array("i", _unplanes(raw[16 * turns : ids_end], "<i4", "=i4"))
    floats = array("f", _unplanes(raw[ids_end:], "<f4", "=f4"))
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


def _planes(data: bytes, native: str, stored: str) -> bytes:
    """Byte k of every number, for k = 0 .. 3."""
    return np.frombuffer(data, native).astype(stored).view(np.uint8).reshape(-1, 4).T.tobytes()


def _unplanes(data: bytes, stored: str, native: str) -> bytes:
    planes = np.frombuffer(data, np.uint8).reshape(4, -1).T
    return np.ascontiguousarray(planes).view(stored).astype(native).tobytes()

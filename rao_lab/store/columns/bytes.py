"""Bytes in and out of the file: compressed, and never unpacked beyond what was promised and allowed.

A body is stored raw if compression does not pay; its length is then its `size`.
"""

from __future__ import annotations

import sqlite3
import zlib
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from rao_lab.base.safe_text import quoted
from rao_lab.errors import InputError, RunFileError

MAX_BODY = 256 * 2**20
"""Bytes one body may unpack to: a hundred times the largest step of columns seen."""
MAX_TOTAL = 2 * 2**30
"""Bytes one reading operation may unpack to in all."""
MOST_RATIO = 200
"""... and how many times the size of the file, beyond `SPARE`: a hundred times what honest texts need."""
SPARE = 64 * 2**20
MAX_BUILT = 512 * 2**20
"""Characters of JSON that one reading operation may turn into values. A text is kept once and may be used by any
number of rows, each of which makes values of its own. The largest tree that is recorded needs 200 MiB."""
_RAW_BELOW = 100
_WRITTEN_RATIO = MOST_RATIO // 2
_LARGEST = MAX_BODY - 2**16
"""Bytes of the largest body that is written: its row needs some room beside it."""


class Allowance:
    """Counts what a reading operation unpacks, so that a small file cannot fill the memory."""

    def __init__(self, total: int) -> None:
        self.left = total
        self._built = 0

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

    def build(self, size: int) -> None:
        """JSON of that size is about to become values."""
        self._built += size
        if self._built > MAX_BUILT:
            raise RunFileError(
                "its values take more than is allowed at once: damaged, or read it tree by tree"
            )


def pack(raw: bytes) -> tuple[int, bytes]:
    """(size, body) as stored. A body never shrinks so far that a reader would take it for a bomb.

    Raises:
        InputError: no reader would unpack so large a body.
    """
    if len(raw) < _RAW_BELOW:
        return len(raw), raw
    if len(raw) > _LARGEST:
        raise InputError(
            f"{len(raw) / 2**20:.0f} MiB in one piece cannot be recorded: a run file keeps {_LARGEST >> 20} at most"
        )
    small = zlib.compress(raw, 6)
    if len(raw) > _WRITTEN_RATIO * len(small):
        packer = zlib.compressobj(6, strategy=zlib.Z_HUFFMAN_ONLY)  # an eighth at best
        small = packer.compress(raw) + packer.flush()
    return len(raw), small if len(small) < len(raw) else raw


def unpack(size: object, body: object, allowance: Allowance, what: str, most: int = MAX_BODY) -> bytes:
    """The inverse of `pack`.

    Args:
        what: it is, in an error.
        most: bytes that are needed; the rest stays packed.

    Raises:
        RunFileError: the body is not what its size says, or exceeds a bound.
    """
    if body is None and size is None:
        raise RunFileError(f"{what}: nothing is stored")
    if not isinstance(size, int) or not isinstance(body, bytes) or not len(body) <= size <= MAX_BODY:
        raise RunFileError(f"{what}: the stored body claims {quoted(size)} bytes")
    allowance.take(min(size, most))
    if len(body) == size:
        return body[:most]
    stream = zlib.decompressobj()
    try:
        raw = stream.decompress(body, min(size + 1, most))
    except zlib.error as error:
        raise RunFileError(f"{what}: the stored body does not unpack ({error})") from None
    if len(raw) != min(size, most) or (most > size and not stream.eof):
        raise RunFileError(f"{what}: the stored body does not unpack to its {size} bytes")
    return raw


def to_planes(column: NDArray[Any]) -> bytes:
    """The bytes of a column `[N]`: the first byte of every entry, then the second of every entry, and so on.

    Bytes of equal weight stand together, so that the zeros of small numbers and the like exponents of
    floats compress. Every bit is kept.
    """
    return np.ascontiguousarray(column).view(np.uint8).reshape(-1, column.itemsize).T.tobytes()


def from_planes(data: bytes, kind: DTypeLike, count: int, start: int = 0) -> NDArray[Any]:
    """The column `[count]` that `to_planes` wrote at `start`.

    Raises:
        RunFileError: the bytes are too few, or `count` is no length.
    """
    size = np.dtype(kind).itemsize
    if not (isinstance(count, int) and start >= 0 and 0 <= count <= (len(data) - start) // size):
        raise RunFileError(f"a column of {quoted(count)} entries is cut off")
    if not count:
        return np.zeros(0, kind)
    planes = np.frombuffer(data, np.uint8, count * size, start).reshape(size, count)
    return np.ascontiguousarray(planes.T).view(kind).reshape(count)

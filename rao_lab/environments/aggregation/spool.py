"""Contexts from a file, kept on disk: a context of 100 MB costs memory for the places of its lines and no more."""

from __future__ import annotations

import os
import tempfile
import threading
import weakref
from array import array
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from itertools import pairwise
from typing import overload

MAX_LINE = 2000
"""Characters of a line; what is longer counts as several lines."""
BLOCK = 1 << 20


class _File:
    """A temporary file, which is gone when nobody holds this object."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(buffering=0, prefix="rao-lab-")  # noqa: SIM115 - closed with this object
        self._lock = threading.Lock()
        weakref.finalize(self, self._file.close)

    def write(self, data: bytes) -> None:
        view = memoryview(data)
        with self._lock:
            self._file.seek(0, os.SEEK_END)
            while view:
                view = view[self._file.write(view) :]

    def read(self, start: int, size: int) -> bytes:
        if hasattr(os, "pread"):  # moves no place that forks share; Windows lacks it
            return os.pread(self._file.fileno(), size, start)
        with self._lock:
            self._file.seek(start)
            return self._file.read(size)


class Lines(Sequence[str]):
    """The lines of one context, read from the spool when they are asked for."""

    def __init__(self, file: _File, places: array[int]) -> None:
        self._file = file
        self._places = places
        """Where each line starts in the file, and where the last one ends, `[lines + 1]`."""

    def __len__(self) -> int:
        return len(self._places) - 1

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            chosen = range(len(self))[index]
            if chosen.step != 1:
                return [self[number] for number in chosen]
            return self._read(chosen.start, chosen.stop)
        number = range(len(self))[index]
        return self._read(number, number + 1)[0]

    def _read(self, first: int, last: int) -> list[str]:
        places = self._places[first : last + 1]
        if len(places) < 2:
            return []
        data = self._file.read(places[0], places[-1] - places[0])
        spans = pairwise(places)
        return [data[start - places[0] : end - places[0]].decode("utf-8", "replace") for start, end in spans]


class Spool:
    """A temporary file of contexts, each once. It goes with this object and the `Lines` from it."""

    def __init__(self) -> None:
        self._file = _File()
        self._lines: dict[str, Lines] = {}
        self._end = 0

    def __getitem__(self, digest: str) -> Lines:
        return self._lines[digest]

    def __contains__(self, digest: str) -> bool:
        return digest in self._lines

    @property
    def size(self) -> int:
        """Bytes of all contexts."""
        return self._end

    def add(self, text: str) -> str:
        """Keeps a context; returns its digest.

        Raises:
            OSError: the disk is full.
        """
        digest = digest_of(text)
        if digest not in self._lines:
            places = array("Q", [self._end])
            waiting: list[bytes] = []
            size = 0
            for line in split_lines(text):
                data = line.encode("utf-8", "replace")
                waiting.append(data)
                size += len(data)
                self._end += len(data)
                places.append(self._end)
                if size > BLOCK:
                    self._file.write(b"".join(waiting))
                    waiting, size = [], 0
            self._file.write(b"".join(waiting))
            self._lines[digest] = Lines(self._file, places)
        return digest


def digest_of(text: str) -> str:
    return blake2b(text.encode("utf-8", "replace"), digest_size=16).hexdigest()


def split_lines(text: str) -> Iterator[str]:
    """The lines that are not blank. A long one is cut between words where that is possible."""
    start = 0
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        while end - start > MAX_LINE:
            cut = text.rfind(" ", start + MAX_LINE // 2, start + MAX_LINE) + 1 or start + MAX_LINE
            if piece := text[start:cut].strip():
                yield piece
            start = cut
        if line := text[start:end].strip("\r\t "):
            yield line
        start = end + 1

"""A zip archive of small files, read with bounds: no file of it is unpacked beyond them, whatever the archive says."""

from __future__ import annotations

import zipfile
from importlib import import_module
from pathlib import Path
from typing import IO, Any

from rao_lab.base.safe_text import quoted, unquoted
from rao_lab.errors import InputError, UnavailableError
from rao_lab.store.formats.reading import MOST_BYTES, size_of

MOST_MEMBERS = 100_000
MOST_MEMBER = 1 << 28
"""Bytes of one file of an archive, unpacked."""
ZSTANDARD = 93
_CHUNK = 1 << 20
_LOCAL_HEADER = 30


def members(path: Path) -> list[str]:
    """The names of its files, in their order there.

    Raises:
        InputError: it is damaged, or claims to be too large.
    """
    size_of(path)
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise InputError(f"{unquoted(path.name)} is a damaged zip archive: {unquoted(error)}") from None
    names = [info.filename for info in infos]
    if len(names) > MOST_MEMBERS or len(set(names)) < len(names):
        raise InputError(f"{unquoted(path.name)} holds a file twice, or over {MOST_MEMBERS:,} files")
    if sum(info.file_size for info in infos) > MOST_BYTES:
        raise InputError(f"{unquoted(path.name)} unpacks to over {MOST_BYTES:,} bytes: too large to be read")
    return names


def member(path: Path, name: str) -> bytes:
    """One file of it, unpacked.

    Raises:
        InputError: it is damaged or too large. UnavailableError: it needs zstandard, which is not here.
    """
    where = f"{unquoted(path.name)}, {unquoted(name)}"
    try:
        with zipfile.ZipFile(path) as archive:
            info = archive.getinfo(name)
            if info.compress_type == ZSTANDARD:
                return _bounded(_zstandard(path, info, where), where)
            with archive.open(info) as file:
                return _bounded(file, where)
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        if isinstance(error, InputError | UnavailableError):
            raise
        raise InputError(f"{where} cannot be unpacked: {quoted(str(error))}") from None


def _bounded(file: IO[bytes], where: str) -> bytes:
    parts, size = [], 0
    while part := file.read(_CHUNK):
        size += len(part)
        if size > MOST_MEMBER:
            raise InputError(f"{where} unpacks to over {MOST_MEMBER:,} bytes: too large to be read")
        parts.append(part)
    return b"".join(parts)


def _zstandard(path: Path, info: zipfile.ZipInfo, where: str) -> Any:
    """A reader of a file that is packed by Zstandard, as Inspect packs them and zipfile cannot read them before
    Python 3.14."""
    try:
        zstandard: Any = import_module("zstandard")
    except ImportError:
        raise UnavailableError(
            f"{where} is packed with Zstandard: pip install zstandard, or turn the log into JSON with "
            "`inspect log convert --to json`"
        ) from None
    with path.open("rb") as file:
        file.seek(info.header_offset)
        header = file.read(_LOCAL_HEADER)
        if len(header) < _LOCAL_HEADER or info.flag_bits & 1:
            raise InputError(f"{where} is cut off, or encrypted")
        skip = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
        file.seek(info.header_offset + _LOCAL_HEADER + skip)
        packed = file.read(info.compress_size)
    return _Checked(
        zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(packed), zstandard.ZstdError
    )


class _Checked:
    """Makes errors of zstandard those of a damaged archive."""

    def __init__(self, reader: Any, error: type[Exception]) -> None:
        self._reader, self._error = reader, error

    def read(self, size: int) -> bytes:
        try:
            found: bytes = self._reader.read(size)
        except self._error as problem:
            raise zipfile.BadZipFile(str(problem)) from None
        return found

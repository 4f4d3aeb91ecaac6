"""Reads files that a user gives a world. They are not trusted.

A file is read once and from front to back, so that a pipe will do; its bytes and lines are counted as they come, and
reading stops at the bound. Each error names the file, the line and the reason. A gzipped file is unzipped as it is
read.
"""

from __future__ import annotations

import gzip
import zlib
from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import BufferedIOBase
from os import PathLike
from pathlib import Path
from typing import Any

from rao_lab.base.safe_text import quoted, unquoted
from rao_lab.base.warned import warn_user
from rao_lab.base.words import counted
from rao_lab.errors import ConfigError, InputError, MissingError, RaoLabError
from rao_lab.tree.values import loads

MAX_BYTES = 256 * 2**20
"""Largest file of lines, after decompression."""
MAX_WHOLE = 32 * 2**20
"""Largest file that has to be read whole."""
MAX_LINE = 2**20
"""Longest line, in bytes."""
MAX_LINES = 1_000_000
"""Lines of a file, blank ones included."""
MAX_ELEMENTS = 2_000_000
"""Elements of one JSON value: a hundred bytes each, once they are read."""
A_LINE = "give one JSON object a line (CSV is not read)"


def text_of(path: Path, most: int = MAX_WHOLE) -> str:
    """The text of a whole file.

    Raises:
        InputError, MissingError: naming the file, and what is wrong with it.
    """
    with opened(path) as file:
        data = file.read(most + 1)
        check_size(path, len(data), most)
        return decoded(data, said(path))


MOST_WRONG = 20
"""Wrong lines that are said, one by one."""


class WrongLines(InputError):
    """Lines of a file are wrong: the message says what is wrong with the first, and how many more there are."""

    def __init__(self, lines: Sequence[str], more: int, world: str = "ENV ...") -> None:
        """Args: world: what follows `rao-lab check`."""
        many = len(lines) - 1 + more
        which = f"; {counted(many, 'more line is', 'more lines are')} wrong"
        rest = f"{which}: `rao-lab check {world}` says all" if many else ""
        super().__init__(lines[0] + rest)
        self.lines = tuple(lines)
        self.more = more
        """How many are wrong beside these."""


class Wrong:
    """Collects what is wrong with the lines of a file, so that all of it is said at once."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._more = 0

    @contextmanager
    def line(self) -> Iterator[None]:
        """What is wrong inside belongs to one line, and reading goes on after it."""
        try:
            yield
        except InputError as problem:
            if len(self._lines) < MOST_WRONG:
                self._lines.append(str(problem))
            else:
                self._more += 1

    def check(self) -> None:
        """Raises: WrongLines, if any line is wrong."""
        if self._lines:
            raise WrongLines(self._lines, self._more)


def lines_of(path: Path, wrong: Wrong, each: str = "one task") -> Iterator[tuple[int, str]]:
    """The lines that are not blank, with their numbers. Only a line feed ends a line: a text may hold any other
    character that Unicode takes for an end.

    Args:
        wrong: told of lines that are no text; they are passed over.
        each: what a line should hold.

    Raises:
        InputError, MissingError: naming the file, the line and what is wrong.
    """
    with opened(path) as file:
        number = size = 0
        while line := file.readline(MAX_LINE + 1):
            number += 1
            size += len(line)
            check_size(path, size, MAX_BYTES)
            where = f"{said(path)}, line {number}"
            if len(line) > MAX_LINE:
                raise InputError(f"{where} is longer than {MAX_LINE // 2**20} MiB: put {each} on each line")
            if number > MAX_LINES:
                raise InputError(f"{where}: at most {MAX_LINES} lines are read: split the file")
            if line.strip():
                text = ""
                with wrong.line():
                    text = decoded(line.rstrip(b"\r\n"), where)
                if text:
                    yield number, text


@contextmanager
def opened(path: Path) -> Iterator[BufferedIOBase]:
    """The file, unzipped if it is zipped, without the mark that editors on Windows put first. It is opened once,
    because a pipe cannot be read again."""
    name = said(path)
    try:
        with path.open("rb") as file:
            zipped = file.peek(2)[:2] == b"\x1f\x8b"
            if path.suffix == ".gz" and not zipped:
                raise InputError(f"{name} is no gzip file: rename it, or zip it again")
            plain = gzip.GzipFile(fileobj=file) if zipped else file
            if plain.peek(len(BOM_UTF8)).startswith(BOM_UTF8):
                plain.read(len(BOM_UTF8))
            yield plain
    except RaoLabError:
        raise
    except FileNotFoundError:
        raise MissingError(f"no file {name}: check the path") from None
    except OSError as error:
        if isinstance(error, IsADirectoryError | PermissionError) and path.is_dir():
            raise InputError(f"{name} is a folder: give a file in it") from None
        raise InputError(f"{name} cannot be read: {error.strerror or error}") from None
    except (EOFError, zlib.error, ValueError) as error:  # ValueError: no path can be spelled so
        raise InputError(f"{name} cannot be read: {error}") from None


def split_named(row: Mapping[str, Any], where: str, any_: str) -> str:
    """The split that a line names, or `any_`.

    Raises:
        InputError: there is no such split.
    """
    split = row.get("split", any_)
    if split not in (any_, "train", "dev", "test"):
        raise InputError(f'{where}: "split" must be train, dev or test, not {quoted(split)}')
    return str(split)


def settled(splits: list[str], any_: str, name: str) -> list[str]:
    """The splits of all lines: once one of them names its own, one that names none belongs to test alone, so that
    train and test share no task. Says so."""
    bare = splits.count(any_)
    if 0 < bare < len(splits):
        lines = counted(bare, "line without a split belongs", "lines without a split belong")
        warn_user(f"{name}: {lines} to test alone, since other lines name one")
        return ["test" if split == any_ else split for split in splits]
    return splits


class Ids:
    """The ids of a file's tasks: noise and records are keyed by them, so that no two tasks may share one."""

    def __init__(self) -> None:
        self._lines: dict[str, int] = {}

    def add(self, id_: str, number: int, where: str) -> None:
        """Notes the id of a line.

        Raises:
            InputError: an earlier line has it.
        """
        first = self._lines.setdefault(id_, number)
        if first != number:
            raise InputError(
                f"{where} has the id {quoted(id_)}, as line {first} has: give each an id of its own"
            )


MARKS = (
    (b"\xff\xfe\0\0", "UTF-32"),
    (b"\0\0\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)
"""What begins a text -> its encoding."""
UNREAD = "\N{REPLACEMENT CHARACTER}"


def foreign_text(data: bytes) -> tuple[str, str]:
    """A text that says nothing of its encoding, and what it was read as if it is not whole UTF-8.

    A mark at its beginning counts. What is no UTF-8 is that of western Windows, unless most of it that is not ASCII
    reads as UTF-8. What cannot be read is the replacement character.
    """
    for mark, name in MARKS:
        if data.startswith(mark):
            return data.decode(name, "replace"), name
    try:
        return data.decode("utf-8-sig"), ""
    except UnicodeDecodeError:
        text = data.decode("utf-8-sig", "replace")
    if sum(each > "\x7f" for each in text) > 2 * text.count(UNREAD):
        return text, "UTF-8"
    return data.decode("cp1252", "replace"), "Windows-1252"


def check_size(path: Path, size: int, most: int) -> None:
    if size > most:
        raise InputError(f"{said(path)} is larger than {most // 2**20} MiB: not read")


def decoded(data: bytes, where: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{where} is not UTF-8 text: byte {error.start} (0x{data[error.start]:02X}): save the file as UTF-8"
        ) from None


def path_of(file: str | PathLike[str]) -> Path:
    """The path, if it is one: an argument of a public function may be anything."""
    if not isinstance(file, (str, PathLike)):
        raise ConfigError(f"a path of a file is due, not {quoted(file)}")
    return Path(file)


def said(path: Path) -> str:
    """The path in an error."""
    return unquoted(path)


def json_of(text: str, where: str, need: str = A_LINE) -> Any:
    """The JSON value; `where` begins the error if it is none.

    Args:
        need: said of what does not even begin as an object does.
    """
    try:
        return loads(text, MAX_ELEMENTS)
    except InputError as error:
        no_object = "" if text.lstrip()[:1] in ("{", "") else f"; {need}"
        raise InputError(f"{where}: {error}{no_object}") from None

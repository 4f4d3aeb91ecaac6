"""Reads a mailbox of one's own: an mbox, gzipped or not, or a folder of messages.

Nothing of it is trusted, and no message is lost: what cannot be read as mail is kept as plain text. Messages are read
one at a time, with a bound on each; long attachments are skipped but for their names, and texts go to a temporary file.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from os import PathLike
from pathlib import Path

from rao_lab.base.safe_text import unquoted
from rao_lab.base.words import counted
from rao_lab.environments.mail.letter import letter
from rao_lab.environments.mail.mailbox import Mailbox, Message
from rao_lab.environments.reading import check_size, opened, path_of, said
from rao_lab.errors import InputError, MissingError

MAX_FILE = 4 * 2**30
"""Largest mbox, after decompression."""
MAX_LINE = 2**20
MAX_MESSAGE = 4 * 2**20
"""Bytes of a message that are read."""
MAX_ENCODED = 2**19
"""Bytes of one run of base64 that are read: a longer one is no text."""
MAX_MESSAGES = 500_000
_ENCODED = re.compile(rb"[A-Za-z0-9+/=]{40,}\r?\n?")
_MONTH = rb"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_TIME = rb"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?"
_ZONE = rb"(?: +(?:[A-Z]{1,5}|[+-][0-9]{4}))"
_BEGINS = re.compile(
    rb'From (?:(?:"[^"]*"[^ ]*|[^ ]+(?: at [^ ]+)?) +)?(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? +)?(?:'
    rb"%(month)b +[0-9]{1,2},? +%(time)b%(zone)b{0,2} +[0-9]{4}%(zone)b?|"
    rb"[0-9]{1,2}[ -]%(month)b[ -][0-9]{4} +%(time)b%(zone)b?|"
    rb"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]%(time)b(?:Z|[+-][0-9:]{4,6}|%(zone)b)?"
    rb")(?: +remote from [^ ]+)?[ \t]*\r?\n?" % {b"month": _MONTH, b"time": _TIME, b"zone": _ZONE}
)
"""A line that begins a message: "From ", its sender and the time, as RFC 4155 has it and programs vary it."""
_ESCAPED = re.compile(rb">+From ")


@dataclass
class Read:
    """What was read."""

    name: str
    mailbox: Mailbox = field(init=False)
    digest: str = ""
    odd: Counter[str] = field(default_factory=Counter)
    """What was not as it should be -> in how many messages."""

    @property
    def described(self) -> str:
        odd = "".join(f", {count:,} {what}" for what, count in self.odd.items())
        return f"{counted(len(self.mailbox), 'message')} of {unquoted(self.name)}{odd}"


def read_mail(file: str | PathLike[str]) -> Read:
    """A mailbox from an mbox or a folder.

    Raises:
        InputError, MissingError: naming the file and what is wrong.
    """
    path = path_of(file)
    found = Read(path.name)
    digest = blake2b(digest_size=8)
    found.mailbox = Mailbox(_messages(path, found, digest), on_disk=True)
    if not len(found.mailbox):
        raise InputError(f"{said(path)} holds no messages")
    found.digest = digest.hexdigest()
    return found


def _messages(path: Path, found: Read, digest: blake2b) -> Iterator[Message]:
    for number, (envelope, raw, cut) in enumerate(_raw(path), start=1):
        if number > MAX_MESSAGES:
            raise InputError(f"{said(path)} holds more than {MAX_MESSAGES:,} messages: split it")
        digest.update(raw)
        message, odd = letter(raw, envelope)
        found.odd.update([*odd, *(["cut"] if cut else [])])
        yield message


Raw = tuple[str, bytes, bool]
"""The line that begins a message in an mbox, the message, and whether some of it was left out."""


def _raw(path: Path) -> Iterator[Raw]:
    if not _is_folder(path):
        yield from _single(path) if path.suffix == ".eml" else _mbox(path)
        return
    files = sorted(each for each in path.rglob("*") if each.is_file() and _is_mail(each))
    if not files:
        raise MissingError(f"no messages in the folder {said(path)}: .eml or .mbox files, or a Maildir")
    for each in files:
        yield from _mbox(each) if each.suffix in (".mbox", ".gz") else _single(each)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):  # what is wrong with it is said when it is opened
        return False


def _is_mail(path: Path) -> bool:
    return (
        path.suffix in (".eml", ".mbox")
        or path.suffixes[-2:] == [".mbox", ".gz"]
        or path.parent.name in ("cur", "new")
    )


def _single(path: Path) -> Iterator[Raw]:
    with opened(path) as file:
        raw = file.read(MAX_MESSAGE + 1)
    yield "", raw[:MAX_MESSAGE], len(raw) > MAX_MESSAGE


def _mbox(path: Path) -> Iterator[Raw]:
    """Its messages. Each begins with a line "From SENDER TIME". Some programs write no time on any of them: then a line
    "From ..." after a blank one begins a message."""
    envelope, kept, size, run, total = "", [b""], 0, 0, 0
    timed = False
    begun, blank, cut = False, True, False
    with opened(path) as file:
        while line := file.readline(MAX_LINE):
            total += len(line)
            check_size(path, total, MAX_FILE)
            begins = line.startswith(b"From ") and _BEGINS.fullmatch(line[:300]) is not None
            if begins or (blank and not timed and line.startswith(b"From ")):
                if begun:
                    yield envelope, b"".join(kept), cut
                timed = timed or begins
                envelope, kept, size, run, begun, cut = line.decode("latin-1"), [], 0, 0, True, False
            elif begun:
                run = run + len(line) if _ENCODED.fullmatch(line) else 0
                if size + len(line) > MAX_MESSAGE:
                    cut = True
                elif run <= MAX_ENCODED:
                    kept.append(line[1:] if _ESCAPED.match(line) else line)
                    size += len(line)
            elif line.strip(b"\xef\xbb\xbf \t\r\n"):
                raise InputError(f"{said(path)} is no mbox: its first line must begin with 'From '")
            blank = line in (b"\n", b"\r\n")
    if begun:
        yield envelope, b"".join(kept), cut

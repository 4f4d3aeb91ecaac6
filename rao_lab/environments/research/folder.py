"""A user's own corpus: a folder of texts, and a file of questions.

Nothing is lost silently: a file that holds no text is left out with a note that names it, and what is wrong with the
questions is an error with file and line.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

from rao_lab.base.safe_text import quoted, unquoted
from rao_lab.base.words import counted
from rao_lab.environments.asked import Asked
from rao_lab.environments.reading import UNREAD, foreign_text, opened, said
from rao_lab.environments.research.corpus import Corpus, Document
from rao_lab.environments.research.world import GOAL
from rao_lab.errors import InputError, MissingError, RaoLabError
from rao_lab.tree import Task

SUFFIXES = (".txt", ".text", ".md", ".markdown", ".rst")
MAX_TEXT = 256 * 2**20
"""Bytes of all texts together."""
MAX_FILES = 200_000
MAX_TITLE = 120
NOTES_SAID = 8
DECODED = ": read as "
_HEADING = re.compile(r"\A\s*#{1,3}\s+(\S.*)")


@dataclass
class Folder:
    """The texts of a folder."""

    path: Path
    corpus: Corpus = field(init=False)
    digest: str = field(init=False)
    """Differs if a text does."""
    notes: list[str] = field(default_factory=list)
    """What was left out or read in another encoding, and why."""

    def __post_init__(self) -> None:
        digest = blake2b(digest_size=8)
        if not self.path.is_dir():
            if self.path.exists():
                raise InputError(f"{said(self.path)} is a file: give the folder that holds the texts")
            raise MissingError(f"no folder {said(self.path)}: check the path")

        def heard() -> Iterator[Document]:
            for document in self._documents():
                digest.update(f"{document.id}\0{document.text}\0".encode())
                yield document

        self.corpus = Corpus(heard())
        self.digest = digest.hexdigest()
        if not len(self.corpus):
            why = f" ({self.said_notes()})" if self.notes else ""
            raise InputError(
                f"{said(self.path)} holds no text{why}: put files into it that end in {', '.join(SUFFIXES)}"
            )

    def said_notes(self) -> str:
        """The notes on one line, first what was left out."""
        first = sorted(self.notes, key=lambda note: DECODED in note)
        more = len(first) - NOTES_SAID
        return "; ".join(first[:NOTES_SAID]) + (f"; and {more:,} more" if more > 0 else "")

    def _documents(self) -> Iterator[Document]:
        room, files = MAX_TEXT, 0
        for path in self._files():
            name = path.relative_to(self.path).as_posix()
            files += 1
            if files > MAX_FILES:
                raise InputError(f"{said(self.path)} holds more than {MAX_FILES:,} files: split the folder")
            data = self._bytes(path, name, room)
            if data is None:
                continue
            room -= len(data)
            if (text := self._decoded(data, name)) is not None:
                yield Document(_id(name), _title(text, path), text)

    def _files(self) -> Iterator[Path]:
        """In an order that does not depend on the file system. Hidden ones do not belong to it: texts and folders among
        them are named."""
        root = self.path.resolve()
        for where, folders, names in os.walk(self.path):
            for name in sorted(folders):
                hidden = name.startswith(".")
                if hidden or Path(where, name).is_symlink():
                    folders.remove(name)
                    what = "is hidden" if hidden else "is a link to a folder"
                    self._note(Path(where, name), f"{what}: left out")
            folders.sort()
            for name in sorted(names):
                path = Path(where, name)
                text = path.suffix.lower() in SUFFIXES
                if name.startswith("."):
                    if text:
                        self._note(path, "is hidden: left out")
                elif not text:
                    self._note(path, "is no text file: left out")
                elif path.is_symlink() and not path.resolve().is_relative_to(root):
                    self._note(path, "is a link out of the folder: left out")
                elif not path.is_file():
                    self._note(path, "is no file: left out")
                else:
                    yield path

    def _note(self, path: Path | str, what: str) -> None:
        name = path if isinstance(path, str) else path.relative_to(self.path).as_posix()
        self.notes.append(f"{unquoted(name)} {what}")

    def _bytes(self, path: Path, name: str, room: int) -> bytes | None:
        try:
            with opened(path) as file:
                data = file.read(room + 1)
        except RaoLabError as problem:
            self.notes.append(str(problem))
            return None
        if len(data) > room:
            raise InputError(
                f"{said(self.path)} holds more than {MAX_TEXT // 2**20} MiB of text (at {unquoted(name)}): split the "
                "folder"
            )
        return data

    def _decoded(self, data: bytes, name: str) -> str | None:
        text, read_as = foreign_text(data)
        if "\0" in text:
            self._note(name, "is binary: left out")
            return None
        if read_as:
            bad = text.count(UNREAD)
            lost = f", {counted(bad, 'place')} replaced by {UNREAD}" if bad else ""
            self._note(name, f"is not {'whole ' * (read_as == 'UTF-8')}UTF-8{DECODED}{read_as}{lost}")
        if not text.strip():
            self._note(name, "is empty: left out")
            return None
        return text


def _id(name: str) -> str:
    """What `open` takes: the path inside the folder."""
    return name.encode("utf-8", "replace").decode()


def _title(text: str, path: Path) -> str:
    found = _HEADING.match(text[:1000])
    title = found[1] if found else path.stem.replace("_", " ").replace("-", " ")
    return title.encode("utf-8", "replace").decode().strip(" #")[:MAX_TITLE]


# Questions


def task_of(asked: Asked, corpus: str) -> Task:
    """A question as a task.

    Raises:
        InputError: its hops are no number.
    """
    answers = None if asked.answers is None else list(asked.answers)
    data: dict[str, Any] = {"question": asked.question, "answer": answers, "corpus": corpus}
    data |= {"kind": asked.kind} if asked.kind else {}
    if "hops" in asked.row:
        hops = asked.row["hops"]
        if isinstance(hops, bool) or not isinstance(hops, int):
            raise InputError(f'{asked.where}: "hops" must be a whole number, not {quoted(hops)}')
        data["hops"] = hops
    return Task(asked.id, GOAL + asked.question, asked.difficulty, asked.split, data=data)

"""A user's own corpus: a folder of texts, and a file of questions.

Nothing is lost silently: a file that holds no text is left out with a note that names it, and what is wrong with the
questions is an error with file and line.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from os import PathLike
from pathlib import Path
from typing import Any

from rao_lab.base.safe_text import quoted, unquoted
from rao_lab.base.words import counted
from rao_lab.environments.answers import number_of
from rao_lab.environments.fields import Others, has, row_of, text_in
from rao_lab.environments.reading import (
    UNREAD,
    Ids,
    foreign_text,
    json_of,
    lines_of,
    opened,
    path_of,
    said,
    settled,
    split_named,
)
from rao_lab.environments.research.corpus import Corpus, Document
from rao_lab.environments.research.questions import MAX_QUESTION
from rao_lab.environments.research.world import GOAL
from rao_lab.errors import InputError, MissingError, RaoLabError
from rao_lab.tree import Task

SUFFIXES = (".txt", ".text", ".md", ".markdown", ".rst")
MAX_TEXT = 256 * 2**20
"""Bytes of all texts together."""
MAX_FILES = 200_000
MAX_TITLE = 120
MAX_ANSWERS = 100
MAX_NAME = 1000
"""Characters of an id, a difficulty or a kind."""
FIELDS = ("goal", "question", "answer", "id", "difficulty", "kind", "hops", "split")
EXAMPLE = '{"goal": "Who ...?", "answer": "..."}'
NOTES_SAID = 3
DECODED = ": read as "
ANY = "file"
"""The split of a question that belongs to all of them."""
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
        """In an order that does not depend on the file system. Hidden ones do not belong to it."""
        root = self.path.resolve()
        for where, folders, names in os.walk(self.path):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in [each for each in folders if Path(where, each).is_symlink()]:
                folders.remove(name)
                self._note(Path(where, name), "is a link to a folder: left out")
            for name in sorted(name for name in names if not name.startswith(".")):
                path = Path(where, name)
                if path.suffix.lower() not in SUFFIXES:
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


def read_tasks(file: str | PathLike[str], corpus: str) -> list[Task]:
    """The questions of a file of JSON lines.

    Raises:
        InputError, MissingError: naming the file, the line and what is wrong.
    """
    path = path_of(file)
    found, ids, others = [], Ids(), Others(FIELDS)
    for number, line in lines_of(path, "one question"):
        where = f"{said(path)}, line {number}"
        # Ids go into run files, which hold no paths.
        row = row_of(json_of(line, where), where, EXAMPLE)
        others.look(row, where)
        found.append(_task(row, f"{path.name}/{number}", where, corpus))
        ids.add(found[-1].id, number, where)
    if not found:
        raise InputError(f"{said(path)} holds no questions: expected one JSON object a line")
    others.say(said(path))
    splits = settled([task.split for task in found], ANY, said(path))
    return [replace(task, split=split) for task, split in zip(found, splits, strict=True)]


def _task(value: dict[str, Any], default_id: str, where: str, corpus: str) -> Task:
    question = text_in(value, ("goal", "question"), where, MAX_QUESTION)
    id_ = text_in(value, ("id",), where, MAX_NAME, default_id)
    difficulty = text_in(value, ("difficulty",), where, MAX_NAME, "unknown")
    data: dict[str, Any] = {"question": question, "answer": _answers(value, where), "corpus": corpus}
    data |= {"kind": text_in(value, ("kind",), where, MAX_NAME)} if value.get("kind", "") != "" else {}
    if "hops" in value:
        if isinstance(value["hops"], bool) or not isinstance(value["hops"], int):
            raise InputError(f'{where}: "hops" must be a whole number, not {quoted(value["hops"])}')
        data["hops"] = value["hops"]
    return Task(id_, GOAL + question, difficulty, split_named(value, where, ANY), data=data)


def _answers(value: dict[str, Any], where: str) -> list[str | float] | None:
    """The right answers; None if a judge is to tell."""
    if "answer" not in value:
        raise InputError(
            f'{where} has no "answer": {has(value)}; give it, or "answer": null if a judge is to score what agents find'
        )
    given = value["answer"]
    if given is None:
        return None
    answers = given if isinstance(given, list) else [given]
    for answer in answers:
        fine = isinstance(answer, (int, float)) and number_of(answer) is not None
        if not fine and not (isinstance(answer, str) and answer.strip()):
            raise InputError(f"{where}: an answer must be a text or a number, not {quoted(answer)}")
    if not 0 < len(answers) <= MAX_ANSWERS:
        raise InputError(f'{where}: "answer" must list 1 to {MAX_ANSWERS} right answers, not {len(answers)}')
    return answers

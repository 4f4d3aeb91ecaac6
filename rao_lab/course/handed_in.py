"""What students handed in: a folder with one file or one subfolder for each, run files and kept answers.

Everything in it may be wrong or hostile: links are not followed, archives are not opened, and a file of answers is read
as far as it may be long.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rao_lab.base.safe_text import quoted, unquoted
from rao_lab.base.words import counted
from rao_lab.course.exercise import exercises
from rao_lab.errors import InputError, MissingError

MOST_FILES = 200
"""Files of a student that are looked at."""
MOST_BYTES = 5_000_000
"""Of a file of answers that are read."""
LONGEST_LINE = 65_536
PACKED = (".zip", ".gz", ".tgz", ".tar", ".7z", ".rar", ".xz")
PASSED_OVER = (".ckpt", "-wal", "-shm", ".lock")
"""What stands beside a run file."""


@dataclass
class HandedIn:
    """One student's files."""

    student: str
    runs: list[Path] = field(default_factory=list)
    answers: list[Path] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What was passed over, and why."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A student's answers to one exercise, judged again here."""

    number: str
    right: bool
    tries: int
    """Up to the first right one, or all."""
    unseen: bool = False
    """None is right, and one could not be judged here: it was no plain data, or the exercise lacks its data."""

    @property
    def state(self) -> str:
        return "right" if self.right else "not judged" if self.unseen else "wrong"


def students(folder: Path) -> list[HandedIn]:
    """All students, by name: a subfolder is one, and files beside each other are theirs whose names they have.

    Raises:
        MissingError: there is no such folder.
        InputError: it holds nothing that a student could have handed in.
    """
    if not folder.is_dir():
        raise MissingError(
            f"no folder {unquoted(folder)}: give the one with a file or a subfolder for each student"
        )
    found: dict[str, HandedIn] = {}
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith((".", "_")):
            continue
        if entry.is_dir() and not entry.is_symlink() and not entry.name.endswith(PASSED_OVER):
            one = found.setdefault(entry.name, HandedIn(entry.name))
            for path in _below(entry, one):
                _take(path, one)
        elif entry.suffix in (".rao", ".jsonl", *PACKED) and not entry.name.endswith(PASSED_OVER):
            _take(entry, found.setdefault(entry.stem, HandedIn(entry.stem)))
    if not found:
        raise InputError(
            f"{unquoted(folder)} holds no run file, no answers and no subfolder: give each student one of them"
        )
    return [found[name] for name in sorted(found)]


def _below(folder: Path, one: HandedIn) -> Iterator[Path]:
    """Files of a student's folder, at most so many."""
    count = 0
    for place, folders, names in os.walk(folder, onerror=lambda problem: one.notes.append(_why(problem))):
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and not name.endswith(PASSED_OVER)
        )
        for name in sorted(names):
            count += 1
            if count > MOST_FILES:
                one.notes.append(f"more than {MOST_FILES} files: the rest is not looked at")
                return
            yield Path(place, name)


def _why(problem: OSError) -> str:
    return f"{unquoted(Path(str(problem.filename)).name)} cannot be read: {problem.strerror}"


def _take(path: Path, one: HandedIn) -> None:
    if path.suffix in PACKED:
        one.notes.append(f"{unquoted(path.name)} is an archive, which is not opened: unpack it")
    elif path.suffix in (".rao", ".jsonl"):
        if path.is_symlink() or not path.is_file():
            one.notes.append(f"{unquoted(path.name)} is a link or no plain file: it is not followed")
        else:
            (one.runs if path.suffix == ".rao" else one.answers).append(path)


def kept_answers(path: Path, notes: list[str]) -> list[Mapping[str, Any]]:
    """The lines of a file of answers; what cannot be read is counted in a note."""
    try:
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except OSError as problem:
        notes.append(_why(problem))
        return []
    if len(raw) > MOST_BYTES:
        notes.append(f"{unquoted(path.name)} is longer than {MOST_BYTES / 1e6:.0f} MB: the rest is not read")
    found: list[Mapping[str, Any]] = []
    lost = 0
    for line in raw[:MOST_BYTES].splitlines():
        if not line.strip():
            continue
        try:
            each = json.loads(line) if len(line) <= LONGEST_LINE else None
        except (ValueError, RecursionError):
            each = None
        if isinstance(each, dict) and isinstance(each.get("exercise"), str):
            found.append(each)
        else:
            lost += 1
    if lost:
        notes.append(
            f"{unquoted(path.name)}: {counted(lost, 'line')} of {len(found) + lost:,} cannot be read"
        )
    return found


class Judging:
    """Judges answers with this copy of the course; the verdicts in the files are not believed."""

    def __init__(self) -> None:
        self.known = {each.number: each for each in exercises()}
        self._said: dict[tuple[str, str], bool | None] = {}
        self.cannot: dict[str, str] = {}
        """Exercises whose data are not here, and what is said of it."""

    def judge(self, lines: Sequence[Mapping[str, Any]], notes: list[str]) -> dict[str, Judged]:
        """By exercise, in the order of the course."""
        found: dict[str, Judged] = {}
        unknown = [line["exercise"] for line in lines if line["exercise"] not in self.known]
        if unknown:
            notes.append(f"answers to {quoted(unknown[0])}, which this copy of the course does not have")
        for line in lines:
            number = line["exercise"]
            before = found.get(number, Judged(number, False, 0))
            if number in self.known and not before.right:
                given = "answer" in line
                right = (
                    self._right(number, line["answer"])
                    if given
                    else None
                    if line.get("right") is True
                    else False
                )
                found[number] = Judged(
                    number,
                    right is True,
                    before.tries + 1,
                    right is not True and (before.unseen or right is None),
                )
        return {number: found[number] for number in self.known if number in found}

    def _right(self, number: str, answer: object) -> bool | None:
        """None if it cannot be judged here."""
        key = number, json.dumps(answer)
        if key not in self._said:
            self._said[key] = answer is not None and self._judged(number, answer)
        return self._said[key]

    def _judged(self, number: str, answer: object) -> bool | None:
        try:
            return not self.known[number].judge(answer)
        except MissingError as problem:
            self.cannot[number] = str(problem)
            return None
        except Exception:  # noqa: BLE001 - an answer is anything that JSON can say
            return False

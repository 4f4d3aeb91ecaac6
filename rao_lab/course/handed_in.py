"""What students handed in: a folder with one file or one subfolder for each, run files and kept answers.

Everything in it may be wrong or hostile: links are not followed, of archives only .zip is opened (`packed`), and a file
of answers is read as far as it may be long.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rao_lab.base.safe_text import quoted, unquoted
from rao_lab.base.words import counted
from rao_lab.course.exercise import exercises
from rao_lab.course.packed import ENDINGS, MOST_FILES, UNPACK
from rao_lab.errors import InputError, MissingError
from rao_lab.store.files import MAGIC

MOST_BYTES = 5_000_000
"""Of a file of answers that are read."""
LONGEST_LINE = 65_536
PACKED = (".gz", ".tgz", ".tar", ".7z", ".rar", ".xz")
PASSED_OVER = (".ckpt", "-wal", "-shm", ".lock")
"""What stands beside a run file."""
OF_COURSE = {"mine", "runs", "data"}
"""Folders of a student who hands in the folder of the notebooks."""
MOST_NAMED = 4
"""Other files that are named."""


@dataclass
class HandedIn:
    """One student's files."""

    student: str
    runs: list[Path] = field(default_factory=list)
    answers: list[Path] = field(default_factory=list)
    packed: list[Path] = field(default_factory=list)
    """Archives with such files."""
    others: list[Path] = field(default_factory=list)
    """What is no such file."""
    notes: list[str] = field(default_factory=list)
    """What was passed over, and why."""
    unopened: dict[str, str] = field(default_factory=dict)
    """Archives that are not opened, with what to do."""


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


def by_name(name: str) -> tuple[str, str]:
    """By what names are sorted: capitals count only between names that are otherwise the same."""
    return name.casefold(), name


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
        if _beside(entry.name):
            continue
        if entry.is_dir() and not entry.is_symlink():
            one = found.setdefault(entry.name, HandedIn(entry.name))
            for path in _below(entry, one):
                _take(path, one)
            one.notes += [*_passed_over(one), *_too_high(entry, one)]
        elif _ending(entry) in (*ENDINGS, ".zip", *PACKED):
            _take(entry, found.setdefault(entry.stem, HandedIn(entry.stem)))
        elif looks := _looks_like(entry):
            found.setdefault(entry.stem, HandedIn(entry.stem)).notes.append(looks)
    if not found:
        raise InputError(
            f"{unquoted(folder)} holds no run file, no answers and no subfolder: give each student one of "
            "them, or the .zip of rao-lab hand-in"
        )
    return [found[name] for name in sorted(found, key=by_name)]


def _below(folder: Path, one: HandedIn) -> Iterator[Path]:
    """Files of a student's folder, at most so many."""
    count = 0
    for place, folders, names in os.walk(folder, onerror=lambda problem: one.notes.append(_why(problem))):
        folders[:] = sorted(
            name for name in folders if not name.startswith((".", "__")) and not _beside(name)
        )
        for name in sorted(name for name in names if not name.startswith(".")):
            count += 1
            if count > MOST_FILES:
                one.notes.append(f"more than {MOST_FILES} files: the rest is not looked at")
                return
            yield Path(place, name)


def _why(problem: OSError) -> str:
    return f"{unquoted(Path(str(problem.filename)).name)} cannot be read: {problem.strerror}"


def _ending(path: Path) -> str:
    """In small letters: some systems and platforms write a name in capitals."""
    return path.suffix.lower()


def _beside(name: str) -> bool:
    return name.lower().endswith(PASSED_OVER)


def _take(path: Path, one: HandedIn) -> None:
    ending = _ending(path)
    if ending in PACKED:
        one.notes.append(f"{unquoted(path.name)} is an archive, which is not opened: unpack it")
        one.unopened[path.name] = UNPACK
    elif ending not in (*ENDINGS, ".zip"):
        one.others.append(path)
    elif path.is_symlink() or not path.is_file():
        one.notes.append(f"{unquoted(path.name)} is a link or no plain file: it is not followed")
    else:
        {".rao": one.runs, ".jsonl": one.answers, ".zip": one.packed}[ending].append(path)


def _passed_over(one: HandedIn) -> list[str]:
    """Says which files of other names look as if they were handed in; all, if there is nothing else."""
    said = [looks for path in one.others if (looks := _looks_like(path))]
    if not (said or one.runs or one.answers or one.packed or one.notes) and one.others:
        names = [unquoted(path.name) for path in one.others]
        more = [f"{len(names) - MOST_NAMED:,} more"] if len(names) > MOST_NAMED else []
        said = [f"has files that are not looked at: {', '.join([*names[:MOST_NAMED], *more])}"]
    return said


def _looks_like(path: Path) -> str:
    """What a file of another name begins like, and what to do; "" if like nothing that is graded."""
    if _beside(path.name) or path.is_symlink() or not path.is_file():
        return ""
    try:
        with path.open("rb") as file:
            head = file.read(200).removeprefix(b"\xef\xbb\xbf").lstrip()
    except OSError:
        return ""
    if head.startswith(MAGIC):
        what, ending = "a run file", ".rao"
    elif head.startswith(b"{") and b'"exercise"' in head:
        what, ending = "answers", ".jsonl"
    else:
        return ""
    name, due = unquoted(path.name), unquoted(re.sub(f"{ending}$", "", path.stem, flags=re.I))
    return f"{name} is not looked at, and begins like {what}: call it {due}{ending}"


def _too_high(folder: Path, one: HandedIn) -> list[str]:
    """A hint, if what is taken for a student looks like a whole class."""
    inner = {path.relative_to(folder).parts[0] for path in (*one.runs, *one.answers) if path.parent != folder}
    if len(inner - OF_COURSE) < 2:
        return []
    return [
        f"holds {len(inner)} folders with files ({', '.join(map(unquoted, sorted(inner)[:MOST_NAMED]))}"
        f"{', ...' if len(inner) > MOST_NAMED else ''}): if each is a student's, grade {unquoted(folder)}"
    ]


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
            json.dumps([each])  # what is nested so deep that it cannot be written is not read
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


def marks(lines: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    """Of answers, by what was answered and the second: two students seldom have one in common, and never many."""
    return frozenset(
        json.dumps([line["exercise"], line.get("answer"), line["at"]])
        for line in lines
        if isinstance(line.get("at"), str)
    )


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

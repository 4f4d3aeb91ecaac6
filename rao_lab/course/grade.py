"""Grades what a course handed in: run files looked at, answers judged again, copies named, criteria held against it."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rao_lab.base.checks import whole
from rao_lab.base.safe_text import for_shell, quoted, unquoted
from rao_lab.base.words import counted
from rao_lab.course.exercise import exercises
from rao_lab.course.graded_run import GradedRun, grade_run
from rao_lab.course.handed_in import HandedIn, Judged, Judging, by_name, kept_answers, marks, students
from rao_lab.course.packed import name_inside, packed_at, unpack
from rao_lab.errors import ConfigError
from rao_lab.store.files import without_hint

MOST_NAMED = 8
"""Exercises that a title, or what a student lacks, names."""
MOST_SAME = 3
"""Others with the same run or the same answers that are named."""
SHARED = 3
"""Answers to the same second that two students have in common if one of them has the other's. One or two are chance."""


@dataclass(frozen=True, slots=True)
class Criteria:
    """What a lecturer asks for; nothing by default."""

    min_steps: int = 0
    """A sound run of so many training steps."""
    exercises: tuple[str, ...] = ()
    """All of these are right."""
    learned: bool = False
    """A sound run learned, by its interval."""

    @classmethod
    def of(cls, min_steps: int = 0, exercises: str = "", learned: bool = False) -> Criteria:
        """From words: exercises by number, or all of a notebook's: "3.1,3.2,4".

        Raises:
            ConfigError: one means nothing.
        """
        whole("min_steps", min_steps, 0)
        return cls(min_steps, _numbers(exercises), learned)

    def __bool__(self) -> bool:
        return bool(self.min_steps or self.exercises or self.learned)

    def __str__(self) -> str:
        parts = [f"a sound run of at least {counted(self.min_steps, 'step')}"] if self.min_steps else []
        parts += ["a sound run that learned"] if self.learned else []
        if self.exercises:
            many = len(self.exercises)
            parts.append(
                f"exercises {', '.join(self.exercises)}" if many <= MOST_NAMED else f"{many} exercises"
            )
        return ", ".join(parts)

    def lacking_runs(self, runs: Sequence[GradedRun]) -> tuple[str, ...]:
        """What a student's runs lack."""
        sound = [run for run in runs if run.sound]
        most = max((run.steps for run in sound), default=0)
        lacks = []
        if most < self.min_steps:
            lacks.append(f"a sound run of {counted(self.min_steps, 'step')} (has {most})")
        if self.learned and not any(run.learned and run.learned.verdict == "learned" for run in sound):
            said = [run.learned.verdict for run in sound if run.learned]
            lacks.append("a run that learned" + (f" (has {', '.join(dict.fromkeys(said))})" if said else ""))
        return tuple(lacks)

    def lacking_answers(self, judged: Mapping[str, Judged]) -> tuple[str, ...]:
        """The exercises that a student lacks, in words."""
        wrong = [number for number in self.exercises if number not in judged or not judged[number].right]
        if len(wrong) > MOST_NAMED:
            return (f"{len(wrong)} exercises",)
        return (f"exercise{'s' if len(wrong) > 1 else ''} {', '.join(wrong)}",) if wrong else ()


@dataclass(frozen=True, slots=True)
class Graded:
    """One student."""

    student: str
    runs: tuple[GradedRun, ...]
    exercises: Mapping[str, Judged]
    """Those that were answered."""
    notes: tuple[str, ...]
    lacking_runs: tuple[str, ...] = ()
    """Of the criteria, what runs lack."""
    lacking_answers: tuple[str, ...] = ()
    """Of the criteria, what answers lack."""
    marks: frozenset[str] = frozenset()
    """Of the answers: what was answered, and when."""
    same_answers: tuple[str, ...] = ()
    """Others who have the same answers, to the second."""
    unopened: Mapping[str, str] = field(default_factory=dict)
    """Archives, and files in them, that cannot be had, with what to do."""

    doubtful: bool = False
    """Who this is, or whose a file is, only the student can say."""
    inside: str = field(default="", compare=False)
    """The name that `rao-lab hand-in` was given, if all was packed by it."""
    came_as: tuple[str, tuple[int, ...]] = field(default=("", ()), compare=False)
    """The newest archive of these, and when it was packed."""

    @property
    def all_marks(self) -> frozenset[str]:
        """Of answers and of runs."""
        return self.marks.union(*(run.marks for run in self.runs))

    @property
    def lacks(self) -> tuple[str, ...]:
        """Of the criteria."""
        return self.lacking_runs + self.lacking_answers

    @property
    def unknown(self) -> bool:
        """What cannot be had may hold answers."""
        return any(not name.lower().endswith(".rao") for name in self.unopened)

    @property
    def lost(self) -> bool:
        """Of the answers nothing is known: this student counts in no mean."""
        return self.unknown and not self.exercises

    @property
    def undecided(self) -> bool:
        """All that is lacking may be in a file that cannot be had, or in a run that cannot be read."""
        runs = self.unopened or any(run.cannot for run in self.runs)
        return bool(self.lacks) and bool(self.unknown or (runs and not self.lacking_answers))

    @property
    def same(self) -> tuple[str, ...]:
        """Others with whom a run or answers are shared."""
        return tuple(
            dict.fromkeys(
                name for names in (*(run.same for run in self.runs), self.same_answers) for name in names
            )
        )

    @property
    def right(self) -> int:
        return sum(each.right for each in self.exercises.values())


@dataclass(frozen=True)
class Grades:
    """All students of a folder."""

    folder: str
    criteria: Criteria
    asked: tuple[str, ...]
    """The exercises that count: of the criteria, or all that anybody answered."""
    course: int = 0
    """Exercises that the course has."""
    students: tuple[Graded, ...] = ()
    cannot: Mapping[str, str] = field(default_factory=dict)
    """Exercises that cannot be judged here, and why."""

    def to_json(self) -> dict[str, Any]:
        return {
            "folder": self.folder,
            "criteria": {
                "min_steps": self.criteria.min_steps,
                "exercises": list(self.criteria.exercises),
                "learned": self.criteria.learned,
            },
            "course_exercises": self.course,
            "not_judged": dict(self.cannot),
            "students": [
                {
                    "student": each.student,
                    "passed": not each.lacks if self.criteria and not each.undecided else None,
                    "lacks": [] if each.undecided else list(each.lacks),
                    "runs": [run.to_json() for run in each.runs],
                    "exercises": {
                        number: {"state": one.state, "tries": one.tries}
                        for number, one in each.exercises.items()
                    },
                    "same_answers": list(each.same_answers),
                    "not_opened": dict(each.unopened),
                    "notes": list(each.notes),
                }
                for each in self.students
            ],
        }


def grade(
    folder: Path, criteria: Criteria, tell: Callable[[int, int, str], None] = lambda at, many, name: None
) -> Grades:
    """Grades every student of a folder.

    Args:
        tell: is told which student is looked at, and of how many.

    Raises:
        MissingError, InputError: there is no such folder, or nothing in it. No file that is in it raises.
    """
    handed_in = students(folder)
    judging = Judging()
    found = []
    for at, one in enumerate(handed_in, 1):
        tell(at, len(handed_in), one.student)
        found.append(_graded(one, folder, judging))
    found = _with_copies(_sent_again(_by_their_names(found)))
    found = [
        replace(
            each,
            lacking_runs=criteria.lacking_runs(each.runs),
            lacking_answers=criteria.lacking_answers(each.exercises),
        )
        for each in found
    ]
    answered = [number for number in judging.known if any(number in each.exercises for each in found)]
    return Grades(
        folder.resolve().name or str(folder.resolve()),
        criteria,
        criteria.exercises or tuple(answered),
        len(judging.known),
        tuple(found),
        judging.cannot,
    )


def _graded(one: HandedIn, folder: Path, judging: Judging) -> Graded:
    notes, unopened = list(one.notes), dict(one.unopened)
    with TemporaryDirectory(prefix="rao-lab-", ignore_cleanup_errors=True) as room:
        files = {path: _name(path, folder, one.student) for path in (*one.runs, *one.answers)}
        packed, archives = dict[Path, str](), dict[Path, Path]()
        for each in one.packed:
            of_this = unpack(each, Path(room), notes, unopened)
            packed |= of_this
            archives |= dict.fromkeys(of_this, each)
        inside = "" if files else name_inside(packed.values())
        files |= {path: name.removeprefix(f"{inside or one.student}/") for path, name in packed.items()}
        runs = list[GradedRun]()
        for path, name in files.items():
            if path.suffix.lower() == ".rao":
                run = grade_run(path, name)
                if path in packed and run.marks and any(run.marks == each.marks for each in runs):
                    continue  # it was handed in before, or was unpacked and lies beside its archive
                runs.append(_unpacked(run, archives[path], packed[path]) if path in packed else run)
        answers = [path for path in files if path.suffix.lower() == ".jsonl"]
        read = [line for path in answers for line in kept_answers(path, notes)]
    lines = [*{json.dumps(line): line for line in read}.values()]  # nobody answers twice in a second
    judged = judging.judge(lines, notes)
    return Graded(
        one.student,
        tuple(runs),
        judged,
        tuple(notes),
        marks=marks(lines),
        unopened=unopened,
        inside=inside,
        came_as=max(
            ((each.relative_to(folder).as_posix(), packed_at(each)) for each in one.packed),
            key=lambda came: came[1],
            default=("", ()),
        ),
    )


def _by_their_names(found: Sequence[Graded]) -> list[Graded]:
    """Students by the names in their archives, whatever a platform called these. What was packed under one name and has
    a run or answers in common is one student's, who handed in again: the newest counts. If nothing is in common, they
    are two students who took the same name."""
    alike: dict[str, list[Graded]] = defaultdict(list)
    for each in found:
        alike[each.inside].append(each)
    kept = alike.pop("", [])
    for name, those in alike.items():
        those.sort(key=lambda each: (each.came_as[1], len(each.all_marks)), reverse=True)
        persons = list[Graded]()
        while those:
            newest = those[0]
            same = [each for each in those[1:] if each.all_marks & newest.all_marks]
            persons.append(_newest(newest, same))
            those = [each for each in those[1:] if each not in same]
        if len(persons) > 1 or any(each.student == name for each in found if each.inside != name):
            too = f"another student has the name {unquoted(name)}, too, or one worked in two folders"
            kept += [replace(each, notes=(*each.notes, too), doubtful=True) for each in persons]
        else:
            kept.append(replace(persons[0], student=name))
    return sorted(kept, key=lambda each: by_name(each.student))


def _newest(newest: Graded, older: Sequence[Graded]) -> Graded:
    """With a note of what else was handed in, or of what it was called."""
    file = unquoted(newest.came_as[0])
    notes = [f"handed in as {file}"] if newest.student != newest.inside else []
    if older:
        others = ", ".join(unquoted(each.came_as[0]) for each in older)
        notes = [f"handed in {len(older) + 1} times: {file} is the newest and counts, {others} not"]
    same = [each for each in older if each.all_marks == newest.all_marks]
    notes += [
        f"{unquoted(each.came_as[0])} holds the same as {file}: sent twice, or somebody else's name for a copy"
        for each in same
    ]
    return replace(newest, notes=(*newest.notes, *notes), doubtful=bool(same))


def _sent_again(found: Sequence[Graded]) -> list[Graded]:
    """Who has nothing but what cannot be opened, with a note of those whose names are in its name."""

    def with_note(each: Graded) -> Graded:
        if not each.lost or each.runs:
            return each
        words = " ".join((each.student, *each.unopened)).casefold()
        whole = {
            one.student
            for one in found
            if (one.runs or one.exercises)
            and any(
                re.search(rf"(?<![^\W_]){re.escape(name.casefold())}(?![^\W_])", words)
                for name in {one.student, one.inside} - {""}
            )
        }
        notes = [f"perhaps the same as {unquoted(name)}, who has a whole one" for name in _others(whole)]
        return replace(each, notes=(*each.notes, *notes))

    return [with_note(each) for each in found]


def _unpacked(run: GradedRun, archive: Path, inside: str) -> GradedRun:
    """Without commands for a file that is gone, and with one for the file that its archive holds."""
    played = run.played and replace(run.played, why_not=without_hint(run.played.why_not))
    damaged = tuple(map(without_hint, run.damaged))
    plain = replace(run, cannot=without_hint(run.cannot), damaged=damaged, played=played)
    parts = Path(inside).with_suffix("").parts
    if plain == run or ".." in parts or Path(inside).is_absolute():
        return plain
    left = ".".join([*parts, "salvaged.rao"])
    words = f"rao-lab export {for_shell(inside)} --salvage --out {for_shell(left)}"
    note = f"to keep what can be read of it: unpack {unquoted(archive.name)}, then `{words}`"
    return replace(plain, notes=(*plain.notes, note))


def _name(path: Path, folder: Path, student: str) -> str:
    """A file's name below the student's folder."""
    return path.relative_to(folder).as_posix().removeprefix(f"{student}/")


def _with_copies(found: Sequence[Graded]) -> list[Graded]:
    """Each run with those of others that are the same run, and each student with those who have the same answers."""
    owners: dict[str, set[str]] = defaultdict(set)
    for each in found:
        for mark in each.all_marks:
            owners[mark].add(each.student)

    def named(each: Graded) -> Graded:
        runs = tuple(
            replace(run, same=_others(set().union(*(owners[mark] for mark in run.marks)) - {each.student}))
            for run in each.runs
        )
        common = Counter(name for mark in each.marks for name in owners[mark] - {each.student})
        answers = _others({name for name, many in common.items() if many >= SHARED})
        return replace(each, runs=runs, same_answers=answers)

    return [named(each) for each in found]


def _others(names: set[str]) -> tuple[str, ...]:
    """At most so many are named."""
    more = len(names) - MOST_SAME
    return (*sorted(names, key=by_name)[:MOST_SAME], *([f"{more} more"] if more > 0 else []))


def _numbers(words: str) -> tuple[str, ...]:
    """Raises: ConfigError."""
    chosen: list[str] = []
    known = [each.number for each in exercises()]
    for word in (each.strip() for each in words.split(",") if each.strip()):
        part = [number for number in known if number == word or number.partition(".")[0] == word.lstrip("0")]
        if not part:
            raise ConfigError(f"no exercise {quoted(word)}: there are {', '.join(known)}")
        chosen += part
    return tuple(dict.fromkeys(chosen))

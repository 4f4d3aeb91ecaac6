"""Grades to read: as text, and as a table for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence

from rao_lab.base.safe_text import cells, shorten, unquoted
from rao_lab.base.words import counted
from rao_lab.course.grade import Graded, Grades
from rao_lab.course.graded_run import GradedRun
from rao_lab.course.played_again import SAMPLE

HEADS = ("student", "run", "trained", "steps", "file", "did it learn", "exercises")
WIDEST = (24, 28, 40, 9, 36, 44, 40)
"""Cells of a terminal that a column takes at most."""

NO_ANSWER = "no answer"
UNKNOWN = "not known"
"""What cannot be opened may hold an answer."""
STATES = ("wrong", "not judged", NO_ANSWER, UNKNOWN)

FIRST = ("student", "passed", "lacks", "runs", "file", "state", "trained", "steps")
CSV_BEGINS = ",".join(FIRST)
"""What an earlier table begins with: it may be written over."""
BOM = "\ufeff"
"""By which Excel knows that a table is UTF-8."""


def grades_text(found: Grades) -> str:
    """A line a run, and below it what must be said about each student."""
    marked = ("", *HEADS) if found.criteria else HEADS
    widest = (1, *WIDEST) if found.criteria else WIDEST
    rows = [
        marked,
        *(row if found.criteria else row[1:] for each in found.students for row in _rows(found, each)),
    ]
    rows = [tuple(shorten(word, width) for word, width in zip(row, widest, strict=True)) for row in rows]
    widths = [max(cells(row[at]) for row in rows) for at in range(len(marked))]
    table = [
        "  ".join(
            word + " " * (width - cells(word)) for word, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]
    shared = all_settings(found)
    lines = [line for line in (_legend(found), learning(found), *below(found)) if line]
    for each in found.students:
        if said := list(said_of(found, each, shared)):
            lines += ["", unquoted(each.student), *(f"  {line}" for line in said)]
    title = f"{unquoted(found.folder)}: {outcome(found)}"
    return "\n".join([title, "", *table, *([""] if lines else []), *lines])


def grades_csv(found: Grades) -> str:
    """A row a student; of runs, the sound one with most steps, or the first."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        [
            *FIRST,
            "learned",
            "before",
            "after",
            "low",
            "high",
            "same_as",
            "right",
            "asked",
            "tries",
            *found.asked,
            "played again",
            "notes",
        ]
    )
    for each in found.students:
        run = max(each.runs, key=lambda run: (run.sound, run.steps), default=None)
        grown = run.learned if run else None
        figures = [
            getattr(grown, name) if grown else "" for name in ("verdict", "before", "after", "low", "high")
        ]
        lost = next(iter(each.unopened.items()), ("", "no run"))
        facts = [run.file, run.state, run.trained, run.steps] if run else [*lost, "", 0]
        states = [state_of(found, each, number) for number in found.asked]
        states = ["" if state == NO_ANSWER else state for state in states]
        passed = _passed(each) if found.criteria else ""
        lacks = () if each.undecided else each.lacks
        same = "; ".join(each.same)
        tries = sum(each.exercises[number].tries for number in found.asked if number in each.exercises)
        row = [each.student, passed, "; ".join(lacks), len(each.runs), *facts, *figures, same]
        played = "" if run is None or run.played is None else str(run.played)
        row += [
            "" if each.lost else how_many_right(found, each),
            len(found.asked),
            "" if each.lost else tries,
            *states,
            played,
            "; ".join(said_of(found, each)),
        ]
        writer.writerow([_spread(value) for value in row])
    return BOM + out.getvalue()


def outcome(found: Grades) -> str:
    """How many students have what is asked for."""
    many = counted(len(found.students), "student")
    if not found.criteria:
        return many
    passed = [each for each in found.students if not each.lacks]
    shared = sum(bool(each.same) for each in passed)
    less = f" ({shared} shared with another)" if shared else ""
    undecided = sum(each.undecided for each in found.students)
    open_ = f", and of {undecided} it is not known" if undecided else ""
    return f"{len(passed)} of {many} have what is asked for{less}{open_}: {found.criteria}"


def _passed(each: Graded) -> str:
    """In a cell of a table."""
    if each.undecided:
        return "unknown"
    return "no" if each.lacks else "shared" if each.same else "yes"


def question_mark(found: Grades) -> str:
    """What "?" means here; "" if nobody has it."""
    if not found.criteria:
        return ""
    means = []
    if any(each.undecided for each in found.students):
        means.append("not known, as a file cannot be opened or read: get it again")
    if any(each.same and not each.lacks for each in found.students):
        means.append(
            "has what is asked for, and the same run or the same answers as another student: ask both"
        )
    return "; or ".join(means)


def _legend(found: Grades) -> str:
    said = question_mark(found)
    return f"? {said}" if said else ""


def learning(found: Grades) -> str:
    """How to read the column, and what a verdict is not."""
    grown = [run.learned for each in found.students for run in each.runs if run.learned is not None]
    if not grown:
        return ""
    said = (
        "did it learn: share of tasks that were solved, before → after, and the 95 % interval over tasks of after "
        'minus before; learned if all of it is above 0, got worse if all is below, otherwise "not resolved"'
    )
    if found.criteria.learned and any(each.verdict == "not resolved" for each in grown):
        said += "; a short training that went well is often not resolved, so ask for more steps before you ask for this"
    return said


def below(found: Grades) -> Iterator[str]:
    """What must be said of all."""
    if shared := all_settings(found):
        yield f"all runs were {shared}"
    if not found.criteria.exercises and found.asked:
        yield (
            f"exercises: {len(found.asked)} of the course's {found.course} were answered by at least one student; "
            "--exercises says which ones you ask for"
        )
    yield from _looked_at(found)
    yield from (f"exercise {number} cannot be judged here: {why}" for number, why in found.cannot.items())


def _looked_at(found: Grades) -> Iterator[str]:
    """What stands behind "whole", and what does not."""
    played = [run.played for each in found.students for run in each.runs if run.played is not None]
    if not played:
        return
    trees, of = sum(each.trees for each in played), sum(each.of for each in played)
    yield (
        "compared: credit with the equations, the success of a step with its trees, and, of each run, how up to "
        f"{SAMPLE} trees ended with what their code comes to in a fresh world ({trees:,} of {counted(of, 'tree')})"
    )
    yield (
        "not compared: whether a model wrote these turns, and in this training; successes that a judge gave; worlds "
        "that are not bundled or were made of files"
    )


def mark_of(each: Graded) -> str:
    """✓ if nothing lacks, "?" if another has the same or if it is not known."""
    if each.undecided:
        return "?"
    return "✗" if each.lacks else "?" if each.same else "✓"


def _rows(found: Grades, each: Graded) -> Iterator[tuple[str, ...]]:
    first = (mark_of(each), unquoted(each.student)), _exercises(found, each)
    if not (each.runs or each.unopened):
        yield (*first[0], "no run file", "", "", "", "", first[1])
    for at, run in enumerate(each.runs):
        head, shown = (("", ""), "") if at else first
        steps = f"{run.steps}" + (f" of {run.asked}" if run.asked is not None else "")
        grown = "" if run.learned is None else str(run.learned)
        yield (
            *head,
            unquoted(run.file),
            run.trained,
            "" if run.cannot else steps,
            with_same(run.state, run.same),
            grown,
            shown,
        )
    for at, (name, todo) in enumerate(each.unopened.items(), len(each.runs)):
        head, shown = (("", ""), "") if at else first
        yield (*head, unquoted(name), "", "", todo, "", shown)


def how_many_right(found: Grades, each: Graded) -> int:
    """Of the exercises that count."""
    return sum(number in each.exercises and each.exercises[number].right for number in found.asked)


def with_same(said: str, others: Sequence[str]) -> str:
    """A cell, and who has the same: the copy must not look like the original."""
    if not others:
        return said
    return f"{said}, as {unquoted(others[0])}" + (f" +{len(others) - 1}" if len(others) > 1 else "")


def _exercises(found: Grades, each: Graded) -> str:
    """How many are right; wrong ones and those without an answer are told apart."""
    if not found.asked:
        return ""
    states = Counter(state_of(found, each, number) for number in found.asked)
    parts = [] if each.lost else [f"{how_many_right(found, each)} of {len(found.asked)}"]
    parts += [f"{states[state]} {state}" for state in STATES if states[state]]
    return with_same(", ".join(parts), each.same_answers)


def state_of(found: Grades, each: Graded, number: str) -> str:
    """Of a student's answer to an exercise, in a word or two."""
    if number in each.exercises:
        return each.exercises[number].state
    return UNKNOWN if each.unknown else NO_ANSWER


def _bystate_of(found: Grades, each: Graded) -> Iterator[str]:
    """Which exercises are wrong, have no answer or took tries, in a line each."""
    if not found.asked or not each.exercises:
        return
    for state in ("wrong", NO_ANSWER):
        if numbers := [number for number in found.asked if state_of(found, each, number) == state]:
            yield f"{state}: {' '.join(numbers)}"
    tried = [(number, each.exercises[number].tries) for number in found.asked if number in each.exercises]
    if several := [f"{number} ({tries})" for number, tries in tried if tries > 1]:
        yield f"tries, if more than one: {' '.join(several)}"


def all_settings(found: Grades) -> str:
    """The settings of all runs, if these are the same: what a notebook sets is said once."""
    said = [_otherwise(run) for each in found.students for run in each.runs if not run.cannot]
    return said[0] if len(said) > 1 and len(set(said)) == 1 else ""


def _otherwise(run: GradedRun) -> str:
    """What was changed, from what; "" if nothing was."""
    if not run.settings:
        return ""
    word = "usual" if run.set_as == "usual" else "there"
    said = ", ".join(f"{key}={here} ({word} {there})" for key, (there, here) in run.settings.items())
    return shorten(f"set otherwise{_than(run)}: {said}", 300)


def _than(run: GradedRun) -> str:
    return "" if run.set_as == "usual" else f" than {run.set_as}"


def said_of(found: Grades, each: Graded, shared: str = "") -> Iterator[str]:
    """What a lecturer should know of a student."""
    if each.undecided:
        yield "not known: what is lacking may be in a file that cannot be opened or read"
    elif each.lacks:
        yield f"lacks {'; '.join(each.lacks)}"
    for run in each.runs:
        name = unquoted(run.file)
        if run.cannot:
            yield f"{name}: {run.cannot}"
        for line in (*run.edited, *run.damaged, *run.notes):
            yield f"{name}: {line}"
        if run.played is not None and (run.played.why_not or run.played.other):
            yield f"{name}: {run.played}"
        if run.same:
            yield f"{name} is the same run as one of {', '.join(map(unquoted, run.same))}"
        if run.settings and _otherwise(run) != shared:
            yield f"{name} was {_otherwise(run)}"
    if each.same_answers:
        yield f"has the same answers, to the second, as {', '.join(map(unquoted, each.same_answers))}"
    yield from _bystate_of(found, each)
    unseen = [number for number, one in each.exercises.items() if one.unseen]
    if unseen:
        yield f"not judged: {', '.join(unseen)}; the student's own copy may call the answers right"
    yield from each.notes


def _spread(value: object) -> object:
    """A cell that no spreadsheet takes for a formula."""
    return (
        f"'{value}"
        if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r"))
        else value
    )

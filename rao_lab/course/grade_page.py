"""Grades as a page to read and to print: what each student has, which exercises to talk about, and whom to ask."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from html import escape
from pathlib import Path
from statistics import fmean

from rao_lab.base.safe_text import one_line, unquoted
from rao_lab.base.words import counted, fixed
from rao_lab.course.exercise import exercises
from rao_lab.course.grade import Graded, Grades
from rao_lab.course.grade_text import (
    NO_ANSWER,
    UNKNOWN,
    all_settings,
    below,
    how_many_right,
    learning,
    mark_of,
    outcome,
    question_mark,
    said_of,
    state_of,
    with_same,
)
from rao_lab.course.graded_run import GradedRun
from rao_lab.views.diff.style import DARK, LIGHT

PAGE_BEGINS = '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>Grades of '
"""What an earlier page begins with: it may be written over."""
CSP = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
STATES = ("right", "wrong", NO_ANSWER, UNKNOWN)
LONGEST = 1000
"""Cells of a line."""
MARKS = {
    "✓": "has what is asked for",
    "✗": "lacks something",
}
FILES = {
    "whole": "the run file can be read and agrees with itself",
    "edited?": "it contradicts itself, or a tree ends otherwise if its code runs again: ask the student",
    "damaged": "some of it cannot be read",
    "cannot be read": "none of it can: ask for it again",
}
COLOURS = {
    "✓": "good", "?": "limit", "✗": "bad", "whole": "good", "edited?": "bad", "damaged": "limit",
    "cannot be read": "bad", "learned": "good", "got worse": "bad",
}  # fmt: skip


def grades_page(found: Grades, when: datetime | None = None) -> str:
    """One page without a script.

    Args:
        when: it was graded; by default now.
    """
    when = when or datetime.now()
    name = escape(unquoted(found.folder))
    first = sorted(filter(_needs_a_look, found.students), key=lambda each: not (each.undecided or each.lost))
    others = [each for each in found.students if each not in first]
    return (
        f"{PAGE_BEGINS}{name}</title>\n"
        f'<meta http-equiv="Content-Security-Policy" content="{escape(CSP)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<style>\n{_style()}</style>\n</head>\n<body>\n<main>\n"
        f"<h1>Grades of {name}</h1>\n"
        f'<p class="about">{when.day} {when:%B %Y, %H:%M} · {_text(_counts(found))}</p>\n'
        f'<p class="sentence">{_text(outcome(found))}</p>\n'
        f"{_students(found)}{_legend(found)}{_exercises(found)}"
        f"{_notes(found, 'Look at these first', first)}"
        f"{_notes(found, 'All others' if first else 'Of each student', others)}"
        f"{_list('What was compared', below(found))}"
        "</main>\n</body>\n</html>\n"
    )


@cache
def _style() -> str:
    light, dark = ("; ".join(f"--{name}: {value}" for name, value in each.items()) for each in (LIGHT, DARK))
    return (
        f":root {{ {light} }}\n@media screen and (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n"
        + Path(__file__).with_suffix(".css").read_text("utf-8")
    )


def _counts(found: Grades) -> str:
    runs = [run for each in found.students for run in each.runs]
    parts = [counted(len(found.students), "student"), counted(len(runs), "run file")]
    if found.asked:
        count = counted(len(found.asked), "exercise")
        parts.append(f"{count} {'asked for' if found.criteria.exercises else 'answered by at least one'}")
    return " · ".join(parts)


def _needs_a_look(each: Graded) -> bool:
    """Whether something cannot be graded as it is: a file that is not sound, that another has, or that is lacking."""
    return bool(
        each.same
        or each.doubtful
        or each.unopened
        or not (each.runs or each.exercises)
        or any(not run.sound for run in each.runs)
        or any(one.unseen for one in each.exercises.values())
    )


def _students(found: Grades) -> str:
    """A row a run, and a group of rows a student; the last row sums up."""
    shown = _shown(found)
    states = [Counter(_states(found, each)) for each in found.students]
    heads = [("", "mark")] * bool(found.criteria) + [("student", ""), *((each, "figure") for each in shown)]
    heads += [("run", "run"), ("steps", "figure"), ("file", "file"), ("did it learn", "")]
    head = "".join(f'<th scope="col"{_class(kind)}>{word}</th>' for word, kind in heads)
    bodies = "".join(
        _student(found, each, {one: many[one] for one in shown})
        for each, many in zip(found.students, states, strict=True)
    )
    known = [many for each, many in zip(found.students, states, strict=True) if not each.lost]
    total = _totals(found, {one: fmean(many[one] for many in known) if known else None for one in shown})
    return (
        f'<div class="students"><table>\n<thead><tr>{head}</tr></thead>\n{bodies}'
        f"<tfoot>{total}</tfoot>\n</table></div>\n"
    )


def _student(found: Grades, each: Graded, numbers: Mapping[str, int]) -> str:
    rows = [*map(_run, each.runs), *(_unopened(*one) for one in each.unopened.items())]
    rows = rows or ['<td colspan="4" class="run about">no run file</td>']
    span = f' rowspan="{len(rows)}"' if len(rows) > 1 else ""
    mark = mark_of(each)
    first = f'<td class="mark {COLOURS[mark]}"{span}>{mark}</td>' if found.criteria else ""
    same = with_same("", each.same_answers).removeprefix(", ")
    under = f'<span class="small limit">answers {_names_in(same)}</span>' if same else ""
    first += f'<th scope="{"rowgroup" if span else "row"}"{span}>{_name(each.student)}{under}</th>'
    first += "".join(
        f'<td class="figure" data-name="{name}"{span}>{"" if each.lost and name != UNKNOWN else number}</td>'
        for name, number in numbers.items()
    )
    lines = "".join(f"<tr>{first if at == 0 else ''}{row}</tr>\n" for at, row in enumerate(rows))
    return f'<tbody class="one">{lines}</tbody>\n'


def _run(run: GradedRun) -> str:
    trained = f'<span class="small">{_text(run.trained)}</span>' if run.trained else ""
    steps = "" if run.cannot else f"{run.steps}" + (f" of {run.asked}" if run.asked is not None else "")
    same = with_same("", run.same).removeprefix(", ")
    state = _word(run.state) + (
        f'<span class="small limit">the same {_names_in(same)}</span>' if same else ""
    )
    grown = ""
    if run.learned is not None:
        figures = str(run.learned).removeprefix(run.learned.verdict).replace(" [", "|[").strip().split("|")
        lines = " ".join(f'<span class="word">{_text(each)}</span>' for each in figures)
        grown = f'{_word(run.learned.verdict)}<span class="small">{lines}</span>'
    return (
        f'<td class="run" data-name="run"><span>{_broken(unquoted(run.file))}{trained}</span></td>'
        + (f'<td class="figure steps" data-name="steps">{steps}</td>' if steps else "<td></td>")
        + f'<td class="file" data-name="file"><span>{state}</span></td>'
        + (f'<td data-name="did it learn"><span>{grown}</span></td>' if grown else "<td></td>")
    )


def _unopened(name: str, todo: str) -> str:
    return (
        f'<td class="run" data-name="run">{_broken(unquoted(name))}</td><td></td>'
        f'<td colspan="2" class="file bad" data-name="file">{_text(todo)}</td>'
    )


def _totals(found: Grades, means: Mapping[str, float | None]) -> str:
    runs = [run for each in found.students for run in each.runs]
    whole = sum(run.state == "whole" for run in runs)
    taught = sum(run.learned is not None and run.learned.verdict == "learned" for run in runs)
    cells = "".join(
        f'<td class="figure" data-name="{name}, mean"><span>{fixed(mean, 1)}<span class="small">mean</span></span></td>'
        if mean is not None
        else "<td></td>"
        for name, mean in means.items()
    )
    lost = sum(each.lost for each in found.students)
    means_of = f'<span class="small">means of {len(found.students) - lost}</span>' if lost and means else ""
    first = "<td></td>" if found.criteria else ""
    return (
        f'<tr>{first}<th scope="row">{counted(len(found.students), "student")}{means_of}</th>{cells}'
        f'<td class="run">{counted(len(runs), "run")}</td><td></td><td class="file">{whole} whole</td>'
        f"<td>{taught} learned</td></tr>"
    )


def _shown(found: Grades) -> list[str]:
    """The states of answers that have a column; the last one only if there is such an answer."""
    there = {state for each in found.students for state in _states(found, each)}
    return [state for state in STATES if found.asked and (state != UNKNOWN or state in there)]


def _states(found: Grades, each: Graded) -> Iterator[str]:
    """Of the exercises that count; what cannot be judged here may be right all the same."""
    for number in found.asked:
        state = state_of(found, each, number)
        yield state if state in STATES else UNKNOWN


def _legend(found: Grades) -> str:
    runs = [run for each in found.students for run in each.runs]
    there = {mark_of(each) for each in found.students if found.criteria} | {run.state for run in runs}
    marks = {"✓": MARKS["✓"], "?": question_mark(found), "✗": MARKS["✗"]}
    entries = {sign: words for sign, words in (marks | FILES).items() if sign in there}
    if said := learning(found):
        entries["did it learn"] = said.partition(": ")[2]
    terms = [f"<dt>{_word(sign)}</dt><dd>{_text(words)}</dd>" for sign, words in entries.items()]
    return f"<dl>{''.join(terms)}</dl>\n" if terms else ""


def _exercises(found: Grades) -> str:
    """A row an exercise: how many have it right, and who has it wrong."""
    if not found.asked:
        return ""
    asks = {each.number: each.asks for each in exercises()}
    heads = (*_shown(found), "tries")
    head = "".join(f'<th scope="col" class="figure">{each}</th>' for each in heads)
    states = zip(*(_states(found, each) for each in found.students), strict=True)
    rows = "".join(
        _exercise(found, number, asks.get(number, ""), of_all)
        for number, of_all in zip(found.asked, states, strict=True)
    )
    right = sum(how_many_right(found, each) for each in found.students)
    of = len(found.asked) * sum(not each.lost for each in found.students)
    return (
        "<h2>Exercises: what to talk about</h2>\n"
        '<p class="about">tries: the mean over those who answered, up to the first right answer</p>\n'
        '<table class="exercises">\n<thead><tr><th scope="col">exercise</th><th scope="col">asks</th>'
        f"{head}<td></td></tr></thead>\n"
        f"<tbody>\n{rows}</tbody>\n"
        f'<tfoot><tr><th scope="row">all</th><td>{right:,} of {counted(of, "answer")} right</td>'
        f'<td colspan="{len(heads) + 1}"></td></tr></tfoot>\n</table>\n'
    )


def _exercise(found: Grades, number: str, asks: str, states: Sequence[str]) -> str:
    many = Counter(states)
    tries = [each.exercises[number].tries for each in found.students if number in each.exercises]
    wrong = [
        _name(each.student) for each, state in zip(found.students, states, strict=True) if state == "wrong"
    ]
    named = f'<span class="small">wrong: {", ".join(wrong)}</span>' if wrong else ""
    bar = "".join(
        f'<span class="{state}" style="width:{100 * many[state] / len(states):.1f}%"></span>'
        for state in ("right", "wrong")
    )
    figures = {state: f"{many[state]}" for state in _shown(found)}
    figures["tries"] = fixed(fmean(tries), 1) if tries else ""
    cells = "".join(f'<td class="figure" data-name="{name}">{each}</td>' for name, each in figures.items())
    return (
        f'<tr class="one"><th scope="row">{number}</th><td>{_text(asks)}{named}</td>{cells}'
        f'<td><span class="bar" aria-hidden="true">{bar}</span></td></tr>\n'
    )


def _notes(found: Grades, title: str, students: Sequence[Graded]) -> str:
    """What must be said of these students, a heading each; "" if nothing must."""
    shared = all_settings(found)
    told = [(each, [*said_of(found, each, shared)]) for each in students]
    parts = [f"<h3>{_name(each.student)}</h3>\n{_items(lines)}" for each, lines in told if lines]
    return f"<section>\n<h2>{title}</h2>\n{''.join(parts)}</section>\n" if parts else ""


def _list(title: str, lines: Iterator[str]) -> str:
    items = _items(lines)
    return f"<section>\n<h2>{title}</h2>\n{items}</section>\n" if items else ""


def _items(lines: Iterable[str]) -> str:
    items = "".join(f"<li>{_text(line)}</li>\n" for line in lines)
    return f"<ul>\n{items}</ul>\n" if items else ""


def _word(word: str) -> str:
    return f'<span class="word {COLOURS.get(word, "")}">{word}</span>'


def _class(kind: str) -> str:
    return f' class="{kind}"' if kind else ""


def _name(student: str) -> str:
    """Apart from what stands beside it, whichever way it is written."""
    return f"<bdi>{_broken(unquoted(student))}</bdi>"


def _broken(name: str) -> str:
    """A name that a narrow column breaks where its parts end."""
    parts = re.findall(r"[^_.-]{1,12}[_.-]{0,12}|[_.-]{1,12}", one_line(name, LONGEST))
    return "<wbr>".join(map(escape, parts))


def _names_in(words: str) -> str:
    return " ".join(map(_broken, words.split()))


def _text(words: str) -> str:
    return escape(one_line(words, LONGEST))

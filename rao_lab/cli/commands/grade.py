"""`rao-lab grade`: what the students of a course handed in."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from rao_lab.cli.options import Json
from rao_lab.cli.output import console_on_stderr, print_json, print_progress, print_text

EVERY = 10
"""Students between two lines of a log."""


def grade(
    folder: Annotated[
        Path,
        typer.Argument(
            help="A folder with a .zip of rao-lab hand-in, a file or a subfolder for each student.",
            metavar="FOLDER",
        ),
    ],
    min_steps: Annotated[
        int, typer.Option(help="Asked for: a sound run of so many training steps.", min=0, metavar="N")
    ] = 0,
    exercises: Annotated[
        str,
        typer.Option(help="Asked for: right answers, by exercise or by notebook: 1.1,1.2,3.", metavar="LIST"),
    ] = "",
    learned: Annotated[
        bool, typer.Option("--learned", help="Asked for: a run whose interval says that it learned.")
    ] = False,
    table: Annotated[
        Path | None,
        typer.Option("--csv", help="Also write a row a student, for a spreadsheet.", metavar="FILE"),
    ] = None,
    page: Annotated[Path | None, typer.Option(help="Also write a page.", metavar="FILE.html")] = None,
    as_json: Json = False,
) -> None:
    """Look at what students handed in: run files (.rao), and answers to exercises (.jsonl, as rl.check keeps them), as
    they are, or in a .zip of rao-lab hand-in.

    Of each run: whether it is whole, what was trained and what was set otherwise than usual or in a notebook of the
    course, whether it learned (success before → after, with the 95 % interval over tasks of the difference), whether
    its credit is what the equations give for its trees, and whether another student has the same run, or the same
    answers to the second: such students get "?" instead of "✓" ("shared" with --csv). "edited?" means that a file
    contradicts itself, or that a tree ends otherwise if its code runs again: 16 trees of each run are played in a fresh
    world, in the sandbox. Answers are judged again by this copy of the course; the verdicts in the files are not
    believed. Nothing in the folder is changed.

    --learned asks for an interval that lies above 0 as a whole. A training of a few steps may go well and not reach
    that, so let nobody fail by it alone: --min-steps asks for the work.

    Without criteria (--min-steps, --exercises, --learned) nobody passes or fails.

    [bold]Examples[/bold]

      rao-lab grade handed_in
      rao-lab grade handed_in --min-steps 10 --exercises 1,3.1 --csv grades.csv
      rao-lab grade handed_in --learned --page grades.html --json > grades.json
    """
    from rao_lab.api.export import whole_file
    from rao_lab.course.grade import Criteria
    from rao_lab.course.grade import grade as graded
    from rao_lab.course.grade_page import PAGE_BEGINS, grades_page
    from rao_lab.course.grade_text import CSV_BEGINS, grades_csv, grades_text

    criteria = Criteria.of(min_steps, exercises, learned)
    _spare(table, "csv", CSV_BEGINS)
    _spare(page, "page", PAGE_BEGINS)
    with _telling() as tell:
        found = graded(folder, criteria, tell)
    if as_json:
        print_json(found.to_json())
    else:
        print_text(grades_text(found))
    for path, made in ((table, grades_csv), (page, grades_page)):
        if path is not None:
            whole_file(path, [made(found)])
            print_progress(f"written: {path}")


def _spare(path: Path | None, option: str, begins: str) -> None:
    """Before the work: refuses what could not be written, or would take the place of another file.

    Raises:
        InputError: another file lies there. UnavailableError: no file can be written there.
    """
    from rao_lab.base.outputs import make_way
    from rao_lab.base.safe_text import unquoted
    from rao_lab.errors import InputError

    if path is None:
        return
    make_way(path)
    if path.is_file():
        with path.open("rb") as file:
            head = file.read(200)
        if head and not head.removeprefix(BOM_UTF8).startswith(begins.encode()):
            raise InputError(f"--{option} {unquoted(path)} exists and holds no grades: choose another name")


@contextmanager
def _telling() -> Iterator[Callable[[int, int, str], None]]:
    """A terminal shows which student is looked at, a log every tenth."""
    from rich.text import Text

    from rao_lab.base.safe_text import one_line

    console = console_on_stderr()
    if not console.is_terminal:
        yield lambda at, many, name: print_progress(f"student {at} of {many}") if at % EVERY == 0 else None
        return
    with console.status("") as status:
        yield lambda at, many, name: status.update(Text(f"student {at} of {many}: {one_line(name, 60)}"))

"""An exercise of the course, and how an answer to it is judged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from rao_lab.base.safe_text import quoted
from rao_lab.errors import MissingError


@dataclass(frozen=True, slots=True)
class Exercise:
    """A question that a notebook asks, with hints and a judge."""

    number: str
    """Such as "3.2": the second exercise of notebook 03."""
    asks: str
    """The question in one line; the notebook asks in full."""
    judge: Callable[[object], str]
    """"" if the answer is right, otherwise one sentence on what is off with it, without the solution."""
    hints: tuple[str, ...]
    """One after another: the first says where to look, the last nearly says it."""
    right: str = ""
    """What a right answer teaches, in one or two sentences."""

    def off(self, answer: object) -> str:
        """What is off with an answer; "" if nothing is. It never raises, whatever the answer is."""
        try:
            return self.judge(answer)
        except Exception as problem:  # noqa: BLE001 - an answer is any object, with methods of its own
            return f"{quoted(answer)} cannot be judged: {type(problem).__name__}: {quoted(str(problem))}."


def find(number: str) -> Exercise:
    """The exercise of this number.

    Raises:
        MissingError: there is none; the message names those that there are.
    """
    found = {each.number: each for each in exercises(number.partition(".")[0])}
    if number not in found:
        known = [each.number for each in exercises()]
        raise MissingError(f"no exercise {quoted(number)}: there are {', '.join(known)}")
    return found[number]


def exercises(part: str = "") -> Iterator[Exercise]:
    """All exercises in order, or those of a part, such as "3"."""
    for path in sorted(Path(__file__).parent.glob("part_*.py")):
        if not part or path.stem == f"part_{part.zfill(2)}":
            yield from import_module(f"rao_lab.course.{path.stem}").EXERCISES

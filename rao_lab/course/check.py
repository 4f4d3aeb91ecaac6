"""`rl.check`: says whether an answer to an exercise is right, and gives hints one after another."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from html import escape
from typing import Any

from rao_lab.base.calls import checked_call
from rao_lab.base.checks import whole
from rao_lab.base.early import in_notebook
from rao_lab.base.safe_text import visible
from rao_lab.base.words import counted
from rao_lab.course.exercise import Exercise, find
from rao_lab.course.kept import keep


@dataclass(frozen=True)
class Verdict:
    """What came of an answer. `rl.check` has shown it; it shows itself again in another cell. Printed, it is short."""

    number: str
    right: bool
    answered: bool
    said: str
    """What is off, or what a right answer teaches, or the question if there is no answer yet."""
    hint: str = ""
    _cell: int = field(default=-1, repr=False, compare=False)
    """The cell that has shown it."""

    def __repr__(self) -> str:
        return f"<Verdict {self.number}: {self._state}>"

    def _repr_html_(self) -> str:
        colour = ("success-color1" if self.right else "error-color1") if self.answered else "border-color1"
        below = "".join(
            f'<div style="opacity:.8;margin-top:2px">{escape(visible(line))}</div>'
            for line in self.hint.splitlines()
        )
        return (
            '<div style="font-family:var(--jp-ui-font-family,Helvetica,Arial,sans-serif);font-size:13px;'
            f"line-height:1.45;max-width:72em;padding:2px 0 2px 10px;border-left:3px solid "
            f'var(--jp-{colour},#888)"><b>{escape(self._title)}</b>{escape(visible(self._after))}{below}</div>'
        )

    def _ipython_display_(self) -> None:
        """As the last line of the cell that has shown it, it is not shown twice."""
        if self._cell != _cell():
            _display(self)

    @property
    def text(self) -> str:
        """All of it, as `rl.check` prints it."""
        return "\n".join(each for each in (f"{self._title}{self._after}", self.hint) if each)

    @property
    def _state(self) -> str:
        return ("right" if self.right else "not right") if self.answered else "not answered yet"

    @property
    def _title(self) -> str:
        return f"{('✓' if self.right else '✗') if self.answered else '○'} {self.number} {self._state}"

    @property
    def _after(self) -> str:
        return f": {self.said}" if self.said else ""


@checked_call
def check(number: str, answer: object = None, *, hint: int | None = None) -> Verdict:
    """Says whether an answer to an exercise of the course is right.

        >>> rl.check("1.1", "0").right
        ✗ 1.1 not right: "0" launched 0.1, not 0.1.0.
        hint 1 of 2: ...
        False

    Without an answer, or with None, it says the question. A wrong answer is met with what is off with it and the first
    hint; `rl.check("1.1", answer, hint=2)` gives the second. Every answer is kept in `mine/answers.jsonl`, below the
    folder that the notebook works in; hand this file in. A verdict says `right` in code too.

    Args:
        number: of the exercise: "3.2" is the second of notebook 03.
        answer: any object. A list of one entry is taken as that entry: `[5]` as 5.
        hint: which hint to give.

    Raises:
        MissingError: there is no such exercise; the message names those that there are.
        ConfigError: the hint is no whole number.
    """
    exercise = find(str(number).strip())
    if hint is not None:
        last = len(exercise.hints)
        hint = whole("hint", hint, 1, max(last, hint) if isinstance(hint, int) else last)
    if answer is None or answer is ...:
        told = "" if hint is None else _hint(exercise, hint)
        verdict = Verdict(exercise.number, False, False, exercise.asks, told, _cell())
    else:
        off = exercise.off(answer)
        keep(exercise.number, answer, not off)
        told = _hint(exercise, hint or 1) if off or hint else ""
        verdict = Verdict(exercise.number, not off, True, off or exercise.right, told, _cell())
    if in_notebook():
        _display(verdict)
    else:
        encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
        sys.stdout.write(visible(verdict.text).encode(encoding, "replace").decode(encoding) + "\n")
    return verdict


def _hint(exercise: Exercise, at: int) -> str:
    """The hint, and how to ask for the next one."""
    many = len(exercise.hints)
    if not many:
        return ""
    if at > many:
        at, only = many, f"there {'is' if many == 1 else 'are'} only {counted(many, 'hint')}: "
    else:
        only = ""
    more = f'\nnext hint: rl.check("{exercise.number}", answer, hint={at + 1})' if at < many else ""
    return f"{only}hint {at} of {many}: {exercise.hints[at - 1]}{more}"


def _display(verdict: Verdict) -> None:
    from IPython.display import display

    shown: dict[str, Any] = {"text/plain": verdict.text, "text/html": verdict._repr_html_()}
    display(shown, raw=True)


def _cell() -> int:
    """Which cell runs; -1 outside a notebook."""
    if not in_notebook():
        return -1
    from IPython.core.getipython import get_ipython

    return int(getattr(get_ipython(), "execution_count", -1))

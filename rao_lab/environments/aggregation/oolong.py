"""Rows in the format of Oolong, and how Oolong scores an answer.

A. Bertsch, A. Pratapa, T. Mitamura, G. Neubig, M. R. Gormley, "Oolong: Evaluating Long Context Reasoning and
Aggregation Capabilities", arXiv 2511.02817; format and scoring as in the authors' repository (src/eval) and in their
data sets oolong-synth and oolong-real. One JSON object a line:

    synth  id, context_len, context_window_id, context_window_text, question, task,
           answer "['spam']" or "[12]", answer_type
    real   id, context_window_id, context_window_text, question, question_type,
           answer "84" or "Fjord, Molly"

A number that is off by d scores 0.75 ** d; a name, a user, a date or a comparison is right or wrong; of a list counts
the share that was found. Three things differ: a list that is longer than what was asked for is divided by its own
length (otherwise a list of everything would be right), case does not matter, and of several answers in brackets each is
right (there only the first), unless answer_type is "list".
"""

from __future__ import annotations

import ast
import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rao_lab.base.safe_text import quoted
from rao_lab.environments.aggregation.answers import Number, whole_number
from rao_lab.environments.answers import number_of, plain_text, same
from rao_lab.errors import InputError

COMPARISONS = ("more common", "less common", "same frequency")
UNANSWERED = "say unanswered=True (--set env.unanswered=true) to keep such rows without a score"
MAX_ANSWER = 10_000
"""Characters of an answer."""
MAX_ANSWERS = 100
SHORT = 20
"""From so many characters on, what holds no colon counts by its last word, as in Oolong."""
_DATE = re.compile(r"\[?datetime\.date\((\d{4}), ?(\d{1,2}), ?(\d{1,2})\)\]?")
_BOXED = re.compile(r"\\boxed\{(?:\\text\{)?([^{}]*)\}")
_DATES = ("%Y-%m-%d", "%m/%d/%Y", "%B %d, %Y", "%b %d, %Y", "%d %B %Y", "%d %b %Y", "%B %d %Y", "%Y/%m/%d")


@dataclass(frozen=True, slots=True)
class OolongAnswer:
    """The right answer of a row."""

    wanted: Any
    """A whole number, a text, or a list of texts."""
    kind: str
    """numeric, date, comparison, list, or another word for what is right or wrong as a whole."""

    def closeness(self, value: Any) -> float:
        if self.kind == "list":
            return self._shared(value)
        said = _said(value)
        if self.kind == "numeric":
            return Number(self.wanted).closeness(said)
        if self.kind == "comparison":
            found = [each for each in COMPARISONS if each in str(said).lower()]
            return float(len(found) == 1 and found[0] in str(self.wanted).lower())
        if self.kind == "date":
            return float(_date(said) is not None and _date(said) == _date(self.wanted))
        return float(same(said, self.wanted))

    def _shared(self, value: Any) -> float:
        if isinstance(value, str):
            boxed = _BOXED.search(value[:MAX_ANSWER])
            value = _listed(boxed[1] if boxed else value[:MAX_ANSWER].rpartition(":")[2])
        if not isinstance(value, (list, tuple, set, frozenset)) or len(value) > 1000:
            return 0.0
        found = {plain_text(each) for each in value if isinstance(each, str)} - {""}
        due = {plain_text(name) for name in self.wanted}
        return len(found & due) / max(len(found), len(due))


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Several right answers: one of them is enough."""

    answers: tuple[OolongAnswer, ...]

    @property
    def wanted(self) -> Any:
        return self.answers[0].wanted

    def closeness(self, value: Any) -> float:
        return max(answer.closeness(value) for answer in self.answers)


def answer_of(row_answer: Any, answer_type: str, where: str) -> OolongAnswer | AnyOf:
    """The answer of a row.

    Raises:
        InputError: it has none, or one that cannot be read.
    """
    if row_answer in (None, "", [], "[]", "['']") or (isinstance(row_answer, str) and not row_answer.strip()):
        raise InputError(f"{where}: its question has no answer: correct it, or {UNANSWERED}")
    text = _checked(row_answer, where) if not isinstance(row_answer, list) else ""
    if date := _DATE.fullmatch(text):
        return OolongAnswer("-".join(f"{int(part):02d}" for part in date.groups()), "date")
    kind = answer_type.rpartition(".")[2].lower()
    if isinstance(row_answer, list) or text.startswith("["):
        try:
            listed = row_answer if isinstance(row_answer, list) else ast.literal_eval(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            listed = None
        if not isinstance(listed, list) or not listed:
            raise InputError(f"{where}: the answer {quoted(text)} is no list such as ['spam'] or [12]")
        if len(listed) > MAX_ANSWERS:
            raise InputError(f"{where}: its answer lists {len(listed):,}: give at most {MAX_ANSWERS}")
        texts = [_checked(each, where) for each in listed]
        if kind == "list":
            return OolongAnswer(texts, kind)
        found = tuple(_one_of(each, kind, where) for each in listed)
        return found[0] if len(found) == 1 else AnyOf(found)
    if whole_number(text) is not None:
        return OolongAnswer(whole_number(text), "numeric")
    return OolongAnswer(_listed(text), "list") if "," in text else OolongAnswer(text, "text")


def _checked(answer: Any, where: str) -> str:
    """One answer as text.

    Raises:
        InputError: it is of another type than a text or a whole number, empty, or too long.
    """
    if not isinstance(answer, str) and number_of(answer) is None:
        like = json.dumps(json.dumps(answer)) if isinstance(answer, bool) else '"12"'
        raise InputError(
            f"{where}: an answer must be a text, a number or a list of right ones, not {quoted(answer)}: write it as "
            f"a text, such as {like}"
        )
    text = str(answer).strip()
    if not text:
        raise InputError(f"{where}: its answer lists an empty text: leave it out")
    if len(text) > MAX_ANSWER:
        raise InputError(f"{where}: its answer has {len(text):,} characters: give at most {MAX_ANSWER:,}")
    return text


def _one_of(answer: str | float, kind: str, where: str) -> OolongAnswer:
    """One right answer of a list."""
    kind = kind or ("numeric" if isinstance(answer, int) else "label")
    if kind == "numeric" and whole_number(answer) is None:
        raise InputError(f"{where}: the answer {quoted(answer)} is no whole number")
    return OolongAnswer(whole_number(answer) if kind == "numeric" else answer, kind)


def _said(value: Any) -> Any:
    """What a value says, as Oolong reads a reply: what stands after the last colon, without bold or brackets."""
    if isinstance(value, (list, tuple)) and len(value) == 1:
        (value,) = value
    if not isinstance(value, str) or len(value) > MAX_ANSWER:
        return value if isinstance(value, (int, float)) else ""
    text = value.strip()
    if boxed := _BOXED.search(text):
        return boxed[1].strip()
    if ":" in text:
        return re.sub(r"[*\[\]]", "", text.rpartition(":")[2]).strip()
    if len(text) < SHORT or _date(text) or any(each in text.lower() for each in COMPARISONS):
        return text
    return (text.split() or [""])[-1]


def _listed(text: Any) -> list[str]:
    return [part.strip() for part in str(text).split(",") if part.strip()]


def _date(value: Any) -> datetime | None:
    text = str(value).strip().rstrip(".")
    for form in _DATES:
        try:
            return datetime.strptime(text, form)
        except ValueError:
            continue
    return None

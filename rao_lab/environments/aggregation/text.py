"""The preset "text": a line is what somebody wrote on a day, and questions ask about topics that no line names.

    14 March, Mira: We argued about the compost heap until midnight.

User and date stand in the line, and `find` and a program can read them. The topic has to be understood.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from rao_lab.base.safe_text import quoted
from rao_lab.environments.aggregation.answers import Answer
from rao_lab.environments.aggregation.questions import ROOT_KINDS, Question, Row
from rao_lab.environments.aggregation.topics import MONTHS, TOPICS, USERS, topic_of
from rao_lab.errors import InputError

MOST_USERS = 12
_LINE = re.compile(r"(\d{1,2}) (\w+), (\w+): (.+)")


def cast(key: str, size: int) -> dict[str, tuple[list[str], float]]:
    """Who writes in a context: user -> topics, and share of the lines. A user writes about some topics only, so that
    it matters who wrote about what."""
    rng = Random(f"cast/{key}")
    users = rng.sample(USERS, min(MOST_USERS, max(3, size // 8)))
    return {user: (rng.sample(TOPICS, rng.randint(2, 4)), 0.2 + rng.expovariate(1.0)) for user in users}


def make_rows(key: str, size: int, said: Mapping[str, Sequence[str]]) -> tuple[list[str], list[Row]]:
    """The lines of a context, and what each says; `said` are the statements of each topic."""
    rng = Random(f"text/{key}")
    users = cast(key, size)
    weights = {topic: 0.2 + rng.expovariate(1.0) for topic in TOPICS}
    lines, rows = [], []
    for user in rng.choices(list(users), [share for _, share in users.values()], k=size):
        topics = users[user][0]
        (topic,) = rng.choices(topics, [weights[each] for each in topics])
        month = rng.randrange(12)
        rows.append(Row(user, topic, month))
        lines.append(f"{rng.randint(1, 28)} {MONTHS[month]}, {user}: {rng.choice(said[topic])}")
    return lines, rows


def read_row(line: str) -> Row:
    """What a line says, for who understands it."""
    found = _LINE.fullmatch(line)
    if not found:
        return Row("", "", 0)
    return Row(found[3], topic_of(found[4]), MONTHS.index(found[2]))


class Text:
    """A `Source` and a `Skill` of the preset "text"."""

    def __init__(self, lines: Sequence[str] = (), rows: Sequence[Row] = ()) -> None:
        self.lines = lines
        self._rows = rows

    def answer(self, asked: str, start: int, end: int) -> Answer | None:
        question = Question.parse(asked)
        return None if question is None else question.answer(self._rows[start:end])

    def hint(self, asked: str) -> str:
        question = Question.parse(asked)
        return "" if question is None else question.hint

    def part_of(self, asked: str) -> str | None:
        question = Question.parse(asked)
        return None if question is None else question.part.text

    def tally(self, part: str, lines: Sequence[str]) -> Any:
        return _known(part).answer([read_row(line) for line in lines]).wanted

    def fits(self, part: str, value: Any, size: int) -> bool:
        return _known(part).fits(value, size)

    def together(self, asked: str, parts: str) -> str:
        return _known(asked).together(parts)


def _known(asked: str) -> Question:
    question = Question.parse(asked)
    if question is None:
        raise InputError(f"{quoted(asked)} is no question of the preset text")
    return question


def draw_question(key: str, size: int, rng: Random) -> str:
    """A question about a context, and one that matters there: its user writes about its topic, and of those who write
    about the topic of a join some write about the other one and some do not, if there are such."""
    topics_of = {user: set(topics) for user, (topics, _) in cast(key, size).items()}
    user = rng.choice(list(topics_of))
    topic = rng.choice(sorted(topics_of[user]))
    others = [each for each in TOPICS if each != topic]
    writers = [topics for topics in topics_of.values() if topic in topics]
    telling = [each for each in others if 0 < sum(each in topics for topics in writers) < len(writers)]
    kind = rng.choice(ROOT_KINDS)
    other = rng.choice(telling if telling and kind == "join" else others)
    month = rng.choice(MONTHS[2:11])
    return Question(kind, {"topic": topic, "other": other, "user": user, "month": month}).text


def searches(asked: str) -> list[str] | None:
    """Texts that `find` finds in every line that a question is about; None if it is about all of them."""
    question = Question.parse(asked)
    if question is not None and question.kind == "by":
        return [f", {question.slots['user']}: "]
    if question is not None and question.kind == "before":
        return [f" {month}, " for month in MONTHS[: MONTHS.index(question.slots["month"])]]
    return None

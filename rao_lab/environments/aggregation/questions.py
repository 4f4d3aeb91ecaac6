"""The questions of the preset "text": their words, what is right over any rows, and how answers over parts add up."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from rao_lab.environments.aggregation.answers import Answer, Counts, Number, OneOf, whole_number
from rao_lab.environments.aggregation.topics import MONTHS, TOPICS


class Row(NamedTuple):
    """What a line says."""

    user: str
    topic: str
    month: int
    """From 0."""


FORMS: Mapping[str, str] = {
    # kind -> the question
    "count": "How many lines are about {topic}?",
    "by": "How many lines by {user} are about {topic}?",
    "before": "How many lines from before 1 {month} are about {topic}?",
    "most": "Which topic has the most lines?",
    "compare": "Are more lines about {topic} or about {other}?",
    "top_user": "Which user wrote the most lines about {topic}?",
    "join": "How many lines about {topic} are by users who also wrote about {other}?",
    "topics": "How many lines are about each topic?",
    "users": "How many lines did each user write?",
    "table": "How many lines did each user write about each topic?",
}
ROOT_KINDS = ("count", "by", "before", "most", "compare", "top_user", "join")
"""Those that tasks ask. The others are for parts of the lines."""
_LISTED = f"The topics are {', '.join(TOPICS[:-1])} and {TOPICS[-1]}."
_HINTS: Mapping[str, str] = {
    "most": f"{_LISTED} Answer with one of them.",
    "compare": 'Answer with one of the two, or "same".',
    "top_user": 'Answer with a name, or "nobody".',
    "topics": f'{_LISTED} Answer with a dict such as {{"{TOPICS[0]}": 2}}.',
    "users": 'Answer with a dict such as {"Mira": 2}.',
    "table": f'{_LISTED} Answer with a dict such as {{"Mira": {{"{TOPICS[0]}": 2}}}}.',
}
_PARTS: Mapping[str, str] = {"most": "topics", "compare": "topics", "top_user": "table", "join": "table"}
"""Kind -> what to ask about parts of the lines; the others are asked as they are, and their answers add up."""
_SLOTS = {
    "topic": "|".join(TOPICS),
    "other": "|".join(TOPICS),
    "user": r"\w{1,40}",
    "month": "|".join(MONTHS),
}


def _pattern(form: str) -> re.Pattern[str]:
    slots = {name: f"(?P<{name}>{choices})" for name, choices in _SLOTS.items()}
    return re.compile(form.rstrip("?").format(**slots), re.IGNORECASE)


_PATTERNS = {kind: _pattern(form) for kind, form in FORMS.items()}


@dataclass(frozen=True, slots=True)
class Question:
    """A question of a known form."""

    kind: str
    slots: Mapping[str, str]

    @classmethod
    def parse(cls, text: str) -> Question | None:
        """The question that a text asks, whatever its case and blanks; None if it has no known form."""
        plain = " ".join(text.split()).rstrip("?. ")
        for kind, pattern in _PATTERNS.items():
            if found := pattern.fullmatch(plain):
                slots = {
                    name: value.capitalize() if name in ("user", "month") else value.lower()
                    for name, value in found.groupdict().items()
                }
                return cls(kind, slots)
        return None

    @property
    def text(self) -> str:
        return FORMS[self.kind].format(**self.slots)

    @property
    def hint(self) -> str:
        """What an answer looks like; "" if the question tells."""
        return _HINTS.get(self.kind, "")

    @property
    def part(self) -> Question:
        """What to ask about parts of the lines."""
        kind = _PARTS.get(self.kind)
        return self if kind is None else Question(kind, {})

    def answer(self, rows: Sequence[Row]) -> Answer:
        """What is right over these rows."""
        topic, other = self.slots.get("topic"), self.slots.get("other")
        topics = Counter(row.topic for row in rows)
        if self.kind == "count":
            return Number(topics[topic or ""])
        if self.kind == "by":
            return Number(sum(row.topic == topic and row.user == self.slots["user"] for row in rows))
        if self.kind == "before":
            end = MONTHS.index(self.slots["month"])
            return Number(sum(row.topic == topic and row.month < end for row in rows))
        if self.kind == "most":
            return _first(topics, "none")
        if self.kind == "compare":
            one, two = topics[topic or ""], topics[other or ""]
            return OneOf((str(topic if one > two else other if two > one else "same"),))
        if self.kind == "top_user":
            return _first(Counter(row.user for row in rows if row.topic == topic), "nobody")
        if self.kind == "join":
            writers = {row.user for row in rows if row.topic == other}
            return Number(sum(row.topic == topic and row.user in writers for row in rows))
        if self.kind == "topics":
            return Counts(dict(sorted(topics.items())))
        if self.kind == "users":
            return Counts(dict(sorted(Counter(row.user for row in rows).items())))
        table: dict[str, dict[str, int]] = {}
        for (user, about), number in sorted(Counter((row.user, row.topic) for row in rows).items()):
            table.setdefault(user, {})[about] = number
        return Counts(table)

    def fits(self, value: Any, size: int) -> bool:
        """Whether a value can be the answer over so many rows, for kinds whose answers add up."""
        numbers: list[Any] = [value]
        if self.kind in ("topics", "users", "table"):
            if not isinstance(value, Mapping):
                return False
            numbers = list(value.values())
            if self.kind == "table":
                if not all(isinstance(row, Mapping) for row in numbers):
                    return False
                numbers = [number for row in numbers for number in row.values()]
        found = [whole_number(number) for number in numbers]
        return None not in found and all(0 <= (number or 0) <= size for number in found)

    def together(self, parts: str) -> str:
        """Code that finishes with the answer, from the answers to `part` in this variable."""
        part = self.part.kind
        if part not in ("topics", "users", "table"):
            return f"finish(sum({parts}))"
        code = _ADD_TABLES if part == "table" else _ADD
        return code.format(parts=parts) + _FINISH.get(self.kind, "finish(total)").format(**self.slots)


def _first(counts: Counter[str], none: str) -> OneOf:
    most = max(counts.values(), default=0)
    return OneOf(tuple(sorted(name for name, count in counts.items() if count == most)) or (none,))


_ADD = """\
total = {{}}
for part in {parts}:
    for name, count in part.items():
        total[name] = total.get(name, 0) + count
"""
_ADD_TABLES = """\
total = {{}}
for part in {parts}:
    for user, row in part.items():
        mine = total.setdefault(user, {{}})
        for topic, count in row.items():
            mine[topic] = mine.get(topic, 0) + count
"""
_FINISH: Mapping[str, str] = {
    "most": "finish(max(total, key=lambda topic: total[topic]))",
    "compare": """\
one, two = total.get("{topic}", 0), total.get("{other}", 0)
finish("{topic}" if one > two else "{other}" if two > one else "same")""",
    "top_user": """\
best = max(total, key=lambda user: total[user].get("{topic}", 0))
finish(best if total[best].get("{topic}", 0) else "nobody")""",
    "join": 'finish(sum(row.get("{topic}", 0) for row in total.values() if row.get("{other}", 0)))',
}

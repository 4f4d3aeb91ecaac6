"""Reads questions about a mailbox: JSON lines, each with what is accepted as its answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from os import PathLike
from typing import Any

from rao_lab.base.safe_text import quoted
from rao_lab.environments.answers import MOST_CHARS
from rao_lab.environments.fields import Others, row_of, text_in
from rao_lab.environments.mail.mailbox import Mailbox
from rao_lab.environments.mail.world import MAX_QUESTION
from rao_lab.environments.reading import Ids, json_of, lines_of, path_of, said, settled, split_named
from rao_lab.errors import InputError

MOST_ANSWERS = 100
FIELDS = ("question", "answer", "answers", "message", "id", "split")
EXAMPLE = '{"question": "...", "answer": "..."}'
ANY = "file"
"""The split of a question that belongs to all of them."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of a file."""

    id: str
    question: str
    answers: tuple[str | float, ...]
    """What is accepted."""
    number: int = 0
    """The message in which the answer stands; 0 = that is not known."""
    copies: tuple[int, ...] = field(default=(), repr=False)
    """Other messages with its Message-ID, as in a mailbox that was joined from two."""
    split: str = field(default=ANY, repr=False)  # no part of the digest


def read_questions(file: str | PathLike[str], mailbox: Mailbox) -> tuple[dict[str, Asked], str]:
    """The questions by their words, and a digest that differs if they do.

    Raises:
        InputError, MissingError: naming the file, the line and what is wrong.
    """
    path = path_of(file)
    numbers: dict[str, list[int]] = {}
    for number, head in enumerate(mailbox.heads, start=1):
        if head.key:
            numbers.setdefault(head.key, []).append(number)
    others = Others(FIELDS)
    found: dict[str, Asked] = {}
    lines: dict[str, int] = {}
    ids, digest = Ids(), blake2b(digest_size=8)
    for number, line in lines_of(path, "one question"):
        where = f"{said(path)}, line {number}"
        row = row_of(json_of(line, where), where, EXAMPLE)
        others.look(row, where)
        asked = _asked(row, where, f"{path.name}/{number}", numbers)
        words = " ".join(asked.question.split())
        if words in found:
            raise InputError(f"{where} asks what line {lines[words]} asks: {quoted(words)}")
        ids.add(asked.id, number, where)
        lines[words] = number
        found[words] = asked
        digest.update(repr(asked).encode("utf-8", "replace"))
    if not found:
        raise InputError(
            f'{said(path)} holds no questions: write {{"question": ..., "answer": ...}} on each line'
        )
    others.say(said(path))
    splits = settled([each.split for each in found.values()], ANY, said(path))
    pairs = zip(found.items(), splits, strict=True)
    return {words: replace(each, split=split) for (words, each), split in pairs}, digest.hexdigest()


def _asked(value: dict[str, Any], where: str, default_id: str, numbers: Mapping[str, list[int]]) -> Asked:
    question = text_in(value, ("question",), where, MAX_QUESTION)
    id_ = text_in(value, ("id",), where, MAX_QUESTION, default_id)
    given = value.get("answer", value.get("answers"))
    answers: list[Any] = given if isinstance(given, list) else [given]
    if not answers or given is None:
        raise InputError(f'{where}: the question has no answer: write "answer": text, number or list')
    if len(answers) > MOST_ANSWERS or not all(map(_is_answer, answers)):
        raise InputError(
            f"{where}: an answer must be a number, a text of at most {MOST_CHARS} characters, or a list of these that "
            f"are accepted; got {quoted(given)}"
        )
    key = value.get("message", "")
    if key and (not isinstance(key, str) or key.strip("<> ") not in numbers):
        raise InputError(f"{where}: no message has the Message-ID {quoted(key)}")
    number, *copies = numbers[key.strip("<> ")] if key else [0]
    return Asked(id_, question, tuple(answers), number, tuple(copies), split_named(value, where, ANY))


def _is_answer(value: Any) -> bool:
    if isinstance(value, str):
        return bool(value.strip()) and len(value) <= MOST_CHARS
    return isinstance(value, (int, float)) and not isinstance(value, bool)

"""Reads a user's questions: JSON lines, each with what is accepted as its answer.

Every world that reads files of its user takes the same names for the same things; a world may take more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from os import PathLike
from typing import Any

from rao_lab.base.safe_text import quoted, unquoted
from rao_lab.environments.answers import MOST_CHARS, number_of
from rao_lab.environments.drawn import choose
from rao_lab.environments.fields import Others, has, named, row_of, text_in
from rao_lab.environments.reading import Ids, Wrong, json_of, lines_of, path_of, said, settled, split_named
from rao_lab.errors import ConfigError, InputError

ANY = "file"
"""The split of a question that belongs to all of them."""
QUESTION, ANSWER = ("question", "goal"), ("answer", "answers")
"""What a field may be called."""
FIELDS = (*QUESTION, *ANSWER, "id", "difficulty", "kind", "split")
EXAMPLE = '{"question": "Who ...?", "answer": "..."}'
MAX_ANSWERS = 100
MAX_NAME = 1000
"""Characters of an id, a difficulty or a kind."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of a file."""

    id: str
    question: str
    answers: tuple[str | float, ...] | None
    """What is accepted; None = a judge is to tell."""
    difficulty: str
    kind: str
    """ "" = the line names none."""
    split: str
    line: int
    where: str
    """File and line, as an error says them."""
    row: Mapping[str, Any]
    """The whole line, for fields that only one world has."""


def read_questions(
    file: str | PathLike[str], most: int, more: Sequence[str] = (), difficulty: str = "unknown"
) -> list[Asked]:
    """The questions of a file.

    Args:
        most: characters of a question.
        more: fields that this world has besides `FIELDS`.
        difficulty: of a line that names none.

    Raises:
        InputError, MissingError: naming the file, the line and what is wrong.
    """
    path = path_of(file)
    found, ids, others, wrong = [], Ids(), Others((*FIELDS, *more)), Wrong()
    for number, line in lines_of(path, wrong, "one question"):
        where = f"{said(path)}, line {number}"
        with wrong.line():
            row = row_of(json_of(line, where), where, EXAMPLE)
            others.look(row, where)
            # Ids go into run files, which hold no paths.
            id_ = text_in(row, ("id",), where, MAX_NAME, f"{path.name}/{number}")
            ids.add(id_, number, where)
            question, level = text_in(row, QUESTION, where, most), level_in(row, where, difficulty)
            answers, split = _answers(row, where), split_named(row, where, ANY)
            found.append(Asked(id_, question, answers, level, kind_in(row, where), split, number, where, row))
    wrong.check()
    if not found:
        raise InputError(f"{said(path)} holds no questions: write {EXAMPLE} on each line")
    others.say(said(path))
    splits = settled([each.split for each in found], ANY, said(path))
    return [replace(each, split=split) for each, split in zip(found, splits, strict=True)]


def contradictions(asked: Sequence[Asked]) -> list[str]:
    """Notes of questions that stand there twice, with different answers."""
    first: dict[str, Asked] = {}
    notes = []
    for each in asked:
        earlier = first.setdefault(" ".join(each.question.casefold().split()), each)
        if earlier.answers != each.answers:
            notes.append(
                f"{earlier.where} and line {each.line} ask the same, and have different answers: "
                f"{_listed(earlier)}, and {_listed(each)}"
            )
    return notes


def _listed(asked: Asked) -> str:
    return "a judge is to tell" if asked.answers is None else " or ".join(map(quoted, asked.answers))


def level_in(row: Mapping[str, Any], where: str, usual: str) -> str:
    """The difficulty that a line names, or the usual one."""
    level = text_in(row, ("difficulty",), where, MAX_NAME, usual)
    if "," in level:
        raise InputError(f'{where}: "difficulty" must be one, not {quoted(level)}: write it without a comma')
    return level


def kind_in(row: Mapping[str, Any], where: str) -> str:
    """The kind of question that a line names, or ""."""
    return text_in(row, ("kind",), where, MAX_NAME) if row.get("kind", "") != "" else ""


def _answers(row: Mapping[str, Any], where: str) -> tuple[str | float, ...] | None:
    name = named(row, ANSWER, where)
    if name is None:
        raise InputError(
            f'{where} has no "answer": {has(row)}; give it, or "answer": null if a judge is to score what agents find'
        )
    given = row[name]
    if given is None:
        return None
    answers = given if isinstance(given, list) else [given]
    for answer in answers:
        fine = isinstance(answer, (int, float)) and number_of(answer) is not None
        if not fine and not (isinstance(answer, str) and answer.strip()):
            raise InputError(f"{where}: an answer must be a text or a number, not {quoted(answer)}")
        if isinstance(answer, str) and len(answer) > MOST_CHARS:
            raise InputError(
                f"{where}: an answer has {len(answer):,} characters: at most {MOST_CHARS:,} are compared"
            )
    if not 0 < len(answers) <= MAX_ANSWERS:
        raise InputError(f'{where}: "{name}" must list 1 to {MAX_ANSWERS} right answers, not {len(answers)}')
    return tuple(answers)


def chosen_of(
    there: Iterable[str], difficulty: str | Sequence[str], levels: Iterable[str], file: str
) -> tuple[str, ...]:
    """The chosen ones of the difficulties that a file has, the easiest first.

    Args:
        there: the difficulty of each question.
        levels: difficulties whose order is known.

    Raises:
        ConfigError: it has none of these; the error says what it has.
    """
    counts = Counter(there)
    names = [*(name for name in levels if name in counts)]
    names += [name for name in counts if name not in names]
    try:
        chosen = choose(difficulty, names)
    except ConfigError:
        has_ = unquoted(", ".join(f"{name} ({counts[name]:,})" for name in names))
        raise ConfigError(
            f'{unquoted(file)} has no such difficulty, {quoted(difficulty)}: it has {has_}; "difficulty" in a line '
            "names another"
        ) from None
    return tuple(name for name in names if name in chosen)


def digest_of(asked: Iterable[Asked]) -> str:
    """Differs if the questions or their answers do."""
    digest = blake2b(digest_size=8)
    for each in asked:
        digest.update(repr((each.id, each.split, sorted(each.row.items()))).encode("utf-8", "replace"))
    return digest.hexdigest()

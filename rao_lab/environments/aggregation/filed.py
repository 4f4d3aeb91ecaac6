"""Tasks from a user's file in the format of Oolong. Contexts are read into a temporary file, each once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b
from math import log2
from os import PathLike
from typing import Any

from rao_lab.base.calls import checked_call
from rao_lab.base.cell import facts_html
from rao_lab.base.checks import flag, whole
from rao_lab.base.safe_text import quoted
from rao_lab.base.words import counted
from rao_lab.environments import reading
from rao_lab.environments.aggregation import words
from rao_lab.environments.aggregation.answers import Answer
from rao_lab.environments.aggregation.oolong import UNANSWERED, answer_of
from rao_lab.environments.aggregation.plan import flat_plan
from rao_lab.environments.aggregation.presets import PRESETS
from rao_lab.environments.aggregation.spool import Lines, Spool
from rao_lab.environments.aggregation.world import LinesWorld, launch_for, plain_question
from rao_lab.environments.asked import ANSWER, ANY, FIELDS, QUESTION, chosen_of, kind_in, level_in
from rao_lab.environments.drawn import check_split, own_name
from rao_lab.environments.fields import has, named, row_of, text_in
from rao_lab.errors import ConfigError, InputError
from rao_lab.tree import Call, Task

MAX_ROW = 128 * 2**20
"""Longest line of a file, in bytes: a context of 100 MB, with room for what is escaped."""
MAX_SPOOL = 16 * 2**30
"""Bytes of all contexts of a file together."""
MAX_ROWS = 1_000_000
MAX_QUESTION = 20_000
"""Characters of a question."""
OOLONG = ("context_window_id", "context_len", "answer_type", "task", "question_type")
"""What else of a line is read, as Oolong has it."""
AT_ONCE = 25
"""Lines that one call of `read` gives."""
CHARS_PER_TOKEN = 4


class FileSource:
    """A `Source`: what is right is known for the whole context alone."""

    def __init__(self, lines: Lines, asked: str, answer: Answer | None) -> None:
        self.lines = lines
        self._asked = asked
        self._answer = answer

    def answer(self, asked: str, start: int, end: int) -> Answer | None:
        whole_context = (start, end) == (0, len(self.lines))
        return (
            self._answer if whole_context and plain_question(asked) == plain_question(self._asked) else None
        )

    def hint(self, asked: str) -> str:
        return ""


@checked_call
class AggregationFile:
    """An `Environment` that is `Graded`, `Labelled`, `Planned` and `Worded`: see `Aggregation.from_files`."""

    name = "aggregation"

    def __init__(
        self,
        file: str | PathLike[str],
        difficulty: str | Sequence[str] = "all",
        column: str = "context_window_text",
        at_once: int = AT_ONCE,
        guard_own_goal: bool = True,
        partial: bool = True,
        unanswered: bool = False,
    ) -> None:
        if not isinstance(column, str) or not column:
            raise ConfigError(f"column={quoted(column)} must be the name of the field that holds the context")
        self.at_once = whole("at_once", at_once, least=1, most=1000)
        self.guard_own_goal = flag("guard_own_goal", guard_own_goal)
        self.partial = flag("partial", partial)
        self._unanswered = flag("unanswered", unanswered)
        self._column = column
        self._path = reading.path_of(file)
        self._known = {*FIELDS, *OOLONG, column}
        self._others: Counter[str] = Counter()
        """Fields that mean nothing -> how many lines have them."""
        self._spool = Spool()
        found = list(self._rows())
        if not found:
            raise InputError(f"{reading.said(self._path)} holds no tasks: expected one JSON object a line")
        by_size = [task.difficulty for _, task in sorted(found, key=lambda each: each[0])]
        self._chosen = chosen_of(by_size, difficulty, PRESETS["small"].lines, reading.said(self._path))
        tasks = [task for _, task in found]
        splits = reading.settled([task.split for task in tasks], ANY, reading.said(self._path))
        pairs = zip(tasks, splits, strict=True)
        self._tasks = [replace(task, split=split) for task, split in pairs if task.difficulty in self._chosen]
        self._given = {
            **{"column": column, "at_once": at_once, "guard_own_goal": guard_own_goal, "partial": partial},
            "unanswered": unanswered,
        }

    # Reading

    def _rows(self) -> Iterator[tuple[int, Task]]:
        """The size of each row's context, for the order of difficulties, and its task."""
        known: dict[str, str] = {}
        ids: set[str] = set()
        wrong = reading.Wrong()
        with reading.opened(self._path) as file:
            number = 0
            while line := file.readline(MAX_ROW + 1):
                number += 1
                where = f"{reading.said(self._path)}, line {number}"
                if len(line) > MAX_ROW:
                    raise InputError(
                        f"{where} is longer than {MAX_ROW // 2**20} MiB: split its context, one row for each part"
                    )
                if number > MAX_ROWS or self._spool.size > MAX_SPOOL:
                    raise InputError(
                        f"{where}: at most {MAX_ROWS} rows, and {MAX_SPOOL // 2**30} GiB of contexts, are read: split "
                        "the file"
                    )
                if not line.strip():
                    continue
                made = None
                with wrong.line():
                    text = reading.decoded(line.rstrip(b"\r\n"), where)
                    del line
                    row = reading.json_of(text, where)
                    del text
                    made = self._row(row, number, where, known, ids)
                    self._others.update(name for name in row if name not in self._known)
                if made is not None:
                    yield made
        wrong.check()

    def _row(
        self, row: Any, number: int, where: str, known: dict[str, str], ids: set[str]
    ) -> tuple[int, Task]:
        row = row_of(row, where, f'{{"{self._column}": "...", "question": "...", "answer": "..."}}')
        asked = text_in(row, QUESTION, where, MAX_QUESTION).encode("utf-8", "replace").decode("utf-8")
        digest, chars = self._kept(row, where, known)
        answer_type = row.get("answer_type")
        data: dict[str, Any] = {
            **{"context": digest, "lines": len(self._spool[digest]), "question": asked},
            "answer_type": answer_type if isinstance(answer_type, str) else "",
        }
        given = named(row, ANSWER, where)
        if given is None and not self._unanswered:
            raise InputError(
                f'{where} has no "answer": {has(row)}; give it, or "answer": null if a judge is to tell, or '
                f"{UNANSWERED}"
            )
        answer = row[given] if given is not None else None
        if answer is not None and not (self._unanswered and answer in ("", [])):
            data["answer"] = answer
            answer_of(answer, data["answer_type"], where)
        own = kind_in(row, where)
        kind = own or next(
            (row[name] for name in ("task", "question_type") if isinstance(row.get(name), str)), ""
        )
        data["kind"] = str(kind or answer_type or "other").rpartition(".")[2].lower()[:80]
        size = row.get("context_len")
        size = (
            size
            if type(size) is int and 0 < size < 2**40
            else 2 ** round(log2(max(1, chars / CHARS_PER_TOKEN)))
        )
        # Ids go into run files, which hold no paths.
        id_ = f"{self._path.name}/{str(row.get('id', number))[:100]}"
        id_ = f"{self._path.name}/line {number}" if id_ in ids else id_
        ids.add(id_)
        goal = launch_for(asked, 0, data["lines"]).goal
        level, split = level_in(row, where, _size_name(size)), reading.split_named(row, where, ANY)
        return size, Task(id_, goal, level, split, data=data)

    def _kept(self, row: Mapping[str, Any], where: str, known: dict[str, str]) -> tuple[str, int]:
        """The digest of a row's context, and its characters. A row may leave out a context that came before it."""
        id_, text = str(row.get("context_window_id", ""))[:200], row.get(self._column)
        if text is None and id_ in known:
            return known[id_], sum(map(len, self._spool[known[id_]][:1000]))
        if not isinstance(text, str) or not text.strip():
            if self._column in row:
                wrong = "is empty" if isinstance(text, str) else f"must be a text, not {quoted(text)}"
                raise InputError(f"{where}: {quoted(self._column)} {wrong}: give the context there")
            raise InputError(
                f"{where} has no text {quoted(self._column)}: {has(row)}; say column=NAME (--set env.column=NAME) "
                "if another holds it"
            )
        digest = self._spool.add(text)
        if id_:
            known[id_] = digest
        return digest, len(text)

    # The environment

    @property
    def difficulties(self) -> Sequence[str]:
        """As its lines say; otherwise the sizes of contexts in tokens, as the file says or by their length."""
        return list(self._chosen)

    def tasks(self, split: str) -> Sequence[Task]:
        """Every split has all tasks of the file, unless its lines name splits."""
        check_split(split)
        return [task for task in self._tasks if task.split in (split, ANY)]

    @property
    def notes(self) -> Sequence[str]:
        """What is worth knowing of the file."""
        many = self._others.most_common()
        return [
            f"field {quoted(name)} means nothing here: {counted(count, 'line has', 'lines have')} it"
            for name, count in many
        ]

    def open(self, task: Task) -> LinesWorld:
        source, asked = self._source(task)
        return LinesWorld(source, asked, self.at_once, True, self.guard_own_goal, self.partial)

    def _source(self, task: Task) -> tuple[FileSource, str]:
        digest, asked = task.data.get("context"), task.data.get("question")
        if not isinstance(digest, str) or not isinstance(asked, str) or digest not in self._spool:
            raise InputError(
                f"task {quoted(task.id)} is about a context that {reading.said(self._path)} does not hold: open "
                "the file that it came from"
            )
        answer_type, where = str(task.data.get("answer_type", "")), f"task {quoted(task.id)}"
        answer = answer_of(task.data["answer"], answer_type, where) if "answer" in task.data else None
        return FileSource(self._spool[digest], asked, answer), asked

    def flat_plan(self, task: Task) -> Sequence[Sequence[Call]]:
        source, asked = self._source(task)
        return flat_plan(source, asked, self.at_once, None)

    def labels(self, task: Task) -> Mapping[str, str | int]:
        """The kind of question, and how many lines the context has."""
        return {"kind": str(task.data.get("kind", "other")), "lines": int(task.data.get("lines", 0))}

    def short_goal(self, args: Mapping[str, Any]) -> str:
        return words.short_goal(args)

    def short_result(self, call: Call) -> str:
        return words.short_result(call)

    @property
    def opened(self) -> Mapping[str, Any]:
        """How it can be opened again: see `rao_lab.environments.named.Reopened`."""
        digest = blake2b(
            repr([(task.id, task.data) for task in self._tasks]).encode("utf-8", "replace"), digest_size=8
        )
        return {
            **{"env": own_name(self), "difficulty": ",".join(self._chosen), "rules": str(self._path)},
            **{"digest": digest.hexdigest(), "settings": dict(self._given)},
        }

    def _repr_html_(self) -> str:
        facts = {"tasks": f"{len(self._tasks):,} of a file", "sizes": ", ".join(self.difficulties)}
        return facts_html("aggregation", facts)

    def __repr__(self) -> str:
        contexts = len({task.data["context"] for task in self._tasks})
        return (
            f"AggregationFile({counted(len(self._tasks), 'task')} of a file, {counted(contexts, 'context')})"
        )


def _size_name(size: int) -> str:
    """Tokens in words: 8K, 1M."""
    for unit, name in ((2**20, "M"), (2**10, "K")):
        if size >= unit:
            return f"{size / unit:.3g}{name}"
    return str(size)

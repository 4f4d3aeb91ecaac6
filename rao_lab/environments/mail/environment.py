"""Mail, as in ART-E: a mailbox and a question whose answer stands in one message.

It is the control: one search and one look at the right message answer a question, so that helpers should bring little.
Mailboxes are made from a seed (`generate.py`), or read from a user's own mbox (`mbox.py`).

    task.data = {"question": str, "answers": [str], "mailbox": [level, split, number], "letters": 1 or 2}
    task.data = {"question": str, "answers": [str or number] or null, "digest": str}      of a file
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from os import PathLike
from pathlib import Path
from random import Random
from typing import Any, ClassVar

from rao_lab.base.calls import checked_call
from rao_lab.base.checks import flag
from rao_lab.base.safe_text import quoted
from rao_lab.base.words import counted
from rao_lab.environments.asked import ANY, Asked, chosen_of, digest_of
from rao_lab.environments.drawn import Drawn, check_split, own_name
from rao_lab.environments.mail.files import Placed, read_placed
from rao_lab.environments.mail.generate import Level, Made, make
from rao_lab.environments.mail.mbox import Read, read_mail
from rao_lab.environments.mail.script import STYLES, mistake, next_turn, subject_of
from rao_lab.environments.mail.topics import read_question
from rao_lab.environments.mail.world import MAX_WORDS, MailWorld, launch_for
from rao_lab.environments.named import Player, flag_of
from rao_lab.errors import ConfigError, InputError
from rao_lab.protocols import Action, TurnRequest
from rao_lab.tree import ROOT, Call, Task

MAILBOXES = {"train": 400, "dev": 40, "test": 40}
"""How many mailboxes a split and a level have."""
KEPT = 16
"""Made mailboxes that are kept at a time."""


@checked_call
class Mail(Drawn):
    """An `Environment` that is `Graded`, `Labelled`, `Scripted`, `Planned` and `Worded`.

    Args:
        difficulty: easy (60 messages), medium (240), hard (800, half of the answers corrected later) or extreme
            (2,500, and questions in other words than the letters), several ("easy,medium" or a list) or "all".
        seed: of all mailboxes and questions.
        guard_own_goal: refuse a launch for one's own question, or that of a node above, and no fewer days.

    Raises:
        ConfigError: a value means nothing.
    """

    name = "mail"
    styles = STYLES
    levels: ClassVar = {
        "easy": Level(60, 0.0),
        "medium": Level(240, 0.0),
        "hard": Level(800, 0.5),
        "extreme": Level(2500, 0.5, other_words=True),
    }
    suits: ClassVar = {"tiny": "easy", "chat": "easy", "scripted": "medium"}

    def __init__(
        self, difficulty: str | Sequence[str] = "medium", seed: int = 0, guard_own_goal: bool = True
    ) -> None:
        super().__init__(difficulty, seed, guard_own_goal=flag("guard_own_goal", guard_own_goal))
        self._guard_own_goal = guard_own_goal
        self._made = lru_cache(KEPT)(self._make_mailbox)
        self._read: Read | None = None
        self._asked: Mapping[str, Placed] = {}
        """The questions of a file by their words, of all difficulties."""
        self._names: dict[str, str] = {}

    @classmethod
    @checked_call
    def from_mbox(
        cls,
        file: str | PathLike[str],
        tasks: str | PathLike[str],
        difficulty: str | Sequence[str] = "all",
        guard_own_goal: bool = True,
    ) -> Mail:
        """A mailbox of one's own, and questions with their answers. Every split has all of them. If a line says
        "split", each split has its own, and test the lines without.

        Unless all are asked in the words of made mailboxes, there is no script.

        Args:
            file: an mbox, gzipped or not, or a folder of messages (.eml, .mbox, Maildir).
            tasks: JSON lines, each {"question": text, "answer": text, number or a list of what is accepted}; null = a
                judge is to tell. With "message": the Message-ID in which it stands, helpers with fewer days are
                verified, too. A line may have "id", "difficulty", "kind" and "split".
            difficulty: one that lines name ("file" = of those that name none), several, or "all".

        Raises:
            InputError, MissingError: naming the file, the line and what is wrong.
            ConfigError: no question is of that difficulty.
        """
        read = read_mail(file)
        placed = read_placed(tasks, read.mailbox)
        asked = [each.asked for each in placed.values()]
        strange = any(read_question(each.question) is None for each in asked)
        env = (Unscripted if strange and cls is Mail else cls)("all", guard_own_goal=guard_own_goal)
        env._read, env._asked = read, placed
        env._chosen = chosen_of((each.difficulty for each in asked), difficulty, cls.levels, str(tasks))
        digest = f"{read.digest}-{digest_of(asked)}"
        env._names = {"rules": str(file), "tasks": str(tasks), "digest": digest}
        return env

    @classmethod
    def from_options(
        cls, player: Player, difficulty: str | None, rules: Path | None, tasks: Path | None, **settings: Any
    ) -> Mail:
        if rules is None and tasks is None:
            return super().from_options(player, difficulty, None, None, **settings)
        if rules is None or tasks is None:
            missing = flag_of("rules" if rules is None else "tasks", cls.name)
            raise ConfigError(f"{missing} is missing: a mailbox and questions come as two files")
        if unknown := settings.keys() - {"guard_own_goal"}:
            raise ConfigError(f"mail of files has no setting env.{min(unknown)}: it has guard_own_goal")
        return cls.from_mbox(rules, tasks, difficulty or "all", **settings)

    @property
    def opened(self) -> Mapping[str, Any]:
        if self._read is None:
            return super().opened
        settings = {"guard_own_goal": self._guard_own_goal}
        names = {"env": own_name(self), "difficulty": ",".join(self._chosen), **self._names}
        return {**names, "settings": settings}

    def tasks(self, split: str) -> Sequence[Task]:
        check_split(split)
        if self._read is None:
            return super().tasks(split)
        asked = [each.asked for each in self._asked.values() if each.asked.difficulty in self._chosen]
        return [self._task(each, self._read) for each in asked if each.split in (split, ANY)]

    def _task(self, asked: Asked, read: Read) -> Task:
        goal = launch_for(asked.question, read.mailbox.first, read.mailbox.last).goal
        answers = None if asked.answers is None else list(asked.answers)
        data = {"question": asked.question, "answers": answers, "digest": self._names["digest"]}
        data |= {"kind": asked.kind} if asked.kind else {}
        return Task(asked.id, goal, asked.difficulty, asked.split, data=data)

    def draw(self, difficulty: str, split: str, rng: Random) -> tuple[str, Mapping[str, Any]]:
        place = (difficulty, split, rng.randrange(MAILBOXES[split]))
        made = self._made(*place)
        matter = rng.choice(made.matters)
        goal = launch_for(matter.question, *made.days).goal
        return goal, {
            "question": matter.question,
            "answers": [matter.said[-1][1]],
            "mailbox": list(place),
            "letters": len(matter.said),
        }

    def _make_mailbox(self, difficulty: str, split: str, number: int) -> Made:
        return make(self.levels[difficulty], Random(f"mail/{self.seed}/{difficulty}/{split}/{number}"))

    def open(self, task: Task) -> MailWorld:
        question = task.data.get("question")
        if not isinstance(question, str):
            raise InputError(f"task {quoted(task.id)}: its data need a question")
        if self._read is not None:
            self._check_digest(task)
            mailbox, accepted = self._read.mailbox, self._accepted
        else:
            made = self._made(*self._place(task))
            mailbox, accepted = made.mailbox, made.accepted
        return MailWorld(mailbox, question, accepted, self._guard_own_goal)

    def _place(self, task: Task) -> tuple[str, str, int]:
        match task.data.get("mailbox"):
            case [str(level), str(split), int(number)] if level in self.levels and split in MAILBOXES:
                return level, split, number
        raise InputError(
            f"task {quoted(task.id)}: it has no mailbox that is made; if it is of files, give them (--data and "
            "--tasks), or in Python Mail.from_mbox"
        )

    def _check_digest(self, task: Task) -> None:
        if task.data.get("digest") != self._names["digest"]:
            raise InputError(f"task {quoted(task.id)} belongs to another mailbox, or to other questions")

    def _accepted(self, question: str, after: str, before: str) -> Sequence[str | float] | None:
        """What is known of a file's question: of fewer days only if its message is known."""
        placed = self._asked.get(" ".join(question.split()))
        if placed is None or placed.asked.answers is None or self._read is None:
            return None
        answers = placed.asked.answers
        if not (after or before):
            return answers
        days = [day for number in placed.numbers if (day := self._read.mailbox.heads[number - 1].date)]
        if not days:
            return None
        return answers if any(after <= day <= (before or day) for day in days) else ()

    def labels(self, task: Task) -> Mapping[str, str | int]:
        asked = read_question(task.data["question"])
        kind = {"kind": task.data["kind"]} if "kind" in task.data else {}
        return {"topic": asked[0].name if asked else "own", "letters": task.data.get("letters", 1), **kind}

    def play(self, request: TurnRequest, style: str, mistakes: Random | None) -> Action:
        return next_turn(request, style) if mistakes is None else mistake(request, mistakes)

    def flat_plan(self, task: Task) -> Sequence[Sequence[Call]]:
        """One search, one look at the message, the answer."""
        world = self.open(task)
        world.enter(ROOT, world.root())
        asked = read_question(task.data["question"])
        words, sender, number = task.data["question"][:MAX_WORDS], "", 0
        if self._read is not None:
            number = next(iter(self._asked[" ".join(task.data["question"].split())].numbers), 0)
        elif asked is not None:
            words, sender = subject_of(asked[0], asked[2]), asked[1]
            number = self._made(*self._place(task)).last(*asked)
        calls = [Call("search", (words, sender) if sender else (words,))]
        calls += [Call("read", (number,))] if number else []
        played = [replace(call, result=world.call(ROOT, call.name, call.args, {})) for call in calls]
        (answer, *_) = task.data["answers"] or [None]  # a judge is to tell
        return [*([call] for call in played), [Call("finish", (answer,))]]

    def short_goal(self, args: Mapping[str, Any]) -> str:
        return f"{args['question']} {args['after']} {args['before']}" if "question" in args else ""

    def short_result(self, call: Call) -> str:
        if call.error is None and call.name == "search":
            return "".join(f"{hit['id']} {hit['date']} {hit['subject'][:40]}\n" for hit in call.result)
        if call.error is None and call.name == "read":
            return f"{call.result.partition(chr(10) * 2)[2][:200]}\n"
        if call.name == "launch_subagent" and isinstance(call.result, (str, int)):
            return f"{str(call.result)[:60]}\n"
        return ""

    def __repr__(self) -> str:
        if self._read is None:
            return super().__repr__()
        asked = sum(each.asked.difficulty in self._chosen for each in self._asked.values())
        return f"Mail({self._read.described}, {counted(asked, 'question')})"


class Unscripted(Mail):
    """Of questions that no rule reads: it has no script."""

    play = None  # type: ignore[assignment]

"""Research: answer questions by search in a local corpus, as in DeepDive.

The corpus is an encyclopedia of a made-up world (`graph.py`, `articles.py`), or a user's own folder of texts with
questions (`folder.py`). It is indexed once for each environment, in memory.

    task.data = {"question": "Who founded ...?", "answer": [what is right] or null, "kind": "chain", "hops": 2,
                 "about": names in the question, "corpus": what it is asked of}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from os import PathLike
from pathlib import Path
from random import Random
from typing import Any, ClassVar

from rao_lab.base.calls import checked_call
from rao_lab.base.checks import flag, whole
from rao_lab.base.safe_text import quoted, unquoted
from rao_lab.base.warned import warn_user
from rao_lab.base.words import counted
from rao_lab.environments.asked import ANY, chosen_of, contradictions, digest_of, read_questions
from rao_lab.environments.drawn import Drawn, check_settings, check_split, own_name
from rao_lab.environments.named import Player
from rao_lab.environments.reading import path_of
from rao_lab.environments.research.articles import articles
from rao_lab.environments.research.corpus import Corpus
from rao_lab.environments.research.draw import LEVELS, Draw, Level
from rao_lab.environments.research.folder import NOTES_SAID, Folder, task_of
from rao_lab.environments.research.graph import Graph, make_graph
from rao_lab.environments.research.mistakes import mistaken_turn
from rao_lab.environments.research.questions import MAX_QUESTION, hops, names_in, parse, question
from rao_lab.environments.research.script import STYLES, flat_plan, next_turn
from rao_lab.environments.research.words import short_goal, short_result
from rao_lab.environments.research.world import GOAL, ResearchWorld
from rao_lab.errors import ConfigError, InputError
from rao_lab.protocols import Action, TurnRequest
from rao_lab.tree import Call, Task

KINDS = ("chain", "independent", "mixed")
DOCUMENTS = (300, 200_000)
"""Fewest and most of a made-up world: each part of it must have enough of everything."""


@checked_call
class Research(Drawn):
    """An `Environment` that is `Graded`, `Labelled`, `Scripted`, `Planned` and `Worded`.

    Args:
        difficulty: easy, medium, hard, extreme, several ("easy,medium" or a list) or "all".
        seed: of the made-up world and of all questions.
        documents: articles of the world.
        kinds: of questions: chain (each part needs the one before it), independent (compares or counts), mixed.
        guard_own_goal: refuse a launch with one's own question or that of a node above.

    Raises:
        ConfigError: a value means nothing.
    """

    name = "research"
    levels: ClassVar[Mapping[str, Level]] = LEVELS
    suits: ClassVar[Mapping[Player, str]] = {"tiny": "easy", "chat": "easy", "scripted": "medium"}
    styles = STYLES

    def __init__(
        self,
        difficulty: str | Sequence[str] = "medium",
        seed: int = 0,
        documents: int = 1500,
        kinds: str | Sequence[str] = KINDS,
        guard_own_goal: bool = True,
    ) -> None:
        self._kinds = _kinds(kinds)
        self.documents = whole("documents", documents, *DOCUMENTS)
        self._guard = flag("guard_own_goal", guard_own_goal)
        given = {"documents": documents, "kinds": ",".join(self._kinds), "guard_own_goal": guard_own_goal}
        super().__init__(difficulty, seed, **given)
        self._folder: Folder | None = None
        self._files: Sequence[Task] = ()
        self._names: dict[str, str] = {}
        """Of the folder and of the file of questions."""
        self._doubts: Sequence[str] = ()

    @property
    def notes(self) -> Sequence[str]:
        """Of a folder: what was left out or read in another encoding, and why; and of which questions the answers
        differ."""
        return (*(self._folder.notes if self._folder else ()), *self._doubts)

    @classmethod
    @checked_call
    def from_folder(
        cls,
        folder: str | PathLike[str],
        tasks: str | PathLike[str],
        difficulty: str | Sequence[str] = "all",
        guard_own_goal: bool = True,
    ) -> Research:
        """A folder of texts (txt, md) and a file of questions: JSON lines with "question" and "answer".

        Every split has all questions. If a line says "split", each split has its own, and test the lines without. An
        answer is a text, a number or a list of right ones; null = a judge is to tell. A line may have "id",
        "difficulty", "kind" and "hops". Unless all are asked in the words of the made-up world, there is no script
        and no plan.

        Raises:
            InputError: naming the file, the line and what is wrong.
            MissingError: there is no such folder or file.
            ConfigError: it holds no question of that difficulty.
        """
        found = Folder(path_of(folder))
        if found.notes:
            all_ = f" (all of them: rao-lab check {cls.name}, or env.notes in Python)"
            more = all_ if len(found.notes) > NOTES_SAID else ""
            warn_user(f"{unquoted(folder)}: {found.said_notes()}{more}")
        asked = read_questions(tasks, MAX_QUESTION, ("hops",))
        doubts = contradictions(asked)
        if doubts:
            warn_user(doubts[0] + (f" (and {len(doubts) - 1:,} more such lines)" if doubts[1:] else ""))
        strange = any(parse(each.question) is None for each in asked)
        kind = Unscripted if strange and cls is Research else cls
        env = kind("all", guard_own_goal=guard_own_goal)
        env._chosen = chosen_of((each.difficulty for each in asked), difficulty, cls.levels, str(tasks))
        env._files = [task_of(each, found.digest) for each in asked if each.difficulty in env._chosen]
        env._folder, env._doubts = found, doubts
        env._given = {"guard_own_goal": guard_own_goal}
        digest = f"{found.digest}-{digest_of(asked)}"
        env._names = {"rules": str(folder), "tasks": str(tasks), "digest": digest}
        return env

    @classmethod
    def from_options(
        cls, player: Player, difficulty: str | None, rules: Path | None, tasks: Path | None, **settings: Any
    ) -> Research:
        if rules is None and tasks is None:
            return super().from_options(player, difficulty, None, None, **settings)
        if rules is None or tasks is None:
            missing = "--data FOLDER" if rules is None else "--tasks FILE"
            raise ConfigError(f"{missing} is missing: texts and questions come together")
        check_settings("research of a folder", settings, ["guard_own_goal"])
        return cls.from_folder(rules, tasks, difficulty or "all", **settings)

    # The corpus

    @cached_property
    def graph(self) -> Graph:
        """What is true in the made-up world."""
        return make_graph(self.seed, self.documents)

    @cached_property
    def corpus(self) -> Corpus:
        """The index: made on first use, and read by all trees."""
        return self._folder.corpus if self._folder else Corpus(articles(self.graph, self.seed))

    @property
    def corpus_key(self) -> str:
        """What its questions are asked of."""
        return self._folder.digest if self._folder else f"{self.seed}/{self.documents}"

    @property
    def variant(self) -> str:
        return "-".join([str(self.seed), str(self.documents), *(self._kinds if self._kinds != KINDS else ())])

    # Tasks

    def tasks(self, split: str) -> Sequence[Task]:
        if self._folder is None:
            return super().tasks(split)
        check_split(split)
        return [task for task in self._files if task.split in (split, ANY)]

    def draw(self, difficulty: str, split: str, rng: Random) -> tuple[str, Mapping[str, Any]]:
        kind = rng.choice(self._kinds)
        asked = Draw(self.graph, split, self.levels[difficulty], rng).question(kind)
        answer = self.graph.answer(asked)
        words = question(asked)
        return GOAL + words, {
            "question": words,
            "answer": [] if answer is None else self.graph.accepted(answer),
            "kind": kind,
            "hops": hops(asked),
            "about": " + ".join(sorted(names_in(asked))),
            "corpus": self.corpus_key,
        }

    def open(self, task: Task) -> ResearchWorld:
        words, answers = task.data.get("question"), task.data.get("answer")
        if not isinstance(words, str) or not (answers is None or isinstance(answers, (list, tuple))):
            raise InputError(
                f"task {quoted(task.id)} is no question of research: its data lack question or answer"
            )
        corpus = task.data.get("corpus")
        if self._folder is None and isinstance(corpus, str) and "/" not in corpus:
            raise InputError(
                f"task {quoted(task.id)} is asked of a folder of texts, and this is the made-up world: give the folder "
                "and the questions (--data FOLDER --tasks FILE), or in Python Research.from_folder"
            )
        if corpus != self.corpus_key:
            raise InputError(
                f"task {quoted(task.id)} is asked of another corpus ({quoted(corpus)}) than this one "
                f"({self.corpus_key}): open it with the environment that made it"
            )
        graph = None if self._folder else self.graph
        return ResearchWorld(self.corpus, words, answers, graph, self._guard)

    def labels(self, task: Task) -> Mapping[str, str | int]:
        """The kind of the question, its hops, and what it is about."""
        known = {name: task.data[name] for name in ("kind", "hops", "about") if name in task.data}
        return known if "about" in known else {**known, "about": task.id}

    # Playing

    def play(self, request: TurnRequest, style: str, mistakes: Random | None) -> Action:
        thought, code = (
            next_turn(request, style) if mistakes is None else mistaken_turn(request, style, mistakes)
        )
        return Action(thought, code)

    def flat_plan(self, task: Task) -> Sequence[Sequence[Call]]:
        world = self.open(task)
        asked = parse(task.data["question"])
        return [] if asked is None else [[call] for call in flat_plan(world, asked)]

    def short_goal(self, args: Mapping[str, Any]) -> str:
        return short_goal(args)

    def short_result(self, call: Call) -> str:
        return short_result(call)

    @property
    def opened(self) -> Mapping[str, Any]:
        return {**super().opened, "env": own_name(self), **self._names}

    def __repr__(self) -> str:
        if self._folder is None:
            return super().__repr__()
        asked, texts = counted(len(self._files), "question"), counted(len(self.corpus), "text")
        return f"Research({asked} on {texts} of a folder, {self._folder.digest})"


class Unscripted(Research):
    """Of questions that no rule reads: it has neither a script nor a plan."""

    play = None  # type: ignore[assignment]
    flat_plan = None  # type: ignore[assignment]


def _kinds(kinds: str | Sequence[str]) -> tuple[str, ...]:
    given = kinds.split(",") if isinstance(kinds, str) else kinds
    fine = isinstance(given, (list, tuple)) and given and all(kind in KINDS for kind in given)
    if not fine:
        raise ConfigError(f"kinds={quoted(kinds)} means nothing: choose from {', '.join(KINDS)}")
    return tuple(kind for kind in KINDS if kind in given)

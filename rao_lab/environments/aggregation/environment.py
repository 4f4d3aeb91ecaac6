"""Aggregation: questions about every line of a context that no window holds.

A context is a sequence of lines. An agent sees its own part, reads it through calls, and may hand spans of it to
helpers. What is right is known for the root, and for every sub-question that has the form of a question of the preset.

    task.data = {"preset": "small", "lines": 32, "key": what the context is drawn from, "question": "How many ...?"}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from random import Random
from typing import Any, ClassVar

from rao_lab.base.calls import checked_call
from rao_lab.base.checks import choice, flag, whole
from rao_lab.base.safe_text import quoted
from rao_lab.environments.aggregation import script, small, words
from rao_lab.environments.aggregation.mistakes import mistaken_turn
from rao_lab.environments.aggregation.world import LinesWorld, launch_for
from rao_lab.environments.drawn import SPLITS, Drawn
from rao_lab.environments.named import Player
from rao_lab.errors import InputError
from rao_lab.protocols import Action, TurnRequest
from rao_lab.tree import Call, Task

MAX_LINES = 1_000_000
"""Lines of a context that is drawn."""
SHARES = {"train": 70, "dev": 15, "test": 15}
"""Per cent of all contexts that belong to each split."""


@checked_call
class Aggregation(Drawn):
    """An `Environment` that is `Graded`, `Labelled`, `Scripted`, `Planned` and `Worded`.

    Args:
        difficulty: one of easy, medium, hard, extreme (by the number of lines), several ("easy,medium" or a list) or
            "all".
        seed: of all contexts and questions.
        preset: "small": each line is a word, and a question asks how many words are of a kind.
        lines: of each context; None = as the difficulty says.
        at_once: lines that one call of `read` gives; None = the preset's.
        guard_own_goal: refuse a launch for one's own question about all of one's lines, or that of a node above.
        partial: a number that is not right counts 0.75 for each unit that it is off, as Oolong scores; otherwise 0.

    Raises:
        ConfigError: a value means nothing.
    """

    name = "aggregation"
    levels: ClassVar[Mapping[str, Sequence[int]]] = {
        "easy": (8,),
        "medium": (16, 24, 32),
        "hard": (48, 64, 80, 96),
        "extreme": (128, 160, 192, 224, 256),
    }
    suits: ClassVar[Mapping[Player, str]] = {"tiny": "medium", "chat": "easy", "scripted": "medium"}
    styles = script.STYLES

    def __init__(
        self,
        difficulty: str | Sequence[str] = "medium",
        seed: int = 0,
        preset: str = "small",
        lines: int | None = None,
        at_once: int | None = None,
        guard_own_goal: bool = True,
        partial: bool = False,
    ) -> None:
        given = {"preset": preset, "lines": lines, "at_once": at_once}
        self.guard_own_goal = flag("guard_own_goal", guard_own_goal)
        self.partial = flag("partial", partial)
        super().__init__(difficulty, seed, **given, guard_own_goal=guard_own_goal, partial=partial)
        self.preset = choice("preset", preset, ("small",))
        self.lines = None if lines is None else whole("lines", lines, least=1, most=MAX_LINES)
        self.at_once = whole("at_once", 8 if at_once is None else at_once, least=1, most=1000)
        self._known: dict[tuple[str, int], list[str]] = {}

    @property
    def variant(self) -> str:
        return f"{self.preset}-{self.seed}" + ("" if self.lines is None else f"-{self.lines}")

    def draw(self, difficulty: str, split: str, rng: Random) -> tuple[str, Mapping[str, Any]]:
        size = self.lines or rng.choice(self.levels[difficulty])
        asked = small.question(rng.choice(tuple(small.KINDS)))
        while True:
            key = f"{rng.getrandbits(64):016x}"
            if split_of(self._lines(key, size)) == split or size < 4:
                break
        data = {"preset": self.preset, "lines": size, "key": key, "question": asked}
        return launch_for(asked, 0, size).goal, data

    def _lines(self, key: str, size: int) -> list[str]:
        if (key, size) not in self._known:
            while len(self._known) > 8:
                self._known.pop(next(iter(self._known)))
            self._known[key, size] = small.make_lines(size, Random(f"{self.preset}/{key}"))
        return self._known[key, size]

    def _read(self, task: Task) -> tuple[str, int, str]:
        """The key, the size and the question of a task."""
        key, size, asked = (task.data.get(name) for name in ("key", "lines", "question"))
        own = task.data.get("preset") == self.preset
        if own and isinstance(key, str) and isinstance(asked, str) and type(size) is int:
            return key, min(max(size, 1), MAX_LINES), asked
        raise InputError(
            f"task {quoted(task.id)} is no task of aggregation with preset={self.preset!r}: its data need preset, "
            "lines, key and question"
        )

    def open(self, task: Task) -> LinesWorld:
        key, size, asked = self._read(task)
        source = small.Small(self._lines(key, size))
        return LinesWorld(source, asked, self.at_once, False, self.guard_own_goal, self.partial)

    def play(self, request: TurnRequest, style: str, mistakes: Random | None) -> Action:
        skill = small.Small()
        now = script.read(request, style, self.at_once, self.at_once)
        turn = script.next_turn(now, skill) if mistakes is None else mistaken_turn(now, skill, mistakes)
        return Action(*turn)

    def flat_plan(self, task: Task) -> Sequence[Sequence[Call]]:
        """Every line is read once, as many at a time as a call gives. An agent that skips one can only guess it."""
        key, size, asked = self._read(task)
        lines = self._lines(key, size)
        spans = [(start, min(size, start + self.at_once)) for start in range(0, size, self.at_once)]
        reads = [[Call("read", span, result=lines[slice(*span)])] for span in spans]
        answer = small.Small(lines).answer(asked, 0, size)
        return [*reads, [Call("finish", (None if answer is None else answer.wanted,))]]

    def labels(self, task: Task) -> Mapping[str, str | int]:
        """The kind of question, and how many lines the context has."""
        return {"kind": "count", "lines": task.data["lines"]}

    def short_goal(self, args: Mapping[str, Any]) -> str:
        return words.short_goal(args)

    def short_result(self, call: Call) -> str:
        return words.short_result(call)


def split_of(lines: Sequence[str]) -> str:
    """The split that a context belongs to: a context is of one split, whatever seed it comes from."""
    place = int.from_bytes(blake2b("\n".join(lines).encode(), digest_size=8).digest(), "big") % 100
    for split in SPLITS:
        place -= SHARES[split]
        if place < 0:
            return split
    raise AssertionError("the shares add up to 100")

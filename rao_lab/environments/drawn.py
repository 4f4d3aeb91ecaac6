"""What worlds have in common whose tasks are drawn: by difficulty, split and number, from a seed.

A world says its name, its difficulties, which of them suits which kind of policy, and draws a task. The rest, its
options on the command line and how a run opens it again, follows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import blake2b
from inspect import signature
from pathlib import Path
from random import Random
from typing import Any, ClassVar, Self, TypeVar, cast, overload

from rao_lab.base.cell import facts_html
from rao_lab.base.checks import MOST_SEED, whole
from rao_lab.base.safe_text import quoted, unquoted
from rao_lab.environments.named import FLAGS, Player
from rao_lab.errors import ConfigError, MissingError
from rao_lab.tree import Task

SPLITS = ("train", "dev", "test")
SIZES = {"train": 10_000, "dev": 300, "test": 300}
"""Tasks per difficulty and split."""
BEGIN = "call super().__init__(difficulty, seed, ...)"
MOST_DRAWS = 1000
"""Draws for one task. If only a seventh of what can be drawn is of a split, it comes in all but one of 10^60 cases."""
T = TypeVar("T")


class TaskList(Sequence[Task]):
    """Tasks that are made when they are asked for. The same number gives the same task."""

    def __init__(self, size: int, make: Callable[[int], Task]) -> None:
        self._size = size
        self._make = make

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, index: int) -> Task: ...
    @overload
    def __getitem__(self, index: slice) -> TaskList: ...
    def __getitem__(self, index: int | slice) -> Task | TaskList:
        if isinstance(index, slice):
            chosen = range(self._size)[index]
            return TaskList(len(chosen), lambda number: self._make(chosen[number]))
        if not -self._size <= index < self._size:
            raise IndexError(f"there is no task {index}: there are {self._size}")
        return self._make(index % self._size)

    def __repr__(self) -> str:
        return f"<{self._size} tasks>"


class _Unset:
    """What `Drawn.__init__` sets: whoever reads it before is told so, in place of an AttributeError."""

    def __get__(self, made: object, kind: type) -> _Unset:
        if made is None:
            return self
        raise ConfigError(f"{kind.__name__}.__init__ must {BEGIN}: do it in its first line")


class Drawn:
    """An `Environment` that is `Graded` and draws its tasks. The tasks of several difficulties alternate.

    Args:
        difficulty: one of `levels`, several ("easy,medium" or a list) or "all".
        seed: of everything that is drawn.
        given: the other arguments of the world, by name, as a run records them. Those that change its tasks belong
            into `variant`.

    Raises:
        ConfigError: a value means nothing.
    """

    name: str
    levels: ClassVar[Mapping[str, Any]]
    """Difficulty, easiest first -> what it means to `draw`."""
    suits: ClassVar[Mapping[Player, str]]
    """The difficulty that suits each kind of policy."""
    _chosen: tuple[str, ...] = cast(Any, _Unset())
    _given: dict[str, Any] = cast(Any, _Unset())

    def __init__(self, difficulty: str | Sequence[str], seed: int, **given: Any) -> None:
        self._chosen = choose(difficulty, self.levels)
        self.seed = whole("seed", seed, least=-MOST_SEED, most=MOST_SEED)
        self._given = {"seed": seed, **given}

    def draw(self, difficulty: str, split: str, rng: Random) -> tuple[str, Mapping[str, Any]]:
        """The goal and the data of one task. No content of one split is that of another."""
        raise NotImplementedError

    @property
    def variant(self) -> str:
        """What else its tasks depend on, as part of their ids."""
        return str(self.seed)

    @property
    def difficulties(self) -> Sequence[str]:
        return [name for name in dict.fromkeys([*self.levels, *self._chosen]) if name in self._chosen]

    def tasks(self, split: str) -> Sequence[Task]:
        check_split(split)
        return TaskList(SIZES[split] * len(self._chosen), lambda index: self._make(split, index))

    def _make(self, split: str, index: int) -> Task:
        number, place = divmod(index, len(self._chosen))
        level = self._chosen[place]
        id_ = f"{self.name}/{self.variant}/{level}/{split}/{number}"
        goal, data = self.draw(level, split, Random(id_))
        return Task(id=id_, goal=goal, difficulty=level, split=split, data=data)

    @classmethod
    def suited(cls, player: Player, **settings: Any) -> Self:
        """The difficulty that suits a kind of policy; `settings` are the world's own, over it."""
        return cls(**{"difficulty": cls.suits[player], **settings})

    @classmethod
    def from_options(
        cls, player: Player, difficulty: str | None, rules: Path | None, tasks: Path | None, **settings: Any
    ) -> Self:
        """As `rao_lab.environments.named.HasOptions` says. A world that reads files has its own."""
        if rules is not None or tasks is not None:
            flag, file = ("rules", rules) if rules is not None else ("tasks", tasks)
            raise ConfigError(f"{FLAGS[flag]} {unquoted(file)} has no meaning: {cls.name} reads no file")
        check_settings(cls.name, settings, list(signature(cls).parameters))
        return cls.suited(player, **({"difficulty": difficulty} if difficulty else {}), **settings)

    @property
    def opened(self) -> Mapping[str, Any]:
        """How it can be opened again: see `rao_lab.environments.named.Reopened`."""
        return {"env": own_name(self), "difficulty": ",".join(self._chosen), "settings": dict(self._given)}

    @property
    def _said(self) -> dict[str, Any]:
        return {name: value for name, value in self._given.items() if value is not None}

    def _repr_html_(self) -> str:
        return facts_html(self.name, {"difficulties": ", ".join(self._chosen), **self._said})

    def __repr__(self) -> str:
        given = ", ".join(f"{name}={value!r}" for name, value in self._said.items())
        return f"{type(self).__name__}({', '.join(self._chosen)}; {given})"


def split_of(content: str) -> str:
    """The split that a content belongs to, by its hash: 70 % train, 15 % dev, 15 % test."""
    place = int.from_bytes(blake2b(content.encode("utf-8", "replace"), digest_size=4).digest()) % 100
    return "train" if place < 70 else "dev" if place < 85 else "test"


def drawn_of(split: str, make: Callable[[], T], content: Callable[[T], str] = str) -> T:
    """What `make` draws, drawn again until its content is of the split: see `split_of`.

    Raises:
        ConfigError: it does not come, because too little can be drawn.
    """
    seen = set()
    for _ in range(MOST_DRAWS):
        made = make()
        if split_of(said := content(made)) == split:
            return made
        seen.add(said)
    raise ConfigError(
        f"too few different tasks: {MOST_DRAWS:,} draws gave {len(seen):,} different, and none of split "
        f"{quoted(split)}: let draw have more to draw from, such as more things or larger numbers"
    )


def check_split(split: str) -> None:
    """Refuses the name of a split that is none."""
    if split not in SPLITS:
        raise MissingError(f"no split {quoted(split)}: there are {', '.join(SPLITS)}")


def check_settings(world: str, settings: Iterable[str], taken: Sequence[str]) -> None:
    """Refuses a setting that a world does not take, with those that it takes."""
    own = [name for name in taken if name != "difficulty"]
    for name in settings:
        if name not in own:
            raise ConfigError(
                f"{world} has no setting env.{unquoted(name)}: it has {', '.join(own) or 'none'}"
            )


def own_name(environment: Any) -> str:
    """The name by which an environment is opened: a bundled one has its own, a class made from one its place."""
    kind = type(environment)
    bundled = kind.__module__.startswith("rao_lab.environments.")
    return str(environment.name) if bundled else f"{kind.__module__}:{kind.__qualname__}"


def choose(difficulty: str | Sequence[str], levels: Iterable[str]) -> tuple[str, ...]:
    """The chosen difficulties, in the order in which they were named.

    Raises:
        ConfigError: there is no such difficulty.
    """
    known = tuple(levels)
    given = difficulty.split(",") if isinstance(difficulty, str) else difficulty
    listed = isinstance(given, (list, tuple)) and all(isinstance(name, str) for name in given)
    chosen = tuple(dict.fromkeys(name.strip() for name in given)) if listed else ()
    if chosen == ("all",):
        return known
    if not chosen or not set(known) >= set(chosen):
        names = unquoted(", ".join(known))
        raise ConfigError(f"difficulty={quoted(difficulty)} means nothing: choose from {names} or all")
    return chosen

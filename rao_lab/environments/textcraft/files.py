"""Reads recipes and tasks in the format of TextCraft-Synth.

Files are not trusted. They are read once and from front to back, so that a pipe will do; their bytes, lines and
elements are counted as they come, and reading stops at the bound. Each error names the file, the line and the
reason.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from io import BufferedIOBase
from os import PathLike
from pathlib import Path
from typing import Any

from rao_lab.base.safe_text import quoted, unquoted
from rao_lab.environments.drawn import TaskList
from rao_lab.environments.textcraft.book import closure
from rao_lab.environments.textcraft.recipes import Recipe, heights
from rao_lab.environments.textcraft.tasks import MAX_COUNT, item_counts
from rao_lab.environments.textcraft.world import goal_text
from rao_lab.errors import ConfigError, InputError, MissingError, RaoLabError
from rao_lab.tree import Task
from rao_lab.tree.values import loads

MAX_BYTES = 256 * 2**20
"""Largest file of tasks, after decompression."""
MAX_BOOK = 32 * 2**20
"""Largest file of recipes, which has to be read whole."""
MAX_LINE = 2**20
"""Longest line of a file of tasks, in bytes; the authors' longest has 64,000."""
MAX_LINES = 1_000_000
"""Lines of a file of tasks, blank ones included."""
MAX_ITEMS = 2_000_000
"""Counts of items that all tasks of a file may hold together, and elements of a file of recipes: a hundred bytes
each, once they are read."""


@dataclass(frozen=True)
class FoundTasks:
    """What a task file holds. A task gets its recipes when it is asked for."""

    recipes: Mapping[str, Recipe]
    lines: Sequence[Task]
    """Tasks without recipes."""
    difficulties: Mapping[str, tuple[int, int]]
    """Difficulty -> lowest and highest tier of its targets."""

    @property
    def digest(self) -> str:
        """Differs if recipes or tasks do."""
        digest = blake2b(repr(sorted(self.recipes.items())).encode("utf-8", "replace"), digest_size=8)
        for task in self.lines:
            digest.update(repr(task).encode("utf-8", "replace"))
        return digest.hexdigest()

    def only(self, difficulties: Sequence[str]) -> Sequence[Task]:
        chosen = [task for task in self.lines if task.difficulty in difficulties]
        return TaskList(len(chosen), lambda index: _with_recipes(chosen[index], self.recipes))


def read_tasks(recipes: str | PathLike[str], tasks: str | PathLike[str]) -> FoundTasks:
    """Reads both files and checks them against each other.

    Raises:
        InputError, MissingError: see `TextCraft.from_files`.
    """
    book = read_recipes(recipes)
    height = heights(book, book)
    path = _path(tasks)
    found: list[Task] = []
    bands: dict[str, tuple[int, int]] = {}
    room = MAX_ITEMS
    for number, line in _lines(path):
        where = f"{_said(path)}, line {number}"
        # Ids go into run files, which hold no paths.
        task = _task(_json(line, where), f"{path.name}/{number}", where, book)
        tier = max(height[item] for item in task.data["targets"])
        low, high = bands.get(task.difficulty, (tier, tier))
        bands[task.difficulty] = (min(low, tier), max(high, tier))
        found.append(task)
        room -= 1 + len(task.data["targets"]) + len(task.data["inventory"])
        if room < 0:
            raise InputError(f"{where}: the tasks hold more than {MAX_ITEMS} counts of items: split the file")
    if not found:
        raise InputError(f"{_said(path)} holds no tasks: expected one JSON object a line")
    return FoundTasks(book, found, bands)


def read_recipes(file: str | PathLike[str]) -> dict[str, Recipe]:
    """Recipes by item.

    Raises:
        InputError, MissingError: see `TextCraft.from_files`.
    """
    path = _path(file)
    said = _said(path)
    value = _json(_read(path), said)
    entries = value.get("recipes") if isinstance(value, dict) else None
    if not isinstance(entries, dict) or not entries:
        raise InputError(f'{said} must be a JSON object with "recipes": {{item: [recipe]}}')
    recipes = {}
    for item, choices in entries.items():
        where = f"{said}: the recipe of {quoted(item)}"
        if not isinstance(choices, list) or len(choices) != 1 or not isinstance(choices[0], dict):
            raise InputError(f"{where} must be a list of one object (one recipe an item)")
        ingredients = item_counts(choices[0].get("ingredients"), where, least=1)
        if not ingredients:
            raise InputError(f"{where} has no ingredients")
        yielded = item_counts({item: choices[0].get("result_count", 1)}, f"{where}, result_count", least=1)
        recipes[item] = Recipe(ingredients, yielded[item])
    try:
        heights(recipes, recipes)
    except InputError as error:
        raise InputError(f"{said}: {error}") from None
    return recipes


def _task(value: Any, default_id: str, where: str, recipes: Mapping[str, Recipe]) -> Task:
    if not isinstance(value, dict) or not isinstance(value.get("misc"), dict):
        raise InputError(f'{where}: a task must be an object with "misc"')
    misc = value["misc"]
    targets = item_counts(misc.get("target_items"), f"{where}: target_items", least=1)
    if not targets:
        raise InputError(f"{where}: target_items is empty: name at least one item")
    for item in targets:
        if item not in recipes:
            raise InputError(f"{where}: no recipe makes the target {quoted(item)}")
    inventory = item_counts(misc.get("initial_inventory"), f"{where}: initial_inventory", least=0)
    steps = value.get("max_steps")
    if steps is not None and (
        isinstance(steps, bool) or not isinstance(steps, int) or not 0 < steps <= MAX_COUNT
    ):
        raise InputError(f"{where}: max_steps must be a whole number, at least 1")
    texts = {
        "id": value.get("id", default_id),
        "goal": value.get("goal", goal_text(targets)),
        "difficulty": misc.get("difficulty", "unknown"),
    }
    for name, text in texts.items():
        if not isinstance(text, str) or len(text) > 10_000:
            raise InputError(f"{where}: {name} must be a text of at most 10,000 characters")
    data = {"targets": targets, "inventory": inventory, "origin": targets}
    return Task(texts["id"], texts["goal"], texts["difficulty"], "file", steps, data)


def _with_recipes(task: Task, recipes: Mapping[str, Recipe]) -> Task:
    """The task with the recipes that it or its inventory needs."""
    data = task.data
    wanted = {**data["inventory"], **data["targets"]}
    needed = {
        item: [dict(recipe.ingredients), recipe.result_count]
        for item in closure(recipes, wanted)
        if (recipe := recipes.get(item)) is not None
    }
    return Task(task.id, task.goal, task.difficulty, task.split, task.max_steps, {**data, "recipes": needed})


def _read(path: Path) -> str:
    """The text of a whole file."""
    with _opened(path) as file:
        data = file.read(MAX_BOOK + 1)
        _check_size(path, len(data), MAX_BOOK)
        return _decoded(data, _said(path))


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines that are not blank, with their numbers. Only a line feed ends a line: a text may hold any other
    character that Unicode takes for an end."""
    with _opened(path) as file:
        number = size = 0
        while line := file.readline(MAX_LINE + 1):
            number += 1
            size += len(line)
            _check_size(path, size, MAX_BYTES)
            where = f"{_said(path)}, line {number}"
            if len(line) > MAX_LINE:
                raise InputError(f"{where} is longer than {MAX_LINE // 2**20} MiB: put one task on each line")
            if number > MAX_LINES:
                raise InputError(f"{where}: at most {MAX_LINES} lines are read: split the file")
            if line.strip():
                yield number, _decoded(line, where)


@contextmanager
def _opened(path: Path) -> Iterator[BufferedIOBase]:
    """The file, unzipped if it is zipped. It is opened once, because a pipe cannot be read again."""
    said = _said(path)
    try:
        with path.open("rb") as file:
            zipped = file.peek(2)[:2] == b"\x1f\x8b"
            yield gzip.GzipFile(fileobj=file) if zipped else file
    except RaoLabError:
        raise
    except FileNotFoundError:
        raise MissingError(f"no file {said}: check the path") from None
    except OSError as error:
        raise InputError(f"{said} cannot be read: {error.strerror or error}") from None
    except (EOFError, zlib.error, ValueError) as error:  # ValueError: no path can be spelled so
        raise InputError(f"{said} cannot be read: {error}") from None


def _check_size(path: Path, size: int, most: int) -> None:
    if size > most:
        raise InputError(f"{_said(path)} is larger than {most // 2**20} MiB: not read")


def _decoded(data: bytes, where: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{where} is not UTF-8 text: byte {error.start}") from None


def _path(file: Any) -> Path:
    if not isinstance(file, (str, PathLike)):
        raise ConfigError(f"a path of a file is due, not {quoted(file)}")
    return Path(file)


def _said(path: Path) -> str:
    return unquoted(path)


def _json(text: str, where: str) -> Any:
    try:
        return loads(text, MAX_ITEMS)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None

"""Which tasks the steps of a run tried, read without their trees: one query, however many steps there are."""

from __future__ import annotations

from contextlib import suppress
from typing import NamedTuple

from rao_lab.errors import RunFileError
from rao_lab.store.cells import cells, names
from rao_lab.store.columns.bytes import Allowance
from rao_lab.store.reader import Run
from rao_lab.store.rows.decode import task_from_text
from rao_lab.store.rows.texts import Texts
from rao_lab.tree import Task

_TREE = "step, task, difficulty"
_QUERY = (
    "SELECT step, task, difficulty FROM trees WHERE probe = ? AND done = 1 AND nodes NOT NULL AND origin IS NULL"
    " GROUP BY step, grp, task, difficulty ORDER BY step, grp"
)


class Tried(NamedTuple):
    """A task that a step has finished trees of."""

    step: int
    task: str
    """Its id."""
    goal: str
    difficulty: str


def tried_tasks(run: Run, probe: bool) -> list[Tried]:
    """The tasks of a run by step and group; what cannot be read is left out, as `Run.problems` says.

    Args:
        probe: those of probes; otherwise those that were trained on.
    """
    tasks: dict[int, Task | None] = {}
    found = []
    with run._file.reading() as connection:
        texts = Texts(connection, Allowance.of(connection))
        for row in connection.execute(_QUERY, (probe,)).fetchall():
            with suppress(RunFileError):
                ((step, task, difficulty),) = cells("trees", names(_TREE), [row])
                if task not in tasks:
                    tasks[task] = None  # if it cannot be read, it is not read again
                    tasks[task] = task_from_text(texts, task)
                if (known := tasks[task]) is not None:
                    found.append(Tried(step, known.id, known.goal, texts.text(difficulty)))
    return found

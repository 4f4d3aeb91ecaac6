"""A finished step of a session: its numbers are at hand, and its trees are in the run file.

The trees of a step are megabytes, so a session that kept them would grow by that with each step.
"""

from __future__ import annotations

from pathlib import Path

from rao_lab.credit import Attributions
from rao_lab.store import open_run
from rao_lab.training.metrics import TrainStep
from rao_lab.tree import Group


class KeptStep(TrainStep):
    """A `TrainStep` whose groups, probes and attributions are read from the run file each time they are asked for.

    They raise a `RaoLabError` if the file has been moved or is damaged.
    """

    def __init__(self, made: TrainStep, path: Path) -> None:
        plain = {
            "step": made.step,
            "metrics": made.metrics,
            "seconds": made.seconds,
            "warnings": made.warnings,
        }
        about = {"_path": path, "_trees": made.tree_counts, "_credited": made.attributions is not None}
        vars(self).update(plain | about)  # what is frozen refuses assignments

    @property
    def groups(self) -> tuple[Group, ...]:
        with open_run(self._path) as run:
            return tuple(run.groups(self.step))

    @property
    def probes(self) -> tuple[Group, ...]:
        with open_run(self._path) as run:
            return tuple(run.groups(self.step, probe=True))

    @property
    def attributions(self) -> Attributions | None:
        if not self._credited:
            return None
        with open_run(self._path) as run:
            return run.attributions(self.step)

    @property
    def tree_counts(self) -> tuple[int, int]:
        return self._trees

    _path: Path
    _trees: tuple[int, int]
    _credited: bool

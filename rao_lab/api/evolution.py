"""The same tasks over training, at hand or in a run file."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from rao_lab.base.calls import checked_call
from rao_lab.views.evolution import evolution as gathered
from rao_lab.views.evolution.columns import columns_of
from rao_lab.views.evolution.text import evolution_text
from rao_lab.views.explorer.shown import Shown, source_of


@dataclass(frozen=True, eq=False, repr=False)
class Evolution(gathered.Evolution):
    """The trees of tasks that come back, a column a step; `print` it for a table of tasks by steps.

    >>> found = rl.evolution(rl.open_run("runs/a.rao"))
    >>> found.steps, found.tasks, found.trends
    ([], [], [])
    """

    def __str__(self) -> str:
        return evolution_text(self)

    def _repr_html_(self) -> str:
        style = "font:12px/1.35 Menlo,Consolas,'DejaVu Sans Mono',monospace"
        return f'<pre style="{style}">{escape(str(self))}</pre>'


@checked_call
def evolution(shown: Shown, of: str | None = None) -> Evolution:
    """What a policy makes of the same tasks step after step.

        >>> found = rl.evolution([rl.Group(task, (tree,), step, probe=True) for step in (0, 5)])
        >>> found.steps, [row.solved for row in found.trends]
        ([0, 5], [1.0, 1.0])
        >>> found.diff(0, 5).first is None
        True

    `found.trees` has a row a tree and `found.trends` a row a step, for pandas as they are; `found.diff(a, b, task)`
    aligns two trees of a task; `print(found)` shows a table of tasks by steps, and `rl.figures.evolution(found)` the
    trends as a picture.

    Args:
        shown: a run, a session, or groups and steps at hand.
        of: "probes", the tasks that are sampled every `probe_every` steps with the same noise and never trained, or
            "training", tasks that came back by chance; by default the probes, if there are any.

    Raises:
        ConfigError: `of` names no kind.
        InputError: nothing that has trees.
        RunFileError: it cannot be read.
    """
    source = source_of(shown)
    return Evolution(source, columns_of(source, of))

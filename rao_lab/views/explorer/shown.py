"""What an Explorer can be given, and the source that each kind becomes."""

from __future__ import annotations

from collections.abc import Iterable

from rao_lab.credit import CreditConfig
from rao_lab.evaluation.forks import Forks
from rao_lab.store import Run, Trace
from rao_lab.training.metrics import TrainStep
from rao_lab.tree import Group, Tree
from rao_lab.views.explorer.beside import set_beside
from rao_lab.views.explorer.forks import ForksSource
from rao_lab.views.explorer.from_records import RecordSource, StepSource, TraceSource, as_groups
from rao_lab.views.explorer.from_run import RunSource
from rao_lab.views.explorer.from_session import SessionSource, Watched
from rao_lab.views.explorer.source import Source

Shown = (
    Tree
    | Group
    | TrainStep
    | Run
    | Trace
    | Watched
    | Forks
    | Iterable[Tree]
    | Iterable[Group]
    | Iterable[TrainStep]
    | Iterable[Run]
)


def source_of(shown: Shown, config: CreditConfig | None = None) -> Source:
    """The source of what is given.

    Args:
        config: the rule that credits trees at hand; a run and a step of training bring their own.

    Raises:
        InputError: nothing that can be shown.
    """
    if isinstance(shown, Run):
        return RunSource(shown)
    if isinstance(shown, list | tuple) and shown and all(isinstance(item, Run | Watched) for item in shown):
        first = source_of(shown[0])
        set_beside(first, [source_of(other) for other in shown[1:]])
        return first
    if isinstance(shown, Trace):
        return TraceSource(shown, config)
    if isinstance(shown, TrainStep):
        return StepSource([shown])
    if isinstance(shown, Forks):
        return ForksSource([shown])
    if isinstance(shown, list | tuple) and shown and all(isinstance(item, Forks) for item in shown):
        return ForksSource(shown)
    if isinstance(shown, Watched):
        return SessionSource(shown)
    if isinstance(shown, list | tuple) and shown and all(isinstance(item, TrainStep) for item in shown):
        return StepSource(shown)
    return RecordSource(as_groups(shown), config)

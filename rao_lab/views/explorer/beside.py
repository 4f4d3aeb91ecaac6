"""Runs whose curves are drawn over each other: their names, their metrics, and the settings that differ."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rao_lab.base.safe_text import one_line
from rao_lab.errors import ConfigError
from rao_lab.evaluation.compare_runs import probe_tasks_apart
from rao_lab.store import differences
from rao_lab.views.explorer.curves import Curves
from rao_lab.views.explorer.question import Argument, Asked, Given
from rao_lab.views.explorer.source import Source
from rao_lab.views.explorer.table import StepTable

MOST = 5
"""Runs beside the first: more dashes cannot be told apart."""
NAME_LIMIT = 24


def set_beside(source: Source, others: Sequence[Source]) -> None:
    """Draws the curves of other runs over those of a source.

    Raises:
        ConfigError: one of them has no curves, or they are too many.
    """
    if not others:
        return
    if len(others) > MOST:
        raise ConfigError(
            f"{len(others)} runs beside the first are too many to tell apart: give at most {MOST}"
        )
    if not all(each.status() for each in (source, *others)):
        raise ConfigError("only runs and sessions have curves: trees alone cannot stand beside each other")
    source.beside = tuple(others)


def run_names(sources: Iterable[Source]) -> list[str]:
    """By their files; a name that comes again gets its place."""
    stems = [one_line(source.title.removesuffix(".rao"), NAME_LIMIT) or "run" for source in sources]
    return [f"{stem} ({place})" if stems.count(stem) > 1 else stem for place, stem in enumerate(stems, 1)]


def differing(sources: Sequence[Source]) -> dict[str, tuple[str, ...]]:
    """What is not the same in all: the probe tasks, and the settings."""
    probes = probe_tasks_apart([source.metrics() for source in sources])
    told = {} if probes is None else {"probe tasks": probes}
    return told | differences([source.settings() for source in sources])


def beside_answer(asked: Asked) -> Given:
    """Names of all runs, the curves of those beside the first, and what differs."""
    source = asked.source
    runs = [source, *source.beside]
    answer: dict[str, Any] = {
        "names": run_names(runs),
        "runs": [Curves.of(other.metrics()).to_json() for other in source.beside],
        "differ": [[name, list(values)] for name, values in differing(runs).items()],
    }
    return answer, ()


def beside_saved(source: Source, table: StepTable | None) -> list[Sequence[Argument]]:
    """A page carries them once."""
    return [()] if table is None and source.beside else []

"""The metrics of a run as columns: what the board draws, once for each step.

The other half is `widgets/src/board/measures.js`, which knows what the names mean; here they are only
flattened ("success_by_difficulty/medium/success") and shortened.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import isfinite
from typing import Any

from rao_lab.views.explorer.catalogue import metric_names

MOST_COLUMNS = 400
MOST_OF_ONE = 60
"""Kinds of refusals and difficulties are words of an environment: their number is bounded here, metric by metric."""
NAME_LIMIT = 60
DIGITS = 5


class Curves:
    """Columns that grow by a step at a time; a step that was run again takes its place."""

    def __init__(self) -> None:
        self._rows: dict[int, dict[str, float]] = {}

    def put(self, step: int, metrics: Mapping[str, Any]) -> None:
        self._rows[step] = dict(_flat("", {name: metrics.get(name) for name in metric_names()}))

    @classmethod
    def of(cls, rows: Iterable[Mapping[str, Any]]) -> Curves:
        """From the metrics of a run file: one mapping a step, each with its "step"."""
        curves = cls()
        for row in rows:
            step = row.get("step")
            if isinstance(step, int) and not isinstance(step, bool):
                curves.put(step, row)
        return curves

    @property
    def steps(self) -> list[int]:
        return sorted(self._rows)

    def success(self, step: int) -> float | None:
        """Share of roots solved, of the trained ones or else of the probes."""
        row = self._rows.get(step, {})
        return row.get("success", row.get("probe_success"))

    def to_json(self) -> dict[str, Any]:
        """{"step": [...], "columns": {name: [...]}}; null if a step has no such number."""
        steps = self.steps
        names: list[str] = []
        of_one: Counter[str] = Counter()
        for name in dict.fromkeys(name for step in steps for name in self._rows[step]):
            of_one[name.split("/")[0]] += 1
            if of_one[name.split("/")[0]] <= MOST_OF_ONE and len(names) < MOST_COLUMNS:
                names.append(name)
        columns = {name: [self._rows[step].get(name) for step in steps] for name in names}
        return {"step": steps, "columns": columns}


def _flat(prefix: str, values: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for name, value in values.items():
        path = prefix + str(name)[:NAME_LIMIT].replace("/", " ")
        if isinstance(value, Mapping):
            yield from _flat(path + "/", value)
        elif isinstance(value, int | float) and isfinite(value):
            yield path, _short(value)


def _short(value: float) -> float:
    """Five digits tell a curve; counts stay whole."""
    return value if isinstance(value, int) else float(f"{value:.{DIGITS}g}")


def marks(steps: Sequence[int], curves: Curves) -> list[list[float | int | None]]:
    """[step, share of roots solved or null] for the scrubber."""
    return [[step, curves.success(step)] for step in steps]

"""The credit of one tree by path, from the columns of its step."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rao_lab.credit import WHY_NOT
from rao_lab.views.explorer.table import StepTable


class Earned(NamedTuple):
    """What a picture shows of a node's credit."""

    R: float | None
    A: float | None
    c: float | None
    why_not: str | None


def credit_of(table: StepTable, place: int) -> dict[str, Earned] | None:
    """The credit of one tree by path, from the table's columns."""
    credit = table.credit
    if credit is None or np.isnan(credit["A"]).all():
        return None  # a tree alone has no advantages, and its own success stands without them
    rows = table.rows_of(place)
    numbers = ([None if each != each else each for each in credit[name][rows].tolist()] for name in "RAc")
    why = (WHY_NOT[code] if code < len(WHY_NOT) else "probe" for code in credit["why"][rows].tolist())
    paths = [table.path[row] for row in rows.tolist()]
    return dict(zip(paths, map(Earned, *numbers, why), strict=True))

"""The moving baseline: for each depth, an exponential mean of R over the steps before.

It is a state that goes from step to step: the trainer keeps it, a checkpoint holds it, and every step's credit is
stored with the means that it was compared with. So the advantage of a node does not depend on the step it is in,
except for the first step in which a depth occurs: its nodes are compared with that step's own mean.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rao_lab.base.safe_text import quoted
from rao_lab.credit.config import CreditConfig
from rao_lab.credit.pools import Pools
from rao_lab.credit.table import Floats, NodeTable
from rao_lab.errors import RecordError
from rao_lab.tree.ranges import REAL

NO_MEANS: Floats = np.zeros(0)
"""Before the first step."""


def step_means(table: NodeTable, returns: Floats) -> Floats:
    """Mean R at each depth of a step, over its scored nodes that ended by themselves: `[D + 1]`, NaN if there are
    none."""
    rows = np.flatnonzero(~np.isnan(returns) & ~table.cancelled)
    depth = table.depth[rows].astype(np.int64)
    return Pools.of(returns[rows], depth, int(table.depth.max(initial=-1)) + 1).mean()


def compared_with(before: Floats, own: Floats) -> Floats:
    """The baseline of each depth of a step: the mean so far, or the step's own if there is none yet: `[D + 1]`."""
    known = np.full(len(own), np.nan)
    known[: len(before)] = before[: len(own)]
    return np.where(np.isnan(known), own, known)


def carried(config: CreditConfig, before: Floats, table: NodeTable, returns: Floats) -> Floats:
    """The means `before` a step, moved by its returns `[N]`."""
    own = step_means(table, returns)
    depths = max(len(before), len(own))
    old, new = (np.concatenate([part, np.full(depths - len(part), np.nan)]) for part in (before, own))
    moved = config.kept * old + (1.0 - config.kept) * new
    return np.where(np.isnan(old), new, np.where(np.isnan(new), old, moved))


def means_to_json(means: Floats) -> list[float | None]:
    """The means `[D + 1]` for a record; None for NaN."""
    return [None if mean != mean else mean for mean in means.tolist()]


def means_from_json(said: Any) -> Floats | None:
    """The inverse; None if there are none.

    Raises:
        RecordError: they are no means.
    """
    if said is None:
        return None
    if not (isinstance(said, list) and all(mean is None or REAL.holds(mean) for mean in said)):
        raise RecordError(f"the means of a moving baseline are {quoted(said)}")
    return np.array([np.nan if mean is None else mean for mean in said], np.float64)

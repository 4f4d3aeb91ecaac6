"""Returns that are compared with each other: those of one pool, such as the roots of a task or the children of a node.

A pool's mean is kept as its least value and the sum of what stands above that: so the mean of equal returns equals
them to the last bit, and an advantage of 0 is exactly 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rao_lab.credit.table import Floats, Ints


@dataclass(frozen=True, slots=True)
class Pools:
    """P pools of values: three columns `[P]`."""

    least: Floats
    """NaN = the pool is empty."""
    above: Floats
    """Sum of the differences from the least."""
    count: Floats

    @classmethod
    def of(cls, values: Floats, pool: Ints, pools: int) -> Pools:
        """Values `[M]`, none of them NaN, and the pool of each `[M]`."""
        least = np.full(pools, np.inf)
        np.minimum.at(least, pool, values)
        least[np.isinf(least)] = np.nan
        above = np.bincount(pool, weights=values - least[pool], minlength=pools).astype(np.float64)
        return cls(least, above, np.bincount(pool, minlength=pools).astype(np.float64))

    def mean(self) -> Floats:
        """`[P]`; NaN = the pool is empty."""
        return self.least + np.divide(
            self.above, self.count, out=np.full(len(self.count), np.nan), where=self.count > 0
        )

    def without(self, own: Floats, pool: Ints) -> Floats:
        """Mean of each row's pool without the row's own value: `[R]`; NaN = nothing else is in it.

        Args:
            own: `[R]` the value to leave out; NaN = it is not in the pool.
            pool: `[R]`.
        """
        inside = ~np.isnan(own)
        others = self.count[pool] - inside
        rest = self.above[pool] - np.where(inside, own - self.least[pool], 0.0)
        return self.least[pool] + np.divide(rest, others, out=np.full(len(own), np.nan), where=others > 0)

    def spread(self, values: Floats, pool: Ints) -> Floats:
        """Population standard deviation `[P]`, 0 if empty; `values` and `pool` as given to `of`."""
        many = np.maximum(self.count, 1.0)
        off = values - (self.least + self.above / many)[pool]
        return np.sqrt(np.bincount(pool, weights=off * off, minlength=len(many)) / many)


def mean_of(values: Floats, key: Ints) -> Floats:
    """Mean over the rows of the same key, for each row `[N]`; NaN counts nowhere, a negative key has no pool."""
    pools, keyed, place = _keyed(values, key)
    found = np.full(len(values), np.nan)
    found[keyed] = pools.mean()[place]
    return found


def others_mean(values: Floats, key: Ints) -> Floats:
    """As `mean_of`, without the own row."""
    pools, keyed, place = _keyed(values, key)
    found = np.full(len(values), np.nan)
    found[keyed] = pools.without(values[keyed], place)
    return found


def _keyed(values: Floats, key: Ints) -> tuple[Pools, Ints, Ints]:
    """The pools, the rows that have one, and which `[K]` each."""
    keyed = np.flatnonzero(key >= 0)
    names, place = np.unique(key[keyed], return_inverse=True)
    known = ~np.isnan(values[keyed])
    return Pools.of(values[keyed][known], place[known], len(names)), keyed, place

"""Intervals by resampling, for trees that share target items and training seeds.

Tasks with the same item are alike, and so are all tasks of one trained policy. Items and seeds are therefore drawn
with replacement, each by itself, and a tree counts as often as its item times its seed was drawn (the pigeonhole
bootstrap, Owen 2007). Two arms are paired by task: a tree of one stands beside the tree of the other with the same
task and seed, and both are drawn together.

That draw counts the noise of single trees three times and the few seeds as if they were many. So its spread is set to

    V = V(items) + V(seeds) - V(cells),    each n / (n - 1) of what drawing only items, seeds or cells gives

(Cameron, Gelbach and Miller 2011), the quantile is that of t at Satterthwaite's degrees of freedom, and the shape is
that of the draws. To that of a difference comes what one tree more that disagrees would add. A share has Wilson's
interval with the size that V is worth, as in `clustered.py`. `tests/evaluation/test_bootstrap.py`
holds the coverage: 91 to 95 of 100 with 40 items and 5 seeds.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rao_lab.base.words import fixed
from rao_lab.errors import ConfigError
from rao_lab.evaluation.clustered import LEVEL, t_quantile
from rao_lab.evaluation.intervals import Z95, wilson

Floats = NDArray[np.float64]
RESAMPLES = 4_000
FEWEST = 2_000
Formula = Callable[[Floats], Floats]
"""From sums over trees [..., K] to a figure [...]. It may divide by 0: such draws are left out."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float
    trees: int
    """Scored ones, or pairs of them."""
    items: int
    """Different ones among them, as is the next."""
    seeds: int
    error: float
    """Standard error: the root of V."""

    def to_dict(self) -> dict[str, float]:
        return {name: getattr(self, name) for name in self.__slots__}

    def __str__(self) -> str:
        return f"{fixed(self.value, 2)} [{fixed(self.low, 2)}, {fixed(self.high, 2)}]"


def share(
    values: Sequence[float | None],
    items: Sequence[Hashable],
    seeds: Sequence[Hashable] | None = None,
    resamples: int = RESAMPLES,
) -> Interval | None:
    """Mean success with its interval; None if nothing was scored.

    Args:
        values: of each tree its success in [0, 1]; None or NaN = not scored.
        items, seeds: of each tree what it shares with others. Without seeds, all have the same.
        resamples: at least 2,000. They are the same in each call.
    """
    drawn = _draw(_column(values), items, seeds, resamples)
    if drawn is None:
        return None
    p = min(1.0, max(0.0, drawn.value))
    size = float(drawn.items)
    if 0 < p < 1 and drawn.variance > 0:
        size = min(max(p * (1 - p) / drawn.variance, 1.0), float(drawn.trees))
    scale = Z95 / drawn.quantile
    low, high = wilson(p * size * scale**2, size * scale**2)
    return drawn.interval(low, high)


def difference(
    first: Sequence[float | None],
    second: Sequence[float | None],
    items: Sequence[Hashable],
    seeds: Sequence[Hashable] | None = None,
    resamples: int = RESAMPLES,
) -> Interval | None:
    """First minus second, paired: both have one value a (task, seed), in the same order.

    None if nothing was scored by both. The others as in `share`.
    """
    drawn = _draw(_column(first) - _column(second), items, seeds, resamples)
    if drawn is None:
        return None
    least = drawn.items / drawn.trees / (drawn.items + 2) ** 2
    low, high = drawn.reach(sqrt(drawn.variance + least))
    return drawn.interval(max(-1.0, low), min(1.0, high))


def figure(
    columns: Sequence[Sequence[float | None]],
    formula: Formula,
    items: Sequence[Hashable],
    seeds: Sequence[Hashable] | None = None,
    resamples: int = RESAMPLES,
) -> Interval | None:
    """Any figure that is made of sums over trees, such as a ratio of sums or a difference of two rates.

    None if there is none, as for a rate among no trees.

        >>> from rao_lab.evaluation.bootstrap import figure
        >>> figure([[1, 2, 3], [2, 4, 6]], lambda sums: sums[..., 0] / sums[..., 1], "abc").value
        0.5

    Args:
        columns: K numbers of each tree. A tree with None or NaN in any of them is left out.
        formula: from their sums [..., K] to the figure [...].
        the others: as in `share`.
    """
    table = np.stack([_column(column) for column in columns], axis=1)
    drawn = _draw(table, items, seeds, resamples, formula)
    return None if drawn is None else drawn.interval(*drawn.reach(sqrt(drawn.variance)))


@dataclass(frozen=True, slots=True)
class _Drawn:
    value: float
    draws: Floats
    """The figure in each resample, `[R]`."""
    variance: float
    """V."""
    freedom: float
    trees: int
    items: int
    seeds: int

    @property
    def quantile(self) -> float:
        return t_quantile((1 + LEVEL) / 2, max(1, round(self.freedom)))

    def reach(self, error: float) -> tuple[float, float]:
        """The interval: the draws' own quantiles, with their spread set to `error`."""
        middle, spread = float(self.draws.mean()), float(self.draws.std())
        half = self.quantile * error
        if not spread > 1e-12:
            return self.value - half, self.value + half
        tails = (np.quantile(self.draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]) - middle) / spread / Z95
        return self.value + half * float(min(tails[0], 0)), self.value + half * float(max(tails[1], 0))

    def interval(self, low: float, high: float) -> Interval:
        value = self.value
        error = sqrt(self.variance)
        return Interval(value, min(low, value), max(high, value), self.trees, self.items, self.seeds, error)


def _draw(
    values: Floats,
    items: Sequence[Hashable],
    seeds: Sequence[Hashable] | None,
    resamples: int,
    formula: Formula | None = None,
) -> _Drawn | None:
    """Resamples a figure; by default the mean of one column.

    Raises:
        ConfigError: too few resamples, or columns of different lengths.
    """
    if resamples < FEWEST:
        raise ConfigError(f"resamples={resamples} are too few: give at least {FEWEST:,}")
    given = [0] * len(values) if seeds is None else seeds
    if not len(values) == len(items) == len(given):
        raise ConfigError(
            f"values, items and seeds belong together: there are {len(values)}, {len(items)} and {len(given)}"
        )
    table = values[:, None] if values.ndim == 1 else values
    known = np.flatnonzero(~np.isnan(table).any(axis=1)).tolist()
    if not known:
        return None
    if formula is None:
        table, formula = np.column_stack([table, np.ones(len(table))]), _mean
    item, item_count = _numbered([items[at] for at in known])
    seed, seed_count = _numbered([given[at] for at in known])
    cells = np.zeros((item_count, seed_count, table.shape[1]))
    np.add.at(cells, (item, seed), table[known])
    value = float(_applied(formula, cells.sum(axis=(0, 1))[None])[0])
    if not np.isfinite(value):
        return None
    rng = np.random.default_rng(0)
    by_item = _weights(rng, item_count, resamples)
    by_seed = _weights(rng, seed_count, resamples)
    both = np.einsum("ri,rs,isk->rk", by_item, by_seed, cells, optimize=True)
    filled = np.unique(item * seed_count + seed)
    apart = cells.reshape(-1, table.shape[1])[filled]
    of_items = _variance(formula, by_item @ cells.sum(axis=1), item_count)
    of_seeds = _variance(formula, by_seed @ cells.sum(axis=0), seed_count)
    of_cells = _variance(formula, _weights(rng, len(filled), resamples) @ apart, len(filled))
    if seed_count == 1 or item_count == 1:  # cells are items, or seeds: nothing is counted twice
        of_cells = 0.0
    variance = max(of_items + of_seeds - of_cells, of_items, of_seeds)
    slow = of_items**2 / max(1, item_count - 1) + of_seeds**2 / max(1, seed_count - 1)
    freedom = (of_items + of_seeds) ** 2 / slow if slow else float(max(1, item_count - 1))
    draws = _applied(formula, both)
    return _Drawn(value, draws, variance, freedom, len(known), item_count, seed_count)


def _mean(sums: Floats) -> Floats:
    found: Floats = sums[..., 0] / sums[..., 1]
    return found


def _weights(rng: np.random.Generator, count: int, resamples: int) -> Floats:
    """How often each of `count` is drawn, `[R, count]`."""
    return rng.multinomial(count, np.full(count, 1 / count), size=resamples).astype(np.float64)


def _applied(formula: Formula, sums: Floats) -> Floats:
    """The figure of each row of sums; rows for which there is none are left out."""
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.asarray(formula(sums), dtype=np.float64)
    kept = found[np.isfinite(found)]
    return kept if len(kept) else np.full(1, np.nan)


def _variance(formula: Formula, sums: Floats, count: int) -> float:
    if count < 2:
        return 0.0
    return float(np.var(_applied(formula, sums))) * count / (count - 1)


def _column(values: Sequence[Any]) -> Floats:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def _numbered(names: Sequence[Hashable]) -> tuple[NDArray[np.int64], int]:
    """Each name's number, and how many there are."""
    known: dict[Hashable, int] = {}
    numbers = [known.setdefault(name, len(known)) for name in names]
    return np.array(numbers, dtype=np.int64), len(known)

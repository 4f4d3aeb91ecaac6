"""The rules by which each claim holds, fails, or is not resolved. They were fixed before the first run.

Everything is judged at temperature 1, with 95 % intervals of `rao_lab.evaluation.bootstrap`: clustered by target item
and by seed, paired by task and seed where two arms are compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from rao_lab.evaluation.bootstrap import Interval, difference, figure, share
from rao_lab.experiments.claims.arms import BANDS, TRAINED_ON
from rao_lab.experiments.claims.clock import SerialRatio, from_columns, serial_ratio
from rao_lab.experiments.claims.known import Known, Row

HOLDS, FAILS, OPEN, MISSING = "holds", "fails", "not resolved", "not measured"
RESAMPLES = 2_000
SERIAL_BANDS = ("medium", "hard")
FLATS = ("flat", "flat_tokens")


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim of the paper, and how it is judged."""

    id: str
    title: str
    rule: str
    """Of the method, word for word."""
    measured: str
    """What that is here."""
    paper: str
    """What the paper reports."""


CLAIMS = (
    Claim(
        "a",
        "training efficiency",
        "lower bound of (RAO minus flat success on medium) > 0 at equal generated tokens and at equal root tasks, "
        "both shown.",
        "`rao` minus `flat_tokens` (equal generated tokens) and `rao` minus `flat` (equal root tasks) on medium. It "
        "holds if both intervals lie above 0, and fails if one lies below.",
        "no figure for TextCraft-Synth; on ART-E, recursive learns faster early and the single agent catches up",
    ),
    Claim(
        "b",
        "beyond the context window",
        "on tasks whose shortest flat transcript exceeds the window, recursive's lower bound > flat's upper bound.",
        "All tasks of the four bands whose shortest flat transcript, one call a turn, exceeds 128 tokens: success of "
        "`rao` against the better of `flat` and `flat_tokens`. It holds if the lower bound of `rao` is above both "
        "upper bounds, and fails if its upper bound is below a lower bound of theirs. Windows of 64, 96 and 256 are "
        "shown beside it.",
        "hard tasks: .88 recursive, .20 single agent with a context of 40K; near 0 with 8K",
    ),
    Claim(
        "c",
        "generalization",
        "trained on medium only, the gain over the base on hard and on extreme is > 0, and trees grow with difficulty "
        "(Spearman of depth and tier > 0).",
        "`rao` minus `team_base` on hard and on extreme, and Spearman's correlation of depth and tier over all trees "
        "of `rao`. It holds if all three intervals lie above 0, and fails if one lies below.",
        "easy 1.00, medium .96, hard .88 recursive, trained on medium only",
    ),
    Claim(
        "d",
        "wall-clock",
        "ratio of concurrent to one-child-at-a-time execution, same actions replayed, interval below 1; against the "
        "flat agent only on tasks both solve.",
        "Solved trees of `rao` on medium and on hard, replayed both ways: the ratio of the sums of decode steps. It "
        "holds if both intervals lie below 1, and fails if one lies above. A tree that does not do the same in both "
        "ways has no part in it; such trees, and those whose outcome changes with the order, are counted. The ratio of "
        "seconds, and decode steps of `rao` over those of `flat` on tasks that both solve, are shown beside it.",
        "85 % of sub-tasks launched in parallel if they are independent, 1.5 % if they are chained; on DeepDive up to "
        "18 times slower than the single agent",
    ),
    Claim(
        "e",
        "delegation is learned",
        "(delegation rate where a flat transcript does not fit) minus (rate where it does) is larger after training "
        "than before. Nothing in the reward pays for adaptivity, so it may fail: then the report says so.",
        "Roots of the four bands: the difference of the two rates for `rao` minus the same for `team_base`. It holds "
        "if the interval lies above 0, and fails if it lies below. The same within one tier, by node, and for "
        "`node_cost` is shown beside it.",
        "DeepDive: mean depth 2.9 on tasks that both solve, 4 on tasks that only the recursive agent solves",
    ),
)


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of a claim, with its interval; None if rows are missing."""

    name: str
    interval: Interval | None
    side: str = OPEN
    """What it says of the claim, by itself."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came out for a claim."""

    claim: Claim
    verdict: str
    figures: tuple[Figure, ...]
    seeds: int
    """That all arms of the claim have."""
    arms: tuple[str, ...]
    quick: bool = False

    @property
    def words(self) -> str:
        return f"{self.verdict} (quick)" if self.quick and self.verdict != MISSING else self.verdict

    @property
    def why(self) -> str:
        """In a sentence, from the figures."""
        if self.verdict == MISSING:
            lacks = ", ".join(each.name for each in self.figures if each.interval is None)
            return f"Rows are missing: {lacks}."
        told = "; ".join(f"{each.name} {each.interval}" for each in self.figures)
        return f"{told[0].upper()}{told[1:]}."


def above(interval: Interval | None, bound: float = 0.0) -> str:
    """What an interval says of a figure that is claimed to lie above the bound."""
    if interval is None:
        return MISSING
    return HOLDS if interval.low > bound else FAILS if interval.high < bound else OPEN


def below(interval: Interval | None, bound: float = 1.0) -> str:
    """The same of one that is claimed to lie below."""
    return {HOLDS: FAILS, FAILS: HOLDS}.get(found := above(interval, bound), found)


def together(sides: Sequence[str]) -> str:
    """All parts of a claim must hold; one that fails makes it fail."""
    for worst in (MISSING, FAILS, OPEN):
        if worst in sides:
            return worst
    return HOLDS


def success(rows: Sequence[Row]) -> Interval | None:
    """The share that was solved."""
    items, seeds = [row.item for row in rows], [row.seed for row in rows]
    return share([row.success for row in rows], items, seeds, RESAMPLES)


@cache
def solved(
    known: Known,
    arm: str,
    bands: tuple[str, ...] = BANDS,
    temperature: float = 1.0,
    window: int | None = None,
    book: int = 0,
) -> Interval | None:
    """The share that an arm solved; see `Known.rows`."""
    return success([*known.rows(arm, bands, temperature, window, book).values()])


@cache
def gain(known: Known, first: str, second: str, bands: tuple[str, ...]) -> Interval | None:
    """Success of the first arm minus that of the second, on the same tasks with the same seeds."""
    one, two = known.rows(first, bands), known.rows(second, bands)
    keys = [key for key in one if key in two]
    return difference(
        [one[key].success for key in keys],
        [two[key].success for key in keys],
        [one[key].item for key in keys],
        [key[0] for key in keys],
        RESAMPLES,
    )


def too_long(known: Known, arm: str, window: int = 128) -> list[Row]:
    """The trees of tasks whose shortest flat transcript exceeds the window."""
    rows = known.rows(arm, window=window).values()
    return [row for row in rows if row.flat_tokens is not None and row.flat_tokens > window]


def spearman(rows: Sequence[Row]) -> Interval | None:
    """Rank correlation of depth and tier. Ranks are those of all rows, in each resample."""
    if not rows:
        return None
    x, y = (_ranks([getattr(row, name) for row in rows]) for name in ("depth", "tier"))

    def correlation(sums: Any) -> Any:
        n, sx, sy, sxy, sxx, syy = (sums[..., at] for at in range(6))
        return (sxy - sx * sy / n) / ((sxx - sx**2 / n) * (syy - sy**2 / n)) ** 0.5

    columns = [x * 0 + 1, x, y, x * y, x * x, y * y]
    return figure(columns, correlation, [row.item for row in rows], [row.seed for row in rows], RESAMPLES)


def _ranks(values: Sequence[float]) -> Any:
    """Ranks about their mean, `[N]`; equal values share one."""
    _, place, counts = np.unique(np.array(values), return_inverse=True, return_counts=True)
    ranks = (counts.cumsum() - (counts - 1) / 2)[place]
    return ranks - ranks.mean()


@cache
def adaptivity(known: Known, after: str, before: str, window: int = 128) -> Interval | None:
    """The change of (rate of delegation where a flat transcript does not fit, minus rate where it does), by roots."""
    one, two = known.rows(after), known.rows(before)
    both = [(one[key], two[key]) for key in one if key in two and one[key].flat_tokens is not None]
    rows = [row for row, _ in both]
    if not both:
        return None
    long = np.array([(row.flat_tokens or 0) > window for row in rows], float)
    now, then = (np.array([pair[place].delegated for pair in both], float) for place in (0, 1))

    def change(sums: Any) -> Any:
        longs, shorts, now_long, now_short, then_long, then_short = (sums[..., at] for at in range(6))
        return (now_long - then_long) / longs - (now_short - then_short) / shorts

    columns = [long, 1 - long, now * long, now * (1 - long), then * long, then * (1 - long)]
    return figure(columns, change, [row.item for row in rows], [row.seed for row in rows], RESAMPLES)


def judged(known: Known) -> list[Verdict]:
    """All claims, in their order."""
    return [rule(known) for rule in (_efficiency, _beyond_window, _generalization, _wall_clock, _delegation)]


def _verdict(
    known: Known, id_: str, figures: Sequence[Figure], arms: Sequence[str], verdict: str = ""
) -> Verdict:
    claim = next(each for each in CLAIMS if each.id == id_)
    found = verdict or together([each.side for each in figures])
    quick = bool(known.scale.get("quick"))
    return Verdict(claim, found, tuple(figures), len(known.seeds(*arms)), tuple(arms), quick)


def _efficiency(known: Known) -> Verdict:
    figures = []
    for flat, words in (("flat_tokens", "equal generated tokens"), ("flat", "equal root tasks")):
        found = gain(known, "rao", flat, bands=(TRAINED_ON,))
        figures.append(Figure(f"`rao` minus `{flat}` on {TRAINED_ON} ({words})", found, above(found)))
    return _verdict(known, "a", figures, ("rao", *FLATS))


def _beyond_window(known: Known) -> Verdict:
    found = {arm: success(too_long(known, arm)) for arm in ("rao", *FLATS)}
    figures = [
        Figure(f"`{arm}` where no flat transcript fits 128 tokens", each) for arm, each in found.items()
    ]
    return _verdict(known, "b", figures, ("rao", *FLATS), apart(found["rao"], [found[arm] for arm in FLATS]))


def apart(first: Interval | None, others: Sequence[Interval | None]) -> str:
    """Whether an interval lies above all others, or below one of them."""
    known = [each for each in others if each is not None]
    if first is None or len(known) < len(others):
        return MISSING
    if first.low > max(each.high for each in known):
        return HOLDS
    return FAILS if first.high < max(each.low for each in known) else OPEN


def _generalization(known: Known) -> Verdict:
    figures = []
    for band in ("hard", "extreme"):
        found = gain(known, "rao", "team_base", bands=(band,))
        figures.append(Figure(f"`rao` minus `team_base` on {band}", found, above(found)))
    found = spearman([*known.rows("rao").values()])
    figures.append(Figure("Spearman's correlation of depth and tier", found, above(found)))
    return _verdict(known, "c", figures, ("rao", "team_base"))


def _wall_clock(known: Known) -> Verdict:
    figures = []
    for band in SERIAL_BANDS:
        found = serial(known, band)
        ticks = None if found is None else found.ticks
        figures.append(Figure(f"decode steps, concurrent over one by one, on {band}", ticks, below(ticks)))
    return _verdict(known, "d", figures, ("rao",))


def serial(known: Known, band: str) -> SerialRatio | None:
    """What running children together is worth, over the replayed trees of a band."""
    rows, seeds = [], []
    for seed, kept in known.kept("rao").items():
        found = from_columns(columns) if (columns := (kept.get("serial") or {}).get(band)) else []
        rows += found
        seeds += [seed] * len(found)
    return serial_ratio(rows, seeds) if rows else None


def _delegation(known: Known) -> Verdict:
    found = adaptivity(known, "rao", "team_base")
    figures = [Figure("change of the difference of both rates, by roots", found, above(found))]
    return _verdict(known, "e", figures, ("rao", "team_base"))

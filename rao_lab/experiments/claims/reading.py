"""The kept rows of the claims, to be read in a notebook: success, differences, verdicts and ablations with intervals.

    from rao_lab.experiments.claims.reading import open_claims

    claims = open_claims()
    claims.verdicts()
    claims.ablations("medium")

Nothing is written down here: every figure is made from the rows that are there, and what is missing is named.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import sqrt
from pathlib import Path

from rao_lab.base.bundled import recorded_path
from rao_lab.base.checks import choice
from rao_lab.base.words import counted
from rao_lab.errors import MissingError
from rao_lab.evaluation.bootstrap import Interval, difference
from rao_lab.experiments.claims.arms import ABLATIONS, ARMS, BANDS, MOST_SEEDS, SEEDS
from rao_lab.experiments.claims.known import Known
from rao_lab.experiments.claims.rows import Kept, all_kept
from rao_lab.experiments.claims.tables import ceiling, mean
from rao_lab.experiments.claims.verdicts import CLAIMS, RESAMPLES, Verdict, gain, judged, solved
from rao_lab.views.interval_table import IntervalRow, IntervalTable

SHARE = "share of tasks solved"
APART = "difference of shares solved"
Column = list[float | None]


def open_claims(folder: str | Path | None = None) -> Claims:
    """The rows that `rao-lab claims` kept.

    Args:
        folder: of the rows; by default `data/claims/rows` of the checkout.

    Raises:
        MissingError: there are no rows; the message says where they are to be had.
        InputError: a file holds no rows.
    """
    place = recorded_path("claims/rows") if folder is None else Path(folder)
    kept = [*all_kept(place)]
    if not kept:
        raise MissingError(f"{place} holds no rows: run `rao-lab claims` first, or name another folder")
    return Claims(kept)


class Claims:
    """The rows of some arms and seeds."""

    def __init__(self, kept: Iterable[Kept]) -> None:
        self._kept = [*kept]
        self.known = Known(self._kept)

    def __repr__(self) -> str:
        return f"<Claims: {counted(len(self.known.arms), 'arm')}, {counted(len(self.known.seeds()), 'seed')}>"

    def of_seeds(self, *seeds: int) -> Claims:
        """The same with these seeds alone."""
        return Claims(each for each in self._kept if each["asked"]["seed"] in seeds)

    def seeds(self, *arms: str) -> list[int]:
        """The seeds that all of these arms have."""
        return self.known.seeds(*map(_arm, arms))

    def success(self, *arms: str, band: str = "hard", windows: Sequence[int] = ()) -> IntervalTable:
        """The share of tasks that each arm solved at temperature 1.

        Args:
            windows: the contexts in tokens; by default each arm's own.
        """
        band = choice("band", band, BANDS)
        rows = []
        for arm in map(_arm, arms):
            for window in windows or (ARMS[arm].window,):
                seen = solved(self.known, arm, (band,), 1.0, window)
                rows.append(
                    IntervalRow(f"{arm}, {window} tokens", seen, ARMS[arm].says if not windows else "")
                )
        notes = tuple(
            f"flat ceiling, {window} tokens: {share:.2f} of these tasks have a flat transcript that fits"
            for window in dict.fromkeys(windows or [ARMS[_arm(arm)].window for arm in arms])
            if (share := self._ceiling(band, window)) is not None
        )
        return IntervalTable(
            f"Success on {band} tasks", SHARE, tuple(rows), notes=(*notes, self._over(*arms))
        )

    def apart(self, first: str, second: str, *bands: str, by_seed: bool = False) -> IntervalTable:
        """Success of the first arm minus that of the second, on the same tasks with the same seeds.

        Args:
            by_seed: each seed in a row of its own, too, with an interval over tasks alone.
        """
        rows, notes = [], []
        for band in bands:
            of = choice("band", band, BANDS)
            if by_seed:
                for seed in self.seeds(first, second):
                    seen = gain(self.of_seeds(seed).known, first, second, (of,))
                    rows.append(IntervalRow(f"{of}, seed {seed}", seen, verdict=side(seen)))
            rows.append(self._row(f"{of}, all seeds" if by_seed else of, first, second, of))
            seen = gain(self.known, first, second, (of,))
            if seen is not None:
                size = f"{counted(seen.trees, 'pair')} of trees, for {counted(seen.items, 'target item')}"
                notes.append(f"{of}: {size} and {counted(seen.seeds, 'seed')}")
        return IntervalTable(f"{first} minus {second}", APART, tuple(rows), True, tuple(notes))

    def seed_by_seed(self, arm: str, band: str = "hard") -> IntervalTable:
        """Trainings that differ by their seed alone: each minus the first, with intervals over tasks alone."""
        rows = self.known.rows(_arm(arm), (choice("band", band, BANDS),))
        first, *others = self.seeds(arm)
        found = []
        for seed in others:
            pairs = [
                (row, rows[other])
                for key, row in rows.items()
                if key[0] == seed and (other := (first, *key[1:])) in rows
            ]
            seen = difference(
                [row.success for row, _ in pairs],
                [row.success for _, row in pairs],
                [row.item for row, _ in pairs],
                None,
                RESAMPLES,
            )
            found.append(IntervalRow(f"seed {seed} minus seed {first}", seen, verdict=side(seen)))
        note = "Intervals are over tasks alone; temperature 1."
        return IntervalTable(f"{arm} on {band} tasks, seed against seed", APART, tuple(found), True, (note,))

    def ablations(self, band: str = "medium") -> IntervalTable:
        """Each ablation and control minus `rao`; what has no rows yet is named in a note."""
        of = choice("band", band, BANDS)
        names = ["team_base", "eager_base", *(arm.name for arm in ABLATIONS)]
        there = [name for name in names if name in self.known.arms]
        rows = tuple(self._row(name, name, "rao", of, ARMS[name].says) for name in there)
        lacks = [name for name in names if name not in there]
        notes = [f"Not run: {', '.join(lacks)}."] if lacks else []
        if any(len(self.seeds(name, "rao")) == 1 for name in there):
            notes.append("An interval of 1 seed is over tasks alone: it says nothing of another training.")
        return IntervalTable(f"Ablations and controls minus rao, {of}", APART, rows, True, tuple(notes))

    def verdicts(self, only: str = "") -> IntervalTable:
        """The five claims, each with its figures, or one of them.

        Args:
            only: its letter.
        """
        rows = []
        for each in self.judged():
            if only in ("", each.claim.id):
                names = [f"({each.claim.id}) {each.claim.title}", *[""] * (len(each.figures) - 1)]
                words = [each.words, *names[1:]]
                rows += [
                    IntervalRow(name, part.interval, part.name.replace("`", ""), said)
                    for name, part, said in zip(names, each.figures, words, strict=True)
                ]
        title = (
            f"Claim ({choice('claim', only, [each.id for each in CLAIMS])})" if only else "The five claims"
        )
        return IntervalTable(title, "each row says of what", tuple(rows))

    def judged(self) -> list[Verdict]:
        """The verdicts as records."""
        return judged(self.known)

    def tokens(self, arm: str, seed: int = 0) -> int:
        """Generated in the training of an arm; 0 if it was not trained.

        Raises:
            MissingError: there are no rows of it.
        """
        return int(self._training(arm, seed).get("tokens", 0))

    def steps(self, arm: str, seed: int = 0) -> int:
        """Of the training of an arm; raises as `tokens`."""
        return int(self._training(arm, seed).get("steps", 0))

    def delegates(self, arm: str, fits: bool, window: int = 128) -> float | None:
        """The share of roots that launched a helper, among tasks whose shortest flat transcript fits, or does not."""
        rows = [row for row in self.known.rows(_arm(arm)).values() if row.flat_tokens is not None]
        return mean(row.delegated for row in rows if ((row.flat_tokens or 0) <= window) is fits)

    def seeds_needed(self, first: str, second: str, band: str) -> int | None:
        """About how many seeds would resolve the difference of two arms, if it and its spread stay as they are.

        More seeds make that part of the variance smaller which lies between seeds; the part between tasks stays, since
        the tasks are the same. None if that part alone is too much, or if there is but one seed or no difference.
        """
        keys, one, two = self._pairs(first, second, choice("band", band, BANDS))
        seeds = [key[0] for key in keys]
        count = len(set(seeds))
        items = [self.known.rows(first, (band,))[key].item for key in keys]
        both = difference(one, two, items, seeds, RESAMPLES)
        between = difference(one, two, ["all"] * len(keys), seeds, RESAMPLES)
        if both is None or between is None or count < 2 or not both.value:
            return None
        of_seeds = between.error**2
        stays = max(0.0, both.error**2 - of_seeds)
        for wanted in range(2, MOST_SEEDS):
            if abs(both.value) > 2 * sqrt(stays + of_seeds * count / wanted):
                return wanted
        return None

    def _pairs(self, first: str, second: str, band: str) -> tuple[list[tuple[int, str, int]], Column, Column]:
        one, two = self.known.rows(_arm(first), (band,)), self.known.rows(_arm(second), (band,))
        keys = [key for key in one if key in two]
        return keys, [one[key].success for key in keys], [two[key].success for key in keys]

    def _row(self, name: str, first: str, second: str, band: str, about: str = "") -> IntervalRow:
        seen: Interval | None = gain(self.known, _arm(first), _arm(second), (band,))
        seeds = len(self.seeds(first, second))
        few = f", {counted(seeds, 'seed')}" if seen is not None and seeds < len(SEEDS) else ""
        return IntervalRow(name, seen, about, side(seen) + few)

    def _training(self, arm: str, seed: int) -> Kept:
        kept = self.known.kept(_arm(arm)).get(seed)
        if kept is None:
            raise MissingError(f"there are no rows of {arm} with seed {seed}")
        return kept["training"] or {}

    def _ceiling(self, band: str, window: int) -> float | None:
        arm = next((each for each in self.known.arms if ARMS[each].base == "tiny" and ARMS[each].main), None)
        return None if arm is None else ceiling([*self.known.rows(arm, (band,)).values()], window)

    def _over(self, *arms: str) -> str:
        found = counted(len(self.seeds(*arms)), "seed")
        return f"Intervals are over tasks and {found}; temperature 1."


def side(seen: Interval | None) -> str:
    """What an interval of a difference says: the rule of the ablations."""
    if seen is None:
        return ""
    return "better" if seen.low > 0 else "worse" if seen.high < 0 else "not resolved"


def _arm(name: str) -> str:
    return choice("arm", name, ARMS)

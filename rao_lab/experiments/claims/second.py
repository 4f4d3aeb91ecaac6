"""Claim (b) in a second world: contexts of lines that are counted, by size of the window."""

from __future__ import annotations

from rao_lab.experiments.claims.arms import BANDS, COUNTING, TEMPERATURES, WINDOWS
from rao_lab.experiments.claims.known import Known
from rao_lab.experiments.claims.tables import Lines, ceiling, short, table, told
from rao_lab.experiments.claims.verdicts import FLATS, MISSING, apart, solved, success, too_long

MARK = "count_"
RULE = (
    "claim (b) again, in aggregation (`tiny-aggregation`; its world is `Aggregation`, seed 0; difficulty is the number "
    "of lines), in windows of 32, 48 and 64 tokens. It was trained with 64. For each window: of the tasks whose "
    "shortest flat transcript, one call a turn, exceeds it, success of `count_rao` against the better of `count_flat` "
    "and `count_flat_tokens`. It holds if the lower bound of `count_rao` is above both upper bounds, and fails if its "
    "upper bound is below a lower bound of theirs. In the narrower windows the tasks are those of medium and hard. "
    "Intervals are by resampling tasks and seeds. This was written after the verdicts on TextCraft, and before any run "
    "of these arms; it changes none of those."
)


def second_tables(known: Known) -> Lines:
    """The verdict in each window, then success of each arm."""
    yield from table(
        ["window", "claim (b)", *(f"`{MARK}{arm}`" for arm in ("team_base", "rao", "solo_base", *FLATS))],
        _verdicts(known),
    )
    yield from table(["arm", "seeds", "T", *BANDS], _success(known))


def _verdicts(known: Known) -> list[list[str]]:
    base = COUNTING[0]
    rows = []
    for window in (*base.windows, base.window):
        found = {arm.name: success(too_long(known, arm.name, window)) for arm in COUNTING}
        verdict = apart(found[f"{MARK}rao"], [found[f"{MARK}{arm}"] for arm in FLATS])
        if verdict != MISSING or any(found.values()):
            rows.append([str(window), f"**{verdict}**", *(told(found[arm.name]) for arm in COUNTING)])
    return rows


def _success(known: Known) -> list[list[str]]:
    rows = [
        [f"`{arm.name}`", str(len(known.seeds(arm.name))), f"{warmth:g}"]
        + [told(solved(known, arm.name, (band,), warmth)) for band in BANDS]
        for arm in COUNTING
        if arm.name in known.arms
        for warmth in TEMPERATURES
    ]
    if rows:
        first = next(arm for arm in COUNTING if arm.name in known.arms)
        for window in (*first.windows, WINDOWS[first.base]):
            of = [ceiling([*known.rows(first.name, bands=(band,)).values()], window) for band in BANDS]
            rows.append([f"*flat ceiling, {window} tokens*", "", "", *(short(each) for each in of)])
    return rows

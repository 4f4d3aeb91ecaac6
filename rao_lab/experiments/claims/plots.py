"""The plots of the report, from kept rows: success, learning, windows, ablations, bias (i)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rao_lab.experiments.claims.arms import ABLATIONS, ARMS, BANDS, MAIN
from rao_lab.experiments.claims.drawing import Bar, Curve, curves, intervals
from rao_lab.experiments.claims.known import Known
from rao_lab.experiments.claims.tables import ceiling
from rao_lab.experiments.claims.verdicts import FLATS, gain, solved

SMOOTH = 5
"""Steps that a point of a curve is the mean of."""


def plots(known: Known) -> dict[str, str]:
    """SVG by name, of what there are rows for."""
    made = {
        "success": _success(known),
        "learning": _curve(
            known,
            ("rao", "flat", "flat_tokens", "wide_rao", "wide_flat", "wide_flat_tokens"),
            "Learning",
            f"success of the sampled trees on medium, mean of {SMOOTH} steps and all seeds, as far as all go; shaded: "
            "from the lowest to the highest seed",
        ),
        "windows": _windows(known),
        "ablations": _ablations(known),
        "bias": _curve(
            known,
            ["rao", "lam_0", "lam_02", "lam_1"],
            "Bias (i)",
            "of the leaves that succeeded under a root that succeeded, the share with a negative advantage",
            pushed,
        ),
    }
    return {name: picture for name, picture in made.items() if picture}


def kind(arm: str) -> str:
    """Its colour."""
    known = ARMS[arm]
    return "base" if not known.trained else "flat" if known.agent == "flat" else "recursive"


def _success(known: Known) -> str:
    arms = [arm.name for arm in MAIN if arm.name in known.arms]
    rows = [Bar(arm, kind(arm), [solved(known, arm, (band,)) for band in BANDS]) for arm in arms]
    first = next((arm for arm in arms if ARMS[arm].window == 128), None)
    of = [
        None if first is None else ceiling([*known.rows(first, bands=(band,)).values()], 128)
        for band in BANDS
    ]
    note = "at temperature 1; dashed: the flat ceiling for a window of 128 tokens and one call a turn"
    return intervals("Success by difficulty", note, BANDS, rows, (0, 1), of) if rows else ""


def _windows(known: Known) -> str:
    rows = []
    windows = ((64, ""), (96, ""), (128, ""), (256, "wide_"))
    for arm in ("team_base", "rao", "solo_base", *FLATS):
        found = [solved(known, mark + arm, ("hard",), 1.0, window) for window, mark in windows]
        if any(found):
            rows.append(Bar(arm, kind(arm), found))
    panels = [f"{window} tokens" for window, _ in windows]
    note = "hard tasks at temperature 1; 256 tokens: the wide base, trained in that window"
    return intervals("Success by window", note, panels, rows, (0, 1)) if rows else ""


def _ablations(known: Known) -> str:
    names = ["team_base", "eager_base", *(arm.name for arm in ABLATIONS)]
    rows = []
    for arm in names:
        apart = [gain(known, arm, "rao", (band,)) for band in ("medium", "hard")]
        if any(apart):
            rows.append(Bar(arm, kind(arm) if not ARMS[arm].trained else "other", apart))
    lowest = min((each.low for row in rows for each in row.intervals if each), default=0.0)
    span = (-1.0 if lowest < -0.5 else -0.5 if lowest < -0.25 else -0.25, 0.25)
    note = "success minus that of rao, same tasks and seeds, at temperature 1; right of 0 is better"
    return intervals("Ablations and controls", note, ("medium", "hard"), rows, span) if rows else ""


def _curve(known: Known, arms: Sequence[str], title: str, note: str, value: Any = None) -> str:
    found = []
    for arm in arms:
        each = [kept["training"]["curve"] for kept in known.kept(arm).values() if kept["training"]]
        seeds = [smooth((value or _sampled)(curve)) for curve in each]
        # A mean is of all seeds, so it ends with the shortest.
        steps = [[one for one in column if one is not None] for column in zip(*seeds, strict=False)]
        steps = [column for column in steps if column]
        if steps:
            middle = [sum(column) / len(column) for column in steps]
            dashed = arm.endswith("_tokens") or arm.startswith("lam_")
            found.append(Curve(arm, kind(arm), middle, [*map(min, steps)], [*map(max, steps)], dashed))
    return curves(title, note, found, (0, 1), "step of training") if found else ""


def _sampled(curve: Mapping[str, Sequence[Any]]) -> Sequence[float | None]:
    return curve["success"]


def pushed(curve: Mapping[str, Sequence[Any]]) -> list[float | None]:
    """Bias (i) of each step; None if no such leaf was seen."""
    return [
        few / all_ if all_ else None for few, all_ in zip(curve["negative"], curve["leaves"], strict=True)
    ]


def smooth(values: Sequence[float | None]) -> list[float | None]:
    """Means of the last `SMOOTH` values that are known."""
    found: list[float | None] = []
    for at in range(len(values)):
        part = [each for each in values[max(0, at + 1 - SMOOTH) : at + 1] if each is not None]
        found.append(sum(part) / len(part) if part else None)
    return found

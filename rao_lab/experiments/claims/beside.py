"""What qualifies a verdict and does not change it: figures that stand beside those that are judged."""

from __future__ import annotations

from collections.abc import Iterator

from rao_lab.evaluation.bootstrap import Interval
from rao_lab.experiments.claims.arms import TRAINED_ON
from rao_lab.experiments.claims.closer import over
from rao_lab.experiments.claims.known import Known
from rao_lab.experiments.claims.tables import told
from rao_lab.experiments.claims.verdicts import FLATS, gain, spearman

Figures = list[tuple[str, Interval]]


def beside(known: Known, claim: str) -> Figures:
    """The figures of a claim that are known: what each is, and its interval."""
    if claim == "a":
        found = [
            (f"`{arm}` minus `solo_base` on {TRAINED_ON}", gain(known, arm, "solo_base", (TRAINED_ON,)))
            for arm in FLATS
        ]
    elif claim == "c":
        rows = [*known.rows("team_base").values()]
        found = [("the same correlation of `team_base`, not trained", spearman(rows))]
    elif claim == "d":
        found = [
            (
                f"decode steps, `rao` over `flat`, on {band} tasks that both solve",
                over(known, "flat", band, "ticks"),
            )
            for band in ("easy", "medium")
        ]
    else:
        found = []
    return [(name, interval) for name, interval in found if interval is not None]


def meaning(known: Known, claim: str) -> str:
    """What these say of the claim, in a sentence or two; "" if nothing."""
    figures = beside(known, claim)
    if not figures:
        return ""
    return " ".join({"a": _control, "c": _untrained, "d": _against_flat}[claim](figures))


def _control(figures: Figures) -> Iterator[str]:
    yield f"{'; '.join(f'{name}: {told(found, signed=True)}' for name, found in figures)}."
    if any(found.low > 0 for _, found in figures):
        yield "So the control learned something."
    else:
        yield (
            "**So the control is weak: training taught it nothing that shows.** All arms have one learning rate, and "
            "none was sought for the flat agent by itself. (a) therefore says that RAO learns where this training of "
            "the flat agent does not, and nothing of a flat agent that learned."
        )


def _untrained(figures: Figures) -> Iterator[str]:
    ((_, found),) = figures
    yield f"Before training, `team_base` has a correlation of {told(found)}"
    yield ("already: this part says little of training." if found.low > 0 else "only.")


def _against_flat(figures: Figures) -> Iterator[str]:
    text = "; ".join(f"{name}: {told(found)}" for name, found in figures)
    yield f"{text[0].upper()}{text[1:]}."
    if any(found.low > 1 for _, found in figures):
        yield "So where the flat agent can do a task, RAO takes longer than it."

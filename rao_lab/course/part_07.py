"""The exercises of notebook 07: equal tokens, what an interval that covers 0 says, a claim that fails, more seeds.

Wanted values are computed from the kept rows of the claims, as the notebook's tables are.
"""

from __future__ import annotations

import gzip
import json
from functools import cache
from math import ceil, floor
from statistics import fmean
from typing import Any

from rao_lab.base.bundled import recorded_path
from rao_lab.course.answers import choice, either, number, values
from rao_lab.course.exercise import Exercise

WINDOW = 128


@cache
def _kept(arm: str) -> list[dict[str, Any]]:
    """The rows of an arm, seed by seed."""
    places = sorted(recorded_path("claims/rows").glob(f"{arm}-[0-9].json.gz"))
    return [json.loads(gzip.decompress(place.read_bytes())) for place in places]


def _steps() -> float:
    """Not whole: the step before it is a little too short, and the one after it a little too long."""
    rao, flat = (_kept(arm)[0]["training"] for arm in ("rao", "flat"))
    return float(flat["steps"] * rao["tokens"] / flat["tokens"])


def _rose() -> list[float]:
    """From the rates as the notebook prints them, with two digits: on what fits, and on the rest."""
    return [_rate("rao", fits) - _rate("team_base", fits) for fits in (True, False)]


def _rate(arm: str, fits: bool) -> float:
    """The share of roots that delegate, at temperature 1, where the shortest flat transcript fits or does not."""
    bands = [
        band
        for kept in _kept(arm)
        for look in kept["evaluations"]
        if (look["temperature"], look["window"], look["book"]) == (1.0, WINDOW, 0)
        for band in look["bands"].values()
    ]
    found = [
        delegated
        for band in bands
        for delegated, tokens in zip(band["delegated"], band["flat_tokens"], strict=True)
        if tokens is not None and (tokens <= WINDOW) is fits
    ]
    return round(fmean(found), 2)


def _seeds() -> float:
    """A width falls with the root of the number."""
    return 2**2 * len(_kept("rao"))


EXERCISES = (
    Exercise(
        "7.1",
        "For how many steps must the flat agent be trained to generate as many tokens as RAO did?",
        either(number(lambda: floor(_steps()), digits=0), number(lambda: ceil(_steps()), digits=0)),
        (
            "How many tokens does `flat` generate in one step?",
            "Divide the tokens of `rao` by that number. Whether you round up or down is the same here.",
        ),
        "At equal tasks the flat agent had half of the tokens. Equal tokens need about twice as many steps; the last "
        "whole step makes it a little less or a little more.",
    ),
    Exercise(
        "7.2",
        "An interval of a difference covers 0. What may you say?",
        choice(
            "b",
            {
                "a": "0 is only one of the values that the interval holds.",
                "b": "",
                "c": "The sign of a figure says nothing while its interval holds both signs.",
                "d": "Values outside of the interval are ruled out, and that is information.",
            },
        ),
        (
            "Read both ends of the interval, and not its middle.",
            "Is the gain of `rao` over `flat_tokens` inside of this interval?",
        ),
        '"Not resolved" is not "no effect". Say which effects are still possible, and which are not.',
    ),
    Exercise(
        "7.3",
        "By how much did the rate of delegation rise in training, on tasks that fit and on the rest?",
        values(_rose),
        (
            "`team_base` is the agent before training, and `rao` the same agent after it.",
            "First subtract the two rates on what fits, then the two rates on the rest: after minus before.",
        ),
        "It rose most where delegation is not needed. So roots tell the two kinds of tasks apart less than before, and "
        "the figure of claim (e) is negative.",
    ),
    Exercise(
        "7.4",
        "With how many seeds would an interval be half as wide, if all of its width came from seeds?",
        number(_seeds, digits=0),
        (
            "Twice as many seeds make it narrower by less than half.",
            "A width falls with the square root of the number: for half the width, by what must you multiply?",
        ),
        "Four times as many, and each halving costs four times more: decide first how small an effect matters.",
    ),
)

"""Why a harder band can score above an easier one, on rows whose success is known to hang on one thing."""

from __future__ import annotations

from typing import Any

import pytest

from rao_lab.environments.textcraft.environment import TextCraft
from rao_lab.experiments.claims.harder import HARDER, asked_of, difference, harder_lines
from rao_lab.experiments.claims.known import Known

TASKS = 40


def kept(of: dict[str, list[Any]]) -> Known:
    """Rows of an agent that solves a task if it never needs more than six of one base item."""
    bands = {}
    for band in HARDER:
        labels = [TextCraft(band).labels(task) for task in TextCraft(band).tasks("test")[:TASKS]]
        bands[band] = {
            "task": [*range(TASKS)],
            "item": [each["item"] for each in labels],
            "tier": [each["tier"] for each in labels],
            "success": [float(each.need <= 6) for each in of[band]],
            **dict.fromkeys(
                ("status", "nodes", "depth", "delegated", "flat_tokens", "tokens", "turns", "ticks"),
                [1] * TASKS,
            ),
        }
    look = {"temperature": 1.0, "window": 128, "book": 0, "bands": bands}
    return Known([{"asked": {"arm": {"name": "rao"}, "seed": 0}, "evaluations": [look]}])


def test_a_difference_of_bands_that_one_thing_explains_is_gone_once_it_is_held_fixed() -> None:
    of = {band: asked_of(band, 0, TASKS) for band in HARDER}
    known = kept(of)
    rows = {band: [*known.rows("rao", bands=(band,)).values()] for band in HARDER}
    rates = [sum(row.success or 0 for row in rows[band]) / TASKS for band in HARDER]
    apart, even = (difference(rows, of, held) for held in (False, True))
    assert apart is not None and even is not None
    assert apart.value == pytest.approx(rates[1] - rates[0])
    assert abs(apart.value) > 0.05
    assert even.value == pytest.approx(0)
    lines = [*harder_lines(known)]
    assert any(line.startswith("| 8 to 9 |") and ".00 [" in line for line in lines)
    assert lines[-2].startswith(f"Extreme minus hard is {apart.value:+.2f}".replace("0.", "."))


def test_there_is_nothing_to_say_without_rows() -> None:
    assert [*harder_lines(Known([]))] == []

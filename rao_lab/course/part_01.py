"""The exercises of notebook 01: who launched whom, what a level weighs, what advantages add up to, what λ pays."""

from __future__ import annotations

from rao_lab.course.answers import text
from rao_lab.course.exercise import Exercise

EXERCISES = (
    Exercise(
        "1.1",
        "Which agent launched agent 0.1.0?",
        text("0.1", why={"0": '"0" launched 0.1, not 0.1.0.', "0.1.0": "No agent launches itself."}),
        (
            "Read the name from the left: each number after a point is one more launch.",
            "Take the last number off, and you have the name of the one who launched it.",
        ),
        "A name is the way from the first agent, 0, down to this one; numbers count from 0 in the order of launches.",
    ),
)

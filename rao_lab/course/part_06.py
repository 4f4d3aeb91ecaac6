"""The exercises of notebook 06: what forks say of one agent, and when they say nothing."""

from __future__ import annotations

from statistics import fmean

from rao_lab.base.safe_text import quoted
from rao_lab.course.answers import as_number, number, values
from rao_lab.course.exercise import Exercise
from rao_lab.evaluation.intervals import wilson

RIVALS = (1.4, 1.0, 0.4)
"""R of the other roots of the group."""
FORKED = 1.4
SHARE, FEW, MOST = 0.25, 12, 1e6
NEAR = (0.45, 0.56)
"""About half."""


def narrow(answer: object) -> str:
    """Judges a number of forks by how wide their interval is."""
    forks, problem = as_number(answer)
    if problem:
        return problem
    if not FEW < forks < MOST:
        return f"{quoted(answer)} is not more than the {FEW} that there are, or far too many."
    ratio = _width(forks) / _width(FEW)
    if ratio > NEAR[1]:
        return f"With {forks:.0f} forks the interval is {ratio:.2f} times as wide: not yet half."
    if ratio < NEAR[0]:
        return f"With {forks:.0f} forks the interval is {ratio:.2f} times as wide: fewer would do."
    return ""


def _width(forks: float) -> float:
    low, high = wilson(SHARE * forks, forks)
    return high - low


EXERCISES = (
    Exercise(
        "6.1",
        "The other roots have R = 1.4, 1.0 and 0.4, and the root of the fork reaches 1.4. What is its A?",
        number(FORKED - fmean(RIVALS)),
        (
            "A = R - b, and b is the mean R of the other roots.",
            "The three others are what they were: their mean is 2.8 / 3.",
        ),
        "The baseline of a tree does not move with the tree: that is why forks can be compared with the original.",
    ),
    Exercise(
        "6.2",
        "About how many forks does it take to make the interval of 3 of 12 half as wide?",
        narrow,
        (
            "Twice as many forks are not enough: see what is said of 24.",
            "The width falls with the square root of the number of forks.",
        ),
        "Half the width costs about four times the forks: 48. With so few, the width falls a little slower, so to be "
        "exact it takes about 56.",
    ),
    Exercise(
        "6.3",
        'Why did each of the three agents fail: "luck", "goal" or "unknown"?',
        values(["luck", "goal", "unknown"]),
        (
            "First column: does the whole interval lie well above 0? Then the agent could have succeeded.",
            "Second and third column: do the intervals overlap? Then they do not say who was to blame.",
        ),
        "Only intervals that lie apart say something. Of agent 3, more forks would have to tell.",
    ),
)

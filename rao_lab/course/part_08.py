"""The exercises of notebook 08: a world's rule, its guard, its verifier, and where a tree's failure began."""

from __future__ import annotations

from collections.abc import Mapping

from rao_lab.base.safe_text import quoted
from rao_lab.course.answers import number
from rao_lab.course.exercise import Exercise
from rao_lab.credit import CreditConfig

PAGE = 8
"""Pictures that an agent of the notebook's world may look at."""
LARGEST = 12 * PAGE
"""Pictures of its largest album."""


def _began(answer: object) -> str:
    """A node that failed although all its helpers succeeded, in the tree whose scores come along."""
    if not isinstance(answer, list | tuple) or len(answer) != 2 or not isinstance(answer[1], Mapping):
        return f"{quoted(answer)} is no path with the scores of a tree: write [answer, scores]."
    path, scores = answer
    if not isinstance(path, str):
        return f'{quoted(path)} is no path: a path is a text in quotation marks, such as "0.1".'
    if path not in scores:
        return (
            f"{quoted(path)} is no agent of this tree: a path stands in the head of the agent's panel and in the "
            "outline, not in its goal."
        )
    if scores[path]:
        return f"Agent {path} succeeded."
    below = any(str(each).rpartition(".")[0] == path and not success for each, success in scores.items())
    return f"Agent {path} failed, but one of its helpers had failed, too." if below else ""


EXERCISES = (
    Exercise(
        "8.1",
        "How many agents does an album of 32 pictures need at least, if each may open one page of 8?",
        number(32 // PAGE, digits=0),
        (
            "How many pages has the album? Who opens each?",
            "The first agent may open a page as well, before or after it asks its helpers.",
        ),
        "As many as there are pages: nobody is left over. A tree that only halves needs more, "
        "because agents that hand on all of their part open no page.",
    ),
    Exercise(
        "8.2",
        "What is R of an agent that hands its whole page to one helper, if both succeed and λ is 0.4?",
        number(lambda: 1 + CreditConfig().lam),
        (
            "R has two terms: the agent's own success, and λ times the mean success of its helpers.",
            "It passes a right count on, so its own s is 1. Its one helper succeeded, so their mean is 1.",
        ),
        "More than the 1.0 of an agent that opens the page itself: a bonus for no work. A policy would learn to hand "
        "goals on and on. So a world refuses it.",
    ),
    Exercise(
        "8.3",
        "Which is the smallest number that is surely paid for every album, if the verifier says value >= wanted?",
        number(LARGEST, digits=0),
        (
            "The verifier asks for a count that is not too small. What is never too small?",
            "In the worst case, every picture of the largest album shows what is asked for.",
        ),
        "A verifier is a price list. Whatever is cheapest on it is what training finds.",
    ),
    Exercise(
        "8.4",
        "At which agent did the failure of this tree begin? Give its path.",
        _began,
        (
            "Begin at the first agent, and go down: which of its helpers failed? If none did, it began there.",
            "Stop at an agent that failed and has no helper that failed.",
        ),
        "Whoever stands above it got a wrong count from below, and could not be right. So every agent needs a verdict "
        "of its own: the first agent's tells that something went wrong, and not where.",
    ),
)

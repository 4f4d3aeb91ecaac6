"""The exercises of notebook 01: who launched whom, what a level weighs, what advantages add up to, what λ pays for."""

from __future__ import annotations

import numpy as np

from rao_lab.course.answers import choice, number, text
from rao_lab.course.exercise import Exercise
from rao_lab.credit import CreditConfig, NodeTable, attribute_table


def sum_of_roots() -> float:
    """What the advantages of four trees of one task add up to."""
    zeros = np.zeros(4, np.int32)
    table = NodeTable(
        group=zeros,
        tree=np.arange(4, dtype=np.int32),
        path=["0"] * 4,
        parent=zeros - 1,
        depth=zeros,
        s=np.array([1.0, 0.0, 1.0, 0.5]),
        status=["finished"] * 4,
        tokens=np.ones(4, np.int64),
    )
    return float(attribute_table(table, CreditConfig()).A.sum())


EXERCISES = (
    Exercise(
        "1.1",
        "Which agent launched agent 0.1.0?",
        text("0.1", why={"0": '"0" launched 0.1, not 0.1.0.', "0.1.0": "No agent launches itself."}),
        (
            "Read the name from the left: each number after a point is one more launch.",
            "Take the last number off, and you have the name of the one who launched it.",
        ),
        "A name is the way from the root, 0, down to the agent; its numbers count launches from 0.",
    ),
    Exercise(
        "1.2",
        "Which agents of a step have the largest w: a, b or c?",
        choice(
            "b",
            of={
                "a": "A level with many agents is not to outweigh the others.",
                "b": "",
                "c": "That is so if depth weights are switched off.",
            },
        ),
        (
            "Open an agent of depth 0 and one of the deepest level of step 1, press 3 for each, and compare their w.",
            "Count the agents of a level, and multiply by their w: what do you get for each level?",
        ),
        "Depth weights give every level of a step the same sum of w, however many agents it has. The fewer they are, "
        "the more each one weighs. The share moves all the same, with the advantages of a level and its tokens.",
    ),
    Exercise(
        "1.3",
        "What do the advantages of the four roots of one task add up to?",
        number(sum_of_roots, digits=1),
        (
            "b of a root is the mean R of the roots of the other three trees of its task.",
            "What one root is above the others, the others are below it, all together.",
        ),
        "b is the mean R of the other trees' roots. A tree is praised for being better than its rivals, not for being "
        "good; so some roots are above 0, some below, and the sum is 0.",
    ),
    Exercise(
        "1.4",
        "With λ at 0, which agents lose their plus: a, b or c?",
        choice(
            "c",
            of={
                "a": "An agent that failed can have a plus only by its copies: look at those.",
                "b": "Its R is its own success, with λ and without.",
                "c": "",
            },
        ),
        (
            "Open List in the bar, choose an agent that lost its plus, and look at its copies.",
            "λ times the mean success of its copies was a part of its R. When is that part above 0?",
        ),
        "With λ, their copies' success was a part of their R. Who loses a minus mostly has no copies: its own R is "
        "as it was, but b fell, because the roots of the other trees are not paid for their copies either.",
    ),
)

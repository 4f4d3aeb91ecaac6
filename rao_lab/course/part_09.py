"""The exercises of notebook 09: the format of a reply, hours, memory, and a group that teaches nothing.

Wanted values are computed from the recorded run and the recorded bench that the notebook shows.
"""

from __future__ import annotations

import json

from rao_lab.base.bundled import recorded_path
from rao_lab.course.answers import choice, number
from rao_lab.course.exercise import Exercise
from rao_lab.store import open_run
from rao_lab.tree import Node

STEPS, TREES = 40, 64
GIGABYTES, ROOM, BYTES = 8, 0.3, 16
"""Of exercise 9.3: the memory, the share that stays free, and what a weight takes if all of it is trained in fp32."""


def _root() -> Node:
    with open_run(recorded_path("runs/smollm2.rao")) as run:
        return run.groups(0)[0].trees[0].root


def _with_code() -> float:
    return sum(bool(turn.code) for turn in _root().turns)


def _hours() -> float:
    kept = json.loads(recorded_path("bench/rollout.json").read_text("utf-8"))
    speed = next(each["median"] for each in kept["cases"] if each["name"] == "smollm2/64 x 8/engine")
    return float(STEPS * TREES * sum(turn.tokens_out for turn in _root().turns) / speed / 3600)


EXERCISES = (
    Exercise(
        "9.1",
        "In how many of the six replies did the lab find a block of code?",
        number(_with_code, digits=0),
        (
            "Select the agent and read the tab Messages, turn by turn.",
            'Count the turns that are not followed by "I found no code".',
        ),
        "The other replies hold no code, so nothing could run. That is a problem of format, before any of skill.",
    ),
    Exercise(
        "9.2",
        "How many hours does the writing of 40 steps with 64 trees take?",
        number(_hours, digits=1),
        (
            "How many tokens do all trees of all steps write together?",
            "Divide by the tokens a second of 64 agents, and by the 3,600 seconds of an hour.",
        ),
        "A training is a multiplication that can be done beforehand: steps, trees, tokens of a tree, tokens a second.",
    ),
    Exercise(
        "9.3",
        "Which is the largest model, in billions of weights, that 8 GB can train fully in fp32?",
        number(GIGABYTES * (1 - ROOM) / BYTES),
        (
            "How much of the 8 GB is left for the weights and what the optimizer keeps?",
            "A GB is a billion bytes: divide what is left by the bytes of one weight.",
        ),
        "Run only, the same memory holds a model that is four times as large; with LoRA nearly so.",
    ),
    Exercise(
        "9.4",
        "All trees of a step fail. What does the step teach?",
        choice(
            "b",
            {
                "a": "Only a negative advantage makes something less likely, and it compares with the other trees.",
                "b": "",
                "c": "Depth weights multiply the advantage: look at what they multiply here.",
            },
        ),
        (
            "What is R of each root, and what is the mean R of the other roots?",
            "A = R − b, and the gradient is multiplied by A.",
        ),
        "Every A is 0. Such groups are counted on the board as those whose roots all earned the same.",
    ),
)

"""The exercises of notebook 04: faults of three recorded runs, each found by another tool."""

from __future__ import annotations

from collections.abc import Mapping

from rao_lab.api.diagnose import diagnose
from rao_lab.base.bundled import recorded_path
from rao_lab.base.safe_text import quoted
from rao_lab.course.answers import number, text
from rao_lab.course.exercise import Exercise
from rao_lab.credit import CreditConfig, attribute
from rao_lab.credit.diagnose import BADGES
from rao_lab.store import Run, open_run

LAST = 6
"""The step whose trees are looked at."""
FAULTS = {"A": frozenset("ac"), "B": frozenset("d"), "C": frozenset("e")}
SUSPECTS = frozenset("abcdefg")


def new_badge() -> str:
    """The badge that run A has most often of those that the sound run has not."""
    with _run("sound") as sound, _run("run_a") as sick:
        usual, odd = diagnose(sound).counts(), diagnose(sick).counts()
    found = max((key for key in odd if key not in usual), key=odd.__getitem__)
    return BADGES[found].name


def advantage() -> float:
    """Of agent 0.0 in tree 4 of task 4 (medium 4536) in step 6 of run A, if λ is 0.4."""
    with _run("run_a") as run:
        credit = attribute(run.groups(LAST), CreditConfig(lam=0.4))
    [found] = [each.A for each in credit if (each.group, each.tree, each.node) == (3, 3, "0.0")]
    assert found is not None
    return found


def share_of_copies() -> float:
    """What the copies of run B would have of the update by the rule of the sound run."""
    with _run("run_b") as run:
        credit = attribute(run.groups(LAST))
    return sum(each.share or 0.0 for each in credit if each.depth > 0)


def faults(answer: object) -> str:
    """Judges which suspects an answer names for each run."""
    if not isinstance(answer, Mapping):
        return f'{quoted(answer)} is no dict: write {{"A": "..", "B": ".", "C": "."}}.'
    for name, right in FAULTS.items():
        given = answer.get(name)
        if isinstance(given, list | tuple | set | frozenset) and all(isinstance(each, str) for each in given):
            given = "".join(given)
        if given is not None and not isinstance(given, str):
            return f'For run {name}, {quoted(given)} is no text: write its letters in quotation marks, such as "fg".'
        if not given or not given.strip():
            return f"There are no letters for run {name}."
        letters = frozenset(given[:100].lower()) - frozenset(" ,;")
        if unknown := letters - SUSPECTS:
            return f"For run {name}, {quoted(min(unknown))} is no suspect: the letters are a to g."
        if len(letters) != len(right):
            return f"Run {name} has {'two faults' if len(right) == 2 else 'one fault'}, and you name {len(letters)}."
        if letters != right:
            some = "one of the two is right" if letters & right else "this is not it"
            return f"Run {name}: {some}."
    return ""


def _run(name: str) -> Run:
    return open_run(recorded_path(f"course/{name}.rao"))


EXERCISES = (
    Exercise(
        "4.1",
        "Which badge says why the trees of run A grow?",
        text(
            new_badge,
            why={
                "tree limit": "It says that a tree hit a wall, and not why it grew.",
                "launch limit": "It says that a launch was refused, and not why so many were tried.",
                "late launch": "It says when a copy was launched, and not why there are so many.",
                "turn limit": "The sound run has it too.",
                "duplicate": "The sound run has it too.",
            },
        ),
        (
            "Look for a row with 0 in the column of the sound run.",
            "Of the four such rows, two end in the word limit and one is about lateness: they are what follows.",
        ),
        "An agent that hands on its own whole goal has divided nothing: the copy is where the agent was.",
    ),
    Exercise(
        "4.2",
        "What is A of agent 0.0 in tree 4 of task medium 4536 of run A, in step 6, if λ is 0.4?",
        number(advantage),
        (
            "Drag λ to 0.40, or move it there by the arrow keys. The picture has A as a number.",
            "In code: rl.attribute(runs['A'].groups(6), rl.CreditConfig(lam=0.4)) has a row for each agent.",
        ),
        "Its sign has turned: at 0.4, the success of its copy no longer pays for its own failure.",
    ),
    Exercise(
        "4.3",
        "Which share of the push would the copies of run B have by the rule of the sound run?",
        number(share_of_copies),
        (
            "Look at the row 'as in sound', and there at depth 1, 2 and 3. The table is in per cent.",
            "All depths add up to 100: it is what the roots (depth 0) leave.",
        ),
        "Nearly half of the push was missing, and the curve of success did not show it.",
    ),
    Exercise(
        "4.4",
        "Which suspects are the faults of A (two), B and C?",
        faults,
        (
            "One tool for each: badges and what-if for A, the gradient share for B, the group view for C.",
            "A: what may its agents do, and how is it paid? B: who has no part? C: why are six trees one tree?",
        ),
        "Four faults, four tools. Only two of the three sick runs showed in their success.",
    ),
)

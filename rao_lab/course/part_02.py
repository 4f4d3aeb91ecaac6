"""The exercises of notebook 02: how many agents, what waiting costs, where a limit ends, what a parent reads."""

from __future__ import annotations

from rao_lab.api.run import run
from rao_lab.course.answers import number, text
from rao_lab.course.exercise import Exercise
from rao_lab.environments.arithmetic import Arithmetic
from rao_lab.execution.limits import Limits
from rao_lab.policies.scripted import ScriptedPolicy
from rao_lab.tree import Task, Tree

COUNTED = "((1 plus 2) times 3) plus (4 times (5 minus 6))"
SEVEN = "((1 plus 2) times (3 plus 4)) minus ((5 minus 6) times (7 plus 8))"
FOURTH = 4
"""Place of the task of exercise 2.2 among the held-out ones."""


def _played(task: Task, limits: Limits | None = None) -> Tree:
    return run(task, Arithmetic(), ScriptedPolicy(), limits=limits, progress=False)


def _worked_out(expression: str, limits: Limits | None = None) -> Tree:
    return _played(Task("course", f"Work out: {expression}", data={"expression": expression}), limits)


def _agents() -> int:
    return len(_worked_out(COUNTED))


def _steps() -> int:
    return _played(Arithmetic().tasks("test")[FOURTH]).timeline().critical_steps


def _least_depth() -> int:
    """The smallest `max_depth` with which the root succeeds in one turn."""
    deep = _worked_out(SEVEN).depth
    fits = [at for at in range(deep + 1) if _worked_out(SEVEN, Limits(max_depth=at, max_turns=1)).success]
    return min(fits)


EXERCISES = (
    Exercise(
        "2.1",
        "How many agents work on ((1 plus 2) times 3) plus (4 times (5 minus 6))?",
        number(_agents, digits=0),
        (
            "An agent does one operation itself, and asks a copy for each side that has operations of its own.",
            "So each agent does exactly one operation, and each operation has its agent.",
        ),
        "One agent for each operation: this policy hands on all that it can. Training decides whether that is wise.",
    ),
    Exercise(
        "2.2",
        "How many decode steps pass from start to end, if all copies run together?",
        number(_steps, digits=0),
        (
            "Begin at agents without copies: they take what they write. Then go up, one level at a time.",
            "An agent takes what it writes, and then as long as the slowest of its copies takes.",
            "steps(name) = own[name] + max(steps of its copies), and only own[name] if it has none.",
        ),
        "Only the slowest copy of each agent counts. The slowest chain from top to bottom is the critical path.",
    ),
    Exercise(
        "2.3",
        "With max_turns=1, what is the smallest max_depth with which the root succeeds?",
        number(_least_depth, digits=0),
        (
            "Nobody can react to a refusal in one turn. So with which depth is nothing refused?",
            "Count the levels of the tree in section 2; the root is at depth 0.",
        ),
        "With one turn each, a plan works only if no launch of it is refused. A second turn would make it robust.",
    ),
    Exercise(
        "2.4",
        "What does the root get to read of all that 0.0 did?",
        text(
            "done",
            why={
                "made": "That is what 0.0 reads from the world; the root never sees it.",
                "nothing": "0.0 ended with finish(...), and the root read that value.",
            },
        ),
        (
            "Choose the root, then Context: what is new in its last turn came back from both copies.",
            "It is what 0.0 passed to finish(...).",
        ),
        "Six turns of work came back as one word. Had the root needed to know how, the copy should have returned it.",
    ),
)

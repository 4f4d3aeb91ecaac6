"""The exercises of notebook 05: what a prompt is made of, and what a bench of prompts can and cannot tell."""

from __future__ import annotations

from rao_lab.course.answers import choice, number
from rao_lab.course.exercise import Exercise

FILES = ("system.j2", "task.j2", "observation.j2", "refusal.j2", "delegation.j2")


def _more_code() -> float:
    """Of the recorded bench: replies with code by `by_example` minus those by `plain`."""
    from rao_lab.api.bench_result import PromptBench
    from rao_lab.base.bundled import recorded_path

    bench = PromptBench.open(recorded_path("runs/prompt_bench.rao"))
    plain, example = (
        sum(
            bool(bench.tree(name, task, repeat).root.turns[0].code)
            for task in range(4)
            for repeat in range(3)
        )
        for name in bench.names
    )
    return example - plain


EXERCISES = (
    Exercise(
        "5.1",
        "A reply holds no code, so nothing runs. Which file words what the model reads next?",
        choice(
            "refusal.j2",
            of={
                "system.j2": "system.j2 is read once, before the first turn.",
                "task.j2": "task.j2 is read once: it tells the goal.",
                "observation.j2": "observation.j2 words what came back from code that ran. Here none did.",
                "refusal.j2": "",
                "delegation.j2": "delegation.j2 is advice on helpers, before the first turn.",
            },
        ),
        (
            "Section 1 says in a line what each file is for.",
            "Two files word what came back. One of them is for replies of which nothing ran.",
        ),
        "What a model reads after a mistake is a part of the prompt as well, and often the part that pays most. "
        "(Code that runs into an error, such as age_of(Ada) without quotation marks, is worded by observation.j2.)",
    ),
    Exercise(
        "5.2",
        'Success is .60 and .50 on 5 tasks with 4 repeats. 20 more trees each: "tasks" or "repeats"?',
        choice(
            "tasks",
            of={
                "tasks": "",
                "repeats": "Repeats say more about the same 5 tasks, and nothing about how other tasks go.",
            },
        ),
        (
            "The interval is over tasks. What makes it narrow?",
            "20 trees are 4 more repeats of the 5 tasks, or 5 more tasks with 4 repeats: which of these is new?",
        ),
        "Tasks differ more among themselves than repeats of one task do. "
        "The bench says how many more it would take.",
    ),
    Exercise(
        "5.3",
        "In the recorded bench: how many more replies held code with by_example than with plain?",
        number(_more_code, digits=0),
        (
            'The column "no action" has the share of replies that held no code.',
            "Each prompt wrote 12 replies: 4 tasks, 3 repeats, one reply a tree.",
        ),
        "The prompt changes what this model writes, long before it changes what it solves.",
    ),
    Exercise(
        "5.4",
        "Success is 0 of 12 with both prompts. Which sentence may you write: a, b or c?",
        choice(
            "b",
            of={
                "a": "These tasks are too hard to tell the prompts apart: that does not make them equal.",
                "b": "",
                "c": "It used fewer tokens because its replies held no code: that is no saving.",
            },
        ),
        (
            "Read the interval of the difference, and the column that 5.3 was about.",
            "An interval from -.31 to +.31 allows a difference. What would have to be true for 'equal'?",
        ),
        'A bench without a winner has not shown that there is none. "No difference found" is not "no difference".',
    ),
)

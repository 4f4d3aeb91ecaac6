"""A world that a small chat model can sometimes solve: look-ups and sums. `by_example/` is a prompt for it."""

import rao_lab as rl

AGES = {"Ada": 36, "Alan": 41, "Grace": 85}


def age_of(name: str) -> int:
    """The age of a person, in years."""
    return AGES[name]


def add(first: int, second: int) -> int:
    """The sum of two numbers."""
    return first + second


def right(value: object, task: rl.Task) -> bool:
    return value == task.data["answer"]


TASKS = [
    {"goal": "What is the age of Ada?", "answer": 36},
    {"goal": "What is the age of Grace?", "answer": 85},
    {"goal": "What is the sum of 17 and 25?", "answer": 42},
    {"goal": "What is the sum of the ages of Ada and Alan?", "answer": 77},
]
family = rl.environment(TASKS, [age_of, add], right, name="family", reproducible=True)

"""The exercises of notebook 03: a reward, an advantage, a good leaf that is blamed, a baseline that biases."""

from __future__ import annotations

from itertools import product
from math import exp

from rao_lab.api.run import run
from rao_lab.course.answers import but_not, number, values
from rao_lab.course.exercise import Exercise
from rao_lab.course.part_02 import SEVEN
from rao_lab.credit import Attributions, CreditConfig, attribute
from rao_lab.environments.arithmetic import Arithmetic
from rao_lab.execution.limits import Limits
from rao_lab.policies.scripted import ScriptedPolicy
from rao_lab.tree import Group, Task

SEEDS = (2, 5, 6, 7)
LAM = 0.4


def group() -> Group:
    """The four trees of the notebook."""
    task = Task("course/seven", f"Work out: {SEVEN}", data={"expression": SEVEN})
    world, policy, limits = Arithmetic(), ScriptedPolicy(error_rate=0.15), Limits(max_turns=2)
    trees = (run(task, world, policy, seed=seed, limits=limits, progress=False) for seed in SEEDS)
    return Group(task, tuple(trees))


def _credit(lam: float = LAM) -> Attributions:
    return attribute([group()], CreditConfig(lam=lam))


def _rewards() -> dict[str, float | None]:
    tree = _credit(lam=1.0).of_tree(0, 0)
    return {path: tree[path].R for path in ("0", "0.0", "0.1")}


def _advantage(tree: int = 1) -> float:
    """Of 0.0.0, which both of the first trees have."""
    found = _credit()
    return float(found.A[[*found.of_tree(0, tree)].index("0.0.0") + found.rows(0, tree).start])


P, Q = 1 / (1 + exp(-0.2)), 1 / (1 + exp(-0.4))
OUTCOMES = ((1 - P, 0.3, None), (P * Q, 1.0, 1.0), (P * (1 - Q), 0.0, 0.0))
"""Of a tree of the third bias: its chance, the root's s, its copy's s or None."""


def average_push(trees: int, *, baseline: bool, depth_weights: bool) -> float:
    """The exact average of what a group pushes the root's logit with."""
    average = 0.0
    for outcome in product(OUTCOMES, repeat=trees):
        R = [s if copy is None else s + LAM * copy for _, s, copy in outcome]
        copies = sum(copy is not None for _, _, copy in outcome)
        weight = (trees + copies) / (2 if copies else 1) / trees if depth_weights else 1.0
        chance, push = 1.0, 0.0
        for at, (likely, _, copy) in enumerate(outcome):
            chance *= likely
            b = (sum(R) - R[at]) / (trees - 1) if baseline else 0.0
            push += weight * (R[at] - b) * ((copy is not None) - P)
        average += chance * push
    return average


EXERCISES = (
    Exercise(
        "3.1",
        "What are R of 0, 0.0 and 0.1 in tree 1, if lambda is 1?",
        values(_rewards),
        (
            "R = s + lambda * (mean of s over the own copies); the grandchildren do not count.",
            "Agent 0.1 failed (s = 0), and of its two copies one succeeded: the mean is one half.",
        ),
        "With lambda = 1 a root can earn twice what a leaf can. The next sections show what comes of that.",
    ),
    Exercise(
        "3.2",
        "What is the advantage of 0.0.0 in tree 2?",
        but_not(number(_advantage, digits=3), {"the one of tree 1": lambda: _advantage(0)}, digits=3),
        (
            "Its own R is easy: it has no copies. What is b of tree 2?",
            "b is the mean R of the roots of trees 1, 3 and 4. Tree 2 itself is left out.",
        ),
        "The same work in tree 1 has a smaller advantage, because there the good root of tree 2 is among the others.",
    ),
    Exercise(
        "3.3",
        "From which q on does a copy that succeeded get a negative A on average, if lambda is 0.4?",
        number(lambda: 1 / (1 + LAM)),
        (
            "It earns 1. The roots of the other trees earn q (1 + lambda) on average.",
            "At the border both are equal: solve 1 = q (1 + lambda) for q.",
        ),
        "From there on the rule works against good leaves. With lambda = 0 the border is q = 1: it never happens.",
    ),
    Exercise(
        "3.4",
        "With two trees in the group: what is the average push with depth weights and baseline?",
        number(lambda: average_push(2, baseline=True, depth_weights=True), digits=3),
        (
            "Call average_push with G, baseline and depth_weights; nothing else changes.",
            "Two trees: G is 2. The other two are switched on: True.",
        ),
        "Half as many trees push about half as hard. Beside average_push(2, False, depth_weights=True) it says: the "
        "fewer trees a step has, the larger is the bias.",
    ),
)

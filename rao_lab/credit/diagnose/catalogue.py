"""The badges: what each is called, how it is drawn, what it means, and where one can be seen."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Example:
    """A place in a run of `data/pathologies` where the badge is given; its words end in an address that the Explorer
    opens."""

    words: str
    run: str
    tree: str
    """GROUP.TREE, or GROUP, as `Finding.place`."""
    node: str | None
    step: int = 12

    def __str__(self) -> str:
        at = f"{self.step}:{self.tree}/{self.node}" if self.node else f"group {self.tree} of step {self.step}"
        return f"{self.words} ({self.run}, {at})"


@dataclass(frozen=True, slots=True)
class Badge:
    """One kind of warning.

    >>> rl.BADGES["own_goal"].name
    'own goal'
    """

    key: str
    name: str
    mark: str
    """How it is drawn: "loop", "plus", "limit" or a letter."""
    sentence: str
    example: Example
    """A case that happened."""
    thresholds: tuple[str, ...] = ()
    """Fields of `BadgeConfig` that it reads."""
    on_card: bool = True
    """Whether cards and rows show it; how a node ended is shown there by its status."""


HAND = "by_hand.rao"


def _guards(words: str, tree: str, node: str) -> Example:
    return Example(words, "guards_off.rao", tree, node)


def _rate(words: str, tree: str, node: str | None) -> Example:
    return Example(words, "high_learning_rate.rao", tree, node)


_ALL = (
    Badge(
        "own_goal",
        "own goal",
        "loop",
        "It was given nearly the same goal as a node above it, so that nothing was divided.",
        _guards('asked for "2x e0", 0.0.1 asked its child 0.0.1.0 for "2x e0"', "1.2", "0.0.1.0"),
        ("goal_likeness",),
    ),
    Badge(
        "duplicate",
        "duplicate",
        "=",
        "A sibling was given the very same goal, and ran beside it or had already succeeded.",
        _guards('0.0.0 and 0.0.1 were both asked for "2x e0"', "1.2", "0.0.1"),
    ),
    Badge(
        "unused_answer",
        "unused answer",
        "U",
        "It returned something new, and its parent finished without looking at it.",
        Example(
            '0.0 returned "it has 12 rooms", and 0 finished with a guess of its own', HAND, "0.1", "0.0", 1
        ),
    ),
    Badge(
        "late_launch",
        "late launch",
        "L",
        "It was launched when the budget was nearly used up, so that its answer came too late.",
        _guards("0.0 launched 0.0.1 in the last of its 12 turns", "3.1", "0.0.1"),
        ("late_turns", "late_share"),
    ),
    Badge(
        "serial_await",
        "serial await",
        "S",
        "Its launch waited for a sibling whose answer it does not use: both could have run together.",
        _guards('d4 takes c4 and e5; "1x e5" was only asked for when "1x c4" was done', "3.0", "0.1.1"),
        ("across_turns", "serial_steps"),
    ),
    Badge(
        "failed_child",
        "failed child",
        "C",
        "It succeeded although children of it failed: it did not need them, or did their work again.",
        _guards('0.0 made "1x b5" after one of its two children had run out of turns', "3.2", "0.0"),
        ("failed_children", "success_from"),
    ),
    Badge(
        "failed_alone",
        "failed alone",
        "A",
        "It failed although every child of it succeeded: the parts were done, and not put together.",
        _guards('five children delivered, and "1x c0" was not made of it', "3.0", "0"),
        ("good_children", "success_from"),
    ),
    Badge(
        "bonus_only",
        "bonus only",
        "plus",
        "It failed, and R is above 0 all the same, by the bonus for its children; A says if it is made more likely.",
        _guards("out of turns, s 0, and R +0.40 because its only child succeeded", "0.4", "0"),
        ("bonus_from",),
    ),
    Badge(
        "punished_leaf",
        "punished leaf",
        "P",
        "It succeeded without children, under a root that succeeded, and is made less likely (A at most −0.05): "
        "with the bonus, other roots earned more.",
        _guards("s 1 and A −0.12, under a root that succeeded", "0.0", "0.0.0"),
        ("leaf_advantage", "success_from"),
    ),
    Badge(
        "nearly_full",
        "nearly full",
        "W",
        "It finished with little room left in its context window.",
        _guards("116 of 128 tokens when it finished", "4.2", "0"),
        ("context_share",),
    ),
    Badge(
        "turn_limit",
        "turn limit",
        "limit",
        "It used up its turns before it finished.",
        _guards("16 turns without a finish", "0.4", "0"),
        on_card=False,
    ),
    Badge(
        "context_limit",
        "context limit",
        "limit",
        "Its context window was full before it finished.",
        _guards("128 tokens were full in turn 14", "1.0", "0"),
        on_card=False,
    ),
    Badge(
        "tree_limit",
        "tree limit",
        "limit",
        "A budget that the whole tree shares was used up before it finished.",
        _rate("the tree had no turn left after its eighth", "0.2", "0.3.1.0"),
        on_card=False,
    ),
    Badge(
        "timeout",
        "timeout",
        "limit",
        "The clock of the tree ran out before it finished.",
        Example("the second turn took longer than the seconds of the tree", HAND, "0.3", "0", 1),
        on_card=False,
    ),
    Badge(
        "launch_limit",
        "launch limit",
        "R",
        "It tried to launch more than the limits allow (depth, children, nodes or turns of the tree).",
        _rate("a ninth child was refused", "3.0", "0"),
    ),
    Badge(
        "no_signal",
        "no signal",
        "0",
        "No node of the group has an advantage: the group taught nothing in this step.",
        _rate("six trees, 87 trained nodes, and every A is 0", "0", None),
        ("no_signal",),
    ),
)


class Badges(dict[str, Badge]):
    """Every badge by its key, in the order in which tables list them.

    >>> [key for key, badge in rl.BADGES.items() if "bonus_from" in badge.thresholds]
    ['bonus_only']
    """


BADGES = Badges((badge.key, badge) for badge in _ALL)

"""What the forks of a tree came to: how often the node and the root succeed, and what every ancestor then earns."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from html import escape
from typing import Any

from rao_lab.base.safe_text import one_line, unquoted
from rao_lab.base.words import fixed
from rao_lab.credit import Attribution, CreditConfig, attribute, signal
from rao_lab.errors import MissingError
from rao_lab.evaluation.intervals import wilson
from rao_lab.tree import ROOT, Group, Node, Tree
from rao_lab.tree.origin import edit_words, tree_name
from rao_lab.tree.text import signed
from rao_lab.tree.told_counts import tokens_told, turns_written

WIDE = 100
"""Characters of a line of a `repr`."""
NO_PROBE = "a probe has no advantage"
OTHER_RULE = "no advantage: the rule of credit needs more than its group"
SPELLED = "the prompt terse has no words for a goal that is text, and spells it out: give its args too"
OTHERS = " (the node"
"""What `weights` of an origin says if they are not the node's own."""
NO_GROUP = "an advantage needs the tree's group: give run=, the file that holds it, or group="


@dataclass(frozen=True, slots=True)
class Change:
    """One number of a node, before and in the forks; None = there is no such number."""

    before: float | None
    mean: float | None
    low: float | None
    high: float | None
    forks: int
    """Forks that have the number."""

    @classmethod
    def of(cls, before: float | None, after: Sequence[float | None]) -> Change:
        known = [value for value in after if value is not None]
        if not known:
            return cls(before, None, None, None, 0)
        return cls(before, sum(known) / len(known), min(known), max(known), len(known))

    def to_dict(self) -> dict[str, float | int | None]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class CreditChange:
    """What a node's credit becomes if each fork stands in the place of the tree in its group."""

    node: str
    s: Change
    R: Change
    A: Change

    def to_dict(self) -> dict[str, Any]:
        return {"node": self.node, "s": self.s.to_dict(), "R": self.R.to_dict(), "A": self.A.to_dict()}


@dataclass(frozen=True, repr=False)
class Forks:
    """A tree, and what became of it when it was run again with one change; `rl.fork` makes it.

    >>> found = rl.fork(tree, "0.0", rest="continued", environment=env, policy=policy, repeats=2)
    >>> print(found)
    sampled again from turn 1, 0.0 succeeds 2 of 2 [0.34, 1.00] (before: succeeded), and the root's reward ...
    >>> found.success, found.trees[0].header.origin["node"]
    (1.0, '0.0')

    """

    original: Tree
    trees: tuple[Tree, ...]
    """The forks, in order; fewer than were asked for if the run was stopped."""
    node: str
    """The path of the node at which they were cut."""
    turn: int
    origin: Mapping[str, Any] = field(default_factory=dict)
    """What their headers have in common (`rao_lab.tree.origin`)."""
    group: Group | None = None
    """The tree's group, for advantages; None = not known."""
    config: CreditConfig = field(default_factory=CreditConfig)
    """The rule of credit."""
    run: str = ""
    """The run file that they were made with; "" = none."""

    def __len__(self) -> int:
        return len(self.trees)

    @property
    def success(self) -> float | None:
        """Mean s of the node over the forks in which it was scored; None if it was in none."""
        return _mean(self._scores(self.node))

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of `success`."""
        return _interval(self._scores(self.node))

    @property
    def root_success(self) -> float | None:
        """Mean s of the root over the forks in which it was scored."""
        return _mean(self._scores(ROOT))

    @property
    def root_interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of `root_success`."""
        return _interval(self._scores(ROOT))

    @property
    def alike(self) -> bool:
        """Whether all forks wrote the same."""
        first = [_written(tree) for tree in self.trees[:1]]
        return len(self.trees) > 1 and all([_written(tree)] == first for tree in self.trees)

    @property
    def held(self) -> str:
        """The goal to which the world still holds the node, in a few words; "" if that is the one it was told."""
        edit = self.origin.get("edit")
        before = self.original.node(self.node)
        if not isinstance(edit, Mapping) or "goal" not in edit or not before.args:
            return ""  # a node without arguments is held to nothing but its words
        if edit.get("args", before.args) != before.args or edit["goal"] == before.goal:
            return ""
        return f"the world still holds it to its old goal: {one_line(before.goal, 80)}"

    @property
    def spelled(self) -> str:
        """That the prompt has no words for the goal that it was told; "" if it has, or needs none."""
        edit = self.origin.get("edit")
        told = isinstance(edit, Mapping) and "goal" in edit and "args" not in edit
        return SPELLED if told and any(_template(each, self.node) == "terse" for each in self.trees) else ""

    @property
    def no_advantage(self) -> str:
        """Why there are no advantages; "" if there are some."""
        rule = self.config.rule
        if self.config.baseline == "moving" or (rule is not None and rule.function is None):
            return OTHER_RULE
        if self.group is not None:
            return ""
        return NO_PROBE if self.original.header.probe else NO_GROUP

    @cached_property
    def credit(self) -> tuple[CreditChange, ...]:
        """The change of s, R and A of every ancestor of the node, the root first, and of the node itself."""
        before = self._credit_in_place(self.original)
        after = [self._credit_in_place(tree) for tree in self.trees]
        parts = self.node.split(".")
        paths = [".".join(parts[:count]) for count in range(1, len(parts) + 1)]
        return tuple(
            CreditChange(
                path,
                *(
                    Change.of(getattr(before[path], name), [getattr(each[path], name) for each in after])
                    for name in ("s", "R", "A")
                ),
            )
            for path in paths
        )

    def credit_of(self, node: str) -> CreditChange:
        """The change of one node.

        Raises:
            MissingError: it is neither the node nor one of its ancestors.
        """
        for change in self.credit:
            if change.node == node:
                return change
        raise MissingError(f"node {node!r} is no ancestor of {self.node}, where the forks were cut")

    def rows(self) -> list[dict[str, Any]]:
        """One row for each tree, the original first: for a table or a data frame."""
        return [self._row(tree, place - 1) for place, tree in enumerate((self.original, *self.trees))]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON without the trees."""
        return {
            "origin": dict(self.origin),
            "forks": len(self),
            "success": self.success,
            "interval": list(self.interval),
            "root_success": self.root_success,
            "root_interval": list(self.root_interval),
            "alike": self.alike,
            "group": None if self.group is None else self.group.index,
            "credit": [change.to_dict() for change in self.credit],
            "rows": self.rows(),
            "says": str(self),
        }

    def __str__(self) -> str:
        scores = self._scores(self.node)
        if not self.trees:
            return f"no fork of {tree_name(self.original.header)} at {self.node} has ended"
        low, high = self.interval
        unscored = len(self.trees) - len(scores)
        of = f"{sum(scores):g} of {len(scores)}{f' scored ({unscored} not)' if unscored else ''}"
        lead = f"{self._lead()}{self._by()}, {_called(self.node)}"
        first = f"{lead} succeeds {of} [{fixed(low, 2)}, {fixed(high, 2)}] ({self._was()})"
        alike = f"; all {len(self)} are alike" if self.alike else ""
        spelled = f"; {self.spelled}" if self.spelled else ""
        return f"{first}, {self._root_says()}{alike}{spelled}"

    def __repr__(self) -> str:
        """The sentence in lines: a notebook would break one in the middle of a number."""
        return textwrap.fill(str(self), WIDE, break_long_words=False, break_on_hyphens=False)

    def _repr_html_(self) -> str:
        """The sentence in lines as wide as the cell: a narrow one would break those of the `repr` in words."""
        return f"<div>{escape(str(self))}</div>"

    def _lead(self) -> str:
        edit = self.origin.get("edit") or {}
        if "goal" in edit:
            return f"with this goal{f' in words alone ({self.held})' if self.held else ''}"
        if "prompt" in edit:
            return f"with the prompt {one_line(str(edit['prompt']), 60)}"
        if "action" in edit:
            return f"after this action in turn {self.turn}"
        if "child_value" in edit:
            return f"with this {edit_words(edit)}"
        return f"sampled again from turn {self.turn}"

    def _by(self) -> str:
        """Whose words the new turns are, if they are not those of the node's own weights."""
        weights = one_line(str(self.origin.get("weights", "")), 120)
        if OTHERS not in weights:
            return ""
        return (
            f" by other weights than its own ({weights.replace(OTHERS, '; the node', 1).removesuffix(')')})"
        )

    def _was(self) -> str:
        score = _score(self.original.node(self.node))
        word = {None: "not scored", 0.0: "failed", 1.0: "succeeded"}.get(score)
        return f"before: {word or f'{score:g}'}"

    def _root_says(self) -> str:
        root = self.credit_of(ROOT)
        number, change = ("advantage", root.A) if root.A.before is not None else ("reward", root.R)
        if change.before is None or change.mean is None or change.low is None or change.high is None:
            return "and the root has no reward to compare"
        said = f"and the root's {number} goes from {signed(change.before)} to {signed(change.mean)}"
        if change.forks > 1:
            low, high = signed(change.low), signed(change.high)
            each = "" if change.forks == len(self) else " that have one"
            alike = f"in all {change.forks}{each}"
            said += f" ({alike if low == high else f'mean of {change.forks}, lowest {low}, highest {high}'})"
        if self.group is not None:
            return said
        return f"{said}; {self.no_advantage}"

    def _scores(self, path: str) -> list[float]:
        found = (_score(tree.node(path)) for tree in self.trees)
        return [score for score in found if score is not None]

    def _row(self, tree: Tree, place: int) -> dict[str, Any]:
        node, earned = tree.node(self.node), self._credit_in_place(tree)
        return {
            "fork": None if place < 0 else place,
            "success": _score(node),
            "status": str(node.status),
            "root_success": _score(tree.root),
            "R": earned[self.node].R,
            "A": earned[self.node].A,
            "root_R": earned[ROOT].R,
            "root_A": earned[ROOT].A,
            "nodes": len(tree),
            "turns": sum(map(turns_written, tree.nodes)),
            "tokens": tokens_told(tree.nodes),
            "policy_version": tree.header.policy_version,
        }

    def _credit_in_place(self, tree: Tree) -> Mapping[str, Attribution]:
        """The credit of a tree's nodes if it stands in the original's place in the group."""
        return self._earned[id(tree)]

    @cached_property
    def _earned(self) -> dict[int, Mapping[str, Attribution]]:
        trees = (self.original, *self.trees)
        group = None if self.no_advantage else self.group
        return {id(tree): _credit(tree, self.original, group, self.config) for tree in trees}


def _credit(
    tree: Tree, original: Tree, group: Group | None, config: CreditConfig
) -> Mapping[str, Attribution]:
    """By path. Without a group there are rewards and no advantages."""
    if group is None:
        alone = CreditConfig(config.lam, config.bonus, config.cap, baseline="none")
        found = attribute([Group(tree.task, (tree,))], alone).of_tree(0, 0)
        return {
            path: replace(each, A=None, b=None, w=None, c=None, share=None) for path, each in found.items()
        }
    alike = [at for at, each in enumerate(group.trees) if each.header.rollout == original.header.rollout]
    # Trees that were each run alone are all rollout 0.
    place = next((at for at in alike if group.trees[at] == original), alike[0])
    trees = (*group.trees[:place], tree, *group.trees[place + 1 :])
    return attribute([replace(group, trees=trees)], config).of_tree(group.index, place)


def _score(node: Node) -> float | None:
    return signal(node.status, node.success)


def _written(tree: Tree) -> list[tuple[str, tuple[str, ...]]]:
    return [(node.path, tuple(turn.text for turn in node.turns)) for node in tree.nodes]


def _template(tree: Tree, path: str) -> str:
    return tree.node(path).template if tree.has(path) else ""


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _interval(scores: Sequence[float]) -> tuple[float, float]:
    return wilson(sum(scores), len(scores))


def _called(path: str) -> str:
    return "the root" if path == ROOT else unquoted(path)

"""A node's credit in a sentence or two, as the Explorer's Credit page says it.

`widgets/src/credit/words.js` says the same word for word; a golden file holds the two together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rao_lab.base.words import fixed
from rao_lab.credit.attribution import Attributions
from rao_lab.tree import LIMIT_STATUSES, Status

LEVEL = 5e-4
"""A smaller advantage is told as none."""
_SMALL = [
    "none",
    *["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"],
]
_WHY = {
    "unscored": "its success is not known",
    "cancelled": "its parent ended first",
    "not_root": "this estimator trains roots only",
    "root_unscored": "its root has no advantage",
    "no_baseline": "no other tree of this task has a scored root",
    "no_tokens": "it generated no tokens",
    "no_sibling": "it has no scored sibling to be compared with",
    "by_rule": "the rule gives it no advantage",
}


def number_words(number: int) -> str:
    """A small number as a word."""
    return _SMALL[number] if number < len(_SMALL) else f"{number:,}"


def plain(value: float, digits: int = 3) -> str:
    """With a true minus, and without one if it rounds to 0; a dash for NaN."""
    if np.isnan(value):
        return "\u2013"
    text = fixed(abs(value), digits)
    return f"\u2212{text}" if value < 0 and float(text) else text


def signed(value: float, digits: int = 3) -> str:
    """With its sign, 0 without."""
    text = plain(value, digits)
    return f"+{text}" if value > 0 and float(text) else text


@dataclass(frozen=True, slots=True)
class Row:
    """One row of credit, with what it is compared with."""

    found: Attributions
    row: int

    @property
    def children(self) -> list[int]:
        """Rows of its children, in spawn order."""
        return np.flatnonzero(self.found.table.parent == self.row).tolist()

    @property
    def roots(self) -> list[int]:
        """Rows of the roots of its task's trees."""
        table = self.found.table
        starts = table.tree_starts
        return starts[table.group[starts] == table.group[self.row]].tolist()

    @property
    def own_root(self) -> int:
        table = self.found.table
        return int(table.tree_starts[table.tree_of[self.row]])

    @property
    def siblings(self) -> list[int] | None:
        """What a child is compared with if the rule compares siblings: those that ended by themselves, itself included;
        None for any other rule, and for a root."""
        table = self.found.table
        above = int(table.parent[self.row])
        if self.found.config.estimator != "tree_relative" or above < 0:
            return None
        ended = (row for row in np.flatnonzero(table.parent == above).tolist())
        return [row for row in ended if table.status[row] != Status.CANCELLED]

    @property
    def compared(self) -> list[int]:
        """Rows that a mean is over: of roots, or of siblings."""
        siblings = self.siblings
        own = self.own_root if siblings is None else self.row
        rows = [row for row in siblings or self.roots if not np.isnan(self.found.R[row])]
        left_out = self.found.config.baseline == "leave_one_out"
        return [row for row in rows if not (left_out and row == own)]

    @property
    def by_root(self) -> bool:
        """The estimator gives every node its root's advantage, or trains roots alone."""
        return self.found.config.estimator in ("rao_root_adv", "root_only")


def sentence(found: Attributions, row: int) -> str:
    """The credit of a node in a sentence or two."""
    return "".join(_parts(Row(found, row)))


def without_group(found: Attributions, row: int) -> str:
    """What became of a node of a tree that nothing is compared with."""
    s = float(found.table.s[row])
    if np.isnan(s):
        return sentence(found, row)
    return _ungrouped(s, found.table.status[row])


def _ungrouped(s: float, status: str) -> str:
    return f"{_came(s, status)}. No credit: the tree has no group."


def _parts(of: Row) -> Iterator[str]:
    found, row, config = of.found, of.row, of.found.config
    table = found.table
    if np.isnan(table.s[row]):
        lost = table.status[row] == Status.ERROR
        yield "It was lost to an error, so its success is not known" if lost else "Its success is not known"
        yield " and it is not trained. Not scored is not 0: it is left out of its parent\u2019s mean."
        return
    why = found.why_not[row]
    if why == "no_baseline" and len(of.roots) == 1:
        yield _ungrouped(float(table.s[row]), table.status[row])
        return
    yield _own(float(table.s[row]), table.status[row])
    if of.children:
        yield _children(of)
    child = table.parent[row] >= 0
    if child and config.estimator == "rao_root_adv":
        yield " This estimator gives every node its root\u2019s advantage."
    if why:
        yield f" It is not trained: {_WHY[why]}."
        return
    R, b, A = (float(column[row]) for column in (found.R, found.b, found.A))
    if config.rule and not abs(R - b - A) < 1e-9:
        yield f" The rule {config.estimator_name} gives it an advantage of {signed(A)}."
    else:
        words, than = _baseline(of, b)
        yield f"{words}, so {'its root' if child and of.by_root else 'it'} stands {_stands(A, than, config.std)}."
    yield _tokens(A, float(found.c[row]))


def _came(s: float, status: str) -> str:
    """How it ended."""
    if s > 0:
        return "It succeeded" if s >= 1 else "It succeeded in part"
    if status == Status.CANCELLED:
        return "It was cancelled because its parent ended first"
    return f"It hit the {status.replace('_', ' ')}" if status in LIMIT_STATUSES else "It failed"


def _own(s: float, status: str) -> str:
    """What it earns of its own."""
    earns = "so it earns nothing of its own" if s <= 0 else f"which earns {'1' if s >= 1 else plain(s)}"
    return f"{_came(s, status)}, {earns}."


def _children(of: Row) -> str:
    config, s = of.found.config, of.found.table.s
    children = of.children
    scored = [row for row in children if not np.isnan(s[row])]
    won = sum(bool(s[row] >= 1) for row in scored)
    partly = sum(bool(0 < s[row] < 1) for row in scored)
    count, lost = len(children), len(children) - len(scored)
    every = number_words(count)
    if count == 1:
        end = "was not scored" if lost else "failed"
        words = f" Its one child {'succeeded' if won else 'succeeded in part' if partly else end}"
    elif won == count:
        words = f" {'Both' if count == 2 else f'All {every}'} of its children succeeded"
    else:
        some, how = (partly, " in part") if not won and partly else (won, "")
        words = f" {number_words(some).capitalize()} of its {every} children succeeded{how}"
    if lost and count > 1:
        words += f" ({number_words(lost)} not scored)"
    if config.lam == 0:
        return f"{words}, which pays nothing at \u03bb = 0."
    pays = {"mean": "which pays", "min": "their minimum pays", "capped_sum": "their capped sum pays"}
    return f"{words}, {pays[config.bonus]} {plain(float(of.found.bonus[of.row]))}."


def _baseline(of: Row, b: float) -> tuple[str, str]:
    """What it is compared with, and a word that stands for that."""
    config = of.found.config
    value = plain(b)
    if config.rule:
        return f" The rule {config.estimator_name} compares it with {value}", "that"
    if config.baseline == "none":
        return " There is no baseline", ""
    if config.baseline == "moving":
        return f"{_moving(of, 0 if of.by_root else int(of.found.table.depth[of.row]))}{value}", "that"
    if config.estimator == "grpo_mean":
        return f" The mean of all nodes of its task is {value}", "that"
    count = len(of.compared)
    many, whole = number_words(count), config.baseline == "group_mean"
    if of.siblings is not None:
        if whole:
            return f" Its {many} siblings, itself included, reach {value} on average", "them"
        if count == 1:
            return f" Its other sibling that is scored reaches {value}", "it"
        return f" Its other {many} siblings reach {value} on average", "them"
    if whole:
        return f" The roots of all {many} trees reach {value} on average", "them"
    if count == 1:
        return f" The other tree reaches {value}", "it"
    return f" The other {many} trees reach {value} on average", "them"


def _moving(of: Row, depth: int) -> str:
    known = of.found.moving
    if known is not None and depth < len(known) and not np.isnan(known[depth]):
        return f" Over the steps before, nodes at depth {depth} reached about "
    return f" No earlier mean of depth {depth} is known; that of this step is "


def _stands(A: float, than: str, std: bool) -> str:
    if abs(A) < LEVEL:
        return "level"
    words = f"{plain(abs(A))} {'above' if A > 0 else 'below'}{' (in standard deviations)' if std else ''}"
    return f"{words} {than}" if than else words


def _tokens(A: float, c: float) -> str:
    """What its advantage does to its tokens."""
    if abs(A) < LEVEL:
        return " Its tokens are made neither more nor less likely."
    likely = "more" if A > 0 else "less"
    return f" Its tokens are made {likely} likely: their coefficient w\u202fA is {signed(c)}."

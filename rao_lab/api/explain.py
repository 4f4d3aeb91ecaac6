"""Why a node got the credit it got: the Credit page's sentence and terms, in code and as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from rao_lab.api.find import find_tree, find_trees, why_no_credit
from rao_lab.base.calls import checked_call
from rao_lab.base.cell import table_html
from rao_lab.base.safe_text import one_line, quoted
from rao_lab.base.words import counted, fixed
from rao_lab.credit import Attribution, Attributions, CreditConfig, attribute
from rao_lab.credit.lines import children_mean, credit_lines, node_place, number_text
from rao_lab.credit.words import Row, sentence
from rao_lab.errors import ConfigError, InputError, MissingError
from rao_lab.store import Run, Trace
from rao_lab.training.metrics import TrainStep
from rao_lab.tree import ROOT, Group, Tree
from rao_lab.views.explorer.address import Address

MOST = 12
"""Children, trees and depths that are listed."""


@dataclass(frozen=True, repr=False)
class Explanation:
    """The credit of one node and where each term comes from.

    >>> found = rl.explain(rl.open_run("runs/a.rao"), step=1)
    >>> found.terms.A == found.terms.R - found.terms.b
    True
    """

    sentence: str
    """As the Credit page says it."""
    terms: Attribution
    """s, R, b, A, w, c and share, as training multiplied them."""
    config: CreditConfig
    """The rule."""
    goal: str
    """The node's; empty if only its credit is at hand."""
    children: tuple[tuple[str, float | None], ...]
    """Paths and s of its children."""
    compared: tuple[tuple[str, float], ...]
    """What the baseline is the mean of, if it is one of roots or siblings: names and R."""
    depth_counts: tuple[int, ...]
    """N_d: trained nodes at each depth."""
    trees: int
    """Of its task."""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        found = asdict(self)
        return {
            **found,
            "terms": {**found["terms"], "tree": int(self.terms.tree)},
            "config": self.config.to_dict(),
        }

    def __str__(self) -> str:
        head, *terms = credit_lines(self.terms, self.config, self.trees, self.depth_counts)
        goal = f": {one_line(self.goal, 100)}" if self.goal else ""
        return "\n".join([f"{head}{goal}", "", self.sentence, "", *terms, "", *self._sources()])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        names = ("s", "child_mean", "bonus", "R", "b", "A", "w", "c", "share")
        values = {name: getattr(self.terms, name) for name in names} | {
            "child_mean": children_mean(self.terms)
        }
        terms = [(name, number_text(value)) for name, value in values.items()]
        place = node_place(self.terms, self.trees)
        goal = f": {one_line(self.goal, 100)}" if self.goal else ""
        said = " ".join(self.sentence.split())  # a table shows a narrow space by its number
        return table_html(f"{place}{goal}", (), terms, [said, *self._sources()])

    def _sources(self) -> list[str]:
        children = ", ".join(f"{number_text(s)} of {path}" for path, s in self.children[:MOST])
        more = len(self.children) - MOST
        compared = ", ".join(f"{fixed(R, 3)} of {name}" for name, R in self.compared[:MOST])
        others = len(self.compared) - MOST
        depths = ", ".join(
            f"depth {depth}: {count:,}" for depth, count in enumerate(self.depth_counts[:MOST])
        )
        return [
            f"children, s: {children}{f' and {more} more' if more > 0 else ''}"
            if children
            else "no children",
            *(
                [f"compared with, R: {compared}{f' and {others} more' if others > 0 else ''}"]
                if compared
                else []
            ),
            f"trained nodes: {depths}",
        ]


Explained = Run | TrainStep | Group | Sequence[Group] | Trace | Attributions


@checked_call
def explain(
    given: Explained,
    step: int | None = None,
    tree: str | int = 0,
    node: str = ROOT,
    *,
    at: str | None = None,
    config: CreditConfig | None = None,
) -> Explanation:
    """Says why a node got its advantage, with the numbers that training multiplied by.

        >>> print(rl.explain(rl.open_run("runs/a.rao"), step=1).sentence)  # doctest: +ELLIPSIS
        It ...

    Args:
        given: a run, a step of training, groups, or credit at hand.
        step: of a run; by default the newest that has credit.
        tree: its place among the trees of the step, from 0, or GROUP.TREE as `rao-lab credit` prints them.
        node: its path.
        at: an address that was copied from a view, in place of step, tree and node.
        config: the rule for groups; a run and a step of training bring their own.

    Raises:
        MissingError: there is no such step, tree or node, or it has no credit: the message says why.
        ConfigError: an address beside what it says itself, or a rule beside recorded credit.
    """
    if at is not None:
        if (step, tree, node) != (None, 0, ROOT):
            raise ConfigError("at= says step, tree and node: give it alone, or give those")
        step, tree, path, _ = Address.parse(at)
        node = ROOT if path is None else path
    if isinstance(given, Run):
        return _of_run(given, step, str(tree), node, config)
    if isinstance(given, TrainStep | Attributions) and config is not None:
        raise ConfigError("this credit is recorded: config= is for groups, which get theirs here")
    groups: list[Group] = []
    if isinstance(given, TrainStep):
        if given.attributions is None:
            raise MissingError(f"step {given.step} has no credit: it was sampled and not trained")
        found, groups = given.attributions, list(given.groups)
    elif isinstance(given, Attributions):
        found = given
    else:
        groups = _groups(given)
        found = attribute(groups, config)
    group, place = _named(found, str(tree))
    goal = ""
    for each in groups:
        if each.index == group and place < len(each.trees):
            goal = each.trees[place].node(node).goal
    return _explained(found, group, place, node, goal)


def _groups(given: object) -> list[Group]:
    """The groups of what was given.

    Raises:
        InputError: it holds none.
    """
    held = getattr(given, "groups", given)  # a trace has some
    groups = [held] if isinstance(held, Group) else list(held) if isinstance(held, list | tuple) else []
    if groups and all(isinstance(each, Group) for each in groups):
        return groups
    more = ": rl.Group(task, trees) holds the trees of one task" if isinstance(given, Tree) else ""
    raise InputError(f"rl.explain takes a run, a step, groups, a trace or credit, not {quoted(given)}{more}")


def _of_run(run: Run, step: int | None, tree: str, node: str, config: CreditConfig | None) -> Explanation:
    if config is not None:
        raise ConfigError("a run brings its rule: rl.explain(run.groups(step), config=...) explains another")
    if step is None:
        step = next(
            (each.step for each in reversed(run.steps) if each.groups and each.ended is not None), None
        )
    trees = find_trees(run, step)
    chosen = trees[find_tree(trees, tree)]
    if chosen.probe or chosen.fork:
        kind = (
            "fork: no step counts it" if chosen.fork else "probe: recorded like other trees and never trained"
        )
        raise MissingError(f"tree {quoted(tree)} of step {chosen.step} is a {kind}, so it has no credit")
    try:
        found = run.attributions(chosen.step)
    except MissingError:
        raise MissingError(why_no_credit(run, chosen.step)) from None
    place = [each.id for each in trees if each.group == chosen.group and not (each.probe or each.fork)].index(
        chosen.id
    )
    found.find(chosen.group, place, node)  # before texts are read
    return _explained(found, chosen.group, place, node, run.node(chosen.id, node).goal)


def _named(found: Attributions, tree: str) -> tuple[int, int]:
    """Group and place of a tree.

    Raises:
        MissingError: there is none.
    """
    starts = found.table.tree_starts
    named = list(zip(found.table.group[starts].tolist(), found.table.tree[starts].tolist(), strict=True))
    if tree.isdecimal() and int(tree) < len(named):
        return named[int(tree)]
    for group, place in named:
        if tree == f"{group}.{place}":
            return group, place
    raise MissingError(
        f"no tree {quoted(tree)} here: there are 0 to {len(named) - 1}, or GROUP.TREE such as 0.0"
    )


def _explained(found: Attributions, group: int, place: int, node: str, goal: str) -> Explanation:
    rows = found.rows(group, place)
    row = next((row for row in rows if found.table.path[row] == node), None)
    if row is None:
        raise MissingError(
            f"tree {group}.{place} has no node {quoted(node)}: it has {counted(len(rows), 'node')}"
        )
    of = Row(found, row)
    table, config = found.table, found.config
    mean = (
        config.baseline in ("leave_one_out", "group_mean")
        and config.estimator != "grpo_mean"
        and not config.rule
    )
    compared = [(_name(found, each, of.siblings is not None), float(found.R[each])) for each in of.compared]
    return Explanation(
        sentence(found, row),
        found[row],
        config,
        goal,
        tuple(
            (table.path[each], None if np.isnan(table.s[each]) else float(table.s[each]))
            for each in of.children
        ),
        tuple(compared) if mean else (),
        tuple(found.depth_counts.tolist()),
        int((table.group[table.tree_starts] == group).sum()),
    )


def _name(found: Attributions, row: int, sibling: bool) -> str:
    table = found.table
    return table.path[row] if sibling else f"tree {table.tree[row] + 1}"

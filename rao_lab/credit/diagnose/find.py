"""Badges of the nodes of a step: where delegation went wrong, and where credit misleads.

`catalogue.py` lists the badges, `config.py` their thresholds. A badge states a fact about the records and rather misses
a case than names a wrong one. `delegation.py` reads goals and code, this module how nodes ended and what they earned.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np

from rao_lab.base.words import counted, fixed
from rao_lab.credit.attribution import Attribution, Attributions
from rao_lab.credit.diagnose.catalogue import BADGES
from rao_lab.credit.diagnose.config import BadgeConfig
from rao_lab.credit.diagnose.delegation import Given, Reading
from rao_lab.credit.diagnose.finding import Finding, Findings
from rao_lab.credit.table import Floats
from rao_lab.errors import MissingError
from rao_lab.tree import LIMIT_STATUSES, Group, Node, Status, Tree
from rao_lab.tree.goal_words import said, words_of
from rao_lab.tree.text import signed

LAUNCH_LIMITS = ("depth", "children", "nodes", "tree_turns")
"""Kinds of refusals that are a limit of the tree."""
FEWEST_ANSWERS = 4
"""So many answers are needed to call a word usual."""


class Earned(Protocol):
    """What badges need of a node's `Attribution`."""

    @property
    def s(self) -> float | None: ...
    @property
    def bonus(self) -> float | None: ...
    @property
    def A(self) -> float | None: ...


def find_badges(
    groups: Sequence[Group], credit: Attributions | None = None, config: BadgeConfig | None = None
) -> Findings:
    """The badges of the nodes of some groups.

    Args:
        credit: of the groups that are no probes; None = there is none, and the badges that need it are not given.
    """
    config = config or BadgeConfig()
    usual = usual_words(tree for group in groups for tree in group.trees)
    rows: list[Finding] = []
    for group in groups:
        known = None if group.probe else credit
        for place, tree in enumerate(group.trees):
            at = (group.step, group.index, place)
            for each in tree_badges(tree, config, usual, _earned(known, group.index, place)):
                rows.append(
                    Finding(*at, each.node, each.badge, each.value, each.figure, each.other, group.probe)
                )
        if known is not None:
            found = [row for place in range(len(group)) for row in _rows(known, group.index, place)]
            if found and (silent := no_signal(known.A[found], config)):
                rows.append(Finding(group.step, group.index, None, None, "no_signal", *silent))
    nodes = sum(len(tree) for group in groups for tree in group.trees)
    return Findings(rows, nodes, config, credit is not None)


def tree_badges(
    tree: Tree,
    config: BadgeConfig,
    usual: frozenset[str] = frozenset(),
    earned: Mapping[str, Earned] | None = None,
) -> list[Given]:
    """The badges of the nodes of one tree, in path order.

    Args:
        usual: words that say nothing in an answer, see `usual_words`.
        earned: what its nodes earned, by path; those badges are left out for nodes that it lacks.
    """
    given = [*Reading(tree, config, usual).badges(), *_outcomes(tree, config, earned or {})]
    order = {node.path: at for at, node in enumerate(tree.nodes)}
    keys = {key: at for at, key in enumerate(BADGES)}
    return sorted(given, key=lambda each: (order[each.node], keys[each.badge]))


def no_signal(advantages: Floats, config: BadgeConfig) -> tuple[float, str] | None:
    """The number and the figure of a group without a single advantage; None if it has one.

    Args:
        advantages: of its nodes, NaN if they are not trained.
    """
    known = advantages[np.isfinite(advantages)]
    if not len(known):
        return 0.0, "no node was trained"
    if float(np.abs(known).max()) > config.no_signal:
        return None
    return float(len(known)), f"{counted(len(known), 'trained node')}, every A is 0"


def usual_words(trees: Iterable[Tree]) -> frozenset[str]:
    """The words that at least half of the answers of children hold."""
    answers = [
        set(words_of(said(node.value)))
        for tree in trees
        for node in tree.nodes
        if node.parent is not None and node.status is Status.FINISHED
    ]
    if len(answers) < FEWEST_ANSWERS:
        return frozenset()
    counts = Counter(word for answer in answers for word in answer)
    return frozenset(word for word, count in counts.items() if 2 * count >= len(answers))


def _earned(credit: Attributions | None, group: int, place: int) -> dict[str, Attribution]:
    if credit is None:
        return {}
    try:
        return credit.of_tree(group, place)
    except MissingError:  # sampled after these were attributed
        return {}


def _outcomes(tree: Tree, config: BadgeConfig, earned: Mapping[str, Earned]) -> Iterator[Given]:
    """The badges of how nodes ended and of what they earned."""
    root_fine = tree.success is not None and tree.success >= config.success_from
    for node in tree.nodes:
        yield from _limits(tree, node)
        if node.children:
            yield from _against_children(tree, node, config)
        full = node.peak_context / node.window if node.window else 0.0
        if node.status is Status.FINISHED and full >= config.context_share:
            yield Given(node.path, "nearly_full", full, f"window {fixed(100 * full, 0)} % full")
        credit = earned.get(node.path)
        if credit is None:
            continue
        bonus = credit.bonus or 0.0
        if credit.s == 0 and bonus >= config.bonus_from and bonus > 0:
            yield Given(node.path, "bonus_only", bonus, f"s 0, R {signed(bonus)}")
        good_leaf = not node.children and node.parent is not None and (credit.s or 0) >= config.success_from
        if root_fine and good_leaf and credit.A is not None and credit.A <= -config.leaf_advantage < 0:
            yield Given(node.path, "punished_leaf", credit.A, f"s {credit.s:g}, A {signed(credit.A)}")


def _limits(tree: Tree, node: Node) -> Iterator[Given]:
    if node.status in LIMIT_STATUSES:
        yield Given(node.path, node.status.value, len(node.turns), _how_far(tree, node))
    refused = {kind: node.refusals[kind] for kind in LAUNCH_LIMITS if node.refusals.get(kind)}
    if refused:
        words = ", ".join(f"{kind.replace('_', ' ')} × {count}" for kind, count in refused.items())
        yield Given(node.path, "launch_limit", sum(refused.values()), f"refused: {words}")


def _how_far(tree: Tree, node: Node) -> str:
    if node.status is Status.CONTEXT_LIMIT and node.window:
        return f"{node.window:,} tokens full in turn {len(node.turns)}"
    if node.status is Status.TIMEOUT and node.ended is not None and node.started is not None:
        return f"after {fixed(node.ended - node.started, 0)} s, in turn {len(node.turns)}"
    return f"after {counted(len(node.turns), 'turn')}"


def _against_children(tree: Tree, node: Node, config: BadgeConfig) -> Iterator[Given]:
    """A node that fared otherwise than its children. A child that was cancelled neither failed nor succeeded."""
    if node.success is None:
        return
    children = [each for each in tree.children(node.path) if each.status is not Status.CANCELLED]
    scored = [each for each in children if each.success is not None]
    failed = [each.path for each in scored if (each.success or 0) < config.success_from]
    if node.success >= config.success_from:
        if len(failed) >= config.failed_children and failed:
            figure = (
                f"{len(failed)} of {len(children)} children failed"
                if len(children) > 1
                else "its child failed"
            )
            yield Given(node.path, "failed_child", len(failed), figure, failed[0])
    elif not failed and len(scored) == len(children) >= config.good_children:
        many = {1: "its child", 2: "both children"}.get(len(children), f"all {len(children)} children")
        yield Given(node.path, "failed_alone", len(children), f"{many} succeeded", children[0].path)


def _rows(credit: Attributions, group: int, place: int) -> Sequence[int]:
    try:
        return credit.rows(group, place)
    except MissingError:
        return ()

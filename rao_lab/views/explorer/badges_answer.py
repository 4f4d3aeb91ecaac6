"""The badges of a step, and how many there are in each step of a run, as the Explorer asks for them.

The other half is `widgets/src/step/badges.js`. A node is named by the label of its group, whether that is a probe, its
rollout and its path: the rows of a step that runs may stand in another order when the answer comes.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from rao_lab.credit.diagnose import BADGES, BadgeConfig
from rao_lab.credit.diagnose.find import no_signal, tree_badges, usual_words
from rao_lab.errors import ConfigError, MissingError
from rao_lab.store import Run
from rao_lab.tree import Tree
from rao_lab.views.explorer.node_text import clean
from rao_lab.views.explorer.question import Argument, Asked, Given
from rao_lab.views.explorer.source import Source
from rao_lab.views.explorer.table import StepTable

MOST_NODES = 40_000
"""Of a step whose badges are asked for: reading its trees takes about 6 s then."""
MOST_COUNTED = 20_000
"""Nodes of all steps that are counted on request. A run that was trained with badges has the counts in its metrics."""
FIGURE_LIMIT = 120


class Earned(NamedTuple):
    """What a table says of a node's credit."""

    s: float | None
    bonus: float | None
    A: float | None


class Shown(NamedTuple):
    """One badge of a step: of the node at `path` of the tree at `tree`, or of the group of that tree."""

    tree: int
    path: str | None
    badge: str
    figure: str
    other: str | None


def step_badges(
    table: StepTable, config: BadgeConfig, load: Callable[[int], Tree] | None = None
) -> Iterator[Shown]:
    """The badges of the finished trees of a step, forks left out, in the order of its trees.

    Args:
        load: gives a tree by its place, of a step that grows; by default the table does.

    Raises:
        RunFileError: a tree cannot be read.
    """
    trees = _trees(table, load)
    usual = usual_words(trees.values())
    for place, tree in trees.items():
        for each in tree_badges(tree, config, usual, _earned(table, place, tree)):
            yield Shown(place, each.node, each.badge, each.figure, each.other)
    yield from _silent(table, trees, config)


def _trees(table: StepTable, load: Callable[[int], Tree] | None) -> dict[int, Tree]:
    """The trees of a step by their places, forks left out. Those of a run file are read at once."""
    known: dict[tuple[bool, int, int], Tree] = {}
    if isinstance(table.records, Run):
        both = (table.records.groups(table.step, probe, partial=True, light=True) for probe in (False, True))
        known = {
            (group.probe, group.index, tree.header.rollout): tree
            for groups in both
            for group in groups
            for tree in group.trees
        }
    found = {}
    for place, row in enumerate(table.trees):
        group = table.groups[row.group]
        if "fork" in group or not len(table.rows_of(place)):
            continue
        if load is None:
            name = (bool(group["probe"]), table.labels[row.group], row.rollout)
            found[place] = known[name] if name in known else table.tree(place)
        elif row.ended is not None:
            found[place] = load(place)
    return found


def _earned(table: StepTable, place: int, tree: Tree) -> dict[str, Earned]:
    credit = table.credit
    if credit is None or table.groups[table.trees[place].group]["probe"]:
        return {}
    rows = table.rows_of(place)
    columns = (
        [None if each != each else each for each in credit[name][rows].tolist()] for name in ("bonus", "A")
    )
    scores = [None if each != each else each for each in table.columns["s"][rows].tolist()]
    paths = [table.path[row] for row in rows.tolist()]
    return dict(zip(paths, map(Earned, scores, *columns), strict=True))


def _silent(table: StepTable, trees: Iterable[int], config: BadgeConfig) -> Iterator[Shown]:
    if table.credit is None:
        return
    members: dict[int, list[int]] = {}
    for place in trees:
        group = table.trees[place].group
        if not table.groups[group]["probe"]:
            members.setdefault(group, []).append(place)
    for places in members.values():
        advantages = np.concatenate([table.credit["A"][table.rows_of(place)] for place in places])
        found = no_signal(advantages, config) if len(places) > 1 else None
        if found:
            yield Shown(places[0], None, "no_signal", found[1], None)


def badges_answer(asked: Asked) -> Given:
    """The badges of a step; the first argument holds thresholds that are not the usual ones, as JSON."""
    config = thresholds_of(asked.args)
    table, load = _step_of(asked)
    if len(table) > MOST_NODES:
        raise MissingError(
            f"badges are looked for here in up to {MOST_NODES:,} nodes, and this step has {len(table):,}: "
            f"rl.diagnose(run, {table.step}) looks in all of them"
        )
    found = [*step_badges(table, config, load)]
    trees = [
        [table.labels[each.group], int(table.groups[each.group]["probe"]), each.rollout]
        for each in table.trees
    ]
    return {
        "badges": catalogue(),
        "config": config.to_dict(),
        "usual": BadgeConfig().to_dict(),
        "credited": table.credit is not None,
        "trees": trees,
        "tree": [each.tree for each in found],
        "path": [each.path for each in found],
        "badge": [each.badge for each in found],
        "figure": [clean(each.figure)[:FIGURE_LIMIT] for each in found],
        "other": [each.other for each in found],
    }, ()


def _step_of(asked: Asked) -> tuple[StepTable, Callable[[int], Tree] | None]:
    """The step as far as it is, and what loads a tree of it while it grows."""
    if asked.find is None or asked.step is None:
        return asked.table, None
    step = asked.find(asked.step)
    table = step.whole()
    return table, step.so_far if table.records is None else None


def badges_saved(source: Source, table: StepTable | None) -> Iterable[Sequence[Argument]]:
    """A page carries the badges of its steps by the usual thresholds."""
    return [] if table is None else [[""]]


def badge_counts_answer(asked: Asked) -> Given:
    """How many of each badge the steps of a run have that keep their trees: {"step": [...], "counts": {key: [...]}}.

    Raises:
        MissingError: these are too many nodes to be counted while one waits.
    """
    config = thresholds_of(asked.args)
    steps, counts, nodes = [], [], 0
    for step, _ in asked.source.marks():
        table = asked.read(step)
        nodes += len(table)
        if nodes > MOST_COUNTED:
            raise MissingError(
                f"steps are counted here up to {MOST_COUNTED:,} nodes in all: rl.diagnose(run, 'all') counts every one"
            )
        if any(not table.groups[each.group]["probe"] for each in table.trees):
            probe = [bool(table.groups[each.group]["probe"]) for each in table.trees]
            steps.append(step)
            counts.append(Counter(each.badge for each in step_badges(table, config) if not probe[each.tree]))
    return {"step": steps, "counts": {key: [each[key] for each in counts] for key in BADGES}}, ()


def counts_saved(source: Source, table: StepTable | None) -> Iterable[Sequence[Argument]]:
    """A page carries the counts of a run whose metrics lack them."""
    return [[""]] if table is None and not any("badges" in row for row in source.metrics()) else []


def catalogue() -> list[dict[str, Any]]:
    """What the badges are called, how they are drawn, what they mean."""
    return [
        {
            "key": key,
            "name": badge.name,
            "mark": badge.mark,
            "sentence": badge.sentence,
            "example": str(badge.example),
            "thresholds": list(badge.thresholds),
            "card": badge.on_card,
        }
        for key, badge in BADGES.items()
    ]


def thresholds_of(args: Sequence[Argument]) -> BadgeConfig:
    """The thresholds that a question names: nothing, or JSON of those that are changed.

    Raises:
        ConfigError: they mean nothing.
    """
    text = args[0] if args else ""
    if not text:
        return BadgeConfig()
    try:
        changes = json.loads(text) if isinstance(text, str) and len(text) < 2000 else None
    except (ValueError, RecursionError):
        changes = None
    if not isinstance(changes, Mapping):
        raise ConfigError('thresholds are a JSON object, such as {"context_share": 0.9}')
    return BadgeConfig.from_dict(changes)


def badge_words(table: StepTable, most: int = 40) -> str:
    """The badges of a step as text: how many of each, then node by node."""
    if len(table) > MOST_NODES:
        return f"a step of {len(table):,} nodes: rl.diagnose(run, {table.step}) looks for badges in it"
    found = [*step_badges(table, BadgeConfig())]
    if not found:
        return "no badge: nothing in these trees went wrong in the ways that badges know"
    counts = Counter(each.badge for each in found)
    lines = [
        f"{counts[key]:>6,}  {badge.name:<14} {badge.sentence}"
        for key, badge in BADGES.items()
        if counts[key]
    ]
    lines.append("")
    for each in found[:most]:
        row = table.trees[each.tree]
        group = table.groups[row.group]
        tree = f"task {row.group + 1}{' (probe)' if group['probe'] else ''}, tree {row.rollout + 1}"
        where = f"task {row.group + 1}" if each.path is None else tree
        lines.append(f"{where:<24} {each.path or '':<10} {BADGES[each.badge].name:<14} {clean(each.figure)}")
    if len(found) > most:
        lines.append(f"... and {len(found) - most:,} more: rl.diagnose has all")
    return "\n".join(lines)

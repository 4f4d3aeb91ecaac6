"""Forks in a step: their trees stand in groups of their own, after all others, and beside each original stands what
they came to.

No step counts them: like probes they have no credit of the step, and their groups say what they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from rao_lab.evaluation.forks import CreditChange, Forks
from rao_lab.tree import Group, Node, Tree
from rao_lab.tree.origin import edit_words, fork_words
from rao_lab.views.explorer.from_records import RecordSource, plain_table
from rao_lab.views.explorer.node_text import clean
from rao_lab.views.explorer.table import PROBE, WORD_LIMIT, Records, StepTable, structure

SAID = 2000
"""Characters of what a set of forks is told in."""


class ForksSource(RecordSource):
    """What `rl.fork` returned: the tree in its group, and its forks."""

    def __init__(self, found: Sequence[Forks]) -> None:
        groups: dict[tuple[int, bool, int], Group] = {}
        for each in found:
            header, alone = each.original.header, (each.original,)
            key = (header.step, header.probe, header.group)
            groups.setdefault(key, each.group or Group(header.task, alone, *key[::2], header.probe))
        super().__init__(groups.values(), found[0].config)
        self._found = found

    def table(self, step: int) -> StepTable:
        return with_forks(
            super().table(step), [each for each in self._found if each.original.header.step == step]
        )

    def begins_at(self) -> tuple[int | None, str]:
        """The original, at the node where it was cut."""
        last = max(each.original.header.step for each in self._found)
        told = self.table(last).forks
        return (told[0]["tree"], told[0]["path"]) if told else super().begins_at()


def with_forks(table: StepTable, found: Sequence[Forks]) -> StepTable:
    """The table of a step with the forks of its trees."""
    found = [each for each in found if each.trees]
    if not found:
        return table
    groups = [
        Group(each.original.task, each.trees, table.step, place, probe=True)
        for place, each in enumerate(found)
    ]
    theirs = plain_table(groups, table.step)
    trees, rows = len(table.trees), len(table)
    held, made = (sum(each.id < 0 for each in table.trees), sum("fork" in each for each in table.groups))
    words = {word: place for place, word in enumerate(dict.fromkeys([*table.words, *theirs.words]))}
    here = np.array([words[word] for word in theirs.words] + [-1], "<i4")
    columns = {name: np.concatenate([column, theirs.columns[name]]) for name, column in table.columns.items()}
    columns["tree"][rows:] += trees
    columns["parent"][rows:][columns["parent"][rows:] >= 0] += rows
    for name in ("goal", "reason"):
        columns[name][rows:] = here[theirs.columns[name]]
    joined = replace(
        table,
        groups=[
            *table.groups,
            *(
                {**group, "fork": clean(fork_words(each.origin))[:WORD_LIMIT]}
                for group, each in zip(theirs.groups, found, strict=True)
            ),
        ],
        labels=[*table.labels, *(-1 - made - place for place in range(len(found)))],
        trees=[
            *table.trees,
            *(
                replace(
                    tree,
                    id=-1 - held - tree.id,
                    group=len(table.groups) + tree.group,
                    rollout=_repeat(theirs, place),
                )
                for place, tree in enumerate(theirs.trees)
            ),
        ],
        path=[*table.path, *theirs.path],
        columns=structure(columns),
        words=[*words],
        records=_Joined(table.records, held, theirs),
        credit=table.credit
        and {
            name: np.concatenate([column, np.full(len(theirs), PROBE if name == "why" else np.nan)]).astype(
                column.dtype
            )
            for name, column in table.credit.items()
        },
    )
    return replace(joined, forks=[*table.forks, *_told_all(joined, found, len(table.groups))])


def _repeat(theirs: StepTable, place: int) -> int:
    """The place of a fork among those of its call."""
    return place - next(at for at, tree in enumerate(theirs.trees) if tree.group == theirs.trees[place].group)


class _Joined:
    """The trees of a step, and those of its forks by numbers below 0, of which `held` were taken."""

    def __init__(self, records: Records | None, held: int, theirs: StepTable) -> None:
        self.original = records
        self._held = held
        self._theirs = theirs

    def tree(self, tree_id: int, /) -> Tree:
        if tree_id < -self._held:
            return self._theirs.tree(-1 - self._held - tree_id)
        assert self.original is not None
        return self.original.tree(tree_id)

    def node(self, tree_id: int, path: str, /) -> Node:
        if tree_id < -self._held:
            return self._theirs.node(-1 - self._held - tree_id, path)
        assert self.original is not None
        return self.original.node(tree_id, path)


def _told_all(table: StepTable, found: Sequence[Forks], first: int) -> list[dict[str, Any]]:
    """What each set of forks came to; one whose original the table does not show is left out."""
    told = []
    for place, each in enumerate(found):
        tree = _place_of(table, each.original, found, first)
        if tree is not None:
            told.append({"tree": tree, "group": first + place, **_told(each)})
    return told


def _place_of(table: StepTable, original: Tree, found: Sequence[Forks], first: int) -> int | None:
    header, mine = original.header, _at_hand(table.records)
    for place, tree in enumerate(table.trees):
        if tree.group >= first:
            forks = found[tree.group - first].trees
            if header.origin is not None and forks[tree.rollout].header.origin == header.origin:
                return place
        elif any(held is original for held in mine):
            if mine[tree.id] is original:
                return place
        elif header.origin is None:
            same = (table.groups[tree.group]["probe"], table.labels[tree.group], tree.rollout)
            if same == (header.probe, header.group, header.rollout):
                return place
    return None


def _at_hand(records: Records | None) -> Sequence[Tree]:
    """The trees of a step that no file holds: trees that were each run alone have the same numbers."""
    while isinstance(records, _Joined):
        records = records.original
    return records if isinstance(records, tuple) else ()


def _told(found: Forks) -> dict[str, Any]:
    """A set of forks as the front end draws it."""
    low, high = found.interval
    scores = [row["success"] for row in found.rows()]
    scored = [score for score in scores[1:] if score is not None]
    return {
        "path": found.node,
        "turn": found.turn,
        "edit": clean(edit_words(found.origin.get("edit")))[:WORD_LIMIT],
        "rest": str(found.origin.get("rest", ""))[:20],
        "weights": clean(str(found.origin.get("weights", "")))[:WORD_LIMIT],
        "says": clean(str(found))[:SAID],
        "file": clean(_near(found.run)),
        "was": scores[0],
        "succeeded": sum(scored),
        "scored": len(scored),
        "low": low,
        "high": high,
        "changes": [_change(each) for each in found.credit],
    }


def _near(run: str) -> str:
    """A run file as it is called from here; one that lies elsewhere by its name, as a page may go to others."""
    with suppress(OSError, ValueError):  # no folder is the present one, or the file lies elsewhere
        return str(Path(run).relative_to(Path.cwd())) if run else ""
    return Path(run).name


def _change(change: CreditChange) -> Mapping[str, Any]:
    return change.to_dict()

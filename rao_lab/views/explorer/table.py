"""A step as the front end takes it: a row a node, binary columns for numbers, words once, texts on demand.

The other half is `widgets/src/step/store.js`. A number that does not exist is NaN in a column, never 0.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rao_lab.credit import WHY_NOT, Attributions, CreditConfig
from rao_lab.credit.moving import means_to_json
from rao_lab.errors import MissingError
from rao_lab.tree import Node, Tree
from rao_lab.views.explorer.node_text import clean

Column = NDArray[Any]
Ints = NDArray[np.int64]

PROBE = len(WHY_NOT)
"""`why` of a probe's nodes."""
UNSCORED = 1
WORD_LIMIT = 240
"""Characters of a goal that travel with the columns; the whole goal comes with the texts."""

STRUCTURE = {
    "tree": "i4",
    "parent": "i4",
    "depth": "i4",
    "spawn": "i4",
    "turn": "i4",
    "batch": "i4",
    "together": "u1",
    "status": "u1",
    "turns": "i4",
    "read": "i4",
    "wrote": "i4",
    "peak": "i4",
    "window": "i4",
    "goal": "i4",
    "reason": "i4",
    "s": "f8",
    "started": "f8",
    "ended": "f8",
}
CREDIT = {
    "childMean": "child_mean",
    "childMin": "child_min",
    "bonus": "bonus",
    "R": "R",
    "b": "b",
    "A": "A",
    "w": "w",
    "c": "c",
    "share": "share",
}
_NAMES = {"i4": "i32", "u1": "u8", "f8": "f64"}
_INT32 = np.iinfo(np.int32)


class Records(Protocol):
    """Where the nodes of a step lie whole; `Run` is one."""

    def tree(self, tree_id: int, /) -> Tree: ...
    def node(self, tree_id: int, path: str, /) -> Node: ...


@dataclass(frozen=True, slots=True)
class TreeRow:
    """One tree of a step."""

    id: int
    """What its `Records` call it."""
    group: int
    """Place among the groups of the table."""
    rollout: int
    ended: float | None = None
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        return {"group": self.group, "rollout": self.rollout, "ended": self.ended, "note": self.note}


def group_row(task: str, goal: str, difficulty: str, probe: bool) -> dict[str, Any]:
    """What the front end knows of a group."""
    words = {"task": task, "goal": goal, "difficulty": difficulty}
    return {**{name: clean(text)[:WORD_LIMIT] for name, text in words.items()}, "probe": probe}


class Words:
    """Texts by number, each once and cut; -1 stands for the empty one."""

    def __init__(self) -> None:
        self.known: list[str] = []
        self._place: dict[str, int] = {}

    def __call__(self, text: str) -> int:
        if not text:
            return -1
        text = clean(text[:WORD_LIMIT]) + ("\u2026" if len(text) > WORD_LIMIT else "")
        place = self._place.setdefault(text, len(self.known))
        if place == len(self.known):
            self.known.append(text)
        return place


def structure(columns: Mapping[str, Any]) -> dict[str, Column]:
    """Columns `[N]` by the names of `STRUCTURE`, in its order and with its types."""
    found = {}
    for name, kind in STRUCTURE.items():
        column = np.asarray(columns[name])
        if kind == "i4":  # a forged file may say any number
            column = column.clip(_INT32.min, _INT32.max)
        found[name] = column.astype(f"<{kind}")
    return found


@dataclass(frozen=True, eq=False)
class StepTable:
    """A step of N nodes. Parents stand above their children; otherwise the order is the maker's."""

    step: int = 0
    groups: Sequence[Mapping[str, Any]] = ()
    """See `group_row`."""
    labels: Sequence[int] = ()
    """What `Attributions` call each group."""
    trees: Sequence[TreeRow] = ()
    path: Sequence[str] = ()
    """Of each node, `[N]`."""
    columns: Mapping[str, Column] = field(default_factory=lambda: structure(dict.fromkeys(STRUCTURE, ())))
    """`STRUCTURE`, each `[N]`. `tree` is a place in `trees`, `parent` a row or -1, `goal` and `reason` places in
    `words` or -1, `s` the node's success as credit takes it."""
    words: Sequence[str] = ()
    records: Records | None = None
    """The nodes whole, for those who ask for more than the columns say."""
    credit: Mapping[str, Column] | None = None
    """`CREDIT` and `why`, each `[N]`."""
    config: CreditConfig = field(default_factory=CreditConfig)
    share_by: str = "token"
    moving: Column | None = None
    """Mean R of each depth before the step, if the rule has a moving baseline."""
    note: str = ""
    alone: bool = False
    """Weights and shares count these trees, which may be a part of a step."""
    usual: bool = False
    """The rule of credit is the usual one: nobody said by which the trees were trained."""
    forks: Sequence[Mapping[str, Any]] = ()
    """What trees of this step came to when they were run again (`rao_lab.views.explorer.forks`). `tree` and `group`
    are places in `trees` and `groups`."""
    state: str = ""
    """What it is without, of `rao_lab.views.explorer.states`; empty: nothing."""
    found: Attributions | None = None
    """What `credit` is from."""
    places: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    """The group and the place in it by which `found` knows a tree, by its `TreeRow.id`."""

    def __len__(self) -> int:
        return len(self.path)

    def tree(self, place: int) -> Tree:
        """A tree whole.

        Raises:
            MissingError: there is no such tree.
            RunFileError: it cannot be read.
        """
        return self._records(place).tree(self.trees[place].id)

    def node(self, place: int, path: str) -> Node:
        """One node with its turns; raises as `tree` does."""
        return self._records(place).node(self.trees[place].id, path)

    def _records(self, place: int) -> Records:
        if self.records is None or not 0 <= place < len(self.trees):
            raise MissingError(f"step {self.step} has no tree {place}: it has {len(self.trees)}")
        return self.records

    def drift(self, place: int, path: str) -> NDArray[np.float16] | None:
        """What training found of the tokens of a node (`Attributions.drift`), `[T]`; None: nothing is known."""
        known = self.places.get(self.trees[place].id) if 0 <= place < len(self.trees) else None
        if known is None or self.found is None:
            return None
        row = next((row for row in self.found.rows(*known) if self.found.table.path[row] == path), None)
        return None if row is None else self.found.drift_of(row)

    def rows_of(self, place: int) -> Ints:
        """The rows of a tree, in order."""
        return np.flatnonzero(self.columns["tree"] == place)

    def snapshot(self, seq: int = 0) -> tuple[dict[str, Any], list[bytes]]:
        """Everything: a head in JSON and one buffer for each column it names."""
        kinds = {
            **STRUCTURE,
            **({} if self.credit is None else dict.fromkeys(self.credit, "f8") | {"why": "u1"}),
        }
        columns = {**self.columns, **(self.credit or {})}
        head = {
            "type": "snapshot",
            "seq": seq,
            "step": self.step,
            "n": len(self),
            "columns": [{"name": name, "type": _NAMES[kind]} for name, kind in kinds.items()],
            "words": self.words,
            "groups": [
                {**group, "label": label} for group, label in zip(self.groups, self.labels, strict=True)
            ],
            "forks": list(self.forks),
            "trees": [tree.to_json() for tree in self.trees],
            "config": self.config.to_dict(),
            "share_by": self.share_by,
            "moving": None if self.moving is None else means_to_json(self.moving),
            "scored": self.credit is not None,
            "note": self.note,
            "alone": self.alone,
            "usual": self.usual,
            "state": self.state,
        }
        return head, [columns[name].astype(f"<{kind}").tobytes() for name, kind in kinds.items()]

    def credited(
        self,
        found: Attributions,
        labels: Sequence[int] | None = None,
        config: CreditConfig | None = None,
    ) -> StepTable:
        """This table with the trainer's own columns; rows that they do not speak of stay without.

        Args:
            labels: what `found` calls each group, if not `self.labels`.
            config: the rule to show, if not that of `found`.
        """
        labels = self.labels if labels is None else labels
        probe = np.array([self.groups[tree.group]["probe"] for tree in self.trees], bool)
        why = np.where(probe[self.columns["tree"]], PROBE, UNSCORED).astype(np.uint8)
        credit = {name: np.full(len(self), np.nan) for name in CREDIT} | {"why": why}
        order = np.argsort(self.columns["tree"], kind="stable")
        starts = np.searchsorted(self.columns["tree"][order], np.arange(len(self.trees) + 1))
        counts: Counter[int] = Counter()
        places: dict[int, tuple[int, int]] = {}
        for place in sorted(range(len(self.trees)), key=lambda each: self.trees[each].rollout):
            group = self.trees[place].group
            if probe[place]:
                continue
            counts[group] += 1
            try:
                theirs = found.rows(labels[group], counts[group] - 1)
            except MissingError:
                continue  # sampled after these were attributed, or left out of them
            places[self.trees[place].id] = labels[group], counts[group] - 1
            mine, rows = self._matched(order[starts[place] : starts[place + 1]], found, theirs)
            for name, attribute in CREDIT.items():
                credit[name][mine] = getattr(found, attribute)[rows]
            why[mine] = found.why_code[rows]
        rule = config or found.config
        return replace(self, credit=credit, config=rule, found=found, places=places, moving=found.moving)

    def _matched(self, mine: Ints, found: Attributions, theirs: range) -> tuple[Ints, Ints]:
        """Those rows of a tree that both know, here and there."""
        paths = found.table.path[theirs.start : theirs.stop]
        if paths == [self.path[row] for row in mine.tolist()]:
            return mine, np.array(theirs, np.int64)
        here = {self.path[row]: row for row in mine.tolist()}
        both = [(here[path], row) for path, row in zip(paths, theirs, strict=True) if path in here]
        here_there = np.array(both, np.int64).reshape(-1, 2)
        return here_there[:, 0], here_there[:, 1]

    def arranged(self, groups: Sequence[int], trees: Sequence[int], rows: Sequence[int] | Ints) -> StepTable:
        """The same step in another order. Each argument names what to keep by its place here, in the new order;
        with a tree its group and all of its rows must be kept."""
        new_group, new_tree, new_row = (
            _inverse(order, size)
            for order, size in ((groups, len(self.groups)), (trees, len(self.trees)), (rows, len(self)))
        )
        kept = np.asarray(rows, np.int64)
        columns = {name: column[kept] for name, column in self.columns.items()}
        columns["tree"] = new_tree[columns["tree"]]
        columns["parent"] = np.where(columns["parent"] < 0, -1, new_row[columns["parent"]]).astype("<i4")
        credit = self.credit and {name: column[kept] for name, column in self.credit.items()}
        return replace(
            self,
            groups=[self.groups[place] for place in groups],
            labels=[self.labels[place] for place in groups],
            trees=[
                replace(self.trees[place], group=int(new_group[self.trees[place].group])) for place in trees
            ],
            path=[self.path[row] for row in kept.tolist()],
            columns=columns,
            credit=credit,
            forks=[
                {**each, "tree": int(new_tree[each["tree"]]), "group": int(new_group[each["group"]])}
                for each in self.forks
            ],
        )


def _inverse(order: Sequence[int] | Ints, size: int) -> Column:
    """The new place of each old one, -1 for those that are dropped."""
    places = np.full(size, -1, "<i4")
    places[np.asarray(order, np.int64)] = np.arange(len(order))
    return places

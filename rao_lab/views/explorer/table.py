"""Records as the front end takes them: binary columns for numbers, words once, texts on demand.

The other half is `widgets/src/step/store.js`. A step is a table of rows in the order in which nodes
became known; a snapshot carries all of it, a delta the rows that are new or changed. Numbers that do
not exist are NaN in a column and null in a delta, never 0.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np

from rao_lab.credit import Attributions, CreditConfig, attribute
from rao_lab.credit import signal as signal_of
from rao_lab.errors import MissingError
from rao_lab.tree import Group, Node, Status, Tree, TreeHeader
from rao_lab.views.explorer.node_text import clean

STATUS_CODE = {status: code for code, status in enumerate(Status)}
PROBE = 7
"""`why` of a probe's nodes, after the codes of `rao_lab.credit.WHY_NOT`."""
NO_BASELINE = 5

GOAL_LIMIT = 240
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


class Nodes(Protocol):
    """What a tree and a fold in progress have in common."""

    def node(self, path: str) -> Node: ...


@dataclass
class Slot:
    """One tree of a step: where it stands and who knows its nodes."""

    group: int
    header: TreeHeader
    nodes: Nodes
    ended: float | None = None
    note: str = ""

    def meta(self) -> dict[str, Any]:
        return {"group": self.group, "rollout": self.header.rollout, "ended": self.ended, "note": self.note}


@dataclass
class StepTable:
    """A step as rows; rows are only ever added, so that a row number names a node for good."""

    step: int = 0
    groups: list[dict[str, Any]] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    """Label of each group in `Attributions`."""
    slots: list[Slot] = field(default_factory=list)
    rows: list[tuple[int, str]] = field(default_factory=list)
    row_of: dict[tuple[int, str], int] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)
    word_of: dict[str, int] = field(default_factory=dict)
    credit: dict[str, np.ndarray] | None = None
    config: CreditConfig = field(default_factory=CreditConfig)
    share_by: str = "token"
    note: str = ""

    @classmethod
    def of(
        cls, groups: Sequence[Group], step: int | None = None, config: CreditConfig | None = None
    ) -> StepTable:
        """The table of groups of trees, finished or not, without credit."""
        table = cls(step if step is not None else (groups[0].step if groups else 0))
        table.config = config or CreditConfig()
        labels = [group.index for group in groups]
        distinct = len(set(labels)) == len(labels)
        for place, group in enumerate(groups):
            table.add_group(group, group.index if distinct else place)
            for tree in group.trees:
                slot = table.add_tree(place, tree.header, tree)
                slot.ended, slot.note = tree.ended, _tree_note(tree)
                for node in tree.nodes:
                    table.add_row(len(table.slots) - 1, node.path)
        return table

    def add_group(self, group: Group | TreeHeader, label: int) -> int:
        task = group.task
        self.labels.append(label)
        self.groups.append(
            {
                "task": clean(task.id)[:GOAL_LIMIT],
                "goal": clean(task.goal)[:GOAL_LIMIT],
                "difficulty": clean(task.difficulty)[:GOAL_LIMIT],
                "probe": group.probe,
            }
        )
        return len(self.groups) - 1

    def add_tree(self, group: int, header: TreeHeader, nodes: Nodes) -> Slot:
        self.slots.append(Slot(group, header, nodes))
        return self.slots[-1]

    def add_row(self, tree: int, path: str) -> int:
        self.row_of[tree, path] = len(self.rows)
        self.rows.append((tree, path))
        return len(self.rows) - 1

    def word(self, text: str) -> int:
        if not text:
            return -1
        text = clean(text[:GOAL_LIMIT]) + ("\u2026" if len(text) > GOAL_LIMIT else "")
        place = self.word_of.get(text)
        if place is None:
            place = self.word_of[text] = len(self.words)
            self.words.append(text)
        return place

    def values(self, row: int) -> list[float | int | None]:
        """One row in the order of `STRUCTURE`."""
        tree, path = self.rows[row]
        node = self.slots[tree].nodes.node(path)
        parent = -1 if node.parent is None else self.row_of[tree, node.parent]
        success = signal_of(node.status.value, node.success)
        return [
            tree,
            parent,
            node.depth,
            node.spawn_index,
            node.parent_turn or 0,
            node.launch_batch,
            int(node.together),
            STATUS_CODE[node.status],
            len(node.turns),
            node.tokens_in,
            node.tokens_out,
            node.peak_context,
            node.window,
            self.word(node.goal),
            self.word(node.reason),
            success,
            node.started,
            node.ended,
        ]

    def snapshot(self, seq: int = 0) -> tuple[dict[str, Any], list[bytes]]:
        """Everything: a head in JSON and one buffer for each column it names."""
        columns = [*zip(*(self.values(row) for row in range(len(self.rows))), strict=True)]
        heads: list[dict[str, str]] = []
        buffers: list[bytes] = []
        for place, (name, kind) in enumerate(STRUCTURE.items()):
            numbers = columns[place] if columns else ()
            if kind == "f8":
                numbers = tuple(np.nan if number is None else number for number in numbers)
            heads.append({"name": name, "type": _NAMES[kind]})
            buffers.append(np.array(numbers, f"<{kind}").tobytes())
        for name, column in (self.credit or {}).items():
            kind = "u1" if name == "why" else "f8"
            heads.append({"name": name, "type": _NAMES[kind]})
            buffers.append(column.astype(f"<{kind}").tobytes())
        head = {
            "type": "snapshot",
            "seq": seq,
            "step": self.step,
            "n": len(self.rows),
            "columns": heads,
            "words": self.words,
            "groups": self.groups,
            "trees": [slot.meta() for slot in self.slots],
            "config": self.config.to_dict(),
            "share_by": self.share_by,
            "scored": self.credit is not None,
            "note": self.note,
        }
        return head, buffers

    def set_credit(self, found: Attributions, config: CreditConfig | None = None) -> None:
        """Takes the trainer's own columns; rows it does not speak of stay without."""
        credit = self.empty_credit()
        for tree, where in self._places():
            try:
                theirs = found.rows(*where)
            except MissingError:
                continue  # sampled after these were attributed, or left out of them
            ours = [self.row_of.get((tree, found.table.path[row])) for row in theirs]
            known = [(mine, row) for mine, row in zip(ours, theirs, strict=True) if mine is not None]
            mine, rows = np.array(known, np.int64).reshape(-1, 2).T
            for name, attribute_name in CREDIT.items():
                credit[name][mine] = getattr(found, attribute_name)[rows]
            credit["why"][mine] = found.why_code[rows]
        self.credit, self.config = credit, config or found.config

    def _places(self) -> Iterator[tuple[int, tuple[int, int]]]:
        """Each tree that may be trained, with the label of its group and its place in it by rollout."""
        counts: Counter[int] = Counter()
        for tree in sorted(range(len(self.slots)), key=lambda each: self.slots[each].header.rollout):
            group = self.slots[tree].group
            if not self.groups[group]["probe"]:
                yield tree, (self.labels[group], counts[group])
                counts[group] += 1

    def empty_credit(self) -> dict[str, np.ndarray]:
        size = len(self.rows)
        credit = {name: np.full(size, np.nan) for name in CREDIT}
        probes = [group["probe"] for group in self.groups]
        why = [PROBE if probes[self.slots[tree].group] else 1 for tree, _ in self.rows]
        return {**credit, "why": np.array(why, np.uint8)}


def _tree_note(tree: Tree) -> str:
    if tree.header.origin:
        weights = tree.header.origin.get("weights", "")
        return clean(f"fork{f', {weights}' if weights else ''}")[:GOAL_LIMIT]
    return clean(tree.not_reproducible)[:GOAL_LIMIT]


def attribute_shown(groups: Sequence[Group], table: StepTable) -> None:
    """Credit for trees that come without any: the paper's rule, as far as these trees allow it.

    Where no task has a second tree there is no baseline: R stands, A does not.
    """
    trained = [
        group
        for group in groups
        if not group.probe
        and group.trees
        and all(tree.nodes and tree.ended is not None for tree in group.trees)
    ]
    if not trained:
        return
    relabelled = [replace(group, index=place) for place, group in enumerate(trained)]
    config = table.config
    lonely = config.baseline == "leave_one_out" and all(len(group) < 2 for group in trained)
    found = attribute(relabelled, replace(config, baseline="none") if lonely else config)
    labels = iter(range(len(trained)))
    chosen = {id(group) for group in trained}
    table.labels = [next(labels) if id(group) in chosen else -1 - place for place, group in enumerate(groups)]
    table.set_credit(found, config)
    if lonely and table.credit is not None:
        credit = table.credit
        for name in ("b", "A", "w", "c", "share"):
            credit[name][:] = np.nan
        credit["why"][credit["why"] == 0] = NO_BASELINE
        table.note = "one tree of each task: there is no baseline, so R is shown in place of A"


def delta(
    table: StepTable,
    seq: int,
    rows: Iterable[int],
    words_from: int,
    groups: Iterable[int] = (),
    trees: Iterable[int] = (),
) -> dict[str, Any]:
    """The named rows, groups and trees as they are now; `words_from` is how many words the other side has."""
    values = [[row, *map(_json_number, table.values(row))] for row in sorted(rows)]
    return {
        "type": "delta",
        "seq": seq,
        "step": table.step,
        "fields": [*STRUCTURE],
        "rows": values,
        "words": table.words[words_from:],
        "groups": [[group, table.groups[group]] for group in groups],
        "trees": [[tree, table.slots[tree].meta()] for tree in trees],
    }


def _json_number(value: float | int | None) -> float | int | None:
    """NaN and infinity are not JSON."""
    return None if isinstance(value, float) and not np.isfinite(value) else value

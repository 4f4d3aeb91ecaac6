"""The credit of a step: one column for each term of the equations, and one record for each node.

`table.py` holds the columns that credit is computed from, `equations.py` the arithmetic. NaN in a column and None
in a record mean that there is no such number; that is never 0. `s`, `R` and `b` are given wherever they exist.
`A`, `w`, `c` and `share` are given only for nodes that are trained; `why_not` says why another node is not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rao_lab.base.cell import table_html
from rao_lab.base.words import fixed
from rao_lab.credit.moving import carried
from rao_lab.credit.table import signal, tree_key
from rao_lab.errors import MissingError
from rao_lab.tree.earned import tree_words

if TYPE_CHECKING:
    from rao_lab.credit.config import CreditConfig
    from rao_lab.credit.table import Flags, Floats, Ints, NodeTable
    from rao_lab.tree import Tree, TreeHeader

WHY_NOT = (
    None,
    "unscored",
    "cancelled",
    "not_root",
    "root_unscored",
    "no_baseline",
    "no_tokens",
    "no_sibling",
    "by_rule",
)
"""Why a node is not trained, by `why_code`. If several reasons hold, the first of them is given.

unscored: its own s is None. cancelled: its parent ended first. not_root: the estimator `root_only` trains roots
alone. root_unscored: the estimator uses the root's advantage, and the root has none. no_baseline: no other tree's
root was scored. no_tokens: it generated nothing (ignored if no node of the table generated anything). no_sibling:
`tree_relative` compares siblings, and it has no scored one. by_rule: a rule of the user gave it no advantage.
"""


class Place(int):
    """The place of a tree in its group, from 0. It is no key of a tree in a run file, which refuses it as one."""


@dataclass(frozen=True, slots=True)
class Attribution:
    """One node's credit, term by term in the order of the equations. None = there is no such number.

    >>> one = step.attributions[0]
    >>> one.node, one.A == one.R - one.b, one.c == one.w * one.A
    ('0', True, True)
    """

    group: int
    tree: Place
    """`run.tree(attribution)` and `run.node(attribution)` give what it is about."""
    node: str
    parent: str | None
    depth: int
    status: str
    s: float | None
    """Its success, in [0, 1]."""
    child_mean: float
    """Mean s of its scored children; 0.0 if it has none (decision 4)."""
    child_min: float | None
    """Smallest s of its scored children, which the mean hides; None if it has none."""
    lam: float
    """lambda, the weight of the children in equation 1."""
    bonus: float
    """The second term of equation 1, by whatever rule."""
    R: float | None
    """Its return, R = s + bonus (equation 1)."""
    b: float | None
    """The baseline of its tree (equation 3)."""
    A: float | None
    """Its advantage, A = R - b (equation 3)."""
    w: float | None
    """The weight of its depth (equation 4)."""
    c: float | None
    """c = w * A: the loss multiplies the log-probs of its tokens with it (equation 5)."""
    share: float | None
    """Its part of the step's loss weight, in [0, 1]; not of the norm of the gradient (decision 13)."""
    trained: bool
    why_not: str | None
    step: int | None = field(default=None, compare=False)
    """The step it is of; None if its groups were of several."""


@dataclass(frozen=True, eq=False, repr=False)
class Attributions:
    """The credit of the N nodes of a step. `[row]` gives one node as an `Attribution`.

        >>> found = rl.attribute([group])
        >>> found.A.shape == (len(found),)
        True
        >>> found[0].node
        '0'

    All columns but `depth_counts` are `[N]`, in the order of the table's rows; they mean what the fields of
    `Attribution` mean, with NaN for None.
    """

    table: NodeTable
    config: CreditConfig
    scored_children: Ints
    """Number of children whose s is not None."""
    child_mean: Floats
    child_min: Floats
    bonus: Floats
    R: Floats
    b: Floats
    A: Floats
    w: Floats
    c: Floats
    share: Floats
    why_code: NDArray[np.int8]
    """Index into `WHY_NOT`; 0 = trained."""
    depth_counts: Ints
    """N_d: trained nodes of this table at depth d, `[D + 1]` for a deepest trained node at depth D."""
    step: int | None = None
    """The step it is of; None if its groups were of several."""
    drift: NDArray[np.float16] | None = None
    """What training found of each token of the trained nodes, in row and turn order: its log-prob recomputed, less the
    recorded one, to 0.0001 nats, `[M]` for M such tokens. NaN = it was not recomputed, because its node has c = 0. None
    = nobody trained on this, or its file is older than this column."""
    moving: Floats | None = None
    """`[D + 1]` The mean R of each depth before this step, NaN = none yet; None without a moving baseline."""

    @property
    def moving_after(self) -> Floats | None:
        """`moving` of the next step.

        >>> config = rl.CreditConfig(baseline="moving", decay=0.5)
        >>> first = rl.attribute([group], config)
        >>> second = rl.attribute([group], config, moving=first.moving_after)
        >>> second.moving.tolist() == first.moving_after.tolist()
        True
        """
        return None if self.moving is None else carried(self.config, self.moving, self.table, self.R)

    @property
    def s(self) -> Floats:
        """`[N]`."""
        return self.table.s

    @cached_property
    def trained(self) -> Flags:
        """`[N]`."""
        return self.why_code == 0

    @cached_property
    def why_not(self) -> list[str | None]:
        """One word of `WHY_NOT` for each row; None if the node is trained."""
        return [WHY_NOT[code] for code in self.why_code.tolist()]

    def drift_of(self, row: int) -> NDArray[np.float16] | None:
        """That part of `drift` which is of one node, `[T]`; None if it is not trained, or nothing is known."""
        if self.drift is None or self.why_code[row]:
            return None
        start = int(self.token_starts[row])
        return self.drift[start : start + int(self.table.tokens[row])]

    @cached_property
    def token_starts(self) -> Ints:
        """How many tokens trained nodes before each row have, `[N]`."""
        counted = np.where(self.trained, self.table.tokens, 0)
        return np.cumsum(counted) - counted

    @cached_property
    def _first_rows(self) -> dict[tuple[int, int], int]:
        starts = self.table.tree_starts
        labels = zip(self.table.group[starts].tolist(), self.table.tree[starts].tolist(), strict=True)
        return dict(zip(labels, starts.tolist(), strict=True))

    def __repr__(self) -> str:
        return f"<Attributions: {len(self)} nodes, {int(self.trained.sum())} trained>"

    def __str__(self) -> str:
        """The rule, and a line for each depth."""
        title, rows, notes = self._summary()
        lines = [" ".join(f"{each:>7}" for each in DEPTH_HEADS)]
        for row in rows:
            lines.append(" ".join(f"{'' if each is None else _brief(each):>7}" for each in row))
        return "\n".join([title, *lines, *notes])

    def _repr_html_(self) -> str:
        title, rows, notes = self._summary()
        return table_html(title, DEPTH_HEADS, rows, notes)

    def _summary(self) -> tuple[str, list[tuple[float | int | None, ...]], list[str]]:
        """A title, `DEPTH_HEADS` by depth, and what else is to be said."""
        of = "" if self.step is None else f" of step {self.step}"
        title = f"Credit{of}: {len(self):,} nodes, {int(self.trained.sum()):,} trained, by {self.config!r}"
        rows = []
        for depth in range(int(self.table.depth.max(initial=-1)) + 1):
            here = self.table.depth == depth
            mine = here & self.trained
            means = (_mean(column[here]) for column in (self.s, self.R, self.A))
            share = float(np.nansum(self.share[here]))
            rows.append((depth, int(here.sum()), int(mine.sum()), *means, _mean(self.w[mine]), share))
        reasons = Counter(why for why in self.why_not if why)
        notes = (
            [f"not trained: {', '.join(f'{why} {count:,}' for why, count in reasons.items())}"]
            if reasons
            else []
        )
        return title, rows, notes

    def __len__(self) -> int:
        return len(self.table)

    def __iter__(self) -> Iterator[Attribution]:
        return self._records(0, len(self))

    def __getitem__(self, row: int) -> Attribution:
        if not -len(self) <= row < len(self):
            raise IndexError(f"row {row} of {len(self)} attributions")
        row %= len(self)
        return next(self._records(row, row + 1))

    def _records(self, start: int, stop: int) -> Iterator[Attribution]:
        """Rows as records. Whole columns become plain values at once, which is fast."""
        table, part = self.table, slice(start, stop)
        columns = (
            table.group[part].tolist(),
            map(Place, table.tree[part].tolist()),
            table.path[part],
            [None if above < 0 else table.path[above] for above in table.parent[part].tolist()],
            table.depth[part].tolist(),
            table.status[part],
            _plain(table.s[part]),
            _plain(self.child_mean[part]),
            _plain(self.child_min[part]),
            [self.config.lam] * (stop - start),
            *(_plain(column[part]) for column in (self.bonus, self.R, self.b, self.A, self.w, self.c)),
            _plain(self.share[part]),
            (self.why_code[part] == 0).tolist(),
            [WHY_NOT[code] for code in self.why_code[part].tolist()],
            [self.step] * (stop - start),
        )
        return (Attribution(*values) for values in zip(*columns, strict=True))

    def to_json(self, rows: Iterable[Attribution] | None = None) -> dict[str, Any]:
        """The settings and every node, as `rao-lab credit --json` prints them; null = there is no such number.

        Equal runs give equal bytes: there are no times, ids or file names in it.

        Args:
            rows: the nodes to give; None = all.
        """
        chosen = self if rows is None else rows
        nodes = [{name: getattr(record, name) for name in _JSON_FIELDS} for record in chosen]
        return {"config": self.config.to_dict(), "nodes": nodes}

    def rows(self, group: int, tree: int) -> range:
        """The rows of one tree.

        Raises:
            MissingError: there is no such tree here.
        """
        first = self._first_rows.get((group, tree))
        if first is None:
            known = len(self._first_rows)
            raise MissingError(f"no tree {tree} of group {group} among the {known} attributed trees")
        place = int(self.table.tree_of[first])
        starts = self.table.tree_starts
        return range(first, int(starts[place + 1]) if place + 1 < len(starts) else len(self))

    def of_tree(self, group: int, tree: int) -> dict[str, Attribution]:
        """The records of one tree, by path.

        Raises:
            MissingError: there is no such tree here.
        """
        rows = self.rows(group, tree)
        return {record.node: record for record in self._records(rows.start, rows.stop)}

    def of(self, tree: Tree) -> dict[str, Attribution]:
        """The records of a tree at hand, by path.

            >>> rl.attribute([group]).of(group.trees[0])["0"].node
            '0'

        Raises:
            MissingError: these are of other trees.
        """
        found = [self.of_tree(*at) for at in self._places(tree.header) if self._fits(at, tree)]
        if not found:
            raise MissingError(f"this credit is of other trees than {tree_words(tree)}")
        first, *others = [[(each.group, each.A, each.c) for each in records.values()] for records in found]
        if any(each != first for each in others):
            raise MissingError(
                f"this credit has {len(found)} trees that are {tree_words(tree)}: `of_tree` names one"
            )
        return found[0]

    def _places(self, header: TreeHeader) -> Sequence[tuple[int, int]]:
        """Where a tree may stand, by what its header says."""
        keys = self.table.keys
        if keys is not None:
            mine = tree_key(header)
            return [place for place, key in zip(self._first_rows, keys, strict=True) if key == mine]
        place = (header.group, header.rollout)
        outside = header.probe or header.origin is not None or header.step != (self.step or header.step)
        return [] if outside or place not in self._first_rows else [place]

    def _fits(self, place: tuple[int, int], tree: Tree) -> bool:
        """Whether the rows of a place are the nodes of a tree; how they were scored is asked of trees at hand alone."""
        rows = self.rows(*place)
        part = slice(rows.start, rows.stop)
        if self.table.path[part] != [node.path for node in tree.nodes]:
            return False
        scores = [signal(node.status, node.success) for node in tree.nodes]
        return self.table.keys is None or _plain(self.table.s[part]) == scores

    def find(self, group: int, tree: int, path: str) -> Attribution:
        """The record of one node.

        Raises:
            MissingError: there is no such tree or node here.
        """
        for row in self.rows(group, tree):
            if self.table.path[row] == path:
                return self[row]
        raise MissingError(f"no node {path!r} in tree {tree} of group {group}")


def _mean(values: Floats) -> float | None:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else None


def _brief(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else fixed(value, 3)


DEPTH_HEADS = ("depth", "nodes", "trained", "mean s", "mean R", "mean A", "w", "share")

_JSON_FIELDS = [
    "group",
    "tree",
    "node",
    "parent",
    "depth",
    "status",
    "s",
    "child_mean",
    "child_min",
    "bonus",
    "R",
    "b",
    "A",
    "w",
    "c",
    "share",
    "trained",
    "why_not",
]


def _plain(column: Floats) -> list[float | None]:
    """NaN as None."""
    return [None if value != value else value for value in column.tolist()]

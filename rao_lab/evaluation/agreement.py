"""How far a judge agrees with the verifier, on nodes that have the verifier's word: the credit stays as it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, NamedTuple

from rao_lab.base.cell import table_html
from rao_lab.base.safe_text import one_line, quoted, unquoted
from rao_lab.base.words import counted, fixed
from rao_lab.errors import InputError, RaoLabError
from rao_lab.evaluation.confusion import YES, Confusion
from rao_lab.execution.judge.judge import taken_since, usage_words
from rao_lab.execution.scoring import Panel
from rao_lab.protocols import Judge, Score
from rao_lab.tree import Node, Status, Tree
from rao_lab.tree.told_counts import usage_told

NOT_VERIFIED = (None, "judge", "root_proxy", "rule")
"""Sources of a success that no verifier gave."""
SHOWN = 6
"""Disagreements that the text lists."""
HEADS = (
    "nodes",
    "both yes",
    "judge alone",
    "verifier alone",
    "both no",
    "agree",
    "kappa",
    "balanced",
    "no verdict",
)
THIRDS = 3


class Pair(NamedTuple):
    """A node with both words."""

    tree: str
    """Which tree it is of: step, group and rollout."""
    node: str
    depth: int
    length: int
    goal: str
    verifier: float
    judge: float | None
    why: str
    """Why the judge gave no verdict."""


class Third(NamedTuple):
    """A third of the transcripts, by length."""

    low: int
    """Length of its shortest one;"""
    high: int
    """of its longest one."""
    part: Confusion


@dataclass(frozen=True, repr=False)
class Agreement:
    """A judge beside the verifier.

    >>> class Kind:
    ...     def score(self, tree, path):
    ...         return rl.Score(1.0)
    >>> found = rl.agreement([tree, tree], Kind())
    >>> found.overall.both == found.overall.nodes, found.disagreements
    (True, [])
    """

    judge: str
    pairs: tuple[Pair, ...] = field(repr=False)
    unit: str = "turns"
    """Of a transcript's length: turns, or tokens if they are recorded."""
    verified: int = 0
    """Nodes that a verifier scored, in all; the pairs may be a sample of them."""
    usage: Mapping[str, float] = field(default_factory=dict)
    """What the judge took for it."""
    left_out: int = 0
    """Probe trees that were left out."""

    @property
    def overall(self) -> Confusion:
        return _confusion(self.pairs)

    @property
    def by_depth(self) -> dict[int, Confusion]:
        depths = sorted({pair.depth for pair in self.pairs})
        return {depth: _confusion([pair for pair in self.pairs if pair.depth == depth]) for depth in depths}

    @property
    def by_length(self) -> dict[str, Confusion]:
        """By thirds of the transcripts' lengths; fewer, if many are equally long."""
        one = self.unit.removesuffix("s")
        return {
            f"{low:,} to {high:,} {self.unit}" if low < high else counted(high, one): part
            for low, high, part in self.thirds
        }

    @property
    def thirds(self) -> list[Third]:
        """The thirds by length, the shortest first."""
        lengths = sorted(pair.length for pair in self.pairs)
        if not lengths:
            return []
        marks = sorted({lengths[(len(lengths) - 1) * third // THIRDS] for third in range(1, THIRDS + 1)})
        marks[-1] = lengths[-1]
        found, low = [], lengths[0]
        for high in dict.fromkeys(marks):
            part = [pair for pair in self.pairs if low <= pair.length <= high]
            if part:
                found.append(Third(low, high, _confusion(part)))
            low = high + 1
        return found

    @property
    def disagreements(self) -> list[Pair]:
        """Where the two say different things."""
        return [
            pair
            for pair in self.pairs
            if pair.judge is not None and (pair.judge >= YES) != (pair.verifier >= YES)
        ]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "judge": self.judge,
            "verified": self.verified,
            **({"probe_trees_left_out": self.left_out} if self.left_out else {}),
            "overall": self.overall.to_dict(),
            "by_depth": {str(depth): part.to_dict() for depth, part in self.by_depth.items()},
            "by_length": {name: part.to_dict() for name, part in self.by_length.items()},
            "disagreements": [pair._asdict() for pair in self.disagreements],
            **({"usage": usage_told(self.usage)} if self.usage else {}),
        }

    def __str__(self) -> str:
        rows = [("", *HEADS), *((name, *map(_words, cells)) for name, cells in self._rows())]
        wide = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
        table = [
            "  ".join([row[0].ljust(wide[0]), *map(str.rjust, row[1:], wide[1:])]).rstrip() for row in rows
        ]
        return "\n".join([self._sentence(), "", *table, *self._notes()])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = [(name, *cells) for name, cells in self._rows()]
        return table_html(self._sentence(), ("", *HEADS), rows, self._notes(), strong=[0])

    def _sentence(self) -> str:
        found = self.overall
        said = f"{self.judge} against the verifier"
        if found.agreement is None:
            return f"{said}: no node has the word of both"
        low, high = found.interval
        sample = f" of {self.verified:,} verified" if self.verified > len(self.pairs) else ""
        return (
            f"{said}: agrees on {fixed(found.agreement, 2)} [{fixed(low, 2)}, {fixed(high, 2)}] of "
            f"{found.nodes:,} nodes{sample}"
        )

    def _rows(self) -> list[tuple[str, tuple[object, ...]]]:
        parts: dict[str, Confusion] = {"all": self.overall}
        parts |= {f"depth {depth}": part for depth, part in self.by_depth.items()}
        parts |= self.by_length
        return [(name, _cells(part)) for name, part in parts.items()]

    def _notes(self) -> list[str]:
        found = self.overall
        notes = []
        if found.nodes and found.kappa is None:
            who = "verifier" if found.both + found.verifier_alone in (0, found.nodes) else "judge"
            notes.append(f"kappa: none, because the {who} always says the same")
        for pair in self.disagreements[:SHOWN]:
            said = f"judge {pair.judge:g}, verifier {pair.verifier:g}"
            notes.append(f"{pair.tree}/{pair.node}: {said}: {one_line(pair.goal, 60)}")
        if (more := len(self.disagreements) - SHOWN) > 0:
            notes.append(f"and {counted(more, 'other disagreement')}")
        lost = [pair.why for pair in self.pairs if pair.judge is None]
        if lost:
            notes.append(f"no verdict on {counted(len(lost), 'node')}: {one_line(lost[0], 120)}")
        if self.left_out:
            notes.append(
                f"{counted(self.left_out, 'probe tree')} left out: probes=True counts their nodes, too"
            )
        return [*notes, *([f"judge: {usage_words(self.judge, self.usage)}"] if self.usage else [])]


def agreement(
    trees: Sequence[Tree],
    judge: Judge,
    nodes: int | None = None,
    *,
    seed: int = 0,
    on_tick: Callable[[], None] | None = None,
) -> Agreement:
    """Asks the judge of nodes that finished and that a verifier scored.

    Args:
        nodes: so many of them, drawn by the seed; None = all.
    """
    found = [(tree, node) for tree in trees for node in tree.nodes if _verified(node)]
    asked = found if nodes is None or nodes >= len(found) else _drawn(found, nodes, seed)
    in_tokens = any(node.peak_context for _, node in asked)
    before = getattr(judge, "usage", {})
    answers = _answers(judge, [(tree, node.path) for tree, node in asked], on_tick)
    used = taken_since(judge, before)
    pairs = []
    for (tree, node), answer in zip(asked, answers, strict=True):
        word, why = (None, unquoted(answer)) if isinstance(answer, RaoLabError) else (answer.success, "")
        head = tree.header
        place = f"{head.step}:{head.group}.{head.rollout}"
        length = node.peak_context if in_tokens else len(node.turns)
        pairs.append(Pair(place, node.path, node.depth, length, node.goal, node.success or 0.0, word, why))
    name = getattr(judge, "name", type(judge).__name__)
    return Agreement(str(name), tuple(pairs), "tokens" if in_tokens else "turns", len(found), used)


def _verified(node: Node) -> bool:
    scored = node.success is not None and node.success_source not in NOT_VERIFIED
    return scored and node.status is Status.FINISHED


def _drawn(found: Sequence[tuple[Tree, Node]], nodes: int, seed: int) -> list[tuple[Tree, Node]]:
    places = sorted(Random(seed).sample(range(len(found)), nodes))
    return [found[place] for place in places]


def _answers(
    judge: Judge, asked: Sequence[tuple[Tree, str]], on_tick: Callable[[], None] | None
) -> Sequence[Score | RaoLabError]:
    panel: object = judge
    if isinstance(panel, Panel):
        return panel.score_all(asked, on_tick)
    return [_one(judge, tree, path) for tree, path in asked]


def _one(judge: Judge, tree: Tree, path: str) -> Score | RaoLabError:
    try:
        found = judge.score(tree, path)
    except RaoLabError as problem:
        return problem
    except (Exception, SystemExit) as problem:  # noqa: BLE001 - a user's own judge: that it failed is data
        return InputError(f"the judge raised {quoted(problem)}")
    return (
        found if isinstance(found, Score) else InputError(f"it returned {quoted(found)}, and a Score is due")
    )


def _confusion(pairs: Sequence[Pair]) -> Confusion:
    return Confusion.of((pair.verifier, pair.judge) for pair in pairs)


def _cells(part: Confusion) -> tuple[object, ...]:
    counts = (part.nodes, part.both, part.judge_alone, part.verifier_alone, part.neither)
    return (*counts, part.agreement, part.kappa, part.balanced, part.unscored or None)


def _words(cell: object) -> str:
    return "" if cell is None else fixed(cell, 2) if isinstance(cell, float) else f"{cell:,}"

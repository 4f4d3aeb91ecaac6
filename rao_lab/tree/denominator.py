"""How many of some trees were scored, how many were not, and why: what stands beside every share of successes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from rao_lab.base.safe_text import one_line
from rao_lab.base.words import counted
from rao_lab.tree.events import Status
from rao_lab.tree.tree import Tree

REASONS_SHOWN = 2
MOST_REASON = 120
"""Cells of one reason that are shown."""


@dataclass(frozen=True, slots=True)
class Denominator:
    """The denominator of a share of successes. Success is the root's.

    >>> from rao_lab.tree import Denominator
    >>> print(Denominator.of([tree, tree]).words("trees"))
    2 trees
    """

    total: int
    scored: int
    why_not: Mapping[str, int] = field(default_factory=dict)
    """Reason -> trees that were not scored for it, the most frequent first."""

    @classmethod
    def of(cls, trees: Iterable[Tree]) -> Denominator:
        total = 0
        reasons: Counter[str] = Counter()
        for tree in trees:
            total += 1
            if tree.success is None:
                reasons[why_unscored(tree)] += 1
        ordered = dict(sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0])))
        return cls(total, total - reasons.total(), ordered)

    @property
    def unscored(self) -> int:
        return self.total - self.scored

    def words(self, noun: str = "tasks", why: bool = True) -> str:
        """ "12 tasks", or "5 of 12 tasks (7 not scored: ...)"; without `why`, "5 of 12 tasks"."""
        if not self.unscored:
            return self._all(noun)
        return f"{self.scored:,} of {self._all(noun)}" + (f" ({self.why_words()})" if why else "")

    def _all(self, noun: str) -> str:
        return counted(self.total, noun.removesuffix("s"), noun)

    def why_words(self) -> str:
        """ "7 not scored: 4 x no answer within 120 s, 3 x ..."; "" if all were."""
        if not self.unscored:
            return ""
        if len(self.why_not) == 1:
            return f"{self.unscored} not scored: {next(iter(self.why_not))}"
        shown = [f"{times} x {reason}" for reason, times in [*self.why_not.items()][:REASONS_SHOWN]]
        others = len(self.why_not) - REASONS_SHOWN
        more = f", and {others} other reason{'s' * (others > 1)}" if others > 0 else ""
        return f"{self.unscored} not scored: {', '.join(shown)}{more}"


def why_unscored(tree: Tree) -> str:
    """Why a tree has no success, on one short line; "" if it has one."""
    if tree.success is not None:
        return ""
    if not tree.nodes or tree.root.status is Status.RUNNING:
        return "it did not end"
    if tree.root.reason:
        return one_line(tree.root.reason, MOST_REASON)
    return (
        "its root was lost" if tree.root.status is Status.ERROR else "neither the world nor a judge scored it"
    )

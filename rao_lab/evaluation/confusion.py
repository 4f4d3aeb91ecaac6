"""Two words on the same nodes, counted: who said yes, and how far they agree beyond chance."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from rao_lab.evaluation.intervals import wilson

YES = 0.5
"""A success of at least so much is a yes."""


@dataclass(frozen=True, slots=True)
class Confusion:
    """How often judge and verifier said yes, by both of their words.

    >>> from rao_lab.evaluation.confusion import Confusion
    >>> found = Confusion(both=6, judge_alone=2, verifier_alone=0, neither=2)
    >>> found.nodes, found.agreement, round(found.kappa, 2), found.balanced
    (10, 0.8, 0.55, 0.75)
    """

    both: int = 0
    """Both said yes."""
    judge_alone: int = 0
    """The judge said yes, the verifier no."""
    verifier_alone: int = 0
    """The verifier said yes, the judge no."""
    neither: int = 0
    """Both said no."""
    unscored: int = 0
    """The judge gave no verdict."""

    @classmethod
    def of(cls, pairs: Iterable[tuple[float, float | None]]) -> Confusion:
        """Of successes, the verifier's first."""
        counts = dict.fromkeys(cls.__slots__, 0)
        for verifier, judge in pairs:
            if judge is None:
                counts["unscored"] += 1
            elif verifier >= YES:
                counts["both" if judge >= YES else "verifier_alone"] += 1
            else:
                counts["judge_alone" if judge >= YES else "neither"] += 1
        return cls(**counts)

    @property
    def nodes(self) -> int:
        """Nodes on which both gave a word."""
        return self.both + self.judge_alone + self.verifier_alone + self.neither

    @property
    def agreement(self) -> float | None:
        """Share of nodes on which they say the same; None if there are none."""
        return (self.both + self.neither) / self.nodes if self.nodes else None

    @property
    def interval(self) -> tuple[float, float]:
        """95 % of the agreement, as if the nodes were independent."""
        return wilson(self.both + self.neither, self.nodes)

    @property
    def kappa(self) -> float | None:
        """Cohen's kappa; None if one of them always says the same, and nothing beyond chance can be seen."""
        yes, said = self.both + self.verifier_alone, self.both + self.judge_alone
        if self.agreement is None or not 0 < yes < self.nodes or not 0 < said < self.nodes:
            return None
        chance = (yes * said + (self.nodes - yes) * (self.nodes - said)) / self.nodes**2
        return (self.agreement - chance) / (1 - chance)

    @property
    def balanced(self) -> float | None:
        """Mean of the agreement on the verifier's yes and on its no; None if it said only one of them."""
        yes, no = self.both + self.verifier_alone, self.judge_alone + self.neither
        return (self.both / yes + self.neither / no) / 2 if yes and no else None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        counts = {name: getattr(self, name) for name in ("nodes", *self.__slots__)}
        low, high = self.interval
        shares = {"agreement": self.agreement, "kappa": self.kappa, "balanced": self.balanced}
        return counts | shares | ({"low": low, "high": high} if self.nodes else {})

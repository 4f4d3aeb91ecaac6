"""What of an Explorer is looked at: one place, whether it is drawn by the widget, printed or saved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from rao_lab.tree import ROOT
from rao_lab.views.explorer.source import Source

VIEWS = ("tree", "credit", "tokens", "icicle", "outline", "group", "timeline", "evolution", "badges", "board")
PATH_LIMIT = 400


class Look(NamedTuple):
    """A view, and the node that is chosen in it."""

    view: str = "tree"
    step: int | None = None
    """None: the newest."""
    tree: int | None = None
    """Place among the trees of the step; None: the one that shows most."""
    path: str = ROOT

    @classmethod
    def of(cls, message: Mapping[str, Any]) -> Look:
        """What the front end says; what makes no sense is left at its default."""
        view, path = message.get("view"), message.get("path")
        return cls(
            view if isinstance(view, str) and view in VIEWS else "tree",
            _count(message.get("step")),
            _count(message.get("tree")),
            path if isinstance(path, str) and len(path) <= PATH_LIMIT else ROOT,
        )

    def to_json(self) -> dict[str, Any]:
        return self._asdict()

    def step_of(self, source: Source) -> int | None:
        """The step that is looked at; of a step that is gone, the newest. None: there is no step."""
        known = [step for step, _ in source.marks()]
        return self.step if self.step in known else max(known, default=None)


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None

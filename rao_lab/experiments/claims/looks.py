"""The evaluations of a unit that ended before the unit did: kept beside its run file, so that going on repeats none.

`OUT/<arm>-<seed>.looks/N.json.gz` holds what the N-th look came to, and on what it depends: what the unit was asked
for, and the very weights. A file that is damaged or depends on anything else is passed over.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from shutil import rmtree
from typing import Any

from rao_lab.experiments.claims import rows
from rao_lab.experiments.claims.arms import Scale, Unit
from rao_lab.training.setup import trainable

Found = dict[str, Any]


class Looks:
    """The looks of one unit, taken or kept."""

    def __init__(self, out: Path, unit: Unit, scale: Scale, policy: Any) -> None:
        self._folder = folder(out, unit)
        weights = sha256()
        for each in trainable(policy).model.parameters():
            weights.update(each.detach().cpu().numpy().tobytes())
        self._of = {"asked": unit.asked(scale), "weights": weights.hexdigest()}

    def taken(self, number: int, take: Callable[[], Found]) -> Found:
        """What the look came to when it was kept; otherwise it is taken now, and kept."""
        path = self._folder / f"{number}{rows.END}"
        kept = rows.parsed(path)
        if isinstance(kept, dict) and kept.get("of") == self._of and isinstance(kept.get("found"), dict):
            return dict(kept["found"])
        found = take()
        rows.write(path, {"of": self._of, "found": found})
        return found


def folder(out: Path, unit: Unit) -> Path:
    """Where the looks of a unit are kept."""
    return out / f"{unit.name}.looks"


def drop(out: Path, unit: Unit) -> None:
    """Forgets them: the rows of the whole unit are kept."""
    rmtree(folder(out, unit), ignore_errors=True)

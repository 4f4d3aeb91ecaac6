"""Which cell of a notebook runs now."""

from __future__ import annotations

from typing import NamedTuple

from IPython import get_ipython


class CellRun(NamedTuple):
    """One run of one cell."""

    cell: str
    """Stays as it is when the cell is run again."""
    run: str
    """Differs with every run."""


def running_cell() -> CellRun | None:
    """The run that this is called from; None outside of a notebook, or if its front end does not name cells."""
    shell = get_ipython()
    parent = getattr(shell, "parent_header", None)
    if not isinstance(parent, dict):
        return None
    cell = parent.get("metadata", {}).get("cellId")
    run = parent.get("header", {}).get("msg_id")
    return CellRun(cell, run) if isinstance(cell, str) and isinstance(run, str) else None

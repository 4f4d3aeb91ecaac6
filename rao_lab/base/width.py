"""How wide text is printed if nobody says it."""

from __future__ import annotations

from shutil import get_terminal_size

from rao_lab.base.early import in_notebook

WIDTH = 100
NOTEBOOK_WIDTH = 72
"""What JupyterLab shows in a window of 700 px; it would break a wider line within a word."""


def usual_width() -> int:
    """Characters of a line: those of the terminal, but at most 100; 72 in a notebook."""
    most = NOTEBOOK_WIDTH if in_notebook() else WIDTH
    return min(most, get_terminal_size((most, 24)).columns)

"""What people read is rounded by one rule, in Python as in JavaScript: halves away from 0."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rao_lab.base.words import fixed

FIGURE = re.compile(r":\+?\.[123]f\}")
DRAWN = re.compile(
    r"<path|<rect|<circle|<text|<svg|viewBox|field\.|style=|width:|rgba|points=|[a-z]=\"\{|d=\"|seconds|elapsed|stroke"
)
ROOMS = ("tree", "credit", "evaluation", "views")
MAY = {"rao_lab/views/explorer/still.py", "rao_lab/views/compare/figures.py"}
"""Coordinates of drawings, and what plotly formats."""


@pytest.mark.parametrize(
    ("value", "digits", "said"),
    [(0.125, 2, "0.13"), (-0.125, 2, "-0.13"), (0.625, 2, "0.63"), (2.25, 1, "2.3"), (1.005, 2, "1.00")],
)
def test_halves_go_away_from_zero(value: float, digits: int, said: str) -> None:
    assert fixed(value, digits) == said


def test_no_figure_is_rounded_by_python_s_own_rule(repo: Path) -> None:
    found = [
        f"{path.relative_to(repo)}:{number}: {line.strip()}"
        for room in ROOMS
        for path in sorted((repo / "rao_lab" / room).rglob("*.py"))
        if str(path.relative_to(repo)) not in MAY
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if FIGURE.search(line) and not DRAWN.search(line)
    ]
    assert found == []

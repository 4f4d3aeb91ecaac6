"""Draws a bench's figures as one SVG: a panel for each group of cases, a bar for each case.

The bars of a panel begin at zero and have one scale. The picture follows the reader's light or dark setting.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

STYLE = """
  svg { --panel: #ffffff; --line: #d0d7de; --ink: #1f2328; --soft: #59636e; --bar: #9fb3c8; --own: #2f6fb5; }
  @media (prefers-color-scheme: dark) {
    svg { --panel: #0f141a; --line: #39424d; --ink: #e6edf3; --soft: #9aa5b1; --bar: #56687a; --own: #6aa9e9; }
  }
  text { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; fill: var(--ink); }
  .title { font-weight: 600; font-size: 13px; } .soft { fill: var(--soft); }
  .panel { fill: var(--panel); stroke: var(--line); } .bar { fill: var(--bar); } .own { fill: var(--own); }
"""
COLUMNS, WIDTH, GAP, ROW, HEAD = 2, 470, 20, 20, 56
NAMES, BARS = 150, 190
"""Widths of the names of a panel and of its longest bar."""
LETTERS = 23
"""Letters of a name that fit."""


def picture(report: Mapping[str, Any]) -> str:
    """The picture of what `cases.run` returned."""
    panels = _panels(report["cases"])
    columns: list[list[str]] = [[] for _ in range(COLUMNS)]
    ends = [HEAD] * COLUMNS
    for (title, unit), cases in panels.items():
        at = ends.index(min(ends))
        columns[at] += _panel(GAP + at * (WIDTH + GAP), ends[at], title, unit, cases)
        ends[at] += 52 + ROW * len(cases)
    width, height = GAP + COLUMNS * (WIDTH + GAP), max(ends) + 12
    machine = report["machine"]
    where = f"{machine['device']}, {machine['cores']} cores, torch {machine['versions'].get('torch', '?')}"
    if report.get("quick"):
        where += ", quick form"
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img"'
            f' aria-label="Figures of bench {escape(report["bench"])}">',
            f"<style>{STYLE}</style>",
            f'<rect class="panel" x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="12"/>',
            _text(GAP, 30, f"rao-lab bench {report['bench']}", "title"),
            _text(width - GAP, 30, where, "soft", "end"),
            *(line for column in columns for line in column),
            "</svg>\n",
        )
    )


def _panels(cases: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str], list[tuple[str, Mapping[str, Any]]]]:
    """Cases by what their names have before the last "/" or ": ", and by unit."""
    found: dict[tuple[str, str], list[tuple[str, Mapping[str, Any]]]] = {}
    for case in cases:
        group, _, name = case["name"].replace(": ", "/").rpartition("/")
        found.setdefault((group, case["unit"]), []).append((name, case))
    return found


def _panel(
    x: int, y: int, title: str, unit: str, cases: Sequence[tuple[str, Mapping[str, Any]]]
) -> Iterator[str]:
    yield _text(x, y + 14, title or unit, "title")
    if title:
        yield _text(x + WIDTH - 10, y + 14, unit, "soft", "end")
    most = max((case["median"] for _, case in cases), default=0.0) or 1.0
    for row, (name, case) in enumerate(cases):
        top = y + 24 + ROW * row
        yield _text(x, top + 13, name if len(name) <= LETTERS else f"{name[: LETTERS - 1]}…", "soft")
        length = max(1.0, BARS * case["median"] / most)
        kind = "own" if row == len(cases) - 1 and case["ratio"] is not None else "bar"
        yield f'<rect class="{kind}" x="{x + NAMES}" y="{top + 3}" width="{length:.1f}" height="13" rx="2"/>'
        ratio = "" if case["ratio"] is None else f"  ({case['ratio']:.3g} x)"
        yield _text(x + NAMES + length + 6, top + 13, f"{figure(case['median'])}{ratio}")


def figure(value: float) -> str:
    """A figure with three digits that matter, or all that stand before the point."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _text(x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y}" text-anchor="{anchor}">{escape(words)}</text>'

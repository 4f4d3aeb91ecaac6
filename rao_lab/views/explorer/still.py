"""What an Explorer shows without JavaScript and without a kernel: text, and a still picture.

A notebook keeps both beside the widget, for places in which the widget cannot run.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from html import escape
from typing import NamedTuple

import numpy as np

from rao_lab.base.safe_text import shorten, visible
from rao_lab.credit import WHY_NOT
from rao_lab.errors import RaoLabError
from rao_lab.tree import Node, Tree
from rao_lab.tree.text import mark, preamble, short_goal, signed, text_tree
from rao_lab.views.explorer.source import Source
from rao_lab.views.explorer.table import StepTable

DRAWN = 60
"""Most nodes of the still picture; a larger tree is shown as text."""

_INK = {"+": "#1a5a9e", "-": "#a3440c"}
_MARK = {
    "✓": "#0d7561",
    "◐": "#0d7561",
    "✗": "#8e2f5c",
    "△": "#8e2f5c",
    "▣": "#7a5a00",
    "◌": "#5746ad",
    "‖": "#5746ad",
}
ROW, CARD, COLUMN = 30, 124, 168


class Earned(NamedTuple):
    """What a picture shows of a node's credit."""

    R: float | None
    A: float | None
    c: float | None
    why_not: str | None


def text_twin(source: Source, read: Callable[[int], StepTable], title: str, width: int = 100) -> str:
    """The place, and the first tree of the newest step as text.

    Args:
        read: the table of a step.
    """
    marks = source.marks()
    if not marks:
        return "<Explorer: no trees yet: run a task, or start training>"
    step = marks[-1][0]
    try:
        table = read(step)
        place = first_tree(table)
        tree = None if place is None else table.tree(place)
    except RaoLabError as error:
        return f"<Explorer: {error}>"
    trees = f"{len(table.trees)} {'tree' if len(table.trees) == 1 else 'trees'}"
    begins = f"{title}, " if title else ""
    steps = f"step {step} of {len(marks)} steps, " if len(marks) > 1 else ""
    lines = [visible(f"<Explorer: {begins}{steps}{trees}, {len(table):,} nodes>")]
    if tree is not None and place is not None:
        lines.append(text_tree(tree, credit_of(table, place), width=width, most=40))
    return "\n".join(lines)


def first_tree(table: StepTable) -> int | None:
    """The place of the largest tree of the first task, which shows most."""
    sizes = np.bincount(table.columns["tree"], minlength=len(table.trees)).tolist()
    found = [place for place, tree in enumerate(table.trees) if tree.group == 0 and sizes[place]]
    return max(found, key=lambda place: (min(sizes[place], DRAWN), -place), default=None)


def credit_of(table: StepTable, place: int) -> dict[str, Earned] | None:
    """The credit of one tree by path, from the table's columns."""
    credit = table.credit
    if credit is None or np.isnan(credit["A"]).all():
        return None  # a tree alone has no advantages, and its own success stands without them
    rows = table.rows_of(place)
    numbers = ([None if each != each else each for each in credit[name][rows].tolist()] for name in "RAc")
    why = (WHY_NOT[code] if code < len(WHY_NOT) else "probe" for code in credit["why"][rows].tolist())
    paths = [table.path[row] for row in rows.tolist()]
    return dict(zip(paths, map(Earned, *numbers, why), strict=True))


def still_html(source: Source, read: Callable[[int], StepTable], title: str) -> str:
    """A still picture: the tree as SVG if it is small, otherwise as text. No script, nothing fetched."""
    text = text_twin(source, read, title, width=120)
    marks = source.marks()
    picture = ""
    if marks:
        with suppress(RaoLabError):
            table = read(marks[-1][0])
            place = first_tree(table)
            if place is not None and len(table.rows_of(place)) <= DRAWN:
                picture = tree_svg(table.tree(place), credit_of(table, place))
    body = picture or f'<pre style="font-size:12px;line-height:1.35">{escape(text)}</pre>'
    head = escape(text.splitlines()[0].strip("<>"))
    return (
        f'<div style="font-family:Helvetica,Arial,sans-serif;font-size:12px"><div>{head}. '
        f"A still picture: run the cell to explore it.</div>{body}</div>"
    )


def tree_svg(tree: Tree, credit: dict[str, Earned] | None) -> str:
    """Cards in the Explorer's middle size, siblings in spawn order."""
    rows, without = _rows(tree), preamble(tree.nodes)
    height = max(rows.values()) * ROW + ROW + 8
    width = tree.depth * COLUMN + CARD + 16
    parts = [_edge(node, rows, credit) for node in tree.nodes if node.parent is not None]
    parts += [
        _card(node, without, rows[node.path], None if credit is None else credit.get(node.path))
        for node in tree.nodes
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height:.0f}" '
        f'viewBox="0 0 {width} {height:.0f}" role="img" style="background:#fff;max-width:100%">{"".join(parts)}</svg>'
    )


def _rows(tree: Tree) -> dict[str, float]:
    """A row for each leaf, parents between their first and last child."""
    found: dict[str, float] = {}
    leaf = 0
    for node in tree.walk():
        if not node.children:
            found[node.path] = float(leaf)
            leaf += 1
    for node in sorted(tree.nodes, key=lambda each: -each.depth):
        if node.children:
            found[node.path] = (found[node.children[0]] + found[node.children[-1]]) / 2
    return found


def _edge(node: Node, rows: dict[str, float], credit: dict[str, Earned] | None) -> str:
    above = node.path.rpartition(".")[0]
    x1, y1 = (node.depth - 1) * COLUMN + 4 + CARD, rows[above] * ROW + ROW / 2 + 4
    x2, y2 = node.depth * COLUMN + 4, rows[node.path] * ROW + ROW / 2 + 4
    record = credit.get(node.path) if credit else None
    c = record.c if record else None
    colour = "#a2a8af" if c is None else "#3f86cc" if c >= 0 else "#cc6a20"
    size = 1.2 if c is None else min(8.2, 1.2 + 5 * abs(c))
    middle = (x1 + x2) / 2
    dash = ' stroke-dasharray="1.5 3"' if c is None else ""
    return (
        f'<path d="M{x1} {y1:.1f}C{middle} {y1:.1f} {middle} {y2:.1f} {x2} {y2:.1f}" fill="none" '
        f'stroke="{colour}" stroke-width="{size:.1f}" opacity=".75"{dash}/>'
    )


def _card(node: Node, without: str, row: float, record: Earned | None) -> str:
    x, y = node.depth * COLUMN + 4, row * ROW + 4 + (ROW - 24) / 2
    sign = mark(node)
    A = record.A if record else None
    value = "" if A is None else signed(A)
    ink = "#636a73" if A is None else _INK["+" if A >= 0 else "-"]
    ground = "#ffffff" if A is None else "#edf4fb" if A >= 0 else "#fbeee5"
    goal = escape(shorten(short_goal(node, without), 12))
    title = escape(visible(f"{node.path} {node.goal}"))
    return (
        f'<g font-family="Helvetica,Arial,sans-serif" font-size="11"><title>{title}</title>'
        f'<rect x="{x + 0.5}" y="{y + 0.5:.1f}" width="{CARD - 1}" height="23" rx="5" fill="{ground}" '
        f'stroke="#c9cdd2"/>'
        f'<text x="{x + 7}" y="{y + 16:.1f}" fill="{_MARK.get(sign, "#636a73")}">{escape(sign)}</text>'
        f'<text x="{x + 22}" y="{y + 16:.1f}" fill="#1b1f24">{goal}</text>'
        f'<text x="{x + CARD - 6}" y="{y + 16:.1f}" text-anchor="end" font-weight="600" fill="{ink}">{value}</text></g>'
    )

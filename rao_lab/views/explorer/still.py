"""What an Explorer shows without JavaScript and without a kernel: text, and a still picture.

A notebook keeps both beside the widget, so that it can be read where the widget cannot run.
"""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np

from rao_lab.base.safe_text import shorten, visible
from rao_lab.credit import WHY_NOT, Attribution
from rao_lab.errors import RaoLabError
from rao_lab.tree import Node, Tree
from rao_lab.tree.text import mark, preamble, short_goal, signed, text_tree
from rao_lab.views.explorer.table import StepTable

DRAWN = 60
"""Nodes of the still picture; a larger tree stands as text."""

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


def text_twin(explorer: Any, width: int = 100) -> str:
    """The place, and the first tree of the newest step as text."""
    marks = explorer._source.marks()
    name = type(explorer).__name__
    if not marks:
        return f"<{name}: no trees yet: run a task, or start training>"
    step = marks[-1][0]
    try:
        table = explorer.table(step)
    except RaoLabError as error:
        return f"<{name}: {error}>"
    trees = f"{len(table.slots)} {'tree' if len(table.slots) == 1 else 'trees'}"
    place = f"{explorer.title}, " if explorer.title else ""
    steps = f"step {step} of {len(marks)} steps, " if len(marks) > 1 else ""
    lines = [visible(f"<{name}: {place}{steps}{trees}, {len(table.rows):,} nodes>")]
    tree, place_of = first_tree(table)
    if tree is not None:
        lines.append(text_tree(tree, credit_of(table, place_of), width=width, most=40))
    return "\n".join(lines)


def first_tree(table: StepTable) -> tuple[Tree | None, int]:
    """The largest tree of the first task, which shows most, and its place."""
    found = [
        (place, slot.nodes)
        for place, slot in enumerate(table.slots)
        if slot.group == 0 and isinstance(slot.nodes, Tree) and slot.nodes.nodes
    ]
    if not found:
        return None, -1
    place, tree = max(found, key=lambda item: (min(len(item[1]), DRAWN), -item[0]))
    return tree, place


def credit_of(table: StepTable, tree: int) -> dict[str, Attribution] | None:
    """The records of one tree by path, from the table's columns."""
    credit = table.credit
    if credit is None or np.isnan(credit["A"]).all():
        return None  # a tree alone has no advantages, and its own success stands without them
    rows = {path: row for (where, path), row in table.row_of.items() if where == tree}
    return {path: _record(table, credit, path, row) for path, row in rows.items()}


def _record(table: StepTable, credit: dict[str, np.ndarray], path: str, row: int) -> Attribution:
    tree, _ = table.rows[row]
    node = table.slots[tree].nodes.node(path)

    def number(name: str) -> float | None:
        value = float(credit[name][row])
        return None if np.isnan(value) else value

    code = int(credit["why"][row])
    return Attribution(
        group=table.slots[tree].group,
        tree=table.slots[tree].header.rollout,
        node=path,
        parent=node.parent,
        depth=node.depth,
        status=node.status.value,
        s=node.success,
        child_mean=number("childMean") or 0.0,
        child_min=number("childMin"),
        lam=table.config.lam,
        bonus=number("bonus") or 0.0,
        R=number("R"),
        b=number("b"),
        A=number("A"),
        w=number("w"),
        c=number("c"),
        share=number("share"),
        trained=code == 0,
        why_not=WHY_NOT[code] if code < len(WHY_NOT) else "probe",
    )


def still_html(explorer: Any) -> str:
    """A still picture: the tree as SVG where it is small, else as text. No script, nothing fetched."""
    text = text_twin(explorer, width=120)
    marks = explorer._source.marks()
    picture = ""
    if marks:
        try:
            table = explorer.table(marks[-1][0])
        except RaoLabError:
            table = StepTable()
        tree, place = first_tree(table)
        if tree is not None and len(tree) <= DRAWN:
            picture = tree_svg(tree, credit_of(table, place))
    body = picture or f'<pre style="font-size:12px;line-height:1.35">{escape(text)}</pre>'
    head = escape(text.splitlines()[0].strip("<>"))
    return (
        f'<div style="font-family:Helvetica,Arial,sans-serif;font-size:12px"><div>{head}. '
        f"A still picture: run the cell to explore it.</div>{body}</div>"
    )


def tree_svg(tree: Tree, credit: dict[str, Attribution] | None) -> str:
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


def _edge(node: Node, rows: dict[str, float], credit: dict[str, Attribution] | None) -> str:
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


def _card(node: Node, without: str, row: float, record: Attribution | None) -> str:
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

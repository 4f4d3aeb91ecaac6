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
from rao_lab.base.words import counted
from rao_lab.credit.words import sentence, without_group
from rao_lab.errors import RaoLabError
from rao_lab.tree import Node, Tree
from rao_lab.tree.text import mark, preamble, short_goal, signed, text_tree
from rao_lab.views.evolution.columns import columns_of
from rao_lab.views.evolution.evolution import Evolution
from rao_lab.views.evolution.text import evolution_text
from rao_lab.views.explorer.address import address_of
from rao_lab.views.explorer.badges_answer import badge_words
from rao_lab.views.explorer.board_still import board_picture, board_words
from rao_lab.views.explorer.earned import Earned, credit_of
from rao_lab.views.explorer.group_still import group_words
from rao_lab.views.explorer.look import Look
from rao_lab.views.explorer.source import Source
from rao_lab.views.explorer.states import empty_state, sentence_of
from rao_lab.views.explorer.table import StepTable
from rao_lab.views.explorer.timeline_svg import timeline_svg
from rao_lab.views.per_token.html import node_html
from rao_lab.views.per_token.node import node_tokens
from rao_lab.views.per_token.text import node_words

DRAWN = 60
"""Most nodes of the still picture; a larger tree is shown as text."""
FORKS = 3
"""Most sets of forks of a tree that are told of."""
STILL_LIMIT = 200_000
"""Characters of a picture, and of the text under it."""
STOOD = (
    "Training was not over when this was written. Without a browser nothing brings it up to date: for the last state, "
    "show the board in a later cell, after session.result()."
)
"""What a still picture of a session under way lacks."""

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


class Told(NamedTuple):
    """What is looked at, in words."""

    head: str
    note: str = ""
    body: str = ""

    def __str__(self) -> str:
        return "\n".join([f"<Explorer: {self.head}>", *filter(None, self[1:])])


def told(
    source: Source, read: Callable[[int], StepTable], title: str, look: Look | None = None, width: int = 100
) -> Told:
    """What is looked at: the place and one tree, or the figures of the board.

    Args:
        read: the table of a step.
        look: by default the newest step.
    """
    look = look or Look()
    if look.view == "board":
        return Told(*board_words(source, title, look.step))
    if look.view == "evolution":
        return evolution_told(source, title, look.step, width)
    step = look.step_of(source)
    if step is None:
        return Told(sentence_of(empty_state(source.status())).rstrip("."))
    try:
        table = read(step)
        place = shown_tree(table, look)
        tree = None if place is None else table.tree(place)
    except RaoLabError as error:
        return Told(visible(str(error)))
    forks = sum("fork" in table.groups[each.group] for each in table.trees)
    trees = counted(len(table.trees) - forks, "tree") + (f", {counted(forks, 'fork')}" if forks else "")
    count = len(source.marks())
    name = f" ({source.name_of(step)})" if source.name_of(step) else ""
    steps = f"step {step}{name}, one of {count} steps, " if count > 1 else ""
    address = address_of(table, look._replace(tree=place))
    at = f", at {address}" if look.tree is not None and address else ""
    head = visible(f"{title}, " if title else "") + f"{steps}{trees}, {len(table):,} nodes{at}"
    note = sentence_of(table.state, step) if table.state else ""
    if tree is None or place is None:
        return Told(head, note)
    if look.view not in ("badges", "tokens", "group", "timeline"):
        note = " ".join(filter(None, (note, _forks_words(table, place))))
    if look.view == "badges":
        return Told(head, note, badge_words(table))
    if look.view == "tokens":
        return Told(head, note, _token_words(source, table, place, look.path))
    if look.view == "group":
        return Told(head, note, group_words(table, place, width))
    if look.view == "timeline":
        return Told(head, note, tree.timeline().text(width=width))
    body = text_tree(tree, credit_of(table, place), width=width, most=40)
    said = "" if look.tree is None else _why(table, place, look.path)
    return Told(head, note, f"{body}\n\n{said}" if said else body)


def _forks_words(table: StepTable, place: int) -> str:
    """What the forks of a tree came to, which neither its picture nor its text draws; empty if it has none."""
    found = [each["says"] for each in table.forks if each["tree"] == place]
    more = len(found) - FORKS
    said = [*found[:FORKS], *([f"and {counted(more, 'more set')} of forks"] if more > 0 else [])]
    return f"It has forks, which are not drawn here: {'; '.join(said)}." if found else ""


def _why(table: StepTable, place: int, path: str) -> str:
    """The credit of the chosen node in words; empty if nothing is known of it."""
    key = table.places.get(table.trees[place].id)
    if table.found is None or key is None:
        return ""
    paths = table.found.table.path
    row = next((row for row in table.found.rows(*key) if paths[row] == path), None)
    if row is None:
        return ""
    single = table.credit is not None and np.isnan(table.credit["A"]).all() and table.found.trained.any()
    return f"{path}: {(without_group if single else sentence)(table.found, row)}"


def _token_words(source: Source, table: StepTable, place: int, path: str) -> str:
    try:
        return node_words(node_tokens(source, table, place, path))
    except RaoLabError as error:
        return f"Node {path}: {visible(str(error))}."


def evolution_told(source: Source, title: str, step: int | None, width: int) -> Told:
    """Tasks by steps as a table, and where the first of them parts from what it was."""
    head = visible(f"{title}, " if title else "") + "evolution"
    try:
        return Told(head, "", evolution_text(Evolution(source, columns_of(source)), step, width))
    except RaoLabError as error:
        return Told(head, visible(str(error)))


def shown_tree(table: StepTable, look: Look) -> int | None:
    """The place of the tree that is looked at, if it has nodes; otherwise the one that shows most."""
    if look.tree is not None and look.tree < len(table.trees) and len(table.rows_of(look.tree)):
        return look.tree
    return first_tree(table)


def first_tree(table: StepTable) -> int | None:
    """The place of the largest tree of the first task, which shows most."""
    sizes = np.bincount(table.columns["tree"], minlength=len(table.trees)).tolist()
    found = [place for place, tree in enumerate(table.trees) if tree.group == 0 and sizes[place]]
    return max(found, key=lambda place: (min(sizes[place], DRAWN), -place), default=None)


def still_html(source: Source, read: Callable[[int], StepTable], title: str, look: Look | None = None) -> str:
    """A still picture of what is looked at: a tree as SVG if it is small, otherwise as text; of a board its curves and
    figures. No script, nothing fetched, at most `STILL_LIMIT` characters."""
    look = look or Look()
    words = told(source, read, title, look, width=120)
    picture = ""
    step = look.step_of(source)
    with suppress(RaoLabError):
        if look.view == "board":
            picture = board_picture(source, look.step)
        elif step is not None and look.view not in ("group", "evolution"):
            table = read(step)
            place = shown_tree(table, look)
            if look.view == "tokens" and place is not None:
                picture = node_html(node_tokens(source, table, place, look.path))
            elif look.view == "timeline" and place is not None:
                picture = timeline_svg(table.tree(place).timeline())
            elif place is not None and len(table.rows_of(place)) <= DRAWN:
                picture = tree_svg(table.tree(place), credit_of(table, place), look.path)
    picture = picture if len(picture) <= STILL_LIMIT else ""
    body = "" if picture and look.view not in ("board", "timeline") else words.body
    pre = (
        f'<pre style="font:12px/1.35 Menlo,Consolas,monospace">{escape(body[:STILL_LIMIT])}</pre>'
        if body
        else ""
    )
    said = " ".join(filter(None, (escape(words.head) + ".", escape(words.note), sentence_of("picture"))))
    return f'<div style="font-family:Helvetica,Arial,sans-serif;font-size:12px"><div>{said}</div>{picture}{pre}</div>'


def still_of(
    source: Source, read: Callable[[int], StepTable], title: str, look: Look | None = None
) -> dict[str, str]:
    """What is looked at as a still picture and as text, by MIME type; of a session under way it says so."""
    text, page = str(told(source, read, title, look)), still_html(source, read, title, look)
    if source.status().get("live"):
        text += f"\n{STOOD}"
        page += f'<div style="font:12px Helvetica,Arial,sans-serif">{STOOD}</div>'
    return {"text/plain": text, "text/html": page}


def tree_svg(tree: Tree, credit: dict[str, Earned] | None, chosen: str = "") -> str:
    """Cards in the Explorer's middle size, siblings in spawn order; the chosen one has an edge of ink."""
    rows, without = _rows(tree), preamble(tree.nodes)
    height = max(rows.values()) * ROW + ROW + 8
    width = tree.depth * COLUMN + CARD + 16
    parts = [_edge(node, rows, credit) for node in tree.nodes if node.parent is not None]
    parts += [
        _card(node, without, rows[node.path], credit.get(node.path) if credit else None, node.path == chosen)
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


def _card(node: Node, without: str, row: float, record: Earned | None, chosen: bool) -> str:
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
        f'stroke="{"#1b1f24" if chosen else "#c9cdd2"}"/>'
        f'<text x="{x + 7}" y="{y + 16:.1f}" fill="{_MARK.get(sign, "#636a73")}">{escape(sign)}</text>'
        f'<text x="{x + 22}" y="{y + 16:.1f}" fill="#1b1f24">{goal}</text>'
        f'<text x="{x + CARD - 6}" y="{y + 16:.1f}" text-anchor="end" font-weight="600" fill="{ink}">{value}</text></g>'
    )

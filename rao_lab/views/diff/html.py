"""Two aligned trees as a fragment of HTML, without a script: the same rows as the text."""

from __future__ import annotations

from rao_lab.base.safe_text import one_line
from rao_lab.base.words import counted, fixed
from rao_lab.tree import Node, Tree
from rao_lab.tree.compare import WORDS, Parting, Row
from rao_lab.tree.diff import TreeDiff
from rao_lab.tree.diff_text import parted_at, shared_preamble, shown_rows, two_tasks
from rao_lab.tree.earned import Earned
from rao_lab.tree.origin import fork_name
from rao_lab.tree.text import short_goal, signed
from rao_lab.tree.told_counts import tokens_said, turns_written
from rao_lab.views.diff.style import css, mark, said, shape_of, symbols

LINES = 60
"""Of what a model wrote that are shown of each side."""
LINE = 400
ROWS = 200


def diff_html(found: TreeDiff, key: str, names: tuple[str, str] = ("left", "right")) -> str:
    """Where the trees part, with what each says there, then both trees side by side.

    Args:
        key: what the ids of the shapes begin with; `style.symbols(key)` must stand somewhere before.
        names: of the two trees.
    """
    return f"{_parting(found, names)}{_trees(found, key, names)}"


def diff_sheet(found: TreeDiff, key: str) -> str:
    """The comparison with its style sheet, for a cell of a notebook."""
    body = diff_html(found, key)
    return f'<div class="rao-sheet"><style>{css()}</style>{symbols(key)}<h1>Two trees</h1>{body}</div>'


def _parting(found: TreeDiff, names: tuple[str, str]) -> str:
    first = found.first_action or found.first
    if first is None:
        return '<p class="about">No turn differs in what was written or in what came back.</p>'
    where = said(first.a) if first.a == first.b else f"{said(first.a)} (right: {said(first.b)})"
    lines = f"<p>First divergence: node {where}, {first.moment}: {WORDS[first.what]}</p>"
    if found.first_action is None:
        lines += '<p class="about">No action differs; only words do.</p>'
    elif found.first is not None and found.first is not first:
        before = f"node {said(found.first.a)}, {found.first.moment}"
        lines += f'<p class="about">Words differ from {before} on; the actions are the same until here.</p>'
    same = parted_at(first)
    sides = (
        f'<div><span class="quiet">{said(one_line(name, 60))}</span>{_code(text, same)}</div>'
        for name, text in zip(names, (first.left, first.right), strict=True)
    )
    return f'{lines}<div class="pair">{"".join(sides)}</div>'


def _code(text: str, same: int) -> str:
    """Lines of a turn, the first that differs marked. `same` lines before it, blank ones not counted, are equal."""
    if not text.strip():
        return '<pre><span class="quiet">nothing</span></pre>'
    drawn, seen = [], 0
    lines = text.splitlines()
    for line in lines[:LINES]:
        shown = said(line[:LINE] + ("…" if len(line) > LINE else ""))
        drawn.append(f"<b>{shown}</b>" if line.strip() and seen == same else shown)
        seen += bool(line.strip())
    if len(lines) > LINES:
        drawn.append(f'<span class="quiet">{counted(len(lines) - LINES, "more line")}</span>')
    return f"<pre>{chr(10).join(drawn)}</pre>"


def _trees(found: TreeDiff, key: str, names: tuple[str, str]) -> str:
    rows, hidden = shown_rows(found.rows, ROWS)
    preamble = shared_preamble(found.a, found.b)
    credit = any(row.earned != (None, None) for row in found.rows)
    figures = _names(credit)
    heads = "".join(_figure(name, name, " quiet") for name in figures)
    left, right = (_about(tree, name) for tree, name in zip((found.a, found.b), names, strict=True))
    body = "".join(_row(row, found.first_action or found.first, key, preamble, credit) for row in rows)
    tasks = "".join(f'<p class="about">{said(line)}</p>' for line in two_tasks(found.a, found.b))
    more = f'<p class="about">{counted(hidden, "node")} not drawn.</p>' if hidden else ""
    return (
        f'{tasks}<table class="two"><thead><tr><td>{left}</td>{heads}<td class="sign"></td><td>{right}</td>{heads}</tr>'
        f"</thead><tbody>{body}</tbody></table>{more}"
    )


def _names(credit: bool) -> tuple[str, ...]:
    return ("s", *(("A",) if credit else ()), "turns", "tokens")


def _figure(name: str, text: str, more: str = "") -> str:
    """A cell beside a node; a narrow sheet leaves out turns and tokens."""
    less = " less" if name in ("turns", "tokens") else ""
    return f'<td class="figure{less}{more}">{text}</td>'


def _about(tree: Tree, name: str) -> str:
    s = "not scored" if tree.success is None else f"s {fixed(tree.success, 2)}"
    name = fork_name(tree.header) or name
    return f'<b>{said(one_line(name, 40))}</b> <span class="quiet">{s}, {counted(len(tree), "node")}</span>'


def _row(row: Row, first: Parting | None, key: str, preamble: str, credit: bool) -> str:
    here = first is not None and first in row.partings
    kind = "here" if here else "changed" if row.changed else "same"
    if here and first is not None:
        sign = first.moment
    elif row.both:
        sign = row.partings[0].moment if row.partings else "≠" if row.changed else "="
    else:
        sign = "only left" if row.b is None else "only right"
    sides = [_side(node, earned, key, preamble, credit) for node, earned in zip((row.a, row.b), row.earned)]
    return f'<tr class="{kind}">{sides[0]}<td class="sign">{sign}</td>{sides[1]}</tr>'


def _side(node: Node | None, earned: Earned | None, key: str, preamble: str, credit: bool) -> str:
    names = _names(credit)
    if node is None:
        return "<td></td>" + "".join(_figure(name, "") for name in names)
    goal = one_line(short_goal(node, preamble), 160)
    s = "—" if node.success is None else fixed(node.success, 2)
    advantage = "—" if earned is None or earned.A is None else signed(earned.A)
    figures = [s, *([advantage] if credit else []), f"{turns_written(node):,}", tokens_said(node)]
    cells = "".join(_figure(name, figure) for name, figure in zip(names, figures, strict=True))
    return (
        f'<td style="padding-left:{min(node.depth, 12) * 14}px" title="{said(one_line(node.goal, 400))}">'
        f'{mark(shape_of(node), key)} <span class="path">{node.path}</span> {said(goal)}</td>{cells}'
    )

"""Two trees side by side as text: the first tree at the left, the second at the right, a sign between them.

    =  the same in both            <  in the first tree alone
    ~  in both, not the same       >  in the second tree alone
    #  where the trees first part

Each line fits the width. Nothing that a model said can act on the terminal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rao_lab.base.safe_text import cells, one_line, shorten
from rao_lab.base.words import counted, fixed
from rao_lab.tree.compare import WORDS, Parting, Row
from rao_lab.tree.node import Node, Recorded
from rao_lab.tree.origin import fork_name
from rao_lab.tree.text import mark, preamble, short_goal, signed
from rao_lab.tree.told_counts import tokens_said, turns_written

WIDTH = 100
GAP = 3
MOST_ROWS = 200
INDENT = 2
MOST_INDENT = 12
SAID_LINES = 3
"""Lines of what a model wrote that are shown of each side, from the first that differs."""


def side_by_side(
    a: Recorded,
    b: Recorded,
    rows: Sequence[Row],
    first: Parting | None,
    first_action: Parting | None,
    width: int = WIDTH,
    names: tuple[str, str] = ("", ""),
) -> str:
    """The picture of two aligned trees, each line at most `width` terminal cells.

    Args:
        names: what the trees are called; by default, as their headers say.
    """
    half = (width - GAP) // 2
    lines = [_two(_about(a, names[0]), _about(b, names[1]), " ", half), sum_up(rows), *two_tasks(a, b)]
    lines += parting_lines(first, first_action, width)
    shown, hidden = shown_rows(rows, MOST_ROWS)
    drawn = _Halves(shared_preamble(a, b), half, any(row.earned != (None, None) for row in rows))
    lines += ["", _two(drawn.heads(), drawn.heads(), " ", half)]
    lines += [
        _two(drawn.side(row, row.a, 0), drawn.side(row, row.b, 1), _sign(row, first), half) for row in shown
    ]
    if hidden:
        lines.append(
            f"{counted(hidden, 'node')} not drawn: below nodes whose sub-trees are the same, or past the room"
        )
    return "\n".join(shorten(line.rstrip(), width) for line in lines)


def two_tasks(a: Recorded, b: Recorded) -> list[str]:
    """A line that says so if the trees are of different tasks."""
    one, two = (one_line(each.header.task.id, 40) for each in (a, b))
    return [] if a.header.task.id == b.header.task.id else [f"two different tasks: {one} and {two}"]


def shared_preamble(a: Recorded, b: Recorded) -> str:
    """The words that all goals of both trees begin with; "" if there are none."""
    words = preamble(a.nodes)
    return words if words == preamble(b.nodes) else ""


def parting_lines(first: Parting | None, first_action: Parting | None, width: int = WIDTH) -> list[str]:
    """Where two trees part, in words, with what each of them says there."""
    if first is None:
        return ["no turn differs in what was written or in what came back"]
    lines = []
    if first_action is None:
        lines.append("no action differs; only words do")
    elif first is not first_action:
        lines.append(f"words differ first at {place_words(first)}; the actions are the same until then")
    found = first_action or first
    lines.append(f"first divergence: {place_words(found)}: {WORDS[found.what]}")
    left, right = parted_lines(found, SAID_LINES)
    for sign, said in (("<", left), (">", right)):
        lines += [shorten(f"  {sign} {one_line(line, width)}", width) for line in said or ["(nothing)"]]
    return lines


def parted_lines(parting: Parting, most: int) -> tuple[list[str], list[str]]:
    """Up to `most` lines of both sides, from the first line that differs."""
    left, right = _lines(parting)
    same = parted_at(parting)
    return left[same : same + most], right[same : same + most]


def parted_at(parting: Parting) -> int:
    """How many lines both sides begin with, blank ones not counted."""
    left, right = _lines(parting)
    return next((at for at, (a, b) in enumerate(zip(left, right)) if a != b), min(len(left), len(right)))


def _lines(parting: Parting) -> tuple[list[str], list[str]]:
    left, right = ([*filter(str.strip, text.splitlines())] for text in (parting.left, parting.right))
    return left, right


def place_words(parting: Parting) -> str:
    """The node and the moment at which two trees part."""
    path = parting.a if parting.a == parting.b else f"{parting.a} (at the right {parting.b})"
    return f"node {path}, {parting.moment}"


def _about(tree: Recorded, name: str) -> str:
    header = tree.header
    root = tree.nodes[0]
    s = "not scored" if root.success is None else f"s {fixed(root.success, 2)}"
    fork = fork_name(header)
    place = f"tree {header.step}:{header.group}.{header.rollout}" if header.step else f"seed {header.seed}"
    words = [root.template, header.agent if header.agent != "recursive" else "", header.policy]
    heads = [s, *([fork] if fork else []), counted(len(tree.nodes), "node")]
    return " · ".join(
        [*heads, *(one_line(word, 30) for word in (*words, "" if fork else name or place) if word)]
    )


def sum_up(rows: Sequence[Row]) -> str:
    """How many nodes both trees have, and how many are in one alone."""
    both = [row for row in rows if row.both]
    only_a = sum(row.b is None for row in rows)
    only_b = sum(row.a is None for row in rows)
    words = [
        f"{counted(len(both), 'node')} in both ({sum(not row.changed for row in both):,} the same)",
        f"{only_a:,} only left, {only_b:,} only right",
    ]
    moved = [row for row in both if row.scores_differ]
    if moved:
        words.append(f"another s or R at {counted(len(moved), 'node')}")
    return " · ".join(words)


def shown_rows(rows: Sequence[Row], most: int) -> tuple[list[Row], int]:
    """The rows that are drawn, and how many are not. Of large trees, only what changed and what is above it."""
    if len(rows) <= most:
        return [*rows], 0
    keep = [row.changed for row in rows]
    below = 0  # depth of the row kept last: going up, the rows above it are less deep
    for at in range(len(rows) - 1, -1, -1):
        keep[at] = keep[at] or rows[at].depth < below
        below = rows[at].depth if keep[at] else below
    shown = [row for row, kept in zip(rows, keep, strict=True) if kept][:most]
    return shown, len(rows) - len(shown)


def _sign(row: Row, first: Parting | None) -> str:
    if row.b is None:
        return "<"
    if row.a is None:
        return ">"
    if first is not None and first in row.partings:
        return "#"
    return "~" if row.changed else "="


def _two(left: str, right: str, sign: str, half: int) -> str:
    left = shorten(left, half)
    return f"{left}{' ' * (half - cells(left))} {sign} {shorten(right, half)}"


@dataclass(frozen=True, slots=True)
class _Halves:
    """Draws one side of a row."""

    preamble: str
    half: int
    credit: bool

    def heads(self) -> str:
        figures = self._figures(("s", "A", "turns", "tokens"))
        return " " * (self.half - len(figures)) + figures

    def side(self, row: Row, node: Node | None, place: int) -> str:
        if node is None:
            return ""
        earned = row.earned[place]
        tokens = node.tokens_out
        figures = self._figures(
            (
                "—" if node.success is None else fixed(node.success, 2),
                "—" if earned is None or earned.A is None else signed(earned.A),
                f"{turns_written(node):,}",
                tokens_said(node) if tokens < 100_000 else f"{tokens // 1000:,}k",
            )
        )
        indent = " " * min(INDENT * node.depth, MOST_INDENT)
        room = self.half - len(figures)
        left = shorten(f"{indent}{mark(node)} {node.path}  {short_goal(node, self.preamble)}", room)
        return left + " " * (room - cells(left)) + figures

    def _figures(self, figures: tuple[str, str, str, str]) -> str:
        s, advantage, turns, tokens = figures
        middle = f" {advantage:>6}" if self.credit else ""
        return f" {s:>5}{middle} {turns:>5} {tokens:>6}"

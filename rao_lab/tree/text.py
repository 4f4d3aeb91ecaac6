"""A tree as text.

The text picture is what `print(tree)` shows: one line a node, parents first, siblings in spawn order.
A mark tells by its shape how the node ended, a double stroke that it was launched beside a sibling, and
the columns at the right what it earned and what it cost. Nothing a model said can act on the terminal.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from rao_lab.base.safe_text import cells, one_line, quoted, shorten
from rao_lab.base.width import usual_width
from rao_lab.base.words import fixed
from rao_lab.tree.earned import Credit, Earned, earned_by
from rao_lab.tree.events import LIMIT_STATUSES, Status
from rao_lab.tree.node import ROOT, Node, Recorded, TreeHeader
from rao_lab.tree.offered import FAILED
from rao_lab.tree.origin import fork_words
from rao_lab.tree.told_counts import NOT_TOLD, tokens_said, turns_written

MINUS = "−"
MOST_NODES = 400
MOST_PLACES = 9
"""Digits after the point that an end of an interval gets, to be told from 0."""
LEAST_GOAL = 12  # cells of a goal that no note takes away
INDENT_CELLS = 30
"""Deeper branches are drawn at this indent, with their depth in front."""


@dataclass(frozen=True, slots=True)
class _Glyphs:
    """The signs of the picture; a terminal without Unicode gets the same picture in ASCII."""

    succeeded: str = "✓"
    partly: str = "◐"
    failed: str = "✗"
    limit: str = "▣"
    error: str = "△"
    cancelled: str = "⊘"
    running: str = "◌"
    waiting: str = "‖"
    unscored: str = "?"
    branch: str = "├"
    corner: str = "└"
    alone: str = "─"
    together: str = "═"
    rail: str = "│"
    nothing: str = "—"
    minus: str = MINUS
    more: str = "…"
    dot: str = "·"


_UNICODE = _Glyphs()
_ASCII = _Glyphs(
    succeeded="+",
    partly="~",
    failed="x",
    limit="#",
    error="!",
    cancelled="/",
    running="o",
    waiting=":",
    unscored="?",
    branch="|",
    corner="`",
    alone="-",
    together="=",
    rail="|",
    nothing="-",
    minus="-",
    more="...",
    dot="-",
)


def text_tree(
    tree: Recorded,
    attributions: Credit = None,
    width: int | None = None,
    plain: bool = False,
    most: int = MOST_NODES,
) -> str:
    """The picture of a tree, each line at most `width` terminal cells.

    Args:
        attributions: adds the columns R and A (signed). Either those of a step, in which this tree is found, or a
            mapping from path to record.
        width: None = as wide as the terminal, but at most 100; 100 if there is no terminal, 72 in a notebook.
        plain: ASCII only.
        most: nodes that are drawn. Of a larger tree the shallow nodes are drawn, each with the number of nodes
            below it that are not.

    Raises:
        MissingError: the attributions are of other trees.
    """
    glyphs = _ASCII if plain else _UNICODE
    width = usual_width() if width is None else width
    credit = earned_by(tree, attributions)
    nodes = {node.path: node for node in tree.nodes}
    picture = _Picture(nodes, _shallow(nodes, most), _sizes(nodes), glyphs, credit, preamble(tree.nodes))
    rows = [picture.row(nodes[path]) for path in nodes if path in picture.shown]
    if plain:
        rows = [
            replace(row, goal=_ascii(row.goal), note=_ascii(row.note), brief=_ascii(row.brief))
            for row in rows
        ]
    lines = [
        _title(tree, glyphs),
        *_origin(tree.header, glyphs),
        *_table(rows, glyphs, credit is not None, width),
        _summary(tree, glyphs),
        *_returned(tree.nodes[:1]),
    ]
    if plain:
        lines = [_ascii(line) for line in lines]
    return "\n".join(shorten(line, width, glyphs.more) for line in lines)


def preamble(nodes: Sequence[Node]) -> str:
    """The words up to a colon that all goals of a tree begin with, as in "Add up: 3, 4". Pictures leave them out.

    "" if the goals share none, or if one of them says nothing more.
    """
    words, colon, _ = nodes[0].goal.partition(": ") if nodes else ("", "", "")
    shared = words + colon
    alike = all(node.goal.startswith(shared) and len(node.goal) > len(shared) for node in nodes)
    return shared if colon and alike and "\n" not in shared else ""


def short_goal(node: Node, without: str = "") -> str:
    """The goal on one line, without the tree's `preamble`."""
    return one_line(node.goal.removeprefix(without))


def node_label(node: Node, without: str = "", limit: int = 40) -> str:
    """A few safe words that name a node: its goal without the tree's `preamble`, or its path if it has no goal."""
    return shorten(short_goal(node, without), limit) or node.path


def signed(value: float, places: int = 2, minus: str = MINUS) -> str:
    """A number that always shows its sign, with a true minus; a number that rounds to zero is +0.00."""
    text = fixed(abs(value), places)
    return (minus if value < 0 and float(text) else "+") + text


def signed_interval(value: float, low: float, high: float, minus: str = MINUS) -> str:
    """A difference with its interval. If it excludes 0, it has as many digits as show this, at least 2.

    >>> signed_interval(-0.05, -0.09, 0.004, "-"), signed_interval(-0.05, -0.09, -0.004, "-")
    ('-0.05 [-0.09, +0.00]', '-0.050 [-0.090, -0.004]')
    """
    digits = places(low, high)
    told, below, above = (signed(each, digits, minus) for each in (value, low, high))
    return f"{told} [{below}, {above}]"


def places(low: float, high: float) -> int:
    """Digits after the point for an interval: 2, or as many as tell an end from 0 if the interval excludes 0."""
    nearest = min(abs(low), abs(high)) if low > 0 or high < 0 else 1.0
    return next((each for each in range(2, MOST_PLACES) if float(fixed(nearest, each))), MOST_PLACES)


def mark(node: Node) -> str:
    """The sign that says how a node ended."""
    return getattr(_UNICODE, _shape(node))


def _shape(node: Node) -> str:
    if node.status in LIMIT_STATUSES:
        return "limit"
    if node.status is not Status.FINISHED:
        return node.status.value
    if node.success is None:
        return "unscored"
    return "succeeded" if node.success == 1 else "partly" if node.success > 0 else "failed"


def _shallow(nodes: Mapping[str, Node], most: int) -> set[str]:
    """Paths of the first `most` nodes, level by level; a parent always comes before its children."""
    shown: set[str] = set()
    queue = deque([ROOT] if nodes else [])
    while queue and len(shown) < most:
        path = queue.popleft()
        shown.add(path)
        queue.extend(nodes[path].children)
    return shown


def _sizes(nodes: Mapping[str, Node]) -> dict[str, int]:
    """How many nodes each subtree holds, by the path of its top."""
    sizes: dict[str, int] = {}
    for path in reversed([*nodes]):  # children come after their parent
        sizes[path] = 1 + sum(sizes[child] for child in nodes[path].children)
    return sizes


@dataclass(frozen=True, slots=True)
class _Row:
    """One line of the picture: the drawing and words at the left, figures at the right."""

    head: str
    """Strokes, mark and path: never cut while there is room for them."""
    goal: str
    note: str
    brief: str
    """The note with its refusals summed up, for a narrow terminal."""
    figures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Picture:
    """What every row of one picture needs."""

    nodes: Mapping[str, Node]
    shown: set[str]
    """Paths of the nodes that are drawn."""
    sizes: Mapping[str, int]
    """Nodes of each subtree, by the path of its top."""
    glyphs: _Glyphs
    credit: Mapping[str, Earned] | None
    preamble: str

    def row(self, node: Node) -> _Row:
        record = self.credit.get(node.path) if self.credit is not None else None
        refused = refusal_words(node.refusals)
        summed = _summed(node.refusals)
        failed = [f"last error {one_line(error, 60)}"] if (error := last_error(node)) else []
        before, after = _ended(node), [*failed, *_untrained(record), *self._hidden(node)]
        return _Row(
            head=f"{self._indent(node)}{getattr(self.glyphs, _shape(node))} {node.path}",
            goal=short_goal(node, self.preamble),
            note=", ".join([*before, *refused, *after]),
            brief=", ".join([*before, *summed, *after]),
            figures=_figures(node, record, self.glyphs, self.credit is not None),
        )

    def _indent(self, node: Node) -> str:
        """The strokes in front of a node: one rail for each ancestor that has a later sibling."""
        if node.parent is None:
            return ""
        glyphs = self.glyphs
        stroke = glyphs.together if node.together else glyphs.alone
        strokes = [(glyphs.corner if self._is_last(node) else glyphs.branch) + stroke + " "]
        above = self.nodes[node.parent]
        while above.parent is not None:
            strokes.append("   " if self._is_last(above) else f"{glyphs.rail}  ")
            above = self.nodes[above.parent]
        drawn = "".join(reversed(strokes))
        if len(drawn) <= INDENT_CELLS:
            return drawn
        return f"{glyphs.more}{node.depth} deep".ljust(INDENT_CELLS - 3)[: INDENT_CELLS - 3] + strokes[0]

    def _is_last(self, node: Node) -> bool:
        return node.parent is None or self.nodes[node.parent].children[-1] == node.path

    def _hidden(self, node: Node) -> list[str]:
        """How many nodes below are not drawn; their nearest ancestor that is drawn says so."""
        count = sum(self.sizes[child] for child in node.children if child not in self.shown)
        return [f"{self.glyphs.more} {count:,} more below"] if count else []


def refusal_words(refusals: Mapping[str, int]) -> list[str]:
    """Each kind with its count: a tool that raised has failed, and was not refused."""
    return [f"{_word(kind)} {one_line(kind, 20)} x{quoted(count)}" for kind, count in refusals.items()]


def _summed(refusals: Mapping[str, int]) -> list[str]:
    sums: dict[str, int] = {}
    for kind, count in refusals.items():
        sums[_word(kind)] = sums.get(_word(kind), 0) + count
    return [f"{word} x{quoted(count)}" for word, count in sums.items()]


def _word(kind: str) -> str:
    return "failed" if kind in FAILED else "refused"


def _ended(node: Node) -> list[str]:
    """How it ended, as far as its mark alone does not say."""
    words = []
    if node.status is not Status.FINISHED:
        words.append(node.status.value.replace("_", " "))
        if node.status is not Status.CANCELLED and node.reason:
            words[0] += f": {one_line(node.reason, 40)}"
    elif node.success is None:
        words.append("not scored")
    return words if node.reward is None else [*words, f"reward {node.reward:g}"]


def last_error(node: Node) -> str:
    """How the last turn of a node that ran into a limit failed, if its status does not say so already."""
    told = node.status in LIMIT_STATUSES and node.status is not Status.CONTEXT_LIMIT
    return node.turns[-1].error or "" if told and node.turns else ""


def _untrained(record: Earned | None) -> list[str]:
    """Why it is not trained, if its status does not say so."""
    why = None if record is None else record.why_not
    said = why in ("not_root", "root_unscored", "no_baseline", "no_tokens")
    return [f"not trained: {why.replace('_', ' ')}"] if why and said else []


def _figures(node: Node, record: Earned | None, glyphs: _Glyphs, with_credit: bool) -> tuple[str, ...]:
    def plain(value: float | None) -> str:
        return glyphs.nothing if value is None else fixed(value, 2)

    cost = (str(turns_written(node)), tokens_said(node).replace(NOT_TOLD, glyphs.nothing))
    if not with_credit:
        return (plain(node.success), *cost)
    advantage = None if record is None else record.A
    sign = glyphs.nothing if advantage is None else signed(advantage, minus=glyphs.minus)
    return (plain(node.success), plain(record.R if record else None), sign, *cost)


def _title(tree: Recorded, glyphs: _Glyphs) -> str:
    header = tree.header
    words = [f"task {header.task.id}", header.task.difficulty, header.agent]
    version = f" v{header.policy_version}" * (header.policy_version >= 0)
    words.append(header.policy and header.policy + version)
    prompt = tree.nodes[0].template if tree.nodes else ""
    words.append(prompt if "@" in prompt else "")  # one of files
    words += [f"step {header.step}" if header.step else "", "probe" if header.probe else ""]
    return f" {glyphs.dot} ".join(one_line(word, 60) for word in words if word)


def _origin(header: TreeHeader, glyphs: _Glyphs) -> list[str]:
    """The line that says where a fork comes from."""
    if header.origin is None:
        return []
    weights = header.origin.get("weights")
    by = f" {glyphs.dot} new turns by {one_line(str(weights), 80)}" if weights else ""
    return [f"{fork_words(header.origin)}{by}"]


def _table(rows: list[_Row], glyphs: _Glyphs, with_credit: bool, width: int) -> Iterator[str]:
    if not rows:
        return
    heads = ("s", "R", "A", "turns", "tokens") if with_credit else ("s", "turns", "tokens")
    sizes = [max(map(len, column)) for column in zip(heads, *(row.figures for row in rows), strict=True)]
    wanted = max(cells(_left(row, 10**6, glyphs)) for row in rows)
    left = max(12, min(wanted, width - sum(sizes) - 2 * len(sizes)))
    yield " " * left + _aligned(heads, sizes)
    for row in rows:
        yield _filled(_left(row, left, glyphs), left) + _aligned(row.figures, sizes)


def _left(row: _Row, size: int, glyphs: _Glyphs) -> str:
    """Head, goal and note in `size` cells. First the refusals are summed up, then goal and note are cut."""
    goal = "  " + row.goal if row.goal else ""
    for said in (row.note, row.brief):
        note = f" {glyphs.nothing} {said}" if said else ""
        if cells(row.head + goal + note) <= size:
            return row.head + goal + note
    room = size - cells(row.head)
    if room > 5:
        goal = shorten(goal, max(LEAST_GOAL, room - cells(note)), glyphs.more)
    return shorten(row.head + goal + note, size, glyphs.more)


def _aligned(figures: tuple[str, ...], sizes: list[int]) -> str:
    return "".join(f"  {figure:>{size}}" for figure, size in zip(figures, sizes, strict=True))


def _filled(text: str, size: int) -> str:
    return text + " " * max(0, size - cells(text))


def _summary(tree: Recorded, glyphs: _Glyphs) -> str:
    if not tree.nodes:
        return "no nodes yet"
    turns = sum(map(turns_written, tree.nodes))
    tokens = sum(node.tokens_out for node in tree.nodes)
    many = len(tree.nodes)
    words = [
        f"{many:,} node{'s' * (many != 1)}",
        f"depth {max(node.depth for node in tree.nodes)}",
        f"{turns:,} turn{'s' * (turns != 1)}",
    ]
    words.append(f"{tokens:,} tokens" if tokens else "")
    words.append("running" if not tree.nodes[0].status.ended else "")
    words.append(f"{glyphs.together} together" if any(node.together for node in tree.nodes) else "")
    words.append(f"not reproducible: {one_line(tree.not_reproducible, 60)}" if tree.not_reproducible else "")
    return f" {glyphs.dot} ".join(word for word in words if word)


def _returned(root: Sequence[Node]) -> list[str]:
    """The line that says what the tree came to: the value of its root, as Python writes it."""
    value = root[0].value if root and root[0].status is Status.FINISHED else None
    if value is None:
        return []
    return ["returned " + one_line(repr(value[:400]) if isinstance(value, str) else quoted(value))]


def _ascii(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode("ascii")

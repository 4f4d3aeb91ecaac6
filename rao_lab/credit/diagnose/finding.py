"""What `diagnose` found: one record a badge given, and all of them as a table that can be filtered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from html import escape
from typing import Any

from rao_lab.base.calls import checked_call
from rao_lab.base.checks import choice
from rao_lab.base.safe_text import visible
from rao_lab.base.words import counted
from rao_lab.credit.diagnose.catalogue import BADGES
from rao_lab.credit.diagnose.config import BadgeConfig

MOST_ROWS = 60
"""Rows that a text or a cell of a notebook shows."""
HEADS = ("step", "tree", "node", "badge", "figure")


@dataclass(frozen=True, slots=True)
class Finding:
    """One badge of one node, or of a group.

    >>> [row] = [row for row in rl.diagnose(step) if row.badge == "bonus_only"][:1]
    >>> row.name, row.sentence == rl.BADGES["bonus_only"].sentence
    ('bonus only', True)
    """

    step: int
    group: int
    """As credit calls the group of the tree."""
    tree: int | None
    """Place of the tree in its group, from 0; None = the badge is of the group."""
    node: str | None
    badge: str
    value: float
    """The number that gave the badge."""
    figure: str
    """That number in words, such as "goal 96 % like its parent's"."""
    other: str | None = None
    """The node that it is compared with, if there is one."""
    probe: bool = False

    @property
    def name(self) -> str:
        """Of the badge, in words."""
        return BADGES[self.badge].name

    @property
    def sentence(self) -> str:
        """What the badge means."""
        return BADGES[self.badge].sentence

    @property
    def place(self) -> str:
        """Its tree as GROUP.TREE, or its group."""
        where = str(self.group) if self.tree is None else f"{self.group}.{self.tree}"
        return f"probe {where}" if self.probe else where


@dataclass(frozen=True, eq=False, repr=False)
class Findings:
    """The badges of some steps, in the order of the trees. `print` and a cell of a notebook show them as a table.

    >>> found = rl.diagnose(step)
    >>> found.counts()["bonus_only"] == len(found.filter("bonus only"))
    True
    """

    rows: Sequence[Finding]
    nodes: int
    """Nodes that were looked at."""
    config: BadgeConfig = field(default_factory=BadgeConfig)
    credited: bool = True
    """Whether advantages were known; otherwise the badges that need them are not given."""

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.rows)

    def __getitem__(self, place: int) -> Finding:
        return self.rows[place]

    def counts(self) -> dict[str, int]:
        """How often each badge was given, in the order of `rl.BADGES`; those never given are left out."""
        found = Counter(row.badge for row in self.rows)
        return {key: found[key] for key in BADGES if key in found}

    @checked_call
    def filter(
        self,
        badge: str | None = None,
        *,
        step: int | None = None,
        group: int | None = None,
        tree: int | None = None,
        node: str | None = None,
    ) -> Findings:
        """Those of one badge, step, group, tree or node.

        Args:
            badge: its key or its name, such as "own goal".

        Raises:
            ConfigError: there is no such badge.
        """
        wanted = {"step": step, "group": group, "tree": tree, "node": node}
        asked = {name: value for name, value in wanted.items() if value is not None}
        if badge is not None:
            asked["badge"] = key_of(badge)
        kept = [row for row in self.rows if all(getattr(row, name) == value for name, value in asked.items())]
        return Findings(kept, self.nodes, self.config, self.credited)

    def to_json(self) -> dict[str, Any]:
        """The thresholds, the counts and every row, as `rao-lab diagnose --json` prints them."""
        rows = [{**asdict(row), "name": row.name, "sentence": row.sentence} for row in self.rows]
        return {
            "config": self.config.to_dict(),
            "nodes": self.nodes,
            "credited": self.credited,
            "counts": self.counts(),
            "rows": rows,
        }

    def columns(self) -> dict[str, list[Any]]:
        """The rows as columns by name, ready for a data frame."""
        names = ("step", "group", "tree", "node", "badge", "value", "figure", "other", "probe", "sentence")
        return {name: [getattr(row, name) for row in self.rows] for name in names}

    def __repr__(self) -> str:
        return f"<Findings: {self.summary()}>"

    def summary(self) -> str:
        """How many badges of how many nodes."""
        return f"{counted(len(self), 'badge')} of {counted(self.nodes, 'node')}"

    def __str__(self) -> str:
        return self.text(".filter(...) chooses, .to_json() has all")

    def text(self, more: str) -> str:
        """The same for people.

        Args:
            more: what has the rows that a text leaves out.
        """
        lines = [self.summary() + ("" if self.credited else "; no advantages are known here"), ""]
        for key, count in self.counts().items():
            lines.append(f"{count:>6,}  {BADGES[key].name:<14} {BADGES[key].sentence}")
        if not self.rows:
            return lines[0]
        cells = [HEADS, *(_cells(row) for row in self.rows[:MOST_ROWS])]
        sizes = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines.append("")
        lines += [
            "  ".join(f"{cell:<{size}}" for cell, size in zip(row, sizes, strict=True)).rstrip()
            for row in cells
        ]
        if len(self) > MOST_ROWS:
            lines.append(f"... and {len(self) - MOST_ROWS:,} more: {more}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """What a cell of a notebook shows: how many of each badge, and the first rows."""
        counts = [
            (BADGES[key].name, f"{count:,}", BADGES[key].sentence) for key, count in self.counts().items()
        ]
        more = f"<p>... and {len(self) - MOST_ROWS:,} more</p>" if len(self) > MOST_ROWS else ""
        return (
            f"<p>{escape(self.summary())}</p>{_table(('badge', 'count', 'meaning'), counts)}"
            f"{_table(HEADS, [_cells(row) for row in self.rows[:MOST_ROWS]])}{more}"
        )


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    head = "".join(f"<th>{escape(each)}</th>" for each in heads)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def key_of(badge: str) -> str:
    """The key of a badge that is given by its key or its name.

    Raises:
        ConfigError: there is no such badge; the message lists them.
    """
    by_name = {each.name: key for key, each in BADGES.items()}
    return choice("badge", by_name.get(badge, badge), BADGES)


def _cells(row: Finding) -> tuple[str, ...]:
    return (str(row.step), row.place, visible(row.node or "-"), row.name, visible(row.figure))


def explained(config: BadgeConfig) -> str:
    """Every badge with its sentence, its thresholds and an example."""
    lines = []
    for badge in BADGES.values():
        lines.append(f"{badge.name:<14} {badge.sentence}")
        values = (f"{name}={getattr(config, name)}" for name in badge.thresholds)
        lines += [f"{'':14} {text}" for text in (", ".join(values), f"such as: {badge.example}") if text]
    return "\n".join(lines)

"""The small pictures of the glossary, each in a box of 44 by 20, in the colours of the views."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial

from rao_lab.experiments.drawn import MARKS, SANS, mark, text, variables

WIDE, HIGH = 44, 20
BADGES: Mapping[str, str] = {
    "loop": "M12.9 8.6a5 5 0 1 1-1.3-4.2M12.9 1.8v3.1h-3.1",
    "plus": "M8 1.2l6.8 6.8l-6.8 6.8l-6.8-6.8zM8 5.2v5.6M5.2 8h5.6",
    "limit": "".join(stroke.d for stroke in MARKS["limit"].strokes),
}
"""Badges with a shape of their own; the others are a letter on a tag."""
TAG = "M3.4 1.2h9.2a2 2 0 0 1 2 2v9.6a2 2 0 0 1-2 2h-9.2a2 2 0 0 1-2-2v-9.6a2 2 0 0 1 2-2z"
NODES = {"0": (7, 10), "0.0": (20, 5), "0.1": (20, 15), "0.0.0": (34, 5)}
"""A small tree."""


def box(x: float, y: float, wide: float, high: float, fill: str, more: str = "") -> str:
    return f'<rect x="{x:g}" y="{y:g}" width="{wide:g}" height="{high:g}" fill="var(--{fill})"{more}/>'


def line(d: str, tone: str = "second", wide: float = 1.4, dash: str = "") -> str:
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<path d="{d}" fill="none" stroke="var(--{tone})" stroke-width="{wide:g}"{dashes}/>'


def dot(x: float, y: float, tone: str = "seq4", size: float = 3.4) -> str:
    return f'<circle cx="{x:g}" cy="{y:g}" r="{size:g}" fill="var(--{tone})"/>'


def ring(x: float, y: float, tone: str = "seq4", size: float = 3.6) -> str:
    return f'<circle cx="{x:g}" cy="{y:g}" r="{size:g}" fill="var(--page)" stroke="var(--{tone})" stroke-width="1.5"/>'


def dashed(x: float, y: float, wide: float, high: float) -> str:
    more = ' stroke="var(--second)" stroke-dasharray="3 2" rx="2"'
    return f'<rect x="{x:g}" y="{y:g}" width="{wide:g}" height="{high:g}" fill="none"{more}/>'


def said(words: str, x: float = WIDE / 2, y: float = 14, size: float = 11) -> str:
    return text(x, y, words, "", "middle", f' font-size="{size:g}" font-weight="600"')


def tree(strong: Collection[str], x: float = 0, faint: str = "strong") -> str:
    """A small tree; the agents that are meant are dark."""
    edges = "".join(
        line(f"M{NODES[up][0] + x:g} {NODES[up][1]}L{NODES[down][0] + x:g} {NODES[down][1]}", "strong", 1.2)
        for up, down in (("0", "0.0"), ("0", "0.1"), ("0.0", "0.0.0"))
    )
    return edges + "".join(
        dot(a + x, b, "seq4" if path in strong else faint) for path, (a, b) in NODES.items()
    )


def badge(kind: str) -> str:
    """A badge, as cards show it."""
    shape = f'<path d="{BADGES.get(kind, TAG)}" fill="none" stroke="var(--second)" stroke-width="1.4"/>'
    letter = "" if kind in BADGES else said(kind, 8, 12.2, 11)
    return f'<g transform="translate(14 2)">{shape}{letter}</g>'


def status(shape: str) -> str:
    return mark(shape, 14, 2, 16)


def _steps(tones: Collection[str]) -> str:
    wide = 40 / len(tones)
    return "".join(box(2 + place * wide, 6, wide, 8, tone) for place, tone in enumerate(tones))


def _turns() -> str:
    return box(3, 6, 10, 8, "seq4") + box(15, 6, 16, 8, "seq4") + box(33, 6, 8, 8, "seq4")


def _gauge(share: float) -> str:
    return box(4, 9, 36, 3, "track") + box(4, 9, 36 * share, 3, "gauge")


def _hatched() -> str:
    return "".join(line(f"M{x} 14l8-8", "faint", 1) for x in range(6, 32, 4))


def _group() -> str:
    return "".join(dot(x, y) for x, y in ((8, 6), (18, 6), (28, 6), (38, 14))) + line("M25 2V18", "text", 1.8)


def _advantage() -> str:
    return line("M10 16h24", "text", 1.6) + box(20, 6, 4, 10, "barPlus") + dot(22, 5, "barPlus")


def _mean() -> str:
    dots = dot(7, 13, "seq3", 2.6) + dot(37, 13, "seq3", 2.6) + dot(37, 7, "seq3", 2.6)
    return line("M3 17H41", "strong") + dots + line("M27 8V18", "text", 1.8)


def _shape(points: str, tone: str) -> str:
    return f'<path d="{points}" fill="var(--{tone})"/>'


def _ceiling() -> str:
    return box(8, 9, 8, 9, "seq3") + box(24, 12, 8, 6, "seq3") + line("M3 6H41", "text", 1.2, "3 2")


def _leave_one_out() -> str:
    others = "".join(dot(x, 13) for x in (8, 18, 38))
    return others + ring(28, 13, "label") + line("M21 3V17", "text", 1.8)


def _interval() -> str:
    return box(8, 5, 28, 10, "seq1") + line("M22 3V17", "seq4", 1.8)


def _flat() -> str:
    return tree(NODES, -3) + line("M38 3V17", "strong", 1) + dot(42 - 1, 10)


def _file() -> str:
    sheet = '<path d="M14 2h12l5 5v11H14z" fill="none" stroke="var(--second)" stroke-width="1.3"/>'
    return sheet + said(".rao", 22, 15, 7)


def _tokens() -> str:
    return "".join(
        box(x, 6, wide, 8, tone) for x, wide, tone in ((3, 7, "seq2"), (12, 12, "seq3"), (26, 15, "seq2"))
    )


PICTURES: Mapping[str, Callable[[], str]] = {
    **{f"mark_{shape}": partial(status, shape) for shape in MARKS},
    # in the tree
    "tint": lambda: _steps([f"ramp{place}" for place in range(7)]),
    "bar": lambda: box(4, 7, 36, 6, "track") + box(22, 7, 12, 6, "barPlus") + line("M22 4V16", "second", 1),
    "edge": lambda: _shape("M4 10L40 5v10z", "faint"),
    "together": lambda: box(20.5, 2, 3, 16, "second"),
    "gauge": lambda: _gauge(0.6),
    "pile": lambda: line("M15 4h16", "strong") + line("M13 7h18v10h-18z", "strong") + said("7", 22, 15.5, 9),
    "far": lambda: dot(15, 10) + ring(30, 10),
    "ghost": lambda: dashed(10, 6, 24, 8),
    "changed": lambda: said("•"),
    "forks": lambda: dashed(8, 3, 28, 14) + line("M14 10h16", "seq3", 3),
    # in the group
    "hangs": _advantage,
    "alike": lambda: line("M2 10H42", "strong", 1.2, "1.5 3") + ring(22, 10, "label", 4),
    "off": lambda: dashed(10, 5, 24, 10),
    # badges
    **{f"badge_{kind}": partial(badge, kind) for kind in (*BADGES, *"=ULSCAPWR0")},
    # on the board
    "chosen": lambda: line("M22 2V18", "text", 1.2),
    "band": lambda: box(8, 5, 28, 10, "seq1"),
    "probe": lambda: ring(22, 10),
    "kept": lambda: _shape("M22 6l5 8h-10z", "second"),
    "mean": _mean,
    # in the timeline
    "decodes": lambda: box(6, 6, 32, 8, "seq2"),
    "code": lambda: box(6, 8, 32, 5, "gauge"),
    "waits": _hatched,
    "critical": lambda: box(6, 6, 32, 8, "seq4"),
    "serial": lambda: line("M6 10H38", "limit", 1.5, "4 3"),
    "speedup": lambda: said("2×"),
    # evolution
    "pinned": lambda: line("M22 2V18", "text", 1.2, "3 2"),
    "alone": lambda: box(8, 5, 28, 10, "seq2", ' opacity=".28" rx="4"'),
    # colours
    "plus": lambda: box(6, 5, 32, 10, "barPlus"),
    "minus": lambda: box(6, 5, 32, 10, "barMinus"),
    "good": lambda: box(6, 5, 32, 10, "good"),
    "bad": lambda: box(6, 5, 32, 10, "bad"),
    "limit": lambda: box(6, 5, 32, 10, "limit"),
    "live": lambda: box(6, 5, 32, 10, "live"),
    "sequential": lambda: _steps([f"seq{place}" for place in range(6)]),
    # terms
    "agent": lambda: tree(["0.1"]),
    "root": lambda: tree(["0"]),
    "child": lambda: tree(["0.0", "0.1"]),
    "tree": lambda: tree(NODES),
    "depth": lambda: "".join(line(f"M{x} 2V18", "strong", 1, "2 2") for x in (7, 20, 34)) + tree(NODES),
    "group": _group,
    "turn": _turns,
    "token": _tokens,
    "flat": _flat,
    "window": lambda: _gauge(0.9) + line("M40 4V16", "limit", 1.6),
    "ceiling": _ceiling,
    "interval": _interval,
    "leave_one_out": _leave_one_out,
    "run_file": _file,
    "policy": lambda: said("π", size=14),
    "world": lambda: said("f(x)", size=12),
    "fork": lambda: line("M4 6H40", "seq4", 2) + line("M16 6C20 6 18 15 24 15H40", "seq3", 2, "3 2"),
    "span": lambda: line("M8 10H36M8 6V14M36 6V14", "second", 1.6),
    "drawn": lambda: "".join(
        box(x, 17 - high, 6, high, "seq3") for x, high in ((8, 13), (16, 8), (24, 5), (32, 2))
    ),
}


def picture(name: str) -> str:
    """One picture as a file, which has a ground of its own."""
    style = f"{variables()}text{{font-family:{SANS};fill:var(--text)}}"
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {HIGH}" width="{WIDE}" height="{HIGH}">'
    )
    ground = f'<rect width="{WIDE}" height="{HIGH}" rx="3" fill="var(--page)"/>'
    return f"{head}<style>{style}</style>{ground}{PICTURES[name]()}</svg>\n"

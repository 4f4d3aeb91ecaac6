"""Colours, type and shapes of pages without a script: those of the Explorer, as CSS and SVG.

In JupyterLab the theme decides, elsewhere the system. Values are those of `widgets/src/shared/theme.js` and
`shapes.js`; a test holds them equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from html import escape
from pathlib import Path

from rao_lab.base.safe_text import visible
from rao_lab.tree import LIMIT_STATUSES, Node, Status

LIGHT: Mapping[str, str] = {
    "page": "#ffffff", "text": "#1b1f24", "second": "#4a5058", "label": "#636a73", "faint": "#a2a8af",
    "plus": "#1a5a9e", "minus": "#a3440c", "barPlus": "#3f86cc", "barMinus": "#cc6a20", "good": "#0d7561",
    "bad": "#8e2f5c", "limit": "#7a5a00", "live": "#5746ad", "gauge": "#858d96", "focus": "#1976d2",
    "panel": "#f8f8f9", "well": "#f3f4f5", "selected": "#eceef0", "rule": "#e4e6e9", "strong": "#c9cdd2",
}  # fmt: skip
DARK: Mapping[str, str] = {
    "page": "#212121", "text": "#e9eaec", "second": "#bcc0c6", "label": "#9aa0a8", "faint": "#6b7077",
    "plus": "#8fc3f7", "minus": "#f5ad7b", "barPlus": "#4f95d8", "barMinus": "#d67c35", "good": "#4fc4a8",
    "bad": "#e78db7", "limit": "#e0b84c", "live": "#b3a8f3", "gauge": "#7d838b", "focus": "#64b5f6",
    "panel": "#1b1b1c", "well": "#2a2b2c", "selected": "#313336", "rule": "#363739", "strong": "#515357",
}  # fmt: skip
_RING = "M8 1.6a6.4 6.4 0 1 1 0 12.8a6.4 6.4 0 1 1 0-12.8z"
_SQUARE = (
    "M3.4 1.6h9.2a1.8 1.8 0 0 1 1.8 1.8v9.2a1.8 1.8 0 0 1-1.8 1.8h-9.2a1.8 1.8 0 0 1-1.8-1.8v-9.2"
    "a1.8 1.8 0 0 1 1.8-1.8z"
)
Strokes = tuple[tuple[str, str], ...]
"""Paths in a 16 by 16 box, each with how it is drawn: fill, line, cut (shows the ground) or dash."""
MARKS: Mapping[str, tuple[str, Strokes]] = {
    "succeeded": (
        "good",
        (("M8 .9a7.1 7.1 0 1 1 0 14.2a7.1 7.1 0 1 1 0-14.2z", "fill"), ("M4.6 8.3l2.3 2.3l4.4-4.9", "cut")),
    ),
    "partly": ("good", ((_RING, "line"), ("M8 4a4 4 0 0 1 0 8z", "fill"))),
    "failed": ("bad", ((_RING, "line"), ("M5.6 5.6l4.8 4.8M10.4 5.6l-4.8 4.8", "line"))),
    "limit": ("limit", ((_SQUARE, "line"), ("M4.2 8h5M11.6 4.6v6.8", "line"))),
    "error": ("bad", (("M8 1.8l6.6 12h-13.2z", "line"), ("M8 6v3.6M8 11.3v.9", "line"))),
    "cancelled": ("label", ((_RING, "line"), ("M3.7 12.3l8.6-8.6", "line"))),
    "unscored": (
        "label",
        ((_RING, "dash"), ("M6.2 6.4a1.9 1.9 0 1 1 2.6 1.8c-.6.3-.8.6-.8 1.2M8 11.2v.8", "line")),
    ),
}
WORDS: Mapping[str, str] = {"unscored": "not scored", "limit": "ended at a limit"}


def said(text: object) -> str:
    """Text for HTML: nothing in it acts."""
    return escape(visible(str(text)))


def shape_of(node: Node) -> str:
    """The shape that says how a node ended."""
    if node.status in LIMIT_STATUSES:
        return "limit"
    if node.status in (Status.ERROR, Status.CANCELLED):
        return node.status.value
    if node.success is None:
        return "unscored"
    return "succeeded" if node.success == 1 else "partly" if node.success > 0 else "failed"


def mark(shape: str, key: str) -> str:
    """The shape where it is used; `symbols` holds it once."""
    words = WORDS.get(shape, shape)
    return f'<svg class="mark" role="img" aria-label="{words}"><use href="#{key}-{shape}"/></svg>'


def symbols(key: str) -> str:
    """All shapes, hidden, under ids that begin with `key`."""
    drawn = []
    for name, (colour, strokes) in MARKS.items():
        paths = "".join(_path(d, how, colour) for d, how in strokes)
        drawn.append(f'<symbol id="{key}-{name}" viewBox="0 0 16 16">{paths}</symbol>')
    return f'<svg class="none" aria-hidden="true">{"".join(drawn)}</svg>'


def _path(d: str, how: str, colour: str) -> str:
    """No class: rules of the sheet do not reach into what `use` shows."""
    if how == "fill":
        return f'<path d="{d}" fill="var(--{colour})"/>'
    stroke = "page" if how == "cut" else colour
    dash = ' stroke-dasharray="2 1.6"' if how == "dash" else ""
    round_ = 'stroke-width="1.7" stroke-linecap="round" stroke-linejoin="round"'
    return f'<path d="{d}" fill="none" stroke="var(--{stroke})" {round_}{dash}/>'


@cache
def css() -> str:
    """The style sheet, with the colours of both themes."""
    light, dark = (";".join(f"--{name}:{value}" for name, value in each.items()) for each in (LIGHT, DARK))
    themes = (
        f".rao-sheet{{{light};color-scheme:light}}"
        f"@media (prefers-color-scheme:dark){{.rao-sheet{{{dark};color-scheme:dark}}}}"
        f'[data-jp-theme-light="true"] .rao-sheet{{{light};color-scheme:light}}'
        f'[data-jp-theme-light="false"] .rao-sheet{{{dark};color-scheme:dark}}'
    )
    return themes + (Path(__file__).parent / "sheet.css").read_text("utf-8")

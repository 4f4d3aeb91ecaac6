"""The colours and marks of the views, for pictures that Python draws; a test holds them to the front end's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import NamedTuple

LIGHT: Mapping[str, str] = {
    "page": "#ffffff", "panel": "#f8f8f9", "well": "#f3f4f5", "rule": "#e4e6e9", "strong": "#c9cdd2",
    "track": "#ebecee", "text": "#1b1f24", "second": "#4a5058", "label": "#636a73", "faint": "#a2a8af",
    "plus": "#1a5a9e", "minus": "#a3440c", "barPlus": "#3f86cc", "barMinus": "#cc6a20", "good": "#0d7561",
    "bad": "#8e2f5c", "limit": "#7a5a00", "live": "#5746ad", "gauge": "#858d96",
}  # fmt: skip
DARK: Mapping[str, str] = {
    "page": "#212121", "panel": "#1b1b1c", "well": "#2a2b2c", "rule": "#363739", "strong": "#515357",
    "track": "#333436", "text": "#e9eaec", "second": "#bcc0c6", "label": "#9aa0a8", "faint": "#6b7077",
    "plus": "#8fc3f7", "minus": "#f5ad7b", "barPlus": "#4f95d8", "barMinus": "#d67c35", "good": "#4fc4a8",
    "bad": "#e78db7", "limit": "#e0b84c", "live": "#b3a8f3", "gauge": "#7d838b",
}  # fmt: skip
RAMP = {
    "light": ("#9c3d08", "#cf6d22", "#f3c49c", "#ebecee", "#b4d0ec", "#5b99d8", "#1a5a9e"),
    "dark": ("#f5ad7b", "#d0732f", "#6e4a2f", "#3c3e41", "#2f4e6e", "#4685c6", "#8fc3f7"),
}
"""Advantage from -1 to +1."""
SEQUENTIAL = {
    "light": ("#e9e6f4", "#cfc8e8", "#a89dd6", "#7b6dbb", "#55479a", "#352a6b"),
    "dark": ("#2b2936", "#3d3857", "#5a5185", "#7c71b3", "#a196d8", "#cbc4f3"),
}
"""Depth, time, R: more is further from the page."""
SANS = 'system-ui, -apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif'
MONO = 'ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace'
SERIF = '"STIX Two Text", Cambria, Georgia, "DejaVu Serif", serif'


class Stroke(NamedTuple):
    """A part of a mark in a box of 16 by 16."""

    d: str
    way: str = "line"
    """`line`, `fill`, `cut` (shows the ground) or `dash`."""


class Mark(NamedTuple):
    """How an agent stands, as a shape."""

    colour: str
    words: str
    strokes: Sequence[Stroke]


_RING = Stroke("M8 1.6a6.4 6.4 0 1 1 0 12.8a6.4 6.4 0 1 1 0-12.8z")
_SQUARE = (
    "M3.4 1.6h9.2a1.8 1.8 0 0 1 1.8 1.8v9.2a1.8 1.8 0 0 1-1.8 1.8h-9.2a1.8 1.8 0 0 1-1.8-1.8v-9.2"
    "a1.8 1.8 0 0 1 1.8-1.8z"
)
_ASKED = "M6.2 6.4a1.9 1.9 0 1 1 2.6 1.8c-.6.3-.8.6-.8 1.2M8 11.2v.8"
MARKS: Mapping[str, Mark] = {
    "succeeded": Mark(
        "good",
        "succeeded",
        (
            Stroke("M8 .9a7.1 7.1 0 1 1 0 14.2a7.1 7.1 0 1 1 0-14.2z", "fill"),
            Stroke("M4.6 8.3l2.3 2.3l4.4-4.9", "cut"),
        ),
    ),
    "partly": Mark("good", "partly", (_RING, Stroke("M8 4a4 4 0 0 1 0 8z", "fill"))),
    "failed": Mark("bad", "failed", (_RING, Stroke("M5.6 5.6l4.8 4.8M10.4 5.6l-4.8 4.8"))),
    "limit": Mark("limit", "limit", (Stroke(_SQUARE), Stroke("M4.2 8h5M11.6 4.6v6.8"))),
    "error": Mark("bad", "error", (Stroke("M8 1.8l6.6 12h-13.2z"), Stroke("M8 6v3.6M8 11.3v.9"))),
    "cancelled": Mark("label", "cancelled", (_RING, Stroke("M3.7 12.3l8.6-8.6"))),
    "running": Mark(
        "live",
        "computing",
        (
            Stroke("M8 1.6a6.4 6.4 0 1 0 6.4 6.4"),
            Stroke("M8 6.3a1.7 1.7 0 1 1 0 3.4a1.7 1.7 0 1 1 0-3.4z", "fill"),
        ),
    ),
    "waiting": Mark("live", "waits", (_RING, Stroke("M6.2 5.4v5.2M9.8 5.4v5.2"))),
    "unscored": Mark("label", "not scored", (Stroke(_RING.d, "dash"), Stroke(_ASKED))),
}


def variables(names: Iterable[str] = LIGHT) -> str:
    """The colours as variables of CSS, which follow the reader's light or dark setting."""
    named = list(names)
    light, dark = (
        "".join(f"--{name}:{tones[name]};" for name in named)
        + "".join(f"--ramp{place}:{tone};" for place, tone in enumerate(RAMP[theme]))
        + "".join(f"--seq{place}:{tone};" for place, tone in enumerate(SEQUENTIAL[theme]))
        for theme, tones in (("light", LIGHT), ("dark", DARK))
    )
    return f":root{{{light}}}@media (prefers-color-scheme:dark){{:root{{{dark}}}}}"


def mark(shape: str, x: float, y: float, size: float = 15, ground: str = "var(--page)") -> str:
    """A mark with its upper left corner at (x, y)."""
    found = MARKS[shape]
    colour = f"var(--{found.colour})"
    return (
        f'<g transform="translate({x:g} {y:g}) scale({size / 16:g})" stroke-width="1.7" stroke-linecap="round" '
        f'stroke-linejoin="round">{"".join(_stroke(each, colour, ground) for each in found.strokes)}</g>'
    )


def _stroke(part: Stroke, colour: str, ground: str) -> str:
    if part.way == "fill":
        return f'<path d="{part.d}" fill="{colour}"/>'
    dash = ' stroke-dasharray="2 1.6"' if part.way == "dash" else ""
    return f'<path d="{part.d}" fill="none" stroke="{ground if part.way == "cut" else colour}"{dash}/>'


def text(x: float, y: float, words: str, kind: str = "", anchor: str = "", more: str = "") -> str:
    """One line of text, made safe."""
    kinds = f' class="{kind}"' if kind else ""
    anchors = f' text-anchor="{anchor}"' if anchor else ""
    return f'<text x="{x:g}" y="{y:g}"{kinds}{anchors}{more}>{escape(words)}</text>'

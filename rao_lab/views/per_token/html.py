"""Tokens in a notebook's cell without a widget: the text of a node, each token tinted; no script."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

import numpy as np

from rao_lab.base.cell import table_html
from rao_lab.base.safe_text import visible
from rao_lab.base.words import fixed
from rao_lab.views.per_token.columns import CUT, PART, SPECIAL, UNUSED, WROTE, Columns
from rao_lab.views.per_token.launches import Line, verdict
from rao_lab.views.per_token.node import NodeTokens
from rao_lab.views.per_token.roles import LAUNCH, THOUGHT
from rao_lab.views.per_token.text import HEADS, place_words, sequence_words, trained_words

SHOWN = 3_000
"""Tokens in the HTML of a cell; more are counted."""
_STYLE = (
    "font:12px/1.9 Menlo,Consolas,'DejaVu Sans Mono',monospace;white-space:pre-wrap;overflow-wrap:anywhere;"
    "max-width:1000px"
)


def node_html(found: NodeTokens) -> str:
    """The text of a node. The deeper the tint of a token, the less likely it was; its title has the numbers."""
    columns = found.columns
    said = f"Tokens of {place_words(found)}: {trained_words(found)}. {sequence_words(columns)}."
    key = (
        "Tinted: written by the node, deeper = less likely. Bold underline: launch. Italic: thought. Pale: read. "
        "Struck out: no longer read."
    )
    parts = "".join(_turns(columns))
    more = len(columns) + columns.left_out - SHOWN
    end = f"<div>... and {more:,} more tokens</div>" if more > 0 else ""
    return (
        f'<div style="font:12px/1.4 Helvetica,Arial,sans-serif"><div>{escape(said)}</div>'
        f'<div style="opacity:.75">{key}</div></div><div style="{_STYLE}">{parts}{end}</div>'
    )


def _turns(columns: Columns) -> Iterator[str]:
    for turn in columns.turns:
        if turn.start >= SHOWN:
            return
        about = f"turn {turn.index}" + (f", {turn.held:,} tokens merged" if turn.held else "")
        yield f'<div style="opacity:.75;margin-top:6px">{about}</div>'
        yield from (
            _token(columns, at)
            for at in range(turn.start, min(SHOWN, turn.start + turn.cut + turn.read + turn.wrote))
        )


def _token(columns: Columns, at: int) -> str:
    text, word = columns.words[columns.word[at]]
    if word == PART:
        return ""
    shown = escape(visible(text)) or "\u00b7"
    kind = int(columns.kind[at])
    styles = ["border:1px dotted"] if word == SPECIAL else []
    if kind != WROTE:
        styles += ["opacity:.55"] + (["text-decoration:line-through"] if kind == CUT else [])
        title = "cut out" if kind == CUT else "read, in no sequence" if kind == UNUSED else "read"
        return f'<span title="{title}" style="{";".join(styles)}">{shown}</span>'
    logprob = float(columns.logprob[at])
    title = "log-prob not known" if np.isnan(logprob) else f"log-prob {fixed(logprob, 3)}"
    if not np.isnan(logprob):
        styles.append(f"background:rgba(123,109,187,{min(0.75, 0.06 + 0.2 * -logprob):.2f})")
    if columns.role[at] == LAUNCH:
        styles.append("font-weight:700;text-decoration:underline")
    elif columns.role[at] == THOUGHT:
        styles.append("font-style:italic")
    return f'<span title="{title}" style="{";".join(styles)}">{shown}</span>'


def launch_html(found: Sequence[Line]) -> str:
    """The table of a step, with the answer in a sentence above it."""
    rows = [
        (
            ("all" if line.depth is None else f"depth {line.depth}") if line.launch else "",
            "launches" if line.launch else "the rest",
            line.nodes,
            line.tokens,
            *(_figure(each) for each in (line.mean_c, line.share, line.logprob, line.entropy)),
        )
        for line in found
    ]
    return table_html(f"{verdict(found)}.", HEADS, rows)


def _figure(value: float | None) -> float | str:
    return "\u2013" if value is None else value

"""What all plotly pictures share: tones, a layout, and words in place of an empty picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rao_lab.views import tones
from rao_lab.views.tones import INK, LABEL

if TYPE_CHECKING:
    import plotly.graph_objects as go

SEQUENTIAL = tones.SEQUENTIAL[1:]
"""From shallow to deep, from easy to hard."""


def empty(words: str) -> go.Figure:
    """A picture of a sentence."""
    import plotly.graph_objects as go

    figure = go.Figure(layout=layout(""))
    figure.add_annotation(text=words, showarrow=False, font={"size": 13, "color": LABEL})
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    return figure


def layout(title: str) -> dict[str, Any]:
    """Title, margins and type."""
    return {
        "title": {"text": title, "font": {"size": 15, "color": INK}},
        "template": "plotly_white",
        "showlegend": False,
        "height": 380,
        "margin": {"l": 50, "r": 90, "t": 48, "b": 42},
        "font": {"color": INK, "size": 12},
    }

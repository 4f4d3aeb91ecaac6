"""Outputs of an executed notebook, made to work in a page without a kernel and without a network."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

VIEW = "application/vnd.jupyter.widget-view+json"
PLOTLY = "application/vnd.plotly.v1+json"
USUAL, MORE = 520, 60
"""px: the height of an Explorer that says nothing of it, and how much higher its frame is than its cell."""


@dataclass
class Shown:
    """What a notebook shows."""

    explorers: int = 0
    figures: int = 0
    notes: list[str] = field(default_factory=list)
    """What could not be made to work, and where."""


def static(book: Any, kept: Path, explorers: Path, name: str) -> Shown:
    """Changes the outputs in place: an Explorer becomes a frame with its page, a figure of plotly a drawing.

    Args:
        kept: the pages of Explorers by key, as `kernel` keeps them.
        explorers: gets those that are shown, numbered in their order.
    """
    shown = Shown()
    numbers: dict[str, str] = {}
    book.metadata.pop("widgets", None)
    explorers.mkdir(parents=True, exist_ok=True)
    for old in explorers.glob(f"{name}-*.html"):
        old.unlink()
    for program in kept.glob("*.js"):
        shutil.copy(program, explorers)
    for index, cell in enumerate(book.cells):
        for part in cell.get("outputs", ()):
            data = part.get("data", {})
            if VIEW in data:
                where = f"cell {index + 1}"
                _explorer(part, where, numbers, kept, explorers, name, shown)
            elif PLOTLY in data:
                shown.figures += 1
                part["data"] = {"text/html": figure(data[PLOTLY], f"{name}-figure-{shown.figures}")}
    shown.explorers = len(numbers)
    return shown


def _explorer(
    part: Any, where: str, numbers: dict[str, str], kept: Path, explorers: Path, name: str, shown: Shown
) -> None:
    data = part["data"]
    del data[VIEW]
    about = part.get("metadata", {}).get("rao_lab", {})
    key = about.get("key", "")
    page = kept / f"{key}.html"
    if not key or not page.is_file():
        why = kept / f"{key}.txt"
        if key and not why.is_file():
            raise RuntimeError(
                f"{name}, {where}: an Explorer was shown, and the kernel kept neither a page nor a reason"
            )
        said = why.read_text("utf-8") if key else "not an Explorer"
        shown.notes.append(f"{where}: a widget stays what it is without a kernel ({said})")
        return
    if key not in numbers:
        numbers[key] = f"{name}-{len(numbers) + 1}.html"
        shutil.copy(page, explorers / numbers[key])
    traits = json.loads(_data_of(page))["traits"]
    height = int(about.get("height", USUAL)) + MORE
    still = kept / f"{key}.still"
    printed = still.read_text("utf-8") if still.is_file() else data.get("text/html", "")
    title = f"Explorer: {traits.get('title') or 'trees'}"
    part["data"] = {"text/html": frame(numbers[key], height, title, printed)}


def _data_of(page: Path) -> str:
    text = page.read_text("utf-8")
    return text.split('id="data">', 1)[1].split("</script>", 1)[0]


def frame(page: str, height: int, title: str, still: str) -> str:
    """An Explorer in a page. It is loaded when it comes into view; on paper its still form takes its place."""
    address = f"../explorers/{escape(page)}"
    return (
        f'<iframe class="explorer" src="{address}" title="{escape(title)}" loading="lazy" style="height:{height}px">'
        f'</iframe>\n<p class="explorer-alone">Click into it, then use arrow keys; <kbd>?</kbd> explains. '
        f'<a href="{address}">Open it alone</a></p>\n<div class="explorer-still">{still}</div>'
    )


def figure(found: dict[str, Any], key: str) -> str:
    """A figure of plotly: its data, drawn by the page's own copy of plotly.js."""
    data = json.dumps({"data": found["data"], "layout": found.get("layout", {})}, separators=(",", ":"))
    height = found.get("layout", {}).get("height", 450)
    title = found.get("layout", {}).get("title", {})
    label = title.get("text", "") if isinstance(title, dict) else str(title)
    held = data.replace("<", "\\u003c")
    return (
        f'<div class="plotly-figure" id="{key}" role="img" aria-label="{escape(label or "figure")}" '
        f'style="height:{int(height)}px"></div>\n<script type="application/json" data-figure="{key}">{held}</script>'
    )

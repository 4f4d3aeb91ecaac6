"""Which metrics the board shows, section by section, and in which words.

The table is written in `widgets/src/board/catalogue.js`, which says what its fields mean; the build of the front end
copies it beside the bundle. The metrics are those of `rao_lab.training.metrics`, and badges.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from rao_lab.base.words import fixed

TABLE = Path(__file__).parent.parent / "static" / "metrics.json"

Entry = Mapping[str, Any]
FRONT = "front"
"""The section of what stands in view."""
BESIDE = ("trees", "success", "probe_success")
"""Metrics that are said and not drawn."""


@cache
def catalogue() -> tuple[Entry, ...]:
    """The plots of the board, in their order."""
    return tuple(json.loads(TABLE.read_text("utf-8")))


@cache
def metric_names() -> tuple[str, ...]:
    """The metrics that travel to the board, those in front first."""
    columns = [column for entry in catalogue() for column, _ in entry["of"]]
    tables = [column.split("/")[0] for column in columns]
    probes = [
        f"probe_{entry['of'][0][0].split('/')[0]}"
        for entry in catalogue()
        if entry.get("part") == "difficulty"
    ]
    return tuple(dict.fromkeys([*BESIDE, *tables[:1], *probes, *tables]))


def figures_of(entry: Entry, row: Mapping[str, float | None]) -> Iterator[tuple[str, float]]:
    """What a step says of an entry: words and values; `row` holds its columns by name."""
    for column, words in entry["of"]:
        prefix, star, rest = column.partition("/*")
        if not star:
            value = row.get(column)
            if value is not None:
                yield words, value - (row.get(entry.get("less", {}).get(column)) or 0)
            continue
        keys = [name for name in row if name.startswith(prefix + "/") and name.endswith(rest)]
        for name in keys:
            key = name[len(prefix) + 1 : len(name) - len(rest)]
            value = row[name]
            if value is not None and "/" not in key:
                yield words.replace("*", key.replace("_", " ") or "all tasks"), value


FORMATS: Mapping[str, Callable[[float], str]] = {
    "share": lambda value: fixed(value, 2),
    "one": lambda value: fixed(value, 1),
    "two": lambda value: fixed(value, 2),
    "percent": lambda value: f"{fixed(100 * value, 0)} %",
    "percent1": lambda value: f"{fixed(100 * value, 1)} %",
    "count": "{:,.0f}".format,
    "rate": "{:,.0f}".format,
    "seconds": "{:.1f} s".format,
}


def said(entry: Entry, value: float) -> str:
    """A value in the words of its entry."""
    return FORMATS.get(entry["format"], "{:.3g}".format)(value)

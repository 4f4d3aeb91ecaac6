"""What objects show as the last line of a notebook cell: short tables of HTML, without a script.

Colours come from the page, so that both themes hold. Every text is escaped, and its acting characters are visible.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from html import escape
from typing import Any

from rao_lab.base.safe_text import one_line, visible

_BOX = "font-family:var(--jp-ui-font-family,Helvetica,Arial,sans-serif);font-size:12px;line-height:1.35"
_TABLE = "border-collapse:collapse;font-size:inherit;margin:4px 0 0 0;font-variant-numeric:tabular-nums"
_CELL = "padding:2px 12px 2px 0;border-top:1px solid rgba(128,128,128,.25);vertical-align:top;text-align:"
_HEAD = "border-top:0;font-weight:400;opacity:.65"
LONG = 160
"""Characters of a text in a cell of a table."""
NOTE = 1000
"""Characters of a line below it: whole sentences."""


def table_html(
    title: str,
    heads: Sequence[str],
    rows: Iterable[Sequence[object]],
    notes: Sequence[str] = (),
    strong: Sequence[int] = (),
) -> str:
    """A titled table. Numbers stand at the right, and so does the head of a column that has some.

    Args:
        rows: cells; None = empty.
        notes: lines below it.
        strong: rows in bold.
    """
    rows = [tuple(row) for row in rows]
    numbers = {at for row in rows for at, value in enumerate(row) if _is_number(value)}
    head = "".join(
        f'<th style="{_CELL}{"right" if at in numbers else "left"};{_HEAD}">{_text(each)}</th>'
        for at, each in enumerate(heads)
    )
    body = "".join(
        f"<tr{' style=font-weight:600' if number in strong else ''}>{''.join(map(_cell, row))}</tr>"
        for number, row in enumerate(rows)
    )
    below = "".join(f'<div style="opacity:.75;max-width:72em">{_text(note, NOTE)}</div>' for note in notes)
    table = f'<table style="{_TABLE}">{f"<tr>{head}</tr>" if any(heads) else ""}{body}</table>'
    return f'<div style="{_BOX}"><b>{_text(title)}</b>{table}{below}</div>'


def facts_html(title: str, facts: Mapping[str, object], notes: Sequence[str] = ()) -> str:
    """A titled list of names and values; None is left out."""
    return table_html(
        title, (), [(name, _words(value)) for name, value in facts.items() if value is not None], notes
    )


def _cell(value: object) -> str:
    return f'<td style="{_CELL}{"right" if _is_number(value) else "left"}">{_text(_words(value))}</td>'


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _words(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3f}" if 0.001 <= abs(value) < 1000 or abs(value) < 1e-9 else f"{value:.4g}"
    return "" if value is None else f"{value:,}" if type(value) is int else str(value)


def _text(words: object, most: int = LONG) -> str:
    return escape(one_line(visible(str(words)), most))


class Settings:
    """For a frozen dataclass of settings: its repr names what is not the default, its HTML all of it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in _changed(self).items())})"

    def _repr_html_(self) -> str:
        changed = _changed(self)
        rows = [(each.name, repr(getattr(self, each.name))) for each in _fields(self)]
        title = f"{type(self).__name__}" + ("" if changed else ", as usual")
        notes = ["bold: not the default"] if changed else []
        strong = [at for at, (name, _) in enumerate(rows) if name in changed]
        return table_html(title, (), rows, notes, strong)


def _fields(settings: object) -> tuple[Field[Any], ...]:
    return fields(settings) if is_dataclass(settings) else ()


def _changed(settings: object) -> dict[str, Any]:
    """The settings that are not the default, in order."""
    found = {each.name: (each, getattr(settings, each.name)) for each in _fields(settings)}
    return {name: value for name, (each, value) in found.items() if value != _default(each)}


def _default(each: Field[Any]) -> Any:
    return each.default if each.default_factory is MISSING else each.default_factory()

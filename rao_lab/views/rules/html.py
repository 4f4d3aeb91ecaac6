"""The comparison of rules in a notebook's cell: a table with bars, no script."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path

from rao_lab.base.safe_text import visible
from rao_lab.base.words import fixed
from rao_lab.credit.named import rule_words
from rao_lab.store import spare_run_file
from rao_lab.views.bench.page import plain_page, put
from rao_lab.views.explorer.page import spare_other_file
from rao_lab.views.plotting import SEQUENTIAL
from rao_lab.views.rules.comparison import BESIDE_FIRST, COLUMNS, SHARES, RuleComparison, about

_CELL = (
    "padding:4px 12px 4px 0;text-align:right;white-space:nowrap;border-bottom:1px solid rgba(128,128,128,.25)"
)
_LEFT = _CELL.replace("right;white", "left;white")
_PALE = "opacity:.7"


def comparison_html(found: RuleComparison) -> str:
    """A row for each rule; the strip at its end is the share of the update at each depth."""
    words = "".join(f"<div>{escape(visible(line))}</div>" for line in about(found))
    heads = "".join(
        f'<th style="{_CELL};font-weight:600" title="{escape(COLUMNS[each][1])}">{escape(COLUMNS[each][0])}</th>'
        for each in found.shown
    )
    last = f'<th style="{_LEFT};font-weight:600">share of the update by depth</th>'
    first = f'<th style="{_LEFT};font-weight:600">rule</th>'
    return (
        '<div style="font:13px/1.45 Helvetica,Arial,sans-serif;overflow-x:auto">'
        f'<div style="margin-bottom:8px">{words}</div>'
        f'<table style="border-collapse:collapse;font:inherit;font-variant-numeric:tabular-nums">'
        f"<tr>{first}{heads}{last}</tr>{''.join(_rows(found))}</table></div>"
    )


def save_comparison(found: RuleComparison, path: Path) -> None:
    """Writes the table, and what each figure means, as one page that runs no script.

    Raises:
        InputError, RunFileError: something else lies there.
        UnavailableError: it cannot be written.
    """
    spare_run_file(path)
    spare_other_file(path)
    meanings = "".join(
        f"<div><b>{escape(head)}</b>: {escape(meaning)}</div>"
        for head, meaning in (COLUMNS[each] for each in found.shown)
    )
    rules = "".join(
        f"<div><b>{escape(visible(name))}</b>: {escape(visible(rule_words(config)))}</div>"
        for name, config in found.rules.items()
    )
    small = f'<div style="font:12px/1.5 Helvetica,Arial,sans-serif;margin-top:16px;{_PALE}">{{}}</div>'
    sheet = comparison_html(found) + small.format(meanings) + small.format(rules)
    put(path, plain_page("Rules of credit", f'<div style="padding:20px">{sheet}</div>'))


def _rows(found: RuleComparison) -> Iterator[str]:
    for name, config in found.rules.items():
        cells = "".join(
            f'<td style="{_CELL}">{_bar(found, name, each)}{escape(found.told(name, each))}</td>'
            for each in found.shown
        )
        title = escape(visible(rule_words(config)))
        head = f'<td style="{_LEFT};font-weight:600" title="{title}">{escape(visible(name))}</td>'
        yield f'<tr>{head}{cells}<td style="{_LEFT}">{_strip(found.share_by_depth(name))}</td></tr>'


def _bar(found: RuleComparison, name: str, figure: str) -> str:
    """A share as a length before its number."""
    over = found.over(name, figure)
    if figure not in SHARES or over is None or (figure in BESIDE_FIRST and name == found.names[0]):
        return ""
    inner = (
        f'<i style="display:block;height:6px;width:{over.value * 40:.1f}px;background:{SEQUENTIAL[2]}"></i>'
    )
    track = "float:left;width:40px;height:6px;margin:6px 8px 0 0;background:rgba(128,128,128,.22)"
    return f'<span style="{track}">{inner}</span>'


def _strip(shares: tuple[float, ...]) -> str:
    parts = "".join(
        f'<i title="depth {depth}: {share:.1%}" style="display:inline-block;height:14px;width:{share * 140:.1f}px;'
        f'background:{SEQUENTIAL[min(depth, len(SEQUENTIAL) - 1)]}"></i>'
        for depth, share in enumerate(shares)
        if share > 0
    )
    words = " \u00b7 ".join(fixed(share * 100, 0) for share in shares)
    strip = (
        f'<span style="display:inline-block;width:140px;line-height:0;vertical-align:middle">{parts}</span>'
    )
    return f'{strip}<span style="{_PALE};margin-left:8px">{words} %</span>'

"""A table of intervals in a narrow cell and in a wide one, in both themes: it has room, and nothing is cut."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rao_lab.views.interval_table import IntervalRow, IntervalTable
from tests.views.test_interval_table import seen

ROWS = (
    IntervalRow("group_mean", seen(0.04, -0.01, 0.11), "baseline: mean of the group, the own root included"),
    IntervalRow("(b) beyond the context window", seen(-0.46, -0.53, -0.4), "flat", "not resolved, 1 seed"),
)
LOOK = """() => {
    const sheet = document.querySelector('.rao-sheet'), wide = sheet.querySelector('.wide')
    const tone = each => getComputedStyle(each).color
    return [sheet.getBoundingClientRect().left, wide.clientWidth, wide.scrollWidth - wide.clientWidth,
            tone(sheet.querySelector('td:last-child')) === tone(sheet), tone(sheet)]
}"""


def test_a_table_of_intervals_has_room(pages: Any, tmp_path: Path) -> None:
    table = IntervalTable("Ablations", "difference of shares", ROWS, differences=True)
    place = tmp_path / "page.html"
    tones = set()
    for theme in ("light", "dark"):
        mark = str(theme == "light").lower()
        place.write_text(
            f'<body data-jp-theme-light="{mark}" style="margin:0">{table._repr_html_()}', "utf-8"
        )
        for width in (492, 1500):
            left, room, cut, same, tone = pages.open(place.as_uri(), width).evaluate(LOOK)
            assert (left, cut, same) == (0, 0, True) and room > 440, (theme, width)
            tones.add(tone)
    assert len(tones) == 2 and not pages.errors

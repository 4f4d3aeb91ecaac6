"""Figures with intervals in a table: the text says what the drawing shows, and every mark lies on its axis."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from rao_lab.evaluation.bootstrap import Interval
from rao_lab.views.interval_table import WIDTH, Axis, IntervalRow, IntervalTable


def seen(value: float, low: float, high: float) -> Interval:
    return Interval(value, low, high, 10, 10, 1, 0.1)


ROWS = (
    IntervalRow("up <b>", seen(0.2, 0.1, 0.34), "more of it", "better"),
    IntervalRow("open", seen(-0.02, -0.11, 0.05), verdict="not resolved"),
    IntervalRow("gone", None),
)


def test_text_and_drawing_say_the_same() -> None:
    table = IntervalTable("Arms", "difference of shares", ROWS, differences=True, notes=("Over tasks.",))
    assert str(table).splitlines() == [
        "Arms (difference of shares, 95 % interval)",
        "up <b>  +0.20 [+0.10, +0.34]  better        more of it",
        "open    −0.02 [−0.11, +0.05]  not resolved",
        "gone    not measured",
        "Over tasks.",
    ]
    page = table._repr_html_()
    assert "<b>" not in page and "script" not in page
    drawn = [ElementTree.fromstring(each) for each in re.findall(r"<svg.*?</svg>", page)]
    assert [each.get("aria-label") for each in drawn] == [
        "difference of shares",
        "up <b>: +0.20 [+0.10, +0.34] better",
        "open: −0.02 [−0.11, +0.05] not resolved",
        "gone: not measured",
    ]
    assert "barPlus" in ElementTree.tostring(drawn[1], "unicode")
    assert "bar" not in ElementTree.tostring(drawn[2], "unicode"), "an interval that covers 0 has no sign"
    assert [each.text for each in drawn[0]] == ["−0.2", "0", "0.2", "0.4"]


@pytest.mark.parametrize(
    ("low", "high"), [(0.0, 0.0), (-1.0, 1.0), (0.31, 0.36), (-0.004, 0.002), (-0.9, -0.5)]
)
def test_an_axis_holds_its_intervals_and_zero(low: float, high: float) -> None:
    axis = Axis.of([IntervalRow("", seen((low + high) / 2, low, high))], differences=True)
    assert axis.low <= min(low, 0) and max(high, 0) <= axis.high
    places = [axis(value) for value in axis._ticks()]
    assert places[0] > 0 and places[-1] < WIDTH and 2 <= len(places) <= 6 and axis.low < axis.high
    assert any(abs(value) < 1e-9 for value in axis._ticks())
    assert Axis.of([IntervalRow("", seen(0.5, 0.4, 0.6))], differences=False)(0.5) == WIDTH / 2

"""The page of a comparison in a narrow window."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rao_lab.evaluation.compare import compare
from rao_lab.views.compare.page import save_comparisons
from tests.evaluation.test_budgets import TASKS, Costly
from tests.support.worlds import Shelf


@pytest.mark.slow
def test_no_table_is_cut(tmp_path: Path, browser: Any) -> None:
    place = tmp_path / "page.html"
    save_comparisons({"": compare(Shelf(), Costly({}), tasks=TASKS)}, place)
    page = browser.new_page(viewport={"width": 700, "height": 900})
    try:
        page.goto(place.as_uri())
        cut = "[...document.querySelectorAll('.wide')].map(each => each.scrollWidth - each.clientWidth)"
        assert set(page.evaluate(cut)) == {0}
    finally:
        page.close()


@pytest.mark.slow
@pytest.mark.parametrize("width", [584, 700])
def test_long_names_leave_the_intervals_in_sight(tmp_path: Path, browser: Any, width: int) -> None:
    """Two runs of one name: their policies are called by their whole paths."""
    place = tmp_path / "page.html"
    both = {f"runs/{kind}/longer.rao.ckpt/step-120/policy": Costly({}) for kind in ("first", "second")}
    save_comparisons({"": compare(Shelf(), both, ["recursive"], tasks=TASKS)}, place)
    page = browser.new_page(viewport={"width": width, "height": 900})
    try:
        page.goto(place.as_uri())
        names = page.locator("td.name", has_text="policy recursive minus runs/second")
        interval = page.locator("tr", has=names).locator("td").last.bounding_box()
        assert names.count() == 1 and 0 < interval["x"] < interval["x"] + interval["width"] <= width
    finally:
        page.close()

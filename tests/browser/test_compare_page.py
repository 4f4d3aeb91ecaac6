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

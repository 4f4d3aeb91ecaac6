"""The page of a comparison in a browser: its figures are drawn under its policy, and follow the theme."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rao_lab.evaluation.budgets import Budget
from rao_lab.evaluation.compare import compare
from rao_lab.views.diff.style import DARK, LIGHT
from tests.evaluation.test_budgets import TASKS, Costly
from tests.support.worlds import Shelf

COLOUR = "getComputedStyle(document.querySelector('.xtick text')).fill"


def _until(page: Any, test: str) -> None:
    """The page's policy forbids a function that is waited for."""
    for _ in range(100):
        if page.evaluate(test):
            return
        page.wait_for_timeout(100)
    pytest.fail(f"after 10 s it is not so that {test}")


@pytest.mark.slow
@pytest.mark.browser
def test_figures_are_drawn_follow_the_theme_and_fit_a_narrow_cell(pages: Any, tmp_path: Path) -> None:
    found = compare(Shelf(), Costly({}), tasks=TASKS, repeats=2, budget=Budget("turns"))
    found.save_html(tmp_path / "compared.html")
    page = pages.open("", theme="light")
    page.set_default_timeout(120_000)  # plotly is 5 MB, and a busy machine reads it slowly
    page.goto((tmp_path / "compared.html").as_uri(), wait_until="commit")
    page.wait_for_selector("#plot0-3 .xtick text")
    light = page.evaluate(COLOUR)
    page.emulate_media(color_scheme="dark")
    _until(page, f"{COLOUR} !== '{light}'")
    tones = [tuple(int(each["label"][at : at + 2], 16) for at in (1, 3, 5)) for each in (LIGHT, DARK)]
    assert [light, page.evaluate(COLOUR)] == [f"rgb{tone}" for tone in tones]
    page.set_viewport_size({"width": 560, "height": 800})
    _until(page, "document.documentElement.scrollWidth <= 560")
    assert (
        page.locator(".sentence").inner_text().startswith("flat solves more than recursive within the budget")
    )

"""Hosts that skip what is out of sight, as JupyterLab's notebooks do (CSS: content-visibility)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rao_lab.views.explorer.widget import Explorer
from tests.browser.conftest import Pages
from tests.support.trees import showcase_group

pytestmark = pytest.mark.browser

HOLD = """
const wait = window.setTimeout, held = [];
window.setTimeout = (call, ms, ...more) => (ms ? wait(call, ms, ...more) : held.push(call));
window.answer = () => { window.setTimeout = wait; held.forEach((call) => call()); };
"""
"""The kernel of a saved page answers when it is told to."""
SKIP = "value => { document.querySelector('.rao').parentElement.style.contentVisibility = value; }"
MEASURE = (
    "() => [document.querySelector('.rao .top').clientWidth, document.querySelector('.rao').clientWidth]"
)
SEEN = """() => [...document.querySelectorAll('.rao .body > *')]
  .filter((zone) => zone.getClientRects().length && !zone.matches('.outline')).map((zone) => zone.className)"""


@pytest.fixture(scope="module")
def page_of_credit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("skipped") / "credit.html"
    Explorer(showcase_group(step=3), view="credit").save_html(path)
    return path


@pytest.mark.parametrize(
    "width",
    [640, 700, *(pytest.param(width, marks=pytest.mark.slow) for width in (584, 600, 620, 660, 680, 1366))],
)
def test_what_changed_out_of_sight_stands_when_it_is_seen_again(
    pages: Pages, page_of_credit: Path, width: int
) -> None:
    page: Any = pages.open("", width, 700)
    page.add_init_script(HOLD)
    # Chromium keeps old boxes only on a machine that is slow, or busy.
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": 12})
    page.goto(page_of_credit.as_uri())
    page.wait_for_selector(".rao .state", state="visible")
    page.wait_for_timeout(300)
    page.evaluate(SKIP, "hidden")
    page.wait_for_timeout(400)
    page.evaluate("() => answer()")
    page.wait_for_timeout(100)
    page.evaluate(MEASURE)
    page.wait_for_timeout(500)
    page.evaluate(SKIP, "")
    page.wait_for_selector(".rao .credit", state="visible")
    assert page.evaluate(SEEN) == ["credit"]

"""The pages of `make course` and `make docs`, in a real browser, from a folder, without a network."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.browser.lab import REPO

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both sites, of notebooks that ran small."""
    pytest.importorskip("sphinx", reason="the extra `docs` is not installed: make docs does it")
    folder = tmp_path_factory.mktemp("site")
    for site, more in (("docs", "--small"), ("course", "--quick")):
        command = [sys.executable, "-m", "docs", site, more, "--folder", str(folder)]
        done = subprocess.run(command, cwd=REPO, capture_output=True, text=True, timeout=3600)
        assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_pages_of_the_course_work_from_a_folder_without_a_network(made: Path, browser: Any) -> None:
    pages = sorted((made / "course" / "notebooks").glob("[0-9]*.html"))
    times = json.loads((made / "course" / "times.json").read_text("utf-8"))
    assert [f"{each['name']}.html" for each in times] == [page.name for page in pages]
    assert (made / "course" / ".nojekyll").exists()
    context = browser.new_context(offline=True, viewport={"width": 1366, "height": 900}, color_scheme="dark")
    asked: list[str] = []
    errors: list[str] = []
    context.on("request", lambda each: asked.append(each.url))
    frames = figures = 0
    for path in pages:
        page = context.new_page()
        page.on("pageerror", lambda error, path=path: errors.append(f"{path.name}: {error}"))
        page.goto(path.as_uri())
        for frame in page.locator("iframe.explorer").all():
            frame.scroll_into_view_if_needed()
            inside = frame.content_frame
            inside.locator(".rao").first.wait_for()
            assert inside.locator("html").evaluate("() => matchMedia('(prefers-color-scheme: dark)').matches")
            inside.locator(".rao button", has_text="?").first.click()
            inside.locator(".rao .help").wait_for()
            page.keyboard.press("Escape")
            inside.locator(".rao .help").wait_for(state="detached")
            frames += 1
        for figure in page.locator(".plotly-figure").all():
            figure.locator("svg.main-svg").first.wait_for()
            figures += 1
        page.close()
    assert frames >= 3 and not errors
    assert frames == sum(each["explorers"] for each in times) and figures == sum(
        each["figures"] for each in times
    )
    assert asked and not [url for url in asked if not url.startswith(("file:", "blob:", "data:"))]
    context.close()


def test_the_documentation_is_searched_from_a_folder_without_a_network(made: Path, browser: Any) -> None:
    context = browser.new_context(offline=True, viewport={"width": 1366, "height": 900})
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda each: errors.append(each.url) if each.url.startswith("http") else None)
    page.goto((made / "docs" / "index.html").as_uri())
    page.locator("input[name=q]").first.fill("compare_rules")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="rao_lab.compare_rules").first.click()
    page.wait_for_url("**/api/api.html*")
    assert (
        "same rollouts"
        in page.locator("dl.py", has=page.locator("[id='rao_lab.compare_rules']")).inner_text()
    )
    page.get_by_role("link", name="The course").first.click()
    page.get_by_role("link", name="Watch it learn").first.click()
    page.locator("iframe.explorer").first.scroll_into_view_if_needed()
    page.locator("iframe.explorer").first.content_frame.locator(".rao").first.wait_for()
    assert not errors
    context.close()

"""The pages of `make course` and `make docs`, in a real browser, from a folder, without a network."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.browser.lab import REPO

pytestmark = [pytest.mark.browser, pytest.mark.slow]


SHOWS = """
import rao_lab as rl
env = rl.environments.TextCraft(difficulty="medium", seed=0)
tree = rl.run(env.tasks("test")[0], env, rl.load_policy("scripted"), progress=False)
display(rl.Explorer(tree, title="one tree"))
explorer = rl.Explorer(tree, view="timeline")
explorer
"""
FIGURES = """
import plotly.graph_objects as go
display(rl.figures.tree(tree))
display(go.FigureWidget(data=[{"y": [1]}]))
go.FigureWidget(data=[{"y": [1, 3, 2]}], layout={"title": {"text": "made here"}})
"""


def test_every_kind_of_output_works_from_a_folder(tmp_path: Path, browser: Any) -> None:
    pytest.importorskip("sphinx", reason="the extra `docs` is not installed: make docs does it")
    text = "# A page\n\nIt has $A = R - b$ and a link to [a guide](../data/docs/judge.md).\n\n$$\nx^2\n$$"
    cells = [nbformat.v4.new_markdown_cell(text), *map(nbformat.v4.new_code_cell, (SHOWS, FIGURES))]
    notebook = tmp_path / "in" / "03_a.ipynb"
    notebook.parent.mkdir()
    nbformat.write(nbformat.v4.new_notebook(cells=cells), notebook)
    made = tmp_path / "out"
    code = (
        "import sys; from pathlib import Path; from rao_lab.publish.site.__main__ import build; "
        "from rao_lab.publish.site.execute import execute; "
        "from rao_lab.publish.site.sources import Sources; notebook, made = map(Path, sys.argv[1:]); "
        "ran = execute([notebook], made / 'executed', True); sources = Sources(made / 'sources', made / 'executed', "
        "[notebook], []); sources.course(); sys.exit(build(sources.folder, made / 'course', made / 'none') or "
        "(ran[0].explorers, ran[0].figures, ran[0].problem) != (2, 3, ''))"
    )
    command = [sys.executable, "-c", code, str(notebook), str(made)]
    done = subprocess.run(command, cwd=REPO, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    address = (made / "course" / "notebooks" / "03_a.html").as_uri()
    for theme, paper in (("light", "white"), ("dark", "rgba(0,0,0,0)")):
        context = browser.new_context(
            offline=True, viewport={"width": 1366, "height": 900}, color_scheme=theme
        )
        page = context.new_page()
        wrong: list[str] = []
        page.on("pageerror", lambda error, wrong=wrong: wrong.append(str(error)))
        page.on(
            "request", lambda each, wrong=wrong: wrong.append(each.url) if each.url[:4] == "http" else None
        )
        page.goto(address)
        assert page.locator("math").count() == 2 and page.get_by_role("link", name="a guide").count() == 0
        for place in range(3):
            page.locator(".plotly-figure").nth(place).locator("svg.main-svg").first.wait_for()
        colour = "() => document.querySelector('.plotly-figure')._fullLayout.paper_bgcolor"
        assert page.evaluate(colour) == paper
        assert page.locator("iframe.explorer").count() == 2
        page.locator("iframe.explorer").first.scroll_into_view_if_needed()
        inside = page.locator("iframe.explorer").first.content_frame
        inside.locator(".rao [role=tree]").first.focus()
        page.keyboard.press("ArrowDown")
        inside.locator(".rao [role=treeitem][aria-selected=true][aria-level='2']").wait_for(state="attached")
        inside.get_by_role("tab", name="Context").click()
        inside.locator("[role=tab][aria-selected=true]", has_text="Context").wait_for()
        inside.locator(f".rao[data-theme={theme}]").wait_for()
        assert not wrong
        # The button of the page changes what stands in it, too.
        for _ in range(3):
            page.locator(".theme-toggle:visible").first.click()
            shown = page.evaluate("() => document.body.dataset.theme")
            shown = theme if shown == "auto" else shown
            page.wait_for_function(
                f"() => document.body.dataset.jpThemeLight === '{str(shown != 'dark').lower()}'"
            )
            inside.locator(f".rao[data-theme={shown}]").wait_for()
        assert page.locator(".back-to-top").is_hidden()
        context.close()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both sites, of notebooks that ran small."""
    pytest.importorskip("sphinx", reason="the extra `docs` is not installed: make docs does it")
    folder = tmp_path_factory.mktemp("site")
    for site, more in (("docs", "--small"), ("course", "--quick")):
        command = [sys.executable, "-m", "rao_lab.publish.site", site, more, "--folder", str(folder)]
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

"""Takes the screenshots of the README, with a real Chromium and a real JupyterLab.

    python -m tests.support.readme_pictures --out data/pictures

The Explorer shows a made-up step (`tests.support.trees`). The board shows the first notebook, which trains.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from rao_lab.views.explorer.widget import Explorer
from tests.browser.lab import FLAGS, REPO, TOKEN, open_notebook, run_all, serve
from tests.support.trees import decode, random_step, showcase_group

NOTEBOOK = "01_watch_it_learn.ipynb"
TRAINED_MS = 600_000


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Takes the screenshots of the README.")
    parser.add_argument("--out", type=Path, default=REPO / "data" / "pictures")
    out = parser.parse_args(arguments).out
    with tempfile.TemporaryDirectory() as made, sync_playwright() as play:
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        browser = play.chromium.launch(executable_path=chromium, args=FLAGS)
        saved = save_step(Path(made) / "step.html")
        explorer(browser, saved, out)
        board(browser, Path(made) / "lab", out / "board_light.png")
        browser.close()


def save_step(path: Path) -> Path:
    """A page of a step of 24 tasks with 8 trees each, and the showcase tree among them."""
    groups = [*random_step(5, 23, 8, 10, step=240), showcase_group(step=240)]
    numbered = [replace(group, index=index) for index, group in enumerate(groups)]
    Explorer(numbered, tokenizer=decode, title="runs/a.rao").save_html(path)
    return path


def opened(browser: Browser, saved: Path, theme: Any) -> Page:
    """The showcase tree, with the node that failed although its children succeeded."""
    viewport = {"width": 1280, "height": 760}
    page = browser.new_page(viewport=viewport, color_scheme=theme)  # type: ignore[arg-type]
    page.goto(saved.as_uri())
    page.get_by_title("Choose a task").click()
    page.locator(".menu button", has_text="medium 017").click()
    page.get_by_title("Choose a tree").click()
    page.locator(".menu button", has_text="tree 3").click()
    page.get_by_role("treeitem", name="0.1, 1x c3_i2").click()
    page.locator(".inspector .pane", has_text="The three do not depend").wait_for()
    return page


def explorer(browser: Browser, saved: Path, out: Path) -> None:
    light = opened(browser, saved, "light")
    shoot(light, out / "explorer_light.png")
    light.get_by_role("tab", name="Credit").click()
    shoot(light, out / "credit_light.png")
    dark = opened(browser, saved, "dark")
    dark.get_by_role("slider", name="lambda").press("End")
    shoot(dark, out / "explorer_dark.png")


def board(browser: Browser, folder: Path, path: Path) -> None:
    """The notebook in JupyterLab, once its training is over."""
    folder.mkdir()
    shutil.copy(REPO / "notebooks" / NOTEBOOK, folder)
    with serve(folder) as lab:
        page = browser.new_page(viewport={"width": 1620, "height": 1000})
        page.set_default_timeout(TRAINED_MS)
        open_notebook(page, f"{lab.url}/lab/tree/{NOTEBOOK}?token={TOKEN}&reset")
        run_all(page)
        page.locator(".jp-OutputArea-output", has_text="trees to learn from").wait_for(state="attached")
        page.locator(".rao .state-mark", has_text="finished").first.wait_for()
        page.evaluate("document.querySelector('.rao').scrollIntoView()")
        shoot(page, path)


def shoot(page: Page, path: Path) -> None:
    page.wait_for_timeout(1000)
    page.screenshot(path=path)


if __name__ == "__main__":
    main()

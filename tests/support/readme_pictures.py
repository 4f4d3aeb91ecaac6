"""Saves the page of the README and takes the pictures of it, with a real Chromium.

    python -m tests.support.readme_pictures --page data/pages/first.html --out data/pictures

All show one step of a recorded run, and in it the tree that the moving picture at the top of the README shows.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

import rao_lab as rl
from tests.browser.lab import FLAGS, REPO

RUN = REPO / "data" / "pathologies" / "as_it_should_be.rao"
NODE = "12:2.2/0.0.0"
"""It succeeded, and got a negative advantage all the same."""
LARGEST_MB = 1.45
SIZE = {"width": 1280, "height": 760}


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Saves the page of the README and takes the pictures of it.")
    parser.add_argument("--page", type=Path, default=REPO / "data" / "pages" / "first.html")
    parser.add_argument("--out", type=Path, default=REPO / "data" / "pictures")
    given = parser.parse_args(arguments)
    save_page(given.page)
    with sync_playwright() as play:
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        browser = play.chromium.launch(executable_path=chromium, args=FLAGS)
        take(browser, given.page.resolve(), given.out)
        browser.close()


def save_page(path: Path) -> None:
    """The page opens on the node. All of its step is in it but some tables of tokens."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with rl.open_run(RUN) as run:
        rl.Explorer(run, title=RUN.name, at=NODE).save_html(path, max_mb=LARGEST_MB)


def opened(browser: Browser, saved: Path, theme: Any) -> Page:
    page = browser.new_page(viewport=SIZE, color_scheme=theme)  # type: ignore[arg-type]
    page.goto(f"{saved.as_uri()}#{NODE}")
    page.locator(".inspector .pane", has_text="get_info").wait_for()
    return page


def take(browser: Browser, saved: Path, out: Path) -> None:
    light = opened(browser, saved, "light")
    shoot(light, out / "explorer_light.png")
    light.get_by_role("tab", name="Credit").click()
    shoot(light, out / "credit_light.png")
    light.get_by_role("button", name="Board").click()
    shoot(light, out / "board_light.png")
    dark = opened(browser, saved, "dark")
    dark.get_by_role("slider", name="lambda").press("Home")
    shoot(dark, out / "explorer_dark.png")


def shoot(page: Page, path: Path) -> None:
    page.wait_for_timeout(1000)
    page.screenshot(path=path)


if __name__ == "__main__":
    main()

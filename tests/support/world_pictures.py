"""Takes a picture of one tree of each bundled world, as the Explorer shows it, with a real Chromium.

    python -m tests.support.world_pictures --out data/pictures/worlds
    python -m tests.support.world_pictures mail

The scripted policy plays. Pages of `data/docs/worlds` show the pictures.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

import rao_lab as rl
from rao_lab.environments.named import BUNDLED, open_named
from tests.browser.lab import FLAGS, REPO

SHOWN = {"textcraft": ("medium", 5, "per_ingredient"), "aggregation": ("medium", 6, "halves")}
"""World -> difficulty, task and style of its picture; the others show a task of what suits the script."""
SIZE = {"width": 1200, "height": 560}


def tree_of(name: str) -> rl.Tree:
    """The tree of a world's picture."""
    difficulty, task, style = SHOWN.get(name, (None, 0, None))
    env = open_named(name, "scripted", difficulty)
    return rl.run(env.tasks("test")[task], env, rl.load_policy("scripted", style=style))


def picture(browser: Browser, name: str, out: Path) -> Path:
    """Saves the page of a tree and takes its picture."""
    with tempfile.TemporaryDirectory() as made:
        saved = Path(made) / f"{name}.html"
        rl.Explorer(tree_of(name), title=name).save_html(saved)
        page = browser.new_page(viewport=SIZE, color_scheme="light")  # type: ignore[arg-type]
        page.goto(saved.as_uri())
        page.get_by_role("treeitem").first.wait_for()
        page.wait_for_timeout(1000)
        page.screenshot(path=out / f"{name}.png")
        page.close()
    return out / f"{name}.png"


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Takes a picture of one tree of each bundled world.")
    parser.add_argument("names", nargs="*", default=[*BUNDLED])
    parser.add_argument("--out", type=Path, default=REPO / "data" / "pictures" / "worlds")
    asked = parser.parse_args(arguments)
    asked.out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as play:
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        browser = play.chromium.launch(executable_path=chromium, args=FLAGS)
        for name in asked.names:
            print(picture(browser, name, asked.out))
        browser.close()


if __name__ == "__main__":
    main()

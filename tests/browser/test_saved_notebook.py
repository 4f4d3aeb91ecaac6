"""What a saved notebook shows of an Explorer: with and without its kernel, and as an exported page."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.browser.lab import TOKEN, Lab
from tests.browser.test_kernel import NOTEBOOK, STATIC, TRAIN, opened, pid_of, shot

pytestmark = pytest.mark.browser

VIEW = "application/vnd.jupyter.widget-view+json"


def save(page: Any) -> None:
    page.evaluate(f"{NOTEBOOK}.save()")


def saved_output(lab: Lab, name: str) -> dict[str, Any]:
    """The data of the last output of the first cell."""
    book = json.loads((lab.folder / name).read_text("utf-8"))
    data = book["cells"][0]["outputs"][-1]["data"]
    return {kind: "".join(text) if isinstance(text, list) else text for kind, text in data.items()}


KEPT = f"{NOTEBOOK}.model.toJSON().cells[0].outputs.at(-1).data"
"""What a save would write of the first cell's last output."""


def again(page: Any, lab: Lab, name: str) -> None:
    """The notebook, opened anew from its file."""
    page.goto(f"{lab.url}/lab/tree/{name}?token={TOKEN}")
    page.wait_for_selector(".jp-NotebookPanel .jp-Notebook .jp-Cell")


def test_a_notebook_without_its_kernel_shows_what_was_looked_at(pages: Any, lab: Lab) -> None:
    page = opened(pages, lab, "still.ipynb", STATIC)
    page.get_by_title("Choose a tree").click()
    page.locator(".menu button", has_text="tree 1").click()  # not the first in view
    page.locator(".rao .place", has_text="tree 1").wait_for()
    rows = page.locator(".rao [role=treeitem]").count()
    page.wait_for_function(
        f"rows => [{KEPT}['text/html']].join('').split('<rect').length - 1 === rows", arg=rows
    )
    save(page)
    assert page.locator(".rao").is_visible()  # saving takes nothing from the one who reads
    data = saved_output(lab, "still.ipynb")
    assert VIEW not in data and "<svg" in data["text/html"] and "<script" not in data["text/html"]
    assert data["text/html"].count("<rect") == rows and len(data["text/html"]) < 200_000

    # The kernel lives: the widget takes the picture's place again, where it was.
    again(page, lab, "still.ipynb")
    page.locator(".rao .place", has_text="tree 1").wait_for()

    save(page)
    page.evaluate(f"void {NOTEBOOK}.sessionContext.session.kernel.restart()")
    page.locator(".rao .line-state", has_text="The kernel is gone").wait_for()
    again(page, lab, "still.ipynb")
    page.locator(".jp-OutputArea-output svg rect").first.wait_for()
    assert "A picture of what was shown" in page.locator(".jp-OutputArea-output").last.inner_text()
    assert "Error displaying widget" not in page.locator(".jp-Notebook").inner_text()
    shot(page, "still_lab")


def test_a_notebook_saved_while_training_keeps_the_board_as_it_was(
    pages: Any, lab: Lab, tmp_path: Path
) -> None:
    page = opened(pages, lab, "board.ipynb", TRAIN.replace("went.rao", "board.rao"))
    page.wait_for_function("() => /step [2-9]/.test(document.querySelector('.rao .progress b')?.textContent)")
    page.locator(".rao").get_by_role("button", name="Pause", exact=True).click()
    page.wait_for_function("() => document.querySelector('.rao .state-mark')?.textContent === 'paused'")
    page.wait_for_function(f"() => [{KEPT}['text/plain']].join('').includes('paused')")
    save(page)
    data = saved_output(lab, "board.ipynb")
    assert VIEW not in data and "paused" in data["text/plain"] and "<svg" in data["text/html"]
    assert pid_of(page)

    made = tmp_path / "board.html"
    command = [sys.executable, "-m", "nbconvert", "--to", "html", str(lab.folder / "board.ipynb")]
    subprocess.run([*command, "--output", str(made)], check=True, capture_output=True)
    exported = pages.open(made.as_uri())
    exported.get_by_text("A picture of what was shown").wait_for()
    assert exported.locator("svg circle").count() >= 2
    shot(exported, "still_nbconvert")

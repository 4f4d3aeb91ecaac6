"""The first notebook in a real JupyterLab: run it, watch it live, steer it, walk its trees, by mouse and by keys.

Screenshots go to the folder that `RAO_SHOTS` names, if it is set. The kernel is that of the interpreter
that runs pytest: to try another ipykernel, make an environment whose site-packages come first (a `.pth` file
there names those of this one), install that ipykernel into it without its dependencies, link the sandbox's
`monty` program and the folders of `share/jupyter` but `kernels` from here, and run these tests and
`tests/test_session_kernel.py` with its python and PYTHONPATH set to this folder. 7.1.0, 7.2.0 and 7.3.0 were
tried so, besides the 7.4.0 of `constraints.txt`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.lab import TOKEN, Lab, open_notebook, run_all, serve, show_view

pytestmark = pytest.mark.browser

NOTEBOOK = "01_watch_it_learn.ipynb"
MINUTE = 60_000
TRAINED = "(10, 12, 8)"
"""Steps, tasks of a step and probes in the notebook; the whole of it runs in tests/test_notebooks.py."""
LAST_VIEW = 'rl.Explorer(run, view=\\"board\\")'
"""A second view of the run would stand beside the board."""
STATE = "() => document.querySelector('.rao .state-mark')?.textContent"


@pytest.fixture(scope="module")
def shots() -> Callable[[Any, str], None]:
    folder = os.environ.get("RAO_SHOTS")

    def take(page: Any, name: str) -> None:
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            page.screenshot(path=str(Path(folder) / f"{name}.png"))

    return take


@pytest.fixture(scope="module")
def dark_lab(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    pytest.importorskip("jupyterlab")
    with serve(tmp_path_factory.mktemp("dark"), dark=True) as running:
        yield running


def notebook(lab: Lab, repo: Path, steps: int, tasks: int = 5) -> str:
    """The notebook in the server's folder, with so much training and its board alone; its address.

    A step is sampled within a second, and a browser that shares two cores with another test may look away from six.
    """
    text = (repo / "notebooks" / NOTEBOOK).read_text("utf-8")
    for old, new in ((TRAINED, f"({steps}, {tasks}, 8)"), (LAST_VIEW, "None")):
        assert old in text
        text = text.replace(old, new)
    shutil.rmtree(
        lab.folder / "runs", ignore_errors=True
    )  # the notebook would go on with an earlier test's run
    (lab.folder / NOTEBOOK).write_text(text, "utf-8")
    return f"{lab.url}/lab/tree/{NOTEBOOK}?token={TOKEN}&reset"


def watched(pages: Any, address: str, width: int = 1500, height: int = 950) -> Any:
    """The notebook, all of its cells running, its board in sight."""
    page = pages.open("", width, height)
    page.set_default_timeout(2 * MINUTE)
    open_notebook(page, address)
    run_all(page)
    page.wait_for_selector(".rao .board", state="visible")
    page.locator(".rao").scroll_into_view_if_needed()
    return page


def state_is(page: Any, words: str, within: int = 3 * MINUTE) -> None:
    script = "words => document.querySelector('.rao .state-mark')?.textContent.startsWith(words)"
    page.wait_for_function(script, arg=words, timeout=within)


def step_of(page: Any) -> int:
    found = re.match(r"step ([\d,]+)", page.locator(".rao .board .progress b").first.inner_text())
    assert found
    return int(found[1].replace(",", ""))


def at_step(page: Any, least: int) -> None:
    script = (
        "least => +document.querySelector('.rao .progress b')?.textContent.match(/step (\\d+)/)?.[1] >= least"
    )
    page.wait_for_function(script, arg=least, timeout=4 * MINUTE)


def button(page: Any, name: str) -> Any:
    return page.locator(".rao").get_by_role("button", name=name, exact=True)


def choose_telling_task(page: Any) -> None:
    """Opens the task whose roots lie furthest apart."""
    rows = page.locator(".rao button.group")
    spreads = [float(text) if text != "\u2013" else -1.0 for text in rows.locator(".fig").all_inner_texts()]
    rows.nth(spreads.index(max(spreads))).click()
    page.wait_for_selector(".rao [role=treeitem]")


@pytest.mark.slow  # two minutes: a whole training; tests below look at its parts
def test_the_notebook_from_run_all_to_the_end(
    pages: Any, lab: Lab, repo: Path, shots: Callable[[Any, str], None]
) -> None:
    page = watched(pages, notebook(lab, repo, 24), 1620, 1000)
    state_is(page, "live")
    page.wait_for_function("() => /alive/.test(document.querySelector('.rao .progress .now')?.textContent)")
    at_step(page, 1)
    shots(page, "board_live_light")

    # A node is there while it works, before its step has any credit.
    show_view(page, "Tree")
    live = "[aria-label*=computing], [aria-label*=waits]"
    page.wait_for_selector(f".rao [role=treeitem]:is({live})", state="attached")
    shots(page, "tree_live_light")

    # Pause: seen at once, come about soon, nothing goes on; resume goes on.
    show_view(page, "Board")
    button(page, "Pause").click()
    page.wait_for_function(f"() => ({STATE})().startsWith('paus')", timeout=1000)
    state_is(page, "paused")
    here = step_of(page)
    page.wait_for_timeout(2500)
    assert step_of(page) == here
    assert "kept" in page.locator(".rao .progress .now").inner_text() or here == 0
    shots(page, "board_paused_light")

    # The board answers while training rests: another step, its tasks, a tree, credit, what-if.
    at_step(page, 1)
    page.locator(".rao .steps").focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    page.wait_for_selector(".rao .step-panel b:has-text('step 1')")
    choose_telling_task(page)
    walk_to_credit_and_child(page, shots)
    move_lambda(page, shots)

    show_view(page, "Board")
    button(page, "Resume").click()
    state_is(page, "live")
    at_step(page, here + 1)
    state_is(page, "finished", 6 * MINUTE)
    assert page.locator(".rao .hand").is_hidden()
    assert button(page, "Pause").count() == 0
    shots(page, "board_finished_light")
    assert not pages.errors


def walk_to_credit_and_child(page: Any, shots: Callable[[Any, str], None]) -> None:
    """Tree, inspector, credit, and from a chip to a child."""
    rows = page.locator(".rao [role=treeitem]")
    rows.first.click()
    assert page.locator(".rao [role=treeitem][aria-selected=true]").count() == 1
    page.wait_for_selector(".rao .inspector .code, .rao .inspector pre")
    page.keyboard.press("3")
    page.wait_for_selector(".rao .waterfall")
    assert page.locator(".rao .formulas").is_visible()
    shots(page, "credit_light")
    page.keyboard.press("1")
    chips = page.locator(".rao .inspector .chip")
    if chips.count():
        chips.first.click()
        page.wait_for_selector(".rao .inspector .who .label:has-text('0.0')")


def move_lambda(page: Any, shots: Callable[[Any, str], None]) -> None:
    """The what-if bar counts the signs that flip at another lambda, and takes them back."""
    slider = page.locator(".rao").get_by_role("slider", name="lambda").first
    slider.focus()
    flips = 0
    for key in ("Home", "End"):
        page.keyboard.press(key)
        words = page.locator(".rao .whatif .words").inner_text()
        assert "same rollouts, other credit" in words
        found = re.search(r"([\d,]+) of [\d,]+ in the step", words.replace("\n", " "))
        flips += int(found[1].replace(",", "")) if found else 0
    assert flips > 0
    shots(page, "whatif_light")
    button(page, "Reset").click()
    assert "As recorded" in page.locator(".rao .whatif .words").inner_text()


@pytest.mark.slow  # fifteen seconds; keys are tried in tests/browser/test_page.py, too
def test_by_keys_alone_in_the_dark(
    pages: Any, dark_lab: Lab, repo: Path, shots: Callable[[Any, str], None]
) -> None:
    page = watched(pages, notebook(dark_lab, repo, 10), 1120, 800)
    assert page.locator(".rao").get_attribute("data-theme") == "dark"
    at_step(page, 2)
    shots(page, "board_dark_drawer")
    page.locator(".rao .hand button").first.focus()
    page.keyboard.press("Space")  # Pause, from the keyboard
    state_is(page, "paus")
    page.keyboard.press("Space")  # the focus stayed: now it reads Resume
    state_is(page, "live")
    state_is(page, "finished", 5 * MINUTE)
    slider = page.locator(".rao .steps")
    slider.focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    assert slider.get_attribute("aria-valuenow") == "1"
    assert "step 1, medium" in slider.get_attribute("aria-valuetext")
    page.keyboard.press("Shift+ArrowRight")
    assert slider.get_attribute("aria-valuenow") == "2"
    page.wait_for_selector(".rao .step-panel b:has-text('step 2')")
    first = page.locator(".rao button.group").first
    first.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".rao [role=treeitem]")
    # The outline has the focus: arrows walk, 3 opens the credit, Escape leads back.
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("3")
    page.wait_for_selector(".rao .credit")
    shots(page, "credit_dark_drawer")
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("0")
    page.keyboard.press("Enter")
    assert page.locator(".rao [role=treeitem][aria-selected=true]").count() == 1
    shots(page, "tree_dark_drawer")
    # JupyterLab did not hear these keys: no cell was added, removed or left.
    written = json.loads((repo / "notebooks" / NOTEBOOK).read_text("utf-8"))["cells"]
    code = sum(cell["cell_type"] == "code" for cell in written)
    assert page.locator(".jp-Notebook .jp-CodeCell").count() == code
    assert not pages.errors


FOLLOW = """
import rao_lab as rl
run = rl.open_run({path!r}, follow=True)
view = rl.Explorer(run, view="board")
view
"""


def test_a_run_that_another_process_writes_is_followed_and_found_again_after_a_reload(
    pages: Any, lab: Lab, tmp_path: Path, shots: Callable[[Any, str], None]
) -> None:
    from rao_lab.store import RunWriter
    from tests.support.live import TRAIN, finish, record_events, script

    path = tmp_path / "other.rao"
    with RunWriter(path, {"train": {**TRAIN["train"], "steps": 8}}) as writer:
        for step in (1, 2):
            writer.begin_step(step)
            finish(writer, step, script(step)[1])
        address = lab.notebook("follow.ipynb", [FOLLOW.format(path=str(path))])
        page = pages.open("", 1500, 950)
        page.set_default_timeout(MINUTE)
        open_notebook(page, address)
        run_all(page)
        page.wait_for_selector(".rao .board", state="visible")
        state_is(page, "live, trained elsewhere")
        assert page.locator(".rao .hand").is_hidden()
        assert step_of(page) == 2
        writer.begin_step(3)
        told, groups = script(3)
        record_events(writer, told, 8)
        page.wait_for_function(
            "() => /alive/.test(document.querySelector('.rao .progress .now')?.textContent)"
        )
        finish(writer, 3, groups)
        at_step(page, 3)
        # The kernel lives on: a reloaded page finds the widget's output and asks for everything again.
        page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
        page.wait_for_timeout(1000)
        page.goto(address.replace("&reset", ""))
        page.wait_for_selector(".rao .board", state="visible")
        assert step_of(page) == 3
        page.wait_for_selector(".rao button.group")
        shots(page, "board_followed_light")
    page.wait_for_function(
        "() => /Nobody writes/.test(document.querySelector('.rao .line-state')?.textContent)"
    )
    shots(page, "board_stopped_light")


def test_one_step_at_a_time_and_on_from_another_view(pages: Any, lab: Lab, repo: Path) -> None:
    page = watched(pages, notebook(lab, repo, 40), 1300, 900)
    at_step(page, 1)
    button(page, "Pause").click()
    state_is(page, "paused")
    here = step_of(page)
    for more in (1, 2):
        button(page, "One step").click()
        at_step(page, here + more)
        state_is(page, "paused")
        page.wait_for_timeout(1500)
        assert step_of(page) == here + more
    show_view(page, "Tree")
    page.locator(".rao .line-state button", has_text="Resume").click()
    page.locator(".rao .line-state", has_text="Paused").wait_for(state="hidden")
    page.get_by_title("To the board").click()
    button(page, "Stop").click()
    state_is(page, "stopped")
    assert not pages.errors


def test_running_a_cell_twice_stops_the_earlier_training(pages: Any, lab: Lab, repo: Path) -> None:
    cells = json.loads((repo / "notebooks" / NOTEBOOK).read_text("utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    training, board = (
        next(cell for cell in code if word in cell) for word in ("rl.start", "session.board()")
    )
    twice = [code[0], training, "first = session", training, board, "print(first.state, session.state)"]
    shutil.rmtree(lab.folder / "runs", ignore_errors=True)
    page = pages.open("", 1300, 900)
    page.set_default_timeout(2 * MINUTE)
    open_notebook(page, lab.notebook("twice.ipynb", twice))
    run_all(page)
    page.wait_for_selector(".jp-OutputArea-output pre:has-text('stopped training')")
    button(page, "Stop").click()
    state_is(page, "stopped")


def test_notebooks_are_kept_without_what_they_printed(repo: Path) -> None:
    for path in sorted((repo / "notebooks").glob("*.ipynb")):
        code = [cell for cell in json.loads(path.read_text("utf-8"))["cells"] if cell["cell_type"] == "code"]
        assert code and all(not cell["outputs"] and cell["execution_count"] is None for cell in code), (
            path.name
        )

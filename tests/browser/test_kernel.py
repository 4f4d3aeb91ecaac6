"""The kernel goes while an Explorer is on view: what stands there stays true, and the rest says why it is not."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.lab import IDLE, Lab, open_notebook, run_all, show_view

pytestmark = pytest.mark.browser

SHOW = "import os\nfrom tests.support.trees import decode, showcase_group\nimport rao_lab as rl\n"
STATIC = SHOW + "print('pid', os.getpid(), '.')\nrl.Explorer(showcase_group(), tokenizer=decode)"
NOTEBOOK = "jupyterapp.shell.currentWidget.context"


def shot(page: Any, name: str) -> None:
    """Goes to the folder that `RAO_SHOTS` names, if it is set."""
    if folder := os.environ.get("RAO_SHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(Path(folder) / f"{name}.png"))


def opened(pages: Any, lab: Lab, name: str, cell: str) -> Any:
    page = pages.open("", width=1620, height=1000)
    page.set_default_timeout(120_000)
    open_notebook(page, lab.notebook(name, [cell]))
    run_all(page)
    page.locator(".rao").first.wait_for()
    return page


def pid_of(page: Any) -> int:
    words = page.locator(".jp-OutputArea-output pre", has_text="pid ").first.inner_text()
    return int(words.split()[1])


def kill(page: Any) -> None:
    os.kill(pid_of(page), signal.SIGKILL)
    page.locator(".jp-Dialog button", has_text="Ok").click()  # JupyterLab tells that it starts another


def restart(page: Any) -> None:
    page.evaluate(f"void {NOTEBOOK}.sessionContext.session.kernel.restart()")


def shut_down(page: Any) -> None:
    page.evaluate(f"void {NOTEBOOK}.sessionContext.shutdown()")


LOSES = (
    SHOW
    + """
view = rl.Explorer(showcase_group(), tokenizer=decode, view="credit")
heard, lost = view._feed.take, []
view._feed.take = lambda message: heard(message) if lost else lost.append(message)
view
"""
)


def test_a_request_that_is_lost_is_sent_again(pages: Any, lab: Lab) -> None:
    page = opened(pages, lab, "lost.ipynb", LOSES)
    page.locator(".rao .state", has_text="No answer from the kernel for").wait_for()
    page.locator(".rao .credit .formulas").wait_for()
    assert page.locator(".rao .line-state").is_hidden()
    assert not pages.errors


TRAIN = (
    SHOW
    + """
env = rl.environments.TextCraft(difficulty="medium", seed=0)
config = rl.TrainConfig(steps=500, tasks_per_step=2, group_size=4, seed=0)
session = rl.start(env, rl.load_policy("tiny"), config, store="went.rao")
print('pid', os.getpid(), '.')
session.board()
"""
)


def anew(page: Any) -> None:
    """Runs the cell in the kernel that came after."""
    before = pid_of(page)
    page.wait_for_function(IDLE)
    run_all(page)
    other = "pid => { const said = document.querySelector('.jp-OutputArea-output pre')?.innerText; "
    other += "return /pid \\d/.test(said) && !said.includes(pid); }"
    page.wait_for_function(other, arg=f"pid {before} ")
    page.locator(".rao").first.wait_for()


def test_a_kernel_is_waited_for_and_without_it_no_node_has_the_text_of_another(pages: Any, lab: Lab) -> None:
    """In one notebook: a JupyterLab that opens takes seconds."""
    page = opened(pages, lab, "static.ipynb", STATIC)
    does_not_answer(page)
    for end in (kill, restart, shut_down):
        if end is not kill:
            anew(page)
        is_without(page, end)


def is_without(page: Any, end: Callable[[Any], None]) -> None:
    rows = page.locator(".rao [role=treeitem]")
    pane = page.locator(".rao .inspector .pane")
    rows.nth(1).click()
    pane.locator(".code").first.wait_for()
    read = pane.inner_text()
    end(page)
    line = page.locator(".rao .line-state", has_text="The kernel is gone")
    line.wait_for()
    assert "Run the cell again" in line.inner_text()
    rows.nth(3).click()
    pane.get_by_text("Not read before the kernel went").wait_for()
    page.keyboard.press("2")
    pane.get_by_text("Not read before the kernel went").wait_for()
    shot(page, f"gone_{end.__name__}")
    page.keyboard.press("1")
    rows.nth(1).click()  # what was read before is still here
    page.wait_for_function("read => document.querySelector('.rao .pane').innerText === read", arg=read)
    slider = page.get_by_role("slider", name="lambda")
    slider.focus()
    slider.press("End")
    assert "same rollouts, other credit" in page.locator(".rao .whatif .words").inner_text()


def does_not_answer(page: Any) -> None:
    """The kernel, for a while: its answer comes after all."""
    pane = page.locator(".rao .inspector .pane")
    pane.locator(".code").first.wait_for()
    pid = pid_of(page)
    os.kill(pid, signal.SIGSTOP)
    try:
        page.locator(".rao [role=treeitem]").nth(2).click()
        assert pane.inner_text().strip() == ""
        line = page.locator(".rao .line-state", has_text="No answer from the kernel")
        line.wait_for()
    finally:
        os.kill(pid, signal.SIGCONT)
    pane.locator(".code").first.wait_for()
    line.wait_for(state="hidden")


def test_training_that_ended_with_its_kernel_cannot_be_steered(pages: Any, lab: Lab) -> None:
    page = opened(pages, lab, "went.ipynb", TRAIN)
    mark = page.locator(".rao .state-mark")
    page.wait_for_function("() => /step [1-9]/.test(document.querySelector('.rao .progress b')?.textContent)")
    page.locator(".rao").get_by_role("button", name="Pause", exact=True).wait_for()
    kill(page)
    line = page.locator(".rao .line-state", has_text="training with it")
    line.wait_for()
    assert 'rl.start(..., store="went.rao", resume=True) goes on' in line.inner_text()
    assert mark.inner_text() == "kernel gone"
    assert page.locator(".rao .hand").is_hidden()
    progress = page.locator(".rao .progress").inner_text()
    assert "left" not in progress and "now" not in progress
    shot(page, "gone_board")
    show_view(page, "Tree")
    page.locator(".rao .line-state", has_text="training with it").wait_for()
    shot(page, "gone_board_tree")


@pytest.mark.slow
def test_the_kernel_calls_a_rule_of_the_user_for_the_what_if_bar(pages: Any, lab: Lab) -> None:
    cell = SHOW + "rl.Explorer(showcase_group(), rules={'halved': lambda n: (n.R - n.b) / 2}, view='credit')"
    page = opened(pages, lab, "rules.ipynb", cell)
    page.get_by_label("estimator").first.select_option("halved")
    page.locator(".credit .sentence", has_text="The rule halved gives it an advantage of").wait_for()
    before = page.locator(".credit .sentence").inner_text()
    page.get_by_role("slider", name="lambda").press("End")
    page.wait_for_function(
        "before => document.querySelector('.credit .sentence').innerText !== before && "
        "document.querySelector('.credit .sentence').innerText.includes('halved')",
        arg=before,
    )
    assert page.locator(".whatif .words").inner_text().startswith("same rollouts, other credit")
    shot(page, "rule_in_the_kernel")
    assert pages.errors == []

"""Forks that are asked for in a notebook: the form's Run, against a kernel."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

import rao_lab as rl
from tests.browser.lab import Lab, open_notebook, run_all
from tests.browser.test_kernel import NOTEBOOK, pid_of, shot

pytestmark = pytest.mark.browser

CELL = """
import os
import rao_lab as rl
print('pid', os.getpid(), '.')
view = rl.Explorer(rl.open_run({path!r}), fork=rl.fork)
view
"""


def test_forks_run_from_the_form_of_a_notebook_and_appear_beside_their_tree(
    pages: Any, lab: Lab, tmp_path: Path
) -> None:
    path = tmp_path / "a.rao"
    policy = rl.load_policy("tiny", device="cpu")
    few = {"tasks_per_step": 1, "group_size": 2, "probe_tasks": 0}
    env = rl.environments.TextCraft(difficulty="medium", seed=0)
    list(rl.train(env, policy, rl.default_config(policy, steps=1, **few), store=path))
    page = pages.open("", width=1366, height=1000)
    page.set_default_timeout(120_000)
    open_notebook(page, lab.notebook("forks.ipynb", [CELL.format(path=str(path))]))
    run_all(page)
    rao = page.locator(".rao").first
    rao.wait_for()
    rao.get_by_role("tab", name="Forks").click()
    run = rao.get_by_role("button", name="Run", exact=True)
    said = rao.locator(".fork-hand .said")
    times = rao.locator(".fork-form input")
    times.fill("2")
    shot(page, "fork_form")
    run.click()
    said.get_by_text("sampled again").wait_for()
    sets = rao.locator(".part:has(table.changes)")
    sets.nth(0).wait_for()
    assert rao.locator(".chip.ghost").count() == 2
    shot(page, "fork_again")
    rao.get_by_label("Change").select_option("action")
    rao.locator("textarea").fill("finish('no')")
    run.click()
    said.get_by_text("after this action").wait_for()
    sets.nth(1).wait_for()
    assert rao.locator(".chip.ghost").count() == 4
    assert rao.locator("textarea").input_value() == "finish('no')"
    shot(page, "fork_action")
    rao.locator(".fork-form select").first.select_option("2")
    rao.get_by_label("Change").select_option("goal")
    run.click()
    said.get_by_text("Not made: ").wait_for()
    shot(page, "fork_error")
    assert len(said.inner_text().splitlines()) == 1 and run.is_enabled()
    rao.locator(".fork-form select").nth(1).select_option("again")
    pid = pid_of(page)
    os.kill(pid, signal.SIGSTOP)
    try:
        run.click()
        said.get_by_text("The kernel is asked").wait_for()
        assert run.is_disabled()
    finally:
        os.kill(pid, signal.SIGCONT)
    sets.nth(2).wait_for()
    page.evaluate(f"void {NOTEBOOK}.sessionContext.shutdown()")
    page.wait_for_function("() => document.querySelector('.rao .fork-hand button').disabled")
    assert pages.errors == []

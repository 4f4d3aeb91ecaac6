"""Forks in a saved page: which tree is the original, which is a fork, and why a fork has no credit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import rao_lab as rl

pytestmark = pytest.mark.browser
TRAINED = Path(__file__).parents[2] / "data" / "pathologies" / "lambda_1.rao"


def test_original_and_forks_are_named_and_a_fork_says_why_it_has_no_credit(
    pages: Any, tmp_path: Path
) -> None:
    with rl.open_run(TRAINED) as run:
        tree = run.trees(12)[3].load()
        policy = rl.load_policy("tiny")
        found = rl.fork(
            tree,
            "0.0",
            rest="continued",
            run=run,
            policy=policy,
            goal="Craft: 1x d5",
            repeats=2,
            progress=False,
        )
        rl.Explorer(found).save_html(tmp_path / "a.html")
    page = pages.open((tmp_path / "a.html").as_uri())
    bar = page.locator(".rao .words").first
    page.get_by_title("Choose a tree").click()
    assert page.locator(".menu button", has_text="tree 4, original of 2 forks").count() == 1
    assert page.locator(".menu button", has_text="original").count() == 1
    page.keyboard.press("Escape")
    assert bar.inner_text().startswith("As recorded.")
    page.get_by_title("Choose a task").click()
    page.locator(".menu button", has_text="forks").click()
    assert page.locator(".place .here").inner_text().strip() == "fork 1 of 2"
    assert bar.inner_text().startswith("A fork has no credit: no step counts it.")
    page.get_by_title("Choose a tree").click()
    assert page.locator(".menu button", has_text="fork 2").count() == 1
    page.screenshot(path=tmp_path / "a.png")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Icicle").click()
    assert page.locator(".outline .row", has_text="fork 2").count() == 1
    assert pages.errors == []


def test_forks_of_a_run_name_it_fit_their_panel_and_say_what_their_weights_count(
    pages: Any, tmp_path: Path
) -> None:
    with rl.open_run(TRAINED) as run:
        tree = run.trees(12)[3].load()
        policy = rl.load_policy("tiny")
        found = rl.fork(tree, "0.0", rest="continued", run=run, policy=policy, repeats=12, progress=False)
        rl.Explorer(found).save_html(tmp_path / "forks.html")
        rl.Explorer(found.group).save_html(tmp_path / "group.html")
        rl.Explorer(run, step=12).save_html(tmp_path / "run.html")
    page = pages.open((tmp_path / "forks.html").as_uri(), width=935)
    page.get_by_role("tab", name="Forks").click()
    page.locator(".fork-lines pre").nth(1).wait_for(timeout=60_000)
    assert (
        "makes no forks: these lines are for a machine that has the run"
        in page.locator(".inspector").inner_text()
    )
    python, command = page.locator(".fork-lines pre").all_inner_texts()
    assert python.startswith('rl.fork(tree, "0.0"') and TRAINED.name in python and "environment" not in python
    assert command.startswith("rao-lab fork ") and f"--step 12 --tree {found.group.index}.3 " in command
    right = page.locator(".fork-head").bounding_box()
    for inner in page.locator(".fork-head .right, table.changes td span").all():
        box = inner.bounding_box()
        assert box["x"] + box["width"] <= right["x"] + right["width"] + 0.5
    for name, rule, whole in (
        ("forks", "As recorded", "this group"),
        ("group", "By the usual rule", "this group"),
        ("run", "As recorded", "the step"),
    ):
        page = pages.open((tmp_path / f"{name}.html").as_uri(), width=1366)
        page.locator(".whatif .words", has_text=rule).wait_for(timeout=60_000)
        page.get_by_role("tab", name="Credit").click()
        page.get_by_text(f"Nodes at each depth in {whole}").wait_for(timeout=60_000)
        assert page.get_by_text(f"This tree in {whole}").count() == 1
        assert page.locator(".credit .alone").count() == (name != "run")
    assert pages.errors == []

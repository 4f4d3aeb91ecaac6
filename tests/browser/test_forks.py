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

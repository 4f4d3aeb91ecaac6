"""The widget in a notebook cell, with a real kernel and nothing that trains."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.lab import Lab, chosen, open_notebook, run_all

pytestmark = pytest.mark.browser

SHOW = "from tests.support.trees import decode, showcase_group\nimport rao_lab as rl"


def test_a_cell_shows_a_tree_its_messages_and_its_credit_and_keeps_a_picture(pages: Any, lab: Lab) -> None:
    """One notebook serves all of it: a JupyterLab that opens takes seconds."""
    page = pages.open("", width=1100, height=800)
    page.set_default_timeout(120_000)
    cell = f"{SHOW}\nrl.Explorer(showcase_group(), tokenizer=decode, height=640)"
    open_notebook(page, lab.notebook("static.ipynb", [cell]))
    run_all(page)
    page.locator(".rao").first.wait_for()
    keeps_a_still_picture_and_words(page)
    follows_the_lab_not_the_system(page)
    page.set_viewport_size({"width": 1600, "height": 1000})
    text = page.locator(".rao .inspector .pane pre").first
    text.wait_for()
    assert text.evaluate("pre => getComputedStyle(pre).wordBreak") == "normal"  # not broken by JupyterLab

    page.get_by_title("Choose a tree").click()
    page.locator(".menu button", has_text="tree 3").click()
    page.get_by_role("treeitem", name="0.1, 1x c3_i2").click()
    page.locator(".inspector .pane", has_text="The three do not depend").wait_for()
    slider = page.get_by_role("slider", name="lambda")
    slider.focus()
    slider.press("End")
    assert "sign changed" in page.get_by_role("treeitem", name="0.1.0, 3x a2_i5").get_attribute("aria-label")
    page.locator(".rao [role=tree]").focus()
    for key in ("a", "b", "d", "d", "x", "3"):  # in command mode JupyterLab would cut or add cells
        page.keyboard.press(key)
    page.locator(".credit .sentence").wait_for()
    assert page.locator(".jp-Notebook .jp-CodeCell").count() == 1
    page.locator(".credit .source", has_text="0.1.1").first.click()
    assert chosen(page).startswith("0.1.1, 1x f1_i6")
    assert pages.errors == []


def keeps_a_still_picture_and_words(page: Any) -> None:
    """What the notebook would save."""
    page.locator(".rao [role=treeitem]").first.wait_for(state="attached")
    cell = "jupyterapp.shell.currentWidget.content.widgets[0].model.toJSON()"
    data = page.evaluate(f"{cell}.outputs.at(-1).data")
    text = {name: "".join(value) for name, value in data.items() if name.startswith("text/")}
    assert "<svg" in text["text/html"] and "<script" not in text["text/html"]
    assert "2x m5_i3, 1x c3_i2" in text["text/plain"]


def follows_the_lab_not_the_system(page: Any) -> None:
    assert page.locator(".rao").get_attribute("data-theme") == "light"
    for name in ("Dark", "Light"):
        page.evaluate(f"jupyterapp.commands.execute('apputils:change-theme', {{theme: 'JupyterLab {name}'}})")
        page.locator(f".rao[data-theme={name.lower()}]").wait_for()

"""Palette and type follow the host: read once the view is attached, and drawn again at each change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import rao_lab as rl
from tests.browser.lab import REPO, Lab, open_notebook, run_all

pytestmark = pytest.mark.browser

CORNER = """selector => {
  const canvas = document.querySelector(selector);
  return Array.from(canvas.getContext('2d').getImageData(2, canvas.height - 3, 1, 1).data.slice(0, 3));
}"""
DETACHED = """async source => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const text = document.getElementById('bundle').textContent.replaceAll('<\\\\/script', '</' + 'script');
  const url = URL.createObjectURL(new Blob([text], { type: 'text/javascript' }));
  const bundle = await import(url);
  document.getElementById('explorer').remove();
  const place = document.createElement('div');
  data.traits.saved = '';
  bundle.renderSaved(data, place);
  await new Promise(done => setTimeout(done, 100));
  document.body.append(place);
}"""


PLOTS = """() => [...document.querySelectorAll('.rao .board .plot canvas')].map(canvas => {
  const rule = getComputedStyle(canvas).getPropertyValue('--rule').slice(1).match(/../g).map(v => parseInt(v, 16));
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let found = 0;
  for (let i = 0; i < data.length; i += 4)
    if (data[i + 3] === 255 && rule.every((v, c) => Math.abs(data[i + c] - v) < 2)) found += 1;
  return found;
})"""
PLACES = """() => [...document.querySelectorAll('.rao .board :is(.plot canvas, .side, .groups)')]
  .map(e => e.getBoundingClientRect()).map(b => [b.x, b.y, b.width, b.height].map(Math.round).join())"""


def unit(page: Any) -> float:
    return float(
        page.locator(".rao").evaluate("e => parseFloat(getComputedStyle(e).getPropertyValue('--unit'))")
    )


def theme(page: Any) -> str:
    return page.locator(".rao").get_attribute("data-theme")


def test_a_view_that_is_made_before_it_is_attached_reads_the_host_then(pages: Any, saved: Path) -> None:
    page = pages.open(saved.as_uri())
    style = "document.documentElement.style.cssText = '--jp-ui-font-size1: 17px; --jp-ui-font-family: serif'"
    page.evaluate(style)
    page.evaluate(DETACHED)
    page.locator(".rao [role=treeitem]").first.wait_for(state="attached")
    page.wait_for_function("() => document.querySelector('.rao').style.getPropertyValue('--unit') === '17px'")
    assert page.locator(".rao").evaluate("e => getComputedStyle(e).fontFamily") == "serif"
    assert pages.errors == []


def test_larger_type_is_heard_and_folds_zones_instead_of_cutting_words(pages: Any, saved: Path) -> None:
    page = pages.open(saved.as_uri(), width=1366, height=768)
    page.locator(".rao[data-size=full]").wait_for()
    page.evaluate("document.documentElement.style.setProperty('--jp-ui-font-size1', '19.5px')")
    page.locator(".rao[data-size=drawer]").wait_for()
    assert unit(page) == 19.5
    outside = """() => [...document.querySelectorAll('.rao .top button, .rao .whatif button, .rao .whatif .words')]
      .filter(e => e.offsetParent && e.getBoundingClientRect().right > innerWidth + 1).map(e => e.textContent)"""
    assert page.evaluate(outside) == []
    page.evaluate("document.documentElement.style.removeProperty('--jp-ui-font-size1')")
    page.locator(".rao[data-size=full]").wait_for()


def test_the_theme_of_the_host_wins_over_the_system(pages: Any, saved: Path) -> None:
    page = pages.open(saved.as_uri(), theme="dark")
    page.locator(".rao[data-theme=dark]").wait_for()
    page.evaluate("document.documentElement.style.cssText = 'background: #fff; color-scheme: light'")
    page.evaluate("document.body.className = 'light'")  # marimo says its theme by a class
    page.locator(".rao[data-theme=light]").wait_for()
    page.evaluate("document.documentElement.style.background = '#181c1a'")
    page.locator(".rao[data-theme=dark]").wait_for()
    assert page.locator(".rao").evaluate("e => e.style.getPropertyValue('--page')") == "#181c1a"
    assert pages.errors == []


def test_the_ground_and_the_type_of_marimo_are_followed(pages: Any, saved: Path) -> None:
    # marimo tells its theme by a class, its ground as a colour of CSS Color 4, its type by names of its own.
    page = pages.open(saved.as_uri())
    for ground, theme_, hex_ in (
        ("color(srgb 0.0941176 0.109804 0.101961)", "dark", "#181c1a"),
        ("oklch(1 0 0)", "light", "#ffffff"),
        ("hsl(0 0% 20%)", "dark", "#333333"),
    ):
        page.evaluate("ground => { document.documentElement.style.background = ground }", ground)
        page.evaluate("theme => { document.body.className = theme }", theme_)
        page.locator(f".rao[data-theme={theme_}]").wait_for()
        assert page.locator(".rao").evaluate("e => e.style.getPropertyValue('--page')") == hex_
    page.evaluate("document.body.style.cssText = '--text-font: fantasy; --monospace-font: cursive'")
    page.wait_for_function("() => getComputedStyle(document.querySelector('.rao')).fontFamily === 'fantasy'")
    assert page.locator(".rao").evaluate("e => e.style.getPropertyValue('--mono')") == "cursive"
    page.evaluate("document.body.style.setProperty('--jp-ui-font-family', 'serif')")
    page.wait_for_function("() => getComputedStyle(document.querySelector('.rao')).fontFamily === 'serif'")
    assert pages.errors == []


def test_colours_that_come_after_the_name_of_a_theme_reach_the_plots(pages: Any, saved: Path) -> None:
    page = pages.open(saved.as_uri())
    page.locator(".rao .stage canvas").first.wait_for()
    page.evaluate("document.body.dataset.jpThemeLight = 'false'")  # JupyterLab says it first
    page.locator(".rao[data-theme=dark]").wait_for()
    page.wait_for_timeout(700)
    page.evaluate("document.body.style.setProperty('--jp-layout-color1', '#101418')")  # its sheets come later
    page.wait_for_function(
        "() => document.querySelector('.rao').style.getPropertyValue('--page') === '#101418'"
    )
    page.wait_for_function(f"() => ({CORNER})('.rao .stage canvas').join() === '16,20,24'")
    assert pages.errors == []


def test_jupyterlab_changes_its_theme_while_the_board_is_shown(pages: Any, lab: Lab, tmp_path: Path) -> None:
    # JupyterLab is hidden at the moment in which it tells its new theme: nothing can be measured then.
    from tests.browser.test_board import saved_run

    saved_run(tmp_path, 6)
    page = pages.open("", width=1366, height=768)
    page.set_default_timeout(60_000)
    cell = f"import rao_lab as rl\nrl.Explorer(rl.open_run({str(tmp_path / '6.rao')!r}), view='board')"
    open_notebook(page, lab.notebook("themes.ipynb", [cell]))
    run_all(page)
    page.locator(".rao button.group").first.wait_for()
    places = page.evaluate(PLACES)
    change = "name => window.jupyterapp.commands.execute('apputils:change-theme', { theme: name })"
    for name in ("Dark", "Light"):
        page.evaluate(change, f"JupyterLab {name}")
        page.locator(f".rao[data-theme={name.lower()}]").wait_for()
        page.wait_for_timeout(700)
        assert min(page.evaluate(PLOTS)) > 60, f"plots are not in the colours of {name}"
        assert page.evaluate(PLACES) == places, f"the board is laid out anew in {name}"
    assert pages.errors == []


@pytest.mark.slow  # eight seconds
def test_a_projector_has_the_whole_window_and_a_narrow_cell_keeps_step_and_credit(
    pages: Any, lab: Lab, tmp_path: Path
) -> None:
    from tests.browser.test_board import saved_run

    saved_run(tmp_path, 6)
    page = pages.open("", width=910, height=512, device_scale_factor=1.5)  # 1366 x 768 at 150 %
    page.set_default_timeout(60_000)
    cell = f"import rao_lab as rl\nrl.Explorer(rl.open_run({str(tmp_path / '6.rao')!r}))"
    open_notebook(page, lab.notebook("projector.ipynb", [cell]))
    run_all(page)
    page.locator(".rao[data-size=tiny], .rao[data-size=small]").first.wait_for()
    top = page.locator(".rao .top")
    for part in (top.get_by_role("slider", name="Step"), top.locator(".control", has_text="rao")):
        part.wait_for()
    button = page.get_by_role("button", name="Whole window")
    button.click()
    page.locator(".rao.window[data-size=drawer]").wait_for()
    box = page.locator(".rao").bounding_box()
    assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, 910, 512)
    hit = "() => document.elementFromPoint(5, 250).closest('.rao') !== null"
    assert page.evaluate(hit), "something lies over the window"
    assert page.locator(".whatif").is_visible() and page.locator(".stage canvas").first.is_visible()
    page.locator(".rao [role=tree]").focus()
    page.keyboard.press("Escape")
    page.locator(".rao:not(.window)").wait_for()
    assert page.locator(".rao").bounding_box()["height"] == 520
    assert pages.errors == []


def test_the_card_of_shapes_symbols_and_keys(pages: Any, saved: Path) -> None:
    for width in (1366, 700, 480):
        page = pages.open(saved.as_uri(), width=width, height=560)
        page.locator(".rao [role=tree]").focus()
        page.keyboard.press("?")
        card = page.get_by_role("dialog", name="What shapes, symbols and keys mean")
        for words in (
            "succeeded",
            "not scored",
            "advantage",
            "largest |A| of the tree",
            "launched together",
            "search",
        ):
            card.get_by_text(words).first.scroll_into_view_if_needed()
        assert card.locator("svg.mark").count() == 9
        page.keyboard.press("Escape")
        assert card.count() == 0
        page.keyboard.press("ArrowDown")  # the nodes have the keyboard again
        assert "0." in page.locator(".rao [role=treeitem][aria-selected=true]").get_attribute("aria-label")
    assert pages.errors == []


def test_the_line_under_the_tree_says_the_true_ends_of_tint_and_bar(pages: Any, saved: Path) -> None:
    page = pages.open(saved.as_uri(), width=1366, height=768)
    page.locator(".rao [role=treeitem]").first.wait_for()
    labels = page.locator(".rao [role=treeitem]").evaluate_all("all => all.map(e => e.ariaLabel)")
    values = [float(label.split("advantage ")[1].split(",")[0].replace("−", "-")) for label in labels]
    most = f"{max(map(abs, values)):.2f}"
    bar = page.locator(".rao .legend .key", has_text="bar")
    assert bar.inner_text().split("\n")[-1] == f"−{most} to +{most}" and most != "1.00"
    ramp = page.locator(".rao .legend .ramp").first
    cover = "e => getComputedStyle(e, '::after').opacity"
    assert ramp.evaluate(cover) == "0.83", "the tint of a near card is 17 % of the ramp"
    page.locator(".rao [role=tree]").focus()
    for _ in range(30):
        page.keyboard.press("-")
    page.locator(".rao .legend .key", has_text="discA").wait_for()
    assert not bar.is_visible() and ramp.evaluate(cover) == "1"


def test_the_wide_letters_of_a_host_cut_no_switch_and_break_no_heading(
    pages: Any, saved: Path, tmp_path: Path
) -> None:
    run = rl.open_run(REPO / "data" / "pathologies" / "as_it_should_be.rao")
    rl.Explorer(run).save_html(tmp_path / "run.html", steps=[11, 12])
    page = pages.open(
        (tmp_path / "run.html").as_uri(), width=663
    )  # Notebook 7 in a window of 700, `system-ui`
    family = "document.documentElement.style.setProperty('--jp-ui-font-family', 'DejaVu Sans')"
    page.evaluate(family)
    cut = """() => [...document.querySelectorAll('.rao .top .switch, .rao .top button')]
      .filter(e => e.offsetParent && !e.closest('.place'))
      .filter(e => e.scrollWidth > e.clientWidth + 1 || e.getBoundingClientRect().right > innerWidth)
      .map(e => e.textContent)"""
    for width in (663, 700, 580, 858):
        page.set_viewport_size({"width": width, "height": 760})
        page.locator(".rao[data-size=small]").wait_for()
        page.wait_for_timeout(200)
        assert page.evaluate(cut) == [], width
        assert page.locator(".rao .place .here").bounding_box()["width"] > 40, width
    page = pages.open(saved.as_uri())
    page.evaluate("document.documentElement.style.setProperty('--jp-ui-font-size1', '19.5px')")
    page.evaluate(family)
    page.set_viewport_size({"width": 1366, "height": 760})
    page.locator(".rao[data-size=drawer]").wait_for()
    for heading in page.locator(".inspector .part > .top-line b").all():
        lines = heading.evaluate("e => { const r = document.createRange(); r.selectNodeContents(e);"
                                 " return new Set([...r.getClientRects()].map(b => b.top)).size; }")  # fmt: skip
        assert lines == 1

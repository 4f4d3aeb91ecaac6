"""The views in other places than JupyterLab on this machine: `data/docs/places.md` says what works in each.

Notebook 7 and marimo are installed into an environment of their own, beside the packages of this one.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import sysconfig
import time
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.lab import REPO, open_notebook, run_all, serve
from tests.browser.test_kernel import SHOW, STATIC, TRAIN, shot
from tests.browser.test_saved_notebook import VIEW, saved_output

pytestmark = [pytest.mark.browser, pytest.mark.slow]

INSTALLED = ("notebook==7.6.5", "marimo==0.25.2")
APP = f"""
import marimo
app = marimo.App(width="full")
@app.cell
def _():
{"".join(f"    {line}" for line in SHOW.splitlines(keepends=True))}
    explorer = rl.Explorer(showcase_group(), tokenizer=decode)
    explorer
    return explorer, rl
@app.cell
def _(explorer):
    import marimo as mo
    mo.plain_text(str(explorer))
@app.cell
def _(rl):
    env = rl.environments.TextCraft(difficulty="medium", seed=0)
    config = rl.TrainConfig(steps=500, tasks_per_step=4, group_size=4, seed=0)
    session = rl.start(env, rl.load_policy("tiny"), config)
    session.board()
"""
"""As marimo keeps a notebook; an Explorer needs no wrapping."""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An interpreter that has Notebook 7 and marimo as well."""
    folder = tmp_path_factory.mktemp("places")
    venv.create(folder, with_pip=True, symlinks=True)
    made = str(folder / "bin" / "python")
    own = subprocess.check_output(
        [made, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], text=True
    )
    (Path(own.strip()) / "beside.pth").write_text(sysconfig.get_path("purelib"), "utf-8")
    install = [made, "-m", "pip", "install", "--quiet", *INSTALLED, "-c", str(REPO / "constraints.txt")]
    done = subprocess.run(install, capture_output=True, text=True, timeout=900, check=False)
    if done.returncode:
        pytest.skip(f"Notebook and marimo cannot be installed: {done.stderr[-200:]}")
    parts = Path(sys.prefix) / "share" / "jupyter"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTERLAB_DIR", str(parts / "lab"))  # Notebook is made of JupyterLab's parts
        patch.setenv("JUPYTER_PATH", str(parts))
        yield made


def board_moves(page: Any) -> None:
    """Training goes on while the board is looked at, and stops when it is told to."""
    board = page.locator(".rao", has=page.locator(".progress b")).last
    board.locator(".progress b", has_text="step 2").wait_for(timeout=120_000)
    board.get_by_role("button", name="Stop", exact=True).click()
    board.locator(".state-mark", has_text="stopped").wait_for(timeout=60_000)


def keys_move(page: Any) -> None:
    """The keyboard alone goes from node to node."""
    page.locator(".rao [role=tree]").first.focus()
    page.keyboard.press("ArrowDown")
    page.locator(".rao [role=treeitem][aria-selected=true]", has_text="2x m5_i3").first.wait_for()
    assert page.locator(".rao [role=treeitem]").nth(1).get_attribute("aria-selected") == "true"


@pytest.mark.parametrize("app", ["notebook", "jupyterlab"])
def test_notebook_7_and_a_hub(pages: Any, python: str, tmp_path: Path, app: str) -> None:
    """A hub serves JupyterLab below /user/NAME/."""
    of_hub = app == "jupyterlab"
    with serve(
        tmp_path, python=sys.executable if of_hub else python, app=app, prefix="/user/ann/" if of_hub else "/"
    ) as lab:
        page = pages.open("", width=1366, height=1000)
        page.set_default_timeout(60_000)
        open_notebook(page, lab.notebook("a.ipynb", [STATIC, TRAIN]))
        run_all(page)
        page.locator(".rao [role=treeitem]").first.wait_for(timeout=120_000)
        keys_move(page)
        board_moves(page)
        shot(page, f"places_{app}")
        page.wait_for_timeout(3000)
        page.evaluate("jupyterapp.shell.currentWidget.context.save()")
        data = saved_output(lab, "a.ipynb")
        assert VIEW not in data and "<svg" in data["text/html"]
        assert "Explorer" in data["text/plain"]


def test_marimo_shows_trees_and_a_board_while_training(pages: Any, python: str, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(APP, "utf-8")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [python, "-m", "marimo", "-q", "run", "app.py", "--headless", "--no-token"]
    env = {**os.environ, "PYTHONPATH": str(REPO)}
    with (tmp_path / "marimo.log").open("w") as log:
        where = ["--host", "127.0.0.1", "-p", str(port)]
        server = subprocess.Popen([*command, *where], env=env, cwd=tmp_path, stdout=log, stderr=log)
    try:
        until = time.monotonic() + 90
        while time.monotonic() < until:
            with socket.socket() as probe:
                if not probe.connect_ex(("127.0.0.1", port)):
                    break
            time.sleep(0.2)
        page = pages.open(f"http://127.0.0.1:{port}", width=1366, height=1000)
        page.locator(".rao [role=treeitem]").first.wait_for(timeout=180_000)
        keys_move(page)
        page.get_by_text("<Explorer: ").first.wait_for()  # its text form
        board_moves(page)
        shot(page, "places_marimo")
    finally:
        server.terminate()
        server.wait(30)


def test_under_the_rules_of_vs_codes_renderer_nothing_is_loaded(pages: Any, saved: Path) -> None:
    """VS Code itself was not tried. Its outputs stand in a frame that runs inline scripts and blobs, and says whether
    it is dark by an attribute."""
    page = pages.open("", width=1000, height=700)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    rules = (
        "default-src 'none'; script-src 'unsafe-inline' blob:; style-src 'unsafe-inline'; img-src data: blob:"
    )
    dark = saved.read_text("utf-8").replace("<body", '<body data-vscode-theme-kind="vscode-dark"', 1)
    headers = {"Content-Security-Policy": rules, "Content-Type": "text/html; charset=utf-8"}
    page.route("http://vscode.test/", lambda route: route.fulfill(body=dark, headers=headers))
    page.goto("http://vscode.test/")
    page.locator(".rao[data-theme=dark] [role=treeitem]").first.wait_for()
    keys = page.locator(".rao [role=tree]").first
    keys.focus()
    page.keyboard.press("ArrowDown")
    shot(page, "places_vscode")
    assert [url for url in asked if not url.startswith(("blob:", "data:"))] == ["http://vscode.test/"]

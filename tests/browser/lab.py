"""A JupyterLab server and a Chromium for tests; see `conftest.py` for the fixtures."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
TOKEN = "raotest"
REPO = Path(__file__).resolve().parents[2]
IDLE = "() => window.jupyterapp?.shell?.currentWidget?.context?.sessionContext?.session?.kernel?.status === 'idle'"
"""Whether the kernel of the notebook in front waits for work."""


@dataclass(frozen=True)
class Lab:
    """A running server over a folder of notebooks."""

    url: str
    folder: Path
    tree: str = "lab/tree"
    """Between its address and a notebook's name."""

    def notebook(self, name: str, cells: list[str]) -> str:
        """Writes a notebook of code cells and returns its address."""
        made = [
            {
                "cell_type": "code",
                "id": f"c{i}",
                "metadata": {},
                "execution_count": None,
                "outputs": [],
                "source": cell,
            }
            for i, cell in enumerate(cells)
        ]
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        body = {"cells": made, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
        (self.folder / name).write_text(json.dumps(body))
        return f"{self.url}/{self.tree}/{name}?token={TOKEN}&reset"


@contextmanager
def serve(
    folder: Path,
    dark: bool = False,
    *,
    python: str = sys.executable,
    app: str = "jupyterlab",
    prefix: str = "/",
) -> Iterator[Lab]:
    """JupyterLab, or Notebook, with its settings in `folder`, without news and without an update check."""
    home = folder / ".lab"
    settings = home / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text(
        '{"fetchNews":"false","checkForUpdates":false}'
    )
    theme = "JupyterLab Dark" if dark else "JupyterLab Light"
    (settings / "themes.jupyterlab-settings").write_text(json.dumps({"theme": theme}))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    names = ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR")
    env = {**os.environ, **{f"JUPYTER_{name}": str(home / name.lower()) for name in names}}
    env |= {
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "PYTHONPATH": str(REPO),
    }
    command = [
        *(python, "-m", app, "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1"),
        *(f"--ServerApp.port={port}", "--ServerApp.port_retries=0", f"--ServerApp.root_dir={folder}"),
        *(f"--IdentityProvider.token={TOKEN}", "--expose-app-in-browser"),
        *(
            "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
            f"--ServerApp.base_url={prefix}",
        ),
    ]
    with (folder / "lab.log").open("w") as log:
        server = subprocess.Popen(command, env=env, stdout=log, stderr=log, cwd=folder)
        try:
            url = f"http://127.0.0.1:{port}{prefix}".rstrip("/")
            _wait(f"{url}/api/status?token={TOKEN}", server)
            yield Lab(url, folder, "lab/tree" if app == "jupyterlab" else "notebooks")
        finally:
            server.terminate()
            server.wait(60)


def _wait(url: str, server: subprocess.Popen[Any]) -> None:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=10):
                return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError("JupyterLab did not start; see lab.log in the test's folder")


def end_kernels(lab: Lab) -> None:
    """Ends every kernel of the server; one that begins anew at this moment is asked again."""

    def ask(path: str, method: str = "GET") -> Any:
        headers = {"Authorization": f"token {TOKEN}"}
        call = urllib.request.Request(f"{lab.url}/api/{path}", method=method, headers=headers)
        with urllib.request.urlopen(call, timeout=60) as answer:
            body = answer.read()
        return json.loads(body) if body else None

    deadline = time.monotonic() + 120
    while sessions := ask("sessions"):
        for session in sessions:
            try:
                ask(f"sessions/{session['id']}", "DELETE")
            except urllib.error.HTTPError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(1)


def open_notebook(page: Any, address: str, tries: int = 2) -> None:
    """Opens a notebook and waits for an idle kernel; one retry of this step, never of a claim."""
    for attempt in range(tries):
        page.goto(address)
        try:
            page.wait_for_selector(".jp-NotebookPanel .jp-Notebook .jp-Cell", timeout=120_000)
            page.wait_for_function(IDLE, timeout=120_000)
            return
        except Exception:
            if attempt + 1 == tries:
                raise


def run_all(page: Any) -> None:
    """Fires all cells without waiting for them: one of them may train."""
    page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }")


def chosen(page: Any) -> str:
    """What the outline says of the chosen node."""
    return page.locator(".rao [role=treeitem][aria-selected=true]").first.get_attribute("aria-label")


def show_view(page: Any, label: str) -> None:
    """Brings a view to the front, from the switch or from the menu behind it."""
    button = page.locator(".rao .switch button", has_text=re.compile(f"^{label}$"))
    if button.count() and button.first.is_visible():
        button.first.click()
    else:
        page.locator(".rao .switch .more").click()
        page.locator(".rao .menu button", has_text=re.compile(f"^{label}$")).click()

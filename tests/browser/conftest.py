"""A real Chromium and, if asked for, a real JupyterLab; missing ones skip, or fail under RAO_REQUIRE_BROWSER."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.lab import FLAGS, Lab, end_kernels, serve


@pytest.fixture(scope="package")
def browser(chromium: str) -> Iterator[Any]:
    """One for all files here. While it lives, its thread has a running loop, in which no other test can run one."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        if os.environ.get("RAO_REQUIRE_BROWSER"):
            raise
        pytest.skip("playwright is not installed")
    with sync_playwright() as play:
        made = play.chromium.launch(executable_path=chromium, args=FLAGS)
        yield made
        made.close()


class Pages:
    """Opens pages and fails a test on any error a page reports."""

    def __init__(self, browser: Any) -> None:
        self._browser = browser
        self._contexts: list[Any] = []
        self.errors: list[str] = []

    def open(
        self, address: str, width: int = 1280, height: int = 760, theme: str = "light", **more: Any
    ) -> Any:
        viewport = {"width": width, "height": height}
        context = self._browser.new_context(viewport=viewport, color_scheme=theme, **more)
        self._contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda line: self.errors.append(line.text) if self._ours(line) else None)
        if address:
            page.goto(address)
        return page

    @staticmethod
    def _ours(line: Any) -> bool:
        return line.type == "error" and "favicon" not in line.text and "404" not in line.text

    def close(self) -> None:
        for context in self._contexts:
            context.close()


@pytest.fixture
def pages(browser: Any) -> Iterator[Pages]:
    made = Pages(browser)
    yield made
    made.close()


@pytest.fixture(scope="session")
def lab(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    pytest.importorskip("jupyterlab")
    with serve(tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture(autouse=True)
def kernels_end(request: pytest.FixtureRequest) -> Iterator[None]:
    """Each test leaves no kernel behind that trains beside the next."""
    yield
    for name in ("lab", "dark_lab"):
        if name in request.fixturenames:
            end_kernels(request.getfixturevalue(name))


@pytest.fixture(scope="session")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A saved page: a step of four tasks, "medium 017" with its showcase tree among them."""
    from dataclasses import replace

    from rao_lab.views.explorer.widget import Explorer
    from tests.support.trees import decode, random_step, showcase_group

    groups = [*random_step(5, 3, 8, 10, step=240), showcase_group(step=240)]
    numbered = [replace(group, index=index) for index, group in enumerate(groups)]
    path = tmp_path_factory.mktemp("saved") / "a.html"
    Explorer(numbered, tokenizer=decode, title="runs/a.rao").save_html(path)
    return path

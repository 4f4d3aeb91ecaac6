"""The page of each world runs as it stands, and prints what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from rao_lab.environments.named import BUNDLED
from tests.support.pages import DOCS, blocks, run_page

PAGES = sorted((DOCS / "worlds").glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_page_of_a_world_runs_and_prints_what_it_says(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert blocks(page)[0][1], f"{page.name}: its first block of Python prints nothing"
    run_page(page)


@pytest.mark.parametrize("name", BUNDLED)
def test_a_world_has_a_page_a_picture_and_a_row_in_the_readme(name: str) -> None:
    page = DOCS / "worlds" / f"{name}.md"
    assert f"(../../pictures/worlds/{name}.png)" in page.read_text(encoding="utf-8")
    assert (DOCS.parent / "pictures" / "worlds" / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    readme = (DOCS.parent.parent / "README.md").read_text(encoding="utf-8")
    assert f"| [`{name}`](data/docs/worlds/{name}.md) |" in readme


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_page_of_a_world_is_short_and_shows_a_tree(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert page.stem in BUNDLED
    assert text.count("\n") <= 120
    assert "✓ 0" in text and f"rao-lab eval --env {page.stem}" in text

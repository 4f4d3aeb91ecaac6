"""The pages about own parts and own rules of credit run as they stand, and print what they say."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.pages import DOCS, blocks, run_page

PAGES = {"own_parts.md": 5, "credit_rules.md": 4, "your_environment.md": 4, "judge.md": 5}
"""Each page, and how many blocks of code it has."""


@pytest.mark.parametrize("page", PAGES)
def test_the_page_runs_and_prints_what_it_says(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert len(blocks(DOCS / page)) == PAGES[page]
    assert all(said for _, said in blocks(DOCS / page)[-3:])
    run_page(DOCS / page)


@pytest.mark.parametrize("page", PAGES)
def test_each_part_fits_a_screen_or_two(page: str) -> None:
    sizes = [len([line for line in code.splitlines() if line.strip()]) for code, _ in blocks(DOCS / page)]
    assert max(sizes) <= 60 and sorted(sizes)[2] <= 40


@pytest.mark.parametrize("page", PAGES)
def test_readme_leads_to_it(page: str) -> None:
    assert f"(data/docs/{page})" in (DOCS.parent.parent / "README.md").read_text(encoding="utf-8")

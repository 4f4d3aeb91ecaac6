"""The pages about own parts and own rules of credit run as they stand, and print what they say."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).resolve().parent.parent / "data" / "docs"
PAGES = {"own_parts.md": 5, "credit_rules.md": 4}
"""Each page, and how many blocks of code it has."""
EXPECTED = re.compile(r"^print\(.*\)  # (.*)$", re.MULTILINE)


def blocks(page: str) -> list[str]:
    text = (DOCS / page).read_text(encoding="utf-8")
    return [code for _, code in re.findall(r"^(`{3,})python\n(.*?)^\1$", text, re.DOTALL | re.MULTILINE)]


@pytest.mark.parametrize("page", PAGES)
def test_the_page_runs_and_prints_what_it_says(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    known: dict[str, Any] = {"__name__": "own_parts"}
    assert len(blocks(page)) == PAGES[page]
    for block in blocks(page):
        assert EXPECTED.findall(block)
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(compile(block, page, "exec"), known)  # noqa: S102 - the page is ours
        assert printed.getvalue().splitlines() == EXPECTED.findall(block)


@pytest.mark.parametrize("page", PAGES)
def test_each_part_fits_a_screen_or_two(page: str) -> None:
    sizes = [len([line for line in block.splitlines() if line.strip()]) for block in blocks(page)]
    assert max(sizes) <= 60 and sorted(sizes)[2] <= 40


@pytest.mark.parametrize("page", PAGES)
def test_readme_leads_to_it(page: str) -> None:
    assert f"(data/docs/{page})" in (DOCS.parent.parent / "README.md").read_text(encoding="utf-8")

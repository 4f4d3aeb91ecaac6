"""The page about own parts runs as it stands, and prints what it says."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).resolve().parent.parent / "data" / "docs" / "own_parts.md"
BLOCKS = re.findall(r"^(`{3,})python\n(.*?)^\1$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
EXPECTED = re.compile(r"^print\(.*\)  # (.*)$", re.MULTILINE)


def test_the_page_runs_and_prints_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    known: dict[str, Any] = {"__name__": "own_parts"}
    assert len(BLOCKS) == 5
    for _, block in BLOCKS:
        assert EXPECTED.findall(block)
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(compile(block, str(PAGE), "exec"), known)  # noqa: S102 - the page is ours
        assert printed.getvalue().splitlines() == EXPECTED.findall(block)


def test_each_part_fits_a_screen_or_two() -> None:
    sizes = [len([line for line in block.splitlines() if line.strip()]) for _, block in BLOCKS]
    assert max(sizes) <= 60 and sorted(sizes)[2] <= 40


def test_readme_leads_to_it() -> None:
    readme = PAGE.parent.parent.parent / "README.md"
    assert "(data/docs/own_parts.md)" in readme.read_text(encoding="utf-8")

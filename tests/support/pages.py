"""Runs the Python of a page of `data/docs` from top to bottom, and compares what it prints with what the page says.

What a line prints stands behind its `#`. What prints several lines stands last in its block, without a `#`, and a block
of `text` follows the block and shows the lines.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
from pathlib import Path
from typing import Any
from unittest import mock

DOCS = Path(__file__).resolve().parents[2] / "data" / "docs"
_BLOCK = re.compile(
    r"^(?P<fence>`{3,})python\n(?P<code>.*?)^(?P=fence)$(?:\s*^(?P<more>`{3,})text\n(?P<text>.*?)^(?P=more)$)?",
    re.DOTALL | re.MULTILINE,
)
_SAID = re.compile(r"^ *print\(.*\)  # (.*)$", re.MULTILINE)


def blocks(page: Path) -> list[tuple[str, list[str]]]:
    """The code of each block, and the lines that it prints."""
    text = page.read_text(encoding="utf-8")
    return [
        (found["code"], [*_SAID.findall(found["code"]), *_lines(found["text"] or "")])
        for found in _BLOCK.finditer(text)
    ]


def run_page(page: Path) -> None:
    """Runs all blocks of a page in the current folder, each after the other."""
    known: dict[str, Any] = {"__name__": page.stem}
    for number, (code, said) in enumerate(blocks(page), start=1):
        wide = mock.patch.dict(os.environ, COLUMNS="200")  # pictures are drawn as if in a wide terminal
        with wide, contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(compile(code, f"{page.name}, block {number}", "exec"), known)  # noqa: S102 - the page is ours
        found = _lines(printed.getvalue())
        assert found == said, f"{page.name}, block {number}: it printed\n" + "\n".join(found)


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines()]

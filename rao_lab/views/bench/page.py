"""A prompt bench saved as one self-contained page, under a policy that lets nothing in, out or run."""

from __future__ import annotations

from html import escape
from pathlib import Path

from rao_lab.base.safe_text import unquoted
from rao_lab.errors import ConfigError, UnavailableError
from rao_lab.evaluation.prompt_bench import Bench
from rao_lab.store import spare_run_file
from rao_lab.views.bench.html import bench_sheet
from rao_lab.views.explorer.page import spare_other_file

CSP = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
SPARE = 100_000
"""Bytes of a page beside its pairs of trees, with some to spare."""

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{csp}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
html, body {{ margin: 0; min-height: 100% }}
@media (prefers-color-scheme: dark) {{ html {{ background: #212121; color-scheme: dark }} }}
</style>
</head>
<body>
<main>{sheet}</main>
</body>
</html>
"""


def save_bench(bench: Bench, path: Path, max_mb: float = 20.0) -> str:
    """Writes the page; returns what it leaves out, in words (empty: nothing).

    Raises:
        ConfigError: `max_mb` is too small for the tables alone.
        InputError, RunFileError: something else lies there.
        UnavailableError: it cannot be written.
    """
    spare_run_file(path)
    spare_other_file(path)
    sheet, left_out = bench_sheet(bench, "bench", int(max_mb * 1_000_000) - SPARE)
    data = plain_page(f"Prompt bench: {', '.join(bench.shown.names)}", sheet)
    if len(data) > max_mb * 1_000_000:
        raise ConfigError(f"the tables alone exceed max_mb={max_mb:g}: raise it")
    put(path, data)
    return f"{left_out} of the pairs of trees" if left_out else ""


def plain_page(title: str, sheet: str) -> bytes:
    """A page around markup that is safe; it runs no script."""
    page = _PAGE.format(csp=escape(CSP), title=escape(title), sheet=sheet)
    return page.encode("utf-8", "backslashreplace")


def put(path: Path, page: bytes) -> None:
    """Raises: UnavailableError, if it cannot be written."""
    try:
        path.write_bytes(page)
    except OSError as error:
        raise UnavailableError(f"{unquoted(path)} cannot be written: {error.strerror or error}") from None

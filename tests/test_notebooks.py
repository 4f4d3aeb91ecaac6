"""The course's notebooks run from top to bottom, without a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


def outputs(cell: Any) -> str:
    return "".join(str(part.get("text", part.get("data", {}).get("text/plain", ""))) for part in cell.outputs)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["01_watch_it_learn"])
def test_a_notebook_runs_at_once(name: str, repo: Path, tmp_path: Path) -> None:
    nbformat = pytest.importorskip("nbformat")
    client = pytest.importorskip("nbclient")
    book = nbformat.read(repo / "notebooks" / f"{name}.ipynb", as_version=4)
    running = client.NotebookClient(
        book, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    )
    running.execute()
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    assert len(code) == 5
    assert "craft" in outputs(code[1]).lower()
    assert "training, step 0 of 10" in outputs(code[2])
    assert outputs(code[4]).startswith("10 steps, ")
    # What is saved can be read without a kernel: text and a picture stand beside the widget.
    board = next(part for part in code[3].outputs if "data" in part)
    assert "application/vnd.jupyter.widget-view+json" in board["data"] and "text/html" in board["data"]

"""Runs the notebooks, one after another, and keeps what they show, how long they took, and what went wrong."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from rao_lab.publish.site.outputs import static

REPO = Path(__file__).resolve().parents[3]
CELL_SECONDS = 900
"""A cell that takes longer is an error."""


@dataclass(frozen=True)
class Ran:
    """One notebook that was run."""

    name: str
    seconds: float
    cpu_seconds: float
    """Of the kernel and what it started, after it ended."""
    cells: int
    explorers: int
    figures: int
    problem: str = ""
    """The cell and the message, if it did not run to its end."""


def execute(paths: Sequence[Path], out: Path, small: bool) -> list[Ran]:
    """Runs notebooks; in `out`, each has a notebook with outputs that need no kernel, and `explorers/` their pages.

    What an earlier call left of a notebook is replaced once it has run to its end.

    Args:
        small: notebooks shrink what they run, as for tests.
    """
    found = []
    for number, path in enumerate(paths, start=1):
        print(f"running {path.stem}, {number} of {len(paths)} ...", flush=True)
        ran = _execute(path, out, small)
        found.append(ran)
        shown = f"{ran.explorers} explorers, {ran.figures} figures"
        said = ran.problem or f"{ran.cells} cells, {shown}"
        print(f"{ran.name:<28}{ran.seconds:6.0f} s {ran.cpu_seconds:6.0f} s of CPU  {said}", flush=True)
    return found


def _execute(path: Path, out: Path, small: bool) -> Ran:
    name = path.stem
    work, kept = out / "work" / name, out / "work" / f"{name}.explorers"
    for folder in (work, kept):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    book = nbformat.read(path, as_version=4)
    code = [index for index, cell in enumerate(book.cells) if cell.cell_type == "code"]
    begun, before, problem = time.monotonic(), _cpu(), ""
    client = NotebookClient(
        book,
        timeout=CELL_SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": str(work)}},
        store_widget_state=False,
        extra_arguments=[
            "--log-level=ERROR",  # a kernel on this machine: that its line is not encrypted is no news
            f"--IPKernelApp.code_to_run=__import__('rao_lab.publish.site.kernel', fromlist=['']).watch({str(kept)!r})",
        ],
        on_cell_start=lambda cell, cell_index: _progress(name, code, cell_index),
    )
    try:
        with _environment(small):
            client.execute()
    except CellExecutionError as error:
        problem = (
            f"{_cell(book, code)}: {error.ename}: {error.evalue.splitlines()[0] if error.evalue else ''}"
        )
    except (CellTimeoutError, DeadKernelError) as error:
        problem = f"{_cell(book, code)}: {str(error).splitlines()[0]}"
    seconds, cpu = time.monotonic() - begun, _cpu() - before
    shown = static(book, kept, out / "explorers", name)
    if not problem:
        nbformat.write(book, out / f"{name}.ipynb")
    for note in shown.notes:
        print(f"{name}, {note}", file=sys.stderr)
    return Ran(name, round(seconds, 1), round(cpu, 1), len(code), shown.explorers, shown.figures, problem)


def _cell(book: Any, code: list[int]) -> str:
    """The cell that failed: the first whose outputs have an error, otherwise the first that has no count."""
    for number, index in enumerate(code, start=1):
        cell = book.cells[index]
        failed = any(part.output_type == "error" for part in cell.outputs)
        if failed or cell.execution_count is None:
            return f"code cell {number} (id {cell.get('id', '?')})"
    return f"code cell {len(code)}"


def _progress(name: str, code: list[int], index: int) -> None:
    if sys.stdout.isatty() and index in code:
        print(f"\r{name:<28}cell {code.index(index) + 1} of {len(code)}", end="\r", flush=True)


def _cpu() -> float:
    used = os.times()  # of children it knows nothing on Windows
    return used.children_user + used.children_system


@contextmanager
def _environment(small: bool) -> Iterator[None]:
    """What the kernel inherits."""
    wanted = {
        "PYTHONPATH": os.pathsep.join(filter(None, [str(REPO), os.environ.get("PYTHONPATH", "")])),
        "PLOTLY_RENDERER": "plotly_mimetype",
        **({"RAO_LAB_SMALL": "1"} if small else {}),
    }
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def write_times(ran: Sequence[Ran], path: Path, small: bool) -> None:
    """Keeps what was measured; of notebooks that did not run now, what is there stays."""
    known = {each["name"]: each for each in read_times(path)}
    known |= {each.name: {**asdict(each), "small": small} for each in ran}
    path.write_text(
        json.dumps(sorted(known.values(), key=lambda each: each["name"]), indent=1) + "\n", "utf-8"
    )


def read_times(path: Path) -> list[dict[str, Any]]:
    """What `write_times` kept."""
    found: list[dict[str, Any]] = json.loads(path.read_text("utf-8")) if path.is_file() else []
    return found

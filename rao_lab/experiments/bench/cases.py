"""What a bench is, and how benches are found and run.

A bench is a module with a docstring and one function, `measure(say) -> Sequence[Case]`; `say` takes a line
of progress. No list of benches is kept: every module of this folder that has `measure` is one.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from rao_lab.base import device
from rao_lab.base.versions import package_versions
from rao_lab.errors import MissingError

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Case:
    """One figure. `ratio` is this median divided by that of the case named `ratio_to`."""

    name: str
    median: float
    unit: str
    ratio_to: str | None = None
    ratio: float | None = None


def names() -> list[str]:
    """The names of all benches."""
    folder = Path(__file__).parent
    return sorted(
        path.stem
        for path in folder.glob("*.py")
        if path.stem != "__init__" and "\ndef measure(" in path.read_text(encoding="utf-8")
    )


def summary(name: str) -> str:
    """The first line of a bench's docstring."""
    return (_load(name).__doc__ or "").strip().splitlines()[0]


def run(name: str, say: Say) -> dict[str, Any]:
    """Runs a bench. Returns plain JSON: the machine and the cases.

    Raises:
        MissingError: there is no bench of this name.
    """
    cases: Sequence[Case] = _load(name).measure(say)
    return {"machine": machine(), "cases": [asdict(case) for case in cases]}


def machine() -> dict[str, Any]:
    """What the figures depend on, without names of host or user."""
    return {
        "device": device.name(device.choose()),
        "cores": os.cpu_count(),
        "threads": os.environ.get("OMP_NUM_THREADS"),
        "versions": package_versions(),
    }


def seconds(work: Callable[[], object], repeats: int = 5) -> float:
    """Median wall-clock seconds of `work`, after one run that is not counted."""
    work()
    taken = []
    for _ in range(repeats):
        started = perf_counter()
        work()
        taken.append(perf_counter() - started)
    return median(taken)


def _load(name: str) -> Any:
    if name not in names():
        raise MissingError(f"no bench {name!r}: there is {', '.join(names()) or 'none yet'}")
    return import_module(f"rao_lab.experiments.bench.{name}")

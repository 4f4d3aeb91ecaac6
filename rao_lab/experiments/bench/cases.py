"""What a bench is, and how benches are found and run.

A bench is a module with a docstring and one function, `measure(say) -> Sequence[Case]`; `say` takes a line
of progress. One that takes long has `measure(say, quick=False)`. No list of benches is kept: every module of this
folder that has `measure` is one.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib import import_module
from inspect import signature
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
    """One figure. `ratio` is the median of this divided by the case named `ratio_to`, over rounds in which both ran."""

    name: str
    median: float
    unit: str
    ratio_to: str | None = None
    ratio: float | None = None
    ratios: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """For each case that it is compared with: the lowest, the median and the highest ratio of the rounds."""


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


def run(name: str, say: Say, quick: bool = False) -> dict[str, Any]:
    """Runs a bench. Returns plain JSON: the machine and the cases.

    Args:
        quick: take the short form of a bench that has one.

    Raises:
        MissingError: there is no bench of this name.
    """
    measure = _load(name).measure
    short = quick and "quick" in signature(measure).parameters
    if quick and not short:
        say(f"{name} has no quick form")
    busy = _load_average()
    began = perf_counter()
    cases: Sequence[Case] = measure(say, quick=True) if short else measure(say)
    return {
        "bench": name,
        "quick": short,
        "seconds": round(perf_counter() - began, 1),
        "machine": machine() | {"load": busy},
        "cases": [asdict(case) for case in cases],
    }


def machine() -> dict[str, Any]:
    """What the figures depend on, without names of host or user."""
    return {
        "device": device.name(device.choose()),
        "cores": os.cpu_count(),
        "threads": os.environ.get("OMP_NUM_THREADS"),
        "versions": package_versions(),
    }


def _load_average() -> float | None:
    """Processes that wanted a core in the last five minutes; None = the system does not tell."""
    return round(os.getloadavg()[1], 1) if hasattr(os, "getloadavg") else None


def seconds(work: Callable[[], object], repeats: int = 5) -> float:
    """Median wall-clock seconds of `work`, after one run that is not counted."""
    work()
    taken = []
    for _ in range(repeats):
        started = perf_counter()
        work()
        taken.append(perf_counter() - started)
    return median(taken)


def paired(rounds: Mapping[str, Sequence[float]], unit: str, to: Sequence[str]) -> list[Case]:
    """The median of each arm, and its ratios to those arms of `to` that stand before it.

    Args:
        rounds: for each arm its figure in each round. A ratio pairs figures of one round, so that a machine that slows
            down slows both.
    """
    cases = []
    order = list(rounds)
    for place, (name, values) in enumerate(rounds.items()):
        ratios = {}
        for other in to:
            if other in order[:place]:
                each = sorted(one / two for one, two in zip(values, rounds[other], strict=True))
                ratios[other] = (each[0], median(each), each[-1])
        first = next(iter(ratios), None)
        ratio = None if first is None else ratios[first][1]
        cases.append(Case(name, median(values), unit, first, ratio, ratios))
    return cases


def _load(name: str) -> Any:
    if name not in names():
        raise MissingError(f"no bench {name!r}: there is {', '.join(names()) or 'none yet'}")
    return import_module(f"rao_lab.experiments.bench.{name}")

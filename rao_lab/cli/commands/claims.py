"""`rao-lab claims`: tests the five claims of the paper in miniature, and says which of them hold."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from rao_lab.cli.options import Json
from rao_lab.cli.output import print_json, print_progress, print_text

FAILED = 1
"""Exit status if a unit failed."""


def claims(
    quick: Annotated[
        bool,
        typer.Option(
            "--quick",
            help="2 seeds, 24 steps, 100 tasks of a band, 5 arms: ten minutes; the verdicts say so.",
        ),
    ] = False,
    arms: Annotated[
        str | None,
        typer.Option(
            help="Arms, or sets of them: all, main, wide, ablations, aggregation. Default: all.",
            metavar="NAME,...",
        ),
    ] = None,
    seeds: Annotated[
        str | None, typer.Option(help="Such as 0,1 or 0-4, which is the default.", metavar="LIST")
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(help="Processes, of one thread each. Default: a core each.", min=1)
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder of run files, rows and report. Default: runs/claims.", metavar="DIR"),
    ] = None,
    rows: Annotated[
        Path | None,
        typer.Option(
            help="Folder of the kept rows; the report is written beside it. Default: DIR/rows.", metavar="DIR"
        ),
    ] = None,
    report: Annotated[
        bool, typer.Option("--report", help="Run nothing: make the report from the kept rows.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Test the paper's five claims in miniature, with verdicts and ablations.

    Every arm (a base, an agent, a rule of credit) is trained and evaluated with every seed; what is kept of
    each is enough to make the report. Hours of work: it can be stopped at any time, and goes on if it is
    started again. data/claims/plan.md says beforehand what is run and how it is judged.

    [bold]Examples[/bold]

      rao-lab claims --quick
      rao-lab claims --jobs 2
      rao-lab claims --report --rows data/claims/rows
    """
    from rao_lab.base.outputs import make_folder
    from rao_lab.experiments.claims import arms as plan
    from rao_lab.experiments.claims.report import claims_json, write_report
    from rao_lab.experiments.claims.run import run_units

    scale = plan.QUICK if quick else plan.FULL
    out = out or Path("runs/claims-quick" if quick else "runs/claims")
    rows = rows or out / "rows"
    failed = {}
    if not report:
        names = (arms or ("quick" if quick else "all")).replace(",", " ").split()
        usual = plan.QUICK_SEEDS if quick else plan.SEEDS
        units = plan.units_of(plan.chosen_arms(names), usual if seeds is None else plan.seeds_of(seeds))
        for folder in (out, rows):
            make_folder(folder)  # said before hours of work
        found = run_units(units, scale, out, rows, jobs or cores(), print_progress)
        failed = found.failed
    results = write_report(rows, rows.parent)
    if as_json:
        print_json(claims_json(results))
    else:
        print_text(results.text)
    for unit, why in failed.items():
        print_progress(f"{unit} failed: {why}")
    if failed:
        raise typer.Exit(FAILED)


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

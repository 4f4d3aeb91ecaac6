"""`rao-lab credit` and `rao-lab export`: what a run file holds, printed or written elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rao_lab.cli.options import Json, RunFile
from rao_lab.cli.output import print_json, print_text


def credit(
    path: RunFile,
    step: Annotated[int | None, typer.Option(help="Training step, from 1. Default: the newest.")] = None,
    lam: Annotated[float | None, typer.Option(help="Recompute: weight of the children's mean.")] = None,
    bonus: Annotated[str | None, typer.Option(help="Recompute: mean, min or capped_sum.")] = None,
    cap: Annotated[float | None, typer.Option(help="Recompute: the most that capped_sum may add.")] = None,
    estimator: Annotated[
        str | None, typer.Option(help="Recompute: rao, rao_root_adv, grpo_mean or root_only.")
    ] = None,
    baseline: Annotated[
        str | None, typer.Option(help="Recompute: leave_one_out, group_mean or none.")
    ] = None,
    depth_weighting: Annotated[
        str | None, typer.Option(help="Recompute: inverse_frequency, per_group or none.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Print what every node of a step earned, term by term.

    Without options these are the numbers that the trainer multiplied; with them, the same trees are credited
    by another rule.

    [bold]Examples[/bold]

      rao-lab credit runs/demo.rao --step 10
      rao-lab credit runs/demo.rao --step 10 --lam 0 --json
    """
    from rao_lab.api.export import credit_json, credit_of
    from rao_lab.cli.reports import credit_text
    from rao_lab.store import open_run

    changes = {
        "lam": lam,
        "bonus": bonus,
        "cap": cap,
        "estimator": estimator,
        "baseline": baseline,
        "depth_weighting": depth_weighting,
    }
    changes = {name: value for name, value in changes.items() if value is not None}
    with open_run(path) as opened:
        found_step, found = credit_of(opened, step, changes)
    if as_json:
        print_json(credit_json(found))
    else:
        print_text(credit_text(found_step, found))


def export(
    path: RunFile,
    out: Annotated[Path, typer.Option(help="File to write.", metavar="FILE")],
    kind: Annotated[str, typer.Option("--format", help="html, json or rao.")] = "html",
    steps: Annotated[
        str | None, typer.Option(help="Which steps, such as 1,5,10-20. Default: html the newest, json all.")
    ] = None,
    max_mb: Annotated[float, typer.Option(help="Largest page, in MB (html).")] = 20.0,
    damaged: Annotated[
        bool, typer.Option("--salvage", help="Keep what can be read of a damaged file (rao).")
    ] = False,
) -> None:
    """Write a run as one file: a page to look at, JSON to compute with, or a compact copy.

    A page needs nothing but a browser: it holds the newest steps that fit, and says what it leaves out. A copy
    (rao) can be made of a run that is being written.

    [bold]Examples[/bold]

      rao-lab export runs/demo.rao --format html --out demo.html
      rao-lab export runs/live.rao --format rao --out copy.rao
      rao-lab export runs/broken.rao --format rao --salvage --out what_is_left.rao
    """
    from rao_lab.api.export import export_run

    print_text(export_run(path, out, kind, steps, max_mb, damaged))

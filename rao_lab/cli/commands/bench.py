"""`rao-lab bench`: measures this machine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from rao_lab.cli.options import Json
from rao_lab.cli.output import print_json, print_progress, print_text


def bench(
    name: Annotated[str | None, typer.Argument(help="What to measure. Default: everything.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="The short form, if the bench has one.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder that gets NAME.json and a picture, NAME.svg.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure this machine.

    rollout: how fast turns and trees are written, compared with three ways that transformers has
    (6 minutes; with --quick 1). parts: what the processor does meanwhile. adapter: rollout for large
    models of random weights, with an update and a GPU's memory. store: how fast the run file is
    written and read. views: the Explorer in a browser, from a click to what is painted. large: a run
    of 1,000,000 nodes, opened and clicked through. live: what watching costs training. credit: what
    each rule costs a step of 1,000,000 nodes. busy: a training step beside a process that keeps a
    core busy.

    [bold]Examples[/bold]

      rao-lab bench rollout --quick
      rao-lab bench rollout --out data/bench
      rao-lab bench store --json
    """
    from rao_lab.base.outputs import make_folder
    from rao_lab.experiments.bench import cases as benches
    from rao_lab.experiments.bench.kept import keep

    if out is not None:
        make_folder(out)  # said before minutes of work
    found = []
    for each in [name] if name else benches.names():
        report = benches.run(each, print_progress, quick)
        found.append(report)
        if not as_json:
            _print(report)
        for path in keep(report, out) if out is not None else ():
            print_progress(f"wrote {path}")
    if as_json:
        print_json(found[0] if name else found)


def _print(report: Mapping[str, Any]) -> None:
    for case in report["cases"]:
        near = case["name"].rpartition("/")[0]
        ratios = [
            f"{middle:.2f} x {other.removeprefix(f'{near}/')} ({low:.2f} to {high:.2f})"
            for other, (low, middle, high) in case["ratios"].items()
        ]
        if not ratios and case["ratio"] is not None:
            ratios = [f"{case['ratio']:.2f} x {case['ratio_to']}"]
        print_text(
            f"{case['name']:<32} {case['median']:>12,.4g} {case['unit']}   {', '.join(ratios)}".rstrip()
        )

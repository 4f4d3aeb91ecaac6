"""`rao-lab bench`: measures this machine."""

from __future__ import annotations

from typing import Annotated

import typer

from rao_lab.cli.options import Json
from rao_lab.cli.output import print_json, print_progress, print_text


def bench(
    name: Annotated[str | None, typer.Argument(help="What to measure. Default: everything.")] = None,
    as_json: Json = False,
) -> None:
    """Measure this machine.

    rollout: how fast trees are sampled, compared with the generate function of transformers. adapter:
    the same for large models of random weights, with an update and a GPU's memory. store: how fast
    the run file is written and read. views: the Explorer in a browser. large: a run of 1,000,000 nodes,
    opened and clicked through. live: what watching costs training. credit: what each rule costs a step
    of 1,000,000 nodes.

    [bold]Examples[/bold]

      rao-lab bench rollout
      rao-lab bench store --json
    """
    from rao_lab.experiments.bench import cases as benches

    found = [benches.run(each, print_progress) for each in ([name] if name else benches.names())]
    if as_json:
        print_json(found[0] if name else found)
    for report in () if as_json else found:
        for case in report["cases"]:
            ratio = f"   {case['ratio']:.2f} x {case['ratio_to']}" if case["ratio"] is not None else ""
            print_text(f"{case['name']:<32} {case['median']:>12,.4g} {case['unit']}{ratio}")

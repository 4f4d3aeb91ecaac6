"""`rao-lab evolution`: the same tasks over training."""

from __future__ import annotations

from typing import Annotated

import typer

from rao_lab.cli.options import Json, RunFile
from rao_lab.cli.output import print_json, print_problems, print_text


def evolution(
    path: RunFile,
    of: Annotated[
        str | None,
        typer.Option(
            help="probes, or training: tasks that came back. Default: what there is.", metavar="KIND"
        ),
    ] = None,
    compare: Annotated[
        tuple[int, int] | None,
        typer.Option(help="Align the trees of one task at these two steps.", metavar="STEP STEP"),
    ] = None,
    task: Annotated[int, typer.Option(help="Which task to compare, from 0.", metavar="NUMBER")] = 0,
    tree: Annotated[int, typer.Option(help="Which of its trees, from 1.", metavar="NUMBER")] = 1,
    as_json: Json = False,
) -> None:
    """Print what the trees of the probe tasks have become, step after step.

    Probe tasks are tried at the same steps of training, so that trees of one task can be compared. --compare aligns two
    of them by goal and spawn order, as rao-lab diff does.

    [bold]Examples[/bold]

      rao-lab evolution runs/demo.rao
      rao-lab evolution runs/demo.rao --compare 0 40 --task 2
      rao-lab evolution runs/demo.rao --json
    """
    from rao_lab.api.evolution import evolution as found_in
    from rao_lab.store import open_run

    with open_run(path) as run:
        print_problems(run)
        found = found_in(run, of)
        if compare is not None:
            aligned = found.diff(*compare, task=task, tree=tree)
            if as_json:
                print_json(aligned.to_dict())
            else:
                print_text(str(aligned))
        elif as_json:
            print_json(found.to_json())
        else:
            print_text(str(found))

"""`rao-lab diff`: two recorded trees side by side."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from rao_lab.cli.options import Json, RunFile
from rao_lab.cli.output import print_json, print_problems, print_text


def diff(
    path: RunFile,
    other: Annotated[
        Path | None, typer.Argument(help="The run of the second tree, if it is another.", metavar="RUN2")
    ] = None,
    trees: Annotated[
        tuple[str, str],
        typer.Option(
            help="Two trees, each as `rao-lab show` names it, or STEP:GROUP.TREE.", metavar="TREE TREE"
        ),
    ] = ("0", "1"),
    step: Annotated[int | None, typer.Option(help="Default: the newest that has trees.")] = None,
    as_json: Json = False,
) -> None:
    """Print two recorded trees side by side, and where they first part.

    Nodes are aligned by goal and spawn order. Between the trees stands = if a node is the same in both, ~ if it is
    not, # where the trees first part, and < or > if a node is in one tree alone.

    [bold]Examples[/bold]

      rao-lab diff runs/demo.rao --trees 1.1 1.2
      rao-lab diff runs/demo.rao --trees 1:0.0 40:0.0
      rao-lab diff runs/a.rao runs/b.rao --trees 0.0 0.0
    """
    from rao_lab.api.diff import diff_of_runs
    from rao_lab.store import open_run

    with ExitStack() as opened:
        first = opened.enter_context(open_run(path))
        second = first if other is None else opened.enter_context(open_run(other))
        found = diff_of_runs(first, second, trees, step)
        print_problems(first)
    if as_json:
        print_json(found.to_dict())
    else:
        print_text(str(found))

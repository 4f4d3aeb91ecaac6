"""`rao-lab diagnose`: badges of the nodes of a run."""

from __future__ import annotations

from typing import Annotated

import typer

from rao_lab.cli.options import Json, RunFile
from rao_lab.cli.output import print_json, print_problems, print_text


def diagnose(
    path: RunFile,
    step: Annotated[
        int | None, typer.Option(help="Training step. Default: the newest that has trees.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every step that has trees.")] = False,
    badge: Annotated[
        str | None, typer.Option(help="Only this badge, such as 'own goal'.", metavar="NAME")
    ] = None,
    thresholds: Annotated[
        list[str] | None,
        typer.Option("--set", help="A threshold, as NAME=VALUE. May be repeated.", metavar="NAME=VALUE"),
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Print what each badge means, with an example.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Print where delegation went wrong in a step, and where credit misleads: a badge for each node.

    A badge names its node and the numbers that gave it. Where badges end and begin is set by thresholds (--set), which
    --explain lists.

    [bold]Examples[/bold]

      rao-lab diagnose runs/demo.rao
      rao-lab diagnose runs/demo.rao --step 10 --badge "own goal"
      rao-lab diagnose runs/demo.rao --all --set context_share=0.95 --json
    """
    from rao_lab.api.diagnose import badge_config
    from rao_lab.api.diagnose import diagnose as found_in
    from rao_lab.credit.diagnose.finding import explained
    from rao_lab.store import open_run

    config = badge_config(thresholds or [])
    with open_run(path) as opened:
        print_problems(opened)
        found = found_in(opened, "all" if every else step, config)
    if badge is not None:
        found = found.filter(badge)
    if as_json:
        print_json(found.to_json())
    else:
        words = found.text("--badge and --step choose, --json has all")
        print_text(f"{explained(config)}\n\n{words}" if explain else words)

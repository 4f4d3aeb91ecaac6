"""`rao-lab doctor`: what this machine has."""

from __future__ import annotations

import typer

from rao_lab.cli.options import Json
from rao_lab.cli.output import print_json, print_text


def doctor(as_json: Json = False) -> None:
    """Say what this machine has, what is missing, and which size of model fits.

    The exit status is 1 if the demo cannot run here.

    [bold]Examples[/bold]

      rao-lab doctor
      rao-lab doctor --json
    """
    from rao_lab.cli.doctor import examine
    from rao_lab.cli.reports.doctor import doctor_text

    report = examine()
    if as_json:
        print_json(report)
    else:
        print_text(doctor_text(report))
    if report["problems"]:
        raise typer.Exit(1)

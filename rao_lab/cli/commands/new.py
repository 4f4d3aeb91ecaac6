"""`rao-lab new`: a skeleton of something of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rao_lab.cli.output import print_text


def environment(
    name: Annotated[
        str,
        typer.Argument(
            help="What it is called: small letters, digits and _, as in word_hunt.", metavar="NAME"
        ),
    ],
    out: Annotated[
        Path | None, typer.Option(help="The folder to write into. Default: NAME.", metavar="FOLDER")
    ] = None,
) -> None:
    """Make a world of your own: one file to edit, with its tests and a list of commands. It runs as it stands.

    Nothing is overwritten.

    [bold]Examples[/bold]

      rao-lab new environment word_hunt
      rao-lab new environment word_hunt --out worlds
    """
    from rao_lab.base.safe_text import unquoted
    from rao_lab.testing.skeleton import check_name, class_of, new_environment

    folder = Path(check_name(name)) if out is None else out
    files = new_environment(name, folder)
    there = "" if folder == Path() else f"  cd {unquoted(folder)}\n"
    print_text(
        f"{', '.join(unquoted(path) for path in files)}\nNext:\n{there}"
        f"  rao-lab run --env {name}.py:{class_of(name)} --policy scripted\n"
        f"  rao-lab check {name}.py:{class_of(name)}\n"
        f"  pytest"
    )

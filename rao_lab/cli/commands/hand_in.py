"""`rao-lab hand-in`: a student's answers and runs, as one archive."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rao_lab.cli.options import Json
from rao_lab.cli.output import print_json, print_progress, print_text


def hand_in(
    name: Annotated[
        list[str] | None, typer.Argument(help="Who hands in: the archive is called so.", metavar="NAME")
    ] = None,
    source: Annotated[
        Path,
        typer.Option(
            "--from",
            help="The folder of the notebooks, or the one above. Default: this one.",
            metavar="FOLDER",
        ),
    ] = Path(),
    out: Annotated[Path, typer.Option(help="Where to write. Default: here.", metavar="FOLDER")] = Path(),
    as_json: Json = False,
) -> None:
    """Pack what a course asks for into one file, NAME.zip: your answers (mine/answers.jsonl, where rl.check keeps them)
    and your run files (runs/*.rao).

    A run that is still being trained is packed as it is at this moment. Weights, notebooks and everything else stay
    where they are. Call it again after more work: the archive is replaced. It needs no network; how the file reaches
    your lecturer (a platform, mail, a stick) is for them to say. In a notebook: !rao-lab hand-in NAME

    [bold]Examples[/bold]

      rao-lab hand-in ada.lovelace
      rao-lab hand-in ada --from rao-lab/notebooks --out handed_in
    """
    from rao_lab.base.safe_text import unquoted
    from rao_lab.course.packed import pack

    made = pack(_one(name or []), source, out, lambda archive: print_progress(f"packing {unquoted(archive)}"))
    if as_json:
        print_json(made.to_json())
        return
    lines = [f"  {_size(size):>8}  {unquoted(inside)}" for inside, size in made.held.items()]
    if not any(inside.endswith(".jsonl") for inside in made.held):
        lines.append("no answers are in it: rl.check keeps them in mine/answers.jsonl")
    if not any(inside.endswith(".rao") for inside in made.held):
        lines.append("no runs are in it: trainings lie in runs/*.rao")
    replaced = ", replaces the earlier one" if made.replaced else ""
    packed = _size(made.file.stat().st_size)
    print_text(
        f"from {unquoted(made.place.resolve())}\n"
        + "\n".join([*lines, *made.left_out])
        + f"\n{unquoted(made.file)}, {packed}{replaced}: give this file to your lecturer"
    )


def _one(names: list[str]) -> str:
    """Raises: ConfigError: there is no name, or several words are one."""
    from rao_lab.base.safe_text import quoted, unquoted
    from rao_lab.errors import ConfigError

    if not names:
        raise ConfigError("no name: say who hands in, as rao-lab hand-in ada.lovelace")
    if len(names) > 1:
        whole = " ".join(names)
        raise ConfigError(
            f'{len(names)} names, {quoted(whole)}: write one name in quotation marks, "{unquoted(whole)}", or with '
            f"dots, {unquoted('.'.join(names).lower())}"
        )
    return names[0]


def _size(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 100_000 else f"{size / 1e3:.1f} kB"

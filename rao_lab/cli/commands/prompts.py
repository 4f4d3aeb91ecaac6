"""`rao-lab prompts`: the words that agents read, as files to look at, compare and edit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rao_lab.cli.options import Json
from rao_lab.cli.output import print_json, print_text

if TYPE_CHECKING:
    from rao_lab.prompts import TemplateDialect

PROMPT = "The name of one that ships, a folder, or a run file that recorded one."
Named = Annotated[str, typer.Argument(help=PROMPT, metavar="PROMPT")]


def list_prompts(as_json: Json = False) -> None:
    """List the prompts that ship. --prompt takes their names, and the path of a folder of your own.

    A prompt of files is named by the hash of what it holds, too: so a node and a run tell which words it read.

    [bold]Example[/bold]

      rao-lab prompts list
    """
    from rao_lab.prompts import list as listed

    found = listed()
    if as_json:
        print_json([{"name": each.name, "recorded": each.recorded, "title": each.title} for each in found])
    else:
        print_text(str(found))


def show(
    prompt: Named,
    rendered: Annotated[
        bool, typer.Option("--rendered", help="Show what a model reads, for sample states.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show the files of a prompt, and what each of them gets.

    [bold]Examples[/bold]

      rao-lab prompts show plain
      rao-lab prompts show ./mine --rendered
      rao-lab prompts show runs/a.rao
    """
    found = _found(prompt)
    if as_json:
        print_json({"name": found.name, "files": dict(found.files)})
    elif rendered:
        print_text(_rendered(found))
    else:
        print_text(_sources(found))


def diff(
    first: Annotated[str, typer.Argument(help=PROMPT, metavar="FIRST")],
    second: Annotated[str, typer.Argument(help="Another one.", metavar="SECOND")],
) -> None:
    """Show how two prompts differ, file by file.

    [bold]Examples[/bold]

      rao-lab prompts diff plain budget_aware
      rao-lab prompts diff runs/a.rao ./mine
    """
    from rao_lab.prompts import diff as compared

    print_text(str(compared(_found(first), _found(second))))


def new(
    name: Annotated[Path, typer.Argument(help="The folder to make.", metavar="FOLDER")],
    source: Annotated[str, typer.Option("--from", help=f"What to begin with. {PROMPT}")] = "plain",
) -> None:
    """Make a prompt of your own: a folder of files to edit, as a copy of another prompt.

    [bold]Examples[/bold]

      rao-lab prompts new ./mine
      rao-lab prompts new ./mine --from divide_and_conquer
    """
    from rao_lab.base.safe_text import unquoted
    from rao_lab.errors import ConfigError
    from rao_lab.prompts import CODE, SHIPPED
    from rao_lab.prompts.files import write_folder

    if name.name in (*CODE, *SHIPPED):
        raise ConfigError(f"{name.name} is the name of a prompt that ships: give yours another")
    found = _found(source)
    write_folder(name, found.files)
    path = unquoted(name if len(name.parts) > 1 else f"./{name}")
    print_text(
        f"{path}: {', '.join(found.files)}\nEdit them, then: rao-lab run --policy smollm2 --prompt {path}"
    )


def _found(prompt: str) -> TemplateDialect:
    """The prompt that a word names, also by the run that recorded it."""
    from rao_lab.prompts import load
    from rao_lab.store import open_run

    if Path(prompt).is_file():
        with open_run(prompt) as run:
            return load(run)
    return load(prompt)


def _sources(prompt: TemplateDialect) -> str:
    """The variables of each file, then the files."""
    from rao_lab.prompts import VARIABLES
    from rao_lab.prompts.files import PARTS

    parts = [prompt.name]
    tables: dict[tuple[str, ...], list[str]] = {}
    for file, values in VARIABLES.items():
        tables.setdefault(tuple(f"  {name:<11}  {meaning}" for name, meaning in values.items()), []).append(
            file
        )
    parts += ["\n".join([f"{', '.join(files)} get:", *lines]) for lines, files in tables.items()]
    files = [*PARTS, *sorted({*prompt.files} - {*PARTS})]
    parts += [f"--- {file}\n{prompt.files[file].rstrip()}" for file in files]
    return "\n\n".join(parts)


def _rendered(prompt: TemplateDialect) -> str:
    """What a model reads in each of the sample states."""
    from rao_lab.prompts.samples import BRIEFS, OBSERVATIONS

    parts = [prompt.name]
    for state, brief in BRIEFS.items():
        parts += [f"--- {state}, {message.role}\n{message.content}" for message in prompt.opening(brief)]
    for state, observation in OBSERVATIONS.items():
        parts += [
            f"--- {state}, {message.role}\n{message.content}" for message in prompt.observe(observation)
        ]
    return "\n\n".join(parts)

"""Options that several commands of `rao-lab` share, worded once, and how their help is laid out."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="One JSON value on stdout; progress on stderr.")]
Env = Annotated[str, typer.Option("--env", help="The world.", metavar="NAME")]
PolicyName = Annotated[
    str,
    typer.Option(
        "--policy",
        help="tiny, smollm2, scripted, a model folder, a .gguf file, a hub id, or http://host:port/v1#model.",
        metavar="NAME",
    ),
]
Agent = Annotated[str, typer.Option(help="recursive, or flat: the control without launch_subagent.")]
Difficulty = Annotated[
    str | None,
    typer.Option(
        help="Band(s) of tasks: easy, medium, hard, extreme, all. Default: what the policy was made for."
    ),
]
Seed = Annotated[int, typer.Option(help="Keys tasks and sampling noise.")]
OwnAgent = Annotated[
    str | None,
    typer.Option(
        "--agent", help="recursive, or flat: the control without launch_subagent. Default: recursive."
    ),
]
"""Of training: left out, a resumed run's own."""
OwnSeed = Annotated[int | None, typer.Option("--seed", help="Keys tasks and sampling noise. Default: 0.")]
Resume = Annotated[
    bool, typer.Option("--resume", help="Go on after FILE's newest checkpoint, with its settings.")
]
Recipes = Annotated[Path | None, typer.Option(help="Recipes in a file (JSON, may be .gz).", metavar="FILE")]
Tasks = Annotated[Path | None, typer.Option(help="Tasks in a file (JSON lines, may be .gz).", metavar="FILE")]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help="Any other setting, such as limits.max_depth=6 or policy.dialect=codeact. May be repeated.",
        metavar="NAME=VALUE",
    ),
]
Temperature = Annotated[
    float | None,
    typer.Option(help="Of sampling. Default: what suits the policy; training always samples at its own."),
]
Split = Annotated[str, typer.Option(help="train, dev or test.")]
RunFile = Annotated[Path, typer.Argument(help="A run file.", metavar="RUN")]


def flow_help(app: typer.Typer) -> None:
    """Lets the terminal's width break the paragraphs of each command's help; examples keep their lines."""
    for command in app.registered_commands:
        paragraphs = inspect.getdoc(command.callback) or ""
        command.help = "\n\n".join(
            part if part.startswith(" ") else " ".join(part.split("\n")) for part in paragraphs.split("\n\n")
        )

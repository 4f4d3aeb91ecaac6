"""Options that several commands share, worded once, and how the help is laid out."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Annotated

import typer

from rao_lab.environments.bundled import BUNDLED, USUAL

SEED_HELP = "Decides which tasks are drawn, and the noise of sampling."

WORLDS = (
    f"{', '.join(BUNDLED)}, or your own: MODULE:NAME or FILE.py:NAME, a class or an environment, or verifiers:NAME, an "
    "environment of the library verifiers."
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON value on stdout; progress on stderr.")]
Env = Annotated[
    str | None,
    typer.Option(
        "--env",
        help=f"{WORLDS} Default: the world that the policy was made for, or {USUAL}.",
        metavar="NAME",
    ),
]
PolicyName = Annotated[
    str,
    typer.Option(
        "--policy",
        help="tiny, tiny-aggregation, smollm2, scripted, a model folder, a .gguf file, a hub id, "
        "http://host:port/v1#model, or your own FILE.py:NAME.",
        metavar="NAME",
    ),
]
RunPolicy = Annotated[
    str | None,
    typer.Option(
        "--policy",
        help="tiny, tiny-aggregation, smollm2, scripted, a model folder, a .gguf file, a hub id, "
        "http://host:port/v1#model, or your own FILE.py:NAME. Default: tiny; of a goal of your own, smollm2 if it was "
        "fetched.",
        metavar="NAME",
    ),
]
Goal = Annotated[
    str | None,
    typer.Option(help="A goal of your own in words, in place of a task of a world.", metavar="TEXT"),
]
Tools = Annotated[
    list[str] | None,
    typer.Option(
        help="Your own functions for the goal: all of FILE.py, or FILE.py:NAME,NAME. They run outside the sandbox. May "
        "be repeated.",
        metavar="FILE",
    ),
]
Verify = Annotated[
    str | None,
    typer.Option(
        help="Your own function that scores what the goal's root returns, as FILE.py:NAME. Default NAME: verify.",
        metavar="FILE",
    ),
]
PromptName = Annotated[
    str | None,
    typer.Option(
        "--prompt",
        help="The words that agents read: codeact, one of rao-lab prompts list, or a folder of template files. "
        "Default: what suits the policy.",
        metavar="NAME_OR_FOLDER",
    ),
]
TrainPolicy = Annotated[
    str | None,
    typer.Option(
        "--policy",
        help="tiny, tiny-aggregation, smollm2, a model folder, a .gguf file or a hub id. Default: tiny.",
        metavar="NAME",
    ),
]
TrainAgent = Annotated[
    str | None,
    typer.Option(help="recursive, or flat: the control without launch_subagent. Default: recursive."),
]
Steps = Annotated[int | None, typer.Option(help="Training steps. Default: 40.")]
Resume = Annotated[
    bool,
    typer.Option("--resume", help="Go on after the newest checkpoint of FILE, with all of its settings."),
]
Limit = Annotated[int | None, typer.Option(help="Run at most this many tasks.", min=1)]
Agent = Annotated[str, typer.Option(help="recursive, or flat: the control without launch_subagent.")]
Difficulty = Annotated[
    str | None,
    typer.Option(
        help="Bands of tasks: easy, medium, hard, extreme, all; of files of yours, what their lines name. Default: "
        "what the policy was made for, and all of files."
    ),
]
Seed = Annotated[int, typer.Option(help=SEED_HELP)]
TrainSeed = Annotated[int | None, typer.Option(help=f"{SEED_HELP} Default: 0.")]
Rules = Annotated[
    Path | None,
    typer.Option(
        "--data",
        "--recipes",
        help="What the world is made of, your own: of textcraft, recipes (JSON); of aggregation, rows in the format of "
        "Oolong (JSON lines); of research, a folder of texts; of mail, an mbox or a folder of messages. Files also "
        "as .gz.",
        metavar="FILE_OR_FOLDER",
    ),
]
Tasks = Annotated[
    Path | None,
    typer.Option(
        help="Read tasks from a file (JSON lines, also as .gz). Of research and mail, each is "
        '{"question": "...", "answer": "..."}.',
        metavar="FILE",
    ),
]
JudgeName = Annotated[
    str | None,
    typer.Option(
        "--judge",
        help="Who scores nodes that the world cannot: a policy, named as for --policy, or root: the root's success.",
        metavar="NAME",
    ),
]
Rubric = Annotated[
    Path | None,
    typer.Option(
        help="With --judge: a text that says what a success is. Default: the goal was reached.",
        metavar="FILE",
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help="Any other setting, for example limits.max_depth=6, policy.device=cpu or env.seed=1. "
        "May be repeated.",
        metavar="NAME=VALUE",
    ),
]
Temperature = Annotated[
    float | None,
    typer.Option(help="Temperature of sampling. Default: what suits the policy. Training has its own."),
]
Split = Annotated[str, typer.Option(help="train, dev or test.")]
RunSplit = Annotated[str | None, typer.Option("--split", help="train, dev or test. Default: test.")]


def run_file(out: Path | None) -> Path | None:
    from rao_lab.api.written import run_name

    return None if out is None else run_name(out)


Out = Annotated[Path | None, typer.Option(help="Also write a run file.", metavar="FILE", callback=run_file)]
TrainOut = Annotated[Path, typer.Option(help="Run file to write.", metavar="FILE", callback=run_file)]
DemoOut = Annotated[
    Path | None,
    typer.Option(help="Run file to write. Default: runs/demo.rao.", metavar="FILE", callback=run_file),
]
RunFile = Annotated[Path, typer.Argument(help="A run file.", metavar="RUN")]


def flow_help(app: typer.Typer) -> None:
    """Lets the terminal break the paragraphs of every command's help; examples keep their lines."""
    for command in app.registered_commands:
        paragraphs = inspect.getdoc(command.callback) or ""
        command.help = "\n\n".join(
            part if part.startswith(" ") else " ".join(part.split("\n")) for part in paragraphs.split("\n\n")
        )

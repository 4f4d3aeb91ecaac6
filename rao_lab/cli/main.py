"""`rao-lab`: puts the commands of `commands/` together and runs one of them.

Results go to stdout, with `--json` one JSON value and nothing else. Progress goes to stderr. Bad input is
answered with one line on stderr and exit status 2. Ctrl-C keeps what was written and leaves with status
130, SIGTERM with 143.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
import traceback
import warnings
from collections.abc import Callable, Sequence
from typing import Annotated

import typer

from rao_lab.base.interrupts import Termination
from rao_lab.base.safe_text import one_line
from rao_lab.base.versions import package_versions
from rao_lab.cli.commands import (
    bench,
    check,
    claims,
    credit,
    demo,
    diagnose,
    diff,
    doctor,
    evaluate,
    evolution,
    export,
    fetch,
    fork,
    grade,
    hand_in,
    import_traces,
    new,
    prompt_bench,
    prompts,
    run,
    show,
    train,
)
from rao_lab.cli.options import flow_help
from rao_lab.cli.output import INTERRUPTED
from rao_lab.errors import CallbackError, RaoLabError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Train language models that delegate to copies of themselves, and see what every copy earned.\n\n"
    "Start with [bold]rao-lab demo[/bold]. Then look into the run that it wrote, with "
    "[bold]rao-lab show runs/demo.rao[/bold].",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"rao-lab {package_versions().get('rao-lab', 'is not installed')}\n")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", "-V", callback=_print_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """What `rao-lab` itself takes, before a command."""


# Some versions of typer carry a copy of click, others import it. The base of its errors has one name in both.
USAGE_ERROR: type[Exception] = next(
    kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException"
)
ABORTS = (typer.Abort, KeyboardInterrupt)
TERMINATED = 143
KEEPING = ("demo", "train", "claims", "fork")
"""Commands that write a file while they run; others do with --out."""
AT_THE_END = ("bench", "credit", "export", "import")
"""Commands that write their --out only once they are done."""
TRACEBACK = "RAO_LAB_TRACEBACK"
"""Set in the environment: the exception of a user's own code is shown whole."""

COMMANDS: dict[str, Callable[..., None]] = {
    "demo": demo.demo,
    "train": train.train,
    "eval": evaluate.evaluate,
    "run": run.run,
    "show": show.show,
    "diff": diff.diff,
    "fork": fork.fork,
    "credit": credit.credit,
    "diagnose": diagnose.diagnose,
    "evolution": evolution.evolution,
    "export": export.export,
    "import": import_traces.import_traces,
    "check": check.check,
    "hand-in": hand_in.hand_in,
    "grade": grade.grade,
    "fetch": fetch.fetch,
    "bench": bench.bench,
    "claims": claims.claims,
    "doctor": doctor.doctor,
}
"""What each command is called, in the order of the help."""
PROMPTS: dict[str, Callable[..., None]] = {
    "list": prompts.list_prompts,
    "show": prompts.show,
    "diff": prompts.diff,
    "new": prompts.new,
    "bench": prompt_bench.bench,
}
"""The commands of `rao-lab prompts`."""
NEW: dict[str, Callable[..., None]] = {"environment": new.environment}
"""The commands of `rao-lab new`."""
INSTEAD = {"copy": "new", "edit": "new", "make": "new", "cat": "show", "ls": "list"}
"""What else a command may be called, and its name."""
of_prompts = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="The words that agents read: look at them, compare them, make your own.\n\n[bold]Examples[/bold]\n\n"
    "  rao-lab prompts list\n  rao-lab prompts bench plain ./mine",
)
of_new = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Something of your own to begin with: a world that runs.\n\n[bold]Examples[/bold]\n\n"
    "  rao-lab new environment word_hunt",
)
for group, commands in ((app, COMMANDS), (of_prompts, PROMPTS), (of_new, NEW)):
    for name, command in commands.items():
        group.command(name)(command)
    flow_help(group)
app.add_typer(of_prompts, name="prompts")
app.add_typer(of_new, name="new")


def call(arguments: Sequence[str]) -> int:
    """Runs one command line and returns its exit status. Only here do errors become lines."""
    try:
        status = app(list(arguments), prog_name="rao-lab", standalone_mode=False)
        sys.stdout.flush()
        if status == INTERRUPTED:  # what typer makes of Ctrl-C
            return _complain(_stopped(arguments), INTERRUPTED)
        return status if isinstance(status, int) else 0
    except USAGE_ERROR as error:
        return _complain(_with_hint(error.format_message(), arguments), 2)  # type: ignore[attr-defined]
    except CallbackError as error:
        if os.environ.get(TRACEBACK):
            traceback.print_exception(error)
        again = f"; {goes_on}" if error.evaluation and (goes_on := _goes_on(arguments)) else ""
        return _complain(f"{error}; {TRACEBACK}=1 before the command shows where{again}", 2)
    except RaoLabError as error:
        return _complain(str(error), 2)
    except BrokenPipeError:
        # The reader of stdout left (`| head`). Python would complain once more while it shuts down.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        file = f": {error.filename}" if error.filename else ""
        return _complain(f"{error.strerror or error}{file}", 2)
    except ABORTS:
        return _complain(_stopped(arguments), INTERRUPTED)


def _stopped(arguments: Sequence[str]) -> str:
    """What is left of a command that Ctrl-C ended."""
    name = next(iter(arguments), "")
    given = {each.partition("=")[0] for each in arguments}
    writes = "--out" in given
    if goes_on := _goes_on(arguments):
        return f"stopped; {goes_on}"
    if name in KEEPING or (writes and name not in AT_THE_END):
        return "stopped; what was written is kept"
    if name == "bench":
        return "stopped; a bench that has not ended leaves nothing"
    keeps = "; --out FILE keeps trees" if name in ("run", "eval") else ""
    return f"stopped; no file was written{keeps}"


def _goes_on(arguments: Sequence[str]) -> str:
    """What is left of a command that can be resumed, and how; "" if this one cannot."""
    given = {each.partition("=")[0] for each in arguments}
    evaluates = next(iter(arguments), "") == "eval" and "--against" not in given
    if "--out" not in given or not (evaluates or [*arguments[:2]] == ["prompts", "bench"]):
        return ""
    again = arguments if "--resume" in given else [*arguments, "--resume"]
    return f"what was written is kept, and this goes on: rao-lab {shlex.join(again)}"


def _with_hint(message: str, arguments: Sequence[str]) -> str:
    """The message; if it says that there is no such command, which there are; if no number was read, what was."""
    if number := re.match(
        r"(Invalid value for '([^']+)'): Input should be a valid (integer|number)", message
    ):
        given = _given(number[2].split(" / ")[-1], arguments)
        return f"{number[1]}: {given}is not a {'whole number' if number[3] == 'integer' else 'number'}"
    found = re.fullmatch(r"No such command '(.*)'\.", message)
    if found is None:
        return message
    group, names = {"prompts": ("rao-lab prompts", PROMPTS), "new": ("rao-lab new", NEW)}.get(
        arguments[0], ("rao-lab", COMMANDS)
    )
    if (near := INSTEAD.get(found[1])) in names:
        return f"{message} Did you mean `{group} {near}`?"
    return f"{message} There are {', '.join([*names, *(['prompts', 'new'] if names is COMMANDS else [])])}"


def _given(option: str, arguments: Sequence[str]) -> str:
    """The value that an option was given, with a blank behind it; "it " if that cannot be told."""
    for place, each in enumerate(arguments):
        if each.startswith(f"{option}="):
            return f"{each[len(option) + 1 :]!r} "
        if each == option and place + 1 < len(arguments):
            return f"{arguments[place + 1]!r} "
    return "it "


def _complain(message: str, status: int) -> int:
    if message:  # there is none if bare `rao-lab` has shown its help
        sys.stderr.write(f"rao-lab: {one_line(message, 1000)}\n")
    return status


def main() -> None:
    """The entry point of `rao-lab`."""
    warnings.formatwarning = lambda message, *_: f"note: {one_line(str(message), 1000)}\n"
    with Termination() as termination:
        status = call(sys.argv[1:])
    sys.exit(TERMINATED if termination.came and status == INTERRUPTED else status)


if __name__ == "__main__":
    main()

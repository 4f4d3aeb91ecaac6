"""`rao-lab`: the command line. What its commands do is in `commands/`; here they are put together and run.

Results go to stdout (with `--json` one JSON value and nothing else), progress to stderr. Bad input is one
line on stderr and exit status 2; Ctrl-C keeps what was written and leaves with 130, SIGTERM with 143.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence

import typer

from rao_lab.base.interrupts import Termination
from rao_lab.base.safe_text import one_line
from rao_lab.cli import commands
from rao_lab.cli.options import flow_help
from rao_lab.errors import RaoLabError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Train language models that delegate to copies of themselves, and see what every copy earned.\n\n"
    "Start with [bold]rao-lab demo[/bold]; then look into the run it wrote with "
    "[bold]rao-lab credit runs/demo.rao --step 10[/bold].",
)

# typer carries a copy of click in some versions and imports it in others: both call the base so.
USAGE_ERROR: type[Exception] = next(
    kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException"
)
ABORTS = (typer.Abort, KeyboardInterrupt)
INTERRUPTED = 130
TERMINATED = 143
STOPPED = "stopped; what was written is kept"

COMMANDS: dict[str, Callable[..., None]] = {
    "demo": commands.demo,
    "train": commands.train,
    "eval": commands.evaluate,
    "run": commands.run,
    "credit": commands.credit,
    "export": commands.export,
    "fetch": commands.fetch,
    "bench": commands.bench,
    "doctor": commands.doctor,
}
"""By the word they are called with, in the order of the help."""
for name, command in COMMANDS.items():
    app.command(name)(command)
flow_help(app)


def call(arguments: Sequence[str]) -> int:
    """Runs one command line; returns its exit status. The one place where errors become lines."""
    try:
        status = app(list(arguments), prog_name="rao-lab", standalone_mode=False)
        sys.stdout.flush()
        if status == INTERRUPTED:  # typer has made an exit of Ctrl-C
            return _complain(STOPPED, INTERRUPTED)
        return status if isinstance(status, int) else 0
    except USAGE_ERROR as error:
        return _complain(error.format_message(), 2)  # type: ignore[attr-defined]
    except RaoLabError as error:
        return _complain(str(error), 2)
    except BrokenPipeError:
        # The reader of stdout left (`| head`). Python would complain once more while it shuts down.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        return _complain(f"{error.strerror or error}{where}", 2)
    except ABORTS:
        return _complain(STOPPED, INTERRUPTED)


def _complain(message: str, status: int) -> int:
    if message:  # bare `rao-lab` has shown its help already
        sys.stderr.write(f"rao-lab: {one_line(message, 1000)}\n")
    return status


def main() -> None:
    """Entry point of the `rao-lab` command."""
    with Termination() as termination:
        status = call(sys.argv[1:])
    sys.exit(TERMINATED if termination.came and status == INTERRUPTED else status)


if __name__ == "__main__":
    main()

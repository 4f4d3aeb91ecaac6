"""`rao-lab check`: what is wrong with a world, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from rao_lab.cli.options import Difficulty, Json, Rules, Set, Tasks
from rao_lab.cli.output import own_prints_aside, print_json, print_text

if TYPE_CHECKING:
    from rao_lab.environments.reading import WrongLines


def check(
    env: Annotated[
        str,
        typer.Argument(help="A world that ships, or your own: MODULE:NAME or FILE.py:NAME.", metavar="ENV"),
    ],
    difficulty: Difficulty = None,
    rules: Rules = None,
    tasks: Tasks = None,
    settings: Set = None,
    gold: Annotated[
        str | None,
        typer.Option(
            metavar="FILE.py:NAME",
            help="A function that takes a task and returns its right answer, if no script knows it.",
        ),
    ] = None,
    seconds: Annotated[float, typer.Option(help="About how long it may take.")] = 10.0,
    as_json: Json = False,
) -> None:
    """Try a world, and print what is wrong with it and what to do. If anything is, the exit status is 1.

    It looks at tasks, lets the script play, leaves worlds with wrong answers, does what siblings did in other orders,
    tries launches for one's own goal, and calls every function with nonsense. So do not try a world whose functions
    change something outside, such as files.

    [bold]Examples[/bold]

      rao-lab check textcraft --difficulty all
      rao-lab check my_world.py:MyWorld --seconds 30
      rao-lab check my_tools.py:family --gold my_tools.py:answer_of --json
    """
    from rao_lab.api.settings import overrides, own_settings
    from rao_lab.base.own_code import function_of
    from rao_lab.base.safe_text import unquoted
    from rao_lab.environments.named import open_named
    from rao_lab.environments.reading import WrongLines
    from rao_lab.errors import ConfigError
    from rao_lab.testing import check_environment

    of_world, rest = own_settings(overrides(settings or ()), "env")
    if rest:
        raise ConfigError(f"--set {unquoted(min(rest))}=... has no meaning here: a check has env.NAME alone")
    try:
        with own_prints_aside():
            world = open_named(env, "scripted", difficulty, rules, tasks, of_world)
            right = function_of(gold, "gold") if gold is not None else None
            report = check_environment(world, gold=right, seconds=seconds)
    except WrongLines as wrong:
        _say_wrong(wrong, as_json)
        raise typer.Exit(1) from None
    if as_json:
        print_json(report.to_json())
    else:
        print_text(str(report), sentences=True)
    if not report.ok:
        raise typer.Exit(1)


def _say_wrong(wrong: WrongLines, as_json: bool) -> None:
    """Prints which lines of the world's file are wrong, and with what."""
    from rao_lab.base.words import counted

    many = len(wrong.lines) + wrong.more
    if as_json:
        print_json({"ok": False, "wrong_lines": many, "findings": list(wrong.lines)})
        return
    text = [
        f"{counted(many, 'line is', 'lines are')} wrong:",
        *(f"  \N{BALLOT X} {line}" for line in wrong.lines),
    ]
    text += [f"  and {wrong.more:,} more"] if wrong.more else []
    print_text("\n".join(text))

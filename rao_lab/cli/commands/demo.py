"""`rao-lab demo`: the embedded policy learns, and shows what it learned."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rao_lab.cli.options import DemoOut, Json, Seed
from rao_lab.cli.output import console_on_stderr, print_json, print_text

if TYPE_CHECKING:
    from rao_lab.experiments.demo import DemoConfig


def demo(
    steps: Annotated[int | None, typer.Option(help="Training steps of each agent. Default: 40.")] = None,
    minutes: Annotated[
        float | None, typer.Option(help="Train for as many steps as fit into this time instead.")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Takes seconds instead of minutes; learns nothing.")
    ] = False,
    out: DemoOut = None,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Train the embedded policy in three to four minutes and show what it learned.

    A recursive agent and a flat one, which works alone, train on the same root tasks. Both are evaluated
    before and after on held-out easy, medium and hard tasks. Beside the flat agent's success stands the flat
    ceiling: the share of tasks that fit into one context at all. Ctrl-C keeps everything.

    [bold]Examples[/bold]

      rao-lab demo
      rao-lab demo --minutes 2 --json > demo.json
    """
    from rao_lab.cli.reports.demo import demo_json, demo_text
    from rao_lab.experiments.demo import run_demo
    from rao_lab.views.terminal import Board

    config = demo_config(steps=steps, minutes=minutes, quick=quick, out=out, seed=seed)
    with Board(console_on_stderr(), "rao-lab demo", leave=False) as board:
        result = run_demo(config, board)
    if as_json:
        print_json(demo_json(result))
    else:
        print_text(demo_text(result))


def demo_config(
    *,
    steps: int | None = None,
    minutes: float | None = None,
    quick: bool = False,
    out: Path | None = None,
    seed: int = 0,
) -> DemoConfig:
    """What the options ask for.

    Raises:
        ConfigError: steps and minutes are both given, or a number means nothing.
    """
    from rao_lab.errors import ConfigError
    from rao_lab.experiments.demo import DemoConfig

    if steps is not None and minutes is not None:
        raise ConfigError("--steps and --minutes exclude each other: give one")
    size: dict[str, Any] = {"steps": 2, "tasks_per_step": 2, "group_size": 4, "tasks": 4} if quick else {}
    if steps is not None:
        size["steps"] = steps
    return DemoConfig(out or _free_name(), minutes=minutes, seed=seed, **size)


def _free_name() -> Path:
    """runs/demo.rao, or the first runs/demo-N.rao that does not exist."""
    from rao_lab.experiments.demo import beside

    path = Path("runs/demo.rao")
    number = 2
    while path.exists() or beside(path, "-flat").exists():
        path = Path(f"runs/demo-{number}.rao")
        number += 1
    return path

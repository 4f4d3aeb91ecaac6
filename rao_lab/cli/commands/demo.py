"""`rao-lab demo`: the embedded policy learns, and shows what it learned."""

from __future__ import annotations

import re
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rao_lab.base.early import load_in_background
from rao_lab.cli.options import DemoOut, Json, TrainSeed
from rao_lab.cli.output import console_on_stderr, print_json, print_progress, print_text
from rao_lab.environments.bundled import USUAL

if TYPE_CHECKING:
    from rao_lab.experiments.demo import DemoConfig

BEGINS = (
    "rao-lab demo: trains an embedded policy, once as a recursive agent and once as a flat one, and evaluates "
    "both before and after. Ctrl-C keeps every finished step. Loading takes a few seconds."
)
NAME = re.compile(r"demo(-\d+)?")
"""What a demo calls its run if nobody says a name."""


def demo(
    steps: Annotated[
        int | None,
        typer.Option(help="Training steps of each agent. Default: 40. Evaluation is as long with fewer."),
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(help="Train for as many steps as fit into this time instead.")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Takes seconds instead of minutes; learns nothing.")
    ] = False,
    world: Annotated[
        str,
        typer.Option(
            help="Its world: the usual one, or aggregation (contexts of lines, counted by a policy of their own)."
        ),
    ] = USUAL,
    out: DemoOut = None,
    seed: TrainSeed = None,
    opens: Annotated[
        bool,
        typer.Option("--open", help="Open the page of the last demo in a browser; train if there is none."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Train an embedded policy and show what it learned: two to three minutes on two cores that do
    nothing else.

    A recursive agent and a flat one, which works alone, train on the same root tasks. Both are evaluated
    before and after on held-out easy, medium and hard tasks. Beside the flat agent's success stand the flat
    ceiling, the share of tasks whose shortest flat transcript with one call a turn fits the context, and its
    success on those tasks. Ctrl-C keeps everything.

    [bold]Examples[/bold]

      rao-lab demo
      rao-lab demo --open
      rao-lab demo --minutes 2 --json > demo.json
      rao-lab demo --world aggregation
    """
    told = steps is not None or minutes is not None or quick or seed is not None or as_json
    told = told or world != USUAL
    if opens and not told and (page := _last_page(out)) is not None:
        _open(page)
        print_progress(
            f"it is that of the last demo{_steps_of(page)}: without --open, another one is trained"
        )
        return
    print_progress(BEGINS)  # before anything that takes seconds to load
    load_in_background()
    from rao_lab.cli.reports.demo import demo_json, demo_text
    from rao_lab.experiments.demo import run_demo
    from rao_lab.views.terminal import Board

    config = demo_config(steps=steps, minutes=minutes, quick=quick, out=out, seed=seed or 0, world=world)
    with Board(console_on_stderr(), "rao-lab demo", leave=False) as board:
        result = run_demo(config, board)
    if as_json:
        print_json(demo_json(result))
    else:
        print_text(demo_text(result))
    if opens:
        _open(config.page)


def demo_config(
    *,
    steps: int | None = None,
    minutes: float | None = None,
    quick: bool = False,
    out: Path | None = None,
    seed: int = 0,
    world: str = USUAL,
) -> DemoConfig:
    """What the options ask for.

    Raises:
        ConfigError: steps and minutes are both given, or a number means nothing.
    """
    from rao_lab.errors import ConfigError
    from rao_lab.experiments.demo import DemoConfig

    if steps is not None and minutes is not None:
        raise ConfigError("--steps and --minutes exclude each other: give one")
    if quick and minutes is not None:
        raise ConfigError("--quick and --minutes exclude each other: give one")
    size: dict[str, Any] = {"steps": 2, "tasks_per_step": 2, "group_size": 4, "tasks": 4} if quick else {}
    if steps is not None:
        size["steps"] = steps
    return DemoConfig(out or _free_name(), world, minutes=minutes, seed=seed, **size)


def _last_page(out: Path | None) -> Path | None:
    """The page of a demo, by default of the newest in runs/; None if there is none."""
    if out is not None:
        page = out.with_suffix(".html")
        return page if page.is_file() else None
    pages = [path for path in Path("runs").glob("demo*.html") if NAME.fullmatch(path.stem)]
    return max(pages, key=lambda path: path.stat().st_mtime, default=None)


def _open(page: Path) -> None:
    """Opens a page in a browser, or says where it is."""
    opened = webbrowser.open(page.absolute().as_uri())
    print_progress(f"{page} is opened" if opened else f"no browser can be opened here: the page is {page}")


def _steps_of(page: Path) -> str:
    """How much the run of a page was trained; "" if it is not there any more."""
    from rao_lab.base.words import counted
    from rao_lab.errors import RaoLabError
    from rao_lab.store import open_run

    try:
        with open_run(page.with_suffix(".rao")) as run:
            return f", of {counted(sum(each.step > 0 for each in run.steps), 'training step')}"
    except RaoLabError:
        return ""


def _free_name() -> Path:
    """runs/demo.rao, or the first runs/demo-N.rao that does not exist."""
    from rao_lab.experiments.demo import beside

    path = Path("runs/demo.rao")
    number = 2
    while path.exists() or beside(path, "-flat").exists():
        path = Path(f"runs/demo-{number}.rao")
        number += 1
    return path

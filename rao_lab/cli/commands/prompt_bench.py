"""`rao-lab prompts bench`: prompts on the same tasks, several times each."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rao_lab.cli.options import (
    Agent,
    Difficulty,
    Env,
    Json,
    Out,
    PolicyName,
    Rules,
    Seed,
    Set,
    Split,
    Tasks,
    Temperature,
)
from rao_lab.cli.output import console_on_stderr, print_json, print_progress, print_text
from rao_lab.cli.worlds import open_both

if TYPE_CHECKING:
    from rao_lab.api.bench_result import PromptBench

INTERRUPTED = 130


def bench(
    prompts: Annotated[
        list[str] | None, typer.Argument(help="Two to six prompts: names or folders.", metavar="PROMPT...")
    ] = None,
    vary: Annotated[
        str | None,
        typer.Option(
            help="Compare something else: agent=recursive,flat, policy=tiny,scripted or policy.NAME=A,B.",
            metavar="NAME=A,B",
        ),
    ] = None,
    recorded: Annotated[
        list[str] | None,
        typer.Option(
            "--from", help="Run nothing: show a recorded bench, or compare recorded runs.", metavar="RUN"
        ),
    ] = None,
    env: Env = None,
    policy: PolicyName = "smollm2",
    agent: Agent = "recursive",
    limit: Annotated[int, typer.Option(help="Tasks, from the beginning of the split.", min=1)] = 5,
    repeats: Annotated[int, typer.Option(help="Trees of each task with each prompt.", min=1)] = 4,
    difficulty: Difficulty = None,
    split: Split = "test",
    seed: Seed = 0,
    temperature: Temperature = None,
    rules: Rules = None,
    tasks: Tasks = None,
    settings: Set = None,
    batch: Annotated[int, typer.Option(help="Trees of one prompt that run at once.", min=1)] = 4,
    out: Out = None,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Go on with the bench in --out, perhaps with more tasks or repeats."),
    ] = False,
    max_seconds: Annotated[
        float | None, typer.Option(help="Stop before the command takes longer, loading included.")
    ] = None,
    max_tokens: Annotated[float | None, typer.Option(help="Stop before it reads and writes more.")] = None,
    max_cost: Annotated[float | None, typer.Option(help="Stop before it costs more, in USD.")] = None,
    page: Annotated[
        Path | None,
        typer.Option(help="Also save a page, with the trees of each task side by side.", metavar="FILE"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Run prompts on the same tasks with the same noise, and say whether one of them is best.

    One tree of each prompt runs first, and tells what time, tokens and cost to expect. The bench ends at a cap or by
    Ctrl-C, and prints what there is. Intervals are over tasks. A winner is named only if its differences from all
    others hold after Holm's correction.

    The tiny and the scripted policy read no prompt: --vary compares agents, styles or policies with them.

    [bold]Examples[/bold]

      rao-lab prompts bench plain budget_aware --policy smollm2 --out runs/b.rao
      rao-lab prompts bench --vary agent=recursive,flat --policy tiny
      rao-lab prompts bench --vary policy.error_rate=0,0.2 --policy scripted
      rao-lab prompts bench --from runs/b.rao --page b.html
      rao-lab prompts bench --from runs/a.rao --from runs/b.rao --page b.html
    """
    began = monotonic()
    from rao_lab.api.bench_variants import check_caps, check_played, from_files, time_left, variants_from
    from rao_lab.api.defaults import suggested
    from rao_lab.api.prompt_bench import prompt_bench
    from rao_lab.api.settings import limits_from, overrides
    from rao_lab.base.checks import choice
    from rao_lab.errors import ConfigError
    from rao_lab.tree import AGENTS
    from rao_lab.views.explorer.page import check_page

    check_page(page)
    if recorded:
        if prompts or vary:
            raise ConfigError("--from shows what was recorded: leave out prompts and --vary")
        _tell(from_files(recorded), page, as_json)
        return
    if resume and out is None:
        raise ConfigError("--resume needs --out FILE: the bench to go on with")
    check_caps(max_seconds=max_seconds, max_tokens=max_tokens, max_cost=max_cost)
    kind = choice("agent", agent, AGENTS)

    def load(name: str | None, more: dict[str, Any]) -> tuple[Any, Any, dict[str, Any]]:
        assigned = overrides([*(settings or ()), *(f"{key}={value}" for key, value in more.items())])
        say = (lambda _: None) if more or name else print_progress
        return open_both(
            env, name or policy, difficulty, rules, tasks, assigned, say=say, temperature=temperature
        )

    variants = variants_from(prompts or [], vary, lambda name, more: load(name, more)[1])
    world, actor, given = load(None, {})
    check_played(actor, variants, max_cost)
    left = time_left(max_seconds, monotonic() - began)
    if left != max_seconds:
        print_progress(f"--max-seconds {max_seconds:g} leaves {left:g} s after loading")
    from rao_lab.views.progress import Progress, in_log
    from rao_lab.views.terminal import Board

    chosen = world.tasks(split)[:limit]
    console, progress = console_on_stderr(), Progress(actor, len(variants) * len(chosen) * repeats)
    in_log(console, progress)
    with Board(console, f"rao-lab prompts bench, {policy}", line=progress.line) as board:
        told: list[str] = []

        def hear(found: PromptBench) -> None:
            board.phase("trees", found.planned) if not told else None
            for line in (found.note, found.estimate):
                if line and line not in told:
                    board.say(line)
                    told.append(line)
            board.advance("trees", len(found.trees))

        found = prompt_bench(
            variants,
            chosen,
            actor,
            repeats,
            environment=world,
            agent=kind,
            split=split,
            seed=seed,
            limits=limits_from(suggested(actor), given),
            temperature=temperature,
            batch=batch,
            store=out,
            resume=resume,
            max_seconds=left,
            max_tokens=max_tokens,
            max_cost=max_cost,
            on_result=hear,
            on_event=progress.event,
            on_tick=progress.ticked(),
        )
    if left is not None and max_seconds is not None and left != max_seconds:
        cap = f"--max-seconds {max_seconds:g} ({max_seconds - left:.2g} s of it for loading)"
        found = replace(found, stopped=found.stopped.replace(f"max_seconds={left:g}", cap))
    _tell(found, page, as_json, actor.window)


def _tell(found: PromptBench, page: Path | None, as_json: bool, window: int = 0) -> None:
    """Prints the bench; the exit status says whether it was interrupted, or nothing could be scored."""
    from rao_lab.tree.told_counts import cut_lines

    if as_json:
        print_json(found.to_dict())
    else:
        print_text(str(found), sentences=True)
    by_name = {
        each.name: [tree for spot, tree in found.trees.items() if spot.variant == at]
        for at, each in enumerate(found.variants)
    }
    for line in cut_lines(by_name, window):
        print_progress(line)
    if page is not None:  # last, so that no page that fails takes the result along
        left_out = found.save_html(page)
        print_progress(f"{page} saved" + (f"; left out: {left_out}" if left_out else ""))
    if found.stopped.startswith("interrupted"):
        raise typer.Exit(INTERRUPTED)
    if not any(one.success for one in found.figures):
        raise typer.Exit(1)

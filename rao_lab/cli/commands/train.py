"""`rao-lab train`: a policy learns, and a run file keeps everything."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from rao_lab.cli.options import ENV, SEED_HELP, Difficulty, Env, Json, PolicyName, Rules, Set, Tasks, TrainOut
from rao_lab.cli.output import console_on_stderr, print_json, print_text
from rao_lab.cli.worlds import environment_for


def train(
    out: TrainOut,
    env: Env = ENV,
    policy: PolicyName = "tiny",
    steps: Annotated[int | None, typer.Option(help="Training steps. Default: 40.")] = None,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Go on after the newest checkpoint of FILE, with the run's settings."),
    ] = False,
    difficulty: Difficulty = None,
    agent: Annotated[
        str | None,
        typer.Option(help="recursive, or flat: the control without launch_subagent. Default: recursive."),
    ] = None,
    seed: Annotated[int | None, typer.Option(help=f"{SEED_HELP} Default: 0.")] = None,
    rules: Rules = None,
    tasks: Tasks = None,
    settings: Set = None,
    as_json: Json = False,
) -> None:
    """Train a policy and record everything in a run file.

    Each step samples groups of trees, credits every node and moves the weights. FILE holds all trees, with
    their texts and credit, and can be watched while it grows. Checkpoints lie beside it, in FILE.ckpt.

    --set changes every field of the training configuration (tasks_per_step, group_size, learning_rate,
    credit.lam, limits.max_depth ...) and of the policy (policy.device=cpu). A wrong name is answered with the
    right ones.

    Ctrl-C keeps every finished step. --resume goes on as if training had not been stopped: settings that you
    leave out stay as they were, and only --steps and checkpoint_every may be changed.

    [bold]Examples[/bold]

      rao-lab train --steps 20 --out runs/a.rao
      rao-lab train --out runs/a.rao --resume
      rao-lab train --steps 20 --out runs/b.rao --set credit.lam=0
      rao-lab train --policy smollm2 --set policy.lora=8 --out runs/d.rao
      torchrun --nproc-per-node 2 -m rao_lab train --steps 20 --out runs/c.rao
    """
    from rao_lab.api.defaults import suggested
    from rao_lab.api.export import last_step
    from rao_lab.api.settings import open_policy, overrides, recorded_settings, said_once, train_config
    from rao_lab.api.train import train as train_steps
    from rao_lab.evaluation.evaluate import sampled_at
    from rao_lab.training.processes import joined
    from rao_lab.views.terminal import Board

    done = 0
    last: dict[str, Any] = {}
    with joined() as peers:  # first: it chooses this process's device
        assigned = overrides(settings or ())
        options = said_once({"agent": agent, "seed": seed, "steps": steps}, assigned)
        actor, given = open_policy(policy, assigned)
        world = environment_for(env, actor, difficulty, rules, tasks)
        before = recorded_settings(out) if resume else {}
        config = train_config(suggested(actor), before, options, given)
        quiet = peers is not None and peers.rank > 0
        with (
            sampled_at(actor, config.temperature),
            Board(console_on_stderr(quiet), f"rao-lab train, {out}") as board,
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
        if not done:
            done, last = last_step(out)
        print_json({"run": str(out), "steps": config.steps, "last_step": done, "metrics": last})
    elif done:
        print_text(f"{out}: {done} of {config.steps} steps. Next: rao-lab credit {out} --step {done}")
    else:
        print_text(f"{out}: all {config.steps} steps were done before.")

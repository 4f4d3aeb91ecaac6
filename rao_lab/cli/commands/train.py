"""`rao-lab train`: a policy learns, and a run file keeps everything."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rao_lab.base.safe_text import for_shell
from rao_lab.cli.options import (
    Difficulty,
    Env,
    Json,
    JudgeName,
    PromptName,
    Resume,
    Rubric,
    Rules,
    Set,
    Steps,
    Tasks,
    TrainAgent,
    TrainOut,
    TrainPolicy,
    TrainSeed,
)
from rao_lab.cli.output import console_on_stderr, own_prints_aside, print_json, print_progress, print_text
from rao_lab.cli.worlds import open_both, open_judge, say_unread

if TYPE_CHECKING:
    from rao_lab.protocols import Dialect, Judge
    from rao_lab.training.config import TrainConfig
    from rao_lab.training.processes import Peers


def train(
    out: TrainOut,
    env: Env = None,
    policy: TrainPolicy = None,
    steps: Steps = None,
    resume: Resume = False,
    difficulty: Difficulty = None,
    agent: TrainAgent = None,
    prompt: PromptName = None,
    seed: TrainSeed = None,
    rules: Rules = None,
    tasks: Tasks = None,
    judge: JudgeName = None,
    rubric: Rubric = None,
    settings: Set = None,
    as_json: Json = False,
) -> None:
    """Train a policy and record everything in a run file.

    Each step samples groups of trees, credits every node and moves the weights. FILE holds all trees, with
    their texts and credit, and can be watched while it grows. Checkpoints lie beside it, in FILE.ckpt.

    --set changes any setting of training (credit.lam), of the policy (policy.lora) and of the world (env.seed).
    Ctrl-C keeps every finished step. --resume goes on as if nothing had happened: world, policy and settings
    that you leave out stay as they were, and only --steps and checkpoint_every may be changed. A judge
    is named again (--judge, --set judge.cache and what its policy needs); its rubric and other settings stay, too.

    --judge has a model score nodes that the world cannot, by a rubric (rao-lab run --help has its settings). --set
    judge.check=8 asks it of 8 verified nodes a step, too: the board then says how far it agrees with the verifier.

    [bold]Examples[/bold]

      rao-lab train --steps 20 --out runs/a.rao
      rao-lab train --out runs/a.rao --resume
      rao-lab train --steps 20 --out runs/b.rao --set credit.lam=0
      rao-lab train --policy smollm2 --set policy.lora=8 --out runs/d.rao
      torchrun --nproc-per-node 2 -m rao_lab train --steps 20 --out runs/c.rao
    """
    from rao_lab.training.processes import joined

    with joined() as peers, own_prints_aside():  # joined first: it chooses this process's device
        options = {"agent": agent, "seed": seed, "steps": steps}
        which = (env, policy, difficulty, rules, tasks)
        by = (judge, rubric)
        step, metrics, all_steps = _train(out, resume, which, options, prompt, by, settings or [], peers)
    if peers is None or not peers.rank:
        _report(out, step, metrics, all_steps, as_json)


def _train(
    out: Path,
    resume: bool,
    which: tuple[str | None, str | None, str | None, Path | None, Path | None],
    options: dict[str, Any],
    prompt: str | None,
    by: tuple[str | None, Path | None],
    settings: list[str],
    peers: Peers | None,
) -> tuple[int, dict[str, Any], int]:
    """Trains; returns the last step that was done now (0: none), its metrics, and how many there are to be."""
    from rao_lab.api.defaults import suggested
    from rao_lab.api.reopen import begun
    from rao_lab.api.settings import overrides, said_once, train_config
    from rao_lab.base.calls import nearest
    from rao_lab.execution.exclusive import sampled_at
    from rao_lab.prompts import find
    from rao_lab.store.journal import is_begun

    quiet = peers is not None and peers.rank > 0
    say = (lambda _: None) if quiet else print_progress
    run = begun(out, resume)
    judge, assigned = open_judge(*by, overrides(settings), run)
    said = said_once(options, assigned)
    if resume and not is_begun(out):
        near = nearest(out.name, [each.name for each in out.parent.glob("*.rao")])
        meant = f"did you mean {out.with_name(near)}? " if near else ""
        say(
            f"there is no run {out} yet: nothing to resume, it begins now, from step 0 ({meant}Ctrl-C stops it)"
        )
    words = None if prompt is None else find(prompt)
    world, actor, given = open_both(*which, assigned, run, say)
    say_unread(actor, words, say)
    config = train_config(suggested(actor), run.train, said, given)
    again = _again(out, which, by[0], settings)
    with sampled_at(actor, config.temperature):
        step, metrics = _watched(world, actor, config, words, judge, out, resume, again, peers, quiet)
    return step, metrics, config.steps


def _watched(
    world: Any,
    actor: Any,
    config: TrainConfig,
    prompt: Dialect | None,
    judge: Judge | None,
    out: Path,
    resume: bool,
    again: str,
    peers: Peers | None,
    quiet: bool,
) -> tuple[int, dict[str, Any]]:
    """Trains before a board; returns the last step and its metrics. If it is stopped, it says the command `again`."""
    from rao_lab.api.train import train as train_steps
    from rao_lab.views.terminal import Board

    last: tuple[int, dict[str, Any]] = 0, {}
    with (
        Board(console_on_stderr(quiet), f"rao-lab train, {out}") as board,
        board.stoppable(lambda: f"{again} {_from_where(out)}"),
    ):
        board.phase("training", config.steps)

        def resumed(step: int, notes: Sequence[str]) -> None:
            board.resumed(step, notes)
            board.phase("training", config.steps, max(step, 0))

        made = train_steps(
            world,
            actor,
            config,
            store=out,
            resume=resume,
            prompt=prompt,
            judge=judge,
            on_resume=resumed,
            peers=peers,
        )
        for step in made:
            board.stepped(config.agent, step)
            board.advance("training", step.step)
            last = step.step, step.metrics
    return last


def _again(
    out: Path,
    which: tuple[str | None, str | None, *tuple[Any, ...]],
    judge: str | None,
    settings: Sequence[str],
) -> str:
    """The command that goes on, with what a run file does not hold: code of the user's own, and who judges."""
    from rao_lab.environments.bundled import BUNDLED
    from rao_lab.policies.own import is_own

    env, policy = which[:2]
    given = {
        "--env": None if env in BUNDLED else env,
        "--policy": policy if policy and is_own(policy) else None,
        "--judge": judge,
    }
    words = ["--out", for_shell(out)]
    words += [word for name, value in given.items() if value for word in (name, for_shell(value))]
    for each in settings:
        name, _, value = (part.strip() for part in each.partition("="))
        if name.startswith("judge.") or (name == "credit.estimator" and (":" in value or ".py" in value)):
            words += ["--set", for_shell(each)]
    return " ".join([_program(), *words, "--resume"])


def _program() -> str:
    """How this command was begun, as far as torchrun tells its processes."""
    if "TORCHELASTIC_RUN_ID" not in os.environ:
        return "rao-lab train"
    nodes, each = (os.environ.get(name, "1") for name in ("GROUP_WORLD_SIZE", "LOCAL_WORLD_SIZE"))
    many = "" if nodes == "1" else f"--nnodes {nodes} ... "  # where they meet, nobody tells
    return f"torchrun {many}--nproc-per-node {each} -m rao_lab train"


def _from_where(out: Path) -> str:
    from rao_lab.store import checkpoint_folder

    if any(checkpoint_folder(out).glob("step-[1-9]*")):
        return "goes on after the last checkpoint"
    return "begins anew: no step of it has a checkpoint"


def _report(out: Path, step: int, metrics: dict[str, Any], all_steps: int, as_json: bool) -> None:
    from rao_lab.api.export import last_step

    if as_json:
        if not step:
            step, metrics = last_step(out)
        print_json({"run": str(out), "steps": all_steps, "last_step": step, "metrics": metrics})
    elif step:
        print_text(f"{out}: {step} of {all_steps} steps. Next: rao-lab credit {for_shell(out)} --step {step}")
    else:
        whole = "its step was" if all_steps == 1 else f"all {all_steps} steps were"
        print_text(f"{out}: {whole} done before.")

"""`rao-lab run`: one task, one tree."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from rao_lab.cli.options import (
    ENV,
    Agent,
    Difficulty,
    Env,
    Json,
    Out,
    PolicyName,
    PromptName,
    Rules,
    Seed,
    Set,
    Split,
    Tasks,
    Temperature,
)
from rao_lab.cli.output import INTERRUPTED, console_on_stderr, print_json, print_progress, print_text
from rao_lab.cli.worlds import open_both


def run(
    env: Env = ENV,
    policy: PolicyName = "tiny",
    task: Annotated[str, typer.Option(help="The task's number in its split, or its id.")] = "0",
    agent: Agent = "recursive",
    prompt: PromptName = None,
    difficulty: Difficulty = None,
    split: Split = "test",
    seed: Seed = 0,
    temperature: Temperature = None,
    rules: Rules = None,
    tasks: Tasks = None,
    settings: Set = None,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Run one task and print the tree of agents that worked on it.

    Each line is one agent: its goal, how it ended, its success s, its turns and its tokens. Indented below it
    are the copies that it launched. --set changes limits and the policy's own settings. If the root's model,
    server or worker was lost, the exit status is 1. A terminal shows what runs; Ctrl-C prints and keeps the
    tree as it is then.

    A server needs its address and the name of its model, as it names it. Its settings: --set
    policy.concurrency=4 (requests at once, at most), policy.requests_per_minute=60, policy.timeout=300 (seconds
    without a sign of life), policy.retries=5, policy.api_key_env=NAME, policy.prices.in=0.15 and
    policy.prices.out=0.6 (US dollars for a million tokens), policy.logprobs=true.

    [bold]Examples[/bold]

      rao-lab run --policy scripted --difficulty hard
      rao-lab run --policy scripted --set policy.style=per_ingredient
      rao-lab run --policy smollm2 --prompt divide_and_conquer
      rao-lab run --policy smollm2 --task 3 --out runs/one.rao
      rao-lab run --policy http://127.0.0.1:8080/v1#model --set policy.timeout=300
    """
    from rao_lab.api.defaults import suggested
    from rao_lab.api.export import record
    from rao_lab.api.run import run as run_one
    from rao_lab.api.settings import find_task, limits_from, overrides
    from rao_lab.base.checks import choice
    from rao_lab.base.safe_text import unquoted
    from rao_lab.errors import Interrupted, RunFileError
    from rao_lab.evaluation.evaluate import usage_words
    from rao_lab.prompts import find
    from rao_lab.store.journal import is_begun
    from rao_lab.tree import AGENTS, Status
    from rao_lab.tree.codec import tree_to_json
    from rao_lab.views.progress import Progress, in_terminal

    if out is not None and is_begun(out):  # said before a model has worked for it
        raise RunFileError(f"{unquoted(out)} exists already: choose another name")
    words = None if prompt is None else find(prompt)
    which = (env, policy, difficulty, rules, tasks)
    world, actor, given = open_both(*which, overrides(settings or ()), temperature=temperature)
    limits = limits_from(suggested(actor), given)
    chosen = find_task(world, task, split)
    kind = choice("agent", agent, AGENTS)
    options: dict[str, Any] = {"agent": kind, "seed": seed, "prompt": words, "temperature": temperature}
    status, watch = 0, Progress(actor)
    try:
        with in_terminal(console_on_stderr(), watch):
            tree = run_one(
                chosen,
                world,
                actor,
                limits=limits,
                on_event=lambda event: watch.event(0, event),
                on_tick=watch.ticked(),
                **options,
            )
    except Interrupted as stop:
        tree, status = stop.tree, INTERRUPTED
    if out is not None:
        record([tree], out, words)
    if as_json:
        print_json(tree_to_json(tree))
    else:
        print_text(str(tree))
    if usage := getattr(actor, "usage", None):
        print_progress(f"server: {usage_words(usage)}")
    if tree.nodes and tree.root.status is Status.ERROR:
        print_progress(f"the root was lost: {tree.root.reason}")
        status = status or 1
    if status:
        raise typer.Exit(status)

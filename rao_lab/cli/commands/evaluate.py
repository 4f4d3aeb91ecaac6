"""`rao-lab eval`: how well a policy does on many tasks."""

from __future__ import annotations

from typing import Annotated

import typer

from rao_lab.cli.options import (
    ENV,
    Agent,
    Difficulty,
    Env,
    Json,
    PolicyName,
    Rules,
    Seed,
    Set,
    Split,
    Tasks,
    Temperature,
)
from rao_lab.cli.output import console_on_stderr, print_json, print_text
from rao_lab.cli.worlds import environment_for


def evaluate(
    env: Env = ENV,
    policy: PolicyName = "tiny",
    agent: Agent = "recursive",
    difficulty: Difficulty = None,
    limit: Annotated[int | None, typer.Option(help="Run at most this many tasks.", min=1)] = None,
    split: Split = "test",
    seed: Seed = 0,
    temperature: Temperature = None,
    rules: Rules = None,
    tasks: Tasks = None,
    settings: Set = None,
    as_json: Json = False,
) -> None:
    """Run a policy on tasks and say how well it did, with a 95 % interval.

    If the tasks come from a file, all of them are run; of generated tasks, 100 of each band. --limit sets
    another number. The result also says what the solutions needed, in turns and in context, and how many of
    them fit the limits.

    The scripted policy needs no model: it plays the script of the world, in one of the world's styles
    (--set policy.style=NAME). Some styles make trees of thousands of nodes.

    [bold]Examples[/bold]

      rao-lab eval --policy tiny --difficulty easy,medium
      rao-lab eval --policy scripted --recipes recipes.json --tasks val.jsonl.gz
      rao-lab eval --policy scripted --agent flat --difficulty all
      rao-lab eval --policy scripted --set policy.style=per_ingredient
    """
    from rao_lab.api.defaults import suggested
    from rao_lab.api.evaluate import evaluate as run_all
    from rao_lab.api.settings import TASKS_PER_BAND, limits_from, open_policy, overrides
    from rao_lab.base.checks import choice
    from rao_lab.cli.reports.evaluation import evaluation_json, evaluation_text
    from rao_lab.protocols import Graded
    from rao_lab.tree import AGENTS
    from rao_lab.views.terminal import Board

    actor, given = open_policy(policy, overrides(settings or ()))
    world = environment_for(env, actor, difficulty, rules, tasks)
    limits = limits_from(suggested(actor), given)
    chosen = world.tasks(split)
    bands = len(world.difficulties) if isinstance(world, Graded) else 1
    count = limit or (len(chosen) if tasks else TASKS_PER_BAND * bands)
    with Board(console_on_stderr(), f"rao-lab eval, {policy}") as board:
        board.phase("tasks", min(count, len(chosen)))
        found = run_all(
            world,
            actor,
            choice("agent", agent, AGENTS),
            chosen[:count],
            limits,
            split=split,
            seed=seed,
            temperature=temperature,
            on_trees=lambda finished, _: board.advance("tasks", finished),
        )
    if as_json:
        print_json(evaluation_json(found))
    else:
        print_text(evaluation_text(found))

"""`rao-lab eval` and `rao-lab run`: a policy works on tasks, and nothing learns."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rao_lab.cli.options import (
    Agent,
    Difficulty,
    Env,
    Json,
    PolicyName,
    Recipes,
    Seed,
    Set,
    Split,
    Tasks,
    Temperature,
)
from rao_lab.cli.output import console_on_stderr, print_json, print_text
from rao_lab.cli.worlds import environment_for


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
    from rao_lab.api.defaults import suggested
    from rao_lab.api.evaluate import evaluate as run_all
    from rao_lab.api.settings import TASKS_PER_BAND, limits_from, open_policy, overrides
    from rao_lab.cli.reports import evaluation_json, evaluation_text
    from rao_lab.evaluation.ceiling import flat_fits
    from rao_lab.views.terminal import Board

    actor, given = open_policy(policy, overrides(settings or ()))
    world = environment_for(env, actor, difficulty, recipes, tasks)
    limits = limits_from(suggested(actor), given)
    chosen = world.tasks(split)
    bands = len(getattr(world, "difficulties", ("",)))
    count = limit or (len(chosen) if tasks else TASKS_PER_BAND * bands)
    with Board(console_on_stderr(), f"rao-lab eval, {policy}") as board:
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
        print_json(evaluation_json(found))
    else:
        print_text(evaluation_text(found))


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
    from rao_lab.api.defaults import suggested
    from rao_lab.api.export import record
    from rao_lab.api.run import run as run_one
    from rao_lab.api.settings import find_task, limits_from, open_policy, overrides
    from rao_lab.tree.codec import tree_to_json

    actor, given = open_policy(policy, overrides(settings or ()))
    world = environment_for(env, actor, difficulty, recipes, tasks)
    limits = limits_from(suggested(actor), given)
    chosen = find_task(world, task, split)
    tree = run_one(chosen, world, actor, limits=limits, agent=agent, seed=seed, temperature=temperature)
    if out is not None:
        record([tree], out)
    if as_json:
        print_json(tree_to_json(tree))
    else:
        print_text(str(tree))

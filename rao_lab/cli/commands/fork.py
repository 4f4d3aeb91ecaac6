"""`rao-lab fork`: a recorded tree again, with one thing changed at one place."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from rao_lab.cli.options import Json, Rules, RunFile, Set, Tasks, Temperature, run_file
from rao_lab.cli.output import console_on_stderr, loading, print_json, print_progress, print_text

if TYPE_CHECKING:
    from rao_lab.evaluation.forks import Forks
    from rao_lab.protocols import Launch, Policy

INTERRUPTED = 130


REST = "continued (sampled anew too) or replayed (as recorded)"
PATHS_SAID = 8


def fork(
    path: RunFile,
    node: Annotated[
        str | None, typer.Option(help="The path of a node, such as 0.1. It must be given.", metavar="PATH")
    ] = None,
    rest: Annotated[
        str | None,
        typer.Option(
            help=f"All other turns after that: {REST}. It must be given.",
            metavar="REST",
        ),
    ] = None,
    turn: Annotated[int, typer.Option(help="One of its turns, from 1.")] = 1,
    step: Annotated[int | None, typer.Option(help="Default: the newest that has trees.")] = None,
    tree: Annotated[
        str, typer.Option(help="Its place in the step, or GROUP.TREE, as in rao-lab show.", metavar="TREE")
    ] = "0",
    goal: Annotated[
        str | None,
        typer.Option(
            help="Tell the node this in place of its goal. The world still holds it to the old one; --goal-args "
            "changes that too."
        ),
    ] = None,
    goal_args: Annotated[
        str | None,
        typer.Option(
            help="With --goal: what the world then holds the node to, as the node's arguments in JSON.",
            metavar="JSON",
        ),
    ] = None,
    prompt: Annotated[
        str | None,
        typer.Option(help="Tell the node in these words: as of rao-lab run.", metavar="NAME_OR_FOLDER"),
    ] = None,
    action_file: Annotated[
        Path | None, typer.Option(help="Run this code in place of that of the turn.", metavar="FILE.py")
    ] = None,
    child_value: Annotated[
        list[str] | None,
        typer.Option(
            help="Give the node this in place of what a child of the turn returned. May be repeated.",
            metavar="PATH=JSON",
        ),
    ] = None,
    repeats: Annotated[int, typer.Option(help="How many forks.", min=1)] = 8,
    policy: Annotated[
        str | None,
        typer.Option(
            help="Who samples what is new. Default: the weights that wrote the turn, from the run's checkpoint; "
            "otherwise its newest; without a checkpoint, what the run began with.",
            metavar="NAME",
        ),
    ] = None,
    env: Annotated[
        str | None, typer.Option(help="The world, if the run does not say it.", metavar="NAME")
    ] = None,
    rules: Rules = None,
    tasks: Tasks = None,
    settings: Set = None,
    seed: Annotated[int, typer.Option(help="Keys the noise of what is new.")] = 0,
    temperature: Temperature = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Keep the forks in this new run file. Default: in RUN.", metavar="FILE", callback=run_file
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Run a recorded tree again from one turn of one node, with one thing changed: what if?

    What was recorded before is replayed. From the turn on, the node is sampled anew, several times, with another
    goal, prompt, action or value of a child; or without a change, to compare with. It is said how often the node
    then succeeds, and what its ancestors earn. The forks are kept in RUN, or in a new file (--out); no step counts
    them.

    [bold]Examples[/bold]

      rao-lab fork runs/demo.rao --tree 1.0 --node 0.0 --rest continued
      rao-lab fork runs/a.rao --node 0 --turn 2 --action-file a.py --rest replayed
      rao-lab fork runs/a.rao --node 0.1 --goal "Sort the list" --rest continued
    """
    from rao_lab.api.find import find_tree, find_trees
    from rao_lab.base.checks import choice
    from rao_lab.cli.reports.fork import fork_text
    from rao_lab.errors import ConfigError
    from rao_lab.store import open_run
    from rao_lab.tree.cut import Rest, turn_of
    from rao_lab.views.terminal import Board

    if rest is None:
        raise ConfigError(f"--rest is missing: give {REST}")
    with open_run(path) as run:
        trees = find_trees(run, step)
        original = trees[find_tree(trees, tree)].load()
        if node is None:
            paths = [each.path for each in original.nodes]
            more = f" and {len(paths) - PATHS_SAID} more" if len(paths) > PATHS_SAID else ""
            raise ConfigError(f"--node is missing: this tree has {', '.join(paths[:PATHS_SAID])}{more}")
        turn_of(original.node(node), turn)  # before anything heavy is loaded for nothing
        from rao_lab.api.fork import fork as run_again
        from rao_lab.api.reopen import Begun, reopen_environment

        world = None
        if env or rules or tasks:
            world = reopen_environment(Begun(path, run.config), env, "chat", None, rules, tasks, {})
        actor = _policy(policy, settings or ())
        with Board(console_on_stderr(), f"rao-lab fork, {path.name}") as board:
            board.phase("forks", repeats)
            found = run_again(
                original,
                node,
                turn,
                rest=choice("rest", rest, get_args(Rest)),
                goal=_told(goal, goal_args),
                prompt=prompt,
                action=None if action_file is None else action_file.read_text(encoding="utf-8"),
                child_value=_values(child_value),
                repeats=repeats,
                policy=actor,
                environment=world,
                run=run,
                store=out or path,
                seed=seed,
                progress=False,
                temperature=temperature,
                on_forks=lambda ended, _: board.advance("forks", ended),
            )
    if as_json:
        print_json(found.to_dict())
    else:
        print_text(fork_text(found, out or path, _places(found, out or path)), sentences=True)
    if len(found) < repeats:
        print_progress(f"stopped: {len(found)} of {repeats} forks had ended; they are kept")
        raise typer.Exit(INTERRUPTED)


def _policy(name: str | None, assigned: Sequence[str]) -> Policy | None:
    """Who samples, with the settings of --set.

    Raises:
        ConfigError: --set gives something else, or there is nobody whom it could be for.
    """
    from rao_lab.api.settings import overrides, own_settings
    from rao_lab.errors import ConfigError
    from rao_lab.policies.load import load_policy

    own, rest = own_settings(overrides(assigned), "policy")
    if rest or (own and name is None):
        raise ConfigError("--set is for the policy that --policy names, as in --set policy.timeout=300")
    if name is None:
        return None
    with loading(name):
        return load_policy(name, **own)


def _told(goal: str | None, args: str | None) -> str | Launch | None:
    """The goal, with other arguments if they are given.

    Raises:
        ConfigError: they are no JSON object, or there is no goal.
    """
    from rao_lab.base.safe_text import quoted
    from rao_lab.errors import ConfigError
    from rao_lab.protocols import Launch

    if args is None:
        return goal
    if not goal:
        raise ConfigError("--goal-args goes with --goal: give the words of the new goal too")
    try:
        found = json.loads(args)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ConfigError(
            f'--goal-args {quoted(args)} is no JSON object, such as \'{{"targets": {{"d5": 1}}}}\''
        )
    return Launch(goal, found)


def _places(found: Forks, kept: Path) -> tuple[int | None, int] | None:
    """Where the tree and its first fork stand in their step; None if none has ended."""
    from rao_lab.store import open_run

    if not found.trees:
        return None
    with open_run(kept) as run:
        trees = run.trees(found.original.header.step)
    head, origin = found.original.header, found.trees[0].header.origin
    forks = [place for place, each in enumerate(trees) if each.origin == origin]
    before = [
        place
        for place, each in enumerate(trees)
        if (each.group, each.rollout, each.origin, each.probe)
        == (head.group, head.rollout, head.origin, False)
    ]
    return (before[0] if before else None, max(forks)) if forks else None


def _values(assigned: list[str] | None) -> dict[str, Any] | None:
    """`["0.1=3", "0.2=done"]` as values by path; what is no JSON is text."""
    from rao_lab.base.safe_text import quoted
    from rao_lab.errors import ConfigError

    if not assigned:
        return None
    found: dict[str, Any] = {}
    for each in assigned:
        path, equals, text = each.partition("=")
        if not equals or not path.strip():
            raise ConfigError(f'--child-value {quoted(each)} is no PATH=JSON, such as 0.1.0="done"')
        try:
            found[path.strip()] = json.loads(text)
        except (ValueError, RecursionError):
            found[path.strip()] = text
            print_progress(f"--child-value {quoted(each)}: {quoted(text)} is no JSON, so it is taken as text")
    return found

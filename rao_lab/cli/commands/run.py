"""`rao-lab run`: one task, one tree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rao_lab.base.safe_text import for_shell, one_line
from rao_lab.cli.options import (
    Agent,
    Difficulty,
    Env,
    Goal,
    Json,
    JudgeName,
    Out,
    PromptName,
    Rubric,
    Rules,
    RunPolicy,
    RunSplit,
    Seed,
    Set,
    Tasks,
    Temperature,
    Tools,
    Verify,
)
from rao_lab.cli.output import (
    INTERRUPTED,
    console_on_stderr,
    own_prints_aside,
    print_json,
    print_progress,
    print_text,
)
from rao_lab.cli.worlds import open_both, open_goal, open_judge, say_unread

if TYPE_CHECKING:
    from rao_lab.execution.limits import Limits
    from rao_lab.protocols import Judge, Policy
    from rao_lab.tree import Tree

LONG_ANSWER = 60
"""Characters of a text that the picture may have cut: it follows whole,"""
MOST_ANSWER = 4000
"""up to so many characters."""
LONG_ERROR = 400


def run(
    env: Env = None,
    policy: RunPolicy = None,
    task: Annotated[
        str | None, typer.Option(help="The task's number in its split, or its id. Default: 0.")
    ] = None,
    goal: Goal = None,
    tools: Tools = None,
    verify: Verify = None,
    agent: Agent = "recursive",
    prompt: PromptName = None,
    difficulty: Difficulty = None,
    split: RunSplit = None,
    seed: Seed = 0,
    temperature: Temperature = None,
    rules: Rules = None,
    tasks: Tasks = None,
    judge: JudgeName = None,
    rubric: Rubric = None,
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

    With --goal, what is run is a goal of your own in words. Its agents may call your own functions (--tools): plain
    typed Python with docstrings, which runs outside the sandbox, in this process. --set env.seconds=2 bounds a call
    (30 by default), and limits.tree_seconds bounds all.

    --judge has a model read what a node did, and score it by a rubric, if the world cannot. Its settings: --set
    judge.cache=FILE (keeps verdicts), judge.graded=true (numbers from 0 to 1), judge.max_chars=8000 (of what it
    reads), and those of a server as above.

    [bold]Examples[/bold]

      rao-lab run --policy scripted --difficulty hard
      rao-lab run --policy scripted --set policy.style=per_ingredient
      rao-lab run --policy smollm2 --prompt divide_and_conquer
      rao-lab run --policy smollm2 --task 3 --out runs/one.rao
      rao-lab run --policy http://127.0.0.1:8080/v1#model --set policy.timeout=300
      rao-lab run --goal "How old is the oldest of us?" --tools my_tools.py
      rao-lab run --goal "Who wrote it?" --policy smollm2 --judge smollm2
    """
    from rao_lab.api.defaults import suggested
    from rao_lab.api.keep import check_new
    from rao_lab.api.settings import find_task, limits_from, overrides
    from rao_lab.base.checks import choice
    from rao_lab.environments.named import FLAGS
    from rao_lab.prompts import find
    from rao_lab.tree import AGENTS

    check_new(out)  # said before a model is loaded for it
    words = None if prompt is None else find(prompt)
    options: dict[str, Any] = {
        "agent": choice("agent", agent, AGENTS),
        "seed": seed,
        "prompt": words,
        "temperature": temperature,
        "store": out,
    }
    which = {"--env": env, "--difficulty": difficulty, FLAGS["rules"]: rules, "--tasks": tasks}
    _check_apart(goal, {**which, "--task": task, "--split": split}, {"--tools": tools, "--verify": verify})
    assigned = overrides(settings or ())
    with own_prints_aside():
        options["judge"], assigned = open_judge(judge, rubric, assigned)
        if goal is not None:
            chosen, world, actor, given = open_goal(goal, tools or (), verify, policy, assigned, temperature)
        else:
            world, actor, given = open_both(
                env, policy or "tiny", difficulty, rules, tasks, assigned, temperature=temperature
            )
            chosen = find_task(world, task or "0", split or "test")
        say_unread(actor, words)
        options["limits"] = limits_from(suggested(actor), given)
        tree, status = _watched(actor, chosen, world, options)
    _report(tree, actor, options["judge"], options["limits"], as_json)
    if goal is not None and not as_json and any(turn.text for turn in tree.nodes[0].turns):
        kept = (
            "--out FILE keeps the tree, and `rao-lab show FILE"
            if out is None
            else f"`rao-lab show {for_shell(out)}"
        )
        print_progress(f"next: {kept} --node 0` prints what agent 0 read and wrote")
    if status or _lost(tree):
        raise typer.Exit(status or 1)


def _watched(actor: Policy, chosen: Any, world: Any, options: Mapping[str, Any]) -> tuple[Tree, int]:
    """Runs the tree before the eyes of a terminal; the tree, and the exit status of Ctrl-C if it came."""
    from rao_lab.api.run import run as run_one
    from rao_lab.errors import Interrupted
    from rao_lab.views.progress import Progress, in_terminal

    watch = Progress(actor, environment=world, judge=options["judge"])
    try:
        with in_terminal(console_on_stderr(), watch):
            return run_one(
                chosen,
                world,
                actor,
                on_event=lambda event: watch.event(0, event),
                on_tick=watch.ticked(),
                **options,
            ), 0
    except Interrupted as stop:
        return stop.tree, INTERRUPTED


def _report(tree: Tree, actor: Policy, judge: Judge | None, limits: Limits, as_json: bool) -> None:
    from rao_lab.evaluation.usage import usage_words
    from rao_lab.execution.executor import STOPPED
    from rao_lab.execution.judge.judge import judge_words
    from rao_lab.tree.codec import tree_to_json
    from rao_lab.tree.text import last_error
    from rao_lab.tree.told_counts import cut_words

    if as_json:
        print_json(tree_to_json(tree))
    else:
        print_text(str(tree))
        value = tree.root.value if tree.nodes else None
        if isinstance(value, str) and len(value) > LONG_ANSWER:
            print_text(f"\n{value[:MOST_ANSWER]}", sentences=True)
    if usage := getattr(actor, "usage", None):
        trouble = getattr(actor, "trouble", "")
        told = not trouble or (tree.nodes and trouble in tree.root.reason)
        said = "" if told else f"; its last word: {trouble.removeprefix('the server ')}"
        print_progress(f"server: {usage_words(usage)}{said}")
    if words := cut_words(tree.nodes, limits.max_new_tokens, actor.window):
        print_progress(words)
    if words := judge_words(judge):
        print_progress(f"judge: {words}")
    if tree.nodes and tree.root.reason and tree.root.reason != STOPPED:
        unscored = tree.root.reason.startswith(("the verifier ", "the judge "))  # it did its work
        what = " was not scored" if unscored else " was lost"
        print_progress(f"the root{what * _lost(tree)}: {tree.root.reason}")
    elif tree.nodes and (failed := last_error(tree.root)):
        print_progress(f"the root's last turn failed: {one_line(failed, LONG_ERROR)}")


def _lost(tree: Tree) -> bool:
    from rao_lab.tree import Status

    return bool(tree.nodes) and tree.root.status is Status.ERROR


def _check_apart(goal: str | None, of_world: Mapping[str, Any], of_goal: Mapping[str, Any]) -> None:
    """Refuses options of a goal and options of a world together."""
    from rao_lab.errors import ConfigError

    for name, value in (of_goal if goal is None else of_world).items():
        if value:
            raise ConfigError(
                f"{name} belongs to a goal of your own: give --goal, too"
                if goal is None
                else f"--goal and {name} are both given: run a goal of your own, or a task of a world"
            )

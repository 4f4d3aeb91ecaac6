"""`rao-lab eval`: how well a policy does on many tasks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rao_lab.base.safe_text import for_shell
from rao_lab.base.words import counted
from rao_lab.cli.options import (
    Agent,
    Difficulty,
    Env,
    Json,
    JudgeName,
    Limit,
    Out,
    PolicyName,
    PromptName,
    Rubric,
    Rules,
    Seed,
    Set,
    Split,
    Tasks,
    Temperature,
)
from rao_lab.cli.output import (
    INTERRUPTED,
    console_on_stderr,
    own_prints_aside,
    print_json,
    print_progress,
    print_text,
)
from rao_lab.cli.worlds import open_both, open_judge, say_unread

if TYPE_CHECKING:
    from rao_lab.evaluation.compare import Comparison
    from rao_lab.evaluation.evaluate import Evaluation
    from rao_lab.protocols import Environment, Policy
    from rao_lab.tree import Agent as Kind

Against = Annotated[
    list[str] | None,
    typer.Option(
        help="The other agent, or another policy: compare with it. May be repeated.", metavar="NAME"
    ),
]
BudgetOf = Annotated[
    str | None,
    typer.Option(
        "--budget", help="With --against: tokens, turns or seconds, or so much: tokens=400.", metavar="UNIT"
    ),
]
Repeats = Annotated[int, typer.Option(help="With --against: tries at each task.", min=1, max=64)]
Resume = Annotated[
    bool, typer.Option("--resume", help="Go on with the evaluation in --out: what ended is not run again.")
]
Page = Annotated[
    Path | None, typer.Option(help="With --against: also save it as a page.", metavar="FILE.html")
]


def evaluate(
    env: Env = None,
    policy: PolicyName = "tiny",
    agent: Agent = "recursive",
    prompt: PromptName = None,
    difficulty: Difficulty = None,
    limit: Limit = None,
    split: Split = "test",
    seed: Seed = 0,
    temperature: Temperature = None,
    rules: Rules = None,
    tasks: Tasks = None,
    judge: JudgeName = None,
    rubric: Rubric = None,
    settings: Set = None,
    against: Against = None,
    budget: BudgetOf = None,
    repeats: Repeats = 1,
    page: Page = None,
    out: Out = None,
    resume: Resume = False,
    as_json: Json = False,
) -> None:
    """Run a policy on tasks and say how well it did, with a 95 % interval.

    If the tasks come from a file, all of them are run; of generated tasks, 100 of each band. --limit sets
    another number. The result also says what the solutions needed, in turns and in context, and how many of
    them fit the limits. If no task could be scored, the exit status is 1. A terminal shows what runs; Ctrl-C
    sums up the tasks that were begun.

    A temperature other than 1 flatters what was trained, so a model of this machine runs the tasks at 1, too.

    --out keeps every tree (of the first temperature) in a run file, while it grows: rao-lab show and the
    Explorer open it, also if the evaluation is stopped or killed. The same line with --resume goes on: the trees
    that ended stay.

    --against compares with the other agent (--against flat), or with other policies, on the same tasks: pass@1 and
    pass@k with --repeats, and what each solves with --budget tokens, turns or seconds: as much on each task as the
    first try of the dearest took there, or so much (tokens=400). Who is cheap has more tries; a try that goes over
    the budget counts for nothing. --page saves tables and figures as one page. rao-lab prompts bench compares prompts.

    What can be set of a server (--set policy.concurrency=4 and so on) and of a judge is listed by rao-lab run --help.

    The scripted policy needs no model: it plays the script of the world, in one of the world's styles
    (--set policy.style=NAME). Some styles make trees of thousands of nodes.

    [bold]Examples[/bold]

      rao-lab eval --policy tiny --difficulty easy,medium
      rao-lab eval --against flat --budget tokens --repeats 4 --page compared.html
      rao-lab eval --policy a.rao.ckpt/step-40 --against a.rao.ckpt/step-10
      rao-lab eval --policy smollm2 --limit 12 --out runs/eval.rao
      rao-lab eval --policy smollm2 --limit 12 --out runs/eval.rao --resume
      rao-lab eval --policy scripted --recipes recipes.json --tasks val.jsonl.gz
      rao-lab eval --policy scripted --agent flat --difficulty all
      rao-lab eval --policy scripted --set policy.style=per_ingredient
    """
    from rao_lab.api.keep import check_new
    from rao_lab.api.keep_evaluation import check_evaluation
    from rao_lab.api.settings import overrides
    from rao_lab.base.checks import choice
    from rao_lab.cli.reports.evaluation import evaluation_json, evaluation_text
    from rao_lab.errors import CallbackError, Interrupted
    from rao_lab.evaluation.ceiling import flat_fits
    from rao_lab.prompts import find
    from rao_lab.tree import AGENTS
    from rao_lab.tree.told_counts import cut_lines, cut_words

    _check_resume(out, resume, against)
    if against:  # said before a model is loaded for it
        check_new(out)
    else:
        check_evaluation(out, resume)
    kind = choice("agent", agent, AGENTS)
    words = None if prompt is None else find(prompt)
    compared = {"budget": budget, "repeats": repeats, "store": out}
    _check_against(against, budget, repeats, page)
    which = (env, policy, difficulty, rules, tasks)
    status, failed = 0, None
    with own_prints_aside():
        judging, assigned = open_judge(judge, rubric, overrides(settings or ()))
        world, actor, given = open_both(*which, assigned, temperature=temperature)
        say_unread(actor, words)
        count = limit or _usual_count(world, split, whole=rules is not None or tasks is not None)
        options: dict[str, Any] = {"split": split, "seed": seed, "prompt": words, "temperature": temperature}
        options["judge"] = judging
        options["fits"] = fits = flat_fits(world, actor, words)
        plain = None
        if against:
            made, cut = _compared(world, (policy, actor, kind), against, count, given, options | compared)
        else:
            try:
                found = _watched(
                    world,
                    actor,
                    kind,
                    count,
                    given,
                    {**options, "store": out, "resume": resume},
                    f"rao-lab eval, {policy}",
                )
            except Interrupted as stop:
                found, status = stop.evaluation, INTERRUPTED
            except CallbackError as error:
                if error.evaluation is None:
                    raise
                found, status, failed = error.evaluation, 2, error
            if not status and plain_too(actor, found.temperature):
                options["temperature"] = 1.0
                try:
                    plain = _watched(
                        world, actor, kind, count, given, options, f"rao-lab eval, {policy}, temperature 1"
                    )
                except Interrupted as stop:
                    plain, status = stop.evaluation, INTERRUPTED
    if against:
        first = next((each.evaluations for each in made.values()), cut)
        ended = _print_compared(made, cut, world, fits, page, as_json)
        for line in cut_lines({name: each.trees for name, each in first.items()}, actor.window):
            print_progress(line)
        raise typer.Exit(ended)
    if as_json:
        print_json(evaluation_json(found, plain, world, fits))
    else:
        print_text(evaluation_text(found, plain), sentences=True)
        if out is not None:
            print_text(f"{out}: {counted(found.overall.tasks, 'tree')}. Next: rao-lab show {for_shell(out)}")
    nodes = [node for tree in found.trees for node in tree.nodes]
    if cut_off := cut_words(nodes, found.limits.max_new_tokens, actor.window):
        print_progress(cut_off)
    if failed is not None:
        raise failed
    if status or found.success is None:
        raise typer.Exit(status or 1)


def _check_resume(out: Path | None, resume: bool, against: object) -> None:
    """Raises: ConfigError: there is nothing that could go on."""
    from rao_lab.errors import ConfigError

    if resume and out is None:
        raise ConfigError("--resume needs --out FILE: the evaluation to go on with")
    if resume and against:
        raise ConfigError("--resume has no meaning with --against: a comparison cannot go on")


def _check_against(against: object, budget: str | None, repeats: int, page: Path | None) -> None:
    """Refuses what means nothing, before a model is loaded for it.

    Raises:
        ConfigError: an option that compares, and nothing to compare with; or no budget. InputError, RunFileError:
        another file lies where the page is to go. UnavailableError: the page cannot be written there.
    """
    from rao_lab.errors import ConfigError
    from rao_lab.evaluation.budgets import Budget
    from rao_lab.views.explorer.page import check_page

    Budget.read(budget)
    given = {"budget": budget is not None, "repeats": repeats != 1, "page": page is not None}
    if not against and any(given.values()):
        name = next(name for name, is_given in given.items() if is_given)
        raise ConfigError(f"--{name} has a meaning with --against alone, as in --against flat")
    check_page(page)


def _compared(
    world: Environment,
    actor: tuple[str, Policy, Kind],
    against: list[str],
    count: int,
    given: dict[str, Any],
    options: dict[str, Any],
) -> tuple[dict[str, Comparison], dict[str, Evaluation]]:
    """The comparison, and the same at temperature 1 if that belongs beside it; then what is left of one stopped."""
    from rao_lab.cli.against import compare_with
    from rao_lab.evaluation.evaluate import chosen_tasks

    tasks = chosen_tasks(world, max(count, 1), options["split"])
    return compare_with(
        world, actor, against, tasks, given, options, lambda warmth: plain_too(actor[1], warmth)
    )


def _print_compared(
    found: dict[str, Comparison],
    cut: dict[str, Evaluation],
    world: Environment,
    fits: Any,
    page: Path | None,
    as_json: bool,
) -> int:
    """Prints, then saves, so that no page that fails takes the result along; returns the exit status."""
    from rao_lab.cli.reports.comparison import comparison_json, comparison_text
    from rao_lab.views.compare.page import save_comparisons

    if as_json:
        print_json(comparison_json(found, world, fits, cut))
    else:
        print_text(comparison_text(found, cut), sentences=True)
    if page is not None and found:
        save_comparisons(found, page)
        if not as_json:
            print_text(f"page: {page}")
    if cut:
        return INTERRUPTED
    evaluations = next(iter(found.values())).evaluations.values()
    return 0 if all(each.success is not None for each in evaluations) else 1


def plain_too(actor: Policy, temperature: float | None) -> bool:
    """Whether temperature 1 belongs beside it: what was trained looks better at a lower one.

    A server is not asked the same again, since that costs; it samples at 1 unless it is told otherwise.
    """
    return temperature not in (None, 1.0) and not hasattr(actor, "usage")


def _usual_count(world: Environment, split: str, whole: bool) -> int:
    """How many tasks are run if no number was given: all of a file, and so many of each generated band."""
    from rao_lab.api.settings import TASKS_PER_BAND
    from rao_lab.protocols import Graded

    if whole:
        return len(world.tasks(split))
    return TASKS_PER_BAND * (len(world.difficulties) if isinstance(world, Graded) else 1)


def _watched(
    world: Environment,
    actor: Policy,
    agent: Kind,
    count: int,
    given: dict[str, Any],
    options: dict[str, Any],
    title: str,
) -> Evaluation:
    """Evaluates before a board."""
    from rao_lab.api.defaults import suggested
    from rao_lab.api.evaluate import evaluate as run_all
    from rao_lab.api.settings import limits_from
    from rao_lab.evaluation.evaluate import chosen_tasks
    from rao_lab.views.progress import Progress, in_log
    from rao_lab.views.terminal import Board

    limits = limits_from(suggested(actor), given)
    chosen = chosen_tasks(world, max(count, 1), options["split"])
    console, progress = console_on_stderr(), Progress(actor, len(chosen), judge=options["judge"])
    in_log(console, progress)
    with Board(console, title, line=progress.line) as board:
        board.phase("tasks", len(chosen))
        return run_all(
            world,
            actor,
            agent,
            chosen,
            limits,
            on_event=progress.event,
            on_tick=progress.ticked(),
            on_trees=progress.told(lambda over, _: board.advance("tasks", over)),
            **options,
        )

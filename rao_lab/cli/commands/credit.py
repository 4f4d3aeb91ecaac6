"""`rao-lab credit`: what every node of a step earned."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from rao_lab.cli.options import Json, RunFile
from rao_lab.cli.output import print_incomplete, print_json, print_problems, print_text


def credit(
    path: RunFile,
    step: Annotated[int | None, typer.Option(help="Training step, from 1. Default: the newest.")] = None,
    lam: Annotated[float | None, typer.Option(help="Recompute: weight of the children's mean.")] = None,
    bonus: Annotated[str | None, typer.Option(help="Recompute: mean, min or capped_sum.")] = None,
    cap: Annotated[float | None, typer.Option(help="Recompute: the most that capped_sum may add.")] = None,
    estimator: Annotated[
        str | None,
        typer.Option(
            help="Recompute: rao, rao_root_adv, grpo_mean, root_only, tree_relative, or a function FILE.py:NAME."
        ),
    ] = None,
    baseline: Annotated[
        str | None, typer.Option(help="Recompute: leave_one_out, group_mean, moving or none.")
    ] = None,
    decay: Annotated[
        float | None, typer.Option(help="Recompute: what a step leaves of a moving mean, in [0, 1).")
    ] = None,
    depth_weighting: Annotated[
        str | None, typer.Option(help="Recompute: inverse_frequency, per_group or none.")
    ] = None,
    tree: Annotated[
        str | None, typer.Option(help="Only this tree, as GROUP.TREE of the table.", metavar="TREE")
    ] = None,
    node: Annotated[
        str | None, typer.Option(help="Only nodes at this path, such as 0.1.", metavar="PATH")
    ] = None,
    compare: Annotated[
        str | None,
        typer.Option(
            help="Compare rules on the same rollouts, the first with the others: recorded, rao, moving, FILE.py:NAME "
            "...; 'all' = those that have a name.",
            metavar="RULE,RULE",
        ),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="With --compare: every step that has credit.")] = False,
    gradient: Annotated[
        bool,
        typer.Option(
            "--gradient",
            help="With --compare: how alike the policy gradients are, at the weights the run kept.",
        ),
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="With --compare: save it as a page, too.", metavar="FILE.html")
    ] = None,
    as_json: Json = False,
) -> None:
    """Print what every node of a step earned, term by term.

    Without options, these are the numbers that the trainer multiplied. With options, the same trees are
    credited by another rule.

    [bold]Examples[/bold]

      rao-lab credit runs/demo.rao --step 10
      rao-lab credit runs/demo.rao --step 10 --tree 4.0 --node 0.1
      rao-lab credit runs/demo.rao --step 10 --lam 0 --json
      rao-lab credit runs/demo.rao --compare recorded,tree_relative,moving --all
    """
    from rao_lab.api.export import credit_of
    from rao_lab.api.find import chosen_rows
    from rao_lab.api.settings import estimator_of
    from rao_lab.cli.reports.credit import credit_text
    from rao_lab.errors import ConfigError
    from rao_lab.store import open_run

    options = {
        "lam": lam,
        "bonus": bonus,
        "cap": cap,
        "estimator": estimator_of(estimator),
        "baseline": baseline,
        "decay": decay,
        "depth_weighting": depth_weighting,
    }
    changes = {name: value for name, value in options.items() if value is not None}
    if compare is not None:
        others = {**changes, **{name: value for name, value in {"tree": tree, "node": node}.items() if value}}
        if others:
            name = next(iter(others)).replace("_", "-")
            raise ConfigError(
                f"--{name} has no meaning with --compare: name rules, as in --compare rao,moving"
            )
        if every and step is not None:
            raise ConfigError(f"--all and --step {step} contradict each other: give one of them")
        _compare(path, compare, "all" if every else step, gradient, out, as_json)
        return
    if every or gradient or out:
        name = "all" if every else "gradient" if gradient else "out"
        raise ConfigError(f"--{name} has a meaning with --compare alone")
    with open_run(path) as opened:
        print_problems(opened)
        found_step, found = credit_of(opened, step, changes)
        print_incomplete(opened, found_step, "and this is what its training multiplied by")
    rows = None if tree is None and node is None else chosen_rows(found, tree, node)
    if as_json:
        print_json({"step": found_step, **found.to_json(rows)})
    else:
        print_text(credit_text(found_step, found, rows))


def _compare(path: Path, rules: str, step: Any, gradient: bool, out: Path | None, as_json: bool) -> None:
    """Prints what several rules say of the same rollouts."""
    from rao_lab.api.compare_rules import compare_rules
    from rao_lab.api.settings import estimator_of
    from rao_lab.store import open_run
    from rao_lab.views.explorer.page import check_page

    check_page(out)
    named = None if rules == "all" else [estimator_of(each.strip()) for each in rules.split(",")]
    with open_run(path) as opened:
        print_problems(opened)
        found = compare_rules(opened, named, step, gradient=gradient)
    if as_json:
        print_json(found.to_json())
    else:
        print_text(str(found))
    if out is not None:
        found.save_html(out)

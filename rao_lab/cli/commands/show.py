"""`rao-lab show`: a recorded tree, and one node of it."""

from __future__ import annotations

from typing import Annotated

import typer

from rao_lab.cli.options import Json, RunFile
from rao_lab.cli.output import print_incomplete, print_json, print_problems, print_progress, print_text


def show(
    path: RunFile,
    step: Annotated[
        int | None, typer.Option(help="Default: the newest that was finished and has trees.")
    ] = None,
    tree: Annotated[
        str | None,
        typer.Option(
            help="Its place in the step, from 0 (the default), or GROUP.TREE as `rao-lab credit` prints them.",
            metavar="TREE",
        ),
    ] = None,
    node: Annotated[
        str | None,
        typer.Option(help="Show this node: context, messages, credit. 0 is the root.", metavar="PATH"),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(help="All three as one address, as the Explorer shows it.", metavar="STEP:TREE/NODE"),
    ] = None,
    timeline: Annotated[
        bool,
        typer.Option("--timeline", help="Show when each node computed and waited, and the critical path."),
    ] = False,
    group: Annotated[
        bool,
        typer.Option(
            "--group", help="Show all trees of its task, what each group of the step taught, and the depths."
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Print a recorded tree, one node of it, or its group.

    A tree has one line for each agent: how it ended, its path, its goal, its success s, what it earned (R and
    A), its turns and its tokens. A node shows, turn by turn, what it read, what it wrote, what its calls
    returned, and its credit term by term.

    [bold]Examples[/bold]

      rao-lab show runs/demo.rao
      rao-lab show runs/demo.rao --step 10 --tree 4.0
      rao-lab show runs/demo.rao --step 10 --tree 4.0 --node 0.1
      rao-lab show runs/demo.rao --step 10 --tree 4.0 --timeline
      rao-lab show runs/demo.rao --step 10 --group
      rao-lab show runs/demo.rao --at 10:4.0/0.1
    """
    from rao_lab.api.find import credit_of_tree, find_tree, find_trees, is_cut, is_training
    from rao_lab.cli.reports import show as report
    from rao_lab.errors import ConfigError
    from rao_lab.store import open_run
    from rao_lab.store.frames import evaluation_name
    from rao_lab.tree.codec import tree_to_json
    from rao_lab.views.explorer.address import Address
    from rao_lab.views.explorer.decoder import bundled_decoder
    from rao_lab.views.explorer.from_run import RunSource
    from rao_lab.views.explorer.group_still import group_json
    from rao_lab.views.explorer.node_text import node_text

    if at is not None:
        if (step, tree, node) != (None, None, None):
            raise ConfigError("--at says step, tree and node: give it alone, or give those")
        step, tree, node, view = Address.parse(at)
        group = group or view == "group"
    if group and (timeline or (node is not None and at is None)):
        raise ConfigError("--group shows the trees of a task: give it without --node and --timeline")
    if timeline and node is not None:
        raise ConfigError("--timeline shows a whole tree and --node one node of it: give one of them")
    with open_run(path) as run:
        trees = find_trees(run, step)
        place = find_tree(trees, tree or "0")
        print_problems(run)
        arm = evaluation_name(run.config, trees[place].step)
        name = f"{path.name} ({arm})" if arm else path.name
        print_incomplete(run, trees[place].step, "and shown without credit")
        for each in (trees[place].step, run.steps[-1].step):
            if is_cut(run, each):
                print_progress(f"step {each} was not finished: not credited")
                break
        if group:
            table = RunSource(run).table(trees[place].step)
            own = next(at for at, row in enumerate(table.trees) if row.id == trees[place].id)
            if as_json:
                print_json(group_json(table, own))
            else:
                print_text(report.group_text(name, trees, place, table, own))
            return
        found = trees[place].load()
        credit = credit_of_tree(run, trees[place])
        decode = bundled_decoder(run.config)
        trained = is_training(run) and trees[place].step > 0
    if node is None:
        if as_json:
            print_json(found.timeline().to_dict() if timeline else tree_to_json(found))
        elif timeline:
            print_text(report.timeline_text(name, trees, place, found))
        else:
            print_text(report.tree_text(name, trees, place, found, credit))
        return
    chosen = found.node(node)
    said = node_text(chosen, decode)
    header = found.header
    rule = None if credit is None else credit.config
    counts = [] if credit is None else credit.depth_counts.tolist()
    earned = None if credit is None else credit.find(header.group, header.rollout, chosen.path)
    if as_json:
        nodes = [] if credit is None or earned is None else credit.to_json([earned])["nodes"]
        print_json({"node": chosen.path, **said, "credit": nodes[0] if nodes else None})
    else:
        print_text(report.node_text(name, trees, place, chosen, said, earned, trained, rule, counts))

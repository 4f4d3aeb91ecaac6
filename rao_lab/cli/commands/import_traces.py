"""`rao-lab import`: what another program recorded, as trees, and as a run file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rao_lab.base.safe_text import for_shell
from rao_lab.cli.options import Json, Out
from rao_lab.cli.output import print_json, print_text


def import_traces(
    files: Annotated[list[Path], typer.Argument(help="Files, or a folder of them.", metavar="FILE")],
    kind: Annotated[
        str | None,
        typer.Option(
            "--format",
            help="platoon, rlm, redel, verifiers, inspect, trl, otel or messages. Default: told from the content.",
        ),
    ] = None,
    out: Out = None,
    reward: Annotated[
        str | None, typer.Option(help="The reward, scorer or evaluation that counts, if there are several.")
    ] = None,
    reward_range: Annotated[
        str | None, typer.Option(help="LOW,HIGH of the rewards, if that is not 0,1.", metavar="LOW,HIGH")
    ] = None,
    as_json: Json = False,
) -> None:
    """Open what another program recorded, and keep it as a run file.

    Trees of one task are a group, and get credit. What a file does not say stays unknown. Without --out the trees are
    told of and nothing is written.

    [bold]Examples[/bold]

      rao-lab import events.jsonl
      rao-lab import logs/ --format inspect --out runs/theirs.rao
      rao-lab import completions.parquet --reward accuracy --out runs/trl.rao
    """
    from rao_lab.store import open_trace
    from rao_lab.tree.text import text_tree

    span = None if reward_range is None else tuple(reward_range.split(","))
    trace = open_trace(files[0] if len(files) == 1 else files, kind, reward=reward, reward_range=span)  # type: ignore[arg-type]
    if out is not None:
        trace.save(out)
    if as_json:
        print_json(
            {
                "format": trace.format,
                "trees": len(trace.trees),
                "nodes": sum(map(len, trace.trees)),
                "groups": len(trace.groups),
                "scored": sum(tree.success is not None for tree in trace.trees),
                "notes": dict(trace.notes),
                "run": None if out is None else str(out),
            }
        )
        return
    told = str(trace).splitlines()
    last = (
        f"written to {out}: rao-lab show {for_shell(out)} prints its trees"
        if out
        else "--out FILE.rao keeps it"
    )
    print_text("\n".join([*told[:-1], last, "", text_tree(trace.trees[0])]))

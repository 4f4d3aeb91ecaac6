"""`rao-lab export`: a run as one file, to show or to hand on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rao_lab.cli.options import RunFile
from rao_lab.cli.output import print_text


def export(
    path: RunFile,
    out: Annotated[Path, typer.Option(help="File to write.", metavar="FILE")],
    kind: Annotated[
        str | None,
        typer.Option(
            "--format",
            help="html, json, rao, messages, platoon, otel, perfetto or parquet. Default: what the name of FILE says.",
        ),
    ] = None,
    steps: Annotated[
        str | None,
        typer.Option(help="Steps to keep, for example 1,5,10-20. Default: the newest (html), all (json)."),
    ] = None,
    max_mb: Annotated[float | None, typer.Option(help="Largest page, in MB (html). Default: 20.")] = None,
    damaged: Annotated[
        bool, typer.Option("--salvage", help="Keep what can be read of a damaged file (rao).")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Overwrite FILE, unless it is a run (html, json).")
    ] = False,
) -> None:
    """Write a run as one file: a page to look at, JSON to compute with, a copy, or traces for other programs.

    The name of FILE says which: .html, .json or .rao; otherwise --format does. An earlier export is replaced, any
    other file is not.

    A page (html) needs nothing but a browser. It holds the newest step, or those of --steps, and says what it
    leaves out. A copy (rao) is compact, and can be made while the run is still being written.

    Traces: chat messages with tool calls (messages), platoon's events (platoon), OpenTelemetry spans (otel), a
    timeline for ui.perfetto.dev (perfetto), and a folder of Parquet tables (parquet, with pyarrow). `rao-lab import`
    reads the first three again.

    [bold]Examples[/bold]

      rao-lab export runs/demo.rao --out demo.html
      rao-lab export runs/demo.rao --out demo.json --steps 1,5,10-20
      rao-lab export runs/live.rao --out copy.rao
      rao-lab export runs/demo.rao --format otel --out spans.jsonl
      rao-lab export runs/demo.rao --format perfetto --out demo.json --steps 10
      rao-lab export runs/demo.rao --format parquet --out tables
      rao-lab export runs/broken.rao --salvage --out what_is_left.rao
    """
    from rao_lab.api.export import export_run

    print_text(export_run(path, out, kind, steps, max_mb, damaged, force), sentences=True)

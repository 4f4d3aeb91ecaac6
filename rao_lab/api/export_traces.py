"""Trees in the formats of other programs, and a run's frames as Parquet: written tree by tree."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from rao_lab.base.safe_text import unquoted
from rao_lab.credit import Attribution, Attributions
from rao_lab.errors import ConfigError, InputError, MissingError, UnavailableError
from rao_lab.store import Run, TreeSummary
from rao_lab.store.exports import messages, otel, perfetto, platoon
from rao_lab.store.exports.known import Known, line
from rao_lab.store.frames import KINDS
from rao_lab.tree import Tree

Begun = tuple[Known, float]
"""A tree, and when it began in seconds since 1970, about; 1.0 = not known."""

PERFETTO = '{"otherData":{"made by":"rao_lab"},"displayTimeUnit":"ms","traceEvents":['
"""What a file for Perfetto begins with."""


def pieces(kind: str, trees: Iterable[Begun]) -> Iterator[str]:
    """The text of a file, in pieces."""
    if kind == "perfetto":
        yield PERFETTO
        between = ""
        for process, (known, _) in enumerate(trees, 1):
            for event in perfetto.events(known, process):
                yield between + line(event)
                between = ","
        yield "]}\n"
        return
    for known, begun in trees:
        yield from otel.lines(known, begun) if kind == "otel" else _LINES[kind](known)


_LINES: Mapping[str, Callable[[Known], Iterator[str]]] = {
    "messages": messages.lines,
    "platoon": platoon.lines,
}


def known_trees(trees: Iterable[Tree]) -> Iterator[Begun]:
    """Trees at hand, without credit."""
    for place, tree in enumerate(trees):
        yield Known(tree, f"tree-{place}"), 1.0


def trees_of_run(run: Run, steps: Sequence[int] | None) -> Iterator[Begun]:
    """The finished trees of a run with what training credited them with; forks are left out."""
    for summary in run.steps:
        if steps is not None and summary.step not in steps:
            continue
        found = None
        if not run.missing(summary.step):
            with suppress(MissingError):  # it has not ended, or nothing was trained
                found = run.attributions(summary.step)
        places: dict[int, int] = {}
        for tree in run.trees(summary.step):
            if tree.fork or tree.running:
                continue
            credit: Mapping[str, Attribution] = {}
            if not tree.probe:
                places[tree.group] = places.get(tree.group, -1) + 1
                credit = _credit(found, tree, places[tree.group])
            kind = "probe" if tree.probe else "tree"
            name = f"step-{tree.step}-{kind}-{tree.group}.{tree.rollout}"
            yield Known(tree.load(), name, credit), summary.started or 1.0


def _credit(found: Attributions | None, tree: TreeSummary, place: int) -> Mapping[str, Attribution]:
    if found is not None:
        with suppress(MissingError):
            return found.of_tree(tree.group, place)
    return {}


def write_parquet(run: Run, out: Path, steps: Sequence[int] | None) -> str:
    """Writes the frames of a run as Parquet files of a folder; returns what was written, in words.

    Raises:
        ConfigError: `out` is named like a file, or is one.
        InputError: other files lie there.
        UnavailableError: pyarrow is not installed, or the folder cannot be written.
    """
    if out.suffix or (out.exists() and not out.is_dir()):
        raise ConfigError(f"parquet is written as a folder of files: name a folder, not {unquoted(out.name)}")
    if find_spec("pyarrow") is None:
        raise UnavailableError("Parquet needs pyarrow, which is not installed: pip install pyarrow")
    write_table = import_module("pyarrow.parquet").write_table
    names = [f"{kind}.parquet" for kind in KINDS]
    others = sorted(each.name for each in out.iterdir() if each.name not in names) if out.is_dir() else []
    if others:
        raise InputError(
            f"{unquoted(out)} holds other files, such as {unquoted(others[0])}: name another folder"
        )
    said = []
    try:
        out.mkdir(parents=True, exist_ok=True)
        for kind, name in zip(KINDS, names, strict=True):
            table = run.frame(kind, steps, "pyarrow")
            write_table(table, out / name)
            said.append(f"{name} {table.num_rows:,} rows")
    except OSError as error:
        raise UnavailableError(f"{unquoted(out)} cannot be written: {error.strerror or error}") from None
    return f"{out}: {', '.join(said)}"

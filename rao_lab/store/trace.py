"""Traces of other programs: opened, looked at, credited, and kept as a run file.

    trace = rl.open_trace("events.jsonl")
    rl.Explorer(trace)
    trace.save("runs/theirs.rao")

What a file does not say stays unknown: times, counts of tokens, log-probs, scores. Credit is never read from a file; it
is computed of the groups, by any rule.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rao_lab.base.calls import checked_call
from rao_lab.base.cell import table_html
from rao_lab.base.checks import LARGEST
from rao_lab.base.lazy import later
from rao_lab.base.safe_text import one_line, quoted, unquoted
from rao_lab.base.words import counted
from rao_lab.credit import Attributions, CreditConfig, attribute
from rao_lab.errors import ConfigError, InputError, MissingError
from rao_lab.store.files import file_path
from rao_lab.store.formats.build import Span, grouped, trees_of
from rao_lab.store.formats.detect import Format, format_of
from rao_lab.store.formats.reading import Asked, Notes
from rao_lab.tree import Group, Tree

KIND = "trace"
"""The kind of a run file that holds one."""
MOST_FILES = 10_000
_SHOWN = 12
_SUFFIXES = (".jsonl", ".json", ".eval", ".parquet", ".csv", ".ndjson")


@dataclass(frozen=True, eq=False)
class Trace:
    """Trees that another program recorded.

        >>> trace = rl.open_trace("conversation.json")
        >>> trace.format, len(trace.trees), trace.groups[0].trees[0] == trace.trees[0]
        ('messages', 1, True)

    `rl.Explorer(trace)` shows it, `rl.attribute(trace.groups)` credits it.
    """

    name: str
    """Of the file, or of the folder."""
    format: str
    """Which program wrote it: one of `rao_lab.store.formats.detect.FORMATS`; several are joined by +."""
    groups: tuple[Group, ...]
    """Trees of the same task and step."""
    notes: Mapping[str, int]
    """What was not understood or left out, each with how often."""

    @property
    def trees(self) -> tuple[Tree, ...]:
        return tuple(tree for group in self.groups for tree in group.trees)

    def __len__(self) -> int:
        return sum(map(len, self.groups))

    def attributions(self, step: int, config: CreditConfig | None = None) -> Attributions | None:
        """The credit of a step's groups; None if no task of it has two trees, for then there is no baseline."""
        found = [group for group in self.groups if group.step == step and not group.probe]
        alone = all(len(group) < 2 for group in found)
        return None if alone else attribute(found, config or CreditConfig())

    def save(self, path: str | Path) -> None:
        """Keeps it as a run file, which all views, `rl.open_run` and the command line open.

            >>> trace.save("runs/theirs.rao")
            >>> rl.open_run("runs/theirs.rao").config["kind"]
            'trace'

        If a task has several trees, the paper's credit is computed of them and kept, too. The board draws each step.

        Raises:
            RunFileError: something lies there.
            UnavailableError: it cannot be written.
        """
        later("rao_lab.api.keep_traces", "save_trace")(self, path)

    # Shown

    def _facts(self) -> list[str]:
        trees = self.trees
        nodes = [node for tree in trees for node in tree.nodes]
        scored = sum(tree.success is not None for tree in trees)
        several = sum(len(group) > 1 for group in self.groups)
        timed = sum(tree.root.ended is not None for tree in trees)
        words = [
            f"{counted(len(trees), 'tree')}, {counted(len(nodes), 'node')}, depth {max(tree.depth for tree in trees)}",
            f"{counted(len(self.groups), 'task')}"
            + (
                f", {several:,} with several trees: rl.attribute(trace.groups) credits them"
                if several
                else ""
            ),
            f"{scored:,} of {counted(len(trees), 'root')} scored",
            f"times of {timed:,} of {counted(len(trees), 'tree')}" if timed else "times unknown",
            _known("tokens", sum(bool(node.tokens_in or node.tokens_out) for node in nodes), len(nodes)),
            _known("log-probs", sum(_has_logprobs(node) for node in nodes), len(nodes)),
        ]
        return words

    def __str__(self) -> str:
        lines = [
            f"<Trace {one_line(self.name, 60)}: {self.format}>",
            *(f"  {each}" for each in self._facts()),
        ]
        if self.notes:
            lines.append("not understood, or left out:")
            lines += [
                f"  {times:,} x {one_line(what, 160)}" for what, times in [*self.notes.items()][:_SHOWN]
            ]
            lines += [
                f"  ... and {len(self.notes) - _SHOWN} more" for _ in self.notes if len(self.notes) > _SHOWN
            ][:1]
        lines.append('rl.Explorer(trace) shows it; trace.save("runs/name.rao") keeps it')
        return "\n".join(lines)

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        """For a notebook cell: its tasks, then what is known of it and what was left out."""
        heads = ("task", "step", "trees", "nodes", "deepest", "scored", "success")
        facts = self._facts()
        more = len(self.groups) - _SHOWN
        return table_html(
            f"{self.name} · {self.format}",
            heads,
            [_row(group) for group in self.groups[:_SHOWN]],
            [
                *([f"and {more:,} tasks more"] if more > 0 else []),
                "; ".join(facts[:3]),
                "; ".join(facts[3:]),
                *(f"{times:,} x {what}" for what, times in [*self.notes.items()][:_SHOWN]),
                "rl.Explorer(trace) shows it",
            ],
        )


def _row(group: Group) -> tuple[object, ...]:
    scores = [tree.success for tree in group.trees if tree.success is not None]
    return (
        group.task.goal or group.task.id,
        group.step,
        len(group),
        sum(map(len, group.trees)),
        max(tree.depth for tree in group.trees),
        len(scores),
        sum(scores) / len(scores) if scores else None,
    )


def _known(what: str, many: int, of: int) -> str:
    return f"{what} of {many:,} of {counted(of, 'node')}" if many else f"{what} unknown"


def _has_logprobs(node: Any) -> bool:
    return any(each == each for turn in node.turns for each in turn.logprobs)


@checked_call
def open_trace(
    path: str | Path | Sequence[str | Path],
    format: str | None = None,
    *,
    reward: str | None = None,
    reward_range: Span | None = None,
) -> Trace:
    """Opens what another program recorded: platoon, rlm, ReDel, verifiers, Inspect, TRL, OpenTelemetry, chat messages.

        >>> trace = rl.open_trace("conversation.json")
        >>> print(trace.trees[0].root.goal)
        What is 2 + 3?

    Trees of one task, known by its id or by its words, are a group, also across files. A reward outside [0, 1] scores
    nothing, unless `reward_range` says how to map it.

    Args:
        path: a file, a folder (its files with a known ending), or several files.
        format: the program, if its files are not told apart by themselves.
        reward: the reward, scorer or evaluation that counts, if there are several.
        reward_range: (low, high) of the rewards; s = (reward - low) / (high - low), and the reward is kept, too.

    Raises:
        MissingError: there is no such file.
        InputError: it is no trace that is known, or damaged; the line and the value are named.
        ConfigError: an argument means nothing.
        UnavailableError: it needs a package that is not here (Parquet, Zstandard).
    """
    files, name = _files(path)
    span = _span(reward_range)
    if reward is not None and not isinstance(reward, str):
        raise ConfigError(f"reward must be the name of a reward, not {quoted(reward)}")
    notes, trees, formats = Notes(), [], []
    for file in files:
        known = _format(file, format, several=len(files) > 1, notes=notes)
        if known is None:
            continue
        nodes = known.read(file, notes, Asked(reward))
        if not nodes:
            raise InputError(f"{unquoted(file.name)} holds no nodes: nothing was recorded in it")
        trees += trees_of(nodes, notes, span)
        formats += [known.name] if known.name not in formats else []
    if not trees:
        raise InputError(f"{unquoted(name)} holds no trace that is known: name one with format=")
    return Trace(name, "+".join(formats), tuple(grouped(trees)), dict(notes.counts))


def _files(path: Any) -> tuple[list[Path], str]:
    """The files to read, and what they are called together.

    Raises:
        MissingError: there are none. InputError: too many.
    """
    if isinstance(path, str | Path):
        one = file_path(path)
        if not one.is_dir():
            return [one], one.name
        found = sorted(each for each in one.rglob("*") if each.suffix.lower() in _SUFFIXES and each.is_file())
        if not found:
            raise MissingError(f"{unquoted(one)} holds no file that ends with {', '.join(_SUFFIXES)}")
        name = one.name
    elif isinstance(path, Sequence) and path and all(isinstance(each, str | Path) for each in path):
        found = [file_path(each) for each in path]
        name = found[0].name + (f" and {len(found) - 1} more" if len(found) > 1 else "")
    else:
        raise InputError(
            f"a trace is opened by the name of a file or folder, or by several, not by {quoted(path)}"
        )
    if len(found) > MOST_FILES:
        raise InputError(f"{unquoted(name)}: {len(found):,} files: at most {MOST_FILES:,} are read")
    return found, name


def _format(file: Path, asked: str | None, *, several: bool, notes: Notes) -> Format | None:
    """The format of a file; None: it is one of several, and of no format."""
    try:
        return format_of(file, asked)
    except InputError as problem:
        if not several or asked is not None or not str(problem).endswith("format= names one"):
            raise
        notes.add("files of no format that is known: left out")
        return None


def _span(given: Any) -> Span | None:
    """Raises: ConfigError."""
    if given is None:
        return None
    try:
        low, high = given
        low, high = float(low), float(high)
    except (TypeError, ValueError):
        raise ConfigError(f"reward_range must be (low, high), not {quoted(given)}") from None
    if not -LARGEST <= low < high <= LARGEST:
        raise ConfigError(
            f"reward_range={quoted(given)} means nothing: low must be less than high, and both finite"
        )
    return low, high

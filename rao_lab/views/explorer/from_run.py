"""A run file: read as it stands, or followed while another process writes it.

A step's table is made of columns. Of the trees whole nothing is read until somebody asks for a node.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from rao_lab.errors import ConfigError, MissingError, RaoLabError
from rao_lab.evaluation.kept_forks import forks_of
from rao_lab.store import (
    NodeColumns,
    Run,
    TreeSummary,
    Trouble,
    checkpoint_folder,
    checkpoint_steps,
    tried_tasks,
)
from rao_lab.store.trace import KIND as TRACE
from rao_lab.views.explorer.curves import NAME_LIMIT
from rao_lab.views.explorer.decoder import Decoder, bundled_decoder
from rao_lab.views.explorer.forks import with_forks
from rao_lab.views.explorer.node_text import clean
from rao_lab.views.explorer.rows import STATUS_CODE
from rao_lab.views.explorer.source import Mark, News, Source, pace, success_of
from rao_lab.views.explorer.table import (
    WORD_LIMIT,
    Column,
    Ints,
    StepTable,
    TreeRow,
    Words,
    group_row,
    structure,
)

POLL_SECONDS = 0.5
STALE_SECONDS = 5.0
"""Silence of another process that is worth a figure."""

PROBLEM_LIMIT = 200
MOST_NAMES = 64
"""Difficulties that are listed in the world's order."""

_COLUMNS = {
    "parent": "parent",
    "depth": "depth",
    "spawn": "spawn_index",
    "batch": "launch_batch",
    "together": "together",
    "turns": "turns",
    "read": "tokens_in",
    "wrote": "tokens_out",
    "peak": "peak_context",
    "window": "window",
    "started": "started",
    "ended": "ended",
}
"""Columns that are as the file has them."""


class RunSource(Source):
    """A run file; asked twice a second if it is followed."""

    def __init__(
        self, run: Run, decode: Decoder | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.run = run
        self.title = run.path.name
        self.decode = decode or bundled_decoder(run.config)
        self.poll_seconds = POLL_SECONDS if run.follow else None
        self._clock = clock
        self._revision = 0
        self._heard = clock()
        self._written = run.follow and run.being_written

    def about_forks(self) -> Mapping[str, Any]:
        return {"run": self.run}

    def marks(self) -> list[Mark]:
        known = {each["step"]: success_of(each) for each in self.run.metrics}
        return [(each.step, known.get(each.step)) for each in self.run.steps]

    def metrics(self) -> Iterable[Mapping[str, Any]]:
        return self.run.metrics

    def training(self) -> Mapping[str, Any]:
        config = self.run.config.get("train")
        return config if isinstance(config, Mapping) else {}  # a file may say anything

    def troubles(self, table: StepTable, most: int) -> list[Trouble]:
        return self.run.troubles(table.step, most=most)

    def settings(self) -> Mapping[str, Any]:
        return self.run.config

    def table(self, step: int) -> StepTable:
        lacks = self.run.missing(step)
        table = _table(self.run, step, self.run.node_table(step, partial=True))
        if lacks:  # by which places would its credit be told?
            note = "; ".join(filter(None, (f"step {step} is incomplete: {lacks}", table.note)))
            return replace(table, state="incomplete" if len(table) else "lost", note=note)
        try:
            table = table.credited(self.run.attributions(step))
            if self._kind == TRACE:  # whoever trained on it may have used another rule
                table = replace(table, usual=True, alone=True)
        except MissingError:  # step 0, or one that has not ended: trees without credit
            table = replace(table, state=self._state(step, table))
        try:
            return with_forks(table, forks_of(self.run, step=step) if self.run.forks(step) else ())
        except RaoLabError as problem:
            note = f"forks that cannot be read ({problem})"
            return replace(table, note="; ".join(filter(None, (table.note, note))))

    def goals(self, step: int) -> Column | None:
        return self.run.node_table(step).credit_table().goal

    def bare(self, step: int) -> StepTable:
        return _table(self.run, step, self.run.node_table(step, partial=True))

    def tried(self, probe: bool) -> dict[int, list[dict[str, Any]]]:
        begun = {each.step for each in self.run.steps if each.ended is None} if self.run.being_written else ()
        found: dict[int, list[dict[str, Any]]] = {}
        for each in tried_tasks(self.run, probe):
            if each.step not in begun:
                found.setdefault(each.step, []).append(
                    group_row(each.task, each.goal, each.difficulty, probe)
                )
        return found

    def _state(self, step: int, table: StepTable) -> str:
        """Why a step has no credit, or no trees."""
        ended = any(each.step == step and each.ended is not None for each in self.run.steps)
        if len(table):
            probes = all(group["probe"] for group in table.groups)
            going = "credit_coming" if self.run.being_written else "credit_cut"
            return "credit_probes" if probes else "credit_none" if ended or self._kind else going
        going = "begun" if self.run.being_written else "no_trees" if self._kind else "cut"
        return "no_trees" if ended else going

    def open(self, put: Callable[[str, Any], None]) -> None:
        for kind, value in self._news(first=True):
            put(kind, value)

    def poll(self) -> Iterable[News]:
        self._written = self.run.being_written
        return self._news(first=False)

    def _news(self, first: bool) -> list[News]:
        changes = self.run.changes_since(self._revision)
        ended = {each.step for each in self.run.steps if each.ended is not None}
        under_way = {each.step for each in self.run.steps} - ended
        news: list[News] = [("forget", None)] if changes.rewound and not first else []
        news += self._trees(under_way, set(changes.trees))
        for tree_id, events in changes.events.items():
            header = changes.headers[tree_id]
            if header.step in under_way and header.origin is None:
                news += (("event", (header, event)) for event in events)
        newly = sorted(step for step in changes.steps if step in ended)
        rows = {row["step"]: row for row in self.run.metrics}
        news += (
            ("step", {"seconds": {}, **rows.get(step, {}), "step": step})
            for step in (newly[-1:] if first else newly)
        )
        if changes.revision != self._revision:
            self._heard = self._clock()
        self._revision = changes.revision  # only now: what could not be read is asked for again
        return news

    def _trees(self, steps: set[int], wanted: set[int]) -> Iterator[News]:
        for step in sorted(steps):
            for summary in self.run.trees(step):
                if summary.id in wanted and not summary.fork and not summary.running:
                    yield "tree", summary.load()

    def status(self) -> dict[str, Any]:
        rows = self.run.metrics
        done = rows[-1]["step"] if rows else None
        config = self.training()
        total = _whole(config.get("steps"))
        silence = self._clock() - self._heard
        over = done is not None and done >= total if total is not None else self._is_whole()
        totals = [(row["step"], (row.get("seconds") or {}).get("total")) for row in rows]
        tasks, size = _whole(config.get("tasks_per_step")), _whole(config.get("group_size"))
        return {
            "state": "following" if self._written else "finished" if over else "stopped",
            # A file that nobody writes may be taken up again: it stays watched until all steps are done.
            "live": self.run.follow and (self._written or not over),
            "actions": [],
            "step": done,
            "total": total,
            "phase": "",
            "done": 0,
            "of": tasks * size if tasks and size else 0,
            "step_seconds": pace([each for step, each in totals if step > 0]),
            "seconds": round(sum(each for _, each in totals if isinstance(each, int | float)), 1),
            "checkpoints": checkpoints(self.run.path),
            "error": "",
            "problems": "; ".join(clean(line)[:PROBLEM_LIMIT] for line in self.run.problems[:3]),
            "silent": round(silence) if self._written and silence >= STALE_SECONDS else 0,
            "writer": self.run.path.name,
            "difficulties": _names(self.run.config.get("difficulties")),
            **({"kind": self._kind, "names": self._step_names()} if self._kind else {}),
        }

    @property
    def _kind(self) -> str:
        """What the trees were run for; "" = to be trained on."""
        kind = self.run.config.get("kind", "")
        return clean(kind)[:NAME_LIMIT] if isinstance(kind, str) else "trees"

    def _step_names(self) -> dict[str, str]:
        """What the evaluations of a comparison are called, which are its steps."""
        names = _names(self.run.config.get("evaluations"))
        return {str(step): name for step, name in enumerate(names, 1)}

    def name_of(self, step: int) -> str:
        return self._step_names().get(str(step), "")

    def _is_whole(self) -> bool:
        """Of trees that were run outside training: whether all of them have ended."""
        steps = self.run.steps
        return bool(steps) and "kind" in self.run.config and all(each.ended is not None for each in steps)

    def act(self, action: str) -> None:
        raise ConfigError("this run is trained by another process: pause or stop it there")


def _names(given: Any) -> list[str]:
    """Words of a file, which may say anything."""
    names = given[:MOST_NAMES] if isinstance(given, list) else []
    return [clean(name)[:NAME_LIMIT].replace("/", " ") for name in names if isinstance(name, str)]


def _table(run: Run, step: int, nodes: NodeColumns) -> StepTable:
    """The table of the finished trees of a step, without credit."""
    ids, which = np.unique(nodes.tree_id, return_inverse=True)
    known = set(ids.tolist())
    kept = [
        each
        for each in run.trees(step)
        if not (each.fork or each.running) and (each.id in known or not each.nodes)
    ]
    place_of = {each.id: place for place, each in enumerate(kept)}
    groups: dict[tuple[bool, int], TreeSummary] = {}
    for each in kept:
        groups.setdefault((each.probe, each.group), each)
    group_of = {key: place for place, key in enumerate(groups)}
    tree = np.array([place_of.get(each, -1) for each in ids.tolist()], np.int64)[which]
    # If the file was written on since its lists were read, these do not know all trees: the others are left out.
    rows = np.flatnonzero(tree >= 0)
    words, goal, reason = _words(run, nodes, rows)
    codes = np.array([STATUS_CODE[word] for word in nodes.status], np.uint8)
    columns = {ours: getattr(nodes, theirs) for ours, theirs in _COLUMNS.items()}
    columns |= {
        "tree": tree,
        "turn": np.maximum(nodes.parent_turn, 0),
        "status": codes,
        "goal": goal,
        "reason": reason,
        "s": nodes.s,
    }
    table = StepTable(
        step,
        [group_row(each.task, each.goal, each.difficulty, each.probe) for each in groups.values()],
        [index for _, index in groups],
        [
            TreeRow(
                each.id,
                group_of[each.probe, each.group],
                each.rollout,
                each.ended,
                clean(each.not_reproducible)[:WORD_LIMIT],
            )
            for each in kept
        ],
        nodes.path,
        structure(columns),
        words,
        run,
        note="; ".join(run.problems[:3]),
    )
    return table if len(rows) == len(table) else table.arranged(range(len(groups)), range(len(kept)), rows)


def _words(run: Run, nodes: NodeColumns, rows: Ints) -> tuple[list[str], Ints, Ints]:
    """The goals and reasons in the order in which rows name them, and the places of those of every node, `[N]`; -1 if
    the node is not among `rows`."""
    ids = np.column_stack([nodes.goal[rows], nodes.reason[rows]]).ravel()
    known, first, which = np.unique(ids, return_index=True, return_inverse=True)
    texts = run.texts(known.tolist())
    words = Words()
    places = np.zeros(len(known), np.int64)
    for each in np.argsort(first).tolist():
        places[each] = words(texts[int(known[each])])
    found = np.full((2, len(nodes)), -1, np.int64)
    found[:, rows] = places[which].reshape(-1, 2).T
    return words.known, found[0], found[1]


def checkpoints(path: Path) -> list[int]:
    """Steps whose weights lie beside a run file."""
    return checkpoint_steps(checkpoint_folder(path))


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None

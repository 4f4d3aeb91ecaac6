"""A run as data frames of pandas or polars: one row a node, a turn, a tree or a step.

The keys join: `step` everywhere, `tree` (the id of `Run.tree`) in all but the steps, `node` (a path) in nodes and
turns. `address` of a node, such as "12:4.0/0.1", is what views and `rl.explain` take as `at=`. Goals are words. What
nobody knows is missing (NaN, None or null), never 0.
`turns` counts those that a node began: one without a reply (a fault of a server, a cut by time) has a row, too.
Nodes and trees of a comparison say in `evaluation` which policy and agent they are of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from math import nan
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from rao_lab.base.safe_text import one_line, quoted
from rao_lab.credit import WHY_NOT, Attributions
from rao_lab.errors import ConfigError, MissingError, UnavailableError
from rao_lab.tree import Node, Turn

if TYPE_CHECKING:
    from pathlib import Path

    from rao_lab.store.columns.nodes import Ints, NodeColumns
    from rao_lab.store.rows.summaries import StepSummary, TreeSummary

Columns = dict[str, Any]
LIBRARIES = ("pandas", "polars", "pyarrow")

_TERMS = ("child_mean", "child_min", "bonus", "R", "b", "A", "w", "c", "share")
_PLAIN = (
    "started",
    "ended",
    "compute_seconds",
    "waiting_seconds",
    "turns",
    "tokens_in",
    "tokens_out",
    "peak_context",
    "decode_steps",
)
_TREE = (
    "rollout",
    "probe",
    "fork",
    "task",
    "goal",
    "difficulty",
    "status",
    "running",
    "nodes",
    "depth",
    "turns",
    "tokens_in",
    "tokens_out",
    "policy_version",
    "not_reproducible",
)


class Recorded(Protocol):
    """What frames need of a `Run`."""

    @property
    def path(self) -> Path: ...
    @property
    def steps(self) -> list[StepSummary]: ...
    @property
    def metrics(self) -> list[dict[str, Any]]: ...
    @property
    def config(self) -> Mapping[str, Any]: ...
    def trees(self, step: int, /) -> list[TreeSummary]: ...
    def node_table(self, step: int, /, *, partial: bool) -> NodeColumns: ...
    def texts(self, ids: Iterable[int], /) -> dict[int, str]: ...
    def missing(self, step: int, /) -> str: ...
    def attributions(self, step: int, /) -> Attributions: ...


def frame(run: Recorded, kind: str, steps: Iterable[int] | int | None, library: str | None) -> Any:
    """See `Run.frame`."""
    if kind not in _MAKERS:
        raise ConfigError(f"frame={quoted(kind)} is unknown: choose one of {', '.join(_MAKERS)}")
    make = _library(library)
    known = [each.step for each in run.steps]
    wanted = known if steps is None else [steps] if isinstance(steps, int) else list(steps)
    lost = [step for step in wanted if step not in known]
    if lost:
        raise MissingError(f"{run.path.name} has no step {quoted(lost[0])}: it has {known[:20]}")
    return make(_joined(_MAKERS[kind](run, step) for step in wanted))


def _library(name: str | None) -> Callable[[Columns], Any]:
    """What makes a frame of columns.

    Raises:
        ConfigError: an unknown library.
        UnavailableError: it is not installed.
    """
    if name is not None and name not in LIBRARIES:
        raise ConfigError(f"library={quoted(name)} is unknown: choose one of {', '.join(LIBRARIES)}")
    found = name or next(filter(find_spec, LIBRARIES), None)
    if found is None or find_spec(found) is None:
        raise UnavailableError(f"{found or 'pandas'} is not installed: pip install {found or 'pandas'}")
    module = import_module(found)
    if found == "pyarrow":
        return lambda columns: module.table({name: _alike(values) for name, values in columns.items()})
    return module.DataFrame if found == "pandas" else lambda columns: module.DataFrame(columns, strict=False)


def _alike(values: Any) -> Any:
    """A column of one kind: whole numbers among floats are floats, and what is mixed is text."""
    if isinstance(values, np.ndarray):
        return values
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int, float} and len(kinds) == 2:
        return [None if value is None else float(value) for value in values]
    return values if len(kinds) < 2 else [None if value is None else str(value) for value in values]


def _joined(parts: Iterable[Columns]) -> Columns:
    """The columns of several steps, one below the other; what a step lacks is None there."""
    steps = list(parts)
    sizes = [len(next(iter(part.values()), ())) for part in steps]
    names = dict.fromkeys(name for part in steps for name in part)
    return {
        name: _stacked([part.get(name, [None] * size) for part, size in zip(steps, sizes, strict=True)])
        for name in names
    }


def _stacked(parts: Sequence[Any]) -> Any:
    """Arrays as one array, anything else as one list."""
    if all(isinstance(part, np.ndarray) for part in parts):
        return np.concatenate(parts)
    return [value for part in parts for value in (part.tolist() if isinstance(part, np.ndarray) else part)]


def evaluation_name(config: Mapping[str, Any], step: int) -> str:
    """Which policy and agent a step of a comparison is of, as the comparison calls it; of any other step "".

    A file may say anything.
    """
    names = config.get("evaluations")
    name = names[step - 1] if isinstance(names, list) and 0 < step <= len(names) else ""
    return one_line(name, 80) if isinstance(name, str) else ""


def _evaluation(run: Recorded, step: int, size: int) -> Columns:
    """A column of its name, if the step is of a comparison."""
    name = evaluation_name(run.config, step)
    return {"evaluation": [name] * size} if name else {}


# Nodes


def _nodes(run: Recorded, step: int) -> Columns:
    nodes = run.node_table(step, partial=True)
    size = len(nodes)
    trees = {each.id: each for each in run.trees(step)}
    ids = nodes.tree_id.tolist()
    texts = run.texts(np.unique(np.concatenate([nodes.goal, nodes.reason])).tolist())
    of_tree = {
        name: [getattr(trees[each], name) if each in trees else None for each in ids] for name in _HEAD
    }
    return {
        "step": np.full(size, step),
        "tree": nodes.tree_id,
        **_evaluation(run, step, size),
        "node": nodes.path,
        "parent": _parents(nodes),
        "address": _addresses(step, nodes, trees),
        **of_tree,
        "depth": nodes.depth,
        "goal": [texts[each] for each in nodes.goal.tolist()],
        "launched_in_turn": _known(nodes.parent_turn),
        "together": nodes.together,
        "status": nodes.status,
        "reason": [texts[each] for each in nodes.reason.tolist()],
        "s": nodes.s,
        "fraction": nodes.fraction,
        **{name: getattr(nodes, name) for name in _PLAIN},
        **_counts(nodes),
        "window": _known(np.where(nodes.window > 0, nodes.window, -1)),
        **_credit(run, step, nodes),
    }


_HEAD = ("task", "difficulty", "group", "rollout", "probe")


def _parents(nodes: NodeColumns) -> list[str | None]:
    return [None if above < 0 else nodes.path[above] for above in nodes.parent.tolist()]


def _addresses(step: int, nodes: NodeColumns, trees: Mapping[int, TreeSummary]) -> list[str | None]:
    """STEP:GROUP.TREE/NODE of each, as views and `rao-lab show --at` take it."""
    found = ((trees.get(each), path) for each, path in zip(nodes.tree_id.tolist(), nodes.path, strict=True))
    return [None if tree is None else f"{step}:{tree.group}.{tree.rollout}/{path}" for tree, path in found]


def _counts(nodes: NodeColumns) -> Columns:
    """Counts that somebody took, without those of nodes of which nobody did: a node that wrote has more than no tokens,
    and one that ended by no tick has no decode steps."""
    unread = (nodes.turns > 0) & (nodes.tokens_in == 0) & (nodes.tokens_out == 0)
    unclocked = (nodes.ended_tick < 0) & (nodes.decode_steps == 0)
    unknown = dict.fromkeys(("tokens_in", "tokens_out", "peak_context"), unread) | {"decode_steps": unclocked}
    found = {}
    for name, without in unknown.items():
        column = getattr(nodes, name)
        found[name] = _known(np.where(without, -1, column)) if without.any() else column
    return found


def _known(column: Ints) -> list[int | None]:
    return [None if each < 0 else each for each in column.tolist()]


def _credit(run: Recorded, step: int, nodes: NodeColumns) -> Columns:
    """The terms that training multiplied by, `[N]`; missing for nodes that it did not speak of."""
    columns: Columns = {name: np.full(len(nodes), nan) for name in _TERMS}
    why: list[str | None] = [None] * len(nodes)
    trained: list[bool | None] = [None] * len(nodes)
    found = _attributions(run, step)
    if found is not None:
        here, there = _matched(nodes, found)
        for name in _TERMS:
            columns[name][here] = getattr(found, name)[there]
        for row, code in zip(here, found.why_code[there].tolist(), strict=True):
            trained[row], why[row] = code == 0, WHY_NOT[code]
    return {**columns, "trained": trained, "why_not": why}


def _attributions(run: Recorded, step: int) -> Attributions | None:
    """None: the step has none, or lacks trees, and then they would be told of other nodes."""
    try:
        return None if run.missing(step) else run.attributions(step)
    except MissingError:
        return None


def _matched(nodes: NodeColumns, found: Attributions) -> tuple[list[int], list[int]]:
    """The rows of nodes that credit speaks of, here and there."""
    table = found.table
    groups, trees = table.group.tolist(), table.tree.tolist()
    there = {key: row for row, key in enumerate(zip(groups, trees, table.path, strict=True))}
    keys = zip(nodes.probe.tolist(), nodes.group.tolist(), nodes.place.tolist(), nodes.path, strict=True)
    both = [
        (row, there[tuple(key)])
        for row, (probe, *key) in enumerate(keys)
        if not probe and tuple(key) in there
    ]
    return [row for row, _ in both], [row for _, row in both]


# Trees


def _trees(run: Recorded, step: int) -> Columns:
    trees = run.trees(step)
    found = _attributions(run, step)
    return {
        "step": [step] * len(trees),
        "tree": [each.id for each in trees],
        **_evaluation(run, step, len(trees)),
        "group": [each.group for each in trees],
        **{name: [getattr(each, name) for each in trees] for name in _TREE},
        "s": [each.success for each in trees],
        "seconds": [each.ended for each in trees],
        **_roots(trees, found),
    }


def _roots(trees: Sequence[TreeSummary], found: Attributions | None) -> Columns:
    """R, b and A of the roots."""
    rows: list[int | None] = []
    counts: dict[int, int] = {}
    for tree in trees:
        row = None
        if not (tree.probe or tree.fork or tree.running):
            place = counts[tree.group] = counts.get(tree.group, -1) + 1
            if found is not None:
                row = next(iter(_rows_of(found, tree.group, place)), None)
        rows.append(row)
    return {
        name: [nan if row is None or found is None else float(getattr(found, name)[row]) for row in rows]
        for name in ("R", "b", "A")
    }


def _rows_of(found: Attributions, group: int, place: int) -> Sequence[int]:
    try:
        return found.rows(group, place)
    except MissingError:
        return ()


# Turns


def _turns(run: Recorded, step: int) -> Columns:
    """Whole trees are read for it, one after another."""
    rows = [
        _turn(step, tree.id, node, turn)
        for tree in run.trees(step)
        if not (tree.fork or tree.running) and tree.nodes
        for node in tree.load().nodes
        for turn in node.turns
    ]
    return {name: [row[name] for row in rows] for name in _TURN_NAMES}


def _turn(step: int, tree: int, node: Node, turn: Turn) -> Columns:
    sampled = len(turn.sampled_ids)
    return {
        "step": step,
        "tree": tree,
        "node": node.path,
        "turn": turn.index,
        "thought": turn.thought,
        "code": turn.code,
        "text": turn.text,
        "output": turn.output,
        "error": turn.error,
        "stop": turn.stop,
        "calls": len(turn.calls),
        "children": len(turn.children),
        "tokens_in": turn.tokens_in or None,
        "tokens_out": turn.tokens_out or (0 if turn.tokens_in else None),
        "logprob": sum(turn.logprobs) if sampled else turn.logprob,
        "entropy": sum(turn.entropies) / sampled if sampled else None,
        "policy_version": turn.policy_version,
        "started": turn.started,
        "sampled": turn.sampled,
        "ended": turn.ended,
        "waiting_seconds": turn.waiting_seconds,
        "decode_steps": None if turn.ended_tick is None and not turn.decode_steps else turn.decode_steps,
    }


_TURN_NAMES = tuple(_turn(0, 0, Node("0"), Turn(1)))


# Steps


def _steps(run: Recorded, step: int) -> Columns:
    """The metrics of a step, nested ones by names with dots, such as "seconds.update"."""
    summary = next(each for each in run.steps if each.step == step)
    own = next((each for each in run.metrics if each["step"] == step), {})
    flat = dict(_flat({name: value for name, value in own.items() if name != "step"}))
    about = {"step": step, "attempt": summary.attempt, "groups": summary.groups}
    return {name: [value] for name, value in {**about, **flat}.items()}


def _flat(values: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{above}{name}.")
        elif isinstance(value, list | tuple):
            yield from _flat(dict(zip(map(str, range(len(value))), value, strict=True)), f"{above}{name}.")
        else:
            yield above + name, value


KINDS = ("nodes", "turns", "trees", "steps")
_MAKERS: Mapping[str, Callable[[Recorded, int], Columns]] = {
    "nodes": _nodes,
    "turns": _turns,
    "trees": _trees,
    "steps": _steps,
}

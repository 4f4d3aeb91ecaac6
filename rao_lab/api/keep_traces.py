"""Traces of other programs, kept as run files: their trees, the paper's credit, and figures for the board."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rao_lab.base.safe_text import unquoted
from rao_lab.credit import Attributions
from rao_lab.errors import ConfigError, RunFileError
from rao_lab.store import RunWriter, Trace
from rao_lab.store.files import file_path
from rao_lab.store.journal import is_begun
from rao_lab.store.trace import KIND
from rao_lab.training.metrics import credit_metrics, tree_metrics
from rao_lab.tree import Group

UNSAID = ("refusals", "not_reproducible", "fraction", "trained_tokens")
"""Figures that no trace can tell."""


def save_trace(trace: Trace, path: str | Path) -> None:
    """See `Trace.save`."""
    out = file_path(path)
    if out.suffix.lower() not in (".rao", ""):
        raise ConfigError(f"{unquoted(out.name)} is not named like a run file: end it with .rao")
    if is_begun(out):
        raise RunFileError(f"{unquoted(out)} exists already: choose another name")
    header = trace.trees[0].header
    about = {
        "kind": KIND,
        "format": trace.format,
        "file": trace.name,
        "notes": dict(trace.notes),
        "environment": header.environment,
        "policy": header.policy,
    }
    with RunWriter(out, about) as writer:
        for step in sorted({group.step for group in trace.groups}):
            groups = [group for group in trace.groups if group.step == step]
            writer.begin_step(step)
            for group in groups:
                for tree in group.trees:
                    writer.tree_done(tree)
            found = trace.attributions(step)
            writer.end_step(step, found, figures(groups, found))


def figures(groups: list[Group], found: Attributions | None) -> dict[str, Any]:
    """What the board draws of a step: the figures of training that trees alone can tell, without those that this trace
    does not."""
    trained = [group for group in groups if not group.probe]
    made = tree_metrics(trained) | (credit_metrics(trained, found) if found is not None else {})
    nodes = [node for group in trained for tree in group.trees for node in tree.nodes]
    if not any(node.tokens_in for node in nodes):
        made |= {"tokens_in": None, "tokens_out": None}
    return {name: value for name, value in made.items() if name not in UNSAID}

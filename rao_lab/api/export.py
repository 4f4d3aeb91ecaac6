"""A run as one file: a page, JSON, a copy; and a step's credit as rows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from rao_lab.api.export_traces import pieces, trees_of_run, write_parquet
from rao_lab.api.find import credited_steps, why_no_credit
from rao_lab.api.rules import means_before
from rao_lab.api.settings import chosen_steps
from rao_lab.api.written import TRACES, kind_of, spare_others
from rao_lab.base.checks import number
from rao_lab.base.safe_text import unquoted
from rao_lab.base.words import counted
from rao_lab.credit import Attributions, CreditConfig, attribute_table
from rao_lab.errors import ConfigError, MissingError, RunFileError, UnavailableError
from rao_lab.evaluation.bench_record import KIND
from rao_lab.prompts import recorded
from rao_lab.protocols import Dialect
from rao_lab.store import Run, RunWriter, export_copy, open_run, salvage
from rao_lab.store.files import without_hint
from rao_lab.training.config import LossConfig
from rao_lab.tree import Tree
from rao_lab.tree.codec import group_to_json
from rao_lab.tree.values import encode

MAX_MB = 20.0
"""Of a page, if its maker says nothing."""
BESIDE = ("seconds", "warnings")
"""What a run file keeps among a step's metrics, and a step itself beside them."""


def credit_of(run: Run, step: int | None, changes: Mapping[str, Any]) -> tuple[int, Attributions]:
    """The credit of a step and which step it is: what the trainer multiplied, or by another rule.

    Args:
        step: None = the newest that has credit.
        changes: fields of `CreditConfig`; empty = as recorded.

    Raises:
        MissingError: the run has no such step, or no credit in it.
        ConfigError: the changed rule means nothing.
    """
    if step is None:
        step = max(credited_steps(run), default=None)
    if step is None:
        raise MissingError(why_no_credit(run, None))
    try:
        recorded = run.attributions(step)
    except MissingError:
        if step in [each.step for each in run.steps]:
            raise MissingError(why_no_credit(run, step)) from None
        raise
    if not changes:
        return step, recorded
    config = changed(recorded.config, changes)
    table, means = run.node_table(step).credit_table(), means_before(run, step, config)
    return step, attribute_table(table, config, share_by(run), moving=means)


def changed(config: CreditConfig, changes: Mapping[str, Any]) -> CreditConfig:
    """The rule with some fields changed; a cap falls away with the bonus that used it, a decay with its baseline."""
    if changes.get("bonus", config.bonus) != "capped_sum" and config.cap is not None:
        changes = {"cap": None, **changes}
    if changes.get("baseline", config.baseline) != "moving" and config.decay is not None:
        changes = {"decay": None, **changes}
    return replace(config, **changes)


def record(trees: Sequence[Tree], out: Path, prompt: Dialect | None = None) -> None:
    """Writes trees that have ended into a run file of their own, each in its step.

    Args:
        prompt: of the trees; the file keeps its sources.

    Raises:
        RunFileError: the file exists.
        UnavailableError: it cannot be written.
    """
    header = trees[0].header
    config: dict[str, Any] = {
        "kind": "trees",
        "environment": header.environment,
        "policy": header.policy,
        "agent": header.agent,
    }
    if prompt is not None and (kept := recorded(prompt)):
        config["prompts"] = kept
    with RunWriter(out, {**config, "seed": header.seed, "limits": dict(header.limits)}) as writer:
        for step in sorted({tree.header.step for tree in trees}):
            writer.begin_step(step)
            for tree in trees:
                if tree.header.step == step:
                    writer.tree_done(tree)
            writer.end_step(step)


def export_run(
    path: Path,
    out: Path,
    kind: str | None = None,
    steps: str | None = None,
    max_mb: float | None = None,
    damaged: bool = False,
    force: bool = False,
) -> str:
    """Writes a run as one file and says in a line what was written, and what was left out.

    Args:
        kind: html, json or rao; by default what the name of the file says.
        damaged: salvage what can be read of a damaged run file.
        force: overwrite a file that is no earlier export. A run is never overwritten.

    Raises:
        ConfigError: an unknown format, one that contradicts the name, or an option that it does not take.
        InputError: another file would be overwritten.
        MissingError, RunFileError: the run cannot be read, or another would be overwritten.
        UnavailableError: the file cannot be written.
    """
    kind = kind_of(out, kind)
    if kind in TRACES or kind == "parquet":
        return _export_traces(path, out, kind, steps, max_mb, damaged, force)
    if damaged and kind != "rao":
        raise ConfigError("--salvage writes a run file: name one (.rao), and export the new file then")
    if max_mb is not None and kind != "html":
        raise ConfigError(f"--max-mb has no meaning for a {kind} file: it bounds a page (html)")
    if kind == "rao":
        if steps is not None:
            raise ConfigError("--steps has no meaning for a rao file: the copy holds the whole run")
        if force:
            raise ConfigError("--force has no meaning for a rao file: a run file overwrites nothing")
        if damaged:
            return f"{out}: {salvage(path, out)}"
        export_copy(path, out)
        return f"{out}: a copy of {path.name}, {_size(out)}"
    spare_others(out, kind, force)
    with open_run(path) as run:
        wanted = chosen_steps(steps, (each.step for each in run.steps), run.problems)
        if kind == "json":
            unread: list[str] = []
            whole_file(out, run_json(run, wanted, unread))
            return "; ".join([f"{out}: {_size(out)}", *run.problems[:3], *unread[:3]])
        return _export_page(run, out, wanted, MAX_MB if max_mb is None else max_mb)


def _export_traces(
    path: Path, out: Path, kind: str, steps: str | None, max_mb: float | None, damaged: bool, force: bool
) -> str:
    if max_mb is not None or damaged:
        raise ConfigError(f"{'--salvage' if damaged else '--max-mb'} has no meaning for {kind}")
    if kind in TRACES:
        spare_others(out, kind, force)
    with open_run(path) as run:
        wanted = chosen_steps(steps, (each.step for each in run.steps), run.problems)
        if kind == "parquet":
            return write_parquet(run, out, wanted)
        whole_file(out, pieces(kind, trees_of_run(run, wanted)))
        forks = sum(tree.fork for each in run.steps for tree in run.trees(each.step))
        left = [f"left out: {counted(forks, 'fork')}"] if forks else []
        return "; ".join([f"{out}: {_size(out)}", *left, *run.problems[:3]])


def run_json(run: Run, steps: Sequence[int] | None = None, unread: list[str] | None = None) -> Iterator[str]:
    """A run as plain JSON, in pieces: config, packages, and of each step metrics, groups, probes and credit.

    One step is in memory at a time. A step that cannot be read, or that lacks trees, has the reason as "error", and
    what the lists leave out stands in "errors". What JSON cannot say (a loss that is not a number) is tagged as
    `tree.values` says.

    Args:
        unread: takes a line for each step that cannot be read, or lacks trees.

    Raises:
        RunFileError: none can be.
    """
    metrics = {each["step"]: each for each in run.metrics}
    head = {"format": "rao-lab run", "config": run.config, "packages": run.packages}
    yield _json(_sayable(head))[:-1] + ', "steps": ['
    between = ""
    read, problem = False, None
    for summary in run.steps:
        step = summary.step
        if steps is not None and step not in steps:
            continue
        entry: dict[str, Any] = {
            "step": step,
            "attempt": summary.attempt,
            "metrics": _sayable(metrics.get(step)),
            "groups": [],
            "probes": [],
            "credit": None,
        }
        try:
            lacks = run.missing(step)
            for name, probe in (("groups", False), ("probes", True)):
                entry[name] = [group_to_json(group) for group in run.groups(step, probe, partial=True)]
            if lacks:
                entry["error"] = f"step {step} is incomplete, and left without credit: {lacks}"
                if unread is not None:
                    unread.append(entry["error"])
            else:
                with suppress(MissingError):  # step 0, or a step that was cut off: it has trees and no credit
                    entry["credit"] = run.attributions(step).to_json()
        except RunFileError as error:  # the other steps are there
            entry["error"], problem = without_hint(str(error)), error
            if unread is not None:
                unread.append(f"step {step} is left out: {error}")
        else:
            read = True
        yield between + _json(entry)
        between = ", "
    if problem is not None and not read:
        raise problem
    yield "]" + (f', "errors": {_json(run.problems)}' if run.problems else "") + "}\n"


def last_step(path: Path) -> tuple[int, dict[str, Any]]:
    """The last step of a run that ended, and its metrics as `train` yielded them; 0 and none if none did.

    Raises:
        as `open_run`.
    """
    with open_run(path) as run:
        last = run.metrics[-1] if run.metrics else {"step": 0}
    return last["step"], {name: _sayable(value) for name, value in last.items() if name not in BESIDE}


def _json(value: Any) -> str:
    return json.dumps(value, allow_nan=False)


def _sayable(value: Any) -> Any:
    """What JSON can say as it is (keys become text), the rest tagged."""
    if isinstance(value, Mapping):
        return {key if isinstance(key, str) else str(key): _sayable(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_sayable(inner) for inner in value]
    return encode(value)


def _export_page(run: Run, out: Path, steps: list[int] | None, max_mb: float) -> str:
    from rao_lab.views.explorer.widget import save_run

    number("--max-mb", max_mb, most=1e6, above=True)
    all_ = [each.step for each in run.steps if each.trees]
    if steps is None and all_ and run.config.get("kind") == KIND:  # its prompts are there to be compared
        with suppress(ConfigError, RunFileError):  # together they are too large, or one cannot be read
            return _export_page(run, out, all_, max_mb)
    said = save_run(run, out, steps=steps, max_mb=max_mb)
    return f"{out}: {_size(out)}" + (f"; left out: {said}" if said else "")


def share_by(run: Run) -> Any:
    """How the recorded loss shares its weight; by token if the run does not say."""
    train = run.config.get("train")
    loss = run.config.get("loss") or (train.get("loss") if isinstance(train, Mapping) else None)
    return LossConfig.from_dict(loss).share_by if isinstance(loss, Mapping) else "token"


def whole_file(out: Path, pieces: Iterable[str]) -> None:
    """A file appears, or is replaced, when it is whole; into a pipe or a terminal the pieces go as they come."""
    try:
        if out.exists() and not out.is_file():
            with out.open("w", encoding="utf-8") as file:
                file.writelines(pieces)
            return
        part = out.with_name(out.name + ".part")
        try:
            with part.open("w", encoding="utf-8") as file:
                file.writelines(pieces)
            part.replace(out)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise UnavailableError(f"{unquoted(out)} cannot be written: {error.strerror or error}") from None


def _size(path: Path) -> str:
    return f"{path.stat().st_size / 1e6:.1f} MB"

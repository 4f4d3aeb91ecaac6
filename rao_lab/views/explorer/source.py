"""Where an Explorer's trees come from: records at hand, a run file, or a session that is training.

A source lists its steps and makes the table of one of them when asked. Live sources also tell a feed
(`feed.py`) what happens.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol

from rao_lab.base.bundled import data_path
from rao_lab.credit import CreditConfig
from rao_lab.errors import InputError, MissingError
from rao_lab.store import Run
from rao_lab.tree import Group, Tree
from rao_lab.views.explorer.live_step import StepNews
from rao_lab.views.explorer.node_text import Decoder, pieces_with
from rao_lab.views.explorer.table import StepTable, attribute_shown

Mark = tuple[int, float | None]
"""A step and the share of its roots that were solved, None where nobody knows."""


class Step(StepNews, Protocol):
    """A finished step of training with its figures, as `rao_lab.training.trainer.TrainStep`."""

    @property
    def metrics(self) -> Mapping[str, Any]: ...


class Source(Protocol):
    """What an Explorer shows."""

    title: str
    decode: Decoder | None

    def marks(self) -> list[Mark]: ...

    def metrics(self) -> list[Mapping[str, Any]]:
        """The metrics of each finished step, each with its "step"."""
        ...

    def table(self, step: int) -> StepTable:
        """Raises: MissingError, RunFileError."""
        ...


class Records:
    """Trees at hand, by step."""

    def __init__(self, groups: Iterable[Group], config: CreditConfig | None = None, title: str = "") -> None:
        self.title = title
        self.decode: Decoder | None = None
        self._config = config
        self._steps: dict[int, list[Group]] = {}
        for group in groups:
            self._steps.setdefault(group.step, []).append(group)

    def marks(self) -> list[Mark]:
        return [(step, solved(groups)) for step, groups in sorted(self._steps.items())]

    def metrics(self) -> list[Mapping[str, Any]]:
        return []

    def table(self, step: int) -> StepTable:
        groups = self._steps.get(step)
        if groups is None:
            raise MissingError(f"no step {step} among {sorted(self._steps)}")
        table = StepTable.of(groups, step, self._config)
        attribute_shown(groups, table)
        return table


class Steps:
    """Finished steps of training at hand, with the trainer's own credit; more may be added."""

    def __init__(self, steps: Iterable[Step], title: str = "") -> None:
        self.title = title
        self.decode: Decoder | None = None
        self._lock = threading.Lock()
        self._steps = {step.step: step for step in steps}

    def add(self, step: Step) -> None:
        with self._lock:
            self._steps[step.step] = step

    def marks(self) -> list[Mark]:
        with self._lock:
            return [(step, _success(made.metrics)) for step, made in sorted(self._steps.items())]

    def metrics(self) -> list[Mapping[str, Any]]:
        with self._lock:
            return [{**made.metrics, "step": step} for step, made in sorted(self._steps.items())]

    def table(self, step: int) -> StepTable:
        with self._lock:
            made = self._steps.get(step)
        if made is None:
            raise MissingError(f"step {step} has not ended")
        table = StepTable.of([*made.groups, *made.probes], step)
        if made.attributions is not None:
            table.labels = labels_of(made.groups) + [-1 - place for place in range(len(made.probes))]
            table.set_credit(made.attributions)
        return table


class RunSteps:
    """A run file."""

    def __init__(self, run: Run, decode: Decoder | None = None) -> None:
        self.run = run
        self.title = run.path.name
        self.decode = decode or _bundled_decoder(run.config)

    def marks(self) -> list[Mark]:
        known = {each["step"]: _success(each) for each in self.run.metrics}
        return [(each.step, known.get(each.step)) for each in self.run.steps]

    def metrics(self) -> list[Mapping[str, Any]]:
        return list(self.run.metrics)

    def table(self, step: int) -> StepTable:
        groups = self.run.groups(step)
        table = StepTable.of([*groups, *self.run.groups(step, probe=True)], step)
        found = None
        with suppress(MissingError):  # step 0, or one that has not ended: trees without credit
            found = self.run.attributions(step)
        if found is not None:
            table.labels[: len(groups)] = labels_of(groups)
            table.set_credit(found)
        elif not table.rows:
            table.note = f"step {step} has no finished trees yet"
        return table


def labels_of(groups: Sequence[Group]) -> list[int]:
    """What `Attributions` calls these groups."""
    labels = [group.index for group in groups]
    return labels if len(set(labels)) == len(labels) else [*range(len(groups))]


def solved(groups: Sequence[Group]) -> float | None:
    """Mean success of the scored roots."""
    scores = [tree.success for group in groups if not group.probe for tree in group.trees]
    known = [score for score in scores if score is not None]
    return sum(known) / len(known) if known else None


def _success(metrics: Mapping[str, Any]) -> float | None:
    value = metrics.get("success")
    if value is None:
        value = metrics.get("probe_success")
    return float(value) if isinstance(value, int | float) else None


def as_groups(shown: Any) -> list[Group]:
    """Trees and groups in any plain arrangement, as groups: trees of one task and step stand together.

    Raises:
        InputError: neither a tree nor a group nor a sequence of them; the message says what it is.
    """
    if isinstance(shown, Group):
        return [shown]
    if isinstance(shown, Tree):
        return [_alone(shown, 0)]
    if isinstance(shown, str | bytes) or not isinstance(shown, Iterable):
        raise InputError(
            f"an Explorer shows a tree, trees, a group, groups, a run or a session, not {type(shown).__name__}"
            + (": open it with rl.open_run(path)" if isinstance(shown, str) else "")
        )
    items = list(shown)
    if all(isinstance(item, Group) for item in items):
        return items
    if all(isinstance(item, Tree) for item in items):
        return _gathered(items)
    odd = next(item for item in items if not isinstance(item, Tree | Group))
    raise InputError(f"an Explorer shows trees or groups, not {type(odd).__name__}")


def _alone(tree: Tree, index: int) -> Group:
    return Group(tree.task, (tree,), tree.header.step, index, tree.header.probe)


def _gathered(trees: Sequence[Tree]) -> list[Group]:
    lots: dict[tuple[int, bool, str, int], list[Tree]] = {}
    for tree in trees:
        header = tree.header
        lots.setdefault((header.step, header.probe, header.task.id, header.group), []).append(tree)
    return [
        Group(lot[0].task, tuple(lot), step, index, probe)
        for index, ((step, probe, _, _), lot) in enumerate(lots.items())
    ]


def decoder_from(given: Any) -> Decoder | None:
    """A decoder from a policy, a tokenizer, a function, or nothing.

    Raises:
        InputError: it can decode nothing.
    """
    if given is None:
        return None
    tokenizer = getattr(given, "tokenizer", given)
    if hasattr(tokenizer, "decode") and hasattr(tokenizer, "all_special_ids"):
        return pieces_with(tokenizer)
    if callable(given):
        decoder: Decoder = given
        return decoder
    raise InputError(f"tokenizer= takes a policy, a tokenizer or a function, not {type(given).__name__}")


def _bundled_decoder(config: Mapping[str, Any]) -> Decoder | None:
    """The embedded policy's tokens can be decoded without loading it."""
    if config.get("policy") != "tiny":
        return None
    try:
        from tokenizers import Tokenizer

        plain = Tokenizer.from_file(str(data_path("tiny") / "tokenizer.json"))
    except (ImportError, MissingError):
        return None
    return pieces_with(_Plain(plain))


class _Plain:
    """A `tokenizers.Tokenizer` with the two names that a transformers one has."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        added = tokenizer.get_added_tokens_decoder()
        self.all_special_ids = [token for token, about in added.items() if about.special]

    def decode(self, ids: Sequence[int]) -> str:
        text: str = self._tokenizer.decode(list(ids), skip_special_tokens=False)
        return text

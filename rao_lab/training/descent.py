"""One step's descent: the gradient of its batch, and the updates that it makes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from math import isfinite

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rao_lab.base.device import attention_of_any_shape, full_memory_says
from rao_lab.base.interrupts import HeldBack
from rao_lab.base.safe_text import unquoted
from rao_lab.base.threads import computing
from rao_lab.credit import Attributions
from rao_lab.errors import CallbackError, InputError
from rao_lab.training.helped import FromTheBack
from rao_lab.training.metrics import Metrics, credit_metrics, ratio_metrics, ratio_row, tree_metrics
from rao_lab.training.objective import Batch, Scorer, build_batch, loss_on_pack
from rao_lab.training.optimizer import learning_rate
from rao_lab.training.packs import Pack
from rao_lab.training.sampling import OnPhase
from rao_lab.training.setup import Training
from rao_lab.training.state import SMALLER, DueStep, TrainState, Undo
from rao_lab.tree import Group

Column = NDArray[np.float64]
MOST_DRIFT = 60_000.0
"""Nats; float16 holds hardly more."""


class Descent:
    """Moves a policy's weights down the loss of one batch after another."""

    def __init__(self, training: Training, state: TrainState, on_phase: OnPhase) -> None:
        self._policy, self._config, self._peers = training.policy, training.config, training.peers
        self._state, self._on_phase = state, on_phase
        self._loss = replace(self._config.loss, temperature=self._config.temperature)
        # Dropout off: recomputed log-probs are those of the model that sampled.
        self._policy.model.eval()
        self._scorer = Scorer(self._policy.model, self._config.recompute)
        self._reference = Scorer(state.reference) if state.reference is not None else None

    def batch(self, groups: Sequence[Group], attributions: Attributions) -> Batch:
        """The sequences of this process's groups, weighted by what their nodes earned."""
        self._check_alike(attributions)
        mine = range(self._peers.rank, len(groups), self._peers.size)
        made = build_batch(groups, attributions, self._loss, mine)
        self._check_known(made)
        return made

    def _check_known(self, batch: Batch) -> None:
        """Raises: InputError, if the policy says that it read or wrote tokens which its model does not have."""
        known = getattr(getattr(self._policy.model, "config", None), "vocab_size", None)
        most = max((int(each.ids.max()) for each in batch.sequences), default=0)
        if isinstance(known, int) and most >= known:
            raise InputError(
                f"{unquoted(self._policy.name)}.tick() gave the token id {most:,}: its model knows ids below {known:,}"
            )

    def _check_alike(self, attributions: Attributions) -> None:
        """Every process credits the whole step, and a rule of the user might say something else in each.

        Raises:
            CallbackError: it did.
        """
        rule = self._config.credit.rule
        if rule is None or self._peers.size < 2:
            return
        columns = (attributions.A, attributions.b, attributions.w)
        said = sha256(b"".join(column.tobytes() for column in columns)).digest()
        all_said = torch.zeros(self._peers.size, dtype=torch.float64)
        all_said[self._peers.rank] = float(int.from_bytes(said[:6]))  # whole in a float
        self._peers.add([all_said])
        if all_said.unique().numel() > 1:
            raise CallbackError(
                f"the credit rule {unquoted(rule.name)} gave other numbers in each process: it must depend on "
                "the nodes alone, not on chance or on what it saw before"
            )

    def descend(self, due: DueStep, batch: Batch) -> None:
        """Updates the weights `epochs` times; if interrupted before the last update, all are taken back.

        Raises:
            UnavailableError: the device's memory is full.
        """
        longest = max((len(item) for item in batch.sequences), default=0)
        advice = (
            f"set tokens_per_pack below {self._config.tokens_per_pack}, recompute=true, limits.context_window "
            f"below {longest} (the longest sequence here), or {SMALLER}"
        )
        with (
            full_memory_says(f"step {due.step} is trained", advice),
            attention_of_any_shape(self._scorer.device),
            computing(getattr(self._policy, "threads", None)),
        ):
            self._descend(due, batch)

    def _descend(self, due: DueStep, batch: Batch) -> None:
        optimizer, state = self._state.optimizer, self._state
        rate = learning_rate(self._config, due.step)
        packs = self._scorer.packs(batch.sequences, self._config.tokens_per_pack)
        assert due.attributions is not None
        due.metrics = tree_metrics(due.groups) | credit_metrics(due.groups, due.attributions)
        due.metrics["learning_rate"] = rate
        undo = Undo(self._policy, state) if self._config.epochs > 1 else None
        try:
            for epoch in range(self._config.epochs):
                found, now = self._gradient(batch, packs, epoch)
                if epoch + 1 == self._config.epochs:
                    due.attributions = replace(due.attributions, drift=self._drift(batch, packs, now))
                found["grad_norm"] = optimizer.clip(self._config.grad_clip)
                due.metrics |= found if epoch == 0 else _without(found, "logprob_difference")
                with HeldBack():
                    if batch.trained_tokens > 0 and isfinite(found["grad_norm"]):
                        optimizer.step(rate)
                        state.updates += 1
                        self._policy.version += 1
                        self._policy.clear_cache()
                    if epoch + 1 == self._config.epochs:
                        state.done(due)
        except BaseException:
            if undo is not None and state.due is not due:
                undo()
            raise
        finally:
            optimizer.zero()

    def _gradient(self, batch: Batch, packs: Sequence[Pack], epoch: int) -> tuple[Metrics, Column]:
        """Leaves the gradient of the whole batch, of all processes, on the optimizer's weights.

        Returns:
            The loss, and what the ratios of recomputed and recorded log-probs were; the recomputed log-probs of this
            process's packs.
        """
        optimizer = self._state.optimizer
        optimizer.zero()
        parts: list[tuple[Tensor, Tensor, Tensor | None]] = []
        total = len(packs) * self._config.epochs

        def add(index: int) -> None:
            self._on_phase("update", epoch * len(packs) + index, total)
            part = loss_on_pack(self._scorer, packs[index], batch, self._loss, self._reference)
            with optimizer.collecting():
                torch.autograd.backward(part.loss)
            parts.append((part.loss.detach(), part.logprobs, part.k3))

        helper = self._peers.helper
        if helper is None or not helper.ready or self._reference is not None or optimizer.masters:
            for index in range(len(packs)):
                add(index)
        else:
            with FromTheBack(helper, [*optimizer.params.values()], batch, self._loss, packs) as back:
                while (taken := back.next()) is not None:
                    add(taken)
                parts += [
                    (torch.tensor(part.loss, dtype=torch.float64), torch.from_numpy(part.logprobs), None)
                    for part in back.rest()
                ]
        self._on_phase("update", (epoch + 1) * len(packs), total)
        now = _column([part[1] for part in parts])
        k3 = _column([part[2] for part in parts if part[2] is not None])
        recorded = np.concatenate([packed.logprobs for packed in packs]) if packs else np.zeros(0)
        counted = ratio_row(now, recorded, self._loss.bounds, k3 if len(k3) else None)
        loss = sum(float(part[0]) for part in parts)
        # One row for each process, added up with the gradients.
        rows = np.zeros((self._peers.size, len(counted) + 3))
        rows[self._peers.rank] = [*counted, loss, batch.turns, batch.merged]
        shared = torch.from_numpy(rows)
        self._peers.add([*optimizer.gradients(), shared])
        found = ratio_metrics(rows, self._loss.bounds is not None, self._loss.kl > 0)
        losses, turns, merged = rows[:, -3:].sum(0).tolist()
        return found | {"loss": losses, "merge_rate": turns / merged if merged else None}, now

    def _drift(self, batch: Batch, packs: Sequence[Pack], now: Column) -> NDArray[np.float16]:
        """Recomputed less recorded log-probs of the whole batch's trained tokens, of all processes."""
        found = np.zeros((2, batch.trained_tokens), np.float32)
        if packs:
            places = np.concatenate([batch.places(packed) for packed in packs])
            found[0, places] = now - np.concatenate([packed.logprobs for packed in packs])
            found[1, places] = 1.0
        self._peers.add([torch.from_numpy(found)])  # each place is filled by one process at most
        drift = np.clip(found[0].round(4), -MOST_DRIFT, MOST_DRIFT).astype(np.float16)
        drift[found[1] == 0] = np.nan
        return drift


def _without(metrics: Metrics, name: str) -> Metrics:
    return {key: value for key, value in metrics.items() if key != name}


def _column(parts: Sequence[Tensor]) -> Column:
    """The numbers of all packs, [n] together, in one transfer."""
    return torch.cat(list(parts)).double().cpu().numpy() if parts else np.zeros(0)

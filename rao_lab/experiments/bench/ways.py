"""Four ways to have a model write turns: the engine, and three that transformers has.

A way gets turns, each the whole context of one agent as token ids, and gives back what was sampled. All sample from
the plain softmax. Only the engine also returns the log-prob of every token, which training needs.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from transformers import ContinuousBatchingConfig, GenerationConfig

from rao_lab.base.device import attention_of_any_shape
from rao_lab.policies.local.engine import Engine
from rao_lab.policies.local.llama import LlamaForward, suits
from rao_lab.policies.local.slots import SlotForward
from rao_lab.protocols import NodeKey

PAGE = 8
"""Tokens in a page of transformers' paged cache. An agent's next turn finds the full pages of its last one, so small
pages are the fastest here; the usual 256 halve its speed."""
TEMPERATURE = 1.0
LONGEST_WAIT = 120.0
"""Seconds without a result after which transformers' batching thread counts as lost."""


@dataclass(frozen=True, slots=True)
class Written:
    """What was sampled for one turn."""

    key: NodeKey
    ids: list[int]


class Way(Protocol):
    """Writes turns for many agents."""

    def submit(self, key: NodeKey, ids: Sequence[int], room: int) -> None:
        """Asks for a turn of at most `room` tokens after the context `ids`."""
        ...

    def tick(self) -> list[Written]:
        """Goes on, and returns the turns that have ended."""
        ...

    def forget(self, key: NodeKey) -> None:
        """The agent has ended: its turn, if one is under way, is dropped."""
        ...

    def fresh(self) -> None:
        """A new round: no agent of the last one is left, and nothing that was cached is of use."""
        ...

    def close(self) -> None:
        """Frees what it holds."""
        ...


class OneByOne:
    """`generate` for one turn at a time, from the beginning of its context."""

    at_once = 1

    def __init__(self, model: Any, stop_ids: Sequence[int] = ()) -> None:
        self._model, self._stop = model, list(stop_ids)
        self._waiting: list[tuple[NodeKey, list[int], int]] = []

    def submit(self, key: NodeKey, ids: Sequence[int], room: int) -> None:
        self._waiting.append((key, list(ids), room))

    def tick(self) -> list[Written]:
        now, self._waiting = self._waiting[: self.at_once], self._waiting[self.at_once :]
        if not now:
            return []
        widest, room = max(len(ids) for _, ids, _ in now), max(room for _, _, room in now)
        padded = [[0] * (widest - len(ids)) + ids for _, ids, _ in now]
        real = [[0] * (widest - len(ids)) + [1] * len(ids) for _, ids, _ in now]
        device = self._model.device
        with torch.inference_mode(), attention_of_any_shape(device):
            whole = self._model.generate(
                torch.tensor(padded).to(device),
                attention_mask=torch.tensor(real).to(device),
                generation_config=_settings(self._model, room, self._stop),
            )
        rows = whole[:, widest:].tolist()
        return [
            Written(key, self._ended(row[:least])) for (key, _, least), row in zip(now, rows, strict=True)
        ]

    def _ended(self, row: list[int]) -> list[int]:
        """A row without what stands after its stop."""
        return next((row[: at + 1] for at, token in enumerate(row) if token in self._stop), row)

    def forget(self, key: NodeKey) -> None:
        self._waiting = [turn for turn in self._waiting if turn[0] != key]

    def fresh(self) -> None:
        """Nothing is cached."""

    def close(self) -> None:
        """Nothing is held."""


class Padded(OneByOne):
    """`generate` for all turns that wait, padded on the left; the next ones wait until the longest has ended."""

    at_once = 4096


class Continuous:
    """The continuous batching of transformers, whose thread and cache were made before: a turn joins what runs."""

    def __init__(self, model: Any, stop_ids: Sequence[int], agents: int, length: int) -> None:
        logging.getLogger("ContinuousBatchingLogger").setLevel(logging.ERROR)
        self._stop: Any = list(stop_ids) or -1
        pages = agents * (-(-length // PAGE) + 1)
        self._manager = model.init_continuous_batching(
            _settings(model, length, stop_ids),
            ContinuousBatchingConfig(
                page_size=PAGE,
                num_blocks=2 * pages,  # as many again, for pages that a next turn may find
                max_batch_tokens=max(512, 4 * agents),
                max_requests_per_batch=agents,
            ),
        )
        self._manager.warmup()
        self._manager.start()
        self._asked: dict[str, NodeKey] = {}
        self._count = 0

    def submit(self, key: NodeKey, ids: Sequence[int], room: int) -> None:
        self._count += 1
        name = f"turn {self._count}"
        self._asked[name] = key
        self._manager.add_request(list(ids), name, max_new_tokens=room, eos_token_id=self._stop)

    def tick(self) -> list[Written]:
        """Waits for a turn to end, and takes what has ended with it."""
        if not self._asked:
            return []
        found = [self._manager.get_result(timeout=LONGEST_WAIT)]
        while found[-1] is not None and not self._manager.output_router.output_queue.empty():
            found.append(self._manager.get_result(timeout=0.01))
        if found[0] is None or any(each is not None and each.error for each in found):
            said = next((each.error for each in found if each is not None and each.error), "no answer")
            raise RuntimeError(f"transformers' continuous batching failed: {said}")
        return [
            Written(self._asked.pop(each.request_id), list(each.generated_tokens))
            for each in found
            if each is not None and each.request_id in self._asked  # otherwise it was forgotten
        ]

    def forget(self, key: NodeKey) -> None:
        for name in [name for name, asked in self._asked.items() if asked == key]:
            del self._asked[name]
            self._manager.cancel_request(name)

    def fresh(self) -> None:
        """Its pages stay, and are found again if a prompt comes a second time."""

    def close(self) -> None:
        self._manager.stop(timeout=10)
        self._manager.destroy()


class Ours:
    """The engine of `rao_lab.policies.local`, with a cache of its own."""

    def __init__(self, model: Any, stop_ids: Sequence[int], length: int) -> None:
        forward = LlamaForward(model) if suits(model) else SlotForward(model)
        self.engine = Engine(forward, stop_ids, TEMPERATURE)
        self._length = length
        self._keys: set[NodeKey] = set()
        self._turns = 0

    def submit(self, key: NodeKey, ids: Sequence[int], room: int) -> None:
        self._turns += 1
        self._keys.add(key)
        self.engine.submit(key, ids, noise=(self._turns,), room=room, window=self._length)

    def tick(self) -> list[Written]:
        return [Written(turn.key, turn.ids.tolist()) for turn in self.engine.tick()]

    def forget(self, key: NodeKey) -> None:
        self.engine.forget(key)
        self._keys.discard(key)

    def fresh(self) -> None:
        for key in sorted(self._keys):
            self.forget(key)
        self.engine.clear()

    def close(self) -> None:
        self.fresh()


def _settings(model: Any, room: int, stop_ids: Sequence[int]) -> GenerationConfig:
    return GenerationConfig(
        max_new_tokens=room,
        do_sample=True,
        temperature=TEMPERATURE,
        top_k=0,
        top_p=1.0,
        pad_token_id=0,
        eos_token_id=list(stop_ids) or model.config.vocab_size,  # never sampled
    )

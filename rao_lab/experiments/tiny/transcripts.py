"""What a demonstration leaves: one transcript a node, as token ids with loss weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Protocol

from transformers import PreTrainedTokenizerBase

from rao_lab.protocols import Dialect, Observation

READ = 0.1
"""Loss weight of a token that is read, unless its world has another. A token that is written has 1, a slip 0."""


@dataclass(slots=True)
class Transcript:
    """One node as token ids `[T]`, and the loss weight of each token `[T]`."""

    ids: list[int] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)


class Stuck(Exception):
    """The demonstration cannot go on: it is thrown away."""


class Demonstrations(Protocol):
    """Who demonstrates a world. It is made of a tokenizer, what decides everything that is left to chance, the most
    tokens of a transcript, and the behaviour of the world's demonstrators."""

    def __init__(
        self, tokenizer: PreTrainedTokenizerBase, rng: Random, window: int, behaviour: Any
    ) -> None: ...

    def stream(self) -> Iterator[Transcript]:
        """Transcripts without end."""
        ...


class Encoder:
    """Text as token ids; each text is encoded once."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self._tokenizer = tokenizer
        self._known: dict[str, list[int]] = {}

    def __call__(self, text: str) -> list[int]:
        """The token ids `[T]`."""
        ids = self._known.get(text)
        if ids is None:
            ids = self._known[text] = self._tokenizer.encode(text, add_special_tokens=False)
        return ids


class Pen:
    """Writes the transcript of one node."""

    def __init__(
        self, dialect: Dialect, encode: Callable[[str], Sequence[int]], read_weight: float = READ
    ) -> None:
        self.transcript = Transcript()
        self._read_weight = read_weight
        self._dialect = dialect
        self._encode = encode

    def write(self, code: str, train: bool = True, weight: float = 1.0) -> None:
        """The node writes; `train=False` for a slip, which is not imitated."""
        self._add(code, weight if train else 0.0)

    def read(self, text: str) -> None:
        self._add(text, self._read_weight)

    def tell(self, observation: Observation) -> None:
        """The node reads what came of its turn."""
        self.read(self._dialect.observe(observation)[0].content)

    def _add(self, text: str, weight: float) -> None:
        ids = self._encode(text)
        self.transcript.ids.extend(ids)
        self.transcript.weights.extend([weight] * len(ids))

"""The marks of a model's reasoning among its tokens, so that its text still shows where a thought begins and ends."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from rao_lab.prompts.reasoning import MARKS, opened_by

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_TAIL = 8
"""Tokens at the end of a prompt that may spell an opening mark."""


class Thoughts:
    """What a tokenizer's marks do to the text of a reply.

    Attributes:
        special: ids of the marks that are special tokens. Decoding leaves special tokens out, so these need care.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        ids = dict(zip(tokenizer.all_special_tokens, tokenizer.all_special_ids, strict=False))
        self.special = frozenset(number for token, number in ids.items() if token in MARKS)
        self._left_out = frozenset(tokenizer.all_special_ids) - self.special
        self._tokenizer = tokenizer
        self._opened = lru_cache(maxsize=4096)(self._decode_tail)

    def shown(self, ids: Sequence[int]) -> list[int]:
        """The ids of a reply that its text shows: all, if no mark is a special token."""
        return [each for each in ids if each not in self._left_out] if self.special else list(ids)

    def opened(self, prompt: Sequence[int]) -> str:
        """The mark of a thought that the prompt leaves open, and a line break; "" if it leaves none open."""
        return self._opened(tuple(prompt[-_TAIL:]))

    def _decode_tail(self, ids: tuple[int, ...]) -> str:
        text = self._tokenizer.decode(
            list(ids), skip_special_tokens=False, clean_up_tokenization_spaces=False
        )
        mark = opened_by(text) if isinstance(text, str) else ""
        return f"{mark}\n" if mark else ""

"""Token ids as pieces of text, so that a reader sees what a model read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from rao_lab.base.bundled import EMBEDDED, data_path
from rao_lab.errors import InputError, MissingError
from rao_lab.policies.fetch import SOURCES, cached

Decoder = Callable[[Sequence[int]], Sequence[tuple[str, bool]]]
"""Token ids to pieces of text, each with whether it is a special token; joined they are the text."""


@runtime_checkable
class Tokenizer(Protocol):
    """What is used of a tokenizer of transformers."""

    @property
    def all_special_ids(self) -> Sequence[int]: ...
    def decode(self, token_ids: Any, /) -> Any: ...


@runtime_checkable
class HasTokenizer(Protocol):
    """A policy with token ids, or a session that trains one."""

    @property
    def tokenizer(self) -> Any: ...


def decoder_from(given: HasTokenizer | Tokenizer | Decoder | None) -> Decoder | None:
    """A decoder from a policy, a tokenizer, a function, or nothing.

    Raises:
        InputError: it can decode nothing.
    """
    tokenizer = given.tokenizer if isinstance(given, HasTokenizer) else given
    if tokenizer is None:
        return None
    if isinstance(tokenizer, Tokenizer):
        return pieces_with(tokenizer)
    if callable(tokenizer):
        decoder: Decoder = tokenizer
        return decoder
    raise InputError(f"tokenizer= takes a policy, a tokenizer or a function, not {type(given).__name__}")


def bundled_decoder(config: Mapping[str, Any]) -> Decoder | None:
    """The decoder of an embedded policy, or of a model that was fetched, if a run names it: tokens are read without
    loading the model."""
    name = str(config.get("policy"))
    if name not in EMBEDDED and name not in SOURCES:
        return None
    try:
        from tokenizers import Tokenizer as Plain

        folder = data_path(EMBEDDED[name]) if name in EMBEDDED else cached(name)
        plain = Plain.from_file(str(folder / "tokenizer.json"))
    except (ImportError, MissingError):
        return None
    return pieces_with(_Plain(plain))


class _Plain:
    """A `tokenizers.Tokenizer` with the two names that a transformers one has."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        added = tokenizer.get_added_tokens_decoder()
        self.all_special_ids = [token for token, about in added.items() if about.special]

    def convert_ids_to_tokens(self, token: int) -> str:
        return str(self._tokenizer.id_to_token(token))

    def decode(self, ids: Sequence[int], /) -> str:
        text: str = self._tokenizer.decode(list(ids), skip_special_tokens=False)
        return text


def pieces_with(tokenizer: Tokenizer) -> Decoder:
    """A decoder from a tokenizer: ids that share a character become one piece."""
    special = set(tokenizer.all_special_ids)
    named = getattr(tokenizer, "convert_ids_to_tokens", None)

    def read(ids: list[int]) -> str:
        """SentencePiece drops the blank before a word that begins a text; these ids are the middle of one."""
        text: str = tokenizer.decode(ids)
        lost = named is not None and not text.startswith(" ") and str(named(ids[0])).startswith("\u2581")
        return f" {text}" if lost else text

    def decode(ids: Sequence[int]) -> list[tuple[str, bool]]:
        found: list[tuple[str, bool]] = []
        waiting: list[int] = []
        for token in ids:
            if token in special:
                found += _flush(read, waiting)
                found.append((read([token]), True))
                continue
            waiting.append(token)
            text = read(waiting)
            if "\ufffd" not in text or len(waiting) >= 4:
                found.append((text, False))
                waiting.clear()
        return found + _flush(read, waiting)

    return decode


def _flush(read: Callable[[list[int]], str], waiting: list[int]) -> list[tuple[str, bool]]:
    found = [(read(waiting), False)] if waiting else []
    waiting.clear()
    return found

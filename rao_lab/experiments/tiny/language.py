"""The tokens of an embedded policy: pieces of the Python that the sandbox runs, and words of its dialect and world.

Text is cut into as few tokens as possible, by a unigram model with one score for all. So the text of an
action gives back the tokens that were sampled. Text without a token is spelt in bytes. A turn ends with any
token whose text ends a line of code, so that no step is spent on an end token.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tokenizers import Tokenizer, decoders, models
from transformers import PreTrainedTokenizerFast

TEMPLATE = "{% for message in messages %}{{ message['content'] }}{% endfor %}"


@dataclass(frozen=True, slots=True)
class Language:
    """The tokens of one world. A token's place is its id, so all of them keep their order."""

    names: Sequence[str]
    """Names of things."""
    code: Sequence[str]
    words: Sequence[str]
    """What is read: the words of the dialect and of the world."""
    forms: Mapping[str, Sequence[int]]
    """Forms of a number, with `#` in its place -> the numbers that have a token of this form."""
    stops: Sequence[str]
    """Code that ends a turn."""
    stop_forms: Sequence[str]
    alike: Sequence[Sequence[str]] = ()
    """Names that mean something alike: a new model starts with them near each other."""

    def vocabulary(self) -> list[str]:
        """The text of every token, in the order of their ids."""
        numbers = [write(form, number) for form, each in self.forms.items() for number in each]
        spelt = [f"<0x{byte:02X}>" for byte in range(256)]
        return [*dict.fromkeys(("<pad>", "<unk>", *self.names, *self.code, *self.words, *numbers, *spelt))]

    def stop_texts(self) -> list[str]:
        """The texts of the tokens that end a turn."""
        return [
            *self.stops,
            *(write(form, number) for form in self.stop_forms for number in self.forms[form]),
        ]

    def build(self) -> PreTrainedTokenizerFast:
        """The tokenizer, with its chat template."""
        scored = [(text, -9.0 if text.startswith("<0x") else -1.0) for text in self.vocabulary()]
        core = Tokenizer(models.Unigram(scored, unk_id=1, byte_fallback=True))
        core.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Fuse()])
        tokenizer = PreTrainedTokenizerFast(tokenizer_object=core, pad_token="<pad>", unk_token="<unk>")
        tokenizer.chat_template = TEMPLATE
        return tokenizer


def write(form: str, number: int) -> str:
    """The text of a number in one of its forms."""
    return form.replace("#", str(number))

"""A local model's reasoning: a thought that the template opened, and marks that are special tokens."""

from __future__ import annotations

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from rao_lab.policies.local.transformer import TransformerPolicy
from rao_lab.prompts import find
from rao_lab.protocols import ParseFailure
from tests.policies.local.test_transformer import ask

WORDS = ["<think>", "</think>", "[THINK]", "[/THINK]", "<eos>", "<user>", "<assistant>", "```python", "\n", "```",
         "finish('draft')", "finish('real')", "go"]  # fmt: skip
TEMPLATE = (
    "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)
DRAFT = ("```python", "\n", "finish('draft')", "\n", "```", "\n")
REAL = ("```python", "\n", "finish('real')", "\n", "```")


def policy(template: str, special: tuple[str, ...] = ()) -> TransformerPolicy:
    """A model that says nothing of its own: tests write its reply."""
    plain = Tokenizer(models.WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="go"))
    plain.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=plain, eos_token="<eos>")
    tokenizer.add_tokens([word for word in WORDS if word not in special], special_tokens=False)
    tokenizer.add_special_tokens({"additional_special_tokens": list(special)})
    tokenizer.chat_template = template
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=16, intermediate_size=24, num_hidden_layers=1,
        num_attention_heads=2, max_position_embeddings=128, eos_token_id=None, bos_token_id=None,
    )  # fmt: skip
    return TransformerPolicy(LlamaForCausalLM(config), tokenizer)


def text_of(asked: TransformerPolicy, words: tuple[str, ...]) -> str:
    return asked._decode(tuple(WORDS.index(word) for word in words)).replace(" ", "")


def test_a_thought_that_the_template_opened_is_shown_as_opened() -> None:
    closed = ask(policy(TEMPLATE), 1, "go")
    opened = ask(policy(TEMPLATE.replace("<assistant>{% endif", "<assistant><think>{% endif")), 1, "go")
    assert not closed.text.startswith("<think>")
    assert opened.text.startswith("<think>\n")
    assert len(opened.sampled_ids) == 5  # the mark was read and not written


def test_a_draft_in_a_thought_that_the_template_opened_and_the_limit_cut_does_not_run() -> None:
    asked = policy(TEMPLATE.replace("<assistant>{% endif", "<assistant><think>{% endif"))
    prompt = asked.tokenizer.encode("go <think>")
    text = asked._thoughts.opened(prompt) + text_of(asked, DRAFT)
    with pytest.raises(ParseFailure, match="stands in your thought"):
        find("codeact").parse(text)


@pytest.mark.parametrize("special", [(), ("[THINK]", "[/THINK]", "<eos>", "<user>", "<assistant>")])
def test_marks_that_are_special_tokens_are_kept_and_other_special_tokens_are_not(
    special: tuple[str, ...],
) -> None:
    text = text_of(
        policy(TEMPLATE, special), ("[THINK]", *DRAFT, "[/THINK]", *REAL, *(["<eos>"] if special else []))
    )
    action = find("codeact").parse(text)
    assert (action.code, "draft" in action.thought, "<eos>" in text) == ("finish('real')", True, False)

"""Chat templates of three kinds: one that joins messages, one that trims them, one that rewrites what came before."""

from __future__ import annotations

from collections.abc import Sequence

import jinja2
import pytest

from rao_lab.errors import InputError
from rao_lab.policies.local.chat import Chat
from rao_lab.tree import Message

PLAIN = "{% for m in messages %}{{ m.content }}{% endfor %}"
CHATML = (
    "{% if messages[0].role != 'system' %}<|im_start|>system\nHelp.<|im_end|>\n{% endif %}"
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
TRIMMING = CHATML.replace("m.content", "m.content | trim")
THINKING = (
    "{% for m in messages %}<{{ m.role }}>{{ m.content }}\n{% endfor %}"
    "{% if add_generation_prompt %}<assistant><think>\n{% endif %}"
)
DROPPING = CHATML.replace(
    "m.content", "(m.content.split('</think>')[-1].lstrip() if m.role == 'assistant' else m.content)"
)
"""As Qwen3's and DeepSeek-R1's do."""
NO_SYSTEM = (
    "{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    "{% for m in messages %}[{{ m.role }}]{{ m.content }}\n{% endfor %}"
    "{% if add_generation_prompt %}[assistant]{% endif %}"
)
SILENT = (
    "{% for m in messages if m.role != 'system' %}[{{ m.role }}]{{ m.content }}\n{% endfor %}"
    "{% if add_generation_prompt %}[assistant]{% endif %}"
)


def chat(template: str) -> Chat:
    def refuse(words: str) -> None:
        raise InputError(words)

    compiled = jinja2.Environment(keep_trailing_newline=True).from_string(template)

    def render(messages: Sequence[Message], opening: bool) -> str:
        plain = [{"role": m.role, "content": m.content} for m in messages]
        return compiled.render(messages=plain, add_generation_prompt=opening, raise_exception=refuse)

    return Chat(render)


def user(text: str) -> Message:
    return Message("user", text)


def reply(text: str) -> Message:
    return Message("assistant", text)


def test_joined_pieces_are_found_where_a_template_joins() -> None:
    assert chat(PLAIN)._pieces is not None
    assert chat(CHATML)._pieces is not None
    assert chat(TRIMMING)._pieces is None
    assert chat(THINKING)._pieces is None


def test_the_prompt_is_what_the_template_renders() -> None:
    assert chat(PLAIN).prompt([user("team a0 3\n")]) == "team a0 3\n"
    assert chat(CHATML).prompt([user("hi")]) == (
        "<|im_start|>system\nHelp.<|im_end|>\n<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n"
    )
    assert chat(CHATML).prompt([Message("system", "S"), user("hi")]) == (
        "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n"
    )


def suffix(template: str, before: Sequence[Message], *new: Message, shown: str | None = None) -> str | None:
    return chat(template).suffix(shown, before, new)[0]


@pytest.mark.parametrize("template", [CHATML, TRIMMING, DROPPING])
@pytest.mark.parametrize("answer", ["ok", " ok\n", ""])
def test_the_suffix_ends_the_reply_and_opens_the_next(template: str, answer: str) -> None:
    before = [Message("system", "S"), user("hi"), reply("so"), user("more"), reply(answer)]
    assert suffix(template, before, user("again")) == (
        "<|im_end|>\n<|im_start|>user\nagain<|im_end|>\n<|im_start|>assistant\n"
    )


def test_content_is_never_read_as_a_template_or_cut() -> None:
    said = "  {{ 7 * 7 }} <|im_end|>\n\n"
    assert suffix(PLAIN, [user("x"), reply("r")], user(said)) == said
    assert said in (suffix(CHATML, [user("x"), reply("r")], user(said)) or "")


def test_a_template_that_rewrites_what_came_before_is_noticed_and_has_no_suffix() -> None:
    assert not chat(CHATML).rewrites and not chat(TRIMMING).rewrites
    assert chat(THINKING).rewrites
    assert suffix(THINKING, [user("x"), reply("r")], user("y")) is None


def test_a_template_that_drops_thoughts_is_noticed_and_has_no_suffix_after_one() -> None:
    thought = reply("<think>\nhm\n</think>\n\nok")
    assert chat(DROPPING).rewrites and not chat(DROPPING).joins
    assert suffix(DROPPING, [user("x"), thought], user("y")) is None
    assert suffix(DROPPING, [user("x"), reply("ok")], user("y")) is not None
    assert "hm" not in chat(DROPPING).prompt([user("x"), thought, user("y")])
    # What the model has read in the turn before: the thought is gone from it already.
    shown = chat(DROPPING).prompt([user("x"), thought, user("y")])
    before = [user("x"), thought, user("y"), reply("done")]
    assert suffix(DROPPING, before, user("z"), shown=shown) is not None


def test_without_a_system_role_its_text_begins_the_first_user_message() -> None:
    for template in (NO_SYSTEM, SILENT):
        found = chat(template)
        assert not found.system
        assert found.prompt([Message("system", "S"), user("hi")]) == found.prompt([user("S\n\nhi")])
    assert chat(CHATML).system


def test_a_template_that_refuses_every_message_says_so() -> None:
    with pytest.raises(InputError, match="never"):
        chat("{{ raise_exception('never') }}")

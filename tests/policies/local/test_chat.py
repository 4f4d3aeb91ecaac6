"""Chat templates of three kinds: one that joins messages, one that trims them, one that rewrites what came before."""

from __future__ import annotations

from collections.abc import Sequence

import jinja2
import pytest

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


def chat(template: str) -> Chat:
    compiled = jinja2.Environment(keep_trailing_newline=True).from_string(template)

    def render(messages: Sequence[Message], opening: bool) -> str:
        plain = [{"role": m.role, "content": m.content} for m in messages]
        return compiled.render(messages=plain, add_generation_prompt=opening)

    return Chat(render)


def user(text: str) -> Message:
    return Message("user", text)


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


@pytest.mark.parametrize("template", [CHATML, TRIMMING])
def test_the_suffix_ends_the_reply_and_opens_the_next(template: str) -> None:
    before = [(Message("system", "S"), user("hi")), (user("more"),)]
    assert chat(template).suffix(before, (user("again"),)) == (
        "<|im_end|>\n<|im_start|>user\nagain<|im_end|>\n<|im_start|>assistant\n"
    )


def test_content_is_never_read_as_a_template_or_cut() -> None:
    said = "  {{ 7 * 7 }} <|im_end|>\n\n"
    assert chat(PLAIN).suffix([(user("x"),)], (user(said),)) == said
    assert said in (chat(CHATML).suffix([(user("x"),)], (user(said),)) or "")


def test_a_template_that_rewrites_what_came_before_has_no_suffix() -> None:
    assert chat(THINKING).suffix([(user("x"),)], (user("y"),)) is None

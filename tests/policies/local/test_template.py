"""Chat templates that come with a model: bounded in time and size, without chance and without a clock of their own."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from transformers.utils.chat_template_utils import render_jinja_template

from rao_lab.api.run import run
from rao_lab.api.train import train
from rao_lab.base import rendering
from rao_lab.environments.textcraft.environment import TextCraft
from rao_lab.errors import ConfigError, InputError
from rao_lab.execution.limits import Limits
from rao_lab.policies.load import load_policy
from rao_lab.policies.local.template import Template, today
from rao_lab.policies.local.transformer import TransformerPolicy
from rao_lab.store import open_run
from rao_lab.training.sequences import sequences
from rao_lab.tree import Message, Status
from rao_lab.views.explorer.node_text import node_text
from tests.policies.local.test_chat import CHATML, DROPPING, THINKING, TRIMMING
from tests.support.chat_servers import request
from tests.support.configs import small_config, small_limits

DAY = "2024-07-26"
TALK = [
    Message("system", "be brief"),
    Message("user", "hi {{ 7 * 7 }}\n"),
    Message("assistant", " ok \ud800"),
]
JOINED = "{% for m in messages %}{{ m.content }}{% endfor %}"
LIMITS = Limits(max_turns=3, max_new_tokens=6, context_window=90, max_nodes=2)
ENV = TextCraft("easy")
TASK = ENV.tasks("train")[0]


def rendered(source: str, **variables: Any) -> str:
    made = Template(source, variables, DAY)
    try:
        return made(TALK, True)
    finally:
        made.close()


@pytest.fixture
def folder(random_tiny: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(random_tiny, tmp_path / "m"))


def with_template(folder: Path, source: str) -> str:
    (folder / "chat_template.jinja").write_text(source)
    return str(folder)


@pytest.mark.parametrize(
    "source",
    [
        CHATML, TRIMMING, DROPPING, THINKING,
        "{% for m in messages %}\n  {% if loop.first %}{% continue %}{% endif %}\n{{ m | tojson }}{% endfor %}",
        "{% generation %}{{ messages[0].content }}{% endgeneration %}{{ dict(a=1) | tojson(indent=2) }}",
        "{% set ns = namespace(n=0) %}{% for m in messages %}{% set ns.n = ns.n + 1 %}{% endfor %}{{ ns.n }}",
        "{{ bos_token }}{% if tools is none and not documents %}{{ messages[-1]['content'].strip() }}{% endif %}",
    ],
)  # fmt: skip
def test_a_template_is_rendered_as_transformers_renders_it(source: str) -> None:
    plain = [{"role": each.role, "content": each.content} for each in TALK]
    (expected,), _ = render_jinja_template(
        [plain], chat_template=source, add_generation_prompt=True, bos_token="<s>"
    )
    assert rendered(source, bos_token="<s>") == expected


HOSTILE = [
    "{{ 'a' * 10**10 }}",
    "{{ 'a' | center(10**10) }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ [0] * 10**9 }}",
    "{% for i in range(99999) %}{{ 'a' * 100000 }}{% endfor %}",
    "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
    "{{ 10 ** (10 ** 9) }}",
    "{% macro f() %}{{ f() }}{{ f() }}{% endmacro %}{{ f() }}",
    "{{" + "(" * 5000 + "1" + ")" * 5000 + "}}",
    "{% for m in messages %}" * 60,
    "{{ messages | random }}",
    "{{ lipsum() }}",
    "{{ ''.__class__.__mro__ }}",
    "{{ namespace(__class__=1) }}",
    "{% include '/etc/passwd' %}",
    "{{ raise_exception('\x1b[31mno\n') }}",
]


@pytest.mark.parametrize("source", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_template_is_one_line_in_time(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "RENDER_SECONDS", 2.0)
    began = time.monotonic()
    with pytest.raises(InputError, match=r"policy: its chat template cannot be rendered: .") as caught:
        rendered(source)
    assert time.monotonic() - began < 20 and len(str(caught.value)) < 300
    assert str(caught.value).isprintable()


def test_a_slow_template_is_not_tried_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "RENDER_SECONDS", 0.5)
    made = Template("{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}", {}, DAY)
    for words in ("more than 0.5 s", "more than 0.5 s", "given up"):
        with pytest.raises(InputError, match=words):
            made(TALK, True)


def test_a_policy_with_a_hostile_template_is_refused_when_it_is_loaded(folder: Path) -> None:
    began = time.monotonic()
    with pytest.raises(InputError, match=r"m: its chat template cannot be rendered"):
        load_policy(with_template(folder, HOSTILE[5]))
    assert time.monotonic() - began < 30


def test_a_template_that_fails_later_loses_its_node_and_not_the_run(folder: Path) -> None:
    refusing = "{% if messages | length > 3 %}{{ raise_exception('too long') }}{% endif %}"
    policy = load_policy(with_template(folder, JOINED + refusing))
    tree = run(TASK, ENV, policy, limits=LIMITS)
    assert tree.root.status is Status.ERROR and tree.root.success is None
    assert tree.root.reason == "m: its chat template cannot be rendered: TemplateError: too long"


def test_a_template_without_a_system_role_gets_its_text_in_the_first_user_message(folder: Path) -> None:
    source = (
        "{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    )
    with pytest.warns(
        UserWarning, match="chat template of m has no system role: system text begins the first user"
    ):
        policy = load_policy(with_template(folder, source + JOINED))
    assert isinstance(policy, TransformerPolicy)
    continues, prompt, _ = policy._prompt(request())
    assert not continues and prompt == policy.tokenizer.encode("be brief\n\ngo", add_special_tokens=False)


def test_turns_after_a_rewritten_reply_are_read_anew_and_trained_as_they_were_sampled(folder: Path) -> None:
    """The template shows only that there was an earlier reply, whatever it said."""
    source = (
        "{% for m in messages %}{{ m.content if m.role != 'assistant' else 'made' }}\n{% endfor %}"
        "{% if add_generation_prompt %}{% endif %}"
    )
    with pytest.warns(UserWarning, match="changes earlier replies"):
        policy = load_policy(with_template(folder, source))
    tree = run(TASK, ENV, policy, limits=LIMITS)
    turns = tree.root.turns
    assert len(turns) > 1 and not any(turn.continues for turn in turns)
    for turn, found in zip(turns, sequences(tree.root), strict=True):
        assert list(found.ids) == [*turn.prompt_ids, *turn.sampled_ids]
    shown = node_text(tree.root, lambda ids: [("x", False) for _ in ids])
    assert [turn["rewritten"] for turn in shown["turns"]] == [False] + [True] * (len(turns) - 1)


# The day


DATED = "Today is {{ strftime_now('%d') }} {{ strftime_now('%Y-%m-%d %H:%M') }}\n" + JOINED


def test_the_clock_of_a_template_stands_still() -> None:
    assert rendered("{{ strftime_now('%d %b %Y %H:%M:%S') }}") == "26 Jul 2024 00:00:00"


def test_a_policy_says_the_day_only_if_its_template_asks(folder: Path) -> None:
    assert load_policy(str(folder)).clock == ""  # type: ignore[attr-defined]
    dated = load_policy(with_template(folder, DATED), clock=DAY)
    assert dated.clock == DAY  # type: ignore[attr-defined]
    assert load_policy(str(folder)).clock == today()  # type: ignore[attr-defined]
    with pytest.raises(ConfigError, match="clock='tomorrow' is no day"):
        load_policy(str(folder), clock="tomorrow")


def test_a_run_that_goes_on_another_day_is_told_the_day_it_began(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_template(folder, DATED)

    def trees(store: Path, steps: int, resume: bool) -> list[Any]:
        policy = load_policy(str(folder))
        config = small_config(steps=steps, limits=small_limits(max_turns=2), probe_tasks=0)
        list(train(ENV, policy, config, store=store, resume=resume))
        with open_run(store) as found:
            assert found.config["clock"] == DAY
            return (
                [tree.root.turns for group in found.groups(2) for tree in group.trees] if steps == 2 else []
            )

    monkeypatch.setattr("rao_lab.policies.local.transformer.today", lambda: DAY)
    whole = trees(tmp_path / "whole.rao", 2, False)
    trees(tmp_path / "parts.rao", 1, False)
    monkeypatch.setattr("rao_lab.policies.local.transformer.today", lambda: "2025-01-01")
    parts = trees(tmp_path / "parts.rao", 2, True)
    assert [[turn.sampled_ids for turn in turns] for turns in parts] == [
        [turn.sampled_ids for turn in turns] for turns in whole
    ]
    assert json.dumps([list(turns[0].prompt_ids) for turns in parts]) == json.dumps(
        [list(turns[0].prompt_ids) for turns in whole]
    )

"""A policy from a model folder: contexts only grow, records are exact, and it can be saved and loaded again."""

from __future__ import annotations

from array import array
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from rao_lab.errors import InputError, MissingError
from rao_lab.experiments.tiny import tokens as tiny_tokens
from rao_lab.experiments.tiny.language import TEMPLATE
from rao_lab.policies.conversation import context_ids
from rao_lab.policies.local.transformer import TransformerPolicy
from rao_lab.protocols import TurnReply, TurnRequest
from rao_lab.tree import Message, Turn

TOKENIZER = tiny_tokens.LANGUAGE.build()
CHATML = (
    "{% for m in messages %}<{{ m.role }}>{{ m.content }}\n{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)
THINKING = CHATML.replace("<assistant>{% endif", "<assistant>?{% endif")


def policy(template: str = TEMPLATE) -> TransformerPolicy:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(TOKENIZER), hidden_size=16, intermediate_size=24, num_hidden_layers=1,
        num_attention_heads=2, max_position_embeddings=128, eos_token_id=None, bos_token_id=None,
        rao_lab={"dialect": "terse", "window": 96},
    )  # fmt: skip
    tokenizer = tiny_tokens.LANGUAGE.build()
    tokenizer.chat_template = template
    return TransformerPolicy(LlamaForCausalLM(config), tokenizer)


def request(turn: int, said: str, history: tuple[Turn, ...] = (), room: int = 5) -> TurnRequest:
    return TurnRequest(
        key=(0, "0"), turn=turn, depth=0, agent="recursive", goal="", args={},
        messages=(Message("user", said),), history=history, noise=(0, turn), max_new_tokens=room, window=4096,
    )  # fmt: skip


def ask(asked: TransformerPolicy, *args: object, **kwargs: object) -> TurnReply:
    asked.submit(request(*args, **kwargs))  # type: ignore[arg-type]
    while not (replies := asked.tick()):
        pass
    return replies[0]


def turn_of(reply: TurnReply, said: str, index: int) -> Turn:
    return Turn(
        index=index, messages=(Message("user", said),), continues=reply.continues, text=reply.text,
        prompt_ids=reply.prompt_ids, sampled_ids=reply.sampled_ids, stop=reply.stop,
    )  # fmt: skip


def test_its_window_and_dialect_are_those_of_its_config() -> None:
    made = policy()
    assert (made.window, made.dialect, made.version, made.temperature) == (96, "terse", 0, 1.0)


def test_a_later_turn_adds_only_what_is_new() -> None:
    made = policy()
    first = ask(made, 1, "team a0 3\n")
    second = ask(made, 2, "made\n", (turn_of(first, "team a0 3\n", 1),))
    assert TOKENIZER.decode(first.prompt_ids) == "team a0 3\n" and not first.continues
    assert TOKENIZER.decode(second.prompt_ids) == "made\n" and second.continues
    assert len(first.sampled_ids) == len(first.logprobs) == len(first.entropies) == first.decode_steps


def test_contexts_are_rebuilt_from_history_to_the_same_tokens() -> None:
    made = policy()
    first = ask(made, 1, "team a0 3\n")
    history = (turn_of(first, "team a0 3\n", 1),)
    warm = ask(made, 2, "made\n", history)
    made.forget((0, "0"))
    cold = ask(made, 2, "made\n", history)
    assert replace(cold, logprobs=warm.logprobs, entropies=warm.entropies) == warm
    assert max(abs(a - b) for a, b in zip(cold.logprobs, warm.logprobs, strict=True)) < 1e-5


def test_a_template_that_rewrites_starts_a_new_sequence() -> None:
    made = policy(THINKING)
    first = ask(made, 1, "a0")
    second = ask(made, 2, "b1", (turn_of(first, "a0", 1),))
    assert not second.continues
    shown = TOKENIZER.decode(list(second.prompt_ids))
    assert shown == f"<user>a0\n<assistant>{first.text}\n<user>b1\n<assistant>?"


def test_the_end_that_the_model_wrote_is_not_said_twice() -> None:
    made = policy(CHATML)
    end = TOKENIZER.encode("\n", add_special_tokens=False)[0]
    made._engine.stop_ids = frozenset({end})
    first = ask(made, 1, "a0")
    stopped = replace(turn_of(first, "a0", 1), sampled_ids=array("i", [5, end]), text=made._texts((5, end)))
    made.forget((0, "0"))
    assert TOKENIZER.decode(ask(made, 2, "b1", (stopped,)).prompt_ids) == "<user>b1\n<assistant>"
    cut = replace(stopped, sampled_ids=array("i", [5]), text=made._texts((5,)))
    made.forget((0, "0"))
    assert TOKENIZER.decode(ask(made, 2, "b1", (cut,)).prompt_ids) == "\n<user>b1\n<assistant>"


def test_a_full_window_ends_the_turn_without_a_token() -> None:
    reply = ask(policy(), 1, "a0" * 96)
    assert (reply.stop, len(reply.sampled_ids), len(reply.prompt_ids)) == ("context", 0, 96)


def test_text_without_bytes_does_not_stop_a_node() -> None:
    assert ask(policy(), 1, "\ud800 a0").stop in ("stop", "length")


def test_contexts_of_a_history_begin_at_the_last_new_sequence() -> None:
    ids = [array("i", [n]) for n in range(6)]
    history = (
        Turn(1, prompt_ids=ids[0], sampled_ids=ids[1]),
        Turn(2, prompt_ids=ids[2], sampled_ids=ids[3]),
        Turn(3, continues=True, prompt_ids=ids[4], sampled_ids=ids[5]),
    )
    assert context_ids(history) == [2, 3, 4, 5]


def test_what_is_saved_is_loaded_to_the_same_tokens(tmp_path: Path) -> None:
    made = policy()
    made.save(tmp_path)
    loaded = TransformerPolicy.load(tmp_path)
    assert (loaded.window, loaded.dialect, loaded.name) == (96, "terse", tmp_path.name)
    assert ask(loaded, 1, "team a0 3\n") == ask(made, 1, "team a0 3\n")


def test_what_is_no_model_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="no such folder"):
        TransformerPolicy.load(tmp_path / "none")
    with pytest.raises(MissingError, match="no such file"):
        TransformerPolicy.load(tmp_path / "none.gguf")
    with pytest.raises(InputError, match="and this one has none"):
        TransformerPolicy.load(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    with pytest.raises(InputError, match="cannot read a model here"):
        TransformerPolicy.load(tmp_path)


def test_pickled_weights_are_not_loaded(tmp_path: Path) -> None:
    made = policy()
    made.save(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    torch.save(made.model.state_dict(), tmp_path / "pytorch_model.bin")
    with pytest.raises(InputError, match="cannot read a model here"):
        TransformerPolicy.load(tmp_path)

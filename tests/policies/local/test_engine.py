"""Batched decoding: every recorded number equals that of a plain forward pass over the whole context."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM, MistralConfig, MistralForCausalLM

from rao_lab.errors import ConfigError, RecordError, UnavailableError
from rao_lab.policies.local.engine import Engine, Sampled
from rao_lab.policies.local.forward import Feed, Forward
from rao_lab.policies.local.llama import LlamaForward
from rao_lab.policies.local.sampling import Uniforms, sample
from rao_lab.policies.local.slots import SlotForward
from tests.support.far import Crossings, moved

WORDS = 96
STOPS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
KINDS = pytest.mark.parametrize("kind", [LlamaForward, SlotForward])


def model(shared: int = 2, **settings: Any) -> LlamaForCausalLM:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=WORDS, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=shared, max_position_embeddings=512, initializer_range=0.2, **settings,
    )  # fmt: skip
    return LlamaForCausalLM(config).eval()


class Conversation:
    """Drives an engine: each node takes some turns, with new tokens between them."""

    def __init__(self, engine: Engine, nodes: int, turns: int = 3, prompt: int = 9, window: int = 90) -> None:
        self.engine, self.window = engine, window
        self.random = {(i, "0"): Random(i) for i in range(nodes)}
        self.contexts = {key: self.draw(key, prompt) for key in self.random}
        self.left = dict.fromkeys(self.random, turns)
        self.ended: list[tuple[list[int], Sampled]] = []

    def draw(self, key: tuple[int, str], most: int) -> list[int]:
        random = self.random[key]
        return [random.randrange(11, WORDS) for _ in range(random.randint(1, most))]

    def submit(self, key: tuple[int, str]) -> None:
        noise = (7, key[0], self.left[key])
        self.engine.submit(key, self.contexts[key], noise=noise, room=12, window=self.window)

    def run(self, between: Callable[[int], None] = lambda tick: None) -> Conversation:
        for key in self.contexts:
            self.submit(key)
        tick = 0
        while not self.engine.idle:
            for turn in self.engine.tick():
                key = turn.key
                self.ended.append((self.contexts[key], turn))
                self.contexts[key] = [*self.contexts[key], *turn.ids, *self.draw(key, 11)]
                self.left[key] -= 1
                if self.left[key] and turn.stop != "context":
                    self.submit(key)
                else:
                    self.engine.forget(key)
            tick += 1
            between(tick)
        return self

    def tokens(self) -> dict[tuple[int, int], list[int]]:
        found: dict[tuple[int, int], list[int]] = {}
        for before, turn in self.ended:
            found[turn.key[0], len(before)] = list(turn.ids)
        return found


def error_against_plain(weights: Any, ended: Sequence[tuple[list[int], Sampled]]) -> float:
    worst = 0.0
    for before, turn in ended:
        if not turn.ids:
            continue
        with torch.no_grad():
            logits = weights(torch.tensor([[*before, *turn.ids]])).logits[0, len(before) - 1 : -1].float()
        plain = torch.log_softmax(logits, dim=-1)
        chosen = plain.gather(1, torch.tensor(list(turn.ids))[:, None])[:, 0]
        entropies = -(plain.exp() * plain).sum(-1)
        worst = max(worst, (chosen - torch.tensor(turn.logprobs)).abs().max().item())
        worst = max(worst, (entropies - torch.tensor(turn.entropies)).abs().max().item())
    return worst


@KINDS
@pytest.mark.parametrize("shared", [1, 2, 4])
def test_logprobs_and_entropies_are_those_of_a_plain_forward_pass(kind: Any, shared: int) -> None:
    weights = model(shared)
    talk = Conversation(Engine(kind(weights), STOPS), nodes=9).run()
    assert len(talk.ended) > 20
    assert error_against_plain(weights, talk.ended) < 2e-5


def test_both_ways_to_run_a_model_sample_the_same_tokens() -> None:
    weights = model()
    one, two = (Conversation(Engine(kind(weights), STOPS), 9).run() for kind in (LlamaForward, SlotForward))
    assert one.tokens() == two.tokens()


@KINDS
def test_what_a_node_samples_does_not_depend_on_its_neighbours(kind: Any) -> None:
    weights = model()
    many = Conversation(Engine(kind(weights), STOPS), nodes=9).run().tokens()
    few = Conversation(Engine(kind(weights), STOPS), nodes=2).run().tokens()
    assert few == {key: ids for key, ids in many.items() if key[0] < 2}


@KINDS
def test_a_shared_prefix_is_computed_once_and_changes_nothing(kind: Any) -> None:
    weights = model()
    head = [Random(5).randrange(11, WORDS) for _ in range(60)]
    fed: list[int] = []

    class Counting(kind):  # type: ignore[misc]
        def logits(self, feed: Feed) -> torch.Tensor:
            fed.append(len(feed.ids))
            return super().logits(feed)

    talk = Conversation(Engine(Counting(weights), STOPS), nodes=4, turns=1, window=200)
    talk.contexts = {key: head + own for key, own in talk.contexts.items()}
    talk.run()
    assert fed[0] == 60  # the prefix, by the first row alone
    assert fed[1] == sum(len(before) - 60 for before, _ in talk.ended)
    assert error_against_plain(weights, talk.ended) < 2e-5


@KINDS
def test_a_later_node_takes_the_prefix_of_one_that_is_still_there(kind: Any) -> None:
    weights = model()
    engine = Engine(kind(weights), STOPS)
    head = [Random(5).randrange(11, WORDS) for _ in range(60)]
    first = Conversation(engine, nodes=1, turns=1, window=200)
    first.contexts = {(0, "0"): [*head, 20]}
    first.submit((0, "0"))
    while not (ended := engine.tick()):
        pass
    engine.submit((1, "0"), [*head, 30, 31], noise=(1,), room=5, window=200)
    with patch.object(engine.forward, "logits", wraps=engine.forward.logits) as spy:
        while not (later := engine.tick()):
            pass
    assert len(spy.call_args_list[0].args[0].ids) == 2
    assert error_against_plain(weights, [([*head, 20], ended[0]), ([*head, 30, 31], later[0])]) < 2e-5


@KINDS
def test_clearing_in_the_middle_of_a_turn_goes_on_with_the_new_weights(kind: Any) -> None:
    weights = model()
    engine = Engine(kind(weights), [], 1.0)
    engine.submit((0, "0"), [20, 21, 22], noise=(0,), room=6, window=90)
    for _ in range(3):
        engine.tick()
    with torch.no_grad():
        for weight in weights.parameters():
            weight.mul_(1.1)
    engine.clear()
    ended: list[Sampled] = []
    while not ended:
        ended = engine.tick()
    late = Sampled(ended[0].key, ended[0].ids[3:], ended[0].logprobs[3:], ended[0].entropies[3:], "length")
    assert error_against_plain(weights, [([20, 21, 22, *ended[0].ids[:3]], late)]) < 2e-5


def test_why_a_turn_ends() -> None:
    engine = Engine(LlamaForward(model()), [])
    engine.submit((0, "0"), [20] * 10, noise=(0,), room=4, window=90)
    engine.submit((1, "0"), [20] * 10, noise=(0,), room=4, window=13)
    engine.submit((2, "0"), [20] * 13, noise=(0,), room=4, window=13)
    ended = []
    while not engine.idle:
        ended += engine.tick()
    found = {turn.key[0]: (len(turn.ids), turn.stop) for turn in ended}
    assert found == {0: (4, "length"), 1: (3, "context"), 2: (0, "context")}
    every = Engine(LlamaForward(model()), range(WORDS))
    every.submit((0, "0"), [20], noise=(0,), room=1, window=2)
    assert [(len(turn.ids), turn.stop) for turn in every.tick()] == [(1, "stop")]


def test_ended_turns_come_in_the_order_of_the_tree() -> None:
    engine = Engine(LlamaForward(model()), range(WORDS))
    for path in ("0.10", "0", "0.2"):
        engine.submit((0, path), [20], noise=(0,), room=1, window=9)
    assert [turn.key[1] for turn in engine.tick()] == ["0", "0.2", "0.10"]


def test_a_node_that_still_runs_cannot_be_submitted_again() -> None:
    engine = Engine(LlamaForward(model()), [])
    engine.submit((0, "0"), [20], noise=(0,), room=4, window=9)
    with pytest.raises(RecordError, match="still runs"):
        engine.submit((0, "0"), [20], noise=(0,), room=4, window=9)


def test_a_forgotten_node_leaves_its_slot_to_others() -> None:
    engine = Engine(LlamaForward(model()), [])
    engine.submit((9, "0"), [20], noise=(0,), room=4, window=9)
    for index in range(3):
        engine.submit((index, "0"), [20], noise=(0,), room=4, window=9)
        engine.tick()
        engine.forget((index, "0"))
    assert len(engine._places.slots) == 2


@KINDS
def test_the_last_node_that_is_forgotten_frees_the_memory(kind: Any) -> None:
    """The memory is freed before an update, which needs it."""
    forward = kind(model())
    engine = Engine(forward, [])
    for index in range(2):
        engine.submit((index, "0"), [20], noise=(0,), room=4, window=9)
    engine.tick()
    engine.forget((0, "0"))
    assert forward._store.slots
    engine.forget((1, "0"))
    assert engine.idle and not forward._store.slots


TOKEN = 2 * 2 * 2 * 8 * 4
"""Bytes of a cached token of `model()`: layers, keys and values, heads, their size, float32."""


@KINDS
@pytest.mark.parametrize("slots", [1, 2, 5, 8])
def test_a_bound_on_the_cache_holds_and_changes_no_token(kind: Any, slots: int) -> None:
    weights = model()
    free = Conversation(Engine(kind(weights), STOPS), nodes=9, prompt=120, window=300).run()
    forward = kind(weights, cache_bytes=slots * TOKEN * (128 + 1))
    most, held = [0], [0]

    def look(tick: int) -> None:
        most[0] = max(most[0], sum(layer.nbytes for layer in forward._store.data))
        held[0] = max(held[0], forward._store.slots)

    talk = Conversation(Engine(forward, STOPS), nodes=9, prompt=120, window=300)
    talk.run(look)
    assert talk.tokens() == free.tokens()
    assert error_against_plain(weights, talk.ended) < 2e-5
    assert held[0] == slots
    # One slot there is whatever the bound says: contexts grow to two chunks and three here.
    assert most[0] <= max(forward._store.bound, TOKEN * (3 * 128 + 1))


@KINDS
def test_turns_under_way_go_on_when_longer_ones_leave_room_for_fewer(kind: Any) -> None:
    """Four short turns run. A context of two chunks joins them; the cache has room for two of that length."""
    weights = model()
    engine = Engine(kind(weights, cache_bytes=4 * TOKEN * (128 + 1)), [])
    for index in range(4):
        engine.submit((index, "0"), [20 + index], noise=(index,), room=6, window=300)
    engine.tick()
    engine.submit((4, "0"), [30] * 200, noise=(4,), room=6, window=300)
    ended: list[Sampled] = []
    while not engine.idle:
        ended += engine.tick()
    assert [turn.key[0] for turn in ended] == [0, 1, 2, 3, 4]
    starts = [[20], [21], [22], [23], [30] * 200]
    assert error_against_plain(weights, list(zip(starts, ended, strict=True))) < 2e-5


def test_a_node_that_waits_keeps_its_cache_only_while_there_is_room() -> None:
    engine = Engine(LlamaForward(model(), cache_bytes=2 * TOKEN * (128 + 1)), [])
    contexts: dict[int, list[int]] = {}
    for index in range(2):
        contexts[index] = [20 + index] * 9
        engine.submit((index, "0"), contexts[index], noise=(index,), room=1, window=99)
        contexts[index] += engine.tick()[0].ids
    engine.submit((2, "0"), [40] * 9, noise=(2,), room=1, window=99)
    engine.tick()
    fed = []
    for index in (1, 0):
        with patch.object(engine.forward, "logits", wraps=engine.forward.logits) as spy:
            engine.submit((index, "0"), [*contexts[index], 50], noise=(index, 2), room=1, window=99)
            engine.tick()
        fed.append(len(spy.call_args.args[0].ids))
    assert fed == [2, 11]  # the latest kept what it had; the other is read again from the beginning


@KINDS
def test_a_tick_waits_for_the_device_once_whatever_rows_do(kind: Any) -> None:
    """Rows begin, share prefixes, move, lose their slots and end. Each tick computes only the tokens that it needs."""
    head = [Random(5).randrange(11, WORDS) for _ in range(60)]
    near, far = Engine(kind(model()), STOPS), model()
    expected = Conversation(near, nodes=9, prompt=70, window=200).run().tokens()
    with Crossings() as seen:
        engine = Engine(kind(moved(far), cache_bytes=6 * TOKEN * (128 + 1)), STOPS)
        seen.waits.clear()
        waits: list[int] = []
        talk = Conversation(engine, nodes=9, prompt=70, window=200)
        assert talk.run(lambda tick: waits.append(len(seen.waits))).tokens() == expected
        assert waits == list(range(1, len(waits) + 1)) and len(waits) > 20
        shared = Conversation(engine, nodes=4, turns=2, window=200)
        shared.contexts = {key: head + own for key, own in shared.contexts.items()}
        seen.waits.clear()
        waits.clear()
        shared.run(lambda tick: waits.append(len(seen.waits)))
    assert waits == list(range(1, len(waits) + 1))
    assert set(seen.waits) == {"numbers are read"}


@KINDS
def test_bf16_runs_and_its_records_are_of_what_it_computed(kind: Any) -> None:
    weights = model().to(torch.bfloat16)
    talk = Conversation(Engine(kind(weights), STOPS), nodes=5).run()
    assert error_against_plain(weights, talk.ended) < 0.15


def test_uniforms_are_keyed_and_counted() -> None:
    uniforms = Uniforms()
    assert uniforms((0, "a", "0.1", 2), 3).tolist() == uniforms((0, "a", "0.1", 2), 9)[:3].tolist()
    assert uniforms((1, "12"), 1) != uniforms((11, "2"), 1)
    # Another generator, hash or encoding would make other trees of old seeds.
    assert np.round(uniforms((0, 1, "t", 0, "0", 1), 2), 9).tolist() == [0.200389702, 0.152675826]


def test_sampling_inverts_the_cumulative_distribution() -> None:
    logits = torch.log(torch.tensor([[0.1, 0.2, 0.3, 0.4]])).repeat(5, 1)
    found = sample(logits, np.array([0.0, 0.05, 0.15, 0.35, 0.999]), 1.0)
    assert found[0].tolist() == [0, 0, 1, 2, 3]
    assert np.allclose(found[1], np.log([0.1, 0.1, 0.2, 0.3, 0.4]))
    assert np.allclose(found[2], 1.2798542)


def test_temperature_divides_logits_and_is_in_the_records() -> None:
    found = sample(torch.tensor([[0.0, 2.0]]), np.array([0.9]), 2.0)
    assert found[0, 0] == 1 and np.isclose(found[1, 0], np.log(np.e / (1 + np.e)))
    with pytest.raises(ConfigError, match="temperature=0 means nothing"):
        Engine(LlamaForward(model()), [], 0)


def test_layers_that_forget_are_refused() -> None:
    config = MistralConfig(
        vocab_size=WORDS, hidden_size=32, intermediate_size=48, num_hidden_layers=1, num_attention_heads=4,
        num_key_value_heads=2, sliding_window=16, layer_types=["sliding_attention"],
    )  # fmt: skip
    with pytest.raises(UnavailableError, match="sliding_attention"):
        SlotForward(MistralForCausalLM(config))


def test_a_forward_is_what_the_engine_says_it_is() -> None:
    forwards: Sequence[Forward] = [LlamaForward(model()), SlotForward(model())]
    assert len(forwards) == 2

"""The loss is decision 10, and its packed, merged, masked gradient is that of the plain sum."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from transformers import GraniteConfig, GraniteForCausalLM

from rao_lab.credit import Attributions, CreditConfig, attribute
from rao_lab.errors import ConfigError, RecordError
from rao_lab.training import objective
from rao_lab.training.config import LossConfig
from rao_lab.training.objective import Batch, Scorer, build_batch, loss_on_pack, weighted
from rao_lab.training.packs import pack
from rao_lab.tree import Group
from tests.support.tinymodels import VOCABULARY, TinyPolicy, gradient, groups_of, llama, same

LOSSES = [LossConfig(), LossConfig(loss="cispo", clip=1.02), LossConfig(loss="ppo_clip", clip=0.05)]
NORMALIZERS = [{"normalizer": "token"}, {"normalizer": "node"}, {"normalizer": "fixed", "fixed": 321.0}]


@pytest.fixture(scope="module")
def groups() -> list[Group]:
    """Sampled by other weights than are trained, so that ratios are not 1."""
    return groups_of(TinyPolicy(llama(seed=1)))


@pytest.fixture(scope="module")
def credit(groups: list[Group]) -> Attributions:
    return attribute(groups, CreditConfig())


def model(seed: int = 2):
    """Near the weights that sampled."""
    found = llama(seed=1, dtype=torch.float64)
    noise = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for param in found.parameters():
            param += 0.01 * torch.randn(param.shape, generator=noise, dtype=param.dtype)
    return found


def packed_gradient(trained, groups, credit, config, budget=64, reference=None, recompute=False):
    trained.zero_grad()
    batch = build_batch(groups, credit, config)
    scorer = Scorer(trained, recompute)
    total = 0.0
    for each in scorer.packs(batch.sequences, budget):
        part = loss_on_pack(scorer, each, batch, config, Scorer(reference) if reference else None)
        part.loss.backward()
        total += float(part.loss.detach())
    return total, gradient(trained)


def plain_loss(trained, groups, credit, config, reference=None) -> torch.Tensor:
    """Equation 5 turn by turn: whole logits of one context at a time, nothing merged, nothing packed."""
    tokens = int(credit.table.tokens[credit.trained].sum())
    count = int(credit.trained.sum())
    loss = torch.zeros((), dtype=torch.float64)
    for group in groups:
        for place, tree in enumerate(group.trees):
            for node in tree.nodes:
                row = credit.find(group.index, place, node.path)
                if not row.trained:
                    continue
                z = {"token": tokens, "node": node.tokens_out * count}.get(config.normalizer, config.fixed)
                context: list[int] = []
                for turn in node.turns:
                    context = (context if turn.continues else []) + list(turn.prompt_ids)
                    written = list(turn.sampled_ids)
                    now = logprobs(trained, context, written, config.temperature)
                    ratio = torch.exp(now - torch.tensor(turn.logprobs, dtype=torch.float64))
                    if config.loss == "reinforce":
                        gained = row.c * now
                    elif config.loss == "cispo":
                        gained = row.c * torch.clamp(ratio, max=config.clip).detach() * now
                    else:
                        clipped = torch.clamp(ratio, 1 - config.clip, 1 + config.clip)
                        gained = torch.minimum(row.c * ratio, row.c * clipped)
                    loss = loss - gained.sum() / z
                    if config.kl:
                        with torch.no_grad():
                            then = logprobs(reference, context, written, config.temperature)
                        loss = loss + config.kl * (torch.exp(then - now) - (then - now) - 1).sum() / z
                    context += written
    return loss


def logprobs(trained, context, written, temperature):
    """Of each token of a turn, from the whole logits of its context alone."""
    logits = trained(input_ids=torch.tensor([context + written])).logits[0, len(context) - 1 : -1]
    return torch.log_softmax(logits / (temperature or 1.0), -1)[range(len(written)), written]


def plain_gradient(trained, groups, credit, config, reference=None):
    trained.zero_grad()
    loss = plain_loss(trained, groups, credit, config, reference)
    loss.backward()
    return float(loss.detach()), gradient(trained)


@pytest.mark.parametrize("normalizer", NORMALIZERS, ids=lambda fields: fields["normalizer"])
@pytest.mark.parametrize("loss", LOSSES, ids=lambda config: config.loss)
def test_the_packed_gradient_is_that_of_the_plain_sum(groups, credit, loss, normalizer) -> None:
    config = replace(loss, temperature=0.8, **normalizer)
    trained = model()
    value, found = packed_gradient(trained, groups, credit, config)
    expected, plain = plain_gradient(trained, groups, credit, config)
    assert value == pytest.approx(expected, rel=1e-10)
    same(found, plain, rtol=1e-10)


def test_kl_to_a_reference_is_added_token_by_token_without_c(groups, credit) -> None:
    config = LossConfig(kl=0.3, normalizer="node")
    trained, reference = model(), model(seed=5)
    value, found = packed_gradient(trained, groups, credit, config, reference=reference)
    expected, plain = plain_gradient(trained, groups, credit, config, reference)
    assert value == pytest.approx(expected, rel=1e-10)
    same(found, plain, rtol=1e-10)


@pytest.mark.parametrize(
    ("loss", "budget"),
    list(zip(LOSSES, [1, 64, 100_000], strict=True)),
    ids=["reinforce", "cispo", "ppo_clip"],
)
def test_what_is_forwarded_once_for_many_has_the_same_gradient(
    groups, credit, loss, budget, monkeypatch
) -> None:
    config = replace(loss, temperature=0.8, kl=0.3)
    trained, reference = model(), model(seed=5)
    expected, plain = packed_gradient(trained, groups, credit, config, budget, reference)
    monkeypatch.setattr(objective, "SHARED_FROM", 0)
    batch = build_batch(groups, credit, config)
    packed = Scorer(trained).packs(batch.sequences, budget)
    read = sum(len(item) - 1 for item in batch.sequences)
    assert all(each.forest for each in packed)
    if budget > 1:
        assert sum(each.ids.size for each in packed) < 0.8 * read
    value, found = packed_gradient(trained, groups, credit, config, budget, reference, recompute=budget == 64)
    assert value == pytest.approx(expected, rel=1e-10)
    same(found, plain, rtol=1e-10)


def test_only_large_models_that_read_a_mask_for_each_token_share(groups, credit, monkeypatch) -> None:
    batch = build_batch(groups, credit, LossConfig())

    def shares(trained) -> bool:
        return any(each.forest for each in Scorer(trained).packs(batch.sequences, 64))

    assert not shares(model())
    monkeypatch.setattr(objective, "SHARED_FROM", 0)
    assert shares(model()) and shares(llama(seed=1, dtype=torch.bfloat16))
    assert not shares(llama(seed=1, attn_implementation="eager"))
    blind = model()
    decoder = blind.model.forward
    blind.model.forward = lambda input_ids, attention_mask=None, position_ids=None, **more: decoder(
        input_ids=input_ids, position_ids=position_ids, **more
    )
    assert not shares(blind)
    blind.model.forward = lambda input_ids, **more: decoder(input_ids=input_ids, **more)
    assert not shares(blind)


@pytest.mark.parametrize("budget", [1, 20, 100_000])
def test_the_gradient_does_not_depend_on_the_packs(groups, credit, budget) -> None:
    trained = model()
    _, found = packed_gradient(trained, groups, credit, LossConfig(), budget)
    _, other = packed_gradient(trained, groups, credit, LossConfig(), 50)
    same(found, other, rtol=1e-12)


def test_some_nodes_of_the_test_data_span_two_sequences(groups, credit) -> None:
    batch = build_batch(groups, credit, LossConfig())
    assert batch.merged > batch.trained_nodes
    assert batch.turns == 2 * batch.trained_nodes


def zeroed(credit: Attributions, rows: slice) -> Attributions:
    c = credit.c.copy()
    c[rows] = np.where(credit.trained[rows], 0.0, np.nan)
    return replace(credit, c=c)


def test_a_node_with_c_of_zero_is_not_forwarded_and_still_counts_in_z(groups, credit) -> None:
    some = zeroed(credit, slice(0, 5))
    whole = build_batch(groups, credit, LossConfig())
    less = build_batch(groups, some, LossConfig())
    assert less.forwarded_nodes == int((some.c != 0).sum()) < whole.forwarded_nodes
    assert less.trained_tokens == whole.trained_tokens
    assert less.scales[0] == 1 / whole.trained_tokens
    _, found = packed_gradient(model(), groups, some, LossConfig())
    _, plain = plain_gradient(model(), groups, some, LossConfig())
    same(found, plain, rtol=1e-10)


def test_under_kl_a_node_with_c_of_zero_is_forwarded(groups, credit) -> None:
    some = zeroed(credit, slice(0, 5))
    batch = build_batch(groups, some, LossConfig(kl=0.1))
    assert batch.forwarded_nodes == batch.trained_nodes


def test_untrained_nodes_are_left_out_of_sequences_and_of_z(groups, credit) -> None:
    why = credit.why_code.copy()
    why[3:9] = 1
    less = replace(credit, why_code=why)
    batch = build_batch(groups, less, LossConfig())
    assert batch.trained_nodes == len(credit) - 6
    assert batch.trained_tokens == sum(credit.table.tokens) - sum(credit.table.tokens[3:9])


def test_the_parts_of_two_processes_add_up_to_the_gradient_of_one(groups, credit) -> None:
    for normalizer in NORMALIZERS:
        config = LossConfig(**normalizer)
        trained = model()
        _, whole = packed_gradient(trained, groups, credit, config)
        trained.zero_grad()
        for mine in ([0, 2], [1]):
            batch = build_batch(groups, credit, config, mine)
            for each in pack(batch.sequences, 64):
                loss_on_pack(Scorer(trained), each, batch, config).loss.backward()
        same(gradient(trained), whole, rtol=1e-12)


def test_tokens_that_were_not_attributed_are_refused(groups, credit) -> None:
    table = replace(credit.table, tokens=credit.table.tokens + 1)
    with pytest.raises(RecordError, match=r"row 0 \(node 0\)"):
        build_batch(groups, replace(credit, table=table), LossConfig())


def test_cispo_bounds_the_weight_and_not_the_gradient() -> None:
    now = torch.tensor([0.0, 2.0], dtype=torch.float64, requires_grad=True)
    recorded, c = torch.zeros(2, dtype=torch.float64), torch.tensor([1.0, -1.0], dtype=torch.float64)
    gained = weighted(now, recorded, c, LossConfig(loss="cispo"))  # ratios 1 and e^2 = 7.39
    gained.sum().backward()
    assert gained.tolist() == pytest.approx([0.0, -1 * 5 * 2.0])
    assert now.grad.tolist() == pytest.approx([1.0, -5.0])


def test_ppo_clip_keeps_the_worse_of_both_whatever_the_sign_of_c() -> None:
    ratios = torch.tensor([1.5, 1.5, 0.5, 0.5], dtype=torch.float64)
    now = ratios.log().requires_grad_()
    c = torch.tensor([2.0, -2.0, 2.0, -2.0], dtype=torch.float64)
    gained = weighted(now, torch.zeros(4, dtype=torch.float64), c, LossConfig(loss="ppo_clip"))
    gained.sum().backward()
    assert gained.tolist() == pytest.approx([2 * 1.2, -2 * 1.5, 2 * 0.5, -2 * 0.8])
    assert now.grad.tolist() == pytest.approx([0.0, -3.0, 1.0, 0.0])  # c * r if not clipped


def whole_logprobs(trained, batch: Batch, each, temperature: float) -> torch.Tensor:
    found = []
    for owner, column, target in zip(each.owner, each.column, each.target, strict=True):
        ids = torch.from_numpy(batch.sequences[owner].ids[: column + 1])[None]
        logits = trained(input_ids=ids).logits[0, -1]
        found.append(torch.log_softmax(logits / temperature, -1)[target])
    return torch.stack(found)


def test_large_vocabularies_pass_the_head_block_by_block(groups, credit, monkeypatch) -> None:
    trained = model()
    _, whole = packed_gradient(trained, groups, credit, LossConfig())
    monkeypatch.setattr(objective, "LOGITS_AT_ONCE", 7 * VOCABULARY)
    _, found = packed_gradient(trained, groups, credit, LossConfig())
    same(found, whole, rtol=1e-12)


def test_a_model_that_scales_its_logits_is_run_whole(groups, credit) -> None:
    torch.manual_seed(0)
    settings = GraniteConfig(
        vocab_size=VOCABULARY,
        hidden_size=16,
        intermediate_size=24,
        num_hidden_layers=1,
        num_attention_heads=2,
        logits_scaling=4.0,
        initializer_range=0.4,
    )
    trained = GraniteForCausalLM(settings).double().eval()
    batch = build_batch(groups, credit, LossConfig())
    each = pack(batch.sequences, 64)[0]
    found = Scorer(trained).logprobs(each, 0.7)
    torch.testing.assert_close(found, whole_logprobs(trained, batch, each, 0.7), rtol=1e-10, atol=1e-10)


def test_half_precision_weights_give_log_probs_in_float32(groups, credit) -> None:
    trained = llama(seed=1, dtype=torch.bfloat16)
    batch = build_batch(groups, credit, LossConfig())
    each = pack(batch.sequences, 64)[0]
    found = Scorer(trained).logprobs(each, 1.0).detach()
    assert found.dtype == torch.float32
    assert float((found - torch.from_numpy(each.logprobs)).abs().mean()) < 0.1


def test_recorded_and_recomputed_log_probs_agree(groups, credit) -> None:
    batch = build_batch(groups, credit, LossConfig())
    for each in pack(batch.sequences, 64):
        now = Scorer(llama(seed=1)).logprobs(each, 1.0)
        torch.testing.assert_close(now.detach(), torch.from_numpy(each.logprobs), rtol=0, atol=2e-5)


def test_kl_without_a_reference_is_refused(groups, credit) -> None:
    config = LossConfig(kl=0.1)
    batch = build_batch(groups, credit, config)
    with pytest.raises(ConfigError, match="needs a reference"):
        loss_on_pack(Scorer(model()), pack(batch.sequences, 64)[0], batch, config)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"normalizer": "fixed"}, "normalizer='fixed' needs fixed"),
        ({"fixed": 10.0}, "fixed=10.0 .* normalizer='token'"),
        ({"clip": 0.2}, "clip=0.2 .* loss='reinforce'"),
        ({"loss": "ppo_clip", "clip": 1.0}, "clip=1.0 with loss='ppo_clip'"),
        ({"loss": "gspo"}, "loss='gspo' is unknown"),
        ({"normalizer": "sequence"}, "normalizer='sequence' is unknown"),
        ({"kl": -1.0}, "kl=-1.0"),
        ({"temperature": 0.0}, "temperature=0.0"),
        ({"normalizer": "fixed", "fixed": float("nan")}, "fixed=nan"),
    ],
)
def test_settings_that_mean_nothing_are_named(fields, named) -> None:
    with pytest.raises(ConfigError, match=named):
        LossConfig(**fields)

"""Training is the same code for every device: these tests run on a CPU here and on a GPU by `make test-gpu`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from rao_lab.api.defaults import TINY
from rao_lab.api.train import train
from rao_lab.base.bundled import data_path
from rao_lab.base.device import SMALL_BYTES, sent, usual_dtype
from rao_lab.credit import Attributions, attribute
from rao_lab.environments.textcraft.environment import TextCraft
from rao_lab.errors import ConfigError
from rao_lab.policies.local.folder import weights_bytes
from rao_lab.policies.local.transformer import TransformerPolicy
from rao_lab.training.config import LossConfig, TrainConfig
from rao_lab.training.objective import Batch, Scorer, build_batch, loss_on_pack
from rao_lab.training.optimizer import Optimizer
from rao_lab.training.packs import pack
from rao_lab.training.state import new_state
from rao_lab.tree import Group
from tests.support.configs import small_config
from tests.support.far import FAR, Crossings, moved
from tests.support.tinymodels import TinyPolicy, all_steps, gradient, groups_of, llama, same

DEVICES = pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])


@pytest.fixture
def on(device: str) -> str:
    if device == "cuda" and not torch.cuda.is_available():
        pytest.skip("no CUDA device on this machine")
    return device


@pytest.fixture(scope="module")
def step() -> tuple[list[Group], Attributions, Batch]:
    groups = groups_of(TinyPolicy(llama(seed=1)))
    credit = attribute(groups)
    return groups, credit, build_batch(groups, credit, LossConfig())


def descend(model: Any, batch: Batch) -> dict[str, torch.Tensor]:
    scorer = Scorer(model)
    for each in pack(batch.sequences, 256):
        loss_on_pack(scorer, each, batch, LossConfig()).loss.backward()
    return {name: value.cpu().double() for name, value in gradient(model).items()}


@DEVICES
def test_the_gradient_is_that_of_double_precision_on_the_cpu(on, step) -> None:
    exact = descend(llama(seed=1, dtype=torch.float64), step[2])
    same(descend(llama(seed=1).to(on), step[2]), exact, rtol=1e-4)


@DEVICES
def test_bf16_log_probs_are_near_those_of_float32(on, step) -> None:
    exact, rough = Scorer(llama(seed=1).to(on)), Scorer(llama(seed=1, dtype=torch.bfloat16).to(on))
    with torch.no_grad():
        for each in pack(step[2].sequences, 256):
            gap = (exact.logprobs(each, 1.0) - rough.logprobs(each, 1.0)).abs()
            assert float(gap.mean()) < 0.05


@DEVICES
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=["fp32", "bf16"])
def test_a_run_trains(on, dtype) -> None:
    policy = TinyPolicy(llama(seed=1, dtype=dtype).to(on))
    config = small_config(logprob_bound=1.0)
    before = [param.detach().clone() for param in policy.model.parameters()]
    steps = all_steps(config, policy)
    assert policy.version == 2
    assert all(step.metrics["grad_norm"] > 0 for step in steps[1:])
    assert any(not torch.equal(old, new) for old, new in zip(before, policy.model.parameters(), strict=True))


@DEVICES
@pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing.*:FutureWarning")
def test_only_an_adapter_moves_where_there_is_one(on) -> None:
    peft = pytest.importorskip("peft")
    settings = peft.LoraConfig(r=2, target_modules=["q_proj", "v_proj"])
    policy = TinyPolicy(peft.get_peft_model(llama(seed=1).to(on), settings))
    config = small_config(steps=1, learning_rate=0.1)
    frozen = {
        name: param.clone() for name, param in policy.model.named_parameters() if not param.requires_grad
    }
    state = new_state(policy.model, config)
    all_steps(config, policy, state=state)
    now = dict(policy.model.named_parameters())
    assert all(torch.equal(now[name], value) for name, value in frozen.items())
    assert any(bool(param.detach().any()) for name, param in now.items() if "lora_B" in name)


class Kept(torch.autograd.graph.saved_tensors_hooks):
    """Counts the bytes, without weights, that a forward pass keeps for the backward pass."""

    def __init__(self, model: Any) -> None:
        self.bytes = 0
        weights = {param.data_ptr() for param in model.parameters()}

        def pack(tensor: torch.Tensor) -> torch.Tensor:
            self.bytes += tensor.nbytes if tensor.data_ptr() not in weights else 0
            return tensor

        super().__init__(pack, lambda tensor: tensor)


@DEVICES
@pytest.mark.parametrize("adapter", [False, True], ids=["full", "adapter"])
@pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing.*:FutureWarning")
def test_what_is_computed_again_is_not_kept_and_the_gradient_is_the_same_to_the_bit(
    on, adapter, step
) -> None:
    def made() -> Any:
        model = llama(seed=1, num_hidden_layers=4).to(on)
        if not adapter:
            return model
        peft = pytest.importorskip("peft")
        torch.manual_seed(0)
        settings = peft.LoraConfig(r=2, target_modules=["q_proj", "v_proj"], init_lora_weights=False)
        return peft.get_peft_model(model, settings).eval()

    each = pack(step[2].sequences, 256)[0]
    found, kept = [], []
    for recompute in (False, True):
        model = made()
        scorer = Scorer(model, recompute)
        hooks = Kept(model)
        with hooks:
            part = loss_on_pack(scorer, each, step[2], LossConfig())
        part.loss.backward()
        found.append(gradient(model))
        kept.append(hooks.bytes)
    assert sum(float(value.abs().sum()) for value in found[0].values()) > 0
    assert all(torch.equal(found[0][name], found[1][name]) for name in found[0])
    assert kept[1] < kept[0] / 3


def test_a_model_without_marked_layers_cannot_be_computed_again() -> None:
    class Bare(torch.nn.Module):
        pass

    with pytest.raises(ConfigError, match="recompute=True, but Bare has no layers"):
        Scorer(Bare(), recompute=True)


def test_gradients_of_half_precision_go_to_their_copies_one_by_one(step) -> None:
    model = llama(seed=1, dtype=torch.bfloat16)
    optimizer = Optimizer(model, TrainConfig())
    together: list[int] = []
    for param in model.parameters():
        param.register_post_accumulate_grad_hook(
            lambda _: together.append(sum(each.grad is not None for each in model.parameters()))
        )
    packs = pack(step[2].sequences, 128)
    for each in packs:
        loss = loss_on_pack(Scorer(model), each, step[2], LossConfig()).loss
        with optimizer.collecting():
            torch.autograd.backward(loss)
    assert len(packs) > 1 and set(together) == {1}
    summed = dict(zip(optimizer.params, optimizer.gradients(), strict=True))
    plain = llama(seed=1, dtype=torch.bfloat16)
    expected = {name: torch.zeros_like(value) for name, value in summed.items()}
    for each in packs:
        loss_on_pack(Scorer(plain), each, step[2], LossConfig()).loss.backward()
        for name, param in plain.named_parameters():
            assert param.grad is not None
            expected[name] += param.grad
            param.grad = None
    assert all(torch.equal(summed[name], expected[name]) for name in expected)
    left = loss_on_pack(Scorer(model), packs[0], step[2], LossConfig()).loss
    left.backward()  # outside, gradients stay where torch puts them
    assert all(param.grad is not None for param in model.parameters())


@pytest.mark.parametrize(
    ("forward", "dtype"),
    [
        pytest.param("auto", torch.float32, id="auto-fp32"),
        pytest.param("auto", torch.bfloat16, id="auto-bf16", marks=pytest.mark.slow),
        pytest.param("model", torch.float32, id="model-fp32", marks=pytest.mark.slow),
        pytest.param("model", torch.bfloat16, id="model-bf16", marks=pytest.mark.slow),
    ],
)
def test_a_whole_run_waits_once_a_tick_and_a_few_times_an_update(dtype, forward) -> None:
    """One step with sandbox, sampling, probes, credit and update, on a device that lists every transfer."""
    near = TransformerPolicy.load(data_path("tiny"), device="cpu", dtype=dtype)
    config = small_config(
        steps=1, tasks_per_step=1, group_size=2, probe_tasks=1, probe_rollouts=1, tokens_per_pack=256,
        limits=TINY.train_limits, logprob_bound=1.0,
    )  # fmt: skip
    waits: dict[str, list[int]] = {"sample": [], "update": [], "probe": []}
    ticks: list[int] = []
    packs = 0
    with Crossings() as seen:
        policy = TransformerPolicy(moved(near.model), near.tokenizer, prompt="terse", forward=forward)

        def phase(name: str, done: int, total: int) -> None:
            nonlocal packs
            packs = total if name == "update" else packs
            waits[name].append(len(seen.waits))
            ticks.append(0)

        def tick(number: int) -> None:
            ticks[-1] += 1

        world = TextCraft.suited(TINY.player)
        steps = list(train(world, policy, config, on_phase=phase, on_tick=tick))
    assert policy.version == 1 and packs > 1
    assert steps[1].metrics["grad_norm"] > 0
    sampled = sum(
        last - first for first, last in (waits["sample"][:2], waits["probe"][:2], waits["probe"][2:])
    )
    assert sampled == sum(ticks) > 50
    # transformers looks once before each pack whether positions are packed.
    assert waits["update"][-1] - waits["update"][0] == packs
    assert waits["probe"][2] - waits["update"][-1] <= packs + 3  # losses, log-probs, the norm and its bound


@pytest.mark.parametrize(
    ("plant", "said"),
    [
        (lambda far: far.sum().item(), "a value is read"),
        (lambda far: bool(far[0] > 0), "a value is read"),
        (lambda far: float(far.max()), "a value is read"),
        (lambda far: far.cpu(), "numbers are read"),
        (lambda far: far.to("cpu").numpy(), "numbers are read"),
        (lambda far: torch.zeros(3).copy_(far), "numbers are read"),
        (lambda far: torch.equal(far, far), "tensors are compared"),
        (lambda far: torch.zeros(3).to(far.device), "numbers are sent, and waited for"),
        (lambda far: far.copy_(torch.zeros(3)), "numbers are sent, and waited for"),
        (lambda far: far[far > 0], "a shape depends on values"),
        (lambda far: far.nonzero(), "a shape depends on values"),
        (lambda far: torch.masked_select(far, far > 0), "a shape depends on values"),
    ],
)
def test_every_way_to_wait_is_listed(plant, said) -> None:
    with Crossings() as seen:
        far = torch.ones(3, device=FAR)
        assert not seen.waits
        plant(far)
    assert seen.waits and said in seen.waits[0]


@pytest.mark.parametrize(
    "plant",
    [
        lambda far: far.tolist(),
        lambda far: far.numpy(),
        lambda far: far + torch.ones(3),
        lambda far: far[torch.tensor([0, 1])],
        lambda far: torch.tensor([1.0, 2.0, 3.0], device=far.device) + far,
    ],
)
def test_what_a_device_refuses_is_refused(plant) -> None:
    """Numbers as a list as well: torch reads them from our kind of tensor without an operation."""
    with Crossings(), pytest.raises((AssertionError, RuntimeError, TypeError), match=r"host|subclass|far"):
        plant(torch.ones(3, device=FAR))


def test_what_does_not_wait_is_not_listed() -> None:
    with Crossings() as seen:
        far = sent(np.ones(3), FAR) * 2 + torch.tensor(1.0)
        assert (seen.sent, seen.waits) == (1, [])
        assert far.cpu().tolist() == [3.0, 3.0, 3.0]


def test_small_weights_stay_in_float32_on_a_gpu(tmp_path: Path) -> None:
    gpu = torch.device("cuda")
    assert usual_dtype(torch.device("cpu")) is torch.float32
    assert usual_dtype(gpu) is torch.bfloat16
    assert weights_bytes(data_path("tiny")) < SMALL_BYTES
    assert usual_dtype(gpu, weights_bytes(data_path("tiny"))) is torch.float32
    with (tmp_path / "model.safetensors").open("wb") as large:
        large.truncate(SMALL_BYTES)
    assert usual_dtype(gpu, weights_bytes(tmp_path)) is torch.bfloat16
    assert usual_dtype(gpu, weights_bytes("org/model")) is torch.bfloat16

"""Training is one path for every device: what a CPU shows here, `make test-gpu` shows on a GPU."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from rao_lab.credit import Attributions, attribute
from rao_lab.objective import Batch, LossConfig, Scorer, build_batch, loss_on_pack, pack
from rao_lab.train_config import TrainConfig
from rao_lab.train_state import new_state
from rao_lab.trainer import train_steps
from rao_lab.tree import Group
from tests.tinymodels import Sampler, Tasks, TinyPolicy, gradient, groups_of, llama, same

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
    config = TrainConfig(
        steps=2, tasks_per_step=2, group_size=3, learning_rate=0.01, probe_tasks=0, logprob_bound=1.0
    )
    before = [param.detach().clone() for param in policy.model.parameters()]
    steps = list(train_steps(Tasks(), policy, config, sample=Sampler(policy)))
    assert policy.version == 2
    assert all(step.metrics["grad_norm"] > 0 for step in steps[1:])
    assert any(not torch.equal(old, new) for old, new in zip(before, policy.model.parameters(), strict=True))


@DEVICES
@pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing.*:FutureWarning")
def test_only_an_adapter_moves_where_there_is_one(on) -> None:
    peft = pytest.importorskip("peft")
    settings = peft.LoraConfig(r=2, target_modules=["q_proj", "v_proj"])
    policy = TinyPolicy(peft.get_peft_model(llama(seed=1).to(on), settings))
    config = TrainConfig(steps=1, tasks_per_step=2, group_size=3, learning_rate=0.1, probe_tasks=0)
    frozen = {
        name: param.clone() for name, param in policy.model.named_parameters() if not param.requires_grad
    }
    state = new_state(policy.model, config)
    list(train_steps(Tasks(), policy, config, sample=Sampler(policy), state=state))
    now = dict(policy.model.named_parameters())
    assert all(torch.equal(now[name], value) for name, value in frozen.items())
    assert any(bool(param.detach().any()) for name, param in now.items() if "lora_B" in name)


class Reads(TorchDispatchMode):
    """Counts numbers that are read from the device while it computes."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count += func is torch.ops.aten._local_scalar_dense.default
        return func(*args, **(kwargs or {}))


def test_a_pack_reads_no_number_back(step) -> None:
    """But one, in transformers: it looks whether positions are packed before each forward pass."""
    scorer, batch = Scorer(llama(seed=1)), step[2]
    each = pack(batch.sequences, 256)[0]
    with Reads() as reads:
        loss_on_pack(scorer, each, batch, LossConfig()).loss.backward()
    assert reads.count <= 1

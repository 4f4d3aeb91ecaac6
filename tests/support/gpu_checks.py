"""What `make test-gpu` measures, as functions of a device: the CPU runs them too, so that they are known to work.

Each returns plain figures; the tests hold them against the bounds stated here.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rao_lab.api.defaults import TINY
from rao_lab.api.run import run
from rao_lab.api.train import train
from rao_lab.base.bundled import data_path
from rao_lab.base.versions import package_versions
from rao_lab.cli.doctor import BYTES_PER_PARAMETER, ROOM
from rao_lab.credit import Attributions
from rao_lab.environments.textcraft.environment import TextCraft
from rao_lab.errors import MissingError
from rao_lab.execution.limits import Limits
from rao_lab.experiments.demo import DemoConfig, run_demo
from rao_lab.policies.fetch import cached
from rao_lab.policies.local.transformer import TransformerPolicy
from rao_lab.training import checkpoint
from rao_lab.training.config import LossConfig
from rao_lab.training.metrics import TrainStep
from rao_lab.training.objective import Scorer, build_batch, loss_on_pack
from rao_lab.training.packs import pack
from rao_lab.training.state import TrainState, new_state
from rao_lab.tree import Group
from tests.support.configs import small_config
from tests.support.tinymodels import TinyPolicy, all_steps, llama, stepping

Figures = dict[str, Any]

GRADIENT_BOUND = 1e-4
"""Largest difference of an entry between devices in float32, relative to the largest entry of all."""
BF16_MEAN_BOUND = 0.02
BF16_MAX_BOUND = 5.0
"""Nats between recorded and recomputed log-probs. bfloat16 has 8 bits: a logit of 8 is known to 0.03, and
sampling and training sum in different orders.

The mean holds the check: it is what an update sees, and a temperature wrong by a tenth makes it 0.025. The
largest is one token of a heavy tail, so its bound only catches what is broken outright. Measured on a CPU
over 63,078 tokens of 45 steps: mean 0.0055; 99.9 % below 0.28; 17 tokens above 0.5, 4 above 1, the largest
2.3. A bound of 0.5 would fail one sound step of 577 tokens in seven. On an H200, over one step of 370 tokens:
mean 0.0031, largest 0.09."""
HELD_TOLERANCE = 0.05
"""Of what the doctor states to stay in memory for each parameter."""
CHECKS = ("demo", "gradient", "bf16", "lora", "memory")
"""All must have passed before figures are written."""

SMALL = {"hidden_size": 128, "intermediate_size": 352, "num_hidden_layers": 2}
LARGE = {
    "hidden_size": 4096,
    "intermediate_size": 11264,
    "num_hidden_layers": 4,
    "num_attention_heads": 32,
}
"""0.4 M and 822 M parameters: in the large one, weights and not activations fill the memory, an adapter's too."""
LINEAR = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


class Quiet:
    """A board that nobody looks at."""

    def say(self, line: str) -> None: ...
    def plan(self, shares: Mapping[str, float]) -> None: ...
    def phase(self, name: str, total: int) -> None: ...
    def advance(self, name: str, done: int) -> None: ...
    def evaluated(self, when: str, evaluation: Any, listed: bool) -> None: ...
    def stepped(self, agent: str, step: Any) -> None: ...


def demo(device: str, config: DemoConfig) -> Figures:
    """The demo with both policies on the device."""
    result = run_demo(replace(config, device=device), Quiet())
    return {"steps": result.steps, "seconds": round(result.seconds, 1), "run": str(config.out)}


def tiny_step(device: str, dtype: torch.dtype) -> TrainStep:
    """One training step of the embedded policy in its own world, sandbox and all."""
    policy = TransformerPolicy.load(data_path("tiny"), device=device, dtype=dtype)
    config = small_config(steps=1, limits=TINY.train_limits, logprob_bound=10.0)
    *_, last = train(TextCraft.suited(TINY.player), policy, config)
    return last


def gradient(device: str, dtype: torch.dtype, step: TrainStep) -> dict[str, Tensor]:
    """Of one pack of a step's sequences, for the embedded policy; on the CPU, in double precision."""
    assert step.attributions is not None
    return _gradient(device, dtype, step.groups, step.attributions)


def _gradient(
    device: str, dtype: torch.dtype, groups: tuple[Group, ...], credit: Attributions
) -> dict[str, Tensor]:
    model = TransformerPolicy.load(data_path("tiny"), device=device, dtype=dtype).model
    batch = build_batch(groups, credit, LossConfig())
    packed = pack(batch.sequences, 2048)[0]
    loss_on_pack(Scorer(model), packed, batch, LossConfig()).loss.backward()
    return {
        name: param.grad.double().cpu() for name, param in model.named_parameters() if param.grad is not None
    }


def gap(found: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> float:
    """Largest difference of an entry, relative to the largest entry of all."""
    assert found.keys() == expected.keys()
    scale = max(float(value.abs().max()) for value in expected.values())
    assert scale > 0, "this batch has no gradient: nothing is compared"
    return max(float((found[name] - value).abs().max()) for name, value in expected.items()) / scale


def bf16_agreement(device: str) -> Figures:
    """Mean and largest |recorded - recomputed| log-prob in nats of a step in bfloat16."""
    metrics = tiny_step(device, torch.bfloat16).metrics
    return {**metrics["logprob_difference"], "tokens": metrics["forwarded_tokens"]}


def real_model() -> tuple[str, Path]:
    """Name and folder of SmolLM2 if it was fetched, else of the embedded policy."""
    try:
        return "smollm2", cached("smollm2")
    except MissingError:
        return "tiny", data_path("tiny")


def with_adapter(model: Any, rank: int, targets: list[str]) -> Any:
    import peft

    return peft.get_peft_model(model, peft.LoraConfig(r=rank, target_modules=targets))


def adapted(device: str, folder: Path, seed: int) -> TransformerPolicy:
    """A policy with a fresh adapter on its weights: bf16 on a GPU, float32 on the CPU."""
    dtype = torch.bfloat16 if torch.device(device).type == "cuda" else torch.float32
    plain = TransformerPolicy.load(folder, device=device, dtype=dtype)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = with_adapter(plain.model, 4, ["q_proj", "v_proj"])
    return TransformerPolicy(model, plain.tokenizer, name=plain.name, prompt=plain.dialect)


def lora(device: str, folder: Path, scratch: Path) -> Figures:
    """Trains an adapter on a real model, saves it, loads it over another, and runs a tree with it.

    Success is read off the tokens (`tests.support.tinymodels`): a model that solves no task has no gradient.
    """
    policy = adapted(device, folder, seed=1)
    config = small_config(tasks_per_step=4, group_size=8, logprob_bound=10.0)
    before = {name: param.detach().clone() for name, param in policy.model.named_parameters()}
    state = new_state(policy.model, config)
    steps = all_steps(config, policy, state=state)
    moved = [name for name, param in policy.model.named_parameters() if not torch.equal(param, before[name])]
    checkpoint.save(scratch / "saved", policy, state, config)
    other = adapted(device, folder, seed=2)
    differs = not _alike(policy, other)
    again = checkpoint.load(scratch / "saved", other, config)
    return {
        "updates": policy.version,
        "trainable": sum(param.numel() for param in state.optimizer.params.values()),
        "adapter_moved": sum("lora_" in name for name in moved),
        "base_moved": sum("lora_" not in name for name in moved),
        "differed_before_load": differs,
        "same_after_load": _alike(policy, other) and again.counters() == state.counters(),
        "tokens_of_a_tree": _tokens_of_a_tree(other),
        "logprob_difference": steps[-1].metrics["logprob_difference"],
    }


def _alike(left: TransformerPolicy, right: TransformerPolicy) -> bool:
    """Same weights and same answers, to the bit."""
    ids = torch.arange(1, 9, device=left.model.device)[None]
    with torch.no_grad():
        if not torch.equal(left.model(input_ids=ids).logits, right.model(input_ids=ids).logits):
            return False
    theirs = dict(right.model.named_parameters())
    return all(torch.equal(param, theirs[name]) for name, param in left.model.named_parameters())


def _tokens_of_a_tree(policy: TransformerPolicy) -> int:
    """Sampled by the engine through the adapter."""
    world = TextCraft("easy", preset="small")
    limits = Limits(
        max_turns=2, max_nodes=2, max_tree_turns=2, max_new_tokens=8, context_window=policy.window
    )
    tree = run(world.tasks("test")[0], world, policy, limits=limits)
    return sum(node.tokens_out for node in tree.nodes)


def memory(device: str, way: str, shape: Mapping[str, int], rank: int = 8) -> Figures:
    """Two training steps one of the doctor's ways: bytes for each parameter held, and allocated at most.

    Args:
        way: a key of `BYTES_PER_PARAMETER`.
        shape: of a random Llama.

    Returns:
        `held`: counted on tensors when gradients and moments are all there. `peak`: what CUDA allocated,
        None on the CPU. `stated`: the doctor's. `allowed`: that and its room for everything else.
    """
    on_cuda = torch.device(device).type == "cuda"
    gc.collect()
    start = torch.cuda.memory_allocated() if on_cuda else 0
    with torch.device(device):
        model: Any = llama(seed=1, dtype=torch.float32 if "fp32" in way else torch.bfloat16, **shape)
    if on_cuda:
        torch.cuda.reset_peak_memory_stats()
    parameters = sum(param.numel() for param in model.parameters())
    if "LoRA" in way:
        model = with_adapter(model, rank, LINEAR)
    held = _held_in_training(TinyPolicy(model))
    peak = torch.cuda.max_memory_allocated() - start if on_cuda else None
    stated = BYTES_PER_PARAMETER[way]
    return {
        "way": way,
        "parameters": parameters,
        "stated": stated,
        "allowed": round(stated / (1 - ROOM), 3),
        "held": round(held / parameters, 3),
        "peak": None if peak is None else round(peak / parameters, 3),
    }


def _held_in_training(policy: TinyPolicy) -> int:
    config = small_config(learning_rate=1e-3, logprob_bound=10.0)
    state = new_state(policy.model, config)
    held: list[int] = []

    def look(phase: str, done: int, total: int) -> None:
        if phase == "update" and done == total:
            held.append(_bytes(policy.model, state))

    for _ in stepping(config, policy, state=state, on_phase=look):
        pass
    assert policy.version == 2, "both steps must move the weights, or moments are missing"
    return max(held)


def _bytes(model: Any, state: TrainState) -> int:
    """Of weights, gradients and optimizer state; what shares memory counts once."""

    def tensors() -> Iterator[Tensor]:
        for param in model.parameters():
            yield param
            if param.grad is not None:
                yield param.grad
        yield from state.optimizer.tensors().values()
        yield from state.optimizer.gradients()

    return sum({each.data_ptr(): each.nbytes for each in tensors()}.values())


def write_gpu_json(path: Path, figures: Mapping[str, Any]) -> None:
    """Keeps what was measured on this machine's GPU, with its kind, the versions and the date.

    Raises:
        RuntimeError: there is no GPU, or a check is missing: nothing is written.
    """
    if not torch.cuda.is_available():
        raise RuntimeError("no CUDA device on this machine: there are no figures of a GPU to write")
    missing = [name for name in CHECKS if name not in figures]
    if missing:
        raise RuntimeError(f"these checks have not passed: {', '.join(missing)}")
    properties = torch.cuda.get_device_properties(0)
    said = {
        "date": datetime.now(UTC).date().isoformat(),
        "device": properties.name,
        "device_memory_gb": round(properties.total_memory / 1e9, 1),
        "capability": list(torch.cuda.get_device_capability(0)),
        "cuda": torch.version.cuda,
        "versions": package_versions(),
        "figures": dict(figures),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(said, indent=1, sort_keys=True) + "\n", encoding="utf-8")

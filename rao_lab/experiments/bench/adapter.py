"""A large model with an adapter: tokens per second and memory of its engine and of an update.

The weights are random, in the shape of a known size, so nothing is fetched: 0.5B and 4B on a GPU, 7M on a CPU.
64 agents of 256 prompt tokens sample 64 tokens each, by the engine and by `generate`, all at once or one by one.
An update trains an adapter of rank 16 on the same number of sequences.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import torch
from transformers import AutoModelForCausalLM, LlamaConfig

from rao_lab.base.device import attention_of_any_shape, choose, usual_dtype
from rao_lab.experiments.bench.cases import Case, Say
from rao_lab.policies.local import adapter
from rao_lab.policies.local.engine import Engine
from rao_lab.policies.local.llama import LlamaForward
from rao_lab.policies.local.slots import SlotForward
from rao_lab.training.config import LossConfig, TrainConfig
from rao_lab.training.objective import Batch, Scorer, loss_on_pack
from rao_lab.training.sequences import TrainSequence
from rao_lab.training.state import new_state

SHAPES: dict[str, dict[str, int]] = {
    "7M": {
        "hidden_size": 256,
        "intermediate_size": 768,
        "num_hidden_layers": 6,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 64,
        "vocab_size": 8192,
    },
    "0.5B": {
        "hidden_size": 896,
        "intermediate_size": 4864,
        "num_hidden_layers": 24,
        "num_attention_heads": 14,
        "num_key_value_heads": 2,
        "head_dim": 64,
        "vocab_size": 151_936,
    },
    "4B": {
        "hidden_size": 2560,
        "intermediate_size": 9728,
        "num_hidden_layers": 36,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "head_dim": 128,
        "vocab_size": 151_936,
    },
}
"""The shapes of the models of 0.5 and 4 billion weights that are common today, and a small one."""
AGENTS, PROMPT, NEW, RANK = 64, 256, 64, 16
ALONE = 1
"""Of the agents that `generate` answers one by one, so many are timed: each takes as long as the next."""
REPEATS = 3


def measure(say: Say) -> list[Case]:
    """Measures each shape that suits this machine's device."""
    device = choose()
    cases: list[Case] = []
    for shape in ("0.5B", "4B") if device.type == "cuda" else ("7M",):
        say(f"{shape}: a model of random weights on {device.type}")
        for case in _measure(shape, device, say):
            say(f"{case.name}: {case.median:,.4g} {case.unit}")
            cases.append(case)
        gc.collect()
        if device.type == "cuda":
            torch.cuda.empty_cache()
    return cases


def _measure(shape: str, device: torch.device, say: Say) -> Iterator[Case]:
    prompts = np.random.default_rng(0).integers(0, SHAPES[shape]["vocab_size"], (AGENTS, PROMPT))
    model = _model(shape, device)
    memory = _Memory(device)
    arms: dict[str, Callable[[], int]] = {
        "generate, one by one": lambda: _generate(model, prompts[:ALONE], 1),
        "generate, padded": lambda: _generate(model, prompts, AGENTS),
        "engine": lambda: _engine(LlamaForward(model), prompts),
    }
    say(f"{shape}: generation")
    yield from _speeds(shape, arms, "generate, one by one")
    yield from memory.cases(f"{shape}/generation")
    adapted = adapter.fresh(model, RANK)
    say(f"{shape}: an adapter")
    forwards: dict[str, Callable[[], int]] = {
        "engine, adapter, transformers' forward": lambda: _engine(SlotForward(adapted), prompts),
        "engine, adapter": lambda: _engine(LlamaForward(adapted), prompts),
    }
    yield from _speeds(shape, forwards, "engine, adapter, transformers' forward")
    memory = _Memory(device)
    yield from _speeds(shape, _updates(adapted, prompts), None)
    yield from memory.cases(f"{shape}/update")


def _model(shape: str, device: torch.device) -> Any:
    config = LlamaConfig(**SHAPES[shape], tie_word_embeddings=True, max_position_embeddings=4096)
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []), torch.device(device):
        torch.manual_seed(0)
        return AutoModelForCausalLM.from_config(config, dtype=usual_dtype(device)).eval()


def _speeds(shape: str, arms: dict[str, Callable[[], int]], base: str | None) -> list[Case]:
    """Tokens per second of each arm, the median over rounds in which the arms take turns."""
    found: dict[str, list[float]] = {name: [] for name in arms}
    for turn in range(REPEATS + 1):
        for name, work in arms.items():
            began = perf_counter()
            tokens = work()
            if turn:  # the first round warms up
                found[name].append(tokens / (perf_counter() - began))
    speed = {name: median(values) for name, values in found.items()}
    return [
        Case(f"{shape}/{name}", each, "tokens/s", f"{shape}/{base}", each / speed[base])
        if base and name != base
        else Case(f"{shape}/{name}", each, "tokens/s")
        for name, each in speed.items()
    ]


def _generate(model: Any, prompts: np.ndarray[Any, Any], at_once: int) -> int:
    for first in range(0, len(prompts), at_once):
        ids = torch.from_numpy(prompts[first : first + at_once]).to(model.device)
        with torch.inference_mode(), attention_of_any_shape(model.device):
            found = model.generate(
                ids,
                attention_mask=torch.ones_like(ids),
                max_new_tokens=NEW,
                min_new_tokens=NEW,
                do_sample=True,
                top_k=0,
                pad_token_id=0,
            )
        assert found.shape[1] == PROMPT + NEW
        found.cpu()
    return len(prompts) * NEW


def _engine(forward: Any, prompts: np.ndarray[Any, Any]) -> int:
    engine = Engine(forward, stop_ids=())
    for index, prompt in enumerate(prompts.tolist()):
        engine.submit((index, "0"), prompt, noise=(index,), room=NEW, window=PROMPT + NEW)
    done = 0
    while not engine.idle:
        done += sum(len(turn.ids) for turn in engine.tick())
    engine.clear()
    return done


def _updates(model: Any, prompts: np.ndarray[Any, Any]) -> dict[str, Callable[[], int]]:
    """An update on recorded sequences; it counts every token that is forwarded."""
    batch = _batch(prompts)
    config = TrainConfig(steps=1)
    optimizer = new_state(model, config).optimizer
    scorer = Scorer(model)

    def update() -> int:
        optimizer.zero()
        total = 0.0
        for packed in scorer.packs(batch.sequences, config.tokens_per_pack):
            with attention_of_any_shape(scorer.device):
                loss = loss_on_pack(scorer, packed, batch, LossConfig()).loss
                torch.autograd.backward(loss)
            total += float(loss.detach())
        optimizer.clip(config.grad_clip)
        optimizer.step(config.learning_rate)
        optimizer.zero()
        assert np.isfinite(total)
        return sum(len(item) for item in batch.sequences)

    return {"update, adapter": update}


def _batch(prompts: np.ndarray[Any, Any]) -> Batch:
    """One sequence an agent: its prompt, then as many random tokens as it would sample, with c = 1 or -1."""
    vocabulary = int(prompts.max()) + 1
    draw = np.random.default_rng(1)
    items = []
    for prompt in prompts:
        ids = np.concatenate([prompt, draw.integers(0, vocabulary, NEW)]).astype(np.int64)
        mask = np.arange(len(ids)) >= PROMPT
        items.append(TrainSequence(ids, mask, np.zeros(len(ids), np.float32), (1,)))
    c = np.where(np.arange(len(items)) % 2, 1.0, -1.0)
    tokens = NEW * len(items)
    count = len(items)
    starts = NEW * np.arange(count)
    return Batch(items, c, np.full(count, 1 / tokens), starts, tokens, count, count, count, count)


@dataclass
class _Memory:
    """What a GPU has allocated at most since this was made; on a CPU it is not known and gives no case."""

    device: torch.device
    known: bool = field(init=False)

    def __post_init__(self) -> None:
        self.known = self.device.type == "cuda"
        if self.known:
            torch.cuda.reset_peak_memory_stats()

    def cases(self, name: str) -> Sequence[Case]:
        if not self.known:
            return ()
        return [Case(f"{name}, peak memory", torch.cuda.max_memory_allocated() / 1e9, "GB")]

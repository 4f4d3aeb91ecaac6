"""A random Llama of a few thousand weights, and trees that it really samples, for tests of training.

No sandbox and no text: a node's children and success are read off its tokens, so that a whole step costs
milliseconds while ids, log-probs and depths are those of a real model.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any

import torch
from transformers import LlamaConfig, LlamaForCausalLM
from transformers.models.llama.modeling_llama import LlamaRMSNorm

from rao_lab.training.config import TrainConfig
from rao_lab.training.metrics import TrainStep
from rao_lab.training.processes import Alone
from rao_lab.training.setup import Training, trainable
from rao_lab.training.trainer import train_steps
from rao_lab.tree import Group, Node, Status, Task, Tree, TreeHeader, Turn
from tests.support.configs import small_config

VOCABULARY = 23


def llama(seed: int = 0, dtype: torch.dtype = torch.float32, **overrides: Any) -> LlamaForCausalLM:
    settings: dict[str, Any] = {
        "vocab_size": VOCABULARY,
        "hidden_size": 16,
        "intermediate_size": 24,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "max_position_embeddings": 64,
        "tie_word_embeddings": True,
        "initializer_range": 0.4,
        "attn_implementation": "sdpa",
    }
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = LlamaForCausalLM(LlamaConfig(**settings | overrides)).to(dtype).eval()
    if dtype is torch.float64:
        _double_norms(model)
    return model


def _double_norms(model: LlamaForCausalLM) -> None:
    """Llama's own norm computes in float32 whatever the weights are: 1e-8 of noise in a gradient."""
    for name, module in list(model.named_modules()):
        if isinstance(module, LlamaRMSNorm):
            parent, _, leaf = name.rpartition(".")
            norm = torch.nn.RMSNorm(module.weight.shape, eps=module.variance_epsilon, dtype=torch.float64)
            norm.weight = module.weight
            setattr(model.get_submodule(parent), leaf, norm)


@dataclass
class TinyPolicy:
    """What the trainer asks of a policy."""

    model: Any
    name: str = "random"
    version: int = 0
    temperature: float = 1.0
    cleared: int = 0

    def clear_cache(self) -> None:
        self.cleared += 1

    def save(self, folder: Any) -> None:
        self.model.save_pretrained(folder)


class Tasks:
    """An environment's tasks without its worlds."""

    name = "tokens"

    def __init__(self, train: int = 6, dev: int = 4) -> None:
        self._counts = {"train": train, "dev": dev}

    def tasks(self, split: str) -> list[Task]:
        bands = ("easy", "hard")
        return [
            Task(f"{split}-{index}", "a goal", bands[index % 2], split)
            for index in range(self._counts.get(split, 0))
        ]

    def open(self, task: Task) -> Any:
        raise NotImplementedError("these tasks have no world")


class Sampler:
    """The `sample` of a trainer: trees of at most depth 2, by the policy's present weights."""

    def __init__(self, policy: TinyPolicy) -> None:
        self.policy = policy
        self.calls = 0

    def __call__(self, headers: Sequence[TreeHeader]) -> list[Tree]:
        """Trees grow level by level, and what reads equally much is read together."""
        self.calls += 1
        grown: list[dict[str, Node]] = [{} for _ in headers]
        level = [(place, "0") for place in range(len(headers))]
        while level:
            level = self._grow(headers, grown, level)
        return [
            Tree(header, _ordered(nodes), ended=1.0, ended_tick=1) for header, nodes in zip(headers, grown)
        ]

    def _grow(
        self, headers: Sequence[TreeHeader], grown: list[dict[str, Node]], level: Sequence[tuple[int, str]]
    ) -> list[tuple[int, str]]:
        """Adds the nodes of a level to their trees; the nodes of the next."""
        keys = [_key(headers[place], path) for place, path in level]
        prompts: list[list[int]] = [[1, 2 + len(path) % 5, 3] for _, path in level]
        firsts = self._turns(1, keys, [[] for _ in level], prompts)
        # Some nodes start their context anew in the second turn, as a template that strips text does.
        anew = [first.sampled_ids[0] % 4 == 0 for first in firsts]
        held = [[] if new else [*first.prompt_ids, *first.sampled_ids] for new, first in zip(anew, firsts)]
        seconds = self._turns(2, keys, held, [[1, 4, 4, 5] if new else [6, 7] for new in anew])
        below: list[tuple[int, str]] = []
        for (place, path), first, second in zip(level, firsts, seconds):
            depth = path.count(".")
            spawns = first.sampled_ids[-1] % 3 if depth < 2 else 0
            children = tuple(f"{path}.{index}" for index in range(spawns))
            sampled = [*first.sampled_ids, *second.sampled_ids]
            grown[place][path] = Node(
                path,
                parent=path.rpartition(".")[0] or None,
                depth=depth,
                turns=(replace(first, children=children), second),
                status=Status.FINISHED,
                success=float(sum(token % 2 for token in sampled) * 2 > len(sampled)),
                success_source="verifier",
                children=children,
                together=len(children) > 1,
            )
            below += [(place, child) for child in children]
        return below

    @torch.no_grad()
    def _turns(
        self,
        index: int,
        keys: Sequence[str],
        held: Sequence[Sequence[int]],
        prompts: Sequence[Sequence[int]],
    ) -> list[Turn]:
        """One turn of each node."""
        ids = [[*before, *prompt] for before, prompt in zip(held, prompts)]
        sampled, logprobs, entropies = ([array(kind) for _ in keys] for kind in "iff")
        for position in range(2 + index):
            for rows in _alike(ids):
                read = torch.tensor([ids[row] for row in rows], device=self.policy.model.device)
                logits = self.policy.model(input_ids=read).logits[:, -1].double().cpu()
                logp = torch.log_softmax(logits / self.policy.temperature, -1)
                cumulated, entropy = torch.cumsum(logp.exp(), -1), -(logp.exp() * logp).sum(-1)
                for at, row in enumerate(rows):
                    token = _pick(cumulated[at], f"{keys[row]}/{index}/{position}")
                    sampled[row].append(token)
                    logprobs[row].append(float(logp[at, token]))
                    entropies[row].append(float(entropy[at]))
                    ids[row].append(token)
        return [
            Turn(
                index,
                continues=bool(held[row]),
                prompt_ids=array("i", prompts[row]),
                sampled_ids=sampled[row],
                logprobs=logprobs[row],
                entropies=entropies[row],
                policy_version=self.policy.version,
                stop="stop",
            )
            for row in range(len(keys))
        ]


def _key(header: TreeHeader, path: str) -> str:
    step = 0 if header.probe else header.step
    return f"{header.seed}/{step}/{header.task.id}/{header.rollout}/{path}"


def _ordered(nodes: Mapping[str, Node]) -> tuple[Node, ...]:
    return tuple(sorted(nodes.values(), key=lambda node: [int(part) for part in node.path.split(".")]))


def _alike(contexts: Sequence[Sequence[int]]) -> list[list[int]]:
    """Places of contexts that are equally long: a batch of them needs no padding."""
    found: dict[int, list[int]] = {}
    for place, each in enumerate(contexts):
        found.setdefault(len(each), []).append(place)
    return [*found.values()]


def _pick(cumulated: torch.Tensor, key: str) -> int:
    draw = int.from_bytes(blake2b(key.encode(), digest_size=7).digest()) / 2**56
    return min(int(torch.searchsorted(cumulated, draw, right=True)), len(cumulated) - 1)


def groups_of(policy: TinyPolicy, tasks: int = 3, size: int = 4, seed: int = 0) -> list[Group]:
    """A step's groups, sampled."""
    sample = Sampler(policy)
    found = []
    for index, task in enumerate(Tasks(train=tasks).tasks("train")):
        headers = [
            TreeHeader(task, seed=seed, step=1, group=index, rollout=rollout) for rollout in range(size)
        ]
        found.append(Group(task, tuple(sample(headers)), 1, index))
    return found


def gradient(model: Any) -> dict[str, torch.Tensor]:
    """The gradients that lie on a model, zeros if none flowed."""
    return {
        name: torch.zeros_like(param) if param.grad is None else param.grad.clone()
        for name, param in model.named_parameters()
    }


def same(left: dict[str, torch.Tensor], right: dict[str, torch.Tensor], rtol: float) -> None:
    """Both gradients agree, entry by entry, relative to the largest entry of all."""
    assert left.keys() == right.keys()
    scale = max(float(value.abs().max()) for value in right.values())
    assert math.isfinite(scale) and scale > 0
    for name, value in right.items():
        worst = float((left[name] - value).abs().max())
        assert worst <= rtol * scale, f"{name}: {worst} apart, the largest entry is {scale}"


SMALL = small_config(steps=3, warmup_steps=2, probe_tasks=2, probe_rollouts=2, probe_every=2)


def tiny_policy(seed: int = 1, dtype: torch.dtype = torch.float32) -> TinyPolicy:
    return TinyPolicy(llama(seed=seed, dtype=dtype))


def stepping(config: TrainConfig, trained: Any, **settings: Any) -> Iterator[TrainStep]:
    """A training step by step; it samples with the policy that it trains, unless it is told otherwise."""
    training = Training(Tasks(), trainable(trained), config, settings.pop("peers", None) or Alone())
    return train_steps(training, **{"sample": Sampler(trained)} | settings)


def all_steps(config: TrainConfig = SMALL, trained: Any = None, **settings: Any) -> list[TrainStep]:
    """All steps of a training."""
    return list(stepping(config, trained or tiny_policy(), **settings))


def timeless(step: TrainStep) -> dict[str, Any]:
    return {name: value for name, value in step.metrics.items() if name != "tokens_per_second"}


def weights(trained: Any) -> dict[str, torch.Tensor]:
    return {name: param.detach().clone() for name, param in trained.model.named_parameters()}


def equal(left: Mapping[str, torch.Tensor], right: Mapping[str, torch.Tensor]) -> bool:
    return left.keys() == right.keys() and all(torch.equal(left[name], right[name]) for name in left)

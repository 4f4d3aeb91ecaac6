"""TRL's arm of the bench `train`: its own loss on recorded sequences. TRL must be installed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from tempfile import mkdtemp
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from rao_lab.training.sequences import TrainSequence


def losses(
    model: Any, tokenizer: Any, items: Sequence[TrainSequence], budget: int
) -> Callable[[], Iterator[torch.Tensor]]:
    """The loss of one micro-batch after another, as GRPOTrainer computes it.

    Sequences are sorted by length. A micro-batch holds at most `budget` padded tokens.
    """
    trainer = _trainer(model, tokenizer)
    tokens = torch.tensor(float(sum(item.trained for item in items)))
    batches = [_inputs(batch, tokens, model.device) for batch in _sorted(items, budget)]

    def parts() -> Iterator[torch.Tensor]:
        model.train()  # its loss counts all micro-batches together only then; the model has no dropout
        for inputs in batches:
            yield trainer._compute_loss(model, inputs)
        model.eval()

    return parts


def _trainer(model: Any, tokenizer: Any) -> Any:
    trl, datasets = import_module("trl"), import_module("datasets")
    settings = trl.GRPOConfig(
        output_dir=mkdtemp(),
        loss_type="dapo",
        beta=0.0,
        temperature=1.0,
        per_device_train_batch_size=2,
        num_generations=2,
        gradient_checkpointing=False,
        use_cpu=model.device.type == "cpu",
        bf16=False,
        report_to=[],
    )
    trainer = trl.GRPOTrainer(
        model=model,
        reward_funcs=lambda completions, **_: [0.0] * len(completions),
        args=settings,
        train_dataset=datasets.Dataset.from_list([{"prompt": "a"}] * 2),
        processing_class=tokenizer,
    )
    trainer.current_gradient_accumulation_steps = trainer.args.steps_per_generation
    return trainer


def _sorted(items: Sequence[TrainSequence], budget: int) -> Iterator[list[TrainSequence]]:
    batch: list[TrainSequence] = []
    for item in sorted(items, key=lambda item: -len(item)):
        if batch and _width([*batch, item]) * (len(batch) + 1) > budget:
            yield batch
            batch = []
        batch.append(item)
    if batch:
        yield batch


def _width(batch: Sequence[TrainSequence]) -> int:
    """Prompts are padded on the left and completions on the right, so both count at their longest."""
    prompts = [_prompt(item) for item in batch]
    return max(prompts) + max(len(item) - own for item, own in zip(batch, prompts, strict=True))


def _prompt(item: TrainSequence) -> int:
    return int(np.flatnonzero(item.mask)[0])


def _inputs(batch: Sequence[TrainSequence], tokens: torch.Tensor, device: torch.device) -> dict[str, Any]:
    prompts = [_prompt(item) for item in batch]
    before, after = max(prompts), max(len(item) - own for item, own in zip(batch, prompts, strict=True))

    def empty(width: int) -> NDArray[np.int64]:
        return np.zeros((len(batch), width), np.int64)

    arrays = {
        "prompt_ids": empty(before),
        "prompt_mask": empty(before),
        "completion_ids": empty(after),
        "completion_mask": empty(after),
        "tool_mask": empty(after),
    }
    for row, (item, own) in enumerate(zip(batch, prompts, strict=True)):
        arrays["prompt_ids"][row, before - own :] = item.ids[:own]
        arrays["prompt_mask"][row, before - own :] = 1
        arrays["completion_ids"][row, : len(item) - own] = item.ids[own:]
        arrays["completion_mask"][row, : len(item) - own] = 1
        arrays["tool_mask"][row, : len(item) - own] = item.mask[own:]
    found: dict[str, Any] = {name: torch.from_numpy(each).to(device) for name, each in arrays.items()}
    found["advantages"] = torch.ones(len(batch), device=device)
    found["num_items_in_batch"] = tokens.to(device)
    return found

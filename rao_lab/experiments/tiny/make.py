"""Makes a base policy from random weights: an embedded policy, or a control.

    python -m rao_lab.experiments.tiny.make --out data/tiny
    python -m rao_lab.experiments.tiny.make --out data/tiny_aggregation --base tiny-aggregation
    python -m rao_lab.experiments.tiny.make --base wide --out wide

The model learns to imitate demonstrations that are played while it learns. It gets the action format from
them, delegation at random, and alone the skill for one tier more than in a team. Nothing that another
model made goes in. `BASES` says what the others are for.
"""

from __future__ import annotations

import argparse
import json
import math
import platform
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from itertools import islice
from pathlib import Path
from random import Random
from types import MappingProxyType
from typing import NamedTuple

import torch
import transformers
from torch.nn import functional as F
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from rao_lab.base.bundled import EMBEDDED
from rao_lab.experiments.tiny import tokens as craft_tokens
from rao_lab.experiments.tiny.aggregation import tokens as reading_tokens
from rao_lab.experiments.tiny.aggregation.behaviour import Habits
from rao_lab.experiments.tiny.aggregation.demonstrations import Readers
from rao_lab.experiments.tiny.behaviour import Behaviour
from rao_lab.experiments.tiny.demonstrations import Demonstrator
from rao_lab.experiments.tiny.language import Language, write
from rao_lab.experiments.tiny.transcripts import Demonstrations, Transcript

RECORD = "make.json"
"""How a model was made; written last into its folder."""


@dataclass(frozen=True, slots=True)
class MakeConfig:
    """The recipe: size of the model, and how it is trained."""

    seed: int = 0
    steps: int = 3000
    batch: int = 32
    """Transcripts a step."""
    learning_rate: float = 3e-3
    """AdamW's, for embeddings and norms."""
    muon_rate: float = 0.02
    """Muon's, for the matrices of the layers. Muon needs less than half as many tokens as AdamW."""
    warm_up: int = 50
    weight_decay: float = 0.01
    window: int = 128
    """Tokens of a node's context. Longer demonstrations are thrown away."""
    hidden: int = 128
    layers: int = 3
    heads: int = 4
    shared_heads: int = 1
    """Key and value heads. With one, the cache has a quarter of the size and sampling is twice as fast."""
    inner: int = 384
    init: float = 0.05
    threads: int = 1


class School(NamedTuple):
    """What a world has for who learns it: tokens, and demonstrations."""

    language: Language
    demonstrations: type[Demonstrations]
    weight: float | None = None
    """What a batch's loss is divided by, for each of its transcripts; None = by the sum of its weights. With a fixed
    one, transcripts with little to learn from count little."""


SCHOOLS: Mapping[str, School] = MappingProxyType(
    {
        "textcraft": School(craft_tokens.LANGUAGE, Demonstrator),
        "aggregation": School(reading_tokens.LANGUAGE, Readers, 8.0),
    }
)


@dataclass(frozen=True, slots=True)
class Base:
    """A base policy: its recipe, and whom it imitates."""

    model: MakeConfig = field(default_factory=MakeConfig)
    behaviour: Behaviour | Habits = field(default_factory=Behaviour)
    world: str = "textcraft"

    @property
    def recipe(self) -> dict[str, object]:
        """As plain JSON."""
        plain: dict[str, object] = {"recipe": asdict(self.model), "demonstrations": asdict(self.behaviour)}
        return plain if self.world == "textcraft" else {**plain, "world": self.world}


BASES: Mapping[str, Base] = MappingProxyType(
    {
        # The embedded policy.
        "tiny": Base(),
        # A fair control for agents that work alone: it sees alone what medium tasks need, and these fit its window.
        # Its teams are those of the embedded policy.
        "wide": Base(MakeConfig(window=256), Behaviour(solo_tiers={1: 0.1, 2: 0.2, 3: 0.35, 4: 0.35})),
        # Its teams always delegate every part that must be made: what reinforcement learning may arrive at,
        # without any.
        "eager": Base(behaviour=Behaviour(delegate_all=1.0)),
        # It sees alone no deeper tasks than in a team: what does flat training do then?
        "shallow": Base(behaviour=Behaviour(solo_tiers=Behaviour().team_tiers)),
        # The embedded policy of a second world.
        "tiny-aggregation": Base(
            MakeConfig(steps=2000, batch=48, warm_up=20, window=64), Habits(), "aggregation"
        ),
    }
)


def new_model(
    config: MakeConfig, tokenizer: PreTrainedTokenizerFast, world: str = "textcraft"
) -> LlamaForCausalLM:
    """A model with random weights."""
    language = SCHOOLS[world].language
    torch.manual_seed(config.seed)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=config.hidden,
            intermediate_size=config.inner,
            num_hidden_layers=config.layers,
            num_attention_heads=config.heads,
            num_key_value_heads=config.shared_heads,
            max_position_embeddings=config.window,
            initializer_range=config.init,
            tie_word_embeddings=True,
            attention_dropout=0.0,
            bos_token_id=None,
            eos_token_id=None,
            pad_token_id=tokenizer.pad_token_id,
            rao_lab={"dialect": "terse", "window": config.window, "world": world},
        )
    )
    stops = [tokenizer.convert_tokens_to_ids(text) for text in language.stop_texts()]
    model.generation_config = GenerationConfig(
        do_sample=True, temperature=1.0, top_k=0, max_new_tokens=32,
        eos_token_id=sorted(stops), pad_token_id=tokenizer.pad_token_id,
    )  # fmt: skip
    _relate(model.model.embed_tokens.weight, language)
    return model


@torch.no_grad()
def _relate(embeddings: torch.Tensor, language: Language) -> None:
    """Starts the tokens that write one number in several forms near each other, and names that are alike.

    Args:
        embeddings: `[tokens, hidden]`; changed in place.
    """
    places = {text: place for place, text in enumerate(language.vocabulary())}
    numbers = sorted({number for each in language.forms.values() for number in each})
    drawn = torch.randn(len(numbers), embeddings.shape[1]) * embeddings.std()
    of_number = dict(zip(numbers, drawn, strict=True))
    of_form = torch.randn(len(language.forms), embeddings.shape[1]) * embeddings.std()
    for (form, each), shared in zip(language.forms.items(), of_form, strict=True):
        for number in each:
            place = places[write(form, number)]
            embeddings[place] = 0.7 * (of_number[number] + shared) + 0.3 * embeddings[place]
    for names in language.alike:
        shared = torch.randn(embeddings.shape[1]) * embeddings.std()
        for name in names:
            embeddings[places[name]] = 0.7 * shared + 0.3 * embeddings[places[name]]


def batches(stream: Iterator[Transcript], size: int, rng: Random) -> Iterator[list[Transcript]]:
    """Batches of transcripts of similar length, each cut from a pool of sixteen batches."""
    while True:
        pool = sorted(islice(stream, 16 * size), key=lambda found: len(found.ids))
        cut = [pool[start : start + size] for start in range(0, len(pool), size)]
        rng.shuffle(cut)
        yield from cut


def loss_of(
    model: LlamaForCausalLM, batch: Sequence[Transcript], weight: float | None = None
) -> torch.Tensor:
    """Weighted mean of the negative log-likelihood of the tokens, in nats; with `weight`, their sum over so much for
    each transcript. Padding stands on the right."""
    longest = max(len(found.ids) for found in batch)
    ids = torch.zeros(len(batch), longest, dtype=torch.long)
    weights = torch.zeros(len(batch), longest)
    for row, found in enumerate(batch):
        ids[row, : len(found.ids)] = torch.tensor(found.ids)
        weights[row, : len(found.ids)] = torch.tensor(found.weights)
    logits = model(input_ids=ids, use_cache=False).logits[:, :-1]
    losses = F.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten(), reduction="none")
    kept = weights[:, 1:].flatten()
    return (losses * kept).sum() / (kept.sum() if weight is None else weight * len(batch))


def pace(config: MakeConfig, step: int) -> float:
    """The share of the full learning rates at a step: it warms up, then falls to zero along a cosine."""
    if step < config.warm_up:
        return (step + 1) / config.warm_up
    return 0.5 * (1 + math.cos(math.pi * (step - config.warm_up) / max(1, config.steps - config.warm_up)))


def optimizers(model: LlamaForCausalLM, config: MakeConfig) -> list[torch.optim.Optimizer]:
    """Muon for the layers' matrices, AdamW for the rest."""
    named = list(model.named_parameters())
    matrices = [weight for name, weight in named if weight.ndim == 2 and "embed" not in name]
    rest = [weight for name, weight in named if weight.ndim != 2 or "embed" in name]
    return [
        torch.optim.Muon(
            matrices, lr=config.muon_rate, weight_decay=config.weight_decay, adjust_lr_fn="original"
        ),
        torch.optim.AdamW(rest, lr=config.learning_rate, weight_decay=config.weight_decay, betas=(0.9, 0.98)),
    ]


def clone(
    model: LlamaForCausalLM, demonstrator: Demonstrations, config: MakeConfig, weight: float | None = None
) -> Iterator[float]:
    """Trains the model on demonstrations, and yields the loss of each step."""
    steppers = optimizers(model, config)
    full = [[group["lr"] for group in stepper.param_groups] for stepper in steppers]
    model.train()
    feed = batches(demonstrator.stream(), config.batch, Random(config.seed))
    for step, batch in zip(range(config.steps), feed, strict=False):
        loss = loss_of(model, batch, weight)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for stepper, rates in zip(steppers, full, strict=True):
            for group, rate in zip(stepper.param_groups, rates, strict=True):
                group["lr"] = rate * pace(config, step)
            stepper.step()
            stepper.zero_grad(set_to_none=True)
        yield loss.item()
    model.eval()


def save(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, folder: Path, record: object) -> None:
    """Writes the folder of the model, and how it was made."""
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    for file in folder.iterdir():
        file.chmod(0o644)
    (folder / RECORD).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def checksum(folder: Path) -> str:
    """The SHA-256 of the weights in a model's folder."""
    return sha256((folder / "model.safetensors").read_bytes()).hexdigest()


def make(base: Base, out: Path, command: str, say: Callable[[str], object]) -> None:
    """Makes a base policy and writes its folder.

    Args:
        command: what is recorded as the way to make it.
        say: told a line every fifty steps.
    """
    config = base.model
    torch.set_num_threads(config.threads)
    school = SCHOOLS[base.world]
    tokenizer = school.language.build()
    model = new_model(config, tokenizer, base.world)
    demonstrator = school.demonstrations(tokenizer, Random(config.seed), config.window, base.behaviour)
    began, worked, loss = time.monotonic(), time.process_time(), math.nan
    for step, loss in enumerate(clone(model, demonstrator, config, school.weight), start=1):
        if step % 50 == 0:
            say(f"step {step} of {config.steps}: loss {loss:.3f}, {time.monotonic() - began:.0f} s")
    record = {
        "command": command,
        **base.recipe,
        "parameters": sum(weight.numel() for weight in model.parameters()),
        "tokens": len(tokenizer),
        "final_loss": round(loss, 4),
        "seconds": round(time.monotonic() - began, 1),
        "cpu_seconds": round(time.process_time() - worked, 1),
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "transformers": transformers.__version__,
        },
    }
    save(model, tokenizer, out, record)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--base", choices=BASES, default="tiny", help="which of the recipes")
    for name in ("seed", "steps", "threads"):
        parser.add_argument(f"--{name}", type=int, help="default: the recipe's")
    chosen = parser.parse_args(arguments)
    base = BASES[chosen.base]
    usual = {name: getattr(base.model, name) for name in ("seed", "steps", "threads")}
    changed = {name: given if (given := getattr(chosen, name)) is not None else usual[name] for name in usual}
    base = replace(base, model=replace(base.model, **changed))
    out = f"data/{EMBEDDED[chosen.base]}" if chosen.base in EMBEDDED else chosen.base
    command = f"python -m rao_lab.experiments.tiny.make --out {out}"
    command += "" if chosen.base == "tiny" else f" --base {chosen.base}"
    command += "".join(f" --{name} {value}" for name, value in changed.items())
    make(base, chosen.out, command, lambda line: sys.stderr.write(line + "\n"))
    return 0


if __name__ == "__main__":
    sys.exit(main())

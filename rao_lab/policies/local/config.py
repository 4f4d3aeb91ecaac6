"""What a model's configs say: the longest context, the tokens that end a turn, a temperature."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rao_lab.base.checks import temperature
from rao_lab.errors import ConfigError, UnavailableError

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def more_room(holds: int, own: int, longest: int | None) -> str:
    """What gives a prompt more room.

    Args:
        holds: tokens that a context may have.
        own: the policy's window.
        longest: what its model reads at most; None = nothing says so.
    """
    if holds < own:
        return "raise limits.context_window, or shorten the prompt"
    if longest is None or own < longest:
        return "raise the policy's window (policy.window), or shorten the prompt"
    return "its model reads no more, so shorten the prompt, or take an easier task or another policy"


def longest_context(model: PreTrainedModel) -> int | None:
    """The most tokens of a context that every layer sees whole; None = the config names no bound.

    Raises:
        UnavailableError: the config says that some layers do not attend to the whole context.
    """
    config = model.config.get_text_config(decoder=True)
    kinds = set(getattr(config, "layer_types", None) or ["full_attention"])
    if kinds != {"full_attention"}:
        raise UnavailableError(
            f"this model's layers are of the kinds {sorted(kinds)}; only models with full attention in"
            " every layer can be run here: serve it elsewhere and use it as an endpoint"
        )
    bounds = [getattr(config, "max_position_embeddings", None)]
    if not getattr(config, "layer_types", None):
        # If the config names no kinds of layers, a sliding window holds for all of them.
        bounds.append(getattr(config, "sliding_window", None))
    return min((bound for bound in bounds if bound), default=None)


def stop_ids(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """Ids that end a turn: those of the generation config and that of the tokenizer."""
    config = model.generation_config
    stops = config.eos_token_id if config is not None else None
    listed = stops if isinstance(stops, list) else [stops]
    return sorted({int(stop) for stop in (*listed, tokenizer.eos_token_id) if stop is not None})


def named_temperature(model: PreTrainedModel) -> float | None:
    """What the generation config names, if that can be sampled at."""
    named = getattr(model.generation_config, "temperature", None)
    try:
        return None if named is None else temperature(named)
    except ConfigError:
        return None  # the folder is from elsewhere; transformers ignores it, too

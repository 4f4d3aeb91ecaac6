"""Which forward pass runs a model: the one by hand if it can, otherwise transformers' own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rao_lab.base.checks import choice, number
from rao_lab.base.device import memory
from rao_lab.policies.local.light import LightLlama
from rao_lab.policies.local.llama import LlamaForward, suits

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from rao_lab.policies.local.slots import SlotForward

CACHE_SHARE = 0.2
"""Share of a device's memory that cached keys and values may take. Rows that find no room wait."""


def runner_of(
    model: PreTrainedModel | LightLlama, forward: str, cache_gb: float | None
) -> LlamaForward | SlotForward:
    """The forward pass of a model.

    Args:
        forward: "auto", or "model" for transformers' own.
        cache_gb: memory for cached keys and values; None = a share of the device's.

    Raises:
        ConfigError: an argument means nothing.
    """
    by_hand = choice("forward", forward, ("auto", "model")) == "auto"
    if cache_gb is None:
        cache_bytes = int(memory(model.device) * CACHE_SHARE)
    else:
        cache_bytes = int(number("cache_gb", cache_gb, above=True) * 1e9)
    if isinstance(model, LightLlama):
        return LlamaForward(model, cache_bytes)
    if by_hand and suits(model):
        return LlamaForward(model, cache_bytes)
    from rao_lab.policies.local.slots import SlotForward

    return SlotForward(model, cache_bytes)

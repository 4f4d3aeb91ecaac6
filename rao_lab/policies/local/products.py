"""Products of new tokens with a model's linear layers: those that read the same input together, adapters too.

An adapter (LoRA, by peft) adds to what a linear layer gives: x W' + s (x A') B', where A and B are thin and
have a precision of their own. The layers that read the same input share one product with all their A, and one
with all their B, which lie in one matrix, each in its own block. Letters: N tokens, I inputs, O outputs, R ranks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch.nn import functional as F


def is_plain(part: Any) -> bool:
    """Whether `Products` can compute this layer: a linear one, alone or with plain LoRA beside it."""
    if type(part) is torch.nn.Linear:
        return True
    kind = type(part)
    if kind.__name__ != "Linear" or not kind.__module__.startswith("peft.tuners.lora"):
        return False
    thin = [*part.lora_A.values(), *part.lora_B.values()]
    return (
        type(part.base_layer) is torch.nn.Linear
        and not part.lora_variant
        and all(type(each) is torch.nn.Linear and each.bias is None for each in thin)
    )


class Products:
    """Linear layers without bias that read the same input.

    It holds the weights as they are when it is made, in part as copies.
    """

    def __init__(self, parts: Sequence[Any], joined: bool) -> None:
        weights = [getattr(part, "base_layer", part).weight for part in parts]
        self._weights = [torch.cat(weights)] if joined and len(weights) > 1 else weights
        self._down, self._up = _adapters(parts)

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """All outputs side by side, [N, O], of x [N, I]."""
        found = [F.linear(x, weight) for weight in self._weights]
        out = found[0] if len(found) == 1 else torch.cat(found, dim=-1)
        if self._down is None or self._up is None:
            return out
        thin = F.linear(x.to(self._down.dtype), self._down)
        if out.dtype == thin.dtype:
            return out.addmm_(thin, self._up)
        return out.add_(thin @ self._up)  # added in the adapter's precision, then rounded once


def _adapters(parts: Sequence[Any]) -> tuple[torch.Tensor | None, torch.Tensor | None]:
    """All A, [R, I], and all s B, [R, O]; None without an adapter that is in use."""
    downs: list[torch.Tensor] = []
    ups: list[torch.Tensor] = []
    begin, width = 0, sum(part.out_features for part in parts)
    for part in parts:
        for name in _in_use(part):
            down, up = part.lora_A[name].weight, part.lora_B[name].weight
            block = up.new_zeros(up.shape[1], width)
            block[:, begin : begin + part.out_features] = up.T * part.scaling[name]
            downs.append(down.detach())
            ups.append(block)
        begin += part.out_features
    return (torch.cat(downs), torch.cat(ups)) if downs else (None, None)


def _in_use(part: Any) -> list[str]:
    if type(part) is torch.nn.Linear or part.disable_adapters or part.merged:
        return []
    return [name for name in part.active_adapters if name in part.lora_A]

"""Samples one token for each row of logits. The same noise key and position always draw the same number.

For each (noise key, position) a counter-based generator gives one uniform number; the token is where the
cumulated softmax passes that number. Log-probs and entropies are those of the distribution sampled from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from rao_lab.base.device import sent


class Uniforms:
    """Uniform numbers in [0, 1) by noise key: one generator is given the key, which takes less than a new one."""

    def __init__(self) -> None:
        self._bits = np.random.Philox(key=0)
        self._fresh: Any = self._bits.state
        self._draw = np.random.Generator(self._bits).random

    def __call__(self, noise: Sequence[int | str], count: int) -> NDArray[np.float64]:
        """The first `count` numbers of a key, `[count]`; the n-th does not depend on `count`."""
        digest = hashlib.blake2b(repr(tuple(noise)).encode(), digest_size=16).digest()
        self._fresh["state"]["key"] = np.frombuffer(digest[::-1], dtype="<u8")
        self._bits.state = self._fresh
        return self._draw(count)


def sample(logits: torch.Tensor, draw: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    """Samples one token for each of R rows.

    Args:
        logits: `[R, vocabulary]`, on any device.
        draw: one uniform number for each row, `[R]`.
        temperature: the logits are divided by it.

    Returns:
        `[3, R]`: ids, log-probs and entropies (nats). It is the only transfer from the device.
    """
    scaled = logits.float() if temperature == 1.0 else logits.float() / temperature
    logprobs = torch.log_softmax(scaled, dim=-1)
    probs = logprobs.exp()
    # Cumulated in double precision: in single, rounding errors are as large as a rare token's probability.
    cumulated = probs.double().cumsum(dim=-1)
    threshold = sent(draw, logits.device)[:, None] * cumulated[:, -1:]
    ids = torch.searchsorted(cumulated, threshold, right=True).clamp_(max=logits.shape[-1] - 1)
    chosen = logprobs.gather(1, ids)[:, 0]
    entropies = torch.special.entr(probs).sum(dim=-1)
    return torch.stack([ids[:, 0].double(), chosen.double(), entropies.double()]).cpu().numpy()

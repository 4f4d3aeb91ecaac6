"""What a prompt bench compares."""

from __future__ import annotations

from dataclasses import dataclass

from rao_lab.base.calls import checked_call
from rao_lab.prompts import Prompt
from rao_lab.protocols import Policy
from rao_lab.tree import Agent


@checked_call
@dataclass(frozen=True, slots=True)
class Variant:
    """One thing to compare in `rl.prompt_bench`: a prompt, an agent or a policy; what is left out is the bench's.

    >>> other = rl.load_policy("scripted", style="per_ingredient")
    >>> both = {"summed": rl.Variant(policy=policy), "one each": rl.Variant(policy=other)}
    >>> rl.prompt_bench(both, 2, repeats=1, environment=env).names
    ('summed', 'one each')
    """

    prompt: Prompt | None = None
    """A name, a folder or a dialect; None = that of the policy."""
    agent: Agent | None = None
    policy: Policy | None = None

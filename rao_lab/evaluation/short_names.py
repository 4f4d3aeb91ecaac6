"""What people read in place of a path: the name of the policy that lies there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping


def short_names(policies: Mapping[str, str]) -> dict[str, str]:
    """What each is shown as: one that was given by a path as its policy calls itself, if nobody else is called so.

    >>> short_names({"runs/k.rao.ckpt/step-6/policy": "k.rao step-6", "tiny": "tiny"})
    {'runs/k.rao.ckpt/step-6/policy': 'k.rao step-6', 'tiny': 'tiny'}

    Args:
        policies: what the policy of each calls itself. A name that does not hold these words is no path to it.
    """
    shown = {
        name: policy if policy and "/" in name and all(word in name for word in policy.split()) else name
        for name, policy in policies.items()
    }
    known = Counter(shown.values())
    return {name: short if known[short] == 1 else name for name, short in shown.items()}

"""A policy works for one run at a time.

It keeps the turns under way by place in the batch and path, and every run counts both from 0: two runs
at once would be handed each other's replies, and one that changes the temperature would change it for
both. So whoever works with a policy takes it first. A second run waits until the first is done; while a
policy is being trained in another thread it is refused to all others, for that may take hours.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rao_lab.base.safe_text import unquoted
from rao_lab.errors import UnavailableError
from rao_lab.protocols import Policy

POLL_SECONDS = 0.02
_TAKEN = "_rao_lab_taken"
"""Attribute of a policy that is at work. One that can hold no attributes is not guarded."""


@dataclass(frozen=True, slots=True)
class _Use:
    thread: int
    training: bool


def check_untaken(policy: Policy) -> None:
    """Refuses a policy that is being trained, without waiting for it.

    Raises:
        UnavailableError: it is.
    """
    found = getattr(policy, "__dict__", {}).get(_TAKEN)
    if found is not None and found.training:
        raise _in_training(policy)


def _in_training(policy: Policy) -> UnavailableError:
    return UnavailableError(
        f"policy {unquoted(policy.name)} is being trained in another thread: wait until that is done "
        "or stop it, or load a second one with rl.load_policy"
    )


@contextmanager
def taken(policy: Policy, *, training: bool = False) -> Iterator[None]:
    """Inside, the policy works for this thread and for no other; blocks may be nested.

    Raises:
        UnavailableError: it is being trained in another thread.
    """
    attributes = getattr(policy, "__dict__", None)
    if attributes is None:
        yield
        return
    use = _Use(threading.get_ident(), training)
    while (found := attributes.setdefault(_TAKEN, use)) is not use:
        if found.thread == use.thread:
            yield
            return
        if found.training:
            raise _in_training(policy)
        time.sleep(POLL_SECONDS)
    try:
        yield
    finally:
        del attributes[_TAKEN]

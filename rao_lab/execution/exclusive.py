"""A policy works for one run at a time.

A policy keeps its turns under way by (place in the batch, path), and every run counts places from 0. Two runs at
once would get each other's replies, and if one changed the temperature it would change for both. So a run takes
the policy first. A second run waits until the first is done. If the policy is being trained in another thread, the
second run is refused, because training may take hours.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from rao_lab.base.safe_text import unquoted
from rao_lab.errors import UnavailableError
from rao_lab.protocols import Policy

POLL_SECONDS = 0.02
_TAKEN = "_rao_lab_taken"
"""Attribute that marks a policy as taken. A policy that cannot hold attributes is not guarded."""


@dataclass(frozen=True, slots=True, eq=False)
class _Use:
    thread: int
    training: bool


_around: ContextVar[tuple[_Use, ...]] = ContextVar("rao_lab_around", default=())
"""Runs that the code belongs to: `await rl.arun(...)` in a function that a run calls works in a thread of its own, and
would wait for the run that waits for it."""


def check_untaken(policy: Policy) -> None:
    """Refuses a policy that is being trained, without waiting for it.

    Raises:
        UnavailableError: the policy is being trained.
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
        UnavailableError: it is being trained in another thread, or works for the very run that asks.
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
        if found in _around.get():
            raise UnavailableError(
                f"policy {unquoted(policy.name)} works for the run that waits here: call rl.run, which takes its turn "
                "in the same thread, or load a second policy with rl.load_policy"
            )
        time.sleep(POLL_SECONDS)
    outer = _around.get()
    _around.set((*outer, use))
    try:
        yield
    finally:
        _around.set(outer)
        del attributes[_TAKEN]


@contextmanager
def sampled_at(policy: Policy, temperature: float | None) -> Iterator[None]:
    """The policy works for this thread alone; one that samples has this temperature inside, and its own
    again afterwards.

    Raises:
        ConfigError: a temperature that means nothing.
        UnavailableError: the policy is being trained in another thread.
    """
    with taken(policy):
        own = getattr(policy, "temperature", None)
        if temperature is None or own is None:
            yield
            return
        policy.temperature = temperature  # type: ignore[attr-defined]
        try:
            yield
        finally:
            policy.temperature = own  # type: ignore[attr-defined]

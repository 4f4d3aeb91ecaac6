"""Processes that are forked from one that has loaded everything and started nothing: to begin one takes no second."""

from __future__ import annotations

import multiprocessing
from multiprocessing.context import ForkServerContext


def forked() -> ForkServerContext:
    """Where their work is a function of a test, by its name."""
    found = multiprocessing.get_context("forkserver")
    found.set_forkserver_preload(["tests.support.whole_runs", "rao_lab.policies.local.transformer"])
    return found

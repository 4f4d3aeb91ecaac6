"""What has to be said before torch is loaded. This module does not load it."""

from __future__ import annotations

import os
import sys

WAITING = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME")
"""Each says to the threads that torch computes with how they wait for their next part."""


def sleep_while_waiting() -> None:
    """Torch's threads wait asleep, unless the environment says another way, or torch is loaded already.

    By default they spin for milliseconds, on cores that others need: beside one busy process, two threads then take
    six times as long as one.
    """
    if "torch" not in sys.modules and not any(name in os.environ for name in WAITING):
        os.environ[WAITING[0]] = "passive"


def sleeps() -> bool:
    """Whether torch's threads wait asleep."""
    return os.environ.get(WAITING[0], "").strip().lower() == "passive"

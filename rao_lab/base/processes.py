"""How a process is ended, told to stop, or kept out of a terminal's Ctrl-C: where systems differ."""

from __future__ import annotations

import os
import signal
import sys


def kill(pid: int) -> None:
    """Ends a process at once."""
    os.kill(pid, signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)  # on Windows any signal does


def interrupt(pid: int) -> None:
    """Sends a process Ctrl-C. Nothing on Windows, where its console's Ctrl-C has reached it by itself."""
    if sys.platform != "win32":
        os.kill(pid, signal.SIGINT)


def leave_group() -> None:
    """Keeps this process out of its terminal's Ctrl-C, if the system has sessions."""
    if sys.platform != "win32":
        os.setsid()

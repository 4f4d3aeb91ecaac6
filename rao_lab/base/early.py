"""What is said and begun before torch is loaded: how its threads wait, and its import, in the background.

This module does not import torch itself.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module

WAITING = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME")
"""Each says to the threads that torch computes with how they wait for their next part."""
FIRST = ("torch", "safetensors.torch", "transformers.tokenization_utils_tokenizers")
"""What a model needs to be loaded and to write."""
THEN = ("transformers.models.auto.modeling_auto", "transformers.models.llama.modeling_llama")
"""What it needs to be trained, or if it is not a small one. It takes longer than the rest."""


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


def in_notebook() -> bool:
    """Whether this process is a kernel: somebody reads and types between two cells."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return hasattr(shell, "kernel")


def load_in_background() -> None:
    """Begins to import torch and transformers, in a thread of its own."""
    if _loading() is None:
        _Loading().start()


def wait_until_loaded(modules: Sequence[str] = FIRST) -> None:
    """If they are being imported in the background, waits until these are there.

    Two threads that import modules which import each other could otherwise get one that is half done.
    """
    thread = _loading()
    if thread is not None and thread is not threading.current_thread():
        (thread.first if modules is FIRST else thread.all).wait()


class _Loading(threading.Thread):
    def __init__(self) -> None:
        super().__init__(
            name="rao-lab imports torch"
        )  # no daemon: an import that is cut short can crash the exit
        self.first, self.all = threading.Event(), threading.Event()

    def run(self) -> None:
        for modules, done in ((FIRST, self.first), (THEN, self.all)):
            try:
                with suppress(ImportError):  # who needs it says what is missing
                    for name in modules:
                        import_module(name)
            finally:
                done.set()


def _loading() -> _Loading | None:
    return next((each for each in threading.enumerate() if isinstance(each, _Loading)), None)

"""One kernel for many tests: each gets it with an empty namespace, in a folder of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

REPO = Path(__file__).resolve().parents[2]
CLEAN = """
%reset -f
import os as _os, sys as _sys
_os.chdir({folder!r})
for _name in ("RAO_LAB_SMALL", "RAO_LAB_CACHE"):
    _os.environ.pop(_name, None)
_os.environ.update({environment!r})
if "ipywidgets" in _sys.modules:
    _sys.modules["ipywidgets"].Widget.close_all()
del _os, _sys, _name
"""


class Kernel:
    """A running kernel of this interpreter, and a client of it that waits for answers."""

    def __init__(self, manager: Any, client: Any) -> None:
        self.manager, self.client = manager, client

    def clean(self, folder: Path, environment: dict[str, str] | None = None) -> None:
        """What a new kernel in a folder has: no names and no views."""
        self.run(CLEAN.format(folder=str(folder), environment=environment or {}))

    def run(self, code: str) -> str:
        """What a cell printed."""
        said: list[str] = []

        def hear(message: dict[str, Any]) -> None:
            if message["msg_type"] == "stream":
                said.append(message["content"]["text"])

        reply = self.client.execute_interactive(code, output_hook=hear, timeout=180)
        assert reply["content"]["status"] == "ok", reply["content"]
        return "".join(said).strip()

    def answer(self, asked: str) -> dict[str, Any]:
        """The reply to what was executed under that name."""
        while (reply := self.client.get_shell_msg(timeout=180))["parent_header"].get("msg_id") != asked:
            pass
        return dict(reply)

    @contextmanager
    def waited_for_by_a_loop(self) -> Iterator[Any]:
        """A client whose answers are awaited, as nbclient wants it."""
        from jupyter_client.asynchronous import AsyncKernelClient

        asked = AsyncKernelClient()
        asked.load_connection_info(self.manager.get_connection_info())
        asked.allow_stdin = False
        asked.start_channels()
        try:
            yield asked
        finally:
            asked.stop_channels()


@contextmanager
def started(folder: Path) -> Iterator[Kernel]:
    """Starts one in a folder, and ends it."""
    from jupyter_client.manager import start_new_kernel

    env = {**os.environ, "PYTHONPATH": str(REPO)}
    manager, client = start_new_kernel(kernel_name="python3", cwd=str(folder), startup_timeout=120, env=env)
    try:
        yield Kernel(manager, client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)

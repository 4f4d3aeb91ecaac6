"""What tests of the policies share."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from rao_lab.policies import pace
from tests.support.chat_servers import Handler, Server, says


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A running chat server, and a policy that pauses only briefly before it tries again."""
    monkeypatch.setattr(pace, "PAUSE_SECONDS", 0.01)
    found = Server(("127.0.0.1", 0), Handler)
    found.answer, found.asked, found.headers = says("hello"), [], []
    thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield found
    found.shutdown()
    found.server_close()

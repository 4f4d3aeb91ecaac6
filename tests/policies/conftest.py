"""What tests of the policies share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rao_lab.policies import pace
from tests.support.chat_servers import Server, says, serving


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A running chat server, and a policy that pauses only briefly before it tries again."""
    monkeypatch.setattr(pace, "PAUSE_SECONDS", 0.01)
    with serving(says("hello")) as found:
        yield found

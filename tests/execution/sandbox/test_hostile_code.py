"""No hostile code gets out of the sandbox, and none stops the run (the tables are in tests/support)."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from rao_lab.execution.sandbox import Awaiting, Ended, Sandbox, check_plain
from tests.support.hostile_code import BOUNDARIES
from tests.support.hostile_code_more import MORE
from tests.support.sandboxes import FUNCTIONS, plain_only

SECRET = "the-secret-of-the-host"
ROWS = [
    (kind, expected, code)
    for kind, told in MORE.items()
    for expected, codes in told.items()
    for code in codes
]


@dataclass(frozen=True)
class Host:
    """What an attempt could reach for."""

    secret: Path
    port: int

    def aim(self, code: str) -> str:
        found = {"{secret}": self.secret, "{folder}": self.secret.parent, "{port}": self.port}
        for name, value in found.items():
            code = code.replace(name, str(value))
        return code


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """A file, an environment variable and a port; afterwards none of them has been touched."""
    secret = tmp_path_factory.mktemp("host") / "secret"
    secret.write_text(SECRET)
    patch = pytest.MonkeyPatch()
    patch.setenv("RAO_SECRET", SECRET)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield Host(secret, listener.getsockname()[1])
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()
    patch.undo()
    assert secret.read_text() == SECRET
    assert list(secret.parent.iterdir()) == [secret]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(seconds=5.0, memory_mb=32) as sandbox:
        yield sandbox


def follow(sandbox: Sandbox, step: Awaiting | Ended) -> Ended:
    """Answers every launch with 1; code that awaits for ever is stopped by the limit on calls."""
    for _ in range(300):
        if isinstance(step, Ended):
            return step
        for launched in step.launched:
            check_plain((launched.args, dict(launched.kwargs)), launched.name)
        step = sandbox.resume(step.paused, {step.pending[0]: 1}, FUNCTIONS, plain_only, clock=6.0)
    raise AssertionError("it awaits for ever")


def outcome(ended: Ended) -> str:
    if ended.finished:
        return "finishes"
    if ended.stopped:
        return f"limit {ended.stopped}"
    return "harmless" if ended.error is None else ended.error.partition(":")[0].split(" (")[0]


def try_it(code: str, expected: str, host: Host, sandbox: Sandbox) -> None:
    """The attempt comes to what was expected, nothing is told of the host, and the session goes on."""
    ended = follow(sandbox, sandbox.run(None, host.aim(code), FUNCTIONS, plain_only, seed=1, clock=5.0))
    assert not ended.lost
    if expected.startswith("limit"):
        assert ended.stopped in expected.split()[1:], ended
    else:
        assert outcome(ended) == expected, ended
    shown = f"{ended.output} {ended.error} {ended.value!r}"
    assert SECRET not in shown
    assert sys.prefix not in shown.replace(host.aim(code), "")
    assert len(ended.output) <= 4000
    assert len(ended.error or "") < 1200
    if not ended.finished:
        after = sandbox.run(ended.state, "print('alive')", FUNCTIONS, plain_only, seed=1, clock=7.0)
        assert isinstance(after, Ended)
        assert after.output == "alive\n"


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_a_boundary_holds(boundary: str, host: Host, sandbox: Sandbox, hurried: Sandbox) -> None:
    expected, code = BOUNDARIES[boundary]
    endless = boundary.startswith("time") and expected == "limit seconds"
    try_it(code, expected, host, hurried if endless else sandbox)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "expected", "code"), ROWS, ids=[f"{k}-{i}" for i, (k, _, _) in enumerate(ROWS)]
)
def test_a_further_attempt_comes_to_nothing(
    kind: str, expected: str, code: str, host: Host, sandbox: Sandbox, hurried: Sandbox
) -> None:
    endless = kind == "time" and expected.startswith("limit seconds")
    try_it(code, expected, host, hurried if endless else sandbox)


def test_no_attempt_is_in_the_tables_twice() -> None:
    codes = [code for _, code in BOUNDARIES.values()] + [code for _, _, code in ROWS]
    assert len(codes) == len(set(codes)) == 740

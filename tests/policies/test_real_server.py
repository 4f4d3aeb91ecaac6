"""Trees by a server that is none of ours: `transformers serve` with SmolLM2, on loopback."""

from __future__ import annotations

import http.client
import importlib.util
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import rao_lab as rl
from rao_lab.errors import MissingError
from rao_lab.policies.endpoint import EndpointPolicy
from rao_lab.policies.fetch import cached
from rao_lab.tree import validate

NEEDS = ("fastapi", "uvicorn", "openai")
START = "import sys; from transformers.cli.transformers import main; sys.argv[0] = 'transformers'; main()"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the server and the name of its model."""
    lacking = [name for name in NEEDS if importlib.util.find_spec(name) is None]
    if lacking:
        pytest.skip(f"transformers serve needs {', '.join(lacking)}: pip install {' '.join(lacking)}")
    try:
        model = cached("smollm2")
    except MissingError as problem:
        pytest.skip(str(problem))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("server") / "log"
    line = [sys.executable, "-c", START, "serve", str(model), "--host", "127.0.0.1", "--port", str(port)]
    with log.open("w") as said:
        running = subprocess.Popen([*line, "--device", "cpu"], stdout=said, stderr=said)
    try:
        wait_for(port, running, log)
        yield f"http://127.0.0.1:{port}/v1#{model}"
    finally:
        running.kill()
        running.wait(20)


def wait_for(port: int, running: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 180
    while time.monotonic() < until and running.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/health")
            connection.getresponse()
            return
        except OSError:
            time.sleep(0.5)
        finally:
            connection.close()
    pytest.fail(f"the server did not start: {log.read_text()[-2000:]}")


def test_trees_grow_by_it_and_their_tokens_are_those_that_it_counts(served: str) -> None:
    """Four trees at once; it works on one request after the other, and the timeout is that of two or three."""
    policy = rl.load_policy(served, timeout=20.0, prices={"in": 1.0, "out": 1.0})
    assert isinstance(policy, EndpointPolicy)
    env = rl.environments.TextCraft(difficulty="easy")
    seen: list[int] = []
    limits = rl.Limits(max_turns=2, max_new_tokens=24, max_depth=1)
    found = rl.evaluate(env, policy, tasks=4, limits=limits, on_tick=lambda tick: seen.append(policy.written))
    nodes = [node for tree in found.trees for node in tree.nodes]
    for tree in found.trees:
        validate(tree)
    assert found.overall.unscored == 0 and all(node.status is not rl.Status.ERROR for node in nodes)
    turns = [turn for node in nodes for turn in node.turns]
    assert all(turn.read > 100 and 0 < turn.wrote <= 24 and turn.logprob is None for turn in turns)
    assert sum(turn.read for turn in turns) == found.usage["prompt_tokens"]
    assert found.overall.tokens == sum(turn.wrote for turn in turns) == found.usage["completion_tokens"]
    assert found.usage["requests"] == len(turns) and found.usage["cost"] > 0
    assert len(set(seen)) > len(turns), "what it writes is seen while it writes"


@pytest.mark.parametrize(
    ("place", "words"),
    [("/v1#no/such-model", "400 Bad Request"), ("/v2#m", "404 Not Found: Not Found (the address must name")],
)
def test_it_says_what_is_wrong_with_a_request(served: str, place: str, words: str) -> None:
    env = rl.environments.TextCraft(difficulty="easy")
    policy = rl.load_policy(served.partition("/v1#")[0] + place)
    assert words in rl.run(env.tasks("test")[0], env, policy).root.reason

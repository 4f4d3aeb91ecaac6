"""A policy behind a server: asked as it should be, and no failure of the server is more than a lost node."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from rao_lab.api.defaults import suggested
from rao_lab.api.train import train
from rao_lab.errors import ConfigError
from rao_lab.execution.executor import Executor
from rao_lab.execution.limits import Limits
from rao_lab.execution.sandbox import Sandbox
from rao_lab.policies import chat_server, endpoint
from rao_lab.policies.endpoint import EndpointPolicy
from rao_lab.policies.load import load_policy
from rao_lab.prompts import dialect
from rao_lab.protocols import TurnReply, TurnRequest
from rao_lab.training.config import TrainConfig
from rao_lab.tree import Message, Status, Tree, TreeHeader, Turn, validate
from tests.support.worlds import TASK, Shelf

Answer = Callable[["Handler", dict[str, Any]], None]


class Server(ThreadingHTTPServer):
    """Answers as the test says and remembers what it was asked."""

    daemon_threads = True
    answer: Answer
    asked: list[dict[str, Any]]
    headers: list[dict[str, str]]

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1#small-model"

    def handle_error(self, *about: Any) -> None:
        """A client that hangs up is part of the test."""


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append({**body, "path": self.path})
        self.server.headers.append(dict(self.headers))
        self.server.answer(self, body)

    def send(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *about: Any) -> None:
        """Quiet."""


def says(text: Any, finish: str = "stop", **more: Any) -> Answer:
    message = {"role": "assistant", "content": text}
    body = json.dumps({"choices": [{"message": message, "finish_reason": finish}], **more}).encode()
    return lambda handler, asked: handler.send(200, body)


def answers(status: int, body: bytes | str = b"", **headers: str) -> Answer:
    raw = body.encode() if isinstance(body, str) else body
    return lambda handler, asked: handler.send(status, raw, **headers)


def in_turn(*each: Answer) -> Answer:
    left = list(each)
    return lambda handler, asked: (left.pop(0) if len(left) > 1 else left[0])(handler, asked)


@pytest.fixture
def server() -> Iterator[Server]:
    found = Server(("127.0.0.1", 0), Handler)
    found.answer, found.asked, found.headers = says("hello"), [], []
    thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield found
    found.shutdown()
    found.server_close()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "PAUSE_SECONDS", 0.01)


def request(path: str = "0", index: int = 0, **more: Any) -> TurnRequest:
    settings: dict[str, Any] = {
        "turn": 1, "depth": 0, "agent": "recursive", "goal": "g", "args": {}, "history": (),
        "messages": (Message("system", "be brief"), Message("user", "go")),
        "noise": (0, 1, "task", 0, path, 1), "max_new_tokens": 64, "window": 0,
    }  # fmt: skip
    return TurnRequest(key=(index, path), **settings | more)


def replies(policy: EndpointPolicy, count: int = 1) -> list[TurnReply]:
    found: list[TurnReply] = []
    while len(found) < count:
        found += policy.tick()
    return found


def ask(policy: EndpointPolicy, **more: Any) -> TurnReply:
    policy.submit(request(**more))
    return replies(policy)[0]


def failure(server: Server, answer: Answer, **settings: Any) -> str:
    server.answer = answer
    reply = ask(EndpointPolicy(server.address, **settings))
    assert (reply.stop, reply.text) == ("error", "")
    assert "127.0.0.1" not in reply.error and "\n" not in reply.error and len(reply.error) < 300
    return reply.error


def test_it_asks_for_a_chat_completion(server: Server) -> None:
    reply = ask(EndpointPolicy(server.address, temperature=0.5))
    assert (reply.text, reply.stop, reply.key) == ("hello", "stop", (0, "0"))
    (asked,) = server.asked
    seed = asked.pop("seed")
    assert 0 <= seed < 2**31
    assert asked == {
        "path": "/v1/chat/completions",
        "model": "small-model",
        "messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": "go"}],
        "temperature": 0.5,
        "max_tokens": 64,
    }
    assert "Authorization" not in server.headers[0]


def test_later_turns_carry_the_whole_conversation(server: Server) -> None:
    history = (Turn(1, (Message("user", "go"),), text="gone"),)
    ask(EndpointPolicy(server.address), history=history, messages=(Message("user", "on"),), turn=2)
    assert [(m["role"], m["content"]) for m in server.asked[0]["messages"]] == [
        ("user", "go"),
        ("assistant", "gone"),
        ("user", "on"),
    ]


def test_the_seed_is_that_of_the_noise(server: Server) -> None:
    policy = EndpointPolicy(server.address)
    for noise in ((1, "a"), (1, "a"), (2, "a")):
        ask(policy, noise=noise)
    first, again, other = (asked["seed"] for asked in server.asked)
    assert first == again != other


def test_a_server_that_refuses_seeds_is_asked_without(server: Server) -> None:
    def picky(handler: Handler, asked: dict[str, Any]) -> None:
        (answers(400, '{"error": {"message": "unknown field seed"}}') if "seed" in asked else says("fine"))(
            handler, asked
        )

    server.answer = picky
    policy = EndpointPolicy(server.address)
    assert [ask(policy).text, ask(policy).text] == ["fine", "fine"]
    assert ["seed" in asked for asked in server.asked] == [True, False, False]


def test_usage_is_counted_and_gives_the_decode_steps(server: Server) -> None:
    server.answer = says("hello", usage={"prompt_tokens": 11, "completion_tokens": 7})
    policy = EndpointPolicy(server.address)
    assert [ask(policy).decode_steps, ask(policy).decode_steps] == [7, 7]
    assert policy.usage == {"requests": 2, "retries": 0, "prompt_tokens": 22, "completion_tokens": 14}


@pytest.mark.parametrize("usage", [None, [], {"completion_tokens": -1}, {"completion_tokens": "9"}, {}])
def test_usage_may_be_absent_or_nonsense(server: Server, usage: Any) -> None:
    server.answer = says("hello", usage=usage)
    assert ask(EndpointPolicy(server.address)).decode_steps == 1


def test_a_cut_answer_and_an_empty_one_are_told(server: Server) -> None:
    server.answer = in_turn(says("hel", finish="length"), says(None))
    policy = EndpointPolicy(server.address)
    assert ask(policy).stop == "length"
    assert (ask(policy).text, ask(policy).stop) == ("", "stop")


def test_replies_come_in_key_order(server: Server) -> None:
    gate = threading.Barrier(3)

    def together(handler: Handler, asked: dict[str, Any]) -> None:
        gate.wait(20)
        says("hello")(handler, asked)

    server.answer = together
    policy = EndpointPolicy(server.address)
    for index, path in ((1, "0"), (0, "0.10"), (0, "0.2")):
        policy.submit(request(path, index))
    while any(not future.done() for _, future in policy._running.values()):
        time.sleep(0.01)
    assert [reply.key for reply in policy.tick()] == [(0, "0.2"), (0, "0.10"), (1, "0")]


# What can go wrong


def test_a_busy_server_is_asked_again(server: Server) -> None:
    server.answer = in_turn(answers(500), answers(429, Retry_After="0"), says("at last"))
    policy = EndpointPolicy(server.address)
    assert ask(policy).text == "at last"
    assert policy.usage["retries"] == 2


def test_a_server_that_stays_broken_is_a_lost_policy(server: Server) -> None:
    said = failure(server, answers(500, '{"error": {"message": "out of\\nmemory"}}'))
    assert said == "the server answered 500 Internal Server Error: out of ⏎ memory"
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (404, '{"error": "no such model"}', "404 Not Found: no such model"),
        (401, '{"message": "bad key"}', "401 Unauthorized: bad key"),
        (400, b"<html>", "400 Bad Request"),
        (302, b"", "302 Found"),
        (418, b"[" * 100_000, "418"),
    ],
)
def test_what_will_not_change_is_not_asked_again(server: Server, status: int, body: Any, words: str) -> None:
    assert words in failure(server, answers(status, body))
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"", b"hello", b"\xff\xfe", b"null", b"[]", b"{}", b'{"choices": []}', b'{"choices": [3]}',
        b'{"choices": [{"message": 3}]}', b'{"choices": {"0": 1}}', b"[" * 200_000, b'{"a":' * 200_000,
    ],
)  # fmt: skip
def test_garbage_is_one_clear_line(server: Server, body: bytes) -> None:
    assert "the server's answer is" in failure(server, answers(200, body), retries=0)


def test_text_of_another_type_is_refused(server: Server) -> None:
    assert "no text" in failure(server, says([{"type": "image"}]))


def test_a_text_far_longer_than_was_asked_for_is_cut(server: Server) -> None:
    server.answer = says("x" * 100_000)
    reply = ask(EndpointPolicy(server.address), max_new_tokens=8)
    assert (reply.text, reply.stop) == ("x" * 1600, "length")


def test_a_huge_answer_is_bounded(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_server, "MAX_ANSWER_BYTES", 10_000)
    assert "larger than 10000 bytes" in failure(server, says("x" * 20_000))


def test_an_endless_answer_is_bounded(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_server, "MAX_ANSWER_BYTES", 1 << 20)

    def flood(handler: Handler, asked: dict[str, Any]) -> None:
        handler.send_response(200)
        handler.end_headers()
        while True:
            handler.wfile.write(b" " * 65536)

    assert "larger than" in failure(server, flood, timeout=60.0)


def test_an_answer_that_breaks_off_is_told(server: Server) -> None:
    def short(handler: Handler, asked: dict[str, Any]) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "500")
        handler.end_headers()
        handler.wfile.write(b'{"choices"')
        handler.close_connection = True

    assert "broke off" in failure(server, short, retries=0)


def test_a_silent_server_is_given_up(server: Server) -> None:
    over = threading.Event()
    said = failure(server, lambda handler, asked: over.wait(60) and None, timeout=0.2, retries=1)
    over.set()
    assert said == "no answer within 0.2 s"
    assert len(server.asked) == 2


def test_a_server_that_drips_is_given_up(server: Server) -> None:
    """Each byte comes in time, the answer never."""
    over = threading.Event()

    def drip(handler: Handler, asked: dict[str, Any]) -> None:
        handler.wfile.write(b"HTTP/1.0 200 OK\r\n")
        while not over.wait(0.05):
            handler.wfile.write(b"X-More: 1\r\n")

    said = failure(server, drip, timeout=0.4, retries=0)
    over.set()
    assert said == "no answer within 0.4 s"


def test_a_server_that_drips_after_a_slow_connect_is_given_up(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time is up before there is a connection to break off."""
    over = threading.Event()
    connect = http.client.HTTPConnection.connect

    def slow(connection: http.client.HTTPConnection) -> None:
        time.sleep(0.3)
        connect(connection)

    def drip(handler: Handler, asked: dict[str, Any]) -> None:
        handler.wfile.write(b"HTTP/1.0 200 OK\r\nContent-Length: 4000\r\n\r\n")
        while not over.wait(0.05):
            handler.wfile.write(b" ")

    monkeypatch.setattr(http.client.HTTPConnection, "connect", slow)
    said = failure(server, drip, timeout=0.2, retries=0)  # returns, although the answer has no end
    over.set()
    assert said == "no answer within 0.2 s"


def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}/v1#m"
        reply = ask(EndpointPolicy(address, retries=1))
    assert reply.error == "connection refused: no server listens there"


def test_a_forgotten_node_costs_no_more_waiting(server: Server) -> None:
    reached, over = threading.Event(), threading.Event()

    def silent(handler: Handler, asked: dict[str, Any]) -> None:
        reached.set()
        over.wait(60)

    server.answer = silent
    policy = EndpointPolicy(server.address, timeout=60.0, concurrency=1)
    policy.submit(request())
    assert reached.wait(20)
    ((_, future),) = policy._running.values()
    policy.forget((0, "0"))
    assert future.result(20).stop == "error"  # the thread is free at once
    over.set()
    assert policy.tick() == []
    policy.forget((0, "0"))


def test_a_tick_returns_while_the_server_thinks(server: Server) -> None:
    over = threading.Event()
    server.answer = lambda handler, asked: over.wait(60) and says("hello")(handler, asked)
    policy = EndpointPolicy(server.address)
    policy.submit(request())
    assert policy.tick() == []
    over.set()
    assert replies(policy)[0].text == "hello"


# Secrets


def test_the_key_comes_from_the_environment_and_is_never_repeated(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_ENDPOINT_KEY", "sk-very-secret")
    server.answer = answers(401, '{"error": {"message": "wrong key sk-very-secret"}}')
    policy = EndpointPolicy(server.address, api_key_env="TEST_ENDPOINT_KEY")
    reply = ask(policy)
    assert server.headers[0]["Authorization"] == "Bearer sk-very-secret"
    assert reply.error == "the server answered 401 Unauthorized: wrong key ***"
    assert "secret" not in repr(policy)


def test_a_key_that_a_server_repeats_is_not_kept(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_ENDPOINT_KEY", "sk-very-secret")
    server.answer = says("you sent sk-very-secret")
    policy = EndpointPolicy(server.address, api_key_env="TEST_ENDPOINT_KEY")
    assert ask(policy).text == "you sent ***"
    server.answer = answers(401, json.dumps({"message": "x" * 192 + "sk-very-secret"}))
    assert "sk-" not in ask(policy).error  # nor a part of it, where the words are cut


def test_a_missing_key_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEST_ENDPOINT_KEY", raising=False)
    with pytest.raises(ConfigError, match="TEST_ENDPOINT_KEY"):
        EndpointPolicy("http://h/v1#m", api_key_env="TEST_ENDPOINT_KEY")


@pytest.mark.parametrize(
    "address",
    [
        "http://h:1/v1", "http://h:1/v1#", "http:///v1#m", "ftp://h/v1#m", "h:1/v1#m", "http://h:x/v1#m",
        "http://h:99999/v1#m", "http://h:0/v1#m", "http://[::1/v1#m", "http://h/v1?key=1#m", "http://h/a b#m",
        "http://h/v1\r\nX: 1#m", "",
    ],
)  # fmt: skip
def test_a_malformed_address_is_refused(address: str) -> None:
    with pytest.raises(ConfigError, match="address"):
        EndpointPolicy(address)


def test_a_key_in_the_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(ConfigError, match="api_key_env") as caught:
        EndpointPolicy("http://user:hunter2@h/v1#m")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "settings",
    [{"temperature": -1}, {"concurrency": 0}, {"concurrency": 1.5}, {"timeout": 0}, {"retries": -1},
     {"timeout": float("nan")}, {"temperature": "hot"}],
)  # fmt: skip
def test_a_setting_that_means_nothing_is_named(settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(settings))):
        EndpointPolicy("http://h/v1#m", **settings)


# Trees


def block(code: str) -> str:
    return f"I act.\n```python\n{code}\n```"


def grow(policy: EndpointPolicy, **limits: Any) -> Tree:
    with Sandbox() as sandbox:
        executor = Executor(Shelf(), policy, dialect(policy.dialect), Limits(**limits), sandbox=sandbox)
        (tree,) = executor.run([TreeHeader(TASK)])
    validate(tree)
    return tree


def by_goal(handler: Handler, asked: dict[str, Any]) -> None:
    goal = asked["messages"][1]["content"]
    root = block("import asyncio\nr = await asyncio.gather(launch_subagent('one'), launch_subagent('two'))\n"
                 "finish('ok' if r == [1, 2] else r)")  # fmt: skip
    text = block("finish(1)") if "one" in goal else block("finish(2)") if "two" in goal else root
    says(text)(handler, asked)


def test_a_tree_grows_by_a_server_and_is_marked(server: Server) -> None:
    server.answer = by_goal
    policy = load_policy(server.address)
    assert isinstance(policy, EndpointPolicy) and suggested(policy).limits.max_depth > 0
    tree = grow(policy)
    assert (tree.root.value, len(tree), tree.success) == ("ok", 3, 1.0)
    assert tree.header.policy == "endpoint#small-model"
    assert tree.not_reproducible == "policy endpoint#small-model does not answer by the seed alone"
    assert tree.root.tokens_out == 0


def test_a_server_lost_under_way_leaves_a_valid_tree(server: Server) -> None:
    def loses_two(handler: Handler, asked: dict[str, Any]) -> None:
        lost = "two" in asked["messages"][1]["content"]
        (answers(503) if lost else by_goal)(handler, asked)

    server.answer = loses_two
    tree = grow(EndpointPolicy(server.address))
    lost = tree.node("0.1")
    assert (lost.status, lost.success) == (Status.ERROR, None)
    assert tree.root.value == [1, {"failed": "was lost: the server answered 503 Service Unavailable"}]


def test_the_time_limit_of_a_tree_acts_while_the_server_is_silent(server: Server) -> None:
    over = threading.Event()
    server.answer = lambda handler, asked: over.wait(60) and None
    tree = grow(EndpointPolicy(server.address, timeout=60.0), tree_seconds=0.5)
    over.set()
    assert tree.root.status is Status.TIMEOUT


def test_it_cannot_be_trained(server: Server) -> None:
    with pytest.raises(ConfigError, match="no weights to train"):
        train(Shelf(), EndpointPolicy(server.address), TrainConfig(probe_tasks=0))

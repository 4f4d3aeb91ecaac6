"""Requests to a chat server: whatever the server does, at most one node is lost, and the key stays secret."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from typing import Any

import pytest

from rao_lab.errors import ConfigError
from rao_lab.policies import chat_server
from rao_lab.policies.endpoint import EndpointPolicy
from tests.support.chat_servers import (
    Handler,
    Server,
    answers,
    ask,
    failure,
    in_turn,
    replies,
    request,
    says,
)


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
        (404, '{"error": "no such model"}', "no such model (the address must name the model behind #"),
        (422, '{"detail": "Unexpected fields in the request"}', "Entity: Unexpected fields in the request"),
        (
            422,
            '{"detail": [{"loc": ["body", "n"], "msg": "too big", "input": 3}]}',
            "Entity: body.n: too big",
        ),
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
    assert said == "no answer within 0.2 s (timeout sets the seconds)"
    assert len(server.asked) == 2


def test_a_server_that_drips_is_given_up(server: Server) -> None:
    """Each byte comes in time, but the whole answer never does."""
    over = threading.Event()

    def drip(handler: Handler, asked: dict[str, Any]) -> None:
        handler.wfile.write(b"HTTP/1.0 200 OK\r\n")
        while not over.wait(0.05):
            handler.wfile.write(b"X-More: 1\r\n")

    said = failure(server, drip, timeout=0.4, retries=0)
    over.set()
    assert said == "no answer within 0.4 s (timeout sets the seconds)"


def test_a_server_that_drips_after_a_slow_connect_is_given_up(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time is up before there is a connection to cancel."""
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
    assert said == "no answer within 0.2 s (timeout sets the seconds)"


def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}/v1#m"
        reply = ask(EndpointPolicy(address, retries=1))
    assert reply.error == "connection refused: no server listens there (start it, or correct the address)"


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
    assert reply.error.startswith("the server answered 401 Unauthorized: wrong key *** (api_key_env names")
    assert "secret" not in repr(policy)


def test_a_key_that_a_server_repeats_is_not_kept(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_ENDPOINT_KEY", "sk-very-secret")
    server.answer = says("you sent sk-very-secret")
    policy = EndpointPolicy(server.address, api_key_env="TEST_ENDPOINT_KEY")
    assert ask(policy).text == "you sent ***"
    server.answer = answers(401, json.dumps({"message": "x" * 192 + "sk-very-secret"}))
    assert "sk-" not in ask(policy).error  # nor a part of it at the end of a line that was cut


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

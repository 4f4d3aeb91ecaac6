"""A chat server for tests: it answers as the test says and remembers what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from rao_lab.policies.endpoint import EndpointPolicy
from rao_lab.protocols import TurnReply, TurnRequest
from rao_lab.tree import Message

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


@contextmanager
def serving(answer: Answer) -> Iterator[Server]:
    """A running server that answers so."""
    found = Server(("127.0.0.1", 0), Handler)
    found.answer, found.asked, found.headers = answer, [], []
    threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield found
    finally:
        found.shutdown()
        found.server_close()


def says(text: Any, finish: str = "stop", **more: Any) -> Answer:
    message = {"role": "assistant", "content": text}
    body = json.dumps({"choices": [{"message": message, "finish_reason": finish}], **more}).encode()
    return lambda handler, asked: handler.send(200, body)


def answers(status: int, body: bytes | str = b"", **headers: str) -> Answer:
    raw = body.encode() if isinstance(body, str) else body
    return lambda handler, asked: handler.send(status, raw, **headers)


def streams(*pieces: Any, step: int = 1 << 16, done: bool = True) -> Answer:
    """Sends these as server-sent events, so many bytes at a time."""
    texts = [piece if isinstance(piece, str) else json.dumps(piece, ensure_ascii=False) for piece in pieces]
    body = "".join(f"data: {text}\n\n" for text in [*texts, *["[DONE]"] * done]).encode()

    def answer(handler: Handler, asked: dict[str, Any]) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream; charset=utf-8")
        handler.end_headers()
        for start in range(0, len(body), step):
            handler.wfile.write(body[start : start + step])

    return answer


def in_turn(*each: Answer) -> Answer:
    left = list(each)
    return lambda handler, asked: (left.pop(0) if len(left) > 1 else left[0])(handler, asked)


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

"""Answers that come in pieces: the same reply as if they had come whole, signs of life, and whatever goes wrong."""

from __future__ import annotations

import json
import threading
import time
from contextlib import nullcontext
from typing import Any

import pytest

from rao_lab.policies.endpoint import EndpointPolicy
from tests.support.chat_servers import (
    Answer,
    Handler,
    Server,
    answers,
    ask,
    failure,
    request,
    says,
    streams,
)


def delta(**fields: Any) -> dict[str, Any]:
    return {"choices": [{"delta": fields}]}


END: dict[str, Any] = {"choices": [{"delta": {}, "finish_reason": "stop"}]}


def test_pieces_are_one_reply(server: Server) -> None:
    pieces = [
        delta(role="assistant"),
        delta(reasoning_content="hm"),
        delta(content="he"),
        delta(content="llo"),
    ]
    usage = {"choices": [], "usage": {"prompt_tokens": 11, "completion_tokens": 7}}
    server.answer = streams(*pieces, END, usage)
    reply = ask(EndpointPolicy(server.address))
    assert (reply.text, reply.thought, reply.stop) == ("hello", "hm", "stop")
    assert (reply.tokens_in, reply.tokens_out, reply.decode_steps) == (11, 7, 7)


def test_pieces_may_be_cut_anywhere_and_hold_parts(server: Server) -> None:
    parts = [
        delta(content=[{"type": "text", "text": "hé"}]),
        delta(content=[{"type": "text", "text": "llo"}]),
        END,
    ]
    server.answer = streams(*parts, step=1)
    assert ask(EndpointPolicy(server.address)).text == "héllo"


@pytest.mark.parametrize(
    ("pieces", "words"),
    [
        ([delta(content="he")], "broke off"),
        ([delta(content="he"), "no json"], "broke off"),
        (["[" * 100_000], "broke off"),
        ([delta(content="he"), {"error": {"message": "out of memory", "code": 500}}], "500 Internal"),
        (["[DONE]"], "not a chat completion"),
    ],
)  # fmt: skip
def test_pieces_that_end_badly_are_one_clear_line(server: Server, pieces: list[Any], words: str) -> None:
    assert words in failure(server, streams(*pieces, done=False), retries=0)


@pytest.mark.parametrize("refused", ["stream_options", "stream"])
def test_a_server_that_does_not_stream_is_asked_otherwise(server: Server, refused: str) -> None:
    def picky(handler: Handler, asked: dict[str, Any]) -> None:
        body = {"detail": f"Unexpected fields in the request: {{'{refused}'}}"}
        if refused in asked:
            answers(422, json.dumps(body))(handler, asked)
        elif asked.get("stream"):
            streams(delta(content="fine"), END)(handler, asked)
        else:
            says("fine")(handler, asked)

    server.answer = picky
    policy = EndpointPolicy(server.address)
    said = pytest.warns(UserWarning, match="does not stream") if refused == "stream" else nullcontext()
    with said:
        assert [ask(policy).text, ask(policy).text] == ["fine", "fine"]
    assert [refused in asked for asked in server.asked][-1] is False


def slowly(count: int, seconds: float, over: threading.Event | None = None) -> Answer:
    def answer(handler: Handler, asked: dict[str, Any]) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.end_headers()
        for _ in range(count):
            if over is not None and over.wait(seconds):
                return
            time.sleep(seconds if over is None else 0)
            handler.wfile.write(b"data: " + json.dumps(delta(content="x")).encode() + b"\n\n")
        handler.wfile.write(b"data: " + json.dumps(END).encode() + b"\n\ndata: [DONE]\n\n")

    return answer


def test_a_server_that_writes_slowly_is_not_late_while_it_writes(server: Server) -> None:
    server.answer = slowly(8, 0.1)
    assert ask(EndpointPolicy(server.address, timeout=0.4, retries=0)).text == "x" * 8


def test_what_is_written_so_far_is_seen_and_the_node_can_be_given_up(server: Server) -> None:
    over = threading.Event()
    server.answer = slowly(10_000, 0.01, over)
    policy = EndpointPolicy(server.address)
    policy.submit(request())
    until = time.monotonic() + 20
    while policy.written < 5 and time.monotonic() < until:
        policy.tick()
    assert policy.written >= 5
    ((_, future),) = policy._running.values()
    policy.forget((0, "0"))
    assert future.result(20).stop == "error"
    over.set()


def test_a_server_that_writes_for_ever_is_cut(server: Server) -> None:
    server.answer = slowly(10_000, 0.0)
    reply = ask(EndpointPolicy(server.address), max_new_tokens=8)
    assert (reply.text, reply.stop) == ("x" * 1600, "length")


def test_log_probs_are_kept_as_their_sum(server: Server) -> None:
    token = {"token": "x", "logprob": -0.25}
    server.answer = streams(
        *[{"choices": [{"delta": {"content": "x"}, "logprobs": {"content": [token]}}]}] * 3, END
    )
    reply = ask(EndpointPolicy(server.address, logprobs=True))
    assert server.asked[0]["logprobs"] is True
    assert (reply.logprob, len(reply.logprobs), len(reply.sampled_ids)) == (-0.75, 0, 0)
    assert ask(EndpointPolicy(server.address)).logprob == -0.75


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (says("", usage={}, finish="stop"), "3 empty replies in a row"),
        (
            answers(200, json.dumps({"choices": [{"message": {"content": None, "tool_calls": [{"id": "a"}]}}]})),
            "tool calls and no text",
        ),
        (says("x", finish="length", usage={"completion_tokens": 20}), "cut a reply at 20 tokens, and 64 were"),
    ],
)  # fmt: skip
def test_what_a_node_can_make_little_of_is_said_once(server: Server, answer: Answer, words: str) -> None:
    server.answer = answer
    policy = EndpointPolicy(server.address)
    with pytest.warns(UserWarning, match=words) as said:
        for _ in range(5):
            ask(policy)
    assert len(said) == 1

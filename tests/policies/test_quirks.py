"""Chat servers differ in what they take and how they answer: each way is handled, or told in one line."""

from __future__ import annotations

import json
import threading
import tracemalloc
import warnings
from typing import Any

import pytest

from rao_lab.policies import chat_server
from rao_lab.policies.endpoint import EndpointPolicy
from rao_lab.tree import Message, Status, Turn
from tests.policies.test_endpoint import block, grow
from tests.support.chat_servers import (
    Answer,
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


def refuses(field: str, words: str, status: int = 400) -> Answer:
    """A server that refuses a request with this field, and answers one without it."""

    def answer(handler: Handler, asked: dict[str, Any]) -> None:
        refused = json.dumps({"error": {"message": words, "code": None}})
        (answers(status, refused) if field in asked else says("fine"))(handler, asked)

    return answer


def talk(server: Server) -> list[tuple[str, str]]:
    return [(each["role"], each["content"]) for each in server.asked[-1]["messages"]]


# What a server refuses


@pytest.mark.parametrize(
    "words",
    [
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
        "Unrecognized request argument supplied: max_tokens",
    ],
)
def test_the_limit_on_new_tokens_is_called_as_the_server_calls_it(server: Server, words: str) -> None:
    server.answer = refuses("max_tokens", words)
    policy = EndpointPolicy(server.address)
    assert [ask(policy).text, ask(policy).text] == ["fine", "fine"]
    assert [each.get("max_completion_tokens") for each in server.asked] == [None, 64, 64]


def test_a_server_with_a_temperature_of_its_own_is_asked_without_and_it_is_said_once(server: Server) -> None:
    server.answer = refuses(
        "temperature",
        "Unsupported value: 'temperature' does not support 0.5. Only the default (1) value is supported.",
    )
    policy = EndpointPolicy(server.address, temperature=0.5)
    with pytest.warns(
        UserWarning, match=r"small-model allows no temperature but its own.* not sample at 0\.5"
    ) as said:
        assert [ask(policy).text, ask(policy).text] == ["fine", "fine"]
    assert len(said) == 1
    assert ["temperature" in each for each in server.asked] == [True, False, False]
    assert policy.temperature is None  # an evaluation does not claim 0.5


def test_a_temperature_that_means_nothing_to_a_server_is_not_dropped(server: Server) -> None:
    said = failure(server, answers(400, '{"message": "temperature must lie in [0, 2]"}'), temperature=9.0)
    assert said == "the server answered 400 Bad Request: temperature must lie in [0, 2]"


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (400, "System role not supported"),
        (400, "Conversation roles must alternate user/assistant/user/assistant/..."),
        (400, "Developer instruction is not enabled for models/gemma-3-27b-it"),
        (500, "Jinja Exception: Only user and assistant roles are supported!"),
    ],
)
def test_without_a_system_role_its_text_begins_the_first_user_message(
    server: Server, status: int, words: str
) -> None:
    def picky(handler: Handler, asked: dict[str, Any]) -> None:
        system = any(each["role"] == "system" for each in asked["messages"])
        (answers(status, json.dumps({"error": words})) if system else says("fine"))(handler, asked)

    server.answer = picky
    policy = EndpointPolicy(server.address)
    with pytest.warns(
        UserWarning, match="takes no system messages: their text begins the first user"
    ) as said:
        assert [ask(policy).text, ask(policy).text] == ["fine", "fine"]
    assert len(said) == 1 and len(server.asked) == 3
    assert talk(server) == [("user", "be brief\n\ngo")]


def test_a_server_with_several_quirks_is_learned_one_by_one(server: Server) -> None:
    def picky(handler: Handler, asked: dict[str, Any]) -> None:
        for field in ("seed", "max_tokens", "temperature"):
            if field in asked:
                body = {"detail": [{"loc": ["body", field], "msg": "Extra inputs are not permitted"}]}
                return answers(422, json.dumps(body))(handler, asked)
        return says("fine")(handler, asked)

    server.answer = picky
    policy = EndpointPolicy(server.address)
    assert [ask(policy).text, ask(policy).text] == ["fine", "fine"]
    assert len(server.asked) == 5


def test_requests_that_were_under_way_when_a_quirk_was_learned_are_sent_again(server: Server) -> None:
    """Both were sent with the field; the second is refused when the first has taught the policy already."""
    both = threading.Barrier(2)

    def picky(handler: Handler, asked: dict[str, Any]) -> None:
        if "seed" in asked:
            both.wait(20)
        refuses("seed", "unknown field seed")(handler, asked)

    server.answer = picky
    policy = EndpointPolicy(server.address)
    policy.submit(request("0"))
    policy.submit(request("0", 1))
    assert [reply.text for reply in replies(policy, 2)] == ["fine", "fine"]


# How a server answers


def test_an_empty_reply_is_not_sent_back(server: Server) -> None:
    history = (
        Turn(1, (Message("system", "be brief"), Message("user", "go")), text=" \n"),
        Turn(2, (Message("user", "no code was found"),), text="on it"),
    )
    ask(EndpointPolicy(server.address), history=history, messages=(Message("user", "and?"),), turn=3)
    assert talk(server) == [
        ("system", "be brief"), ("user", "go\n\nno code was found"), ("assistant", "on it"), ("user", "and?"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ([{"type": "text", "text": "fin"}, {"type": "text", "text": "ish"}], "finish"),
        (["fin", "ish"], "finish"),
        ([{"type": "reasoning", "text": "hm"}, {"type": "output_text", "text": "a"}], "a"),
        ([{"type": "image_url"}, {"type": "text", "text": "a"}], "a"),
        ([], ""),
        ({"type": "text", "text": "a"}, "a"),
    ],
)
def test_text_in_parts_is_joined(server: Server, content: Any, text: str) -> None:
    server.answer = says(content)
    assert ask(EndpointPolicy(server.address)).text == text


@pytest.mark.parametrize(
    ("body", "said", "tries"),
    [
        ({"error": {"message": "no such model", "code": 404}}, "answered 404 Not Found: no such model", 1),
        ({"error": {"message": "upstream is busy", "code": 503}}, "answered 503 Service Unavailable: upstream", 2),
        ({"error": "out of memory"}, "answered with an error: out of memory", 2),
        ({"object": "error", "message": "bad", "code": 400}, "answered 400 Bad Request: bad", 1),
        ({"choices": [{"error": {"message": "filtered", "code": "451"}, "finish_reason": "error"}]}, "451", 1),
        ({"choices": [{"message": {"content": ""}, "finish_reason": "error"}]}, "answered with an error", 2),
    ],
)  # fmt: skip
def test_an_error_inside_a_200_is_an_error(server: Server, body: Any, said: str, tries: int) -> None:
    assert said in failure(server, answers(200, json.dumps(body)), retries=1)
    assert len(server.asked) == tries


def test_an_answer_with_an_empty_error_is_an_answer(server: Server) -> None:
    server.answer = says("fine", error=None)
    assert ask(EndpointPolicy(server.address)).text == "fine"


FULL = [
    (400, "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens"),
    (400, "the request exceeds the available context size. try increasing the context size"),
    (400, "`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 4000 `inputs` tokens"),
    (400, "prompt is too long: 210000 tokens > 200000 maximum"),
    (413, "The input token count (40000) exceeds the maximum number of tokens allowed (32768)."),
    (200, "context_length_exceeded"),
    (
        400,
        "'max_tokens' or 'max_completion_tokens' is too large: 256. This model's maximum context length is 300",
    ),
]


@pytest.mark.parametrize(("status", "words"), FULL)
def test_a_full_context_is_a_limit_and_not_a_loss(server: Server, status: int, words: str) -> None:
    first = block("x = 1")
    server.answer = in_turn(says(first), answers(status, json.dumps({"error": {"message": words}})))
    root = grow(EndpointPolicy(server.address)).root
    assert (root.status, root.success, root.success_source) == (Status.CONTEXT_LIMIT, 0.0, "rule")
    assert root.reason == f"the server says: {words}"
    assert len(server.asked) == 2 and root.turns[-1].stop == "context"


def test_the_reason_of_a_server_is_short_visible_and_without_key_or_address(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_ENDPOINT_KEY", "sk-very-secret-indeed")
    words = (
        f"\x1b[31mkey sk-very-secret-indeed (sk-ver...deed) at http://127.0.0.1:{server.server_port}/v1,"
        f" 127.0.0.1:{server.server_port} or 10.1.2.3:80\u202e" + "x" * 500
    )
    server.answer = answers(200, json.dumps({"error": {"message": words, "code": 400}}))
    said = ask(EndpointPolicy(server.address, api_key_env="TEST_ENDPOINT_KEY")).error
    assert said.startswith("the server answered 400 Bad Request: ␛[31mkey *** (*** at *** *** or ***⟨202E⟩xx")
    assert len(said) < 250


def test_an_answer_in_tiny_chunks_takes_no_more_memory_than_its_bytes(server: Server) -> None:
    body = json.dumps({"choices": [{"message": {"content": "hi"}}], "more": "x" * 300_000}).encode()
    chunks = b"".join(b"2\r\n" + body[at : at + 2] + b"\r\n" for at in range(0, len(body) - 1, 2))

    def tiny(handler: Handler, asked: dict[str, Any]) -> None:
        handler.protocol_version = "HTTP/1.1"
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.wfile.write(
            chunks + (b"1\r\n" + body[-1:] + b"\r\n" if len(body) % 2 else b"") + b"0\r\n\r\n"
        )
        handler.close_connection = True

    server.answer = tiny
    policy = EndpointPolicy(server.address)
    tracemalloc.start()
    try:
        assert ask(policy).text == "hi"
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 10 * len(body)


def test_endless_tiny_chunks_end_with_the_bytes(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_server, "MAX_ANSWER_BYTES", 20_000)

    def endless(handler: Handler, asked: dict[str, Any]) -> None:
        handler.protocol_version = "HTTP/1.1"
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        while True:
            handler.wfile.write(b"1\r\n \r\n" * 1000)

    assert "larger than 20000 bytes" in failure(server, endless, timeout=60.0)


def test_nothing_is_said_of_a_server_without_quirks(server: Server) -> None:
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        ask(EndpointPolicy(server.address))
    assert not said

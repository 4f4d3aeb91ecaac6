"""A policy behind a chat server: what it asks, and the trees that it grows."""

from __future__ import annotations

import json
import re
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rao_lab.api.defaults import suggested
from rao_lab.api.export import record
from rao_lab.api.train import train
from rao_lab.credit.table import tabulate
from rao_lab.errors import ConfigError
from rao_lab.execution.executor import Executor
from rao_lab.execution.limits import Limits
from rao_lab.execution.overtime import lost_to_server
from rao_lab.execution.sandbox import Sandbox
from rao_lab.policies.endpoint import EndpointPolicy
from rao_lab.policies.load import load_policy
from rao_lab.prompts import find
from rao_lab.store import open_run
from rao_lab.training.config import TrainConfig
from rao_lab.tree import Message, Status, Tree, TreeHeader, Turn, validate
from rao_lab.tree.codec import tree_from_json, tree_to_json
from rao_lab.views.progress import Progress
from tests.support.chat_servers import (
    Answer,
    Handler,
    Server,
    answers,
    ask,
    failure,
    in_turn,
    request,
    says,
    streams,
)
from tests.support.worlds import TASK, Shelf


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
        "stream": True,
        "stream_options": {"include_usage": True},
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


def test_an_answer_that_is_none_is_quoted_without_the_key_and_the_address(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "sk-0123456789abcdef"
    monkeypatch.setenv("THE_KEY", key)
    for body, words in (
        (
            f"<html>\x1b[2J Who is {key} at {server.address}?" + "x" * 300,
            "not JSON: it begins <html>␛[2J Who is *** at",
        ),
        ("", "not JSON: it is empty"),
        ('{"choices": []}', 'not a chat completion: it begins {"choices": []}'),
    ):
        error = failure(server, answers(200, body), api_key_env="THE_KEY", retries=0)
        assert words in error and len(error) < 160 and key[:8] not in error


def test_a_cut_answer_and_an_empty_one_are_told(server: Server) -> None:
    server.answer = in_turn(says("hel", finish="length"), says(""))
    policy = EndpointPolicy(server.address)
    with pytest.warns(UserWarning, match="cut a reply after at most 3 tokens, and 64 were allowed"):
        assert ask(policy).stop == "length"
    assert (ask(policy).text, ask(policy).stop) == ("", "stop")


@pytest.mark.parametrize(
    "answer",
    [
        answers(200, '{"choices": []}'),
        says(None),
        streams({"choices": []}),
        streams({"choices": [{"delta": {"content": None}, "finish_reason": "stop"}]}),
    ],
)
def test_an_answer_without_any_turn_is_the_fault_of_the_server(server: Server, answer: Answer) -> None:
    """It is tried again like a 500, and its node is not scored. An empty text is a turn of the model."""
    server.answer = answer
    tree = grow(EndpointPolicy(server.address, retries=1))
    assert (tree.root.status, tree.root.success, len(server.asked)) == (Status.ERROR, None, 2)
    assert "the server's answer" in tree.root.reason


@pytest.mark.parametrize(
    "answer",
    [
        says(""),
        says(None, finish="length"),
        says(None, usage={"completion_tokens": 1}),
        answers(200, '{"choices": [{"message": {"content": null, "refusal": "I will not."}}]}'),
        streams({"choices": [{"delta": {"content": ""}, "finish_reason": "stop"}]}),
    ],
)
@pytest.mark.filterwarnings("ignore:the server of small-model cut a reply")
def test_an_empty_turn_is_the_models_if_anything_shows_that_it_wrote(server: Server, answer: Answer) -> None:
    server.answer = answer
    reply = ask(EndpointPolicy(server.address))
    assert (reply.text, reply.error, len(server.asked)) == ("", "", 1)


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (says("x" * 40, finish="length"), "the server cut your turn (finish_reason length)"),
        (says("x" * 400, finish="length"), "your turn was cut by the limit of 64 tokens"),
        (says("x" * 40, finish="length", usage={"completion_tokens": 64}), "cut by the limit of 64 tokens"),
    ],
)
@pytest.mark.filterwarnings("ignore:the server of small-model cut a reply")
def test_a_node_is_told_whose_limit_cut_its_turn(server: Server, reply: Answer, words: str) -> None:
    server.answer = in_turn(reply, says(block("finish(1)")))
    tree = grow(EndpointPolicy(server.address), max_new_tokens=64)
    assert words in (tree.root.turns[0].error or "")


def test_each_request_that_is_sent_is_counted(server: Server) -> None:
    """Also those that go out again at once, without what the server did not take."""
    late = streams(
        {"choices": [{"delta": {"content": "he"}}]}, {"error": {"message": "oom mid stream"}}, done=False
    )
    server.answer = late
    policy = EndpointPolicy(server.address, retries=2)
    assert "oom mid stream" in ask(policy).error
    assert [asked.get("stream") for asked in server.asked] == [True] * 3  # what broke off was no refusal
    assert (policy.usage["requests"], policy.usage["retries"]) == (3, 2)

    def picky(handler: Handler, asked: dict[str, Any]) -> None:
        refused = answers(422, '{"detail": "unexpected field: seed"}')
        (refused if "seed" in asked else says("fine"))(handler, asked)

    server.answer, server.asked = picky, []
    policy = EndpointPolicy(server.address)
    assert ask(policy).text == "fine"
    assert (policy.usage["requests"], policy.usage["retries"], len(server.asked)) == (2, 0, 2)


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


# Trees


def block(code: str) -> str:
    return f"I act.\n```python\n{code}\n```"


def grow(policy: EndpointPolicy, **limits: Any) -> Tree:
    with Sandbox() as sandbox:
        executor = Executor(Shelf(), policy, find(policy.dialect), Limits(**limits), sandbox=sandbox)
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


def test_the_tokens_of_a_tree_are_those_that_the_server_counts(server: Server, tmp_path: Path) -> None:
    """In the tree, in its picture and in the run file; credit goes by recorded ids alone."""
    usage = {"prompt_tokens": 812, "completion_tokens": 35}
    server.answer = in_turn(says("hm", usage=usage), says(block("finish('ok')"), usage=usage))
    tree = grow(EndpointPolicy(server.address))
    assert (tree.root.tokens_in, tree.root.tokens_out, tree.root.peak_context) == (1624, 70, 847)
    assert "70 tokens" in str(tree)
    record([tree], tmp_path / "a.rao")
    run = open_run(tmp_path / "a.rao")
    (kept,) = run.groups(0)[0].trees
    assert kept == replace(tree, header=kept.header)
    columns = run.node_table(0)
    assert (columns.tokens_in.tolist(), columns.tokens_out.tolist()) == ([1624], [70])
    assert columns.credit_table().tokens.tolist() == [0] == tabulate(run.groups(0)).tokens.tolist()
    assert tree_from_json(tree_to_json(tree)) == tree


DRAFT = "```python\nfinish('draft')\n```"
APART: tuple[dict[str, Any], ...] = (
    {"reasoning_content": DRAFT},
    {"reasoning": DRAFT, "reasoning_content": None},
    {"reasoning": {"text": DRAFT}},
    {"thinking": [{"type": "text", "text": DRAFT}]},
)


@pytest.mark.parametrize("more", APART, ids=lambda more: "-".join(more))
def test_reasoning_that_a_server_sends_apart_is_thought_and_does_not_run(
    server: Server, more: dict[str, Any]
) -> None:
    message = {"role": "assistant", "content": block("finish(1)"), **more}
    server.answer = answers(200, json.dumps({"choices": [{"message": message, "finish_reason": "stop"}]}))
    tree = grow(EndpointPolicy(server.address))
    assert (tree.root.value, tree.root.turns[0].thought) == (1, f"{DRAFT}\n\nI act.")


def test_a_server_that_sends_parts_gives_text_and_thought(server: Server) -> None:
    """Also if it was cut before the first part of text: that is an empty reply, and no lost server."""
    thought = {"type": "thinking", "thinking": [{"type": "text", "text": DRAFT}]}
    for parts, text in (([thought, {"type": "text", "text": "go"}], "go"), ([thought], "")):
        server.answer = says(parts)
        reply = ask(EndpointPolicy(server.address))
        assert (reply.stop, reply.text, reply.thought) == ("stop", text, DRAFT)


@pytest.mark.parametrize("odd", [3, True, {"text": 3}, [[[[[["deep"]]]]]], [None], {"a": "b"}])
def test_reasoning_of_another_shape_is_no_thought(server: Server, odd: Any) -> None:
    message = {"role": "assistant", "content": block("finish(1)"), "reasoning": odd}
    server.answer = answers(200, json.dumps({"choices": [{"message": message}]}))
    assert ask(EndpointPolicy(server.address)).thought == ""


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
    assert (tree.root.status, tree.root.success) == (Status.ERROR, None)
    assert tree.root.reason.startswith("nothing came from the server in ")


def test_a_slow_model_that_uses_up_the_time_of_its_tree_has_failed(server: Server) -> None:
    """The server gives signs of life: that the turn is not there is the model's own failure."""
    over = threading.Event()

    def one_piece(handler: Handler, asked: dict[str, Any]) -> None:
        streams({"choices": [{"delta": {"content": "I th"}}]}, done=False)(handler, asked)
        handler.wfile.flush()
        over.wait(60)

    server.answer = one_piece
    tree = grow(EndpointPolicy(server.address, timeout=60.0), tree_seconds=2.0)
    over.set()
    assert (tree.root.status, tree.root.success) == (Status.TIMEOUT, 0.0)


@pytest.mark.parametrize(("asked", "wait"), [("86400", "24 h"), ("40", "40 s")])
def test_a_server_that_asks_to_wait_longer_than_the_tree_has_failed_at_once(
    server: Server, asked: str, wait: str
) -> None:
    server.answer = answers(429, '{"error": {"message": "quota for today"}}', Retry_After=asked)
    policy = EndpointPolicy(server.address, retries=9)
    root = grow(policy, tree_seconds=30.0).root
    assert (root.status, root.success) == (Status.ERROR, None)
    assert root.reason == (
        f"the server asks to wait {wait} (answered 429 Too Many Requests: quota for today)"
    )
    assert policy.usage["requests"] == 1


def test_a_wait_for_a_retry_is_said_and_is_no_failure_of_the_model(server: Server) -> None:
    """Nor is it one of the nodes that await the node."""
    server.answer = answers(429, '{"error": {"message": "slow down"}}', Retry_After="40")
    policy = EndpointPolicy(server.address)
    policy.submit(request(left=60.0))
    while not policy.held_up:
        assert not policy.tick()
    assert re.search(r"\(waits [34]\d s: 429 Too Many Requests: slow down\)", Progress(policy).line())
    why = policy.server_fault((0, "0"), 30.0)
    assert why == (
        "the tree's time was over before another try: the server answered 429 Too Many Requests: slow down"
    )
    lost = lost_to_server(
        [(0, "0"), (0, "0.0"), (0, "0.0.1"), (0, "0.1")], lambda key: "w" * (key[1] == "0.0.1")
    )
    waiting = "it awaited a node that was lost: w"
    assert lost == {"0.0.1": "w", "0.0": waiting, "0": waiting}
    policy.forget((0, "0"))


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("org/model", "org/model"),
        ("/home/me/models/tiny/", "tiny"),
        ("C:\\models\\tiny", "tiny"),
        ("~/tiny", "tiny"),
    ],
)
def test_a_record_does_not_say_where_a_server_keeps_its_model(model: str, name: str) -> None:
    policy = EndpointPolicy(f"http://h/v1#{model}")
    assert (policy.name, policy.model_name) == (f"endpoint#{name}", model)


def test_it_cannot_be_trained(server: Server) -> None:
    with pytest.raises(ConfigError, match="no weights to train"):
        train(Shelf(), EndpointPolicy(server.address), TrainConfig(probe_tasks=0))

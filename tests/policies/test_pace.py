"""How many requests a server gets, when they are late, and when they are tried again."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from rao_lab.execution.executor import Executor
from rao_lab.execution.limits import Limits
from rao_lab.execution.sandbox import Sandbox
from rao_lab.policies import pace
from rao_lab.policies.endpoint import EndpointPolicy
from rao_lab.policies.pace import Pace, Slot, Tries
from rao_lab.prompts import find
from rao_lab.tree import Status, TreeHeader
from tests.policies.test_endpoint import by_goal
from tests.support.chat_servers import Handler, Server, answers, ask, replies, request, says
from tests.support.worlds import TASK, Shelf

NEVER = threading.Event()


def started(pace: Pace) -> Slot:
    slot = pace.start(NEVER)
    assert slot is not None
    return slot


@contextmanager
def one_by_one(server: Server, seconds: float, most_waiting: int = 1000) -> Iterator[None]:
    """The server answers one request after the other, each after so long, also those that nobody awaits any more.

    One that finds too many waiting is refused.
    """
    here, counting = [0], threading.Lock()

    def answer(handler: Handler, asked: dict[str, Any]) -> None:
        with counting:
            here[0] += 1
            full = here[0] > most_waiting
        if full:
            answers(503)(handler, asked)
        else:
            line.submit(time.sleep, seconds).result()
            by_goal(handler, asked)
        with counting:
            here[0] -= 1

    server.answer = answer
    with ThreadPoolExecutor(1) as line:
        yield


@pytest.mark.parametrize("most_waiting", [1000, 3], ids=["it queues", "it refuses"])
def test_a_slow_server_that_takes_one_request_after_the_other_loses_no_node(
    server: Server, most_waiting: int
) -> None:
    """Ten trees at once: with a timeout of nine answers, most were lost."""
    policy = EndpointPolicy(server.address, timeout=0.9)
    with one_by_one(server, 0.1, most_waiting), Sandbox() as sandbox:
        run = Executor(Shelf(), policy, find("codeact"), Limits(), sandbox=sandbox).run
        trees = run([TreeHeader(TASK, group=group) for group in range(10)])
    assert [node.reason for tree in trees for node in tree.nodes if node.status is Status.ERROR] == []
    assert [tree.success for tree in trees] == [1.0] * 10


def test_an_overloaded_server_is_sent_fewer_at_once_and_then_more_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pace, "PAUSE_SECONDS", 0.001)
    many = Pace(16, 9.0)
    slots = [started(many) for _ in range(16)]
    for slot in slots[:4]:
        many.failed(slot, overloaded=True)
    assert many.allowed == 8, "they were sent together, so they speak of one overload"
    for slot in slots[4:]:
        many.answered(slot)
    assert 9 <= many.allowed <= 10
    for _ in range(6):
        many.failed(started(many), overloaded=True)
    assert many.allowed == 1


def test_a_request_is_late_only_if_neither_it_nor_an_earlier_one_gives_a_sign_of_life() -> None:
    many = Pace(3, 9.0)
    first, second, third = (started(many) for _ in range(3))
    for slot in (first, second, third):
        slot.since -= 5
    second.alive()
    assert [round(slot.left()) for slot in (first, second, third)] == [4, 9, 9]


def test_a_server_may_be_sent_so_many_a_minute(server: Server) -> None:
    policy = EndpointPolicy(server.address, requests_per_minute=600)
    before = time.monotonic()
    for index in range(4):
        policy.submit(request(index=index))
    replies(policy, 4)
    assert time.monotonic() - before >= 0.3


def test_a_pause_that_a_server_asks_for_holds_every_request() -> None:
    many = Pace(3, 9.0)
    many.failed(started(many), overloaded=False, pause=0.2)
    before = time.monotonic()
    started(many)
    assert time.monotonic() - before >= 0.19


def test_a_request_that_waits_for_its_turn_can_be_given_up() -> None:
    many, gone = Pace(1, 9.0), threading.Event()
    started(many)
    threading.Timer(0.1, gone.set).start()
    assert many.start(gone) is None


def test_pauses_double_with_a_jitter_that_is_the_same_for_the_same_request() -> None:
    def pauses(noise: str) -> list[float | None]:
        tries = Tries(3, (0, noise))
        return [tries.pause(0.0, crowded=False) for _ in range(4)]

    first = pauses("a")
    assert first == pauses("a") != pauses("b")
    assert first[3] is None
    for doubled, pause in enumerate(first[:3]):
        assert pause is not None and 0.5 <= pause / (pace.PAUSE_SECONDS * 2**doubled) < 1.5


def test_company_is_no_failure_of_a_request_but_not_for_ever() -> None:
    tries = Tries(0, (0,))
    crowded = [tries.pause(0.0, crowded=True) for _ in range(pace.MOST_CROWDED + 1)]
    assert None not in crowded[:-1] and crowded[-1] is None


def test_a_node_that_is_forgotten_is_no_sign_of_an_overloaded_server(server: Server) -> None:
    """Nor does a server hold all requests for longer than is sensible."""
    over, asked = threading.Event(), threading.Semaphore(0)

    def one_answers(handler: Handler, body: dict[str, Any]) -> None:
        asked.release()
        if len(server.asked) < 4:
            over.wait(60)
        says("hello")(handler, body)

    server.answer = one_answers
    policy = EndpointPolicy(server.address, concurrency=8)
    for index in range(4):
        policy.submit(request(index=index))
    (reply,) = replies(policy)
    under_way = [key for key in policy._running if key != reply.key]
    futures = [policy._running[key][1] for key in under_way]
    for key in under_way:
        policy.forget(key)
    assert [future.result(20).stop for future in futures] == ["error"] * 3
    over.set()
    assert policy._pace.allowed == 8
    policy._pace.failed(started(policy._pace), overloaded=False, pause=1e9)
    assert policy._pace._next - time.monotonic() <= pace.MAX_ASKED_SECONDS


def test_usage_has_the_cost_by_the_prices_of_the_user(server: Server) -> None:
    server.answer = says("hello", usage={"prompt_tokens": 3_000, "completion_tokens": 500})
    policy = EndpointPolicy(server.address, prices={"in": 0.5, "out": 2.0})
    ask(policy)
    assert policy.usage["cost"] == pytest.approx(0.0025)

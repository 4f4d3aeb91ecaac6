"""A policy behind an OpenAI-compatible chat server. It runs trees and cannot be trained.

Requests run in a few threads. A tick waits a moment for answers, so that pause, stop and the limit on a tree's
time work while a server is silent. There are no tokens to record. The same seed may give another answer, so
trees are marked not reproducible. A request that fails ends its node, with a reason that holds neither the
address nor the key.
"""

from __future__ import annotations

import hashlib
import json
import threading
import warnings
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from typing import Any

from rao_lab.base.checks import number, whole
from rao_lab.base.safe_text import unquoted
from rao_lab.policies.chat_server import (
    AnswerLost,
    Call,
    ChatServer,
    complaint,
    read_address,
    read_completion,
    read_key,
    refusal,
)
from rao_lab.policies.pending import key_order, lost
from rao_lab.policies.quirks import Habits, context_full, learned, messages_for
from rao_lab.policies.reasoned import sent_apart
from rao_lab.prompts import Prompt, find, made_for
from rao_lab.protocols import NodeKey, TurnReply, TurnRequest

WAIT_SECONDS = 0.2
"""How long a tick waits for an answer."""
PAUSE_SECONDS = 0.5
"""Pause before the first retry; it doubles for each further one."""
MOST_CHARS_PER_TOKEN = 200
"""More than the longest token of any vocabulary. A text that is longer than this for each token asked for is cut."""
MAX_PAUSE_SECONDS = 30.0
"""Longest pause, also if the server asks for more."""


class EndpointPolicy:
    """Samples turns from a server.

    Args:
        address: "http://host:port/v1#model": what stands before "/chat/completions", and the model's name.
        temperature: of sampling; 0 = always the likeliest token.
        api_key_env: name of the environment variable that holds the key; None = no key is sent. A record masks
            the key if a text holds it in full, and that is all: code can write it in pieces.
        concurrency: requests that run at once.
        timeout: seconds that one try may take.
        retries: further tries if the server is busy, unreachable or too slow.
        prompt: the words that its agents read if a call names no other, as in `rl.run`.

    Attributes:
        usage: totals so far of requests, retries, prompt_tokens and completion_tokens, as the server reports them.

    Raises:
        ConfigError: the address has no host or no model, or holds a key; or a setting means nothing.
        MissingError: no such prompt.
    """

    window = 0
    version = 0
    reproducible = False

    def __init__(
        self,
        address: str,
        *,
        temperature: float = 1.0,
        api_key_env: str | None = None,
        concurrency: int = 16,
        timeout: float = 120.0,
        retries: int = 2,
        prompt: Prompt = "codeact",
    ) -> None:
        number("temperature", temperature, most=100.0)
        whole("concurrency", concurrency, least=1, most=1000)
        number("timeout", timeout, least=0.01, most=1e6)
        whole("retries", retries, least=0, most=1000)
        place, self.model_name = read_address(address)
        self.name = f"endpoint#{self.model_name}"
        self.prompt = find(prompt)
        self.dialect = made_for(self.prompt, "codeact")
        self._temperature = temperature
        self.usage = dict.fromkeys(("requests", "retries", "prompt_tokens", "completion_tokens"), 0)
        self._server = ChatServer(place, read_key(api_key_env), timeout)
        self._retries = retries
        self._habits = Habits()
        self._told: set[str] = set()
        self._pool = ThreadPoolExecutor(concurrency, thread_name_prefix="rao-lab-endpoint")
        self._running: dict[NodeKey, tuple[Call, Future[TurnReply]]] = {}
        self._counting = threading.Lock()

    @property
    def temperature(self) -> float | None:
        """Of sampling; None if the server allows only its own."""
        return self._temperature if self._habits.temperature else None

    @temperature.setter
    def temperature(self, value: float) -> None:
        self._temperature = value

    def submit(self, request: TurnRequest) -> None:
        call = Call()
        self._running[request.key] = call, self._pool.submit(self._reply, request, call)

    def tick(self) -> Sequence[TurnReply]:
        """The turns that ended, in key order; none if no answer came within `WAIT_SECONDS`."""
        if self._running:
            wait([future for _, future in self._running.values()], WAIT_SECONDS, FIRST_COMPLETED)
        ended = [key for key, (_, future) in self._running.items() if future.done()]
        replies = [self._running.pop(key)[1].result() for key in ended]
        self._tell()
        return sorted(replies, key=lambda reply: key_order(reply.key))

    def without_key(self, text: str) -> str:
        """The text with the key masked, if it holds the key in full: what is recorded of a tree passes here."""
        return self._server.without_key(text)

    def forget(self, key: NodeKey) -> None:
        """The node ended: a request that still runs is cancelled."""
        running = self._running.pop(key, None)
        if running is not None:
            running[1].cancel()
            running[0].abandon()

    def _tell(self) -> None:
        """Says once what was learned of the server and changes what the model is asked."""
        habits, temperature = self._habits, self._temperature
        notes = {
            "system": ""
            if habits.system
            else "takes no system messages: their text begins the first user message",
            "temperature": f"allows no temperature but its own: it does not sample at {temperature:g}",
        }
        if habits.temperature or temperature == 1.0:
            del notes["temperature"]
        for name, note in notes.items():
            if note and name not in self._told:
                self._told.add(name)
                warnings.warn(f"the server of {unquoted(self.model_name)} {note}", stacklevel=3)

    # In the threads of the pool.

    def _reply(self, request: TurnRequest, call: Call) -> TurnReply:
        for tried in range(self._retries + 1):
            self._count(requests=1, retries=int(tried > 0))
            try:
                return self._ask(request, call)
            except AnswerLost as failure:
                reason = failure.reason
                pause = min(MAX_PAUSE_SECONDS, failure.pause or PAUSE_SECONDS * 2**tried)
                if not failure.again or tried == self._retries or call.gone.wait(pause):
                    break
        return lost(request, reason)

    def _ask(self, request: TurnRequest, call: Call) -> TurnReply:
        while True:
            habits = self._habits
            answer = self._server.ask(json.dumps(self._body(request, habits)).encode(), call)
            said = complaint(answer)
            if said is None:
                break
            if context_full(said.words) and said.status not in (401, 403, 404, 429):
                reason = f"the server says: {self._server.reason(said.words)}"
                return TurnReply(request.key, "", stop="context", version=self.version, error=reason)
            more = learned(habits, said.words, request)
            if not more:
                raise refusal(said, answer.pause, self._server.reason)
            with self._counting:
                self._habits = replace(self._habits, **more)  # type: ignore[arg-type]
        text, stop, used = read_completion(answer.body)
        self._count(**used)
        text, most = self._server.without_key(text), MOST_CHARS_PER_TOKEN * request.max_new_tokens
        text, stop = (text, stop) if len(text) <= most else (text[:most], "length")
        steps = max(1, used["completion_tokens"])
        thought = self._server.without_key(sent_apart(answer.body))[:most]
        return TurnReply(
            request.key,
            text,
            stop=stop,
            version=self.version,
            decode_steps=steps,
            thought=thought,
            tokens_in=used["prompt_tokens"],
            tokens_out=used["completion_tokens"],
        )

    def _body(self, request: TurnRequest, habits: Habits) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self.model_name,
            "messages": messages_for(request, habits),
            habits.limit: request.max_new_tokens,
        }
        if habits.temperature:
            body["temperature"] = self._temperature
        if habits.seed:
            body["seed"] = _seed(request.noise)
        return body

    def _count(self, **more: int) -> None:
        with self._counting:
            for name, count in more.items():
                self.usage[name] += count


def _seed(noise: Sequence[int | str]) -> int:
    digest = hashlib.blake2b(repr(tuple(noise)).encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") >> 1

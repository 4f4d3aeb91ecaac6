"""A policy behind an OpenAI-compatible chat server. It runs trees and cannot be trained.

Requests run in a few threads. A tick waits a moment for answers, so that pause, stop and the limit on a tree's
time work while a server is silent. There are no tokens to record. The same seed may give another answer, so
trees are marked not reproducible. A request that fails ends its node, with a reason that holds neither the
address nor the key.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from typing import Any

from rao_lab.base.cell import facts_html
from rao_lab.base.checks import flag, number, whole
from rao_lab.base.safe_text import unquoted
from rao_lab.base.token_bound import most_tokens
from rao_lab.base.warned import warn_user
from rao_lab.policies.awaited import SILENT_SHARE, Awaited
from rao_lab.policies.chat_server import ChatServer, read_address, read_key
from rao_lab.policies.completion import AnswerLost, Completion, complaint, read_completion, refusal
from rao_lab.policies.pace import Pace, Slot, Tries
from rao_lab.policies.pending import key_order, lost
from rao_lab.policies.prices import cost_of, read_prices
from rao_lab.policies.quirks import Habits, context_full, learned, messages_for
from rao_lab.policies.reasoned import sent_apart
from rao_lab.prompts import Prompt, find, made_for
from rao_lab.protocols import NodeKey, TurnReply, TurnRequest
from rao_lab.tree.told_counts import usage_told

WAIT_SECONDS = 0.2
"""How long a tick waits for an answer."""
MOST_EMPTY = 3
"""Empty replies in a row after which the user is told."""
MOST_CHARS_PER_TOKEN = 200
"""More than the longest token of any vocabulary. A text that is longer than this for each token asked for is cut."""


class EndpointPolicy:
    """Samples turns from a server.

    Args:
        address: "http://host:port/v1#model": what stands before "/chat/completions", and the model's name.
        temperature: of sampling; 0 = always the likeliest token.
        api_key_env: name of the environment variable that holds the key; None = no key is sent. A record masks
            the key if a text holds it in full, and that is all: code can write it in pieces.
        concurrency: requests at once, at most: an overloaded server gets fewer (`pace.py`).
        timeout: seconds that a request may take without a sign of life. What the server still does for requests
            that were sent earlier is one, so a slow server that takes one after the other loses none.
        retries: further tries if the server is busy, unreachable or too slow, after pauses that double.
        requests_per_minute: requests that may start in a minute; None = any number.
        prices: US dollars for a million tokens, `{"in": ..., "out": ...}`; `usage` then has the cost.
        logprobs: asks for log-probs. Servers give no token ids with them, so a turn keeps their sum (`Turn.logprob`).
        prompt: the words that its agents read if a call names no other, as in `rl.run`.

    Attributes:
        concurrency: as given.
        trouble: why the last request failed, if none was answered since; "" = it did not.
        usage: totals so far of requests, retries, prompt_tokens and completion_tokens, as the server reports them,
            and the cost in US dollars if there are prices.

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
        requests_per_minute: float | None = None,
        prices: Mapping[str, float] | None = None,
        logprobs: bool = False,
        prompt: Prompt = "codeact",
    ) -> None:
        number("temperature", temperature, most=100.0)
        whole("concurrency", concurrency, least=1, most=1000)
        number("timeout", timeout, least=0.01, most=1e6)
        whole("retries", retries, least=0, most=1000)
        if requests_per_minute is not None:
            number("requests_per_minute", requests_per_minute, above=True, most=1e9)
        place, self.model_name = read_address(address)
        self.name = f"endpoint#{_called(self.model_name)}"
        self.prompt = find(prompt)
        self.dialect = made_for(self.prompt, "codeact")
        self._temperature = temperature
        self.prices = read_prices(prices)
        self._logprobs = flag("logprobs", logprobs)
        self._used = dict.fromkeys(("requests", "retries", "prompt_tokens", "completion_tokens"), 0)
        self._server = ChatServer(place, read_key(api_key_env), timeout)
        self._pace = Pace(concurrency, timeout, requests_per_minute)
        self.concurrency = concurrency
        self._retries = retries
        self._habits = Habits()
        self._notes: dict[str, str] = {}
        """What the user is to be told once, by kind."""
        self._told: set[str] = set()
        self._empty = 0
        """Empty replies since the last one that was not."""
        self._pool = ThreadPoolExecutor(concurrency, thread_name_prefix="rao-lab-endpoint")
        self.trouble = ""
        self._running: dict[NodeKey, tuple[Awaited, Future[TurnReply]]] = {}
        self._counting = threading.Lock()

    def __repr__(self) -> str:
        """Without the address and the key."""
        return (
            f"EndpointPolicy({self.name}, temperature={self._temperature:g}, concurrency={self.concurrency})"
        )

    def _repr_html_(self) -> str:
        settings = {
            "temperature": self._temperature,
            "prompt": self.dialect,
            "requests at once": self.concurrency,
        }
        return facts_html(f"Server's model {self.model_name}", {**settings, **usage_told(self.usage)})

    @property
    def usage(self) -> dict[str, float]:
        with self._counting:
            return {**self._used, **cost_of(self._used, self.prices)}

    @property
    def written(self) -> int:
        """Tokens that the server wrote so far, about: those of answers that are still under way too, if it streams."""
        under_way = sum(call.pieces for call, future in [*self._running.values()] if not future.done())
        return self._used["completion_tokens"] + under_way

    @property
    def temperature(self) -> float | None:
        """Of sampling; None if the server allows only its own."""
        return self._temperature if self._habits.temperature else None

    @temperature.setter
    def temperature(self, value: float) -> None:
        self._temperature = value

    def submit(self, request: TurnRequest) -> None:
        call = Awaited(request.left)
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

    def server_fault(self, key: NodeKey, seconds: float) -> str:
        """Why the server is to blame for a turn that is not there when its tree's so many seconds are over; "" = it is
        not: the turn is slow."""
        call, future = self._running.get(key, (None, None))
        if call is None or future is None or future.done():
            return ""
        if trouble := call.trouble or (self.trouble if call.slot is None and self._pace.holds() else ""):
            return f"the tree's time was over before another try: {trouble}"
        others = [each for each, _ in self._running.values()] if call.slot is None else []
        silent = max(each.silent() for each in (call, *others))
        if silent < SILENT_SHARE * seconds:
            return ""
        return f"nothing came from the server in {silent:.3g} s, and then the tree's time was over"

    @property
    def held_up(self) -> str:
        """How long all requests wait for another try, and why, in words; "" = one is with the server."""
        now, holds = time.monotonic(), self._pace.holds()
        calls = [call for call, future in [*self._running.values()] if not future.done()]
        if not calls or not self.trouble or any(call.slot for call in calls):
            return ""
        left = math.ceil(min(max(holds, call.until - now) for call in calls))
        return f"waits {left} s: {self.trouble.removeprefix('the server answered ')}" if left > 0 else ""

    def _tell(self) -> None:
        """Says once what was learned of the server and changes what the model is asked, or what it answers."""
        habits, temperature = self._habits, self._temperature
        notes = dict(self._notes)
        if not habits.system:
            notes["system"] = "takes no system messages: their text begins the first user message"
        if not habits.temperature and temperature != 1.0:
            notes["temperature"] = f"allows no temperature but its own: it does not sample at {temperature:g}"
        if not habits.stream:
            notes["stream"] = "does not stream: how fast an answer comes is not seen, nor how far it is"
        if self._logprobs and not habits.logprobs:
            notes["logprobs"] = "gives no log-probs"
        for name, note in notes.items():
            if name not in self._told:
                self._told.add(name)
                warn_user(f"the server of {unquoted(self.model_name)} {note}")

    # In the threads of the pool.

    def _reply(self, request: TurnRequest, call: Awaited) -> TurnReply:
        tries = Tries(self._retries, request.noise)
        while True:
            slot = self._pace.start(call.gone)
            if slot is None:
                return lost(request, "no longer wanted")
            call.slot = slot
            self._count(retries=int(tries.made > 0))
            try:
                reply = self._ask(request, call, slot)
                self._pace.answered(slot)
                self.trouble = ""
                return reply
            except AnswerLost as failure:
                call.slot = None
                if too_long := call.too_long(failure):
                    self._pace.failed(slot, overloaded=False)
                    return lost(request, too_long)
                if not call.gone.is_set():
                    call.trouble = self.trouble = failure.reason
                crowded = failure.busy and slot.beside > 0 and slot.heard and not call.gone.is_set()
                self._pace.failed(slot, crowded, failure.pause if failure.busy else 0.0)
                pause = tries.pause(failure.pause, crowded) if failure.again else None
                if pause is None:
                    return lost(request, failure.reason)
                call.until = time.monotonic() + pause
                if call.gone.wait(pause):
                    return lost(request, failure.reason)

    def _ask(self, request: TurnRequest, call: Awaited, slot: Slot) -> TurnReply:
        most = MOST_CHARS_PER_TOKEN * request.max_new_tokens
        while True:
            habits = self._habits
            self._count(requests=1)
            call.pieces = 0
            answer = self._server.ask(json.dumps(self._body(request, habits)).encode(), call, slot, most)
            said = complaint(answer)
            if said is None:
                break
            if context_full(said.words) and said.status not in (401, 403, 404, 429):
                reason = f"the server says: {self._server.reason(said.words)}"
                return TurnReply(request.key, "", stop="context", version=self.version, error=reason)
            # What goes wrong once pieces have come is no refusal of what was asked.
            more = {} if call.pieces else learned(habits, said.words, request)
            if not more:
                slot.heard = True  # it answers, if only to refuse
                raise refusal(said, answer.pause, self._server.reason)
            with self._counting:
                self._habits = replace(self._habits, **more)  # type: ignore[arg-type]
        found = read_completion(answer.body, self._server.reason)
        self._count(prompt_tokens=found.read, completion_tokens=found.wrote)
        thought = self._server.without_key(sent_apart(answer.body))[:most]
        self._look_at(found, thought, request.max_new_tokens)
        text = self._server.without_key(found.text)
        text, stop = (text, found.stop) if len(text) <= most else (text[:most], "length")
        return TurnReply(
            request.key,
            text,
            stop=stop,
            version=self.version,
            decode_steps=max(1, found.wrote),
            thought=thought,
            tokens_in=found.read,
            tokens_out=found.wrote,
            logprob=found.logprob,
        )

    def _look_at(self, found: Completion, thought: str, most: int) -> None:
        """Notes what the user should know of an answer that a node can make little of."""
        if found.stop == "length" and (held := most_tokens(found.text, thought, found.wrote)) < most:
            at = f"at {found.wrote} tokens" if found.wrote else f"after at most {held} tokens"
            self._notes["length"] = (
                f"cut a reply {at}, and {most} were allowed: its own limit is lower, or its context is full"
            )
        if not found.text.strip() and found.calls_tools:
            self._notes["tools"] = (
                "answers with tool calls and no text: code is written as text here, so start it without a tool parser"
            )
        elif found.text.strip() or thought.strip():
            self._empty = 0
        else:
            self._empty += 1
            if self._empty >= MOST_EMPTY:
                self._notes["empty"] = (
                    f"sent {MOST_EMPTY} empty replies in a row: look at its log and its chat template"
                )

    def _body(self, request: TurnRequest, habits: Habits) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self.model_name,
            "messages": messages_for(request, habits),
            habits.limit: request.max_new_tokens,
        }
        if habits.temperature:
            body["temperature"] = self._temperature
        if habits.stream:
            body["stream"] = True
            if habits.stream_usage:
                body["stream_options"] = {"include_usage": True}
        if self._logprobs and habits.logprobs:
            body["logprobs"] = True
        if habits.seed:
            body["seed"] = _seed(request.noise)
        return body

    def _count(self, **more: int) -> None:
        with self._counting:
            for name, count in more.items():
                self._used[name] += count


def _called(model: str) -> str:
    """A model's name as records keep it: of a path on the server's machine, the last part."""
    return re.split(r"[\\/]", model.rstrip("\\/"))[-1] if re.match(r"[/~\\]|[A-Za-z]:[\\/]", model) else model


def _seed(noise: Sequence[int | str]) -> int:
    digest = hashlib.blake2b(repr(tuple(noise)).encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") >> 1

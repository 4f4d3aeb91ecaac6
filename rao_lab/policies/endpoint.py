"""A policy behind an OpenAI-compatible chat server. It runs trees and cannot be trained.

Requests run in a few threads. A tick waits a moment for answers, so that pause, stop and the limit on a tree's
time work while a server is silent. There are no tokens to record. The same seed may give another answer, so
trees are marked not reproducible. A request that fails ends its node, with a reason that holds neither the
address nor the key.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

from rao_lab.base.checks import number, whole
from rao_lab.base.safe_text import one_line, quoted, unquoted
from rao_lab.errors import ConfigError
from rao_lab.policies.pending import key_order, lost
from rao_lab.prompts import dialect as find_dialect
from rao_lab.protocols import NodeKey, TurnReply, TurnRequest

MAX_ANSWER_BYTES = 4 << 20
"""Far above any turn; a server may send anything."""
WAIT_SECONDS = 0.2
"""How long a tick waits for an answer."""
PAUSE_SECONDS = 0.5
"""Pause before the first retry; it doubles for each further one."""
MOST_CHARS_PER_TOKEN = 200
"""More than the longest token of any vocabulary. A text that is longer than this for each token asked for is cut."""
MAX_PAUSE_SECONDS = 30.0
"""Longest pause, also if the server asks for more."""
TRY_AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
"""HTTP answers that may differ the next time."""


class EndpointPolicy:
    """Samples turns from a server.

    Args:
        address: "http://host:port/v1#model": what stands before "/chat/completions", and the model's name.
        temperature: of sampling; 0 = always the likeliest token.
        api_key_env: name of the environment variable that holds the key; None = no key is sent.
        concurrency: requests that run at once.
        timeout: seconds that one try may take.
        retries: further tries if the server is busy, unreachable or too slow.
        dialect: name of the dialect that suits the model.

    Attributes:
        usage: totals so far of requests, retries, prompt_tokens and completion_tokens, as the server reports them.

    Raises:
        ConfigError: the address has no host or no model, or holds a key; or a setting means nothing.
        MissingError: no such dialect.
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
        dialect: str = "codeact",
    ) -> None:
        number("temperature", temperature, most=100.0)
        whole("concurrency", concurrency, least=1, most=1000)
        number("timeout", timeout, least=0.01, most=1e6)
        whole("retries", retries, least=0, most=1000)
        self._address, self.model_name = _read_address(address)
        self.name = f"endpoint#{self.model_name}"
        self.dialect = find_dialect(dialect).name
        self.temperature = temperature
        self.usage = dict.fromkeys(("requests", "retries", "prompt_tokens", "completion_tokens"), 0)
        self._key = _read_key(api_key_env)
        self._timeout = timeout
        self._retries = retries
        self._takes_seed = True
        self._pool = ThreadPoolExecutor(concurrency, thread_name_prefix="rao-lab-endpoint")
        self._running: dict[NodeKey, tuple[_Call, Future[TurnReply]]] = {}
        self._counting = threading.Lock()

    def submit(self, request: TurnRequest) -> None:
        call = _Call()
        self._running[request.key] = call, self._pool.submit(self._reply, request, call)

    def tick(self) -> Sequence[TurnReply]:
        """The turns that ended, in key order; none if no answer came within `WAIT_SECONDS`."""
        if self._running:
            wait([future for _, future in self._running.values()], WAIT_SECONDS, FIRST_COMPLETED)
        ended = [key for key, (_, future) in self._running.items() if future.done()]
        replies = [self._running.pop(key)[1].result() for key in ended]
        return sorted(replies, key=lambda reply: key_order(reply.key))

    def forget(self, key: NodeKey) -> None:
        """The node ended: a request that still runs is cancelled."""
        running = self._running.pop(key, None)
        if running is not None:
            running[1].cancel()
            running[0].abandon()

    # In the threads of the pool.

    def _reply(self, request: TurnRequest, call: _Call) -> TurnReply:
        for tried in range(self._retries + 1):
            self._count(requests=1, retries=int(tried > 0))
            try:
                return self._ask(request, call)
            except _Lost as failure:
                reason = failure.reason
                pause = min(MAX_PAUSE_SECONDS, failure.pause or PAUSE_SECONDS * 2**tried)
                if not failure.again or tried == self._retries or call.gone.wait(pause):
                    break
        return lost(request, reason)

    def _ask(self, request: TurnRequest, call: _Call) -> TurnReply:
        body = {
            "model": self.model_name,
            "messages": _conversation(request),
            "temperature": self.temperature,
            "max_tokens": request.max_new_tokens,
        }
        if self._takes_seed:
            body["seed"] = _seed(request.noise)
        answer = self._exchange(json.dumps(body).encode(), call)
        if answer.status in (400, 422) and self._takes_seed and b"seed" in answer.body:
            self._takes_seed = False  # some servers refuse fields they do not know
            return self._ask(request, call)
        if answer.status != 200:
            raise _refused(answer, self._without_key)
        text, stop, used = _read_answer(answer.body)
        self._count(**used)
        text, most = self._without_key(text), MOST_CHARS_PER_TOKEN * request.max_new_tokens
        text, stop = (text, stop) if len(text) <= most else (text[:most], "length")
        steps = max(1, used["completion_tokens"])
        return TurnReply(request.key, text, stop=stop, version=self.version, decode_steps=steps)

    def _exchange(self, body: bytes, call: _Call) -> _Answer:
        secure = self._address.scheme == "https"
        connect = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = connect(self._address.hostname or "", self._address.port, timeout=self._timeout)
        headers = {"Content-Type": "application/json", "Connection": "close"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        # A socket's own timeout never fires if the server sends a byte now and then.
        alarm = threading.Timer(self._timeout, call.break_off)
        alarm.daemon = True
        began = time.monotonic()
        alarm.start()
        try:
            connection.connect()
            call.hold(connection.sock)
            connection.request("POST", f"{self._address.path.rstrip('/')}/chat/completions", body, headers)
            answer = _read(connection.getresponse())
            if time.monotonic() - began >= self._timeout:  # it may have been cut off
                raise TimeoutError
            return answer
        except (OSError, http.client.HTTPException, ValueError) as error:
            # A secure socket raises ValueError if another thread has shut it down.
            late = isinstance(error, TimeoutError) or time.monotonic() - began >= self._timeout
            raise _Lost(f"no answer within {self._timeout:g} s" if late else _words(error)) from None
        finally:
            alarm.cancel()
            call.let_go()
            connection.close()

    def _without_key(self, text: str) -> str:
        """A server knows the key and might repeat it; what it says goes into run files."""
        return text.replace(self._key, "***") if self._key else text

    def _count(self, **more: int) -> None:
        with self._counting:
            for name, count in more.items():
                self.usage[name] += count


class _Lost(Exception):
    """A try failed: why, whether another may succeed, and after how many seconds (0 = the usual pause)."""

    def __init__(self, reason: str, again: bool = True, pause: float = 0.0) -> None:
        super().__init__(reason)
        self.reason, self.again, self.pause = reason, again, pause


class _Call:
    """One request while it runs; another thread may cancel it."""

    def __init__(self) -> None:
        self.gone = threading.Event()
        self._socket: socket.socket | None = None
        self._broken = False
        self._lock = threading.Lock()

    def hold(self, connected: socket.socket) -> None:
        """The request has a socket now. If it was cancelled before, the socket is shut down at once."""
        with self._lock:
            self._socket = connected
            broken = self._broken
        if broken or self.gone.is_set():
            self.break_off()

    def let_go(self) -> None:
        with self._lock:
            self._socket, self._broken = None, False

    def abandon(self) -> None:
        """The answer is no longer wanted: no more tries."""
        self.gone.set()
        self.break_off()

    def break_off(self) -> None:
        """Shuts the socket down, so that the thread that reads from it wakes up."""
        with self._lock:
            self._broken = True
            if self._socket is not None:
                try:
                    self._socket.shutdown(socket.SHUT_RDWR)
                except OSError:
                    return  # closed by the other side


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    body: bytes
    pause: float
    """Seconds after which the server asks to be tried again; 0 = it did not say."""


def _read(response: http.client.HTTPResponse) -> _Answer:
    body = response.read(MAX_ANSWER_BYTES + 1)
    if len(body) > MAX_ANSWER_BYTES:
        raise _Lost(f"the answer is larger than {MAX_ANSWER_BYTES} bytes", again=False)
    if response.length:  # fewer bytes came than were announced
        raise http.client.IncompleteRead(b"", response.length)
    wanted = response.headers.get("Retry-After", "")
    return _Answer(response.status, body, float(wanted[:6]) if wanted.isdecimal() else 0.0)


def _read_answer(body: bytes) -> tuple[str, str, dict[str, int]]:
    """The text, why it ended, and the tokens used.

    Raises:
        _Lost: the body is not a chat completion.
    """
    said = _json(body)
    choices = said.get("choices") if isinstance(said, dict) else None
    first = choices[0] if isinstance(choices, list) and choices else None
    message = first.get("message") if isinstance(first, dict) else None
    if not isinstance(first, dict) or not isinstance(message, dict):
        raise _Lost("the server's answer is no chat completion")
    text = message.get("content")
    if text is not None and not isinstance(text, str):
        raise _Lost("the server's answer holds no text", again=False)
    stop = "length" if first.get("finish_reason") == "length" else "stop"
    used = said.get("usage") if isinstance(said.get("usage"), dict) else {}
    names = ("prompt_tokens", "completion_tokens")
    return text or "", stop, {name: _token_count(used.get(name)) for name in names}


def _token_count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9 else 0


def _refused(answer: _Answer, harmless: Callable[[str], str]) -> _Lost:
    """The failure that a status other than 200 stands for, with the server's message in one harmless line."""
    said = _json(answer.body, None)
    inner = said.get("error", said) if isinstance(said, dict) else None
    message = inner.get("message") if isinstance(inner, dict) else inner
    words = f": {one_line(harmless(message), 200)}" if isinstance(message, str) and message else ""
    name = http.client.responses.get(answer.status, "")
    reason = f"the server answered {answer.status} {name}".rstrip() + words
    return _Lost(reason, again=answer.status in TRY_AGAIN, pause=answer.pause)


def _json(body: bytes, *default: Any) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        if default:
            return default[0]
        raise _Lost("the server's answer is not JSON") from None


def _words(error: OSError | http.client.HTTPException | ValueError) -> str:
    """The error in words, without the address, which the error's own text may hold."""
    if isinstance(error, http.client.HTTPException):
        return f"the server's answer broke off ({type(error).__name__})"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused: no server listens there"
    if isinstance(error, socket.gaierror):
        return "the server's name is not known here"
    return f"the connection failed ({type(error).__name__})"


def _conversation(request: TurnRequest) -> list[dict[str, str]]:
    said: list[dict[str, str]] = []
    for turn in request.history:
        said += [{"role": each.role, "content": each.content} for each in turn.messages]
        said.append({"role": "assistant", "content": turn.text})
    return said + [{"role": each.role, "content": each.content} for each in request.messages]


def _seed(noise: Sequence[int | str]) -> int:
    digest = hashlib.blake2b(repr(tuple(noise)).encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") >> 1


def _read_address(address: str) -> tuple[SplitResult, str]:
    usage = 'write "http://host:port/v1#model"'
    if not isinstance(address, str):
        raise ConfigError(f"the address of a server is a text, not {quoted(address)}: {usage}")
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        raise ConfigError(f"this is no address of a server: {usage}") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(f"the address of a server starts with http:// or https:// and a host: {usage}")
    if parts.username is not None or parts.password is not None:
        raise ConfigError("the address holds a name or a key: leave it out and give api_key_env instead")
    if parts.query or port == 0 or not address.isprintable() or " " in address:
        raise ConfigError(f"the address of a server has a host, a port and a path, nothing else: {usage}")
    if not parts.fragment:
        raise ConfigError(f"the address names no model: {usage}")
    return parts, parts.fragment


def _read_key(variable: str | None) -> str:
    if variable is not None and not (isinstance(variable, str) and variable.isprintable()):
        raise ConfigError(f"api_key_env={quoted(variable)} must be the name of an environment variable")
    key = "" if variable is None else os.environ.get(variable, "").strip()
    if variable is not None and not key:
        raise ConfigError(f"api_key_env={quoted(variable)}, but that environment variable is not set")
    if not key.isascii() or not key.isprintable():
        raise ConfigError(f"the key in {unquoted(variable or '')} holds characters that cannot be sent")
    return key

"""One request to an OpenAI-compatible chat server: sent, bounded in time and size, cancelled from another thread.

Nothing that leaves this module holds the address or the key.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, urlsplit

from rao_lab.base.safe_text import one_line, quoted, unquoted
from rao_lab.errors import ConfigError
from rao_lab.policies.reasoned import PARTS

MAX_ANSWER_BYTES = 4 << 20
"""Far above any turn; a server may send anything."""
TRY_AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
"""HTTP answers that may differ the next time."""
MOST_REASON = 200
"""Cells of a server's own reason that are shown."""
TEXT_PARTS = ("text", "output_text")
"""Kinds of parts of a message that are its text; reasoning is another."""
KEY_START = 6
"""A word that begins with this many characters of the key is masked whole: servers repeat keys in part."""

_ADDRESS = r"\b[a-z][a-z0-9+.-]{0,20}://\S+|\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b"


class AnswerLost(Exception):
    """A try failed: why, whether another may succeed, and after how many seconds (0 = the usual pause)."""

    def __init__(self, reason: str, again: bool = True, pause: float = 0.0) -> None:
        super().__init__(reason)
        self.reason, self.again, self.pause = reason, again, pause


class Call:
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
        """The request is over."""
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
class Answer:
    """What the server answered, whatever its status."""

    status: int
    body: bytes
    pause: float
    """Seconds after which the server asks to be tried again; 0 = it did not say."""


@dataclass(frozen=True, slots=True)
class ChatServer:
    """Where requests go."""

    address: SplitResult
    key: str = field(repr=False)
    """Sent with every request; "" = none."""
    timeout: float
    """Seconds that one request may take."""

    def ask(self, body: bytes, call: Call) -> Answer:
        """Sends one request and reads its answer, in the calling thread.

        Raises:
            AnswerLost: none came in time or whole, or `call` was cancelled.
        """
        secure = self.address.scheme == "https"
        connect = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = connect(self.address.hostname or "", self.address.port, timeout=self.timeout)
        headers = {"Content-Type": "application/json", "Connection": "close"}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        # A socket's own timeout never fires if the server sends a byte now and then.
        alarm = threading.Timer(self.timeout, call.break_off)
        alarm.daemon = True
        began = time.monotonic()
        alarm.start()
        try:
            _connect(connection, call)
            connection.request("POST", f"{self.address.path.rstrip('/')}/chat/completions", body, headers)
            answer = _read(connection.getresponse())
            if time.monotonic() - began >= self.timeout:  # it may have been cut off
                raise TimeoutError
            return answer
        except (OSError, http.client.HTTPException, ValueError) as error:
            # A secure socket raises ValueError if another thread has shut it down.
            late = isinstance(error, TimeoutError) or time.monotonic() - began >= self.timeout
            raise AnswerLost(f"no answer within {self.timeout:g} s" if late else _words(error)) from None
        finally:
            alarm.cancel()
            call.let_go()
            connection.close()

    def without_key(self, text: str) -> str:
        """A server knows the key and might repeat it; what it says goes into run files."""
        return text.replace(self.key, "***") if self.key else text

    def reason(self, words: str) -> str:
        """A server's own reason as one short line, without the key or an address."""
        words = self.without_key(words[: 1 << 16])
        if len(self.key) > 2 * KEY_START:
            words = re.sub(rf"{re.escape(self.key[:KEY_START])}\S*", "***", words)
        host = re.escape(self.address.hostname or "")
        words = re.sub(rf"{_ADDRESS}|(?<![\w.-]){host}(?::\d+)?(?![\w-])", "***", words, flags=re.IGNORECASE)
        return one_line(words, MOST_REASON)


def _connect(connection: http.client.HTTPConnection, call: Call) -> None:
    """Connects so that `call` can break off each part of it, the handshake of a secure connection too."""
    http.client.HTTPConnection.connect(connection)
    call.hold(connection.sock)
    if isinstance(connection, http.client.HTTPSConnection):
        connection.sock = ssl.create_default_context().wrap_socket(
            connection.sock, server_hostname=connection.host, do_handshake_on_connect=False
        )
        call.hold(connection.sock)
        connection.sock.do_handshake()


def _read(response: http.client.HTTPResponse) -> Answer:
    body = bytearray()  # a list of chunks would take 50 bytes for each byte if they are that small
    while part := response.read1(1 << 16):
        body += part
        if len(body) > MAX_ANSWER_BYTES:
            raise AnswerLost(f"the answer is larger than {MAX_ANSWER_BYTES} bytes", again=False)
    if response.length:  # fewer bytes came than were announced
        raise http.client.IncompleteRead(b"", response.length)
    wanted = response.headers.get("Retry-After", "")
    return Answer(response.status, bytes(body), float(wanted[:6]) if wanted.isdecimal() else 0.0)


def read_completion(body: bytes) -> tuple[str, str, dict[str, int]]:
    """The text, why it ended, and the tokens used.

    Raises:
        AnswerLost: the body is not a chat completion.
    """
    said = _json(body)
    first = _first_choice(said)
    message = None if first is None else first.get("message")
    if first is None or not isinstance(message, dict):
        raise AnswerLost("the server's answer is not a chat completion")
    text = _text(message.get("content"))
    if text is None:
        raise AnswerLost("the server's answer holds no text", again=False)
    stop = "length" if first.get("finish_reason") == "length" else "stop"
    used = said.get("usage") if isinstance(said.get("usage"), dict) else {}
    names = ("prompt_tokens", "completion_tokens")
    return text, stop, {name: _token_count(used.get(name)) for name in names}


def _token_count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9 else 0


def _first_choice(said: Any) -> dict[str, Any] | None:
    choices = said.get("choices") if isinstance(said, dict) else None
    first = choices[0] if isinstance(choices, list) and choices else None
    return first if isinstance(first, dict) else None


def _text(content: Any) -> str | None:
    """The text of a message's content, which some servers send in parts; None if it holds something else alone."""
    if content is None or isinstance(content, str):
        return content or ""
    parts = content if isinstance(content, list) else [content]
    found = [
        part.get("text") if isinstance(part, dict) and part.get("type", "text") in TEXT_PARTS else part
        for part in parts
    ]
    texts = [text for text in found if isinstance(text, str)]
    only_thought = all(isinstance(part, dict) and part.get("type") in PARTS for part in parts)
    return "".join(texts) if texts or only_thought else None


@dataclass(frozen=True, slots=True)
class Complaint:
    """What a server says instead of a completion."""

    status: int
    """0 = it says no number."""
    words: str
    """As it wrote them: of any length, and perhaps with the key in them. "" = none."""


def complaint(answer: Answer) -> Complaint | None:
    """What is wrong by the server's own word; None if it claims to have answered.

    Some servers put the error into an answer whose status is 200.
    """
    said = _json(answer.body, None)
    if answer.status != 200:
        return Complaint(answer.status, _message(said) or _plain_text(answer.body))
    if not isinstance(said, dict):
        return None
    first = _first_choice(said) or {}
    error = said.get("error") or first.get("error")
    if not error and said.get("object") != "error" and first.get("finish_reason") != "error":
        return None
    code = error.get("code") if isinstance(error, dict) else said.get("code")
    number = str(code)[:4] if isinstance(code, int | str) else ""
    status = int(number) if re.fullmatch(r"[45]\d\d", number, re.ASCII) else 0
    return Complaint(status, _message(said if said.get("error") or not error else first))


def refusal(said: Complaint, pause: float, harmless: Callable[[str], str]) -> AnswerLost:
    """The failure that a complaint stands for, with the server's message in one harmless line."""
    name = http.client.responses.get(said.status, "")
    what = f"answered {said.status} {name}".rstrip() if said.status else "answered with an error"
    reason = f"the server {what}" + (f": {harmless(said.words)}" if said.words else "")
    return AnswerLost(reason, again=not said.status or said.status in TRY_AGAIN, pause=pause)


def _message(said: Any) -> str:
    """The reason in an error's body, whichever of the usual shapes that has; "" if it has none."""
    inner = said.get("error", said) if isinstance(said, dict) else None
    message = inner
    if isinstance(inner, dict):
        message = next((inner[name] for name in ("message", "detail", "reason") if inner.get(name)), "")
    if isinstance(message, list | dict):
        message = json.dumps(message, ensure_ascii=False)
    return message if isinstance(message, str) else ""


def _plain_text(body: bytes) -> str:
    """A body that is text and neither JSON nor a page."""
    text = body[:1000].decode("utf-8", "replace").strip()
    return "" if text.startswith(("<", "{", "[")) else text


def _json(body: bytes, *default: Any) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        if default:
            return default[0]
        raise AnswerLost("the server's answer is not JSON") from None


def _words(error: OSError | http.client.HTTPException | ValueError) -> str:
    """The error in words, without the address, which the error's own text may hold."""
    if isinstance(error, http.client.HTTPException):
        return f"the server's answer broke off ({type(error).__name__})"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused: no server listens there"
    if isinstance(error, socket.gaierror):
        return "the server's name is not known here"
    return f"the connection failed ({type(error).__name__})"


def read_address(address: str) -> tuple[SplitResult, str]:
    """The parts of "http://host:port/v1#model", and the model's name.

    Raises:
        ConfigError: it has no host or no model, or holds a key.
    """
    usage = 'write "http://host:port/v1#model"'
    if not isinstance(address, str):
        raise ConfigError(f"the address of a server is a text, not {quoted(address)}: {usage}")
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        raise ConfigError(f"this is not the address of a server: {usage}") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(f"the address of a server starts with http:// or https:// and a host: {usage}")
    if parts.username is not None or parts.password is not None:
        raise ConfigError("the address holds a name or a key: leave it out and give api_key_env instead")
    if parts.query or port == 0 or not address.isprintable() or " " in address:
        raise ConfigError(f"the address of a server has a host, a port and a path, nothing else: {usage}")
    if not parts.fragment:
        raise ConfigError(f"the address names no model: {usage}")
    return parts, parts.fragment


def read_key(variable: str | None) -> str:
    """The key in an environment variable; "" if `variable` is None.

    Raises:
        ConfigError: the variable is not set, or its key cannot be sent.
    """
    if variable is not None and not (isinstance(variable, str) and variable.isprintable()):
        raise ConfigError(f"api_key_env={quoted(variable)} must be the name of an environment variable")
    key = "" if variable is None else os.environ.get(variable, "").strip()
    if variable is not None and not key:
        raise ConfigError(f"api_key_env={quoted(variable)}, but that environment variable is not set")
    if not key.isascii() or not key.isprintable():
        raise ConfigError(f"the key in {unquoted(variable or '')} holds characters that cannot be sent")
    return key

"""One request to an OpenAI-compatible chat server: sent, bounded in time and size, cancelled from another thread.

Nothing that leaves this module holds the address or the key.
"""

from __future__ import annotations

import http.client
import os
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import SplitResult, urlsplit

from rao_lab.base.safe_text import one_line, quoted, unquoted
from rao_lab.errors import ConfigError
from rao_lab.policies.completion import Answer, AnswerLost
from rao_lab.policies.stream import KIND, put_together

MAX_ANSWER_BYTES = 4 << 20
"""Far above any turn; a server may send anything."""
MAX_STREAM_BYTES = 64 << 20
"""Of an answer in pieces, each of which takes some hundred bytes."""
CONNECT_SECONDS = 10.0
"""One attempt at a connection; another follows as long as the request is not too late."""
MOST_REASON = 200
"""Cells of a server's own reason that are shown."""
KEY_START = 6
"""A word that begins with this many characters of the key is masked whole: servers repeat keys in part."""

_ADDRESS = r"\b[a-z][a-z0-9+.-]{0,20}://\S+|\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b"


class Clock(Protocol):
    """Says when a request is too late."""

    def left(self) -> float:
        """Seconds until then."""
        ...

    def alive(self) -> None:
        """A part of the answer came."""
        ...


class Call:
    """One request while it runs; another thread may cancel it."""

    def __init__(self) -> None:
        self.gone = threading.Event()
        self.pieces = 0
        """Parts of the answer that have come so far, of a server that streams: about one a token."""
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
class ChatServer:
    """Where requests go."""

    address: SplitResult
    key: str = field(repr=False)
    """Sent with every request; "" = none."""
    timeout: float
    """Seconds without a sign of life after which a request is given up."""

    def ask(self, body: bytes, call: Call, clock: Clock, most: int = MAX_ANSWER_BYTES) -> Answer:
        """Sends one request and reads its answer, in the calling thread.

        Args:
            clock: tells when it is too late, and is told when a part of the answer came.
            most: characters of text after which a server that streams is cut off.

        Raises:
            AnswerLost: no answer came in time or whole, or `call` was cancelled.
        """
        secure = self.address.scheme == "https"
        connect = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        timeout = min(self.timeout, CONNECT_SECONDS)
        connection = connect(self.address.hostname or "", self.address.port, timeout=timeout)
        headers = {"Content-Type": "application/json", "Connection": "close", "Accept": f"{KIND}, */*"}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        watch = _Watch(call, clock)
        watch.start()
        try:
            _connect(connection, call, watch)
            connection.request("POST", f"{self.address.path.rstrip('/')}/chat/completions", body, headers)
            answer = _read(connection.getresponse(), call, clock, most)
            if watch.late:  # it may have been cut off
                raise TimeoutError
            return answer
        except (OSError, http.client.HTTPException, ValueError) as error:
            # A secure socket raises ValueError if another thread has shut it down.
            late = watch.late or isinstance(error, TimeoutError)
            words = (
                f"no answer within {self.timeout:g} s (timeout sets the seconds)" if late else _words(error)
            )
            raise AnswerLost(words, busy=not isinstance(error, ConnectionRefusedError)) from None
        finally:
            watch.over.set()
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


class _Watch(threading.Thread):
    """Breaks a request off when it is too late. A socket's own timeout never fires if bytes come now and then."""

    def __init__(self, call: Call, clock: Clock) -> None:
        super().__init__(name="rao-lab-endpoint-watch", daemon=True)
        self.over = threading.Event()
        self.late = False
        self._call, self._clock = call, clock

    def run(self) -> None:
        while not self.over.is_set():
            left = self._clock.left()
            if left <= 0:
                self.late = True
                self._call.break_off()
                return
            self.over.wait(left)


def _connect(connection: http.client.HTTPConnection, call: Call, watch: _Watch) -> None:
    """Connects so that `call` can break off each part of it, the handshake of a secure connection too."""
    while True:
        try:
            http.client.HTTPConnection.connect(connection)
            break
        except TimeoutError:  # a server with too much to do takes no connection for a while
            if watch.late or call.gone.is_set():
                raise
    connection.sock.settimeout(None)  # the watch breaks it off
    call.hold(connection.sock)
    if isinstance(connection, http.client.HTTPSConnection):
        connection.sock = ssl.create_default_context().wrap_socket(
            connection.sock, server_hostname=connection.host, do_handshake_on_connect=False
        )
        call.hold(connection.sock)
        connection.sock.do_handshake()


def _read(response: http.client.HTTPResponse, call: Call, clock: Clock, most: int) -> Answer:
    wanted = response.headers.get("Retry-After", "")
    pause = float(wanted[:8]) if re.fullmatch(r"\d+(\.\d*)?", wanted, re.ASCII) else 0.0
    if response.status != 200 or KIND not in response.headers.get("Content-Type", ""):
        body = bytearray()  # a list of chunks would take 50 bytes for each byte if they are that small
        for part in _parts(response, MAX_ANSWER_BYTES):
            body += part
        if response.length:  # fewer bytes came than were announced
            raise http.client.IncompleteRead(b"", response.length)
        return Answer(response.status, bytes(body), pause)

    def told() -> None:
        call.pieces += 1
        clock.alive()

    whole = put_together(_parts(response, MAX_STREAM_BYTES), told, most)
    if whole is None:
        raise http.client.IncompleteRead(b"")
    return Answer(response.status, whole, pause)


def _parts(response: http.client.HTTPResponse, most: int) -> Iterator[bytes]:
    read = 0
    while part := response.read1(1 << 16):
        read += len(part)
        if read > most:
            raise AnswerLost(f"the answer is larger than {most} bytes", again=False)
        yield part


def _words(error: OSError | http.client.HTTPException | ValueError) -> str:
    """The error in words, without the address, which the error's own text may hold."""
    if isinstance(error, http.client.HTTPException):
        return f"the server's answer broke off ({type(error).__name__})"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused: no server listens there (start it, or correct the address)"
    if isinstance(error, socket.gaierror):
        return "the server's name is not known here (correct the address)"
    if isinstance(error, ssl.SSLCertVerificationError):
        why = one_line(error.verify_message, MOST_REASON)
        return f"its certificate is not trusted: {why} (SSL_CERT_FILE names a file of those to trust)"
    if isinstance(error, ssl.SSLError):
        why = one_line(error.reason or "unknown", 40)
        return f"no secure connection: {why} (a plain server has an http:// address)"
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

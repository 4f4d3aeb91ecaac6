"""One message from its bytes, whatever they are: broken encodings, HTML alone, no date, not even mail."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.header import Header, decode_header
from email.message import Message as Parsed
from email.policy import Compat32
from email.utils import parsedate
from html import unescape
from typing import Any

from rao_lab.base.safe_text import one_line, visible
from rao_lab.environments.mail.mailbox import Message
from rao_lab.environments.reading import foreign_text

MAX_TEXT = 100_000
"""Characters of a message that are kept."""
MAX_HEAD = 400
"""Of a sender, a subject or a name."""
MAX_FIELD = 2000
"""Characters of a field of the head that are parsed: the email package takes time by their square."""
MOST_NAMES = 50
"""Attachments that are named."""
BROKEN = "in a broken encoding"
_CHARSETS = (
    *(
        "utf",
        "us-ascii",
        "ascii",
        "iso",
        "latin",
        "windows",
        "cp",
        "koi8",
        "gb",
        "big5",
        "euc",
        "shift",
        "ks_c",
    ),
    *("mac", "tis", "hz", "johab"),
)
"""Beginnings of those that are decoded: Python has others, some of which take very long."""
_HIDDEN = re.compile("[\xad\u200b-\u200d\u2060\ufeff]")
_MONTHS = ("", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SENT = re.compile(rf"\b({'|'.join(_MONTHS[1:])}) +(\d{{1,2}}),? .*?(?<![+-])\b(\d{{4}})\b", re.ASCII)
_ISO = re.compile(r" (\d{4})-(\d{2})-(\d{2})[T ]", re.ASCII)
_TAG = re.compile(r"<(/?)([a-zA-Z!][^<>\s/]*)[^<>]*>")
_BREAKS = frozenset({"p", "br", "div", "tr", "li", "table", "blockquote", "h1", "h2", "h3", "h4"})


class _Bounded(Compat32):
    """How the email package reads a head: each field only so far."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, value[:MAX_FIELD]


_POLICY = _Bounded()


def letter(raw: bytes, envelope: str = "") -> tuple[Message, list[str]]:
    """The message, and what is odd about it, in words.

    Args:
        envelope: the line that begins it in an mbox; its date counts if the message has none.
    """
    try:
        return _read(message_from_bytes(raw, policy=_POLICY), envelope)
    except Exception:  # noqa: BLE001 - the email package raises all kinds of exceptions at hostile bytes
        text = visible(raw[:MAX_TEXT].decode("utf-8", "replace"))
        return Message("", "", "", "", text), ["kept as plain text"]


def _read(parsed: Parsed, envelope: str) -> tuple[Message, list[str]]:
    odd: dict[str, None] = {}
    date = _date(str(parsed.get("Date", ""))) or _sent(envelope)
    if not date:
        odd["without a date"] = None
    text, names = _body(parsed, odd)
    if "\ufffd" in text:
        odd["with characters that cannot be read"] = None
    if len(text) > MAX_TEXT:
        odd["cut"] = None
        text = text[:MAX_TEXT] + "\n(cut here)"
    sender, to, subject = (_head(parsed.get(name), odd) for name in ("From", "To", "Subject"))
    key = _head(parsed.get("Message-ID"), odd).strip("<> ")
    return Message(date, sender, to, subject, visible(text), tuple(names[:MOST_NAMES]), key), [*odd]


def _date(text: str) -> str:
    try:
        found = parsedate(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return ""
    if found is None or not (1 <= found[1] <= 12 and 1 <= found[2] <= 31 and 1000 <= found[0] <= 9999):
        return ""
    return f"{found[0]}-{found[1]:02d}-{found[2]:02d}"


def _sent(envelope: str) -> str:
    """The day on the line that begins a message in an mbox."""
    if found := _ISO.search(envelope):
        return _date(f"{found[3]} {_MONTHS[int(found[2]) % 13]} {found[1]} 00:00")
    found = _SENT.search(envelope)
    return (
        _date(f"{found[2]} {found[1]} {found[3]} 00:00")
        if found
        else _date(re.sub(r"^From .* (?=\d{1,2}[ -][A-Z])", "", envelope))
    )


def _head(value: Any, odd: dict[str, None]) -> str:
    """A line of the head in words: "=?utf-8?q?Caf=C3=A9?=" is "Café"."""
    if value is None:
        return ""
    parts = decode_header(value if isinstance(value, Header) else str(value))
    text = "".join(part if isinstance(part, str) else _decoded(part, charset, odd) for part, charset in parts)
    return one_line(_HIDDEN.sub("", text), MAX_HEAD)


def _decoded(data: bytes, charset: str | None, odd: dict[str, None]) -> str:
    """Bytes as text; what their charset cannot read, UTF-8 or that of western Windows does, and that is odd."""
    named = "utf-8" if charset in (None, "unknown-8bit") else charset.lower()
    for name in (named, "utf-8"):
        try:
            if name.startswith(_CHARSETS):
                return data.decode(name)
        except (LookupError, ValueError):
            pass
        odd[BROKEN] = None
    return foreign_text(data)[0]


def _body(parsed: Parsed, odd: dict[str, None]) -> tuple[str, list[str]]:
    """The text, and the names of the attachments. HTML counts if there is no plain text."""
    plain: list[str] = []
    marked: list[str] = []
    names: list[str] = []
    for part in parsed.walk():
        if part.is_multipart():
            continue
        name = part.get_filename()
        if name or part.get_content_disposition() == "attachment":
            names.append(_head(name, odd) or "unnamed")
        elif part.get_content_maintype() == "text":
            data = part.get_payload(decode=True)
            text = _decoded(data if isinstance(data, bytes) else b"", part.get_content_charset(), odd)
            if any("Base64" in type(defect).__name__ for defect in part.defects):
                odd[BROKEN] = None
            (marked if part.get_content_subtype() == "html" else plain).append(text)
    text = "\n".join(plain)
    if not text.strip():
        text = "\n".join(map(without_tags, marked))
        odd.update({"in HTML alone": None} if marked else {})
    return _HIDDEN.sub("", text.replace("\r\n", "\n")).strip(), names


def without_tags(text: str) -> str:
    """The words of HTML, without scripts and styles."""
    kept: list[str] = []
    inside = ""
    start = 0
    text = text[: 8 * MAX_TEXT]
    for tag in _TAG.finditer(text):
        name = tag[2].lower()
        if not inside:
            kept.append(" ".join(text[start : tag.start()].split()))
            kept.append("\n" if name in _BREAKS else " ")
            inside = name if name in ("script", "style") and not tag[1] else ""
        elif tag[1] and name == inside:
            inside = ""
        start = tag.end()
    kept.append("" if inside else text[start:])
    lines = (" ".join(line.split()) for line in unescape("".join(kept)).split("\n"))
    return "\n".join(line for line in lines if line)

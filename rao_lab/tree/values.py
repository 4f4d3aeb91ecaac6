"""Plain values as JSON and back, exactly.

Plain values are what agents pass to each other: None, bool, int, float, str, bytes, list, tuple, set,
frozenset and dict with any key, nested. What JSON has stays as it is; anything else is tagged:

    {"$": tag, "v": ...}
    tuple, set, frozenset   a list (sets in a fixed order)
    dict                    [[key, value], ...], if a key is not text, or is "$"
    bytes                   base64
    str                     base64 of UTF-8, if it holds lone surrogates
    int                     hexadecimal, if it has more than the 53 bits that JavaScript keeps
    float                   "nan", "inf", "-inf"

Data that are read are treated as hostile: nothing is executed, size and depth are bounded, and a bad value
gives an `InputError`.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from rao_lab.base.safe_text import quoted
from rao_lab.errors import InputError
from rao_lab.tree.ranges import MAX_INT_BITS

MAX_NESTING = 80
"""Nested containers in one value. The sandbox lets 64 through."""
MAX_ITEMS = 2_000_000
"""Elements in one value; a shared part counts each time it is written."""
MAX_PARTS = 5 * MAX_ITEMS
"""Elements of one JSON text: a tagged value is written as up to five."""
SAFE_INT = 2**53
MAX_INT_DIGITS = 3 + MAX_INT_BITS // 4
"""Characters of one int: a sign, 0x and hexadecimal digits."""
_STRING = re.compile(r'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
MAX_ALIKE = 1000
"""Keys of one value that may share a hash with an earlier key. Building a dict or set takes time that grows with
the square of their number."""


def encode(value: Any) -> Any:
    """The value as JSON.

    Raises:
        InputError: a type that is not plain, a cycle, or a value too deep or too large.
    """
    return _Encoder().write(value, 0)


def decode(data: Any) -> Any:
    """The inverse of `encode`, for JSON from any source.

    Raises:
        InputError: an unknown tag, a malformed one, or a value too deep or too large.
    """
    return _Decoder().read(data, 0)


def crowded(keys: Collection[Any]) -> bool:
    """Whether more keys share a hash than could by accident.

    Raises:
        TypeError: one of them cannot be a key.
    """
    return len(keys) > MAX_ALIKE and len(keys) - len(set(map(hash, keys))) > MAX_ALIKE


def dumps(value: Any) -> str:
    """Compact JSON text of encoded data; the same data always give the same text."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def loads(text: str | bytes, most: int = MAX_PARTS, nan: bool = False) -> Any:
    """JSON text to data, for `decode` and the `..._from_json` functions.

    Args:
        nan: NaN and infinities are taken, as other programs write them.

    Raises:
        InputError: not JSON, nested too deep to be read, or of more than `most` elements.
    """
    if _parts(text, most) > most:  # counted first: "[]," becomes twenty times its size
        raise InputError(f"this JSON is too large: at most {most} elements")
    try:
        return json.loads(text, parse_constant=None if nan else _refuse_constant)
    except RecursionError:
        raise InputError("this JSON is nested too deep to be read") from None
    except json.JSONDecodeError as error:
        one = error.lineno == 1  # of one line the column alone says where
        place = f"{error.msg.removesuffix(' at')}, column {error.colno}" if one else str(error)
        raise InputError(f"this is not JSON: {place}") from None
    except ValueError as error:
        raise InputError(f"this is not JSON: {error}") from None


def _parts(text: str | bytes, most: int) -> int:
    """An upper bound on the elements of a JSON text, found without parsing it. Strings are left out of the count
    only if the text would seem too large with them."""
    if len(text) <= most:
        return len(text)
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    found = sum(map(text.count, "[{,"))
    if found <= most:
        return found
    return sum(sum(map(part.count, "[{,")) for part in _outside_strings(text))


def _outside_strings(text: str) -> Iterator[str]:
    start = 0
    for string in _STRING.finditer(text):
        yield text[start : string.start()]
        start = string.end()
    yield text[start:]


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not in JSON")


class _Bounded:
    """Counts the elements of one value."""

    def __init__(self) -> None:
        self.items = 0

    def count(self, depth: int) -> None:
        self.items += 1
        if depth > MAX_NESTING:
            raise InputError(f"a value is nested too deep (or holds itself): at most {MAX_NESTING} levels")
        if self.items > MAX_ITEMS:
            raise InputError(f"a value is too large: at most {MAX_ITEMS} elements")


class _Encoder(_Bounded):
    def write(self, value: Any, depth: int) -> Any:
        self.count(depth)
        match value:
            case None | bool():
                return value
            case int():
                if value.bit_length() > MAX_INT_BITS:
                    raise InputError(
                        f"an int of {value.bit_length()} bits cannot be kept: at most {MAX_INT_BITS}"
                    )
                return int(value) if -SAFE_INT <= value <= SAFE_INT else tagged("int", hex(value))
            case float():
                return float(value) if math.isfinite(value) else tagged("float", repr(float(value)))
            case str():
                return write_text(value)
            case bytes():
                return tagged("bytes", to_base64(value))
            case list():
                return self.write_all(value, depth)
            case tuple():
                return tagged("tuple", self.write_all(value, depth))
            case set() | frozenset():
                tag = "set" if isinstance(value, set) else "frozenset"
                return tagged(tag, sorted(self.write_all(value, depth), key=dumps))
            case dict():
                return self.write_dict(value, depth)
        raise InputError(
            f"a {type(value).__name__} cannot be kept: use None, bool, int, float, str, bytes, list, tuple, "
            "set, frozenset or dict"
        )

    def write_all(self, values: Any, depth: int) -> list[Any]:
        return [self.write(value, depth + 1) for value in values]

    def write_dict(self, value: Mapping[Any, Any], depth: int) -> Any:
        if "$" not in value and all(type(key) is str and _encodable(key) for key in value):
            return {key: self.write(inner, depth + 1) for key, inner in value.items()}
        return tagged("dict", [self.write_all(pair, depth) for pair in value.items()])


class _Decoder(_Bounded):
    def read(self, data: Any, depth: int) -> Any:
        self.count(depth)
        match data:
            case None | bool() | int() | float() | str():
                return data
            case list():
                return self.read_all(data, depth)
            case dict() if "$" in data:
                return self.read_tagged(data, depth)
            case dict():
                return {key: self.read(inner, depth + 1) for key, inner in data.items()}
        raise InputError(f"a {type(data).__name__} is not JSON")

    def read_all(self, data: list[Any], depth: int) -> list[Any]:
        return [self.read(inner, depth + 1) for inner in data]

    def read_tagged(self, data: dict[str, Any], depth: int) -> Any:
        tag, inner = untagged(data)
        try:
            match tag, inner:
                case (("tuple" | "set" | "frozenset"), list()):
                    made = {"tuple": tuple, "set": set, "frozenset": frozenset}[tag]
                    return made(_spread(self.read_all(inner, depth), tag))
                case "dict", list():
                    pairs = [self.read_all(pair, depth) for pair in inner if _is_pair(pair)]
                    _spread([key for key, _ in pairs], tag)
                    return dict(pairs)
                case "bytes", str():
                    return from_base64(inner)
                case "str", str():
                    return from_base64(inner).decode("utf-8", "surrogatepass")
                case "int", str() if len(inner) <= MAX_INT_DIGITS:
                    return int(inner, 16)
                case "float", ("nan" | "inf" | "-inf"):
                    return float(inner)
        except InputError:
            raise
        except (TypeError, ValueError) as error:
            raise InputError(f"a malformed {tag} value: {error}") from None
        raise InputError(f"a value with the tag {quoted(tag)} cannot be read")


def tagged(tag: str, value: Any) -> dict[str, Any]:
    return {"$": tag, "v": value}


def untagged(data: Any) -> tuple[str, Any]:
    if not isinstance(data, dict) or data.keys() != {"$", "v"} or not isinstance(data["$"], str):
        raise InputError('a tagged value must be {"$": tag, "v": value}')
    return data["$"], data["v"]


def _spread(keys: list[Any], tag: str) -> list[Any]:
    """The keys, if a dict or set of them can be built in a time that grows only in proportion to their number.

    Raises:
        InputError: too many of them share a hash.
    """
    if tag != "tuple" and crowded(keys):
        raise InputError(f"a {tag} has more than {MAX_ALIKE} keys that share a hash")
    return keys


def _is_pair(data: Any) -> bool:
    if not isinstance(data, list) or len(data) != 2:
        raise InputError("a dict value must be a list of [key, value] pairs")
    return True


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def write_text(text: str) -> Any:
    if _encodable(text):
        return str(text)
    return tagged("str", to_base64(text.encode("utf-8", "surrogatepass")))


def to_base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def from_base64(text: Any) -> bytes:
    if not isinstance(text, str):
        raise InputError(f"base64 text is expected, not {quoted(text)}")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InputError(f"malformed base64: {error}") from None

"""What stands before every function that code in the sandbox may call: arguments are weighed in there.

To make a dict or a set of what arrives, this process hashes its keys, in C, with nothing able to stop it:
a tuple that holds itself twice over, sixty times deep, takes for ever, and as many seconds as one likes go
by on keys that share a hash. The interpreter does not mind, so its side has to refuse them. The functions
are wrapped by code of ours before any other code of the session runs. It keeps the built-ins it needs, and
what it wraps is within nobody's reach: the interpreter shows neither closures nor frames, and the name
under which a wrapped function calls out is no identifier.

Setting a guard up takes longer than all the rest of a short turn, and it is put away with the session. Code
that only calls functions with what is written in it, as all that the tiny model writes, needs none: it can
pass neither more than its own length nor a key that is no text, and it leaves no variables behind.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from rao_lab.execution.sandbox.values import MAX_VALUE_ITEMS, PLAIN, UNAWAITED

MAX_ODD_KEYS = 10_000
"""Keys of one call that can be made to share a hash: neither texts nor ints of up to 60 bits. Hashing so many
takes half a second at the worst."""
FILE = "<python-input-0>"
"""How the interpreter calls the guard's code in a traceback: what a session is fed first."""
MAX_LITERAL_CHARS = 2000
"""Code is looked at so far whether it is literal."""
_CALLS = "()"
"""Ends the name under which a wrapped function calls out."""

_GUARD = """
def _guard(calls, most, odd, type, len, map, set, list, min, max):
    texts = set(map(type, ('', b'')))
    atoms = texts | set(map(type, (None, True, 1, 1.0)))
    table = type({})
    hashed = {table, type(texts), type(frozenset())}
    nests = hashed | {type([]), type(())}
    ints = {type(1)}
    def guarded(call):
        def function(*args, **kwargs):
            parts = [args, list(kwargs.values())]
            all = keys = 0
            while parts:
                part = parts.pop()
                all += len(part)
                if all > most:
                    return call('elements')
                kinds = set(map(type, part))
                if type(part) in hashed and not kinds <= texts:
                    if kinds != ints or min(part) < -2**60 or max(part) > 2**60:
                        keys += len(part)
                if keys > odd:
                    return call('keys')
                if type(part) is table:
                    parts.append(list(part.values()))
                if not kinds <= atoms:
                    for inner in part:
                        kind = type(inner)
                        if kind in nests:
                            parts.append(inner)
                        elif kind not in atoms:
                            return call(f'a {kind.__name__}')
            return call(None, *args, **kwargs)
        return function
    return [guarded(call) for call in calls]
"""


_GAP = r"[ \n]*+"
_TEXT = r"(?:\"[^\"\\\n]*+\"|'[^'\\\n]*+')"
_ATOM = rf"(?:{_TEXT}|-?+\d{{1,18}}+(?:\.\d{{1,18}}+)?+|True|False|None)"


def _items(one: str, close: str) -> str:
    """Matches items up to the bracket that closes them. Every repetition is possessive: code of any kind
    costs one pass."""
    close = re.escape(close)
    return rf"{_GAP}(?:{one}{_GAP}(?:,{_GAP}|(?={close})))*+{close}"


def _nested(inner: str) -> str:
    """Matches such a value, or a list, tuple or dict of them with texts as keys."""
    a_list, a_tuple = r"\[" + _items(inner, "]"), r"\(" + _items(inner, ")")
    a_dict = r"\{" + _items(rf"{_TEXT}{_GAP}:{_GAP}{inner}", "}")
    return f"(?:{inner}|{a_list}|{a_tuple}|{a_dict})"


_ARGUMENT = rf"(?:[a-z_]++ ?+= ?+)?+{_nested(_nested(_ATOM))}"
_CALL = r"(?:await )?+(\w++)\(" + _items(_ARGUMENT, ")")
_LITERAL = re.compile(rf"(?:\n*+{_CALL} *+(?=\n|\Z))*+\n*+")
_CALLED = re.compile(r"^(?:await )?+(\w++)\(", re.MULTILINE)


def is_literal(code: str, names: Iterable[str]) -> bool:
    """Whether the code is nothing but calls of these functions with what is written there, line by line."""
    if len(code) > MAX_LITERAL_CHARS or _LITERAL.fullmatch(code) is None:
        return False
    return set(_CALLED.findall(code)) <= set(names)


def guarding(names: Iterable[str]) -> str:
    """Code that puts a guard before each of these functions; it looks each name up, once."""
    listed = ", ".join(names)
    if not listed:
        return _GUARD
    built_in = "type, len, map, set, list, min, max"
    return f"{_GUARD}[{listed}] = _guard([{listed}], {MAX_VALUE_ITEMS}, {MAX_ODD_KEYS}, {built_in})\n"


def outgoing(name: str) -> str:
    """The name under which the guard of a function calls out."""
    return name + _CALLS


def called(outgoing_name: str) -> str:
    """The function whose guard calls out under this name; "" if it is no guard that calls."""
    return outgoing_name.removesuffix(_CALLS) if outgoing_name.endswith(_CALLS) else ""


def complaint(verdict: str, what: str) -> str:
    """What the guard found wrong with a call, in words."""
    if verdict == "elements":
        return f"{what} is too large: a turn passes {MAX_VALUE_ITEMS} elements at most"
    if verdict == "keys":
        return (
            f"{what} has more than {MAX_ODD_KEYS} keys that are neither text nor an int of up to 60 bits: "
            "use such keys, or pass less"
        )
    if verdict == "a coroutine":
        return f"{what} {UNAWAITED}"
    return f"{what} holds {verdict[:80]}: pass {PLAIN}"

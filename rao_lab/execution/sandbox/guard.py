"""The guard of every function that code in the sandbox may call: it weighs the arguments inside the sandbox.

If a dict or a set arrives here, this process must hash its keys, in C, where nothing can stop it. A tuple that holds
the same tuple twice, sixty levels deep, takes for ever, and keys that share a hash can take any number of seconds.
The interpreter itself copes with such values, so they must be refused on its side. Code of ours wraps the functions
before any other code of the session runs. It keeps the built-ins that it needs, and no other code can reach what it
wraps: the interpreter shows neither closures nor frames, and the name under which a wrapped function calls out is
not an identifier.

Setting the guard up takes longer than the rest of a short turn, and it is put away with the session. Code that only
calls functions with literals (see `literal`) does not come here.
"""

from __future__ import annotations

from collections.abc import Iterable

from rao_lab.tree.plain import MAX_VALUE_ITEMS, PLAIN, UNAWAITED

MAX_ODD_KEYS = 10_000
"""Keys of one call that could share a hash on purpose: those that are neither texts nor ints of up to 60 bits. To
hash so many takes half a second at worst."""
FILE = "<python-input-0>"
"""The name of the guard's code in a traceback: it is the first code of a session."""
_KEPT = "_functions_"
"""The name under which a session keeps its guarded functions. Code that changes it harms only itself."""
_WANTED = "_wanted_"
"""Begins the name under which a function is looked up."""
_CALLS = "()"
"""End of the name under which a wrapped function calls out."""

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


def guarding(names: Iterable[str]) -> str:
    """Code that puts a guard before each of these functions. It looks each up once, and keeps what it made.

    It looks a function up under another name than its own, which may be that of a built-in, such as `open`.
    """
    listed = list(names)
    if not listed:
        return _GUARD
    wanted = ", ".join(f"{_WANTED}{name}" for name in listed)
    built_in = "type, len, map, set, list, min, max"
    guarded = f"_guard([{wanted}], {MAX_VALUE_ITEMS}, {MAX_ODD_KEYS}, {built_in})"
    return f"{_GUARD}[{', '.join(listed)}] = {_KEPT} = {guarded}\n"


def giving_back(names: Iterable[str]) -> str:
    """Code that binds these functions to their names again, after other code has bound the names to something else."""
    return f"[{', '.join(names)}] = {_KEPT}"


def outgoing(wanted: str) -> str:
    """The name under which the guard of a function calls out, by the name under which it was looked up."""
    return wanted.removeprefix(_WANTED) + _CALLS


def called(outgoing_name: str) -> str:
    """The function whose guard calls out under this name; "" if the call does not come from a guard."""
    return outgoing_name.removesuffix(_CALLS) if outgoing_name.endswith(_CALLS) else ""


def complaint(verdict: str, what: str) -> str:
    """What the guard found wrong with a call, in words for the model."""
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

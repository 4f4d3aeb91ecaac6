"""What to write instead: one sentence for each thing that models write and that this Python lacks.

`advice` is for code that failed. `remarks` is for code that did not fail, and of which a part did nothing that its
author meant to do something. All here only reads text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from rao_lab.base.python_text import code_only

MODULES = (
    *(
        "asyncio",
        "base64",
        "binascii",
        "bisect",
        "collections",
        "copy",
        "csv",
        "dataclasses",
        "datetime",
        "decimal",
    ),
    *(
        "functools",
        "hashlib",
        "itertools",
        "json",
        "math",
        "os",
        "pathlib",
        "random",
        "re",
        "sys",
        "time",
        "tomllib",
    ),
    *("typing", "unicodedata"),
)
"""The modules that the interpreter has."""

_AWAIT = "write `value = await ...` and use the value"
_GATHER = "`await asyncio.gather(...)` runs calls together and gives their values in order"
_NO_TIMEOUT = (
    'there are no timeouts here: await the call itself; if a helper runs out, its value is {"failed": reason}'
)
_NO_LOCK = "only one part of your code runs at a time, so leave it out"
_NO_LOOP = "there is no event loop to ask for: write `await` outside of functions too"
_FINISH = "call finish(value) to end the task"
_ASYNCIO = {
    **dict.fromkeys(("wait_for", "timeout", "timeout_at"), _NO_TIMEOUT),
    **dict.fromkeys(("wait", "as_completed", "TaskGroup"), _GATHER),
    **dict.fromkeys(("Lock", "Semaphore", "BoundedSemaphore", "Event", "Condition"), _NO_LOCK),
    **dict.fromkeys(
        ("get_event_loop", "get_running_loop", "new_event_loop", "set_event_loop", "Runner"), _NO_LOOP
    ),
    **dict.fromkeys(("shield", "to_thread", "run_coroutine_threadsafe"), "await the call itself"),
    **dict.fromkeys(("Queue", "LifoQueue", "PriorityQueue"), "use a list"),
}
_ASYNCIO_ELSE = "asyncio has gather, create_task, run and sleep here"

_ADVICE = (
    # (what the error says, what to do)
    (r"does not have yield", "build a list and return it"),
    (r"does not have the 'del' statement", "use .pop(...), or bind the name to None"),
    (r"does not have async context managers", _GATHER),
    (r"does not have async (?:for loops|comprehensions)", "await in a plain loop, as in [await f(x) for x in xs]"),
    (r"does not have class inheritance", "write a class without bases, and raise built-in exceptions"),
    (r"does not have method decorators", "write a plain method, or a function outside of the class"),
    (r"does not have exception groups", "use `except`"),
    (r"does not have type aliases", "write X = ..."),
    (r"Wildcard imports", "name what you import"),
    (r"^NameError: name 'input' ", "nobody answers questions here: decide yourself"),
    (r"^NameError: name '(?:exit|quit)' |'sys' has no attribute '_?exit'|^SystemExit", _FINISH),
    (r"^NameError: name '(?:dir|globals|vars|help)' ", "this Python does not have it: print the value itself"),
    (r"^NameError: name '(?:__import__|importlib)' ", "write `import`"),
    (r"^NameError: name 'asyncio' ", "begin with `import asyncio`"),
    (r"^ModuleNotFoundError: ", f"there are only {', '.join(MODULES)}; your task's functions need no import"),
    (r"^PermissionError: |^FileNotFoundError: ", "there are no files here: keep what you need in variables"),
    (r"'os\.\w+' is not supported|'os' has no attribute", "there is no system here, only your task's functions"),
    (r"^AttributeError: 'coroutine' object |'coroutine' object is not (?:subscriptable|iterable)", _AWAIT),
    (r"cannot reuse (?:already awaited coroutine|gather)", "await it once, and keep its value"),
    (r"An asyncio.Future, a coroutine or an awaitable is required", "give it calls without await; of a list, *calls"),
    (r"'function' object can't be awaited", "call it: write brackets after its name"),
    (r"object can't be awaited", "it is a value already: leave `await` out"),
    (r"^TypeError: 'list' object is not an iterator", "an expression with `for` is a list here: write next(iter(...))"),
    (r"^TypeError: '[<>]=?' not supported between", "compare values of one type; of objects, give sorted a `key`"),
    (r"callable replacement is not", "build the text in a loop over re.finditer"),
    (r"JSONEncoder.* argument 'default'", "make plain values of the others first"),
    (r"^ImportError: cannot import name 'OrderedDict'", "every dict keeps its order"),
    (r"^ImportError: cannot import name", "the module lacks it here: write what you need yourself"),
    (r"'function' object has no attribute '__(?:name|doc|module)__'", "functions have no names or texts to read here"),
    (r"recursion depth exceeded", "use a loop"),
    (r"^SyntaxError: .*token [\u2018\u2019\u201c\u201d]", "write straight quotes"),
    (r"^SyntaxError: missing closing quote", "close the string; one over several lines needs three quotes"),
)  # fmt: skip
_COMPILED = tuple((re.compile(pattern), words) for pattern, words in _ADVICE)
_NO_ASYNCIO = re.compile(r"(?:'asyncio' has no attribute|cannot import name) '(\w+)'")
_LINE_ADVICE = (
    # (how the line that failed begins, what to do)
    (re.compile(r"[!%?]"), "commands of a shell or a notebook do not run here: leave the line out"),
    (re.compile(r">>>|\.\.\. "), "leave out the prompts >>> and ..."),
    (re.compile(r"```"), "leave the fence out of the code"),
    (re.compile(r"print\s+[^(\s]"), "write print(...) with brackets"),
)
_AT_ONCE = re.compile(r"\b(?:map|filter|zip|enumerate|list|tuple|sum|sorted|set)\s*\(|\S[ \t]++for\b")
_ENDLESS = re.compile(r"\b(?:count|cycle|repeat)\s*\(|\biter\s*\([^(),]*+,|\b__next__\b")


def advice(error: str, line: str = "") -> str:
    """What to do about an error ("ValueError: words"), with the line of code that failed; "" if nothing helps."""
    if error.startswith("SyntaxError"):
        found = next((words for begins, words in _LINE_ADVICE if begins.match(line)), "")
        if found:
            return found
    missing = _NO_ASYNCIO.search(error)
    if missing is not None and "asyncio" in error:
        return _ASYNCIO.get(missing[1], _ASYNCIO_ELSE)
    return next((words for pattern, words in _COMPILED if pattern.search(error)), "")


def endless(code: str) -> bool:
    """Whether code that used up its memory may have read an endless iterator to its end."""
    seen = code_only(code)
    return _ENDLESS.search(seen) is not None and _AT_ONCE.search(seen) is not None


ENDLESS = (
    "stopped: the code used up its memory, it seems in an iterator without end: map, filter, enumerate and expressions "
    "with `for` are computed at once here, so use a `for` loop with `break`, or itertools.islice on the iterator itself"
)

_ASYNC_FUNCTION = re.compile(r"^[ \t]*+async[ \t]++def[ \t]++(\w++)", re.MULTILINE)
_STATEMENT = re.compile(r"[ \t]*+(\w++)\(")
_BRACKET_OR_LINE = re.compile(r"[(\[{)\]}\n]")
_RETURN = re.compile(r"^return\b", re.MULTILINE)
_TASK = re.compile(r"\b(?:create_task|ensure_future)\s*\(")
_WAITS = re.compile(r"\bawait\b|\basyncio\.run\b")
_CATCHES = re.compile(r"\bexcept\b|\breturn_exceptions\b")


def remarks(code: str) -> str:
    """What of code that did not fail did nothing, in words for its author; "" if nothing is known."""
    seen = code_only(code)
    found = []
    functions = set(_ASYNC_FUNCTION.findall(seen))
    begins = _statements(seen)
    calls = (_STATEMENT.match(seen, start) for start in begins if functions)
    forgotten = next((call[1] for call in calls if call is not None and call[1] in functions), "")
    if forgotten:
        found.append(f"{forgotten}(...) does nothing until it is awaited: write `await {forgotten}(...)`.")
    if _RETURN.search(seen):
        found.append(f"`return` outside of a function only ends the block: {_FINISH}.")
    *_, last = (None, *_TASK.finditer(seen))
    if last is not None:
        start = max(start for start in begins if start <= last.start())
        if _WAITS.search(seen, start) is None:
            found.append(
                "A task runs when it is awaited, and none was: write `await asyncio.gather(*tasks)`."
            )
    return " ".join(found)


_BOUND = re.compile(
    r"^(?:(?:async[ \t]++)?+def[ \t]++|class[ \t]++)(\w++)|^(\w++)[ \t]*+(?::[^=\n]*+)?+=(?!=)", re.MULTILINE
)


def rebound(code: str, names: Iterable[str]) -> list[str]:
    """Those of these names that code binds to something of its own, outside of functions."""
    found = {name for pair in _BOUND.findall(code_only(code)) for name in pair}
    return [name for name in names if name in found]


def own_names(names: Sequence[str]) -> str:
    """What is told of names that `rebound` found."""
    listed = ", ".join(f"`{name}`" for name in names)
    return f"{listed}: your task has a function of this name, which it gets back now. Use another name for your own."


def catches(code: str) -> bool:
    """Whether code may go on after something in it has failed."""
    return _CATCHES.search(code_only(code)) is not None


def _statements(seen: str) -> list[int]:
    """Where the lines begin that continue no bracket."""
    begins, depth = [0], 0
    for found in _BRACKET_OR_LINE.finditer(seen):
        if found[0] != "\n":
            depth = max(0, depth + (1 if found[0] in "([{" else -1))
        elif not depth:
            begins.append(found.end())
    return begins

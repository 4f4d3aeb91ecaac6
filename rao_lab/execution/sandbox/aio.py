"""The lab's own `asyncio` for code in the sandbox: what the interpreter's has, `create_task`, `ensure_future`, and
`gather` with `return_exceptions`.

Nothing here adds a scheduler. `gather(..., return_exceptions=True)` is a `gather` of calls that give their exception as
a value. `create_task` of a launch is that launch, which starts at the next `await` together with all others. A task
of an async function begins when it is awaited: to run several together, await them by `gather`. So the same code gives
the same launches in the same order, with tasks or without.

The interpreter's module can be neither changed nor replaced. So the import statements of a snippet are rewritten: each
name that they bind to `asyncio` is bound to an object of ours right after. Strings and comments stay as they are, and
so do the numbers of lines.
"""

from __future__ import annotations

import re

from rao_lab.base.python_text import code_only

OURS = "_asyncio_"
"""The name of our object in a session. Code that binds it to something else harms only itself."""
KIND = "_Asyncio"
"""The name of its class, as it stands in the interpreter's errors."""
ADDED = frozenset({"gather", "create_task", "ensure_future"})

SHIM = f"""
class {KIND}:
    pass
def {OURS}(ours):
    import asyncio
    async def settled(awaited):
        try:
            return await awaited
        except Exception as error:
            return error
    def gather(*awaited, return_exceptions=False):
        together = asyncio.gather(*awaited)
        if return_exceptions:
            return asyncio.gather(*[settled(each) for each in awaited])
        return together
    def create_task(coro, name=None, context=None):
        asyncio.gather(coro)
        return coro
    ours.gather = gather
    ours.create_task = ours.ensure_future = create_task
    ours.run = asyncio.run
    ours.sleep = asyncio.sleep
    ours.TimeoutError = TimeoutError
    return ours
{OURS} = {OURS}({KIND}())
"""
"""A `gather` that nobody awaits starts nothing, and refuses what cannot be awaited."""
_LINES = frozenset(line.strip() for line in SHIM.splitlines())

_NAME = r"[\w.]++(?:[ \t]++as[ \t]++\w++)?+"
_START = r"(?:^|[;:])[ \t]*+"
_NAMES = rf"{_NAME}(?:[ \t]*+,[ \t]*+{_NAME})*+"
_IMPORT = re.compile(rf"{_START}import[ \t]++({_NAMES})", re.MULTILINE)
_LISTED = rf"\((?P<many>[^()]*+)\)|(?P<few>{_NAMES})"
_FROM = re.compile(rf"{_START}(?P<all>from[ \t]++asyncio[ \t]++import[ \t]*+(?:{_LISTED}))", re.MULTILINE)
_ADDED_TO_LINE = re.compile(rf"; \w+ = \(?\s*{OURS}[.\w]*\)?")


def with_ours(code: str) -> str:
    """The code with its imports of `asyncio` followed by ours; the code itself if it has none."""
    if "asyncio" not in code:
        return code
    seen = code_only(code)
    edits = [(found.end(), found.end(), _after(found[1])) for found in _IMPORT.finditer(seen)]
    edits += [(*found.span("all"), _instead(found)) for found in _FROM.finditer(seen)]
    for start, end, text in sorted(edits, reverse=True):
        if text:
            code = code[:start] + text + code[end:]
    return code


def is_ours(source_line: str, function: str) -> bool:
    """Whether a frame of a traceback is in the code above."""
    return function not in ("", "<module>") and source_line.strip() in _LINES


def as_written(source_line: str) -> str:
    """A line without what `with_ours` has added to it."""
    return _ADDED_TO_LINE.sub("", source_line)


def _names(listed: str) -> list[tuple[str, str]]:
    """(name, the name it is bound to) of each import in a list."""
    parts = [part.split() for part in listed.split(",")]
    return [(part[0], part[-1]) for part in parts if part]


def _after(listed: str) -> str:
    return "".join(f"; {bound} = {OURS}" for name, bound in _names(listed) if name == "asyncio")


def _instead(found: re.Match[str]) -> str:
    """What stands in place of `from asyncio import ...`, on as many lines; "" if it can stay."""
    names = _names(found["many"] if found["many"] is not None else found["few"])
    if not any(name in ADDED for name, _ in names):
        return ""
    kept = ", ".join(f"{name} as {bound}" for name, bound in names if name not in ADDED)
    ours = [f"{bound} = {OURS}.{name}" for name, bound in names if name in ADDED]
    lines = "\n" * found["all"].count("\n")
    ours[-1] = ours[-1].replace("= ", f"= ({lines}") + ")"
    return "; ".join([f"from asyncio import {kept}", *ours] if kept else ["", *ours]).removeprefix("; ")
